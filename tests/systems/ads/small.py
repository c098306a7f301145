"""A small market, simulated."""

from lookalike.datasets.ad_simulator import simulate_ads

OPTIONS = {"compare": "crosses,fm"}
N_FIGURES = 2
IN_REPORT = ("The ladder", "Who pays what", "Do probabilities come true")


def data():
    """Return the log of 120 users and 60 ads."""
    return simulate_ads(n_users=120, n_ads=60, n_pages=3000, random_state=1)


def inputs(made):
    """Return a few users, one of them unknown."""
    return [*made.users.ids[:6].tolist(), "unknown"]
