"""Softmax cross-entropy of lists: its slopes, and coordinates in which it is round.

Of linear scores it is convex; in whitened coordinates L-BFGS takes tens of rounds,
where correlated features would take a thousand.
"""

import warnings
from collections.abc import Callable

import numpy as np
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import minimize
from sklearn.exceptions import ConvergenceWarning

from lookalike._typing import Floats, Ints


def softmax_loss(scores: Floats, target: Floats, sizes: Ints) -> tuple[float, Floats]:
    r"""Cross-entropy of lists, and its derivatives by the scores, (n_rows,).

    .. math:: \sum_q \sum_{i \in q} t_i \Big(\log \sum_{j \in q} e^{s_j} - s_i\Big)

    scores, target : (n_rows,), rows of one list adjacent
    sizes : (n_lists,), at least 1
    """
    begins = np.cumsum(sizes) - sizes
    top = np.maximum.reduceat(scores, begins)
    mass = np.exp(scores - np.repeat(top, sizes))
    sums, totals = np.add.reduceat(mass, begins), np.add.reduceat(target, begins)
    loss = totals @ (np.log(sums) + top) - target @ scores
    return float(loss), mass * np.repeat(totals / sums, sizes) - target


def within_lists(rows: Floats, sizes: Ints) -> Floats:
    """Rows less the mean of their list, (n_rows, n_columns)."""
    means = np.add.reduceat(rows, np.cumsum(sizes) - sizes, axis=0) / sizes[:, None]
    return rows - np.repeat(means, sizes, axis=0)


def whitener(rows: Floats, target: Floats, sizes: Ints, C: float) -> Floats:
    """Return W so that weights ``W @ v`` make the penalised loss round in v near 0.

    ``W @ W.T`` is the inverse of the curvature of ``C * softmax_loss`` and of half the
    squared weights where all scores are equal. O(n_rows * n_columns^2).
    """
    totals = np.add.reduceat(target, np.cumsum(sizes) - sizes)
    spread = within_lists(rows, sizes)
    curvature = (C * spread * np.repeat(totals / sizes, sizes)[:, None]).T @ spread
    lower = cholesky(curvature + np.eye(rows.shape[1]), lower=True)
    inverse: Floats = solve_triangular(lower, np.eye(len(lower)), lower=True).T
    return inverse


def minimised(
    objective: Callable[[Floats], tuple[float, Floats]],
    n: int,
    max_iter: int,
    tol: float,
) -> Floats:
    """Return where an objective of n round coordinates is least, from 0."""
    options = {"maxiter": max_iter, "gtol": tol, "ftol": 1e-13, "maxcor": 20}
    found = minimize(
        objective, np.zeros(n), jac=True, method="L-BFGS-B", options=options
    )
    if found.nit >= max_iter:
        warnings.warn(
            f"not converged after {max_iter} iterations: increase max_iter or tol.",
            ConvergenceWarning,
            stacklevel=2,
        )
    best: Floats = found.x
    return best
