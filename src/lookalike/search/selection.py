"""The nearest of rows whose distances are all known."""

import numpy as np

from lookalike._typing import Floats, Ints


def nearest_in(distances: Floats, k: int) -> Ints:
    """Positions of the k smallest, smallest first, the earlier of equal ones first.

    Examples
    --------
    >>> nearest_in(np.array([2.0, 1.0, 3.0, 1.0]), 3)
    array([1, 3, 0])
    """
    # Ties at the last rank too go to the lower row, hence "<=".
    worst = np.partition(distances, k - 1)[k - 1]
    near = np.flatnonzero(distances <= worst)
    order = np.argsort(distances[near], kind="stable")[:k]
    return near[order]


def in_order(distances: Floats, indices: Ints) -> tuple[Floats, Ints]:
    """Both, smallest distance first, equal ones by index."""
    order = np.lexsort((indices, distances))
    return distances[order], indices[order]
