"""Customers of four tastes, and items of four kinds, with a table of the items."""

from dataclasses import replace
from pathlib import Path
from runpy import run_path

import numpy as np

from lookalike.datasets.item_columns import ItemColumn

OPTIONS = {"ranker": "logistic"}
N_FIGURES = 4
IN_REPORT = ("The long tail", "mostly", "share of histories learned from")
_WORLD = run_path(str(Path(__file__).parents[1] / "_recommender" / "world.py"))


def data():
    """Return who has which of the items, and what is known of these."""
    found = _WORLD["world"](timed=True)
    rng = np.random.default_rng(0)
    n = len(found.items)
    prices = [f"{price:.2f} €" for price in rng.gamma(2.0, 10.0, n)]
    tags = [
        f"{word}|new" if at % 5 == 0 else word for at, word in enumerate(found.genres)
    ]
    columns = {
        "price": ItemColumn.of(prices),
        "tags": ItemColumn.of(tags, "tags"),
        "notes / of the maker": ItemColumn.of([f"a {word}" for word in found.genres]),
    }
    return replace(
        found, genres=np.full(n, ""), years=np.full(n, np.nan), columns=columns
    )


def inputs(made):
    """Return a few users, one of them unknown."""
    return [*made.users[:30].tolist(), "unknown"]
