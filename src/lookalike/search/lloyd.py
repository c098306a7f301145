"""Lloyd's algorithm in its plainest form, for the many centres of an index."""

import numpy as np

from lookalike._parallel import blas_threads, run_slices
from lookalike._typing import Array, Ints

BLOCK = 2_048  # rows whose products with all centres are held at once


def centres_of(
    rows: Array, n_centres: int, n_rounds: int, n_jobs: int | None = None
) -> Array:
    """Centres of float32 rows, initialised by the first rows; empty clusters stay.

    Cost: O(n_rows * n_centres * n_features) a round.

    Examples
    --------
    >>> centres_of(np.float32([[0], [9], [1], [8], [2]]), 2, 3)
    array([[1. ],
           [8.5]], dtype=float32)
    """
    centres = rows[:n_centres].copy()
    for _ in range(n_rounds):
        move(centres, rows, nearest_centre(rows, centres, n_jobs))
    return centres


def move(centres: Array, rows: Array, labels: Ints) -> None:
    """Put each centre into the middle of its rows; one that has none stays.

    labels : int64 (n_rows,), the centre of each row
    """
    counts = np.bincount(labels, minlength=len(centres))
    for feature in range(rows.shape[1]):
        sums = np.bincount(labels, rows[:, feature], len(centres))
        mean = sums / np.maximum(counts, 1)
        centres[:, feature] = np.where(counts > 0, mean, centres[:, feature])


def nearest_centre(rows: Array, centres: Array, n_jobs: int | None = None) -> Ints:
    """Row by row the nearest centre, of equal ones the first, int64 (n_rows,)."""
    lengths = (centres**2).sum(axis=1)
    nearest = np.empty(len(rows), np.int64)

    def find(first: int, last: int) -> None:
        for start in range(first, last, BLOCK):
            some = slice(start, min(start + BLOCK, last))
            products = rows[some] @ centres.T
            products *= -2.0
            products += lengths
            np.argmin(products, axis=1, out=nearest[some])

    with blas_threads(1, len(rows)):
        run_slices(find, len(rows), n_jobs, grain=BLOCK)
    return nearest
