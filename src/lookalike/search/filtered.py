"""Nearest neighbours among some of the rows: compare those, or bound all rows.

Comparing few rows costs less than bounding all of them, comparing many costs more. A
model of both costs, with measured constants, chooses. The answer is the same.
"""

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.kernels.neighbors import BLOCK, HIDDEN
from lookalike.search.index import ExactIndex

# Nanoseconds, measured once on one processor; only their ratios matter, for speed.
PER_BOUND = {"integers": 0.02, "floats": 0.06}  # a coordinate of a code, in a batch
ALONE = 3.0  # times as long where a single query has the codes fetched for itself
PER_VALUE = {1: 0.05, 4: 0.35, 8: 0.6}  # a value of a compared row, by its bytes
PER_ROW = 10.0
LEFT = 250  # rows that the bounds usually leave


def nearest_among(
    index: ExactIndex, Q: Array, chosen: Ints, k: int, n_jobs: int | None
) -> tuple[Floats, Ints]:
    """The nearest of the ``chosen`` rows: distances and rows, nearest first.

    chosen : ascending row numbers, none twice

    Returns arrays of shape (n_queries, min(k, n_chosen)); rows at equal distance come
    in their order.
    """
    k = min(k, len(chosen))
    if k == 0 or len(Q) == 0:
        return np.empty((len(Q), k)), np.empty((len(Q), k), np.int64)
    if scanning_pays(index, len(chosen), len(Q), k):
        distances, positions = index.nearest_of(chosen, Q, k, n_jobs)
        return distances, chosen[positions]
    return index.nearest(Q, k, n_jobs, floors=floors_of(index, chosen))


def scanning_pays(index: ExactIndex, n_chosen: int, n_queries: int, k: int) -> bool:
    """Whether to compare ``n_chosen`` rows is cheaper than to bound all rows."""
    if index.filter is None or not index.can_skip(k):
        return True
    n_samples, n_features = index.rows.shape
    per_row = PER_ROW + PER_VALUE[index.rows.itemsize] * n_features
    kind = "integers" if index.filter.integers else "floats"
    alone = 1.0 + (ALONE - 1.0) / min(n_queries, BLOCK)
    bounds = n_samples * index.filter.n_steps * PER_BOUND[kind] * alone
    floors = n_samples / n_queries  # made once for all the queries
    return n_chosen * per_row <= bounds + floors + min(n_chosen, LEFT) * per_row


def floors_of(index: ExactIndex, chosen: Ints) -> Array:
    """What hides all rows but the ``chosen``, see ``kernels.neighbors.Catalogue``."""
    assert index.filter is not None
    floors = np.full(index.filter.starts.shape, HIDDEN, np.int32)
    floors.reshape(-1)[chosen] = -HIDDEN
    return floors
