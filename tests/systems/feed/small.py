"""A small feed, simulated."""

from lookalike.datasets.feed_simulator import simulate_feed

OPTIONS = {"model": "trees"}
N_FIGURES = 2
IN_REPORT = (
    "How often places are looked at",
    "What another weight would change",
    "Do probabilities come true",
)


def data():
    """Return the log of 60 users and 25 authors."""
    return simulate_feed(60, 25, 700, 1200, 8, random_state=1)


def inputs(made):
    """Return a few users, one of them unknown."""
    return [*made.users[1:7].tolist(), "unknown"]
