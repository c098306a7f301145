"""Users of four tastes, and games of four kinds."""

from pathlib import Path
from runpy import run_path

OPTIONS = {"ranker": "logistic"}
N_FIGURES = 4
IN_REPORT = ("The long tail", "mostly", "share of histories learned from")
_WORLD = run_path(str(Path(__file__).parents[1] / "_recommender" / "world.py"))


def data():
    """Return who has which of the games."""
    return _WORLD["world"](timed=False)


def inputs(made):
    """Return a few users, one of them unknown."""
    return [*made.users[:30].tolist(), "unknown"]
