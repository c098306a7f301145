"""Logistic regression: classes by the probability of a linear score."""

import warnings
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, log_expit, log_softmax, softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from lookalike._checks import (
    check_choice,
    check_learned,
    check_positive,
    check_sample_weight,
    check_whole,
)
from lookalike._typing import Array, Floats
from lookalike.learn import _logistic_solvers as solvers
from lookalike.learn._curvature import score_curvature
from lookalike.learn._linear import (
    LinearClassifier,
    Matrix,
    check_same_classes,
    positions,
    weight_of_classes,
)
from lookalike.learn._logistic import LogisticObjective

SMOOTH = ("lbfgs", "newton-cholesky", "newton-cg")
SOLVERS = (*SMOOTH, "saga", "gd", "sgd")
MULTI_CLASS = ("multinomial", "ovr")
INSTEAD = {"liblinear": "'newton-cholesky' or 'saga'", "sag": "'saga'"}
PENALTIES = ("deprecated", None, "l2", "l1", "elasticnet")


class LogisticRegression(LinearClassifier):
    r"""Classify by linear scores turned into probabilities.

    For two classes :math:`p(y = 1 | x) = 1 / (1 + e^{-(w' x + b)})`; for more,
    :math:`p(y = k | x) = e^{w_k' x + b_k} / \sum_l e^{w_l' x + b_l}`. Fitting minimises

    .. math:: C \sum_i s_i \left(-\log p(y_i | x_i)\right)
              + \frac{1 - \rho}{2} \lVert W \rVert^2 + \rho \lVert W \rVert_1

    with :math:`\rho` the ``l1_ratio`` and :math:`s_i` the sample weights. The
    intercepts b are not penalised.

    Parameters
    ----------
    penalty : {'l2', 'l1', 'elasticnet', None}, default='deprecated'
        The older way to say it, as in scikit-learn: 'l2' and 'l1' are ``l1_ratio`` 0
        and 1, None is ``C=np.inf``, 'elasticnet' takes ``l1_ratio`` as it is. The
        default leaves both parameters to say it.
    C : float, default=1.0
        Weight of the data against the penalty; ``np.inf`` is no penalty.
    l1_ratio : float, default=0.0
        Share of the L1 penalty, from 0 (all L2) to 1 (all L1); None is 0.
    dual : bool, default=False
        Only the primal is solved; True is refused.
    tol : float, default=1e-4
        When to stop: for 'saga', when no weight changes by more than this share of the
        largest in a pass; for 'sgd', when five passes improve the mean loss by less;
        else, when no slope of the mean loss is larger.
    fit_intercept : bool, default=True
        Whether to fit b; otherwise it is zero.
    intercept_scaling : float, default=1
        Accepted for compatibility with scikit-learn: the intercept is not penalised,
        so there is nothing to scale.
    class_weight : dict or 'balanced', default=None
        Factor of the weights of each class; 'balanced' makes all classes weigh alike.
    random_state : int, RandomState instance or None, default=None
        Order of the rows in 'saga' and 'sgd'; nothing else is random.
    solver : str, default='lbfgs'
        Solver:

        - 'lbfgs': quasi-Newton in whitened coordinates; usually the fastest;
        - 'newton-cholesky': Newton by the whole Hessian of (n_features * n_columns)
          squared numbers; the fastest to a precise solution where that is small;
        - 'newton-cg': Newton by products with the Hessian; wide and sparse data;
        - 'saga': a row at a time [1]_; any penalty;
        - 'gd': full-batch gradient descent; any penalty;
        - 'sgd': gradient descent over batches of ``batch_size`` rows; any penalty.

        The first three need ``l1_ratio=0``.
    max_iter : int, default=100
        Most iterations; for 'saga' and 'sgd', passes over the data.
    verbose : int, default=0
        Above 0, ``fit`` prints the objective after each iteration.
    warm_start : bool, default=False
        Whether ``fit`` starts from the last solution instead of zero.
    n_jobs : int, default=None
        Accepted for compatibility with scikit-learn; it means speed only.
    multi_class : {'multinomial', 'ovr'}, default='multinomial'
        More than two classes: one model of all, or each class against the rest.
    learning_rate : float, default=None
        Step of 'gd', 'sgd' and ``partial_fit``. None takes the largest that is safe
        for the data, the inverse of the loss's largest curvature.
    batch_size : int, default=256
        Rows a step of 'sgd' and ``partial_fit``.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels seen in ``fit``, sorted.
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Weights; one row for two classes, that of ``classes_[1]``.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        b.
    n_iter_ : ndarray of shape (1,) or (n_classes,)
        Iterations made; one for each class with 'ovr'.
    loss_curve_ : list of float
        Objective after each iteration, divided by C times the total weight: the mean
        loss and the penalty on its scale. A list of such lists with 'ovr'.
    n_features_in_ : int
        Features seen in ``fit``.

    Notes
    -----
    Only :math:`e^{-|z|}` is ever formed, so scores of any size give probabilities and
    losses without overflow, and ``predict_log_proba`` stays finite where a
    probability underflows to zero. Time is O(n_samples * n_features * n_classes) an
    iteration. Whitening ('lbfgs', dense X with more rows than features) costs a
    Cholesky factor of the features' covariance once and saves most iterations. X may
    be sparse; float32 stays float32. scikit-learn's 'liblinear' and 'sag' are refused
    with the solver to use instead.

    References
    ----------
    .. [1] Defazio, Bach and Lacoste-Julien (2014). "SAGA: a fast incremental gradient
       method with support for non-strongly convex composite objectives". NIPS.
    .. [2] Liu and Nocedal (1989). "On the limited memory BFGS method for large scale
       optimization". Mathematical Programming 45.

    Examples
    --------
    >>> from lookalike.learn import LogisticRegression
    >>> model = LogisticRegression(C=10).fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])
    >>> print(model.predict_proba([[1.5], [3.0]]).round(2))
    [[0.5  0.5 ]
     [0.02 0.98]]
    >>> print(model.predict_log_proba([[1001.5]]).round())
    [[-2650.     0.]]
    """

    n_iter_: Array
    loss_curve_: Any

    def __init__(
        self,
        penalty: str | None = "deprecated",
        *,
        C: float = 1.0,
        l1_ratio: float | None = 0.0,
        dual: bool = False,
        tol: float = 1e-4,
        fit_intercept: bool = True,
        intercept_scaling: float = 1,
        class_weight: Any = None,
        random_state: Any = None,
        solver: str = "lbfgs",
        max_iter: int = 100,
        verbose: int = 0,
        warm_start: bool = False,
        n_jobs: int | None = None,
        multi_class: str = "multinomial",
        learning_rate: float | None = None,
        batch_size: int = 256,
    ) -> None:
        self.penalty = penalty
        self.C = C
        self.l1_ratio = l1_ratio
        self.dual = dual
        self.tol = tol
        self.fit_intercept = fit_intercept
        self.intercept_scaling = intercept_scaling
        self.class_weight = class_weight
        self.random_state = random_state
        self.solver = solver
        self.max_iter = max_iter
        self.verbose = verbose
        self.warm_start = warm_start
        self.n_jobs = n_jobs
        self.multi_class = multi_class
        self.learning_rate = learning_rate
        self.batch_size = batch_size

    def fit(self, X: Matrix, y: Any, sample_weight: ArrayLike | None = None) -> Self:
        """Find W and b for X (n_samples, n_features) and labels y (n_samples,)."""
        self._check_parameters()
        X, y = self._validate(X, y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        start = self._point() if self.warm_start and hasattr(self, "coef_") else None
        answers = [
            self._descend(objective, None if start is None else start[:, columns])
            for columns, objective in self._problems(X, labels, sample_weight)
        ]
        self._store([point for point, _, _ in answers], X.dtype)
        curves = [curve for _, curve, _ in answers]
        self.n_iter_ = np.array([len(curve) for curve in curves])
        self.loss_curve_ = curves[0] if len(curves) == 1 else curves
        if self.verbose:
            self._print_curves(curves)
        if self.tol > 0 and not all(done for _, _, done in answers):
            warnings.warn(
                f"solver {self.solver!r} did not converge in max_iter={self.max_iter}: "
                "allow more, scale the features, or accept a larger tol.",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

    def partial_fit(
        self,
        X: Matrix,
        y: Any,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Make one pass of mini-batch steps over these rows, continuing the last one.

        The first call needs ``classes``, all labels of all calls. The penalty is that
        of a fit to these rows alone.
        """
        self._check_parameters()
        first = not hasattr(self, "coef_")
        if first and classes is None:
            raise ValueError("The first call of partial_fit needs classes.")
        if not first:
            check_same_classes(classes, self.classes_)
        X, y = self._validate(X, y, reset=first)
        if first:
            self.classes_: Array = np.unique(np.asarray(classes))
            self.n_iter_, self.loss_curve_ = np.array([0]), []
        if not hasattr(self, "_rng"):
            self._rng = check_random_state(self.random_state)
        labels = positions(y, self.classes_)
        points = []
        for columns, objective in self._problems(X, labels, sample_weight):
            point = objective.start() if first else self._point()[:, columns]
            rate = self._rate(objective)
            points.append(
                solvers.one_pass(objective, point, rate, self.batch_size, self._rng)
            )
        self._store(points, X.dtype)
        self.n_iter_ = self.n_iter_ + 1
        return self

    def _check_parameters(self) -> None:
        check_positive("C", self.C)
        check_choice("penalty", self.penalty, PENALTIES)
        check_choice("dual", self.dual, (False, True))
        if self.dual:
            raise ValueError(
                "dual=True is not offered: use dual=False instead, which has the same "
                "solution."
            )
        if self.l1_ratio is not None:
            check_positive("l1_ratio", self.l1_ratio, zero=True)
        _, l1_ratio = self._penalty()
        if l1_ratio > 1:
            raise ValueError(f"l1_ratio must be in [0, 1], got {self.l1_ratio!r}.")
        check_positive("intercept_scaling", self.intercept_scaling)
        check_positive("tol", self.tol, zero=True)
        check_choice("solver", self.solver, SOLVERS, INSTEAD)
        if l1_ratio > 0 and self.solver in SMOOTH:
            raise ValueError(
                f"solver {self.solver!r} needs l1_ratio=0, got {l1_ratio!r}; use "
                "'saga', 'gd' or 'sgd' instead."
            )
        check_choice("multi_class", self.multi_class, MULTI_CLASS)
        check_whole("max_iter", self.max_iter)
        check_whole("batch_size", self.batch_size)
        if self.learning_rate is not None:
            check_positive("learning_rate", self.learning_rate)

    def _penalty(self) -> tuple[float, float]:
        """C and share of L1 that ``penalty``, ``C`` and ``l1_ratio`` say together."""
        C = np.inf if self.penalty is None else self.C
        shares = {None: 0.0, "l2": 0.0, "l1": 1.0}
        return C, shares.get(self.penalty, self.l1_ratio or 0.0)

    def _print_curves(self, curves: list[list[float]]) -> None:
        for k, curve in enumerate(curves):
            problem = "" if len(curves) == 1 else f"class {self.classes_[k]}: "
            for step, loss in enumerate(curve, start=1):
                print(f"{problem}iteration {step}: objective {loss:.6g}")

    def _problems(self, X: Matrix, labels: Array, sample_weight: Any) -> list[Any]:
        """Objectives to minimise, each with the columns of the solution."""
        n_classes = len(self.classes_)
        if n_classes < 2:
            raise ValueError(
                f"LogisticRegression needs at least 2 classes, got {n_classes} class."
            )
        weights = check_sample_weight(sample_weight, X)
        factors = weight_of_classes(self.class_weight, self.classes_, labels, weights)
        weights = weights * factors.astype(X.dtype)[labels]
        if n_classes == 2 or self.multi_class == "multinomial":
            n_columns = 1 if n_classes == 2 else n_classes
            return [(slice(None), self._objective(X, labels, weights, n_columns))]
        return [
            ([c], self._objective(X, (labels == c).astype(np.int64), weights, 1))
            for c in range(n_classes)
        ]

    def _objective(
        self, X: Matrix, labels: Array, weights: Array, n_columns: int
    ) -> LogisticObjective:
        C, l1_ratio = self._penalty()
        scale = 1 / (C * float(weights.sum(dtype=np.float64)))
        ridge, lasso = (1 - l1_ratio) * scale, l1_ratio * scale
        return LogisticObjective(
            X, labels, weights, n_columns, self.fit_intercept, ridge, lasso
        )

    def _descend(
        self, objective: LogisticObjective, start: Floats | None
    ) -> solvers.Answer:
        if start is None or start.shape != objective.start().shape:
            start = objective.start()
        shared = objective, start, self.tol, self.max_iter
        rng = check_random_state(self.random_state)
        with np.errstate(over="ignore", invalid="ignore"):
            if self.solver == "lbfgs":
                return solvers.solve_lbfgs(*shared)
            if self.solver == "newton-cholesky":
                return solvers.solve_newton(*shared, solvers.by_cholesky)
            if self.solver == "newton-cg":
                return solvers.solve_newton(*shared, solvers.by_conjugate_gradients)
            if self.solver == "saga":
                return solvers.solve_saga(*shared, rng)
            rate = self._rate(objective)
            if self.solver == "gd":
                return solvers.solve_descent(*shared, rate)
            return solvers.solve_batches(*shared, rate, self.batch_size, rng)

    def _rate(self, objective: LogisticObjective) -> float:
        if self.learning_rate is not None:
            return self.learning_rate
        batch = None if self.solver == "gd" else self.batch_size
        spread = score_curvature(
            objective.X, objective.weights, objective.fit_intercept, batch
        )
        curvature = objective.curvature * spread + objective.ridge
        return 1 / curvature if curvature > 0 else 1.0

    def _point(self) -> Floats:
        rows = [self.coef_.T, self.intercept_[None]]
        return np.vstack(rows[: 1 + self.fit_intercept]).astype(np.float64)

    def _store(self, points: list[Floats], dtype: Any) -> None:
        point = np.hstack(points).astype(dtype)
        check_learned(point)
        d = self.n_features_in_
        self.coef_: Array = np.ascontiguousarray(point[:d].T)
        self.intercept_: Array = (
            point[d] if self.fit_intercept else np.zeros_like(point[0])
        )

    def predict_proba(self, X: Matrix) -> Array:
        """Probability of each class, shape (n_samples, n_classes); rows sum to one."""
        scores = self.decision_function(X)
        if scores.ndim == 1:
            return np.stack([expit(-scores), expit(scores)], axis=1)
        if self.multi_class == "multinomial":
            return softmax(scores, axis=1)
        return np.exp(self._log_shares(scores))

    def predict_log_proba(self, X: Matrix) -> Array:
        """Logarithm of ``predict_proba``, finite where that underflows to zero."""
        scores = self.decision_function(X)
        if scores.ndim == 1:
            return np.stack([log_expit(-scores), log_expit(scores)], axis=1)
        if self.multi_class == "multinomial":
            return log_softmax(scores, axis=1)
        return self._log_shares(scores)

    @staticmethod
    def _log_shares(scores: Array) -> Array:
        """Logarithm of each class's own probability, normalised to sum to one."""
        return log_softmax(log_expit(scores), axis=1)
