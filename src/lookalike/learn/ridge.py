"""Ridge regression: least squares with a penalty on large weights."""

import warnings
from collections.abc import Callable
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import LinAlgError, cho_factor, cho_solve, svd
from scipy.optimize import minimize
from scipy.sparse import issparse
from scipy.sparse.linalg import LinearOperator, cg, lsqr
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.exceptions import ConvergenceWarning

from lookalike._checks import (
    check_choice,
    check_positive,
    check_sample_weight,
    check_whole,
)
from lookalike._typing import Array
from lookalike._validation import validate_data
from lookalike.learn._linear import (
    FLOATS,
    Matrix,
    centre,
    line_through_means,
    predict_linear,
    with_unit_columns,
)

SOLVERS = ("auto", "svd", "cholesky", "lsqr", "sparse_cg", "lbfgs")
INSTEAD = dict.fromkeys(("sag", "saga"), "'auto' or 'sparse_cg'")


class Ridge(MultiOutputMixin, RegressorMixin, BaseEstimator):
    r"""Linear regression with a penalty on the squares of the weights.

    .. math::
        \min_{W, b} \sum_i s_i \lVert W x_i + b - y_i \rVert^2
        + \alpha \lVert W \rVert^2

    where :math:`s_i` are the sample weights.

    Parameters
    ----------
    alpha : float or array-like of shape (n_targets,), default=1.0
        Strength of the penalty, one for all targets or one for each.
    fit_intercept : bool, default=True
        Whether to fit b, which is never penalised; otherwise it is zero.
    copy_X : bool, default=True
        False lets ``fit`` centre a dense float64 X in place.
    max_iter : int, default=None
        Most iterations of 'lsqr', 'sparse_cg' and 'lbfgs'; None is their own limit.
    tol : float, default=1e-4
        Relative precision of those three; 'lbfgs': the largest entry of the projected
        gradient, where the columns of A and y have length one.
    solver : {'auto', 'svd', 'cholesky', 'lsqr', 'sparse_cg', 'lbfgs'}, default='auto'
        How to find W:

        - 'cholesky': one factorisation of A'A + alpha I, or of AA' + alpha I where
          that is smaller; sparse X becomes such a dense matrix;
        - 'svd': by singular values, for dense X; the most exact where alpha is small;
        - 'sparse_cg': conjugate gradients on the same equations;
        - 'lsqr': Golub-Kahan iterations on A itself;
        - 'lbfgs': the only one for W >= 0;
        - 'auto': 'lbfgs' for ``positive``, else 'cholesky' for dense X and 'sparse_cg'
          for sparse X.
    positive : bool, default=False
        Whether to restrict W to W >= 0.
    random_state : int, RandomState instance or None, default=None
        Accepted for compatibility with scikit-learn; no solver is random.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        W; one row a target where y has several columns.
    intercept_ : float or ndarray of shape (n_targets,)
        b; an array where y has two dimensions, 0.0 without an intercept.
    n_iter_ : ndarray of shape (n_targets,)
        Iterations of the iterative solvers; 1 for the direct ones.
    solver_ : str
        Solver used.
    n_features_in_ : int
        Features seen in ``fit``.

    Notes
    -----
    A holds the centred rows, each times the root of its sample weight. With its
    singular value decomposition :math:`A = U \Sigma V'`, the answer is :math:`W = V
    \,\mathrm{diag}(\sigma_j / (\sigma_j^2 + \alpha))\, U' y`: directions along which
    the data vary little are shrunk most. Where the matrix of 'cholesky' is
    singular in floating point, 'svd' is used. Time is O(n_samples * n_features *
    min(n_samples, n_features)) for the direct solvers and O(n_entries) an iteration
    for the others. float32 stays float32; sums are in double precision.

    References
    ----------
    .. [1] Hoerl and Kennard (1970). "Ridge regression: biased estimation for
       nonorthogonal problems". Technometrics 12(1).

    Examples
    --------
    >>> import numpy as np
    >>> from lookalike.learn import Ridge
    >>> model = Ridge(alpha=10.0).fit([[1], [2], [3], [4], [5]], [2, 4, 5, 4, 5])
    >>> print(np.round(model.coef_, 6), round(model.intercept_, 6))
    [0.3] 3.1
    """

    coef_: Array
    intercept_: Any
    n_iter_: Array
    solver_: str

    def __init__(
        self,
        alpha: Any = 1.0,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        max_iter: int | None = None,
        tol: float = 1e-4,
        solver: str = "auto",
        positive: bool = False,
        random_state: Any = None,
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.solver = solver
        self.positive = positive
        self.random_state = random_state

    def fit(self, X: Matrix, y: Any, sample_weight: ArrayLike | None = None) -> Self:
        """Find W and b for X (n_samples, n_features), y (n_samples[, n_targets])."""
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse=False if self.solver == "svd" else ["csr", "csc"],
            dtype=FLOATS,
            multi_output=True,
            y_numeric=True,
            target_dtype=np.float64,  # so that no digit of a residual is lost
        )
        self.solver_ = self._chosen_solver(issparse(X))
        weights = None
        if sample_weight is not None:
            weights = check_sample_weight(sample_weight, X)
        A, B, x_mean, y_mean = centre(X, y, weights, self.fit_intercept, self.copy_X)
        B = B.reshape(len(B), -1)
        self.n_iter_ = np.ones(B.shape[1], np.int64)
        W = self._solve(A, B, self._alphas(B.shape[1]))
        self.coef_, self.intercept_ = line_through_means(
            W, x_mean, y_mean, X.dtype, self.fit_intercept
        )
        if W.shape[1] == 1:  # whose intercept stays an array, as in scikit-learn
            self.coef_ = self.coef_.ravel()
        return self

    def _chosen_solver(self, sparse: bool) -> str:
        check_choice("solver", self.solver, SOLVERS, INSTEAD)
        check_positive("tol", self.tol, zero=True)
        if self.max_iter is not None:
            check_whole("max_iter", self.max_iter)
        if self.positive and self.solver not in ("auto", "lbfgs"):
            raise ValueError(
                f"positive=True needs solver 'auto' or 'lbfgs', got {self.solver!r}."
            )
        if self.solver == "lbfgs" and not self.positive:
            raise ValueError("solver 'lbfgs' is for positive=True; use another one.")
        if self.solver != "auto":
            return self.solver
        if self.positive:
            return "lbfgs"
        return "sparse_cg" if sparse else "cholesky"

    def _alphas(self, n_targets: int) -> Array:
        alphas = np.atleast_1d(np.asarray(self.alpha, dtype=np.float64))
        if alphas.shape not in ((1,), (n_targets,)):
            raise ValueError(
                f"alpha must be one number or one for each of {n_targets} targets, "
                f"got shape {alphas.shape}."
            )
        if not (alphas >= 0).all():
            raise ValueError(f"alpha must be at least 0, got {self.alpha!r}.")
        return np.broadcast_to(alphas, (n_targets,))

    def _solve(self, A: Any, B: Array, alphas: Array) -> Array:
        if self.solver_ == "svd":
            return _by_svd(A, B, alphas)
        if self.solver_ == "cholesky":
            try:
                return _by_cholesky(A, B, alphas)
            except LinAlgError:
                self.solver_ = "lsqr" if isinstance(A, LinearOperator) else "svd"
                return self._solve(A, B, alphas)
        return self._each_target(ITERATIONS[self.solver_], A, B, alphas)

    def _each_target(
        self, solve: Callable[..., Any], A: Any, B: Array, alphas: Array
    ) -> Array:
        answers = [
            solve(A, b, alpha, self.tol, self.max_iter)
            for b, alpha in zip(B.T, alphas, strict=True)
        ]
        self.n_iter_ = np.array([n_iter for _, n_iter, _ in answers])
        if not all(done for _, _, done in answers):
            warnings.warn(
                f"solver {self.solver_!r} did not converge in max_iter={self.max_iter}:"
                " allow more, scale the features, or accept a larger tol.",
                ConvergenceWarning,
                stacklevel=4,
            )
        return np.stack([w for w, _, _ in answers], axis=1)

    def predict(self, X: Matrix) -> Array:
        """Predicted targets, shape (n_samples,) or (n_samples, n_targets)."""
        return predict_linear(self, X)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = self.solver != "svd"
        return tags


