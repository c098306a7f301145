"""Linear regression by least squares."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.linalg import eigh
from numpy.typing import ArrayLike
from scipy.linalg import LinAlgError, cho_solve, cholesky, lstsq, qr, svd, svdvals
from scipy.linalg.lapack import dtrcon
from scipy.optimize import nnls
from scipy.sparse import issparse
from scipy.sparse.linalg import lsqr
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin

from lookalike._checks import check_positive, check_sample_weight
from lookalike._parallel import run_slices
from lookalike._typing import Array, Floats
from lookalike._validation import validate_data
from lookalike.learn._centred_rows import CentredRows
from lookalike.learn._linear import (
    FLOATS,
    Matrix,
    centre,
    line_through_means,
    predict_linear,
    weighted_means,
    with_unit_columns,
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
        False lets ``fit`` centre a dense float64 X in place, for ``positive=True``.
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
    With A the centred, weighted X, its columns brought to length one, and R the
    Cholesky factor of A'A, the normal equations R'R W = A'y are solved and W is
    corrected once by the solution for the residual y - A W. That is as accurate as an
    orthogonal factorisation, for half the work [1]_ while the condition number of A is
    below :math:`\epsilon^{-1/4} = 8{,}192`; beyond that, and where columns depend on
    each other or outnumber the samples, the answer is the shortest W, by singular
    values. A column or a combination of columns that varies no more than the last
    place of its entries counts as constant. Time is O(n_samples * n_features**2).
    float32 stays float32; sums are in double precision.

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
            target_dtype=np.float64,  # so that no digit of a residual is lost
        )
        weights = None
        if sample_weight is not None:
            weights = check_sample_weight(sample_weight, X)
        y = y.astype(np.float64, copy=False)
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
        self.coef_, self.intercept_ = line_through_means(
            W, x_mean, y_mean, X.dtype, self.fit_intercept
        )
        return self

    def _each_target(self, A: Any, B: Array) -> Array:
        W = np.empty((A.shape[1], B.shape[1]), B.dtype)

        unit, lengths = with_unit_columns(A)

        def solve(start: int, stop: int) -> None:
            for t in range(start, stop):
                if self.positive:
                    W[:, t] = nnls(unit, B[:, t])[0]
                else:
                    W[:, t] = lsqr(unit, B[:, t], atol=self.tol, btol=self.tol)[0]

        run_slices(solve, B.shape[1], self.n_jobs, grain=1)
        return W / lengths[:, None]

    def predict(self, X: Matrix) -> Array:
        """Predicted targets, shape (n_samples,) or (n_samples, n_targets)."""
        return predict_linear(self, X)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = not self.positive
        return tags


def _all_weights(A: CentredRows, B: Array, d: int) -> tuple[Array, int, Array]:
    """W of all d columns, zero where A has none; rank; min(n, d) singular values."""
    W, all_singular = np.zeros((d, B.shape[1])), np.zeros(d)
    found, rank, singular = _least_squares(A, B)
    W[A.columns] = found
    all_singular[: len(singular)] = singular
    return W, rank, all_singular[: len(B)]


def _least_squares(A: CentredRows, B: Array) -> tuple[Array, int, Array]:
    """W of least ``||A W - B||``, then of least ``||W||``; rank; singular values.

    Columns of A that are nothing but the rounding of X are dropped from it.
    """
    if A.shape[1] == 0:
        return np.zeros((0, B.shape[1])), 0, np.zeros(0)
    if A.shape[0] < A.shape[1]:
        W, _, rank, singular = lstsq(A.whole(), B, cond=_share(A), check_finite=False)
        return W, int(rank), singular
    gram, right = A.products(B)
    squares = gram.diagonal()
    noise = A.roundings(squares)
    kept = np.flatnonzero(squares > noise**2)
    if len(kept) < len(squares):
        A.keep(A.columns[kept])
        gram, right, noise = gram[np.ix_(kept, kept)], right[kept], noise[kept]
    if len(kept) == 0:
        return right, 0, np.zeros(0)
    lengths = np.sqrt(gram.diagonal())
    gram, right = gram / lengths / lengths[:, None], right / lengths[:, None]
    unit = _UnitColumns(A, B, gram, right, lengths, noise / lengths)
    for solve in (_by_cholesky, _by_eigenvectors):
        answer = solve(unit)
        if answer is not None:
            return answer
    return _by_singular_values(unit)


def _share(A: CentredRows) -> float:
    """Share of the largest singular value that rounding in a solver may make."""
    return float(max(A.shape) * np.finfo(A.dtype).eps)


@dataclass(frozen=True)
class _UnitColumns:
    """Least squares of B on A, the columns of A brought to length one.

    No cut-off then depends on the units of the columns.
    """

    A: CentredRows
    B: Array
    gram: Array
    right: Array  # the columns' products with B
    lengths: Array  # of the columns of A
    noise: Array  # lengths of what the rounding of X adds to each column

    def slopes(self, V: Array) -> Array:
        """The columns' products with ``B - A V``."""
        scaled = self.A.slopes(V / self.lengths[:, None], self.B)
        return scaled / self.lengths[:, None]

    def spread(self, V: Array) -> Floats:
        """Length of the rows along each column of V."""
        return self.A.spread(V / self.lengths[:, None])

    def cutoffs(self, V: Array, largest: float) -> Floats:
        """Length along each column of V up to which it is rounding."""
        of_data = np.linalg.norm(self.noise[:, None] * V, axis=0)
        return of_data + _share(self.A) * largest

    def shortest(self, V: Array, null: Array) -> Array:
        """V, to be multiplied with A itself, less its part along ``null``."""
        V = V / self.lengths[:, None]
        if null.shape[1] == 0:
            return V
        null = qr(null / self.lengths[:, None], mode="economic")[0]
        return V - null @ (null.T @ V)


