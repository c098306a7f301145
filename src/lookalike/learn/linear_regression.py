"""Linear regression by least squares."""

from typing import Any, Self

import numpy as np
from numpy.linalg import eigh
from numpy.typing import ArrayLike
from scipy.linalg import LinAlgError, cho_solve, cholesky, lstsq, qr, svdvals
from scipy.optimize import nnls
from scipy.sparse import issparse
from scipy.sparse.linalg import lsqr
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.utils.validation import validate_data

from lookalike._checks import check_positive, check_sample_weight
from lookalike._parallel import run_slices
from lookalike._typing import Array
from lookalike.learn._centred_rows import CentredRows
from lookalike.learn._linear import (
    FLOATS,
    Matrix,
    centre,
    predict_linear,
    weighted_means,
)


class LinearRegression(MultiOutputMixin, RegressorMixin, BaseEstimator):
    r"""Fit the hyperplane with the least squared error.

    .. math:: \min_{W, b} \sum_i s_i \lVert W x_i + b - y_i \rVert^2

    where :math:`s_i` are the sample weights.

    Parameters
    ----------
    fit_intercept : bool, default=True
        Whether to fit b; otherwise it is zero.
    copy_X : bool, default=True
        False lets ``fit`` centre a dense float X in place, for ``positive=True``.
        Otherwise dense X is neither written nor copied.
    tol : float, default=1e-6
        Relative precision of the iterations on sparse X; dense X needs none.
    n_jobs : int, default=None
        Targets solved at a time where each is solved on its own: sparse X and
        ``positive=True``. None is one, -1 as many as processors.
    positive : bool, default=False
        Whether to restrict W to W >= 0. Dense X.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        W; one row a target where y has two dimensions.
    intercept_ : float or ndarray of shape (n_targets,)
        b.
    rank_ : int
        Rank of the centred X. Dense X only.
    singular_ : ndarray of shape (min(n_samples, n_features),)
        Singular values of the centred X, largest first. Dense X only.
    n_features_in_ : int
        Features seen in ``fit``.

    Notes
    -----
    With A the centred, weighted X and R the Cholesky factor of A'A, the normal
    equations R'R W = A'y are solved and W is corrected once by the solution for the
    residual y - A W. That is as accurate as an orthogonal factorisation, for half the
    work [1]_ while the condition number of A is below :math:`\epsilon^{-1/4}` (8,192
    in double precision); beyond that, and where columns depend on each other or
    outnumber the samples, the answer is the shortest W, by singular values. Time is
    O(n_samples * n_features**2). float32 stays float32.

    References
    ----------
    .. [1] Björck (1987). "Stability analysis of the method of seminormal equations
       for linear least squares problems". Linear Algebra and its Applications 88.

    Examples
    --------
    >>> import numpy as np
    >>> from lookalike.learn import LinearRegression
    >>> model = LinearRegression().fit([[2, 2], [4, 5], [7, 8]], [9, 17, 26])
    >>> print(round(model.intercept_, 6), np.round(model.coef_, 6))
    3.0 [1. 2.]
    >>> print(np.round(model.predict([[10, 11], [13, 14]]), 6))
    [35. 44.]
    """

    coef_: Array
    intercept_: Any
    rank_: int
    singular_: Array

    def __init__(
        self,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        tol: float = 1e-6,
        n_jobs: int | None = None,
        positive: bool = False,
    ) -> None:
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.tol = tol
        self.n_jobs = n_jobs
        self.positive = positive

    def fit(self, X: Matrix, y: Any, sample_weight: ArrayLike | None = None) -> Self:
        """Find W and b for X (n_samples, n_features), y (n_samples[, n_targets])."""
        check_positive("tol", self.tol, zero=True)
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse=False if self.positive else ["csr", "csc"],
            dtype=FLOATS,
            multi_output=True,
            y_numeric=True,
        )
        weights = None
        if sample_weight is not None:
            weights = check_sample_weight(sample_weight, X)
        y = y.astype(X.dtype, copy=False)
        if self.positive or issparse(X):
            A, B, x_mean, y_mean = centre(
                X, y, weights, self.fit_intercept, self.copy_X
            )
            W = self._each_target(A, B.reshape(len(B), -1))
        else:
            x_mean, y_mean, root = weighted_means(X, y, weights, self.fit_intercept)
            rows = CentredRows(X, x_mean if self.fit_intercept else None, root)
            B = (y - y_mean).reshape(len(y), -1)
            B = B if root is None else B * root[:, None]
            W, self.rank_, self.singular_ = _all_weights(rows, B, X.shape[1])
        self.coef_ = W[:, 0] if y.ndim == 1 else W.T
        self.intercept_ = y_mean - self.coef_ @ x_mean if self.fit_intercept else 0.0
        return self

    def _each_target(self, A: Any, B: Array) -> Array:
        W = np.empty((A.shape[1], B.shape[1]), B.dtype)

        def solve(start: int, stop: int) -> None:
            for t in range(start, stop):
                if self.positive:
                    W[:, t] = nnls(A, B[:, t])[0]
                else:
                    W[:, t] = lsqr(A, B[:, t], atol=self.tol, btol=self.tol)[0]

        run_slices(solve, B.shape[1], self.n_jobs, grain=1)
        return W

    def predict(self, X: Matrix) -> Array:
        """Predicted targets, shape (n_samples,) or (n_samples, n_targets)."""
        return predict_linear(self, X)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = not self.positive
        return tags


