"""Alias tables: draws from any discrete distribution in constant time."""

import numpy as np

from lookalike.kernels.compiled import njit


@njit(cache=True, nogil=True)
def build_alias(weights):
    """Split n weights over n columns of equal height, at most two in a column.

    weights : float64 (n,), none negative, sum above 0

    Returns ``threshold``, float64 (n,), and ``alias``, int64 (n,): a column i that is
    chosen uniformly stands for i with probability ``threshold[i]`` and for
    ``alias[i]`` otherwise. Vose (1991), figure 2. Cost: O(n).
    """
    n = len(weights)
    threshold = np.empty(n, dtype=np.float64)
    alias = np.arange(n)
    small = np.empty(n, dtype=np.int64)
    large = np.empty(n, dtype=np.int64)
    n_small = n_large = 0
    scale = n / weights.sum()
    for i in range(n):
        threshold[i] = weights[i] * scale
        if threshold[i] < 1.0:
            small[n_small] = i
            n_small += 1
        else:
            large[n_large] = i
            n_large += 1
    while n_small > 0 and n_large > 0:
        n_small -= 1
        lower, higher = small[n_small], large[n_large - 1]
        alias[lower] = higher
        threshold[higher] -= 1.0 - threshold[lower]
        if threshold[higher] < 1.0:
            n_large -= 1
            small[n_small] = higher
            n_small += 1
    # The remaining thresholds are 1 but for rounding.
    for k in range(n_large):
        threshold[large[k]] = 1.0
    for k in range(n_small):
        threshold[small[k]] = 1.0
    return threshold, alias


@njit(cache=True, nogil=True)
def draw_alias(threshold, alias, uniforms, draws):
    """One draw for each uniform number: its whole part times n chooses the column.

    threshold, alias : what ``build_alias`` gave, (n,), n < 2**32
    uniforms : float64 (n_draws,) in [0, 1)
    draws : int64 (n_draws,), filled
    """
    n = len(threshold)
    for k in range(len(uniforms)):
        scaled = uniforms[k] * n
        column = min(int(scaled), n - 1)
        draws[k] = column if scaled - column < threshold[column] else alias[column]
