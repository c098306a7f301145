"""Decision trees: greedy splits on one feature at a time."""

from dataclasses import replace
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_matrix, issparse
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    MultiOutputMixin,
    RegressorMixin,
)
from sklearn.utils import Bunch, Tags, check_random_state
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from lookalike._checks import check_choice, check_class_weight, check_sample_weight
from lookalike._typing import Array, Floats, Ints
from lookalike._validation import validate_data
from lookalike.kernels.tree import (
    ENTROPY,
    GINI,
    SQUARED_ERROR,
    Limits,
    Targets,
)
from lookalike.learn._tree import Tree, grown

# How X is read: these types as they are, of any size, since values are compared only.
READING: dict[str, Any] = {
    "dtype": [np.float64, np.float32, np.uint8],
    "order": "C",
    "power": None,
    "ensure_all_finite": "allow-nan",
}
UNLIMITED = 2**31
CRITERIA_INSTEAD = {
    "friedman_mse": "'squared_error', whose splits are the same",
    "absolute_error": "HistGradientBoostingRegressor(loss='absolute_error')",
    "poisson": "HistGradientBoostingRegressor(loss='poisson')",
}
SPLITTER_INSTEAD = {"random": "'best', with max_features for chance,"}


class _DecisionTree(MultiOutputMixin, BaseEstimator):
    """Shared by both trees: parameters, and the use of ``tree_``."""

    tree_: Tree
    max_features_: int
    n_outputs_: int

    def __init__(
        self,
        *,
        criterion: str = "squared_error",
        splitter: str = "best",
        max_depth: int | None = None,
        min_samples_split: float = 2,
        min_samples_leaf: float = 1,
        min_weight_fraction_leaf: float = 0.0,
        max_features: Any = None,
        random_state: Any = None,
        max_leaf_nodes: int | None = None,
        min_impurity_decrease: float = 0.0,
        ccp_alpha: float = 0.0,
        monotonic_cst: ArrayLike | None = None,
    ) -> None:
        self.criterion = criterion
        self.splitter = splitter
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_features = max_features
        self.random_state = random_state
        self.max_leaf_nodes = max_leaf_nodes
        self.min_impurity_decrease = min_impurity_decrease
        self.ccp_alpha = ccp_alpha
        self.monotonic_cst = monotonic_cst

    def _check_choices(self, criteria: tuple[str, ...]) -> None:
        check_choice("criterion", self.criterion, criteria, CRITERIA_INSTEAD)
        check_choice("splitter", self.splitter, ("best",), SPLITTER_INSTEAD)
        if self.monotonic_cst is not None and np.any(self.monotonic_cst):
            raise ValueError(
                "monotonic_cst must be None or zeros: use scikit-learn's "
                "HistGradientBoostingClassifier or -Regressor instead, with max_iter=1 "
                "for a single tree."
            )

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def _read_pair(self, X: Any, y: Any, **how: Any) -> tuple[Array, Array]:
        """X and y (n_samples, n_outputs)."""
        X, y = validate_data(self, X, y, **READING, multi_output=True, **how)
        if issparse(y):
            raise ValueError("y must be a dense array, got a sparse one: use toarray.")
        self.n_outputs_ = y.shape[1] if y.ndim > 1 else 1
        return X, y.reshape(-1, self.n_outputs_)

    def _read(self, X: Any) -> Array:
        check_is_fitted(self)
        return validate_data(self, X, **READING, reset=False)

    def _grow(
        self, X: Array, targets: Targets, n_samples: int, n_classes: Ints
    ) -> Tree:
        """Tree of rows of positive weight; shares are of all ``n_samples``."""
        unit = 1.0
        if len(targets.weight):  # squares of weights must neither vanish nor overflow
            unit = 2.0 ** np.frexp(targets.weight.max())[1]
            targets = targets._replace(weight=targets.weight / unit)
        weight = targets.weight.sum() if len(targets.weight) else float(len(X))
        limits = self._limits(n_samples, X.shape[1], weight)
        self.max_features_ = limits.max_features
        seed = check_random_state(self.random_state).randint(1, 2**31 - 1)
        tree = grown(X, targets, limits, seed, n_classes)
        total = tree.weighted_n_node_samples * unit
        return replace(tree, weighted_n_node_samples=total)

    def _limits(self, n_samples: int, n_features: int, weight: float) -> Limits:
        depth, leaves = self.max_depth, self.max_leaf_nodes
        if depth is not None and not _whole(depth, 1):
            raise ValueError(f"max_depth must be None or at least 1, got {depth!r}.")
        if leaves is not None and not _whole(leaves, 2):
            raise ValueError(
                f"max_leaf_nodes must be None or at least 2, got {leaves!r}."
            )
        for name, most in (
            ("min_weight_fraction_leaf", 0.5),
            ("min_impurity_decrease", np.inf),
            ("ccp_alpha", np.inf),
        ):
            value = getattr(self, name)
            if not isinstance(value, Real) or not 0 <= float(value) <= most:
                raise ValueError(f"{name} must be in [0, {most}], got {value!r}.")
        least = self._number("min_samples_leaf", n_samples, 1)
        split = self._number("min_samples_split", n_samples, 2)
        return Limits(
            UNLIMITED if depth is None else int(depth),
            max(split, 2 * least),
            least,
            float(self.min_weight_fraction_leaf * weight),
            float(self.min_impurity_decrease),
            0 if leaves is None else int(leaves),
            self._number_of_features(n_features),
        )

    def _number(self, name: str, n_samples: int, least: int) -> int:
        """A number of samples, given as such or as a share of all."""
        value = getattr(self, name)
        if _whole(value, least):
            return int(value)
        if isinstance(value, float) and 0 < value <= 1:
            return max(least, int(np.ceil(value * n_samples)))
        raise ValueError(
            f"{name} must be a whole number of at least {least} or a share in "
            f"(0, 1], got {value!r}."
        )

    def _number_of_features(self, n_features: int) -> int:
        value = self.max_features
        if value is None:
            return n_features
        if isinstance(value, str) and value == "sqrt":
            return max(1, int(np.sqrt(n_features)))
        if isinstance(value, str) and value == "log2":
            return max(1, int(np.log2(n_features)))
        if _whole(value, 1):
            return min(int(value), n_features)
        if isinstance(value, float) and 0 < value <= 1:
            return max(1, int(value * n_features))
        raise ValueError(
            "max_features must be None, 'sqrt', 'log2', a whole number of at least 1 "
            f"or a share in (0, 1], got {value!r}."
        )

    def apply(self, X: Any, check_input: bool = True) -> Ints:
        """Number of the leaf of each sample, shape (n_samples,).

        ``check_input`` is accepted for compatibility: input is always checked.
        """
        X = self._read(X)
        return self.tree_.apply(X)

    def decision_path(self, X: Any, check_input: bool = True) -> csr_matrix:
        """Nodes that each sample passes, ones in (n_samples, node_count)."""
        leaves = self.apply(X)
        tree = self.tree_
        parent = np.full(tree.node_count, -1)
        inner = np.flatnonzero(tree.children_left >= 0)
        parent[tree.children_left[inner]] = inner
        parent[tree.children_right[inner]] = inner
        columns, rows, at = [], [], leaves
        samples = np.arange(len(leaves))
        while len(at):
            columns.append(at)
            rows.append(samples)
            up = parent[at]
            at, samples = up[up >= 0], samples[up >= 0]
        where = (np.concatenate(rows), np.concatenate(columns))
        ones = np.ones(len(where[0]), np.int64)
        path = csr_matrix((ones, where), shape=(len(leaves), tree.node_count))
        path.sort_indices()
        return path

    def get_depth(self) -> int:
        """Number of splits on the way to the deepest leaf."""
        check_is_fitted(self)
        return self.tree_.max_depth

    def get_n_leaves(self) -> int:
        """Number of leaves."""
        check_is_fitted(self)
        return self.tree_.n_leaves

    @property
    def feature_importances_(self) -> Floats:
        """Share of each feature in the decrease of impurity, shape (n_features,)."""
        check_is_fitted(self)
        return self.tree_.importances()

    def cost_complexity_pruning_path(
        self, X: Any, y: Any, sample_weight: ArrayLike | None = None
    ) -> Bunch:
        """Values of ``ccp_alpha`` at which the tree of X and y shrinks.

        Returns
        -------
        Bunch
            ``ccp_alphas`` and ``impurities`` of the tree pruned by each.
        """
        whole = type(self)(**(self.get_params() | {"ccp_alpha": 0.0}))
        alphas, impurities, _ = whole.fit(X, y, sample_weight).tree_.weakest_links()
        return Bunch(ccp_alphas=alphas, impurities=impurities)


