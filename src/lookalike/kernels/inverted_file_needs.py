"""The search radius and rerank ratio that find given rows of an inverted file."""

import numpy as np

from lookalike.kernels.byte_codes import as_code, own_of
from lookalike.kernels.compiled import njit
from lookalike.kernels.inverted_file import (
    TILE,
    near_lists,
    panel_keys,
    read,
    select,
    squared_of,
    turned,
)
from lookalike.kernels.lowest_keys import empty
from lookalike.kernels.simd import SIDE


@njit(cache=True, nogil=True)
def needs(
    index,
    positions,
    truth,
    query_rows,
    factors,
    squares,
    k,
    search_radius,
    first,
    last,
    search_radii,
    rerank_ratios,
):
    """The radius and ratio that queries ``first`` to ``last - 1`` need for each row.

    positions : int64 (n_samples,), of each row in the panels
    truth  : int64 (n_queries, n), the rows that each query should find
    query_rows, factors, squares : as for ``inverted_file.search``
    k      : which of the rows by code others are measured by, as in a search for k
    search_radius : of the search that measures the ratios; so large that it hardly
        misses a row
    search_radii, rerank_ratios : out, float64 (n_queries, n): a search finds a row if
        its own radius and ratio are at least these. The radius is exact; the ratio
        depends on which lists are read, and a search that reads fewer has no larger one
    """
    n_features, n_axes = index.axes.shape
    used = np.empty(n_features + 4, np.int64)
    values = np.empty(n_features + 4, np.float32)
    totals, sums = np.empty(n_axes, np.int32), np.empty(n_axes, np.float32)
    code = np.empty(n_axes, np.uint8)
    n_lists = index.first.shape[0] - 1
    lists = np.empty(n_lists, np.int64)
    centre_keys = np.empty(SIDE * (index.centre_panels.shape[0] + TILE), np.int32)
    keys = np.empty(SIDE * (index.panels.shape[0] + TILE), np.int32)
    nearest, found = empty(k), np.empty(2 * k + SIDE * TILE, np.int64)
    one = np.empty(SIDE * TILE, np.int32)
    for q in range(first, last):
        as_code(index, query_rows[q], factors[q], used, values, totals, sums, code)
        own = own_of(index, squares[q], sums) + turned(index.panels, code)
        n = near_lists(index, code, own, search_radius, centre_keys, lists)
        least = np.sqrt(squared_of(centre_keys[lists[0]], own))
        read(index, code, lists, n, keys)
        select(index, own, lists, n, keys, k, 1.0, nearest, found, k)
        kth = max(squared_of(nearest[k - 1], own), 1.0)
        for a in range(truth.shape[1]):
            position = positions[truth[q, a]]
            panel, side = position // SIDE, position % SIDE
            c = np.searchsorted(index.first, panel, "right") - 1
            away = np.sqrt(squared_of(centre_keys[c], own))
            search_radii[q, a] = away - least
            panel_keys(code, index.panels, index.starts, panel, 1, one)
            rerank_ratios[q, a] = squared_of(one[side], own) / kth
