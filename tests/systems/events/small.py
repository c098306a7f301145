"""A month of a small town, simulated."""

from lookalike.datasets.event_simulator import simulate_events

OPTIONS = {"compare": "logistic"}


def data():
    """Return the log of 60 users and 80 events."""
    return simulate_events(n_people=60, n_events=80, n_days=20)


def inputs(made):
    """Return a few users, one of them unknown."""
    return [*made.people.ids[:40:10].tolist(), "unknown"]
