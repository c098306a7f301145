"""The perceptron: a linear classifier updated on its errors only."""

import warnings
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import issparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.utils import check_random_state

from lookalike._checks import (
    check_choice,
    check_positive,
    check_sample_weight,
    check_whole,
)
from lookalike._parallel import run_slices
from lookalike._typing import Array
from lookalike.kernels.perceptron import dense_pass, sparse_pass
from lookalike.learn._linear import (
    LinearClassifier,
    Matrix,
    check_same_classes,
    positions,
    weight_of_classes,
)

PENALTIES = (None, "l2", "l1", "elasticnet")
TOGETHER = 16  # problems that one pass over the rows serves


class Perceptron(LinearClassifier):
    r"""Separate classes by a hyperplane that is updated at each misclassified row.

    For two classes with signs :math:`y_i = \pm 1`, rows are visited one by one and

    .. math:: y_i (w' x_i + b) \le 0 \implies w \leftarrow w + \eta\, y_i x_i, \quad
              b \leftarrow b + \eta\, y_i

    until passes no longer improve. More classes are one such problem each, that
    class against the rest; the highest score wins.

    Parameters
    ----------
    penalty : {None, 'l2', 'l1', 'elasticnet'}, default=None
        Shrinkage of the weights at each row, by ``eta0 * alpha``: in proportion to
        their size, by a constant, or both.
    alpha : float, default=0.0001
        Strength of the penalty.
    l1_ratio : float, default=0.15
        Share of the L1 part of 'elasticnet', from 0 to 1.
    fit_intercept : bool, default=True
        Whether to fit b; otherwise it is zero.
    max_iter : int, default=1000
        Most passes over the data.
    tol : float or None, default=1e-3
        A pass improves when the mean of max(0, -y score) plus the penalty falls below
        its best by more than this. None makes ``max_iter`` passes.
    shuffle : bool, default=True
        Whether to draw a new order of rows for each pass.
    verbose : int, default=0
        Above 0, the corrections of each pass are printed.
    eta0 : float, default=1.0
        Length of a step. Without a penalty it only scales the solution.
    n_jobs : int, default=None
        Threads for more than 16 classes. None is one, -1 as many as processors.
    random_state : int, RandomState instance or None, default=0
        Source of the order of rows and of the held-out rows.
    early_stopping : bool, default=False
        Whether a pass improves only when the accuracy on held-out rows rises by more
        than ``tol``.
    validation_fraction : float, default=0.1
        Share of the rows that are held_out out for ``early_stopping``.
    n_iter_no_change : int, default=5
        Consecutive passes without improvement after which a problem stops.
    class_weight : dict or 'balanced', default=None
        Factor of the steps towards rows of each class.
    warm_start : bool, default=False
        Whether ``fit`` starts from the last solution instead of zero.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels seen in ``fit``, sorted.
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Weights; one row for two classes, positive towards ``classes_[1]``.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        b.
    errors_ : list of int, or list of such lists
        Rows on the wrong side when visited, in each pass; zero once a pass separates
        the data. One list for each class where there are more than two.
    n_iter_ : int
        Passes made, by the slowest problem; ``partial_fit`` adds to it.
    t_ : int
        Rows visited, plus one.
    n_features_in_ : int
        Features seen in ``fit``.

    Notes
    -----
    If a line separates the classes with margin g, and the rows lie within a radius R,
    the rule makes at most (R / g)**2 corrections [2]_. One pass over the rows serves
    all classes. Time is O(n_entries * n_classes) a pass. X may be sparse; float32
    stays float32. With sparse X, the L1 penalty of a weight is applied when a row next
    uses it, which for 'l1' gives the result of dense X.

    References
    ----------
    .. [1] Rosenblatt (1958). "The perceptron: a probabilistic model for information
       storage and organization in the brain". Psychological Review 65(6).
    .. [2] Novikoff (1962). "On convergence proofs on perceptrons". Symposium on the
       Mathematical Theory of Automata.

    Examples
    --------
    >>> from lookalike.learn import Perceptron
    >>> model = Perceptron(tol=None, max_iter=15, shuffle=False)
    >>> model.fit([[2, 1], [3, 4], [4, 2], [3, 1]], [-1, 1, 1, -1]).errors_
    [3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 0, 0]
    >>> model.predict([[5, 2], [1, 3]])
    array([-1,  1])
    """

    errors_: Any
    n_iter_: int
    t_: int

    def __init__(
        self,
        *,
        penalty: str | None = None,
        alpha: float = 0.0001,
        l1_ratio: float = 0.15,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float | None = 1e-3,
        shuffle: bool = True,
        verbose: int = 0,
        eta0: float = 1.0,
        n_jobs: int | None = None,
        random_state: Any = 0,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        class_weight: Any = None,
        warm_start: bool = False,
    ) -> None:
        self.penalty = penalty
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.shuffle = shuffle
        self.verbose = verbose
        self.eta0 = eta0
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.class_weight = class_weight
        self.warm_start = warm_start

    def fit(
        self,
        X: Matrix,
        y: Any,
        coef_init: ArrayLike | None = None,
        intercept_init: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Find W and b for X (n_samples, n_features) and labels y (n_samples,).

        ``coef_init`` and ``intercept_init`` are where to start from, in the shapes of
        ``coef_`` and ``intercept_``.
        """
        self._check_parameters()
        X, y = self._validate(X, y)
        if self.warm_start and hasattr(self, "coef_"):
            coef_init = self.coef_ if coef_init is None else coef_init
            if intercept_init is None:
                intercept_init = self.intercept_
        self.classes_, labels = np.unique(y, return_inverse=True)
        self._begin(X, coef_init, intercept_init)
        self._learn(X, labels, sample_weight, self.max_iter)
        if self.tol is not None and self.n_iter_ == self.max_iter:
            warnings.warn(
                f"Perceptron still improved after max_iter={self.max_iter} passes; "
                "allow more or raise tol.",
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
        """Make one pass over these rows, continuing the last one.

        The first call needs ``classes``, all labels of all calls.
        """
        self._check_parameters()
        if self.early_stopping or self.class_weight == "balanced":
            raise ValueError(
                "partial_fit does not support early_stopping and "
                "class_weight='balanced': they need all data."
            )
        first = not hasattr(self, "coef_")
        if first and classes is None:
            raise ValueError("The first call of partial_fit needs classes.")
        if not first:
            check_same_classes(classes, self.classes_)
        X, y = self._validate(X, y, reset=first)
        if first:
            self.classes_: Array = np.unique(np.asarray(classes))
            self._begin(X, None, None)
        self._learn(X, positions(y, self.classes_), sample_weight, 1)
        return self

    def _check_parameters(self) -> None:
        check_choice("penalty", self.penalty, PENALTIES)
        for name in ("alpha", "l1_ratio", "validation_fraction"):
            check_positive(name, getattr(self, name), zero=True)
        for name in ("l1_ratio", "validation_fraction"):
            if getattr(self, name) > 1:
                raise ValueError(
                    f"{name} must be in [0, 1], got {getattr(self, name)!r}."
                )
        check_positive("eta0", self.eta0)
        check_whole("max_iter", self.max_iter)
        check_whole("n_iter_no_change", self.n_iter_no_change)
        if self.tol is not None:
            check_positive("tol", self.tol, zero=True)

    def _begin(self, X: Matrix, coef: Any, intercept: Any) -> None:
        n_classes = len(self.classes_)
        if n_classes < 2:
            raise ValueError(
                f"Perceptron needs at least 2 classes, got {n_classes} class."
            )
        # Two classes are one problem, whose positive label is 1.
        self._targets = np.arange(1 if n_classes == 2 else 0, n_classes)
        shape = (len(self._targets), X.shape[1])
        self.coef_: Array = _initial(coef, shape, X.dtype, "coef_init")
        self.intercept_: Array = _initial(
            intercept, shape[:1], X.dtype, "intercept_init"
        )
        self._due = 0.0
        self._paid = np.zeros(shape if self._lasso() > 0 else (shape[0], 0), X.dtype)
        self._rng = check_random_state(self.random_state)
        self._curves: list[list[int]] = [[] for _ in self._targets]
        self.t_ = 1

    def _lasso(self) -> float:
        """Share of the penalty that is L1, times its strength."""
        share = {None: 0.0, "l2": 0.0, "l1": 1.0, "elasticnet": self.l1_ratio}
        return self.alpha * share[self.penalty]

    def _ridge(self) -> float:
        return 0.0 if self.penalty is None else self.alpha - self._lasso()

    def _learn(
        self, X: Matrix, labels: Array, sample_weight: Any, max_iter: int
    ) -> None:
        weights = check_sample_weight(sample_weight, X)
        of_class = weight_of_classes(self.class_weight, self.classes_, labels, weights)
        n_problems, seed = len(self._targets), self._rng.randint(2**31 - 1)
        # Against the rest, the rest weighs one.
        rates = np.ones((n_problems, 2))
        rates[:, 1] = of_class[self._targets]
        if n_problems == 1:
            rates[0] = of_class
        rows = _Rows(X, labels, weights, *self._set_aside(labels))
        curves, before = self._curves, max(len(curve) for curve in self._curves)

        def learn(start: int, stop: int) -> None:
            for first in range(start, stop, TOGETHER):
                problems = np.arange(first, min(first + TOGETHER, stop))
                self._descend(rows, problems, self.eta0 * rates, seed, max_iter, curves)

        run_slices(learn, n_problems, self.n_jobs, grain=TOGETHER)
        if not (np.isfinite(self.coef_).all() and np.isfinite(self.intercept_).all()):
            raise ValueError(
                "The weights overflowed; scale the features or lower eta0."
            )
        self.errors_ = curves[0] if n_problems == 1 else curves
        self.n_iter_ = max(len(curve) for curve in curves)
        visited = (self.n_iter_ - before) * len(rows.train)
        self.t_ += visited
        self._due += visited * self.eta0 * self._lasso()

    def _set_aside(self, labels: Array) -> tuple[Array, Array]:
        """Rows to learn from and rows to validate on."""
        if not self.early_stopping:
            return np.arange(len(labels)), np.arange(0)
        split = StratifiedShuffleSplit(
            test_size=self.validation_fraction,
            random_state=self._rng.randint(2**31 - 1),
        )
        train, held_out = next(split.split(np.zeros((len(labels), 1)), labels))
        return np.sort(train), held_out

    def _descend(
        self,
        rows: "_Rows",
        problems: Array,
        rates: Array,
        seed: int,
        max_iter: int,
        curves: list[list[int]],
    ) -> None:
        """Make passes for a few problems, each until it no longer improves."""
        rng = np.random.RandomState(seed)  # all problems see the rows in one order
        best = np.full(len(self._targets), np.inf)
        patience = np.full(len(self._targets), self.n_iter_no_change)
        due = self._due
        for _ in range(max_iter):
            order = rng.permutation(rows.train) if self.shuffle else rows.train
            errors, losses = self._pass(rows, problems, rates, order, due)
            due += len(order) * self.eta0 * self._lasso()
            for k, n_errors in zip(problems, errors, strict=True):
                curves[k].append(int(n_errors))
                if self.verbose:
                    label, n_passes = self.classes_[self._targets[k]], len(curves[k])
                    print(f"class {label}, pass {n_passes}: {n_errors} corrections")
            if self.tol is None:
                continue
            cost = self._cost(rows, problems, losses)
            improved = cost < best[problems] - self.tol
            patience[problems] = np.where(
                improved, self.n_iter_no_change, patience[problems] - 1
            )
            best[problems] = np.minimum(best[problems], cost)
            problems = problems[patience[problems] > 0]
            if len(problems) == 0:
                return

    def _pass(
        self, rows: "_Rows", problems: Array, rates: Array, order: Array, due: float
    ) -> tuple[Array, Array]:
        W, b, paid = (a[problems] for a in (self.coef_, self.intercept_, self._paid))
        lasso, ridge = self.eta0 * self._lasso(), self.eta0 * self._ridge()
        shared = rows.labels, rows.weights, order, self._targets[problems]
        rest = rates[problems], self.fit_intercept, max(0.0, 1 - ridge), lasso
        dues = np.array([due])
        if issparse(rows.X):
            W, paid = np.ascontiguousarray(W.T), np.ascontiguousarray(paid.T)
            entries = rows.X.data, rows.X.indices, rows.X.indptr
            counts = sparse_pass(*entries, *shared, *rest, W, b, dues, paid)
            W, paid = W.T, paid.T
        else:
            counts = dense_pass(rows.X, *shared, *rest, W, b, dues, paid)
        self.coef_[problems], self.intercept_[problems] = W, b
        self._paid[problems] = paid
        return counts

    def _cost(self, rows: "_Rows", problems: Array, losses: Array) -> Array:
        """The cost of each problem: the mean loss, or the error on held-out rows."""
        W, b = self.coef_[problems], self.intercept_[problems]
        if self.early_stopping:
            scores = rows.X[rows.held_out] @ W.T + b
            positive = rows.labels[rows.held_out][:, None] == self._targets[problems]
            return np.average(
                (scores > 0) != positive, axis=0, weights=rows.weights[rows.held_out]
            )
        penalty = self._ridge() / 2 * (W**2).sum(axis=1)
        penalty += self._lasso() * np.abs(W).sum(axis=1)
        return losses / len(rows.train) + penalty


@dataclass(frozen=True)
class _Rows:
    """Rows, labels and weights of one call, and their split."""

    X: Matrix
    labels: Array
    weights: Array
    train: Array
    held_out: Array


def _initial(given: Any, shape: tuple[int, ...], dtype: Any, name: str) -> Array:
    if given is None:
        return np.zeros(shape, dtype)
    start = np.array(given, dtype)
    if start.size != np.prod(shape):
        raise ValueError(f"{name} must have shape {shape}, got {start.shape}.")
    return start.reshape(shape)