class DecisionTreeClassifier(ClassifierMixin, _DecisionTree):
    r"""Classify by a tree of splits "is feature j at most t?".

    Grown from the root: each node takes the split that leaves its two sides purest,
    that is, with the weights :math:`w` of samples and sides, the one that minimises

    .. math:: \frac{w_l}{w} I_l + \frac{w_r}{w} I_r, \qquad
        I = 1 - \sum_c p_c^2 \ \text{(gini)} \quad\text{or}\quad
        I = -\sum_c p_c \log_2 p_c \ \text{(entropy)}.

    Of several outputs I is the mean. Missing values, NaN, of the feature go to the side
    where this is less; "missing or not" is a split, too, of threshold infinity.

    Parameters
    ----------
    criterion : {"gini", "entropy", "log_loss"}, default="gini"
        The impurity I; the last two are the same.
    splitter : {"best"}, default="best"
        Every threshold is tried; "random" is refused with what to use instead.
    max_depth : int or None, default=None
        Most splits on the way to a leaf.
    min_samples_split : int or float, default=2
        Fewest samples of a node that is split; a float is a share of all.
    min_samples_leaf : int or float, default=1
        Fewest samples of a leaf; a float is a share of all.
    min_weight_fraction_leaf : float, default=0.0
        Least share of the weight in a leaf, at most 0.5.
    max_features : int, float, "sqrt", "log2" or None, default=None
        Features considered at each node, drawn at random; a float is a share. More are
        drawn while none of them can be split. None considers all.
    random_state : int, RandomState instance or None, default=None
        Source of chance of ``max_features``.
    max_leaf_nodes : int or None, default=None
        Most leaves; the tree is then grown best first, by the decrease of impurity.
    min_impurity_decrease : float, default=0.0
        Least decrease of impurity by a split, times the node's share of the weight.
    class_weight : dict, "balanced" or None, default=None
        Weight of each class, times that of the sample. Of several outputs a list of
        dicts, one for each, whose weights are multiplied.
    ccp_alpha : float, default=0.0
        Cost of a leaf in cost-complexity pruning. 0 prunes nothing.
    monotonic_cst : None or zeros, default=None
        Constraints of the direction are refused with what to use instead.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), or list of these
        Labels, sorted; of several outputs those of each.
    n_classes_ : int, or ndarray of shape (n_outputs,)
        Number of labels.
    n_outputs_ : int
        Number of outputs.
    tree_ : Tree
        The tree as arrays, named as in scikit-learn.
    max_features_ : int
        Features considered at each node.
    feature_importances_ : ndarray of shape (n_features,)
        Share of each feature in the total decrease of impurity.

    See Also
    --------
    export_text, plot_tree : the tree as text and as a figure.

    Notes
    -----
    Splits are exact: every midpoint between neighbouring values is considered. Columns
    are sorted once, those of few whole numbers by counting, and then partitioned, in
    time O(n_samples * n_features) for a level of the tree. Values that make up a
    quarter or more of a feature cost nothing, so images with a black background, counts
    and dummies are cheap. 8-bit X stays as it is; float64 is not rounded to float32 as
    in scikit-learn. Of equally good splits that of the first feature, or of the
    first one drawn, is taken, and of one feature that of the smallest threshold.

    A feature with missing values takes a second scan. Where none were missing in a node
    in ``fit``, those of a query go to the child that had more samples, or right
    (``tree_.missing_go_to_left``). With several outputs, of which y has a column each,
    ``predict`` has shape (n_samples, n_outputs).

    Random thresholds (``splitter``) and monotonic constraints are not offered.

    References
    ----------
    .. [1] Breiman, Friedman, Olshen and Stone (1984). "Classification and Regression
       Trees".   (chapter 3: pruning)
    .. [2] Mehta, Agrawal and Rissanen (1996). "SLIQ: a fast scalable classifier for
       data mining". EDBT.   (sorting once)

    Examples
    --------
    >>> from lookalike.learn import DecisionTreeClassifier, export_text
    >>> X = [[1, 0], [2, 0], [3, 1], [4, 1], [4, 0]]
    >>> tree = DecisionTreeClassifier(max_depth=2).fit(X, ["a", "a", "b", "b", "a"])
    >>> print(export_text(tree, feature_names=["size", "spots"]))
    |--- spots <= 0.50
    |   |--- class: a
    |--- spots >  0.50
    |   |--- class: b
    <BLANKLINE>
    """

    classes_: Any
    n_classes_: Any

    def __init__(
        self,
        *,
        criterion: str = "gini",
        splitter: str = "best",
        max_depth: int | None = None,
        min_samples_split: float = 2,
        min_samples_leaf: float = 1,
        min_weight_fraction_leaf: float = 0.0,
        max_features: Any = None,
        random_state: Any = None,
        max_leaf_nodes: int | None = None,
        min_impurity_decrease: float = 0.0,
        class_weight: Any = None,
        ccp_alpha: float = 0.0,
        monotonic_cst: ArrayLike | None = None,
    ) -> None:
        super().__init__(
            criterion=criterion,
            splitter=splitter,
            max_depth=max_depth,
            min_samples_split=min_samples_split,
            min_samples_leaf=min_samples_leaf,
            min_weight_fraction_leaf=min_weight_fraction_leaf,
            max_features=max_features,
            random_state=random_state,
            max_leaf_nodes=max_leaf_nodes,
            min_impurity_decrease=min_impurity_decrease,
            ccp_alpha=ccp_alpha,
            monotonic_cst=monotonic_cst,
        )
        self.class_weight = class_weight

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        check_input: bool = True,
    ) -> Self:
        """Grow the tree on X (n_samples, n_features) and labels y.

        y has shape (n_samples,) or (n_samples, n_outputs); NaN in X is a missing value.
        """
        X, y = self._read_pair(X, y)
        check_classification_targets(y)
        self._check_choices(("gini", "entropy", "log_loss"))
        labels, classes, n_labels = np.empty(y.shape, np.int32), [], 0
        for k in range(self.n_outputs_):
            found, numbers = np.unique(y[:, k], return_inverse=True)
            labels[:, k] = n_labels + numbers
            classes.append(found)
            n_labels += len(found)
        n_classes = np.array([len(found) for found in classes])
        one = self.n_outputs_ == 1
        self.classes_ = classes[0] if one else classes
        self.n_classes_ = len(classes[0]) if one else n_classes
        X, weight, kept = _weighed(X, sample_weight, self.class_weight, y)
        criterion = GINI if self.criterion == "gini" else ENTROPY
        targets = Targets(
            labels[kept].ravel(),
            np.empty(0),
            weight,
            n_labels,
            criterion,
            None if one else self.n_outputs_,
        )
        self.tree_ = self._grow(X, targets, len(y), n_classes)
        if self.ccp_alpha > 0:
            self.tree_: Tree = self.tree_.pruned(self.ccp_alpha)
        return self

    def predict(self, X: Any, check_input: bool = True) -> Array:
        """Most frequent label of each sample's leaf, shape (n_samples[, n_outputs])."""
        leaves = self.apply(X)
        most = self.tree_.value.argmax(axis=2)
        if self.n_outputs_ == 1:
            return self.classes_[most[:, 0][leaves]]
        labels = [self.classes_[k][most[:, k]] for k in range(self.n_outputs_)]
        return np.stack(labels, axis=1)[leaves]

    def predict_proba(self, X: Any, check_input: bool = True) -> Any:
        """Shares of the labels in each sample's leaf, (n_samples, n_classes).

        Of several outputs a list, an array for each.
        """
        leaves = self.apply(X)
        tree = self.tree_
        shares = [tree.value[:, k, :n][leaves] for k, n in enumerate(tree.n_classes)]
        return shares if self.n_outputs_ > 1 else shares[0]

    def predict_log_proba(self, X: Any) -> Any:
        """Logarithm of the shares; minus infinity for none."""
        shares = self.predict_proba(X)
        with np.errstate(divide="ignore"):
            if self.n_outputs_ > 1:
                return [np.log(share) for share in shares]
            return np.log(shares)