def _all_weights(A: CentredRows, B: Array, d: int) -> tuple[Array, int, Array]:
    """W of all d columns, zero where A has none; rank; min(n, d) singular values."""
    W, all_singular = np.zeros((d, B.shape[1]), A.dtype), np.zeros(d, A.dtype)
    W[A.columns], rank, singular = _least_squares(A, B)
    all_singular[: len(singular)] = singular
    return W, rank, all_singular[: len(B)]


def _least_squares(A: CentredRows, B: Array) -> tuple[Array, int, Array]:
    """W of least ``||A W - B||``, then of least ``||W||``; rank; singular values."""
    n, d = A.shape
    if n < d or d == 0:
        return _by_singular_values(A, B)
    gram, right = A.products(B)
    try:
        R = cholesky(gram, check_finite=False)
    except LinAlgError:
        return _shortest(A, B, gram, right)
    least = np.finfo(A.dtype).eps ** 0.25
    diagonal = R.diagonal()  # of which singular values span at least the range
    if diagonal.min() < least * diagonal.max():
        return _shortest(A, B, gram, right)
    singular = svdvals(R, check_finite=False)
    if singular[-1] < least * singular[0]:
        return _shortest(A, B, gram, right)
    W = cho_solve((R, False), right, check_finite=False)
    W += cho_solve((R, False), A.slopes(W, B), check_finite=False)
    return W, d, singular


def _shortest(
    A: CentredRows, B: Array, gram: Array, right: Array
) -> tuple[Array, int, Array]:
    """Solve where columns are dependent: from their products, if accurate enough."""
    answer = None
    if A.shape[0] > A.shape[1]:
        answer = _by_eigenvectors(A, B, gram, right)
    return _by_singular_values(A, B) if answer is None else answer


def _by_singular_values(A: CentredRows, B: Array) -> tuple[Array, int, Array]:
    W, _, rank, singular = lstsq(A.whole(), B, cond=_cutoff(A), check_finite=False)
    return W, int(rank), singular


def _cutoff(A: CentredRows) -> float:
    """Share of the largest singular value below which one counts as zero."""
    return float(max(A.shape) * np.finfo(A.dtype).eps)


def _by_eigenvectors(
    A: CentredRows, B: Array, gram: Array, right: Array
) -> tuple[Array, int, Array] | None:
    """Solve by the eigenvectors of A'A; None where squaring hides the rank.

    A direction is kept whose square is far above the rounding of A'A, and dropped if
    the rows do not vary along it. One step of refinement with the rows restores the
    digits lost by squaring.
    """
    squares, V = eigh(gram)
    rounding = np.finfo(A.dtype).eps * squares[-1]
    n_null = int((squares <= 100 * rounding).sum())
    if n_null == len(V) or squares[n_null] < 10_000 * rounding:
        return None
    null, kept, squares = V[:, :n_null], V[:, n_null:], squares[n_null:]

    def solve(right: Array) -> Array:
        return kept @ ((kept.T @ right) / squares[:, None])

    start = np.hstack([solve(right), null])
    corrected = start + solve(A.slopes(start, B))
    W, null = np.hsplit(corrected, [B.shape[1]])
    null = qr(null, mode="economic")[0]
    few = int((squares < 1e-8 * squares[-1]).sum())  # whose squares are inaccurate
    spread = A.spread(np.hstack([null, kept[:, :few]]))
    if (spread[:n_null] > _cutoff(A) * np.sqrt(squares[-1])).any():
        return None
    W = W - null @ (null.T @ W)
    singular = np.sqrt(squares[::-1])
    singular[len(squares) - few :] = np.sort(spread[n_null:])[::-1]
    return W, len(squares), singular
