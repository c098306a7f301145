"""A month of a small town, simulated."""

from lookalike.datasets.event_simulator import simulate_events

OPTIONS = {"compare": "logistic"}
N_FIGURES = 2
IN_REPORT = (
    "For whom it works",
    "has joined nothing so far",
    "share of lists learned from",
)


def data():
    """Return the log of 250 users and 300 events."""
    return simulate_events(n_people=250, n_events=300, n_days=30, random_state=3)


def inputs(made):
    """Return a few users, one of them unknown."""
    return [*made.people.ids[:20].tolist(), "unknown"]
