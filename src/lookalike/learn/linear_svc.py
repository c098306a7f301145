"""Linear support vector classification: the widest margin between classes."""

import warnings
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from lookalike._checks import (
    check_choice,
    check_learned,
    check_positive,
    check_sample_weight,
    check_whole,
)
from lookalike._typing import Array
from lookalike.learn import _hinge
from lookalike.learn._linear import LinearClassifier, Matrix, weight_of_classes


class LinearSVC(LinearClassifier):
    r"""Separate classes by the line with the widest margin.

    For two classes with signs :math:`y_i = \pm 1`,

    .. math:: \min_{w, b} \tfrac12 (\lVert w \rVert^2 + \beta^2)
              + C \sum_i s_i \max(0, 1 - y_i (w' x_i + b))^p

    with p = 1 (hinge) or 2 (squared hinge), sample weights :math:`s_i`, and
    :math:`\beta` the intercept b divided by ``intercept_scaling``. More classes are
    one such problem each, that class against the rest; the highest score wins.

    Parameters
    ----------
    penalty : {'l2', 'l1'}, default='l2'
        'l1' takes the sum of the sizes of w and beta instead of half their squares,
        which leaves many weights at zero [3]_. Squared hinge only.
    loss : {'squared_hinge', 'hinge'}, default='squared_hinge'
        See above.
    dual : bool or 'auto', default='auto'
        Whether to solve the dual. 'auto' does for the hinge and for fewer samples
        than features.
    tol : float, default=1e-4
        When to stop. The dual: the range of the slopes that could still improve it.
        The primal: the gradient, beside that at zero times the share of the rarer
        class; with 'l1', the sum of the slopes in a pass, beside that of the first.
        'pegasos': twice the passes lower the objective by less than this share.
    C : float, default=1.0
        Weight of the data against the penalty.
    multi_class : {'ovr'}, default='ovr'
        More than two classes: each against the rest.
    fit_intercept : bool, default=True
        Whether to fit b; otherwise it is zero.
    intercept_scaling : float, default=1
        See above: the larger, the less the penalty shrinks b.
    class_weight : dict or 'balanced', default=None
        Factor of C for the rows of each class. Against the rest, the rest weighs one.
    verbose : int, default=0
        Above 0, ``fit`` prints the iterations of each problem.
    random_state : int, RandomState instance or None, default=None
        Order of the rows in the dual and in 'pegasos', of the features with 'l1'.
    max_iter : int, default=1000
        Most iterations: Newton steps, or passes over the data.
    solver : {'auto', 'coordinate_descent', 'newton', 'pegasos'}, default='auto'
        - 'coordinate_descent': the dual, one row's variable at a time [1]_;
        - 'newton': the primal with the squared hinge, by Newton steps [2]_, by a
          Hessian up to 4,096 features of dense X, by products with it beyond;
        - 'pegasos': the primal by sub-gradient steps of length 1 / t [4]_; fast and
          approximate;
        - 'auto': the first or second, as ``dual`` says.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels seen in ``fit``, sorted.
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Weights; one row for two classes, positive towards ``classes_[1]``.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        b.
    n_iter_ : int
        Iterations of the class that took most.
    n_features_in_ : int
        Features seen in ``fit``.

    Notes
    -----
    The Hessian of the squared hinge is that of the rows inside the margin, and changes
    only with them: updating it makes a Newton step cost little more than a pass over
    the data. A pass of the other solvers is O(n_entries). X may be sparse; float32
    stays float32. 'crammer_singer' is refused with what to use instead.

    References
    ----------
    .. [1] Hsieh, Chang, Lin, Keerthi and Sundararajan (2008). "A dual coordinate
       descent method for large-scale linear SVM". ICML.   (algorithm 3)
    .. [2] Keerthi and DeCoste (2005). "A modified finite Newton method for fast
       solution of large scale linear SVMs". JMLR 6.
    .. [3] Chang, Hsieh and Lin (2008). "Coordinate descent method for large-scale
       L2-loss linear support vector machines". JMLR 9.   (for 'l1': Yuan, Chang, Hsieh
       and Lin (2010), JMLR 11, section 4.1)
    .. [4] Shalev-Shwartz, Singer, Srebro and Cotter (2011). "Pegasos: primal estimated
       sub-gradient solver for SVM". Mathematical Programming 127.

    Examples
    --------
    >>> from lookalike.learn import LinearSVC
    >>> model = LinearSVC(C=10).fit([[0.0], [1.0], [3.0], [4.0]], [0, 0, 1, 1])
    >>> print(model.coef_.round(3), model.intercept_.round(3))
    [[0.891]] [-1.738]
    """

    n_iter_: int

    def __init__(
        self,
        penalty: str = "l2",
        loss: str = "squared_hinge",
        *,
        dual: bool | str = "auto",
        tol: float = 1e-4,
        C: float = 1.0,
        multi_class: str = "ovr",
        fit_intercept: bool = True,
        intercept_scaling: float = 1,
        class_weight: Any = None,
        verbose: int = 0,
        random_state: Any = None,
        max_iter: int = 1000,
        solver: str = "auto",
    ) -> None:
        self.penalty = penalty
        self.loss = loss
        self.dual = dual
        self.tol = tol
        self.C = C
        self.multi_class = multi_class
        self.fit_intercept = fit_intercept
        self.intercept_scaling = intercept_scaling
        self.class_weight = class_weight
        self.verbose = verbose
        self.random_state = random_state
        self.max_iter = max_iter
        self.solver = solver

    def fit(self, X: Matrix, y: Any, sample_weight: ArrayLike | None = None) -> Self:
        """Find w and b for X (n_samples, n_features) and labels y (n_samples,)."""
        self._check_parameters()
        X, y = self._validate(X, y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        n_classes = len(self.classes_)
        if n_classes < 2:
            raise ValueError(
                f"LinearSVC needs at least 2 classes, got {n_classes} class."
            )
        weights = check_sample_weight(sample_weight, X)
        of_class = weight_of_classes(self.class_weight, self.classes_, labels, weights)
        answers = []
        for c in range(n_classes) if n_classes > 2 else [1]:
            signs = np.where(labels == c, 1, -1).astype(X.dtype)
            rest = of_class[0] if n_classes == 2 else 1
            factors = np.where(labels == c, of_class[c], rest)
            costs = (self.C * factors * weights).astype(X.dtype)
            answers.append(self._solve(X, signs, costs))
            if self.verbose:
                _, n_iter, done = answers[-1]
                ended = "converged" if done else "stopped"
                print(f"class {self.classes_[c]}: {ended} after {n_iter} iterations")
        bias = self.intercept_scaling if self.fit_intercept else 0
        W = np.stack([w for w, _, _ in answers])
        self.coef_: Array = np.ascontiguousarray(W[:, :-1]).astype(X.dtype)
        self.intercept_: Array = (bias * W[:, -1]).astype(X.dtype)
        check_learned(W)
        self.n_iter_ = max(n_iter for _, n_iter, _ in answers)
        if not all(done for _, _, done in answers):
            warnings.warn(
                f"LinearSVC did not converge in max_iter={self.max_iter}: allow more, "
                "scale the features, lower C, or accept a larger tol.",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

    def _solve(self, X: Matrix, signs: Array, costs: Array) -> _hinge.Answer:
        bias = float(self.intercept_scaling) if self.fit_intercept else 0.0
        shared = X, signs, costs, bias, self.tol, self.max_iter
        rng = check_random_state(self.random_state)
        if self.penalty == "l1":
            return _hinge.solve_lasso(*shared, rng)
        solver = self._chosen_solver(X)
        if solver == "newton":
            return _hinge.solve_newton(*shared)
        squared = self.loss == "squared_hinge"
        if solver == "pegasos":
            return _hinge.solve_pegasos(*shared, squared, rng)
        return _hinge.solve_dual(*shared, squared, rng)

    def _chosen_solver(self, X: Matrix) -> str:
        if self.solver != "auto":
            return self.solver
        dual = self.dual
        if dual == "auto":
            dual = self.loss == "hinge" or X.shape[0] < X.shape[1]
        return "coordinate_descent" if dual else "newton"

    def _check_parameters(self) -> None:
        check_choice("penalty", self.penalty, ("l2", "l1"))
        check_choice("loss", self.loss, ("squared_hinge", "hinge"))
        check_choice("dual", self.dual, ("auto", True, False))
        instead = {
            "crammer_singer": "'ovr', or LogisticRegression for one model of all"
        }
        check_choice("multi_class", self.multi_class, ("ovr",), instead)
        check_choice(
            "solver", self.solver, ("auto", "coordinate_descent", "newton", "pegasos")
        )
        check_positive("tol", self.tol, zero=True)
        check_positive("C", self.C)
        check_positive("intercept_scaling", self.intercept_scaling)
        check_whole("max_iter", self.max_iter)
        primal = self.solver == "newton" or (self.solver == "auto" and not self.dual)
        if self.loss == "hinge" and primal:
            raise ValueError(
                "loss='hinge' has no second derivatives: it needs the dual (dual=True) "
                "or solver='pegasos'."
            )
        if self.penalty == "l1" and (
            self.loss == "hinge"
            or self.dual not in ("auto", False)
            or self.solver != "auto"
        ):
            raise ValueError(
                "penalty='l1' needs loss='squared_hinge', the primal (dual 'auto' or "
                "False) and solver='auto'."
            )
