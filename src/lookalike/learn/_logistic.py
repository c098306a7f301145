"""The logistic objective: mean loss plus penalties."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse import hstack, issparse
from scipy.special import expit, softmax

from lookalike._typing import Array, Floats
from lookalike.kernels.logistic import logistic_slopes, softmax_slopes
from lookalike.learn._linear import Matrix

# OpenBLAS multiplies up to this many numbers without copying the matrices first.
UNCOPIED = 1_000_000


class LogisticObjective:
    r"""Mean logistic loss plus penalties, as a function of W and b in one array.

    .. math:: \frac{1}{S} \sum_i s_i \ell(W' x_i + b, y_i)
              + \frac{\lambda_2}{2} \lVert W \rVert^2 + \lambda_1 \lVert W \rVert_1

    with S the sum of the weights s. One score column is the two-class loss, more are
    cross-entropy over the columns. Points are float64 (n_features + intercept,
    n_columns), b last; products run in the precision of X.
    """

    def __init__(
        self,
        X: Matrix,
        labels: Array,
        weights: Array,
        n_columns: int,
        fit_intercept: bool,
        ridge: float,
        lasso: float,
    ) -> None:
        self.X, self.labels, self.weights = X, labels, weights
        self.n_columns, self.fit_intercept = n_columns, fit_intercept
        self.ridge, self.lasso = ridge, lasso
        self.total = float(weights.sum(dtype=np.float64))
        self.slopes = logistic_slopes if n_columns == 1 else softmax_slopes
        # Largest second derivative of the loss along any direction of the scores.
        self.curvature = 0.25 if n_columns == 1 else 0.5

    def centred(self) -> tuple["LogisticObjective", Floats]:
        """The objective of dense X less its weighted mean, and that mean."""
        weights = self.weights.astype(np.float64)
        mean = np.average(self.X, axis=0, weights=weights).astype(self.X.dtype)
        shared = self.n_columns, self.fit_intercept, self.ridge, self.lasso
        near = LogisticObjective(self.X - mean, self.labels, self.weights, *shared)
        return near, mean.astype(np.float64)

    def start(self) -> Floats:
        """Point of all zeros."""
        return np.zeros((self.X.shape[1] + self.fit_intercept, self.n_columns))

    def split(self, point: Floats) -> tuple[Array, Any]:
        """W (n_features, n_columns) in the precision of X, and b."""
        W = point[: self.X.shape[1]].astype(self.X.dtype)
        return W, point[-1].astype(self.X.dtype) if self.fit_intercept else 0

    def scores(self, X: Matrix, point: Floats) -> Array:
        """X W + b."""
        W, b = self.split(point)
        return np.ascontiguousarray(X @ W + b)

    def rows_gradient(self, point: Floats, rows: Any) -> tuple[float, Floats]:
        """Loss sum over some rows, and its gradient."""
        X = self.X[rows]
        Z = self.scores(X, point)
        loss = self.slopes(Z, self.labels[rows], self.weights[rows])
        gradient = np.empty_like(point)
        gradient[: X.shape[1]] = X.T @ Z
        if self.fit_intercept:
            gradient[-1] = Z.sum(axis=0)
        return loss, gradient

    def smooth(self, point: Floats) -> tuple[float, Floats]:
        """Objective without the L1 part, and its gradient."""
        loss, gradient = 0.0, np.zeros_like(point)
        for rows in self._blocks():
            part, slope = self.rows_gradient(point, rows)
            loss += part
            gradient += slope
        W = point[: self.X.shape[1]]
        gradient /= self.total
        gradient[: len(W)] += self.ridge * W
        return loss / self.total + 0.5 * self.ridge * float(np.vdot(W, W)), gradient

    def lasso_value(self, point: Floats) -> float:
        """Value of the L1 part."""
        return self.lasso * float(np.abs(point[: self.X.shape[1]]).sum())

    def value(self, point: Floats) -> float:
        """Objective with all its parts."""
        return self.smooth(point)[0] + self.lasso_value(point)

    def batch_gradient(self, point: Floats, rows: Array) -> Floats:
        """Gradient without the L1 part, estimated from some rows."""
        _, gradient = self.rows_gradient(point, rows)
        gradient *= len(self.labels) / (len(rows) * self.total)
        gradient[: self.X.shape[1]] += self.ridge * point[: self.X.shape[1]]
        return gradient

    def shrink(self, point: Floats, rate: float) -> Floats:
        """Point nearest to ``point`` less ``rate`` times its L1 part."""
        if self.lasso > 0:
            W = point[: self.X.shape[1]]
            W[:] = np.sign(W) * np.maximum(np.abs(W) - rate * self.lasso, 0)
        return point

    def hessian(self, point: Floats) -> Floats:
        """Second derivatives without the L1 part, square in the size of ``point``."""
        X, P, s = self._padded(), self._probabilities(point), self._shares()
        d, k = point.shape
        H = np.empty((d, k, d, k))
        for a in range(k):
            for b in range(a, k):
                curvature = s * P[:, a] * ((a == b) - P[:, b])
                scaled = (
                    X.multiply(curvature[:, None])
                    if issparse(X)
                    else curvature[:, None] * X
                )
                block = X.T @ scaled
                H[:, a, :, b] = block.toarray() if issparse(X) else block
                H[:, b, :, a] = H[:, a, :, b]
        square: Floats = H.reshape(d * k, d * k)
        square.flat[:: d * k + 1] += self.ridges(point).ravel()
        return square

    def hessian_product(self, point: Floats) -> Callable[[Floats], Floats]:
        """Give a function that multiplies the second derivatives by a direction."""
        X, P, s = self._padded(), self._probabilities(point), self._shares()
        ridges = self.ridges(point)

        def product(direction: Floats) -> Floats:
            Z = P * (X @ direction.astype(X.dtype))
            Z -= P * Z.sum(axis=1, keepdims=True)
            return X.T @ (s[:, None] * Z) + ridges * direction

        return product

    def _padded(self) -> Matrix:
        if not self.fit_intercept:
            return self.X
        one = np.ones((self.X.shape[0], 1), self.X.dtype)
        return (
            hstack([self.X, one]).tocsr()
            if issparse(self.X)
            else np.hstack([self.X, one])
        )

    def _probabilities(self, point: Floats) -> Array:
        Z = self.scores(self.X, point)
        return expit(Z) if self.n_columns == 1 else softmax(Z, axis=1)

    def _shares(self) -> Array:
        return self.weights / self.X.dtype.type(self.total)

    def ridges(self, point: Floats) -> Floats:
        """Strength of the L2 penalty on each entry of a point."""
        ridges = np.zeros_like(point)
        ridges[: self.X.shape[1]] = self.ridge
        return ridges

    def _blocks(self) -> list[slice]:
        n, d = self.X.shape
        if issparse(self.X):
            return [slice(0, n)]
        size = min(max(UNCOPIED // max(d * self.n_columns, 1), 64), 1024)
        return [slice(i, min(i + size, n)) for i in range(0, n, size)]