def _by_svd(A: Array, B: Array, alphas: Array) -> Array:
    U, s, Vt = svd(A, full_matrices=False, check_finite=False)
    s = np.where(s > s.max(initial=0) * np.finfo(s.dtype).eps * max(A.shape), s, 0)
    squares = s[:, None] ** 2 + alphas
    shrunk = np.divide(
        s[:, None], squares, out=np.zeros_like(squares), where=squares > 0
    )
    return Vt.T @ (shrunk * (U.T @ B))


def _by_cholesky(A: Any, B: Array, alphas: Array) -> Array:
    sparse = isinstance(A, LinearOperator)
    if A.shape[1] <= A.shape[0]:
        return _shifted_solve(A.gram() if sparse else A.T @ A, A.T @ B, alphas)
    # (A'A + aI)^-1 A' = A' (AA' + aI)^-1, and the second matrix is the smaller one.
    return A.T @ _shifted_solve(A.outer_gram() if sparse else A @ A.T, B, alphas)


def _shifted_solve(gram: Array, B: Array, alphas: Array) -> Array:
    """Column t of the answer solves (gram + alphas[t] I) w = B[:, t]."""
    solution = np.empty_like(B)
    diagonal = gram.diagonal().copy()
    for alpha in np.unique(alphas):
        columns = alphas == alpha
        np.fill_diagonal(gram, diagonal + alpha)
        factor = cho_factor(gram, check_finite=False)
        least = 10 * len(gram) * np.finfo(gram.dtype).eps
        if (factor[0].diagonal() ** 2 <= least * gram.diagonal()).any():
            raise LinAlgError("Columns depend on each other.")
        solution[:, columns] = cho_solve(factor, B[:, columns], check_finite=False)
    return solution


