"""Splits that keep near copies together, so that no test picture was learned from."""

import numpy as np

from lookalike._typing import Array, Ints

HELD_OUT = 0.25
"""Share of each class that is held out for testing."""


def hold_out(
    labels: Array, groups: Ints, share: float = HELD_OUT, random_state: int = 0
) -> Array:
    """Return which rows are held out: of each class about a share, by whole groups.

    A class whose rows make one group keeps it; so does every group with rows of several
    classes, whose label is in doubt. At least one group of each class is kept.

    Parameters
    ----------
    labels : array of shape (n,)
    groups : array of int, shape (n,)
        Rows of one number stay together.

    Returns
    -------
    array of bool, shape (n,)

    Examples
    --------
    >>> labels = np.repeat(["cat", "dog"], 8)
    >>> groups = np.arange(16) // 2  # pairs of near copies
    >>> held_out = hold_out(labels, groups)
    >>> [int(held_out[labels == name].sum()) for name in ("cat", "dog")]
    [2, 2]
    >>> len(set(groups[held_out]) & set(groups[~held_out]))
    0
    """
    rng = np.random.default_rng(random_state)
    held_out = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        mine = _own_groups(labels, groups, label, rng)
        wanted, n = share * np.count_nonzero(labels == label), 0
        for group in mine[:-1]:
            if n and n + len(group) / 2 > wanted:
                break
            held_out[group] = True
            n += len(group)
    return held_out


def folds_of(labels: Array, groups: Ints, n_folds: int, random_state: int = 0) -> Ints:
    """Number the folds of a cross-validation: classes in parts of like size, by groups.

    Returns
    -------
    array of int, shape (n,)
        The fold in which each row is held out, 0 to ``n_folds - 1``; -1 of rows whose
        group has several classes: these are always learned from.

    Examples
    --------
    >>> folds_of(np.repeat(["cat", "dog"], 4), np.arange(8) // 2, 2)
    array([0, 0, 1, 1, 0, 0, 1, 1])
    """
    rng = np.random.default_rng(random_state)
    folds = np.full(len(labels), -1)
    for label in np.unique(labels):
        sizes = np.zeros(n_folds)
        for group in _own_groups(labels, groups, label, rng):
            fold = int(sizes.argmin())
            folds[group] = fold
            sizes[fold] += len(group)
    return folds


def _own_groups(
    labels: Array, groups: Ints, label: object, rng: np.random.Generator
) -> list[Ints]:
    """Rows of each group that is all of one class, in an order left to chance."""
    mixed = np.unique(groups[labels != label])
    mine = np.setdiff1d(groups[labels == label], mixed)
    return [np.flatnonzero(groups == group) for group in rng.permutation(mine)]
