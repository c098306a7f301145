"""Coordinates in which a logistic objective has nearly equal curvature."""

import numpy as np
from scipy.linalg import cholesky, solve_triangular
from scipy.sparse import issparse

from lookalike._typing import Floats
from lookalike.learn._logistic import LogisticObjective

NARROW, WIDEST = 256, 4096


class Whitening:
    """Coordinates V = R W in which a logistic objective has nearly equal curvature.

    R'R estimates the mean curvature: the spread of X, at half the curvature that equal
    probabilities have, plus the ridge. It comes from about ten rows a feature. R is
    diagonal for sparse X, and where its factorisation would cost too much: above
    ``WIDEST`` features, or above ``NARROW`` with fewer rows than features.
    """

    def __init__(self, objective: LogisticObjective) -> None:
        X, n_columns = objective.X, objective.n_columns
        n, d = X.shape
        # Half the curvature that equal probabilities have; fitted ones have less.
        even = 1 / max(n_columns, 2)
        even_curvature = even * (1 - even) / 2
        self.mean = np.zeros(d)
        self.root_curvature = np.sqrt(even_curvature)
        self.diagonal = issparse(X) or d > (NARROW if n < d else WIDEST)
        every = 1 if self.diagonal else max(1, n // (10 * d))
        X, share = X[::every], objective.weights[::every]
        share = share / max(share.sum(), np.finfo(share.dtype).tiny)
        if self.diagonal:
            spread = np.asarray((X.multiply(X) if issparse(X) else X * X).T @ share)
            self.root = np.sqrt(
                even_curvature * spread.astype(np.float64) + objective.ridge
            )
            self.root[self.root == 0] = 1
            return
        if objective.fit_intercept:
            self.mean = (X.T @ share).astype(np.float64)
        X = (X - self.mean.astype(X.dtype)) * np.sqrt(even_curvature * share)[:, None]
        curvature = (X.T @ X).astype(np.float64)
        # Columns that never vary need some curvature to divide by.
        floor = 1e-6 * np.trace(curvature) / d + objective.ridge
        curvature.flat[:: d + 1] += floor if floor > 0 else 1
        self.root = cholesky(curvature, check_finite=False)

    def point(self, V: Floats) -> Floats:
        """W and b for coordinates V."""
        d = len(self.mean)
        point = V / self.root_curvature
        point[:d] = self._solve(V[:d], 0)
        point[d:] -= self.mean @ point[:d]
        return point

    def coordinates(self, point: Floats) -> Floats:
        """Inverse of ``point``."""
        d = len(self.mean)
        V = point * self.root_curvature
        V[d:] += self.root_curvature * (self.mean @ point[:d])
        V[:d] = (
            self.root[:, None] * point[:d] if self.diagonal else self.root @ point[:d]
        )
        return V

    def gradient(self, gradient: Floats) -> Floats:
        """Gradient in V from the gradient in W and b."""
        d = len(self.mean)
        slope = gradient / self.root_curvature
        shifted = gradient[:d]
        if len(gradient) > d:
            shifted = shifted - np.outer(self.mean, gradient[d])
        slope[:d] = self._solve(shifted, 1)
        return slope

    def _solve(self, B: Floats, transposed: int) -> Floats:
        if self.diagonal:
            return B / self.root[:, None]
        return solve_triangular(self.root, B, trans=transposed, check_finite=False)