class DecisionTreeRegressor(RegressorMixin, _DecisionTree):
    r"""Predict a number by a tree of splits "is feature j at most t?".

    Each node takes the split that leaves the least squared error around the means of
    its two sides; a leaf predicts its mean. Of several outputs the errors are added.

    Parameters
    ----------
    criterion : {"squared_error"}, default="squared_error"
        The impurity: the weighted variance of a node. Others are refused with what to
        use instead.
    splitter, monotonic_cst
        As in :class:`DecisionTreeClassifier`.
    max_depth, min_samples_split, min_samples_leaf, min_weight_fraction_leaf
        As in :class:`DecisionTreeClassifier`.
    max_features, random_state, max_leaf_nodes, min_impurity_decrease, ccp_alpha
        As in :class:`DecisionTreeClassifier`.

    Attributes
    ----------
    n_outputs_ : int
        Number of outputs.
    tree_ : Tree
        The tree as arrays, named as in scikit-learn.
    max_features_ : int
        Features considered at each node.
    feature_importances_ : ndarray of shape (n_features,)
        Share of each feature in the total decrease of impurity.

    See Also
    --------
    export_text, plot_tree : the tree as text and as a figure.

    Notes
    -----
    As for :class:`DecisionTreeClassifier`, also for missing values and several outputs.
    Targets are centred before they are summed, which saves digits where their mean is
    large.

    References
    ----------
    .. [1] Breiman, Friedman, Olshen and Stone (1984). "Classification and Regression
       Trees".   (chapter 8)

    Examples
    --------
    >>> from lookalike.learn import DecisionTreeRegressor
    >>> tree = DecisionTreeRegressor(max_depth=1)
    >>> tree = tree.fit([[1], [2], [3], [9]], [1, 2, 3, 8])
    >>> tree.predict([[4], [7]])
    array([2., 8.])
    """

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        check_input: bool = True,
    ) -> Self:
        """Grow the tree on X (n_samples, n_features) and numbers y.

        y has shape (n_samples,) or (n_samples, n_outputs); NaN in X is a missing value.
        """
        X, y = self._read_pair(X, y, y_numeric=True, target_dtype=np.float64)
        self._check_choices(("squared_error",))
        X, weight, kept = _weighed(X, sample_weight, None, y)
        target = y[kept].astype(np.float64)
        centre = _centre(target, weight)
        targets = Targets(
            np.empty(0, np.int32),
            (target - centre).ravel(),
            weight,
            1 + 2 * self.n_outputs_,
            SQUARED_ERROR,
            None if self.n_outputs_ == 1 else self.n_outputs_,
        )
        tree = self._grow(X, targets, len(y), np.ones(self.n_outputs_, np.int64))
        self.tree_ = replace(tree, value=tree.value + centre[:, None])
        if self.ccp_alpha > 0:
            self.tree_: Tree = self.tree_.pruned(self.ccp_alpha)
        return self

    def predict(self, X: Any, check_input: bool = True) -> Floats:
        """Mean of each sample's leaf, shape (n_samples[, n_outputs])."""
        leaves = self.apply(X)
        means = self.tree_.value[:, :, 0]
        return (means if self.n_outputs_ > 1 else means[:, 0])[leaves]


