"""Clubs whose members mostly know each other."""

import numpy as np

from lookalike.datasets.friendships import Friendships, hold_out

OPTIONS = {"n_candidates": 30}
N_FIGURES = 1
IN_REPORT = ("Who is helped",)


def data(n_clubs=6, size=30, inside=0.4, outside=0.01):
    """Return friendships within clubs, and a few between them."""
    rng = np.random.default_rng(0)
    n = n_clubs * size
    chance = np.where(np.equal.outer(*2 * [np.arange(n) // size]), inside, outside)
    pairs = np.argwhere(np.triu(rng.random((n, n)) < chance, 1))
    names = np.array([f"p{i}" for i in range(n)])
    return Friendships("clubs", "0" * 64, names, *hold_out(pairs))


def inputs(made):
    """Return a few users, one of them unknown."""
    return [*made.people[:40].tolist(), "unknown"]