def _by_cholesky(unit: _UnitColumns) -> tuple[Array, int, Array] | None:
    """Solve by the seminormal equations; None where they are not accurate."""
    try:
        R = cholesky(unit.gram, check_finite=False)
    except LinAlgError:
        return None
    reciprocal_condition, _ = dtrcon(R)
    if reciprocal_condition < np.finfo(R.dtype).eps ** 0.25:
        return None
    W = cho_solve((R, False), unit.right, check_finite=False)
    W += cho_solve((R, False), unit.slopes(W), check_finite=False)
    singular = svdvals(R * unit.lengths, check_finite=False)
    return W / unit.lengths[:, None], len(R), singular


def _by_eigenvectors(unit: _UnitColumns) -> tuple[Array, int, Array] | None:
    """Solve by the eigenvectors of A'A; None where squaring hides the rank.

    A direction is kept whose square is far above the rounding of A'A, and dropped if
    the rows do not vary along it. One step of refinement with the rows restores the
    digits lost by squaring.
    """
    squares, V = eigh(unit.gram)
    rounding = np.finfo(V.dtype).eps * squares[-1]
    n_null = int((squares <= 100 * rounding).sum())
    if squares[n_null] < 10_000 * rounding:
        return None
    null, kept, squares = V[:, :n_null], V[:, n_null:], squares[n_null:]

    def solve(right: Array) -> Array:
        return kept @ ((kept.T @ right) / squares[:, None])

    start = np.hstack([solve(unit.right), null])
    corrected = start + solve(unit.slopes(start))
    W, null = np.hsplit(corrected, [unit.B.shape[1]])
    null = qr(null, mode="economic")[0]
    few = int((squares < 1e-8 * squares[-1]).sum())  # whose squares are inaccurate
    checked = np.hstack([null, kept[:, :few]])
    spread = unit.spread(checked)
    rounded = spread <= unit.cutoffs(checked, float(np.sqrt(squares[-1])))
    if not rounded[:n_null].all() or rounded[n_null:].any():
        return None
    lengths = np.sqrt(squares)
    lengths[:few] = spread[n_null:]
    singular = svdvals(lengths[:, None] * kept.T * unit.lengths, check_finite=False)
    return unit.shortest(W, null), len(squares), singular


def _by_singular_values(unit: _UnitColumns) -> tuple[Array, int, Array]:
    """Solve by all singular values and vectors: slow, and never wrong."""
    A = unit.A.whole()
    A /= unit.lengths
    U, s, Vt = svd(A, full_matrices=False, overwrite_a=True, check_finite=False)
    kept = s > unit.cutoffs(Vt.T, float(s[0]))
    W = Vt[kept].T @ ((U[:, kept].T @ unit.B) / s[kept, None])
    singular = svdvals(s[kept, None] * Vt[kept] * unit.lengths, check_finite=False)
    return unit.shortest(W, Vt[~kept].T), int(kept.sum()), singular
