"""Largest curvature of a mean loss over linear scores: the limit of a safe step."""

from typing import Any

import numpy as np

from lookalike._typing import Array
from lookalike.learn._linear import Matrix, squared_norms


def score_curvature(
    X: Matrix, weights: Array, fit_intercept: bool, batch_size: int | None
) -> float:
    r"""Curvature of :math:`\frac{1}{2S} \sum_i s_i (w' x_i + b)^2`, as a batch sees it.

    For all rows it is the largest eigenvalue of the second moments. A batch of m of
    the n rows has a larger curvature, in expectation by [1]_

    .. math:: L = \frac{n (m - 1)}{m (n - 1)} L_{all} + \frac{n - m}{m (n - 1)} L_{row}

    with :math:`L_{row}` that of the largest single row. Gradient steps of 1 / L are
    safe. O(n_entries).

    References
    ----------
    .. [1] Gower, Loizou, Qian, Sailanbayev, Shulgin and Richtárik (2019). "SGD:
       general analysis and improved rates". ICML.
    """
    n, extra = X.shape[0], float(fit_intercept)
    m = min(n, batch_size or n)
    share = weights / weights.sum()
    of_all = _largest_eigenvalue(X, share, extra)
    if m == n:
        return of_all
    of_row = n * float(((squared_norms(X) + extra) * share).max())
    return (n * (m - 1) * of_all + (n - m) * of_row) / (m * (n - 1))


def _largest_eigenvalue(X: Any, share: Array, extra: float) -> float:
    """Largest eigenvalue of sum_i share_i [x_i, extra] [x_i, extra]', from below."""
    # A fixed draw: a regular start can be orthogonal to the answer.
    v: Array = np.random.default_rng(0).normal(size=X.shape[1]).astype(X.dtype)
    last, size = extra, 0.0
    for _ in range(30):
        before = size
        norm = float(np.sqrt(v @ v + last * last))
        v, last = v / norm, last / norm
        weighted = share * (X @ v + extra * last)
        v, last = X.T @ weighted, extra * float(weighted.sum())
        size = float(np.sqrt(v @ v + last * last))
        if size - before <= 1e-4 * size:
            break
    return size
