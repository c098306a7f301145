"""The best columns of each row of scores, those already seen left out."""

import numpy as np

from lookalike.kernels.best import push, sink, sort_heap
from lookalike.kernels.compiled import njit


@njit(cache=True, nogil=True)
def best_items(scores, indptr, indices, first, last, ids, best):
    """For rows ``first`` to ``last - 1``: the k best columns, best first.

    scores  : float32 (n_rows, n_items); seen columns are overwritten with -inf
    indptr, indices : the seen columns of each row, as in a csr matrix
    ids     : out, int64 (n_rows, k), 1 <= k <= n_items; -1 where nothing is left
    best    : out, float32 (n_rows, k); -inf where nothing is left

    Ties go to the earlier column. Cost: O(n_items + k log(k) log(n_items)) a row for
    scores in random order.
    """
    k = ids.shape[1]
    for row in range(first, last):
        line, kept, values = scores[row], ids[row], best[row]
        for at in range(indptr[row], indptr[row + 1]):
            line[indices[at]] = -np.inf
        for j in range(k):
            push(values, kept, j, -line[j], j)
        for j in range(k, len(line)):
            if -line[j] < values[0]:
                sink(values, kept, k, -line[j], j)
        sort_heap(values, kept, k)
        for j in range(k):
            values[j] = -values[j]
            if values[j] == -np.inf:
                kept[j] = -1


@njit(cache=True, nogil=True)
def products(rows, columns, first, last, scores):
    """``scores[i] = rows[i] @ columns`` for rows ``first`` to ``last - 1``.

    rows    : float32 (n_rows, n_components), C-contiguous
    columns : float32 (n_components, n_items), C-contiguous
    scores  : out, float32 (n_rows, n_items)

    A row's sums are taken in the same order for all batches, so that a batch has the
    scores of its rows one by one. Tiles of columns stay in the cache.
    """
    n_components, n_items = columns.shape
    whole = n_components - n_components % 4
    for start in range(0, n_items, 1024):
        stop = min(n_items, start + 1024)
        for i in range(first, last):
            line, row = scores[i, start:stop], rows[i]
            line[:] = np.float32(0)
            for f in range(0, whole, 4):
                a, b = columns[f, start:stop], columns[f + 1, start:stop]
                c, d = columns[f + 2, start:stop], columns[f + 3, start:stop]
                x, y, z, w = row[f], row[f + 1], row[f + 2], row[f + 3]
                for j in range(len(line)):
                    line[j] += (x * a[j] + y * b[j]) + (z * c[j] + w * d[j])
            for f in range(whole, n_components):
                a, x = columns[f, start:stop], row[f]
                for j in range(len(line)):
                    line[j] += x * a[j]
