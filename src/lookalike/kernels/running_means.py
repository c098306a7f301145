"""Running means of the target in categories, before each row."""

import numpy as np

from lookalike.kernels.compiled import njit


@njit(cache=True, nogil=True)
def running_means(codes, targets, sums, counts, total, n_before, smooth, start):
    """Mean target of the category of each row in the rows before it, smoothed.

    codes : int64 (n_rows,), the category of each row
    targets : float64 (n_rows,)
    sums, counts : float64 (n_categories,), of the rows before the first; updated
    total, n_before : sum of the targets and number of all rows before the first
    smooth : weight of the mean of all rows before, above 0; ``start`` stands for it
        where there is none

    Returns float64 (n_rows,). Cost: O(n_rows).
    """
    means = np.empty(len(codes), dtype=np.float64)
    for i in range(len(codes)):
        c = codes[i]
        overall = total / n_before if n_before > 0 else start
        means[i] = (sums[c] + smooth * overall) / (counts[c] + smooth)
        sums[c] += targets[i]
        counts[c] += 1
        total += targets[i]
        n_before += 1
    return means