Answer = tuple[Array, int, bool]  # weights, iterations, converged


def _by_lsqr(A: Any, b: Array, alpha: Any, tol: float, limit: Any) -> Answer:
    answer = lsqr(A, b, damp=np.sqrt(alpha), atol=tol, btol=tol, iter_lim=limit)
    return answer[0], answer[2], answer[1] != 7


def _by_cg(A: Any, b: Array, alpha: Any, tol: float, limit: Any) -> Answer:
    steps: list[Array] = []
    d = A.shape[1]
    normal = LinearOperator((d, d), lambda v: A.T @ (A @ v) + alpha * v, dtype=b.dtype)
    w, rest = cg(normal, A.T @ b, rtol=tol, maxiter=limit, callback=steps.append)
    return w, len(steps), rest == 0


def _by_lbfgs(A: Any, b: Array, alpha: Any, tol: float, limit: Any) -> Answer:
    """In units in which columns and b have length one: ``tol`` is then relative."""
    A, lengths = with_unit_columns(A)
    size = np.linalg.norm(b) or 1.0
    b, ridge = b / size, alpha / lengths**2

    def half_objective(w: Array) -> tuple[float, Array]:
        residual = A @ w - b
        value = 0.5 * (residual @ residual + ridge @ (w * w))
        return float(value), A.T @ residual + ridge * w

    # The library's other stopping rule is off, but for no progress in floating point.
    answer = minimize(
        half_objective,
        np.zeros(A.shape[1]),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0, None)] * A.shape[1],
        options={
            "gtol": tol,
            "ftol": np.finfo(float).eps,
            "maxiter": limit or 15_000,
            "maxfun": np.inf,
        },
    )
    return size * answer.x / lengths, answer.nit, answer.status != 1


ITERATIONS = {"lsqr": _by_lsqr, "sparse_cg": _by_cg, "lbfgs": _by_lbfgs}
