"""Support vector classification with kernels."""

import warnings
from collections.abc import Mapping
from itertools import combinations, pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import issparse
from scipy.sparse import vstack as sparse_vstack
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from lookalike._checks import (
    check_choice,
    check_number,
    check_positive,
    check_sample_weight,
)
from lookalike._typing import Array, Floats, Ints
from lookalike._validation import validate_data
from lookalike.learn._linear import FLOATS, Matrix, weight_of_classes
from lookalike.learn._smo import Solution, solve_with_cache, solve_with_matrix
from lookalike.learn._svm_kernels import NAMES, Kernel

MEGABYTE = 2**20
MOST_STEPS = 10_000_000  # for a pair of classes, unless max_iter says
_FITTED = ("support", "support_vectors", "n_support", "dual_coef", "intercept")
VALUES_TOGETHER = 2**23  # kernel values held at a time in prediction


class SVC(ClassifierMixin, BaseEstimator):
    r"""Separate classes by the widest margin in the space of a kernel.

    For two classes with signs :math:`y_i = \pm 1` and a kernel K, the dual variables
    solve

    .. math:: \min_\alpha \tfrac12 \sum_{ij} \alpha_i \alpha_j y_i y_j K(x_i, x_j)
              - \sum_i \alpha_i, \quad 0 \le \alpha_i \le C s_i, \quad
              \sum_i y_i \alpha_i = 0

    and the score of x is :math:`\sum_i y_i \alpha_i K(x_i, x) + b`. Only support
    vectors, which have :math:`\alpha_i > 0`, matter. More classes are one such
    machine for each pair of them, and the class that wins most pairs is predicted.

    Parameters
    ----------
    C : float, default=1.0
        Cost of a row inside the margin; ``np.inf`` is the hard margin, for classes
        that can be separated.
    kernel : {'linear', 'poly', 'rbf', 'sigmoid', 'precomputed'} or callable, \
default='rbf'
        :math:`x'z`; :math:`(\gamma x'z + c_0)^d`; :math:`e^{-\gamma \lVert x - z
        \rVert^2}`; :math:`\tanh(\gamma x'z + c_0)`; X holds the values themselves, of
        rows with the rows of ``fit``; or a function that takes two blocks of rows and
        gives their values, of shape (n_a, n_b).
    degree : int, default=3
        d of 'poly'.
    gamma : {'scale', 'auto'} or float, default='scale'
        'scale' is 1 / (n_features * X.var()), 'auto' is 1 / n_features.
    coef0 : float, default=0.0
        c_0 of 'poly' and 'sigmoid'.
    shrinking : bool, default=True
        Accepted for compatibility with scikit-learn: steps are so cheap that leaving
        rows out saves no time.
    probability : bool, default='deprecated'
        True is refused: ``sklearn.calibration.CalibratedClassifierCV`` around this
        classifier gives probabilities.
    tol : float, default=1e-3
        How far the optimality conditions may be from holding.
    cache_size : float, default=200
        Megabytes for kernel values. Where those of two classes do not fit, rows are
        computed as they are needed.
    class_weight : dict or 'balanced', default=None
        Factor of C for the rows of each class.
    verbose : bool, default=False
        Whether ``fit`` prints the steps of each pair of classes.
    max_iter : int, default=-1
        Most steps for each pair of classes; -1 is ten million, as in libsvm, or a
        hundred for each sample where that is more. A kernel that is no inner product
        may have no optimum to reach.
    decision_function_shape : {'ovr', 'ovo'}, default='ovr'
        Scores of more than two classes: one for each class, or one for each pair.
    break_ties : bool, default=False
        Whether ties in the number of pairs won are broken by the 'ovr' scores rather
        than by the order of the classes.
    random_state : int, RandomState instance or None, default=None
        Accepted for compatibility with scikit-learn; nothing is random.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels seen in ``fit``, sorted.
    class_weight_ : ndarray of shape (n_classes,)
        Factor of C for each class.
    support_ : ndarray of shape (n_SV,)
        Rows of the support vectors, class by class.
    support_vectors_ : ndarray or sparse matrix of shape (n_SV, n_features)
        These rows; empty for 'precomputed'.
    n_support_ : ndarray of shape (n_classes,)
        How many belong to each class.
    dual_coef_ : ndarray of shape (n_classes - 1, n_SV)
        :math:`y_i \alpha_i` of each support vector in the machines against the other
        classes, in their order.
    intercept_ : ndarray of shape (n_classes * (n_classes - 1) / 2,)
        b of each pair (0, 1), (0, 2), ..., (1, 2), ...
    coef_ : ndarray of shape (n_pairs, n_features)
        Weights of the linear kernel.
    fit_status_ : int
        0 if every machine converged, 1 if not.
    n_iter_ : ndarray of shape (n_pairs,)
        Steps made.
    shape_fit_ : tuple of int
        Shape of X in ``fit``.
    n_features_in_ : int
        Features seen in ``fit``.

    Notes
    -----
    Kernel values are products of matrices, kept in single precision; those of a class
    with itself are computed once for all its pairs. Each step of sequential minimal
    optimisation [1]_ solves for the two variables of largest predicted decrease [2]_.
    Time is O(n**2 * n_features) for the kernel and O(n) a step, of which there are some
    n, for the n rows of a pair. X may be sparse; float32 data have their kernel in
    float32. Dense rows of the linear kernel are centred first, so that columns far from
    zero cost no digits, and predictions are by ``coef_``. Signs are scikit-learn's: for
    two classes positive is ``classes_[1]``, for a pair of more it is the first.

    References
    ----------
    .. [1] Platt (1998). "Sequential minimal optimization: a fast algorithm for training
       support vector machines". Microsoft Research MSR-TR-98-14.
    .. [2] Fan, Chen and Lin (2005). "Working set selection using second order
       information for training support vector machines". JMLR 6.   (WSS 2)

    Examples
    --------
    >>> from lookalike.learn import SVC
    >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    >>> model = SVC(C=10, gamma=1.0).fit(X, y)
    >>> model.predict([[0.1, 0.2], [0.9, 0.1]])
    array([0, 1])
    >>> print(model.dual_coef_.round(3))
    [[-2.502 -2.502  2.502  2.502]]
    """

    classes_: Array
    class_weight_: Floats
    support_: Ints
    support_vectors_: Matrix
    n_support_: Ints
    dual_coef_: Array
    intercept_: Array
    fit_status_: int
    n_iter_: Ints
    shape_fit_: tuple[int, ...]

    def __init__(
        self,
        *,
        C: float = 1.0,
        kernel: Any = "rbf",
        degree: int = 3,
        gamma: Any = "scale",
        coef0: float = 0.0,
        shrinking: bool = True,
        probability: bool | str = "deprecated",
        tol: float = 1e-3,
        cache_size: float = 200,
        class_weight: Any = None,
        verbose: bool = False,
        max_iter: int = -1,
        decision_function_shape: str = "ovr",
        break_ties: bool = False,
        random_state: Any = None,
    ) -> None:
        self.C = C
        self.kernel = kernel
        self.degree = degree
        self.gamma = gamma
        self.coef0 = coef0
        self.shrinking = shrinking
        self.probability = probability
        self.tol = tol
        self.cache_size = cache_size
        self.class_weight = class_weight
        self.verbose = verbose
        self.max_iter = max_iter
        self.decision_function_shape = decision_function_shape
        self.break_ties = break_ties
        self.random_state = random_state

    def fit(self, X: Matrix, y: Any, sample_weight: ArrayLike | None = None) -> Self:
        """Find the support vectors among X (n_samples, n_features), labels y."""
        self._check_parameters()
        X, y = self._validate(X, y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        weights = check_sample_weight(sample_weight, X)
        self.class_weight_ = weight_of_classes(
            self.class_weight, self.classes_, labels, np.ones_like(weights)
        )
        costs = self.C * self.class_weight_[labels] * weights
        members = [
            np.flatnonzero((labels == c) & (costs > 0))
            for c in range(len(self.classes_))
        ]
        n_left = sum(len(rows) > 0 for rows in members)
        if n_left < 2 or n_left < len(members):
            raise ValueError(
                "SVC needs rows of positive weight in at least 2 classes, and in each "
                f"class of y, got them in {n_left} class(es) of {len(members)}."
            )
        self._kernel = Kernel(self.kernel, self._gamma(X), self.coef0, self.degree)
        if self.kernel == "linear" and not issparse(X):
            # The margin does not depend on where zero lies, but single precision does.
            # Rows of weight two are rows repeated, to the last bit: no mean of them.
            rows = X[np.concatenate(members)].astype(np.float64)
            middle = (rows.min(axis=0) + rows.max(axis=0)) / 2
            near = (X - middle).astype(X.dtype, copy=False)
            self._store(X, members, self._solve_pairs(near, members, costs))
            offset = self._slopes() @ middle
            self.intercept_ = (self.intercept_ - offset).astype(X.dtype)
        else:
            self._store(X, members, self._solve_pairs(X, members, costs))
        if self.fit_status_:
            warnings.warn(
                f"SVC did not converge in max_iter={self.max_iter} steps: allow more, "
                "or scale the features."
                if self.max_iter != -1
                else f"SVC did not converge in {MOST_STEPS:,} steps: scale the "
                "features; a kernel of one's own must be an inner product.",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

    def arrays(self) -> dict[str, Array]:
        """Everything that prediction needs, by name; nothing is pickled.

        Raises
        ------
        ValueError
            If the kernel is a function, or the support vectors are sparse.
        """
        check_is_fitted(self)
        if callable(self.kernel) or issparse(self.support_vectors_):
            raise ValueError(
                "Only a machine with a named kernel and dense support vectors can be "
                "given as arrays."
            )
        numbers = [self.C, self._kernel.gamma, self.coef0, self.degree, self.break_ties]
        return {
            "names": np.array([self.kernel, self.decision_function_shape]),
            "numbers": np.array(numbers, np.float64),
            "classes": self.classes_,
            "shape_fit": np.array(self.shape_fit_, np.int64),
            **{name: getattr(self, f"{name}_") for name in _FITTED},
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """The machine whose ``arrays`` these are: it predicts the same.

        Parameters that only training uses have their defaults, but for C.

        Raises
        ------
        ValueError
            If the arrays do not belong together.
        """
        kernel, shape = np.asarray(arrays["names"]).tolist()
        C, gamma, coef0, degree, ties = np.asarray(arrays["numbers"]).tolist()
        model = cls(
            C=C,
            kernel=kernel,
            degree=int(degree) if degree == int(degree) else degree,
            gamma=gamma,
            coef0=coef0,
            decision_function_shape=shape,
            break_ties=bool(ties),
        )
        model._check_parameters()
        model.classes_ = np.array(arrays["classes"])
        for name in _FITTED:
            setattr(model, f"{name}_", np.array(arrays[name]))
        n, n_vectors = len(model.classes_), int(model.n_support_.sum())
        vectors = model.support_vectors_
        precomputed = kernel == "precomputed"
        if (
            model.n_support_.shape != (n,)
            or model.support_.shape != (n_vectors,)
            or model.dual_coef_.shape != (n - 1, n_vectors)
            or model.intercept_.shape != (n * (n - 1) // 2,)
            or vectors.ndim != 2
            or (len(vectors) != n_vectors and not precomputed)
        ):
            raise ValueError("the support vectors and their weights do not fit.")
        model.shape_fit_ = tuple(np.array(arrays["shape_fit"]).tolist())
        model.n_features_in_ = model.shape_fit_[1]
        if not precomputed and vectors.shape[1] != model.n_features_in_:
            raise ValueError("the support vectors and the features do not fit.")
        model._kernel = Kernel(kernel, gamma, coef0, model.degree)
        return model

    def _validate(self, X: Matrix, y: Any) -> tuple[Matrix, Array]:
        accept: Any = "csr" if self.kernel != "precomputed" else False
        X, y = validate_data(self, X, y, accept_sparse=accept, dtype=FLOATS, order="C")
        check_classification_targets(y)
        if self.kernel == "precomputed" and X.shape[0] != X.shape[1]:
            raise ValueError(
                "A precomputed kernel must be square, rows with rows, got shape "
                f"{X.shape}."
            )
        self.shape_fit_ = X.shape
        return X, y

    def _check_parameters(self) -> None:
        check_choice("probability", self.probability, ("deprecated", False, True))
        if self.probability not in ("deprecated", False):
            raise ValueError(
                "probability=True is not offered: use "
                "sklearn.calibration.CalibratedClassifierCV(SVC(), ensemble=False) "
                "instead."
            )
        check_positive("C", self.C)
        check_positive("tol", self.tol)
        check_positive("cache_size", self.cache_size)
        check_positive("degree", self.degree, zero=True)
        check_number("coef0", self.coef0)
        if not callable(self.kernel):
            check_choice("kernel", self.kernel, NAMES)
        if isinstance(self.gamma, str):
            check_choice("gamma", self.gamma, ("scale", "auto"))
        else:
            check_positive("gamma", self.gamma, zero=True)
        check_choice(
            "decision_function_shape", self.decision_function_shape, ("ovr", "ovo")
        )
        if not isinstance(self.max_iter, int) or self.max_iter < -1:
            raise ValueError(
                f"max_iter must be -1 or a whole number, got {self.max_iter!r}."
            )

    def _gamma(self, X: Matrix) -> float:
        if not isinstance(self.gamma, str):
            return float(self.gamma)
        spread = 1.0
        if self.gamma == "scale":
            if issparse(X):
                entries, size = X.data.astype(np.float64), X.shape[0] * X.shape[1]
                spread = entries @ entries / size - (entries.sum() / size) ** 2
            else:
                spread = X.var(dtype=np.float64)
        return float(1 / (X.shape[1] * spread)) if spread > 0 else 1.0

    def _solve_pairs(
        self, X: Matrix, members: list[Ints], costs: Floats
    ) -> list[Solution]:
        room = self.cache_size * MEGABYTE
        shared = 4 * sum(len(rows) ** 2 for rows in members) <= room
        own = [self._values(X, rows, rows) for rows in members] if shared else []
        solutions = []
        for a, b in combinations(range(len(members)), 2):
            rows = np.concatenate([members[a], members[b]])
            limit = self.max_iter
            if limit == -1:
                limit = max(MOST_STEPS, 100 * len(rows))
            signs = np.repeat([1.0, -1.0], [len(members[a]), len(members[b])])
            rest = signs, costs[rows], self.tol, limit
            if self.kernel != "precomputed" and 4 * len(rows) ** 2 > room:
                solution = solve_with_cache(self._kernel, X[rows], *rest, room)
            elif shared:
                cross = self._values(X, members[a], members[b])
                K = np.block([[own[a], cross], [cross.T, own[b]]])
                solution = solve_with_matrix(K, *rest)
            else:
                solution = solve_with_matrix(self._values(X, rows, rows), *rest)
            solutions.append(solution)
            if self.verbose:
                ended = "converged" if solution.converged else "stopped"
                pair = f"{self.classes_[a]} and {self.classes_[b]}"
                print(f"classes {pair}: {ended} after {solution.n_iter} steps")
        return solutions

    def _values(self, X: Matrix, rows: Ints, others: Ints) -> Array:
        if self.kernel == "precomputed":
            values = X[np.ix_(rows, others)]
        else:
            values = self._kernel(X[rows], X[others])
        with np.errstate(over="ignore"):
            values = values.astype(np.float32, copy=False)
        if not np.isfinite(values).all():
            raise ValueError(
                "The kernel has values that are not finite in single precision."
            )
        return values

    def _store(self, X: Matrix, members: list[Ints], solutions: list[Solution]) -> None:
        """Store the solutions, support vectors class by class."""
        n_classes = len(members)
        coefs = [np.zeros((n_classes - 1, len(rows))) for rows in members]
        pairs = combinations(range(n_classes), 2)
        for (a, b), solution in zip(pairs, solutions, strict=True):
            n_first = len(members[a])
            coefs[a][b - 1] = solution.alpha[:n_first]
            coefs[b][a] = -solution.alpha[n_first:]
        used = [np.flatnonzero(coef.any(axis=0)) for coef in coefs]
        self.n_support_ = np.array([len(u) for u in used], np.int32)
        self.support_ = np.concatenate(
            [rows[u] for rows, u in zip(members, used, strict=True)]
        ).astype(np.int32)
        dual_coef = np.hstack([c[:, u] for c, u in zip(coefs, used, strict=True)])
        # Positive is the first class of a pair, but the second of two.
        sign = -1 if n_classes == 2 else 1
        self.dual_coef_ = (sign * dual_coef).astype(X.dtype)
        intercepts = np.array([solution.intercept for solution in solutions])
        self.intercept_ = (sign * intercepts).astype(X.dtype)
        none = np.empty((0, 0), X.dtype)
        precomputed = self.kernel == "precomputed"
        self.support_vectors_ = none if precomputed else X[self.support_]
        self.n_iter_ = np.array([solution.n_iter for solution in solutions])
        self.fit_status_ = int(not all(solution.converged for solution in solutions))

    @property
    def coef_(self) -> Array:
        """Weights of the linear kernel, one row a pair of classes."""
        if self.kernel != "linear":
            raise AttributeError("coef_ is only there for kernel='linear'.")
        check_is_fitted(self)
        return self._slopes().astype(self.dual_coef_.dtype)

    def _slopes(self) -> Any:
        """``coef_`` in double precision."""
        vectors = self.support_vectors_
        if not issparse(vectors):  # their weights add up to zero, but for rounding
            vectors = vectors - vectors.mean(axis=0, dtype=np.float64)
        ends = np.append(0, np.cumsum(self.n_support_))
        of_class = [self.dual_coef_[:, a:b] @ vectors[a:b] for a, b in pairwise(ends)]
        rows = [of_class[a][b - 1] + of_class[b][a] for a, b in self._pairs()]
        return sparse_vstack(rows) if issparse(rows[0]) else np.stack(rows)

    def _pairs(self) -> list[tuple[int, int]]:
        return list(combinations(range(len(self.classes_)), 2))

    def decision_function(self, X: Matrix) -> Array:
        """Scores: (n_samples,) for two classes, else as decision_function_shape says.

        For 'ovr' a class's score is the number of pairs it wins, plus less than a half
        that grows with their scores.
        """
        scores = self._pair_scores(X)
        if len(self.classes_) == 2:
            return scores[:, 0]
        if self.decision_function_shape == "ovo":
            return scores
        wins, lead = self._wins(scores)
        return wins + lead / (3 * (np.abs(lead) + 1))

    def predict(self, X: Matrix) -> Array:
        """Class that wins most pairs, shape (n_samples,)."""
        check_is_fitted(self)
        if self.break_ties and self.decision_function_shape == "ovo":
            raise ValueError("break_ties needs decision_function_shape='ovr'.")
        if len(self.classes_) == 2:
            return self.classes_[(self._pair_scores(X)[:, 0] > 0).astype(int)]
        if self.break_ties:
            return self.classes_[self.decision_function(X).argmax(axis=1)]
        return self.classes_[self._wins(self._pair_scores(X))[0].argmax(axis=1)]

    def _wins(self, scores: Array) -> tuple[Array, Array]:
        """Pairs each class wins, and the sum of its scores in all its pairs."""
        wins = np.zeros((len(scores), len(self.classes_)), scores.dtype)
        lead = np.zeros_like(wins)
        for score, (a, b) in zip(scores.T, self._pairs(), strict=True):
            first = score > 0
            wins[:, a] += first
            wins[:, b] += ~first
            lead[:, a] += score
            lead[:, b] -= score
        return wins, lead

    def _pair_scores(self, X: Matrix) -> Array:
        """Scores of the pairs, shape (n_samples, n_pairs)."""
        check_is_fitted(self)
        precomputed = self.kernel == "precomputed"
        accept: Any = False if precomputed else "csr"
        X = validate_data(
            self, X, accept_sparse=accept, dtype=FLOATS, order="C", reset=False
        )
        if self.kernel == "linear":
            product = safe_sparse_dot(X, self.coef_.T, dense_output=True)
            return product + self.intercept_
        together = max(1, VALUES_TOGETHER // max(1, len(self.support_)))
        blocks = []
        for start in range(0, X.shape[0], together):
            rows = X[start : start + together]
            if precomputed:
                values = rows[:, self.support_]
            else:
                values = self._kernel(rows, self.support_vectors_)
            blocks.append(self._combine(values))
        return np.concatenate(blocks)

    def _combine(self, values: Array) -> Array:
        """Scores of the pairs from kernel values with the support vectors."""
        ends = np.append(0, np.cumsum(self.n_support_))
        of_class = [
            values[:, a:b] @ self.dual_coef_[:, a:b].T for a, b in pairwise(ends)
        ]
        columns = [of_class[a][:, b - 1] + of_class[b][:, a] for a, b in self._pairs()]
        return np.stack(columns, axis=1) + self.intercept_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = self.kernel != "precomputed"
        tags.input_tags.pairwise = self.kernel == "precomputed"
        return tags
