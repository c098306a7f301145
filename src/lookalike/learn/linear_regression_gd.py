"""Linear regression by gradient descent."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.utils import check_random_state

from lookalike._checks import check_positive, check_sample_weight, check_whole
from lookalike._typing import Array
from lookalike._validation import validate_data
from lookalike.learn._curvature import score_curvature
from lookalike.learn._linear import FLOATS, Matrix, predict_linear


class LinearRegressionGD(MultiOutputMixin, RegressorMixin, BaseEstimator):
    r"""Fit a linear regression by gradient descent on its squared error.

    .. math::
        J(W, b) = \sum_i s_i \lVert W x_i + b - y_i \rVert^2
        + \alpha \lVert W \rVert^2

    Each step goes against the gradient of J divided by the total weight, over all
    rows or over a small batch of them: :math:`W \leftarrow W - \eta \nabla J / \sum_i
    s_i`, from W = 0. J is the objective of :class:`Ridge`.

    Parameters
    ----------
    alpha : float, default=0.0
        Strength of the penalty on W; b is free.
    fit_intercept : bool, default=True
        Whether to fit b; otherwise it is zero.
    learning_rate : float, default=None
        Step size. None takes the largest that is safe for the data (see Notes).
    batch_size : int, default=None
        Rows a step; None takes all.
    max_iter : int, default=1000
        Most passes over the data.
    tol : float, default=1e-6
        Stop when J has not fallen below its best by this share of it in
        ``n_iter_no_change`` passes one after the other. Zero never stops early.
    n_iter_no_change : int, default=5
        See ``tol``.
    shuffle : bool, default=True
        Whether to draw a new order of rows for each pass; matters for batches only.
    random_state : int, RandomState instance or None, default=None
        Source of that order.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        W; one row a target where y has two dimensions.
    intercept_ : float or ndarray of shape (n_targets,)
        b.
    loss_curve_ : list of float
        J after each pass.
    learning_rate_ : float
        Step size used.
    n_iter_ : int
        Passes made.
    n_features_in_ : int
        Features seen in ``fit``.

    Raises
    ------
    ValueError
        When J overflows, which a smaller ``learning_rate`` prevents.

    Notes
    -----
    A step is safe below 2 / L with L the curvature along its direction. Without a
    ``learning_rate`` the step is 1 / L, with the L expected of a batch of m of the n
    rows [1]_, :math:`L = \frac{n (m - 1)}{m (n - 1)} L_{all} + \frac{n - m}{m (n - 1)}
    L_{row}`, where :math:`L_{all}` is that of all rows, by power iteration, and
    :math:`L_{row}` the largest of a single row. Time is O(n_samples * n_features) a
    pass. X may be sparse; float32 stays float32.

    References
    ----------
    .. [1] Gower, Loizou, Qian, Sailanbayev, Shulgin and Richtárik (2019). "SGD:
       general analysis and improved rates". ICML.

    Examples
    --------
    >>> from lookalike.learn import LinearRegressionGD
    >>> X, y = [[1.0], [2.0], [3.0], [4.0], [5.0]], [2.0, 4.0, 5.0, 4.0, 5.0]
    >>> model = LinearRegressionGD(learning_rate=0.05, max_iter=2000, tol=0).fit(X, y)
    >>> print(round(model.coef_[0], 6), round(model.intercept_, 6))
    0.6 2.2
    >>> print(round(model.loss_curve_[-1], 6))
    2.4
    """

    coef_: Array
    intercept_: Any
    loss_curve_: list[float]
    learning_rate_: float
    n_iter_: int

    def __init__(
        self,
        *,
        alpha: float = 0.0,
        fit_intercept: bool = True,
        learning_rate: float | None = None,
        batch_size: int | None = None,
        max_iter: int = 1000,
        tol: float = 1e-6,
        n_iter_no_change: int = 5,
        shuffle: bool = True,
        random_state: Any = None,
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.shuffle = shuffle
        self.random_state = random_state

    def fit(self, X: Matrix, y: Any, sample_weight: ArrayLike | None = None) -> Self:
        """Descend from zero; X (n_samples, n_features), y (n_samples[, n_targets])."""
        X, Y, weights = self._start(X, y, sample_weight, reset=True)
        rng = check_random_state(self.random_state)
        best, patience = np.inf, self.n_iter_no_change
        for _ in range(self.max_iter):
            loss = self._epoch(X, Y, weights, rng)
            better = self.tol == 0 or loss < best * (1 - self.tol)
            patience = self.n_iter_no_change if better else patience - 1
            best = min(best, loss)
            if patience == 0:
                break
        return self

    def partial_fit(
        self, X: Matrix, y: Any, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Make one more pass, over these rows, continuing the last one."""
        reset = not hasattr(self, "coef_")
        X, Y, weights = self._start(X, y, sample_weight, reset=reset)
        if not hasattr(self, "_rng"):
            self._rng = check_random_state(self.random_state)
        self._epoch(X, Y, weights, self._rng)
        return self

    def _start(
        self, X: Any, y: Any, sample_weight: Any, reset: bool
    ) -> tuple[Any, ...]:
        self._check_parameters()
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse="csr",
            dtype=FLOATS,
            multi_output=True,
            y_numeric=True,
            reset=reset,
        )
        weights = check_sample_weight(sample_weight, X)
        Y = y.astype(X.dtype, copy=False).reshape(len(y), -1)
        rate = self.learning_rate or self._safe_rate(X, weights)
        if reset:
            self._W = np.zeros((X.shape[1], Y.shape[1]), X.dtype)
            self._b = np.zeros(Y.shape[1], X.dtype)
            self._flat = y.ndim == 1
            self.loss_curve_, self.n_iter_, self.learning_rate_ = [], 0, rate
        self.learning_rate_ = min(self.learning_rate_, rate)
        if self._W.shape[1] != Y.shape[1]:
            raise ValueError(
                f"y has {Y.shape[1]} targets, the first call had {self._W.shape[1]}."
            )
        return X, Y, weights

    def _check_parameters(self) -> None:
        check_positive("alpha", self.alpha, zero=True)
        check_positive("tol", self.tol, zero=True)
        check_whole("max_iter", self.max_iter)
        check_whole("n_iter_no_change", self.n_iter_no_change)
        if self.learning_rate is not None:
            check_positive("learning_rate", self.learning_rate)
        if self.batch_size is not None:
            check_whole("batch_size", self.batch_size)

    def _safe_rate(self, X: Matrix, weights: Array) -> float:
        of_scores = score_curvature(X, weights, self.fit_intercept, self.batch_size)
        curvature = 2 * (of_scores + self.alpha / float(weights.sum()))
        return 1 / curvature if curvature > 0 else 1.0

    def _epoch(self, X: Matrix, Y: Array, weights: Array, rng: Any) -> float:
        n = X.shape[0]
        size = min(n, self.batch_size or n)
        total = weights.sum()
        order = rng.permutation(n) if self.shuffle and size < n else np.arange(n)
        with np.errstate(over="ignore", invalid="ignore"):
            for start in range(0, n, size):
                rows = order[start : start + size]
                batch = (
                    (X, Y, weights) if size == n else (X[rows], Y[rows], weights[rows])
                )
                self._step(*batch, n / len(rows), total)
            loss = self._loss(X, Y, weights)
        if not np.isfinite(loss):
            raise ValueError(
                f"The loss overflowed in pass {self.n_iter_ + 1}: "
                f"learning_rate={self.learning_rate_:g} is too large for this data."
            )
        self.coef_ = self._W[:, 0] if self._flat else self._W.T
        self.intercept_ = self._b[0] if self._flat else self._b
        self.loss_curve_.append(loss)
        self.n_iter_ += 1
        return loss

    def _step(self, X: Any, Y: Array, weights: Array, scale: float, total: Any) -> None:
        residual = (X @ self._W + self._b - Y) * (weights * scale)[:, None]
        rate = 2 * self.learning_rate_ / total
        self._W -= rate * (X.T @ residual + self.alpha * self._W)
        if self.fit_intercept:
            self._b -= rate * residual.sum(axis=0)

    def _loss(self, X: Any, Y: Array, weights: Array) -> float:
        squares = (X @ self._W + self._b - Y) ** 2
        penalty = self.alpha * (self._W**2).sum(dtype=np.float64)
        return float((weights @ squares).sum(dtype=np.float64) + penalty)

    def predict(self, X: Matrix) -> Array:
        """Predicted targets, shape (n_samples,) or (n_samples, n_targets)."""
        return predict_linear(self, X)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