def _weighed(
    X: Array, sample_weight: ArrayLike | None, class_weight: Any, y: Array
) -> tuple[Array, Floats, Array]:
    """Rows of positive weight, their weights (empty if all are 1), and which they are.

    A sample of weight 0 is left out, also from the numbers of samples.
    """
    if sample_weight is None and class_weight is None:
        return X, np.empty(0), np.arange(len(X))
    weight = check_sample_weight(sample_weight, np.empty((len(X), 0)))
    if class_weight is not None:
        _check_class_weights(class_weight, y)
        weight = weight * compute_sample_weight(class_weight, y)
        if not weight.any():
            raise ValueError(
                "class_weight must leave a row with a weight that is not zero."
            )
    kept = np.flatnonzero(weight > 0)
    return X[kept], weight[kept], kept


def _centre(target: Floats, weight: Floats) -> Floats:
    """About the mean of each output, of so few digits that whole numbers stay whole.

    Their sums are then exact, and no rounding decides between equally good splits.
    """
    mean = np.average(target, axis=0, weights=weight if len(weight) else None)
    grain = 2.0 ** (np.frexp(np.ptp(target, axis=0))[1] - 1)
    return np.rint(mean / grain) * grain


def _check_class_weights(class_weight: Any, y: Array) -> None:
    """Of several outputs a list, weights for each; or one word for all."""
    n_outputs = y.shape[1]
    if n_outputs == 1 or isinstance(class_weight, str):
        check_class_weight(class_weight)
        return
    if not isinstance(class_weight, list) or len(class_weight) != n_outputs:
        raise ValueError(
            f"class_weight must be 'balanced', None or a list of {n_outputs} dicts of "
            f"weights by class, one for each output, got {class_weight!r}."
        )
    for weights in class_weight:
        check_class_weight(weights)


def _whole(value: Any, least: int) -> bool:
    if isinstance(value, bool) or not isinstance(value, Integral):
        return False
    return int(value) >= least
