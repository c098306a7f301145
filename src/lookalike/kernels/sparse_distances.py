"""Distances of sparse rows, by merging their sorted columns."""

import numpy as np

from lookalike.kernels.compiled import njit
from lookalike.kernels.distances import COSINE, INNER_PRODUCT, MANHATTAN


@njit(cache=True, nogil=True)
def _merged(a, a_columns, b, b_columns):
    """Sums over the columns of two rows: squared and absolute difference, products.

    Equal rows have differences of exactly zero, and products that are all equal.
    """
    squares, sizes, product, a_squared, b_squared = 0.0, 0.0, 0.0, 0.0, 0.0
    i, j = 0, 0
    while i < a.shape[0] or j < b.shape[0]:
        u, v = 0.0, 0.0
        if j == b.shape[0] or (i < a.shape[0] and a_columns[i] <= b_columns[j]):
            u = a[i]
            if j < b.shape[0] and a_columns[i] == b_columns[j]:
                v = b[j]
                j += 1
            i += 1
        else:
            v = b[j]
            j += 1
        squares += (u - v) * (u - v)
        sizes += abs(u - v)
        product += u * v
        a_squared += u * u
        b_squared += v * v
    return squares, sizes, product, a_squared, b_squared


@njit(cache=True, nogil=True)
def sparse_distances(rows, queries, code, first, last, out):
    """``out[q - first, i]``: distance of queries first to last - 1 to every row.

    rows, queries : data float64, columns int32 sorted in each row, starts int64
    code : SQUARED_EUCLIDEAN, COSINE, INNER_PRODUCT (minus the product) or MANHATTAN
    out : float64 (last - first, n_rows)

    A row of zeros has cosine distance 1 to everything. Cost: O(entries of both rows)
    for each pair.
    """
    data, columns, starts = rows
    q_data, q_columns, q_starts = queries
    for q in range(first, last):
        own = slice(q_starts[q], q_starts[q + 1])
        for i in range(starts.shape[0] - 1):
            other = slice(starts[i], starts[i + 1])
            squares, sizes, product, a, b = _merged(
                q_data[own], q_columns[own], data[other], columns[other]
            )
            if code == MANHATTAN:
                out[q - first, i] = sizes
            elif code == INNER_PRODUCT:
                out[q - first, i] = -product
            elif code == COSINE:
                length = a if a == b else np.sqrt(a) * np.sqrt(b)
                cosine = product / length if length > 0.0 else 0.0
                out[q - first, i] = min(2.0, max(0.0, 1.0 - cosine))
            else:
                out[q - first, i] = squares
