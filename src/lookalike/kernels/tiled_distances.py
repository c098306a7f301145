"""Distances of queries to many rows of numbers, a tile of rows at a time.

The values are those of ``distances.distance``, to the last digit: each row of a tile
has lanes of its own, which are filled and folded in the same order. A query's value
meets all rows of the tile at once, so that the processor adds to several of them with
one instruction, and rows of few columns need few lanes.
"""

import numpy as np

from lookalike.kernels.compiled import njit
from lookalike.kernels.distances import (
    COSINE,
    LANES,
    MANHATTAN,
    SQUARED_EUCLIDEAN,
    offset_of,
)

TILE = 32  # rows; the lanes of a tile stay in the first cache


@njit(cache=True, nogil=True)
def _fill_tile(rows, chosen, start, n, tile):
    """Columns of ``n`` rows side by side; what is left of the tile is not looked at.

    tile : out, float64 (n_features, TILE)
    """
    for r in range(n):
        row = rows[chosen[start + r]]
        offset = offset_of(row)
        for j in range(tile.shape[0]):
            tile[j, r] = np.float64(row[j]) + offset


@njit(cache=True, nogil=True)
def _add_up(metric, q, tile, lanes):
    """Sums of each row of a tile, left in ``lanes[0]``.

    lanes : scratch, float64 (LANES, TILE)
    """
    n_features = tile.shape[0]
    n_first = min(n_features, LANES)
    n_lanes = 1
    while n_lanes < n_first:
        n_lanes *= 2
    for j in range(n_first):  # a sum that begins with 0.0 is never -0.0
        value, column, lane = np.float64(q[j]), tile[j], lanes[j]
        if metric == SQUARED_EUCLIDEAN:
            for r in range(TILE):
                d = value - column[r]
                lane[r] = d * d
        elif metric == MANHATTAN:
            for r in range(TILE):
                lane[r] = abs(value - column[r])
        else:
            for r in range(TILE):
                lane[r] = value * column[r] + 0.0
    for j in range(n_first, n_features):
        value, column, lane = np.float64(q[j]), tile[j], lanes[j % LANES]
        if metric == SQUARED_EUCLIDEAN:
            for r in range(TILE):
                d = value - column[r]
                lane[r] += d * d
        elif metric == MANHATTAN:
            for r in range(TILE):
                lane[r] += abs(value - column[r])
        else:
            for r in range(TILE):
                lane[r] += value * column[r]
    # Lanes that no column fills are 0.0, which changes no sum.
    width = n_lanes // 2
    while width > 0:
        for a in range(min(width, n_first - width)):
            lane, other = lanes[a], lanes[a + width]
            for r in range(TILE):
                lane[r] += other[r]
        n_first = min(n_first, width)
        width //= 2


@njit(cache=True, nogil=True)
def tiled_distances(
    rows, norms, chosen, query_rows, query_norms, metric, first, last, out
):
    """Distances of queries ``first`` to ``last - 1`` to the rows that are ``chosen``.

    rows   : float32, float64, or bytes as ``distances.distance`` takes them
    chosen : int64 (n_chosen,), row numbers in any order
    query_rows : float32 or float64 (n_queries, n_features)
    out    : float64 (last - first, n_chosen)
    """
    tile = np.zeros((query_rows.shape[1], TILE))
    lanes = np.empty((LANES, TILE))
    for start in range(0, chosen.shape[0], TILE):
        n = min(TILE, chosen.shape[0] - start)
        _fill_tile(rows, chosen, start, n, tile)
        for q in range(first, last):
            _add_up(metric, query_rows[q], tile, lanes)
            for r in range(n):
                d = lanes[0, r]
                if metric == COSINE:
                    # Rounding leaves the bounds by some 1e-16; NaN stays NaN.
                    d = 1.0 - d * (query_norms[q] * norms[chosen[start + r]])
                    if d < 0.0:
                        d = 0.0
                    elif d > 2.0:
                        d = 2.0
                elif metric != SQUARED_EUCLIDEAN and metric != MANHATTAN:
                    d = -d
                out[q - first, start + r] = d
