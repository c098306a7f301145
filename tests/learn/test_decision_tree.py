import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import config
from scipy.sparse import csr_matrix
from sklearn.datasets import load_diabetes, load_digits, load_iris
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier as TheirClassifier
from sklearn.tree import DecisionTreeRegressor as TheirRegressor
from sklearn.utils import get_tags

from lookalike.learn import DecisionTreeClassifier, DecisionTreeRegressor
from lookalike.learn._tree import sorted_columns


def mixed(n=600, seed=0, missing=0.0):
    """Continuous, rounded, mostly zero, binary and constant features, and numbers.

    Small and large numbers, and zeros, are missing more often than others.
    """
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 8)).astype(np.float32)
    X[:, 3] = np.round(X[:, 3] * 2)
    X[:, 4] *= rng.random(n) < 0.3
    X[:, 5] = X[:, 5] > 0.2
    X[:, 6] = 7
    score = X[:, 0] + X[:, 3] * X[:, 1] + 3 * X[:, 5] + X[:, 4] ** 2
    if missing:
        X[rng.random(X.shape) < missing * (1 + (X > 0.5) - 0.7 * (X < -1))] = np.nan
    return X, score + rng.normal(size=n) * 0.5


def labels_of(numbers):
    return np.array(list("cabd"))[np.digitize(numbers, [-1, 1, 3])]


def same_tree(ours, theirs):
    ours, theirs = ours.tree_, theirs.tree_
    for name in ("children_left", "children_right", "feature", "n_node_samples"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name), name)
    for name in ("threshold", "impurity", "weighted_n_node_samples"):
        np.testing.assert_allclose(
            getattr(ours, name), getattr(theirs, name), rtol=1e-6, atol=1e-9
        )
    np.testing.assert_allclose(ours.value, theirs.value, rtol=1e-6, atol=1e-9)
    inner = theirs.children_left >= 0  # leaves keep their say of splits not made
    np.testing.assert_array_equal(
        ours.missing_go_to_left[inner], theirs.missing_go_to_left[inner]
    )
    np.testing.assert_array_equal(ours.n_classes, theirs.n_classes)
    assert ours.max_n_classes == theirs.max_n_classes
    assert ours.max_depth == theirs.max_depth
    assert ours.n_leaves == theirs.n_leaves
    assert ours.node_count == theirs.node_count


# Nodes of so many samples that no two splits are equally good by chance.
LARGE = {"min_samples_split": 60, "min_samples_leaf": 10}
OPTIONS = [
    LARGE,
    {"max_depth": 1},
    {"max_depth": 3},
    {"max_depth": 4, "min_samples_split": 60},
    {"min_samples_leaf": 0.05, "min_samples_split": 80},
    {"min_samples_leaf": 10, "min_samples_split": 0.2},
    {"min_weight_fraction_leaf": 0.04, "min_samples_split": 80},
    LARGE | {"min_impurity_decrease": 0.01},
    LARGE | {"max_leaf_nodes": 7},
    LARGE | {"max_leaf_nodes": 12, "max_depth": 3},
    LARGE | {"ccp_alpha": 0.01},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("criterion", ["gini", "entropy", "log_loss"])
@pytest.mark.parametrize("weight", [None, "samples", "classes", "both"])
def test_classifier_agrees_with_scikit_learn(options, criterion, weight):
    X, numbers = mixed()
    y = labels_of(numbers)
    options = options | {"criterion": criterion}
    if weight in ("classes", "both"):
        options["class_weight"] = {"a": 1.5, "b": 0.7, "c": 2.0, "d": 1.0}
    sample_weight = np.random.default_rng(1).exponential(size=len(y))
    sample_weight[::7] = 0
    if weight not in ("samples", "both"):
        sample_weight = None
    ours = DecisionTreeClassifier(**options).fit(X, y, sample_weight)
    theirs = TheirClassifier(random_state=0, **options).fit(X, y, sample_weight)
    same_tree(ours, theirs)
    Q, _ = mixed(seed=2)
    np.testing.assert_array_equal(ours.predict(Q), theirs.predict(Q))
    np.testing.assert_allclose(ours.predict_proba(Q), theirs.predict_proba(Q))
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(
            ours.predict_log_proba(Q), theirs.predict_log_proba(Q), rtol=1e-6
        )
    np.testing.assert_array_equal(ours.apply(Q), theirs.apply(Q))
    ours_path, theirs_path = ours.decision_path(Q), theirs.decision_path(Q)
    np.testing.assert_array_equal(ours_path.toarray(), theirs_path.toarray())
    np.testing.assert_allclose(ours.feature_importances_, theirs.feature_importances_)
    assert ours.get_depth() == theirs.get_depth()
    assert ours.get_n_leaves() == theirs.get_n_leaves()


@pytest.mark.parametrize(
    "options", [*OPTIONS, LARGE | {"min_impurity_decrease": 0.3}], ids=str
)
@pytest.mark.parametrize("weighted", [False, True])
def test_regressor_agrees_with_scikit_learn(options, weighted):
    X, y = mixed()
    sample_weight = None
    if weighted:
        sample_weight = np.random.default_rng(1).exponential(size=len(y))
        sample_weight[::7] = 0
    ours = DecisionTreeRegressor(**options).fit(X, y, sample_weight)
    theirs = TheirRegressor(random_state=0, **options).fit(X, y, sample_weight)
    same_tree(ours, theirs)
    Q, _ = mixed(seed=2)
    np.testing.assert_allclose(ours.predict(Q), theirs.predict(Q))
    np.testing.assert_allclose(ours.feature_importances_, theirs.feature_importances_)


def test_balanced_classes_weigh_the_same():
    X, numbers = mixed()
    y = numbers > 3
    ours = DecisionTreeClassifier(class_weight="balanced", max_depth=3).fit(X, y)
    theirs = TheirClassifier(class_weight="balanced", max_depth=3, random_state=0)
    same_tree(ours, theirs.fit(X, y))
    np.testing.assert_allclose(ours.tree_.value[0, 0], [0.5, 0.5])


@pytest.mark.parametrize("kind", ["classes", "numbers"])
def test_pruning_path_agrees_with_scikit_learn(kind):
    X, y = mixed()
    ours, theirs = DecisionTreeRegressor(), TheirRegressor()
    if kind == "classes":
        y, ours, theirs = labels_of(y), DecisionTreeClassifier(), TheirClassifier()
    ours.set_params(**LARGE)
    theirs.set_params(**LARGE, random_state=0)
    mine = ours.cost_complexity_pruning_path(X, y)
    reference = theirs.cost_complexity_pruning_path(X, y)
    np.testing.assert_allclose(mine.ccp_alphas, reference.ccp_alphas, atol=1e-12)
    np.testing.assert_allclose(mine.impurities, reference.impurities)
    between = (mine.ccp_alphas[:-1] + mine.ccp_alphas[1:]) / 2
    if config.DISABLE_JIT:  # uncompiled, each takes a second
        between = between[::-5][::-1]
    for alpha in between:
        ours.set_params(ccp_alpha=alpha).fit(X, y)
        theirs.set_params(ccp_alpha=alpha).fit(X, y)
        same_tree(ours, theirs)
    assert ours.tree_.node_count <= 3


def every_split(x):
    """Which rows go left, by each split of a column."""
    present, missing = np.unique(x[~np.isnan(x)]), np.isnan(x)
    for threshold in present[:-1]:
        yield x <= threshold
        yield (x <= threshold) | missing
    yield ~missing


def best_gain(x, stats, impurity, least):
    """Largest fall of weighted impurity by any split of one column, by definition."""
    best = -np.inf
    for left in every_split(x):
        if min(left.sum(), (~left).sum()) >= least:
            best = max(
                best, impurity(stats) - impurity(stats[left]) - impurity(stats[~left])
            )
    return best


def gini(one_hot):
    return len(one_hot) * (1 - (one_hot.mean(axis=0) ** 2).sum())


def entropy(one_hot):
    shares = one_hot.mean(axis=0)
    return -len(one_hot) * (shares[shares > 0] * np.log2(shares[shares > 0])).sum()


def variance(y):
    return len(y) * y.var()


def goes_left(tree, t, x):
    x = x[:, tree.feature[t]]
    return np.where(np.isnan(x), tree.missing_go_to_left[t], x <= tree.threshold[t]) > 0


def check_every_split(tree, X, stats, impurity, least=1):
    """Each node has the purity it says, and no other split would have been better."""
    tree, rows = tree.tree_, {0: np.arange(len(X))}
    for t in range(tree.node_count):
        own = stats[rows[t]]
        assert tree.n_node_samples[t] == len(own)
        np.testing.assert_allclose(
            tree.impurity[t] * len(own), impurity(own), atol=1e-9
        )
        x = X[rows[t]]
        best = max(best_gain(column, own, impurity, least) for column in x.T)
        if tree.children_left[t] == -1:
            assert impurity(own) < 1e-9 or best == -np.inf
            continue
        left, missing = goes_left(tree, t, x), np.isnan(x[:, tree.feature[t]])
        if not missing.any():
            assert tree.missing_go_to_left[t] == (left.sum() > (~left).sum())
        assert 0 < left.sum() < len(left)
        gain = impurity(own) - impurity(own[left]) - impurity(own[~left])
        np.testing.assert_allclose(gain, best, atol=1e-9)
        rows[tree.children_left[t]] = rows[t][left]
        rows[tree.children_right[t]] = rows[t][~left]


def with_ties(rng, n, levels, dtype, missing):
    """Three columns of few values, of which some are NaN where the type has it."""
    X = rng.integers(levels, size=(n, 3)).astype(dtype)
    if X.dtype.kind == "f":
        X[rng.random(X.shape) < missing] = np.nan
    return X


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(2, 25),
    levels=st.integers(1, 4),
    dtype=st.sampled_from([np.uint8, np.float32, np.float64]),
    criterion=st.sampled_from(["gini", "entropy"]),
    least=st.integers(1, 3),
    missing=st.sampled_from([0, 0.1, 0.5]),
)
def test_every_split_of_a_classifier_is_the_best_there_is(
    seed, n, levels, dtype, criterion, least, missing
):
    rng = np.random.default_rng(seed)
    X = with_ties(rng, n, levels, dtype, missing)
    y = rng.integers(3, size=n)
    tree = DecisionTreeClassifier(criterion=criterion, min_samples_leaf=least)
    one_hot = np.eye(3)[np.unique(y, return_inverse=True)[1]]
    impurity = gini if criterion == "gini" else entropy
    check_every_split(tree.fit(X, y), X, one_hot, impurity, least)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(2, 25),
    levels=st.integers(1, 4),
    dtype=st.sampled_from([np.uint8, np.float32, np.float64]),
    missing=st.sampled_from([0, 0.1, 0.5]),
)
def test_every_split_of_a_regressor_is_the_best_there_is(
    seed, n, levels, dtype, missing
):
    rng = np.random.default_rng(seed)
    X = with_ties(rng, n, levels, dtype, missing)
    y = rng.integers(5, size=n).astype(float)
    check_every_split(DecisionTreeRegressor().fit(X, y), X, y, variance)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(1, 40),
    levels=st.integers(1, 300),
    dtype=st.sampled_from([np.uint8, np.float32, np.float64]),
    missing=st.sampled_from([0, 0.1, 0.5, 1]),
)
def test_sorted_columns_hold_every_value_but_the_default(
    seed, n, levels, dtype, missing
):
    rng = np.random.default_rng(seed)
    X = with_ties(rng, n, levels, dtype, missing)
    X[rng.random((n, 3)) < 0.2] = 0
    columns = sorted_columns(X)
    for j in range(3):
        entries = slice(columns.starts[j], columns.starts[j + 1])
        own = slice(columns.value_starts[j], columns.value_starts[j + 1])
        rows, ranks = columns.rows[entries], columns.ranks[entries].astype(int)
        values = columns.values[own]
        np.testing.assert_array_equal(values, np.unique(X[:, j]))
        np.testing.assert_array_equal(values[ranks], X[rows, j])
        assert (np.diff(ranks) >= 0).all()
        rest = np.setdiff1d(np.arange(n), rows)
        assert len(np.unique(rows)) == len(rows)
        nan = np.flatnonzero(np.isnan(values))
        assert columns.missing[j] == (nan[0] if len(nan) else -1)
        if columns.default[j] >= 0:
            assert len(rest) * 4 >= n
            np.testing.assert_array_equal(
                X[rest, j], np.repeat(values[columns.default[j]], len(rest))
            )
            assert len(nan) == 0 or columns.default[j] == nan[0]
        else:
            assert len(rest) == 0


def test_iris_at_depth_three_is_classified_without_a_mistake():
    X, y = load_iris(return_X_y=True)
    train, test, y_train, y_test = train_test_split(
        X, y, test_size=0.2, random_state=42
    )
    tree = DecisionTreeClassifier(max_depth=3).fit(train, y_train)
    assert tree.score(test, y_test) == 1.0


def test_a_full_tree_remembers_its_training_set():
    X, y = load_digits(return_X_y=True)
    for kind in (np.uint8, np.float32, np.float64):
        assert DecisionTreeClassifier().fit(X.astype(kind), y).score(X, y) == 1
    X, y = load_diabetes(return_X_y=True)
    np.testing.assert_allclose(DecisionTreeRegressor().fit(X, y).predict(X), y)


def test_a_forest_of_few_features_is_as_good_as_scikit_learns():
    X, y = load_digits(return_X_y=True)
    train, test, y_train, y_test = train_test_split(X, y, random_state=0)

    def vote(kind):
        trees = [kind(max_features="sqrt", random_state=s) for s in range(15)]
        total = sum(t.fit(train, y_train).predict_proba(test) for t in trees)
        return (total.argmax(axis=1) == y_test).mean()

    assert vote(DecisionTreeClassifier) > vote(TheirClassifier) - 0.02


@pytest.mark.parametrize(
    ("value", "expected"), [(None, 8), ("sqrt", 2), ("log2", 3), (5, 5), (0.5, 4)]
)
def test_max_features_counts_like_scikit_learn(value, expected):
    X, y = mixed()
    ours = DecisionTreeRegressor(max_features=value, max_depth=2).fit(X, y)
    theirs = TheirRegressor(max_features=value, max_depth=2).fit(X, y)
    assert ours.max_features_ == theirs.max_features_ == expected


def test_random_features_follow_the_seed_and_all_of_them_are_used():
    X, y = mixed()
    trees = [
        DecisionTreeRegressor(max_features=1, max_depth=1, random_state=s)
        for s in range(40)
    ]
    roots = [tree.fit(X, y).tree_.feature[0] for tree in trees]
    again = [tree.fit(X, y).tree_.feature[0] for tree in trees]
    assert roots == again
    assert set(roots) == {0, 1, 2, 3, 4, 5, 7}  # feature 6 is constant


def test_thresholds_part_neighbouring_numbers():
    low = 1.0
    high = np.nextafter(low, 2)
    tree = DecisionTreeClassifier().fit([[low], [high]], [0, 1])
    np.testing.assert_array_equal(tree.predict([[low], [high]]), [0, 1])
    huge = np.finfo(float).max
    tree = DecisionTreeClassifier().fit([[-huge], [huge]], [0, 1])
    assert tree.tree_.threshold[0] == 0


def test_float64_is_not_rounded():
    X = np.array([[1.0], [1.0 + 1e-12]])
    tree = DecisionTreeClassifier().fit(X, [0, 1])
    assert tree.score(X, [0, 1]) == 1


def test_equal_targets_far_from_zero_are_one_leaf():
    X = np.arange(50.0)[:, None]
    y = np.where(X[:, 0] < 20, 1e9 + 0.1, -1e9 + 0.3)
    assert DecisionTreeRegressor().fit(X, y).tree_.node_count == 3


def test_samples_of_weight_zero_change_nothing():
    X, y = mixed()
    weight = (np.arange(len(y)) % 3 > 0).astype(float)
    ours = DecisionTreeRegressor(min_samples_leaf=5).fit(X, y, weight)
    without = DecisionTreeRegressor(min_samples_leaf=5).fit(
        X[weight > 0], y[weight > 0]
    )
    same_tree(ours, without)


def test_kinds_of_the_same_numbers_give_the_same_tree():
    X, y = load_digits(return_X_y=True)
    trees = [
        DecisionTreeClassifier(max_depth=6).fit(X.astype(kind), y)
        for kind in (np.uint8, np.float32, np.float64, np.int64)
    ]
    for tree in trees[1:]:
        same_tree(trees[0], tree)
        np.testing.assert_array_equal(tree.predict(X), trees[0].predict(X))


@pytest.mark.parametrize("n", [1, 70_000])
def test_any_number_of_rows(n):
    rng = np.random.default_rng(0)
    X = np.stack([rng.permutation(n), rng.permutation(n)], axis=1).astype(float)
    y = np.sin(X[:, 0] / n * 5) + rng.random(n)
    tree = DecisionTreeRegressor(max_depth=3).fit(X, y)
    theirs = TheirRegressor(max_depth=3, random_state=0).fit(X, y)
    np.testing.assert_array_equal(tree.tree_.feature, theirs.tree_.feature)
    np.testing.assert_allclose(tree.predict(X), theirs.predict(X))


@pytest.mark.parametrize("kind", [DecisionTreeClassifier, DecisionTreeRegressor])
@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"criterion": "mae"}, "criterion must be .* got 'mae'"),
        ({"max_depth": 0}, "max_depth must be None or at least 1, got 0"),
        ({"min_samples_split": 1}, "min_samples_split must be a whole number .* got 1"),
        ({"min_samples_split": 1.5}, r"a share in \(0, 1\], got 1.5"),
        ({"min_samples_leaf": 0}, "min_samples_leaf must be a whole number .* got 0"),
        ({"min_weight_fraction_leaf": 0.6}, r"must be in \[0, 0.5\], got 0.6"),
        ({"max_features": 0}, "max_features must be .* got 0"),
        ({"max_features": "some"}, "max_features must be .* got 'some'"),
        ({"max_leaf_nodes": 1}, "max_leaf_nodes must be None or at least 2, got 1"),
        ({"min_impurity_decrease": -1}, "min_impurity_decrease must be in .* got -1"),
        ({"ccp_alpha": -0.1}, "ccp_alpha must be in .* got -0.1"),
    ],
)
def test_refuses_bad_parameters(kind, parameters, message):
    X, y = mixed()
    with pytest.raises(ValueError, match=message):
        kind(**parameters).fit(X, np.round(y))


def test_refuses_bad_weights():
    X, y = mixed()
    with pytest.raises(ValueError, match="sample_weight must not be negative"):
        DecisionTreeRegressor().fit(X, y, -np.ones(len(y)))
    with pytest.raises(ValueError, match="sample_weight must have shape"):
        DecisionTreeRegressor().fit(X, y, np.ones(3))


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (DecisionTreeClassifier, {"splitter": "random"}, "use 'best', with max_feat"),
        (DecisionTreeRegressor, {"criterion": "poisson"}, "HistGradientBoosting.*inst"),
        (
            DecisionTreeRegressor,
            {"monotonic_cst": [1]},
            "HistGradientBoosting.*instead",
        ),
    ],
)
def test_what_is_not_offered_names_what_to_use(kind, options, message):
    with pytest.raises(ValueError, match=message):
        kind(**options).fit([[0.0], [1.0]], [0, 1])


@pytest.mark.parametrize("kind", [DecisionTreeClassifier, DecisionTreeRegressor])
def test_names_of_checks_and_no_constraints_are_taken(kind):
    X, y = [[0.0], [1.0]], [0, 1]
    tree = kind(monotonic_cst=[0]).fit(X, y, check_input=False)
    assert tree.predict(X, check_input=False).tolist() == y
    n_classes = [2] if kind is DecisionTreeClassifier else [1]
    assert (tree.tree_.n_outputs, tree.tree_.n_classes.tolist()) == (1, n_classes)


@pytest.mark.parametrize(
    ("max_features", "n"), [("sqrt", 2), ("log2", 3), (0.5, 4), (1, 1)]
)
@pytest.mark.parametrize("kind", [DecisionTreeClassifier, DecisionTreeRegressor])
def test_max_features_is_a_number_by_any_name(kind, max_features, n):
    X, numbers = mixed()  # of 8 features
    y = targets_of(kind, numbers)
    named = kind(max_features=max_features, random_state=0).fit(X, y)
    assert named.max_features_ == n
    same_tree(named, kind(max_features=n, random_state=0).fit(X, y))
    all_ = kind(random_state=0).fit(X, y)
    assert named.tree_.feature.tolist() != all_.tree_.feature.tolist()


KINDS = [
    (DecisionTreeClassifier, TheirClassifier, {"criterion": "gini"}),
    (DecisionTreeClassifier, TheirClassifier, {"criterion": "entropy"}),
    (DecisionTreeRegressor, TheirRegressor, {}),
]
NAMES = ["gini", "entropy", "squared error"]
FEW_OPTIONS = [
    LARGE,
    LARGE | {"max_depth": 3, "min_weight_fraction_leaf": 0.04},
    LARGE | {"max_leaf_nodes": 7, "min_impurity_decrease": 0.001},
    LARGE | {"ccp_alpha": 0.01},
]


def targets_of(kind, numbers):
    return labels_of(numbers) if kind is DecisionTreeClassifier else numbers


def same_answers(ours, theirs, Q):
    for ask in ("predict", "predict_proba", "predict_log_proba", "apply"):
        if hasattr(theirs, ask):
            with np.errstate(divide="ignore"):
                given, expected = (getattr(model, ask)(Q) for model in (ours, theirs))
            same_arrays(given, expected)
    path, expected = ours.decision_path(Q), theirs.decision_path(Q)
    np.testing.assert_array_equal(path.toarray(), expected.toarray())
    np.testing.assert_allclose(ours.feature_importances_, theirs.feature_importances_)


def same_arrays(given, expected):
    assert type(given) is type(expected)
    for one, other in zip(
        *([x] if isinstance(x, np.ndarray) else x for x in (given, expected)),
        strict=True,
    ):
        assert one.shape == other.shape
        if other.dtype.kind in "fi":
            np.testing.assert_allclose(one, other, rtol=1e-6)
        else:
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("options", FEW_OPTIONS, ids=str)
@pytest.mark.parametrize(("ours", "theirs", "criterion"), KINDS, ids=NAMES)
@pytest.mark.parametrize("weighted", [False, True])
def test_missing_values_go_where_scikit_learn_sends_them(
    ours, theirs, criterion, options, weighted
):
    X, numbers = mixed(missing=0.15)
    y = targets_of(ours, numbers)
    weight = np.random.default_rng(1).exponential(size=len(y)) if weighted else None
    ours = ours(**options, **criterion).fit(X, y, weight)
    theirs = theirs(random_state=0, **options, **criterion).fit(X, y, weight)
    same_tree(ours, theirs)
    same_answers(ours, theirs, mixed(seed=2, missing=0.3)[0])


@pytest.mark.parametrize("missing", [0, 0.1, 0.4])
@pytest.mark.parametrize("n_outputs", [1, 3])
@pytest.mark.parametrize(("ours", "theirs", "criterion"), KINDS, ids=NAMES)
def test_whole_trees_of_a_column_full_of_ties_agree(
    ours, theirs, criterion, n_outputs, missing
):
    # Weights that are all different: no two splits of one column are equally good.
    for seed in range(20):
        rng = np.random.default_rng(seed)
        n, levels = rng.integers(4, 60), rng.integers(2, 12)
        X = rng.integers(levels, size=(n, 1)).astype(float)
        X[rng.random(n) < missing] = np.nan
        y, weight = rng.integers(3, size=(n, n_outputs)), rng.exponential(size=n)
        least = int(rng.integers(1, 4))
        models = [
            kind(min_samples_leaf=least, random_state=0, **criterion).fit(X, y, weight)
            for kind in (ours, theirs)
        ]
        same_tree(*models)
        Q = np.append(np.arange(-1.0, levels, 0.5), np.nan)[:, None]
        same_answers(*models, Q)


def test_of_equally_good_splits_the_smallest_threshold_is_taken():
    X = np.array([0, 1, 0, 0, 1, 0, 0, 2, 0])[:, None]
    y = [1, 1, 0, 1, 1, 0, 0, 0, 0]
    for kind in (DecisionTreeClassifier, TheirClassifier):
        tree = kind(max_depth=1, random_state=0).fit(X, y).tree_
        assert tree.threshold[0] == 0.5
    for seed in range(100):
        rng = np.random.default_rng(seed)
        X = np.maximum(rng.integers(-3, 4, size=(9, 1)), 0)
        y = rng.integers(4, size=9)
        ours = DecisionTreeRegressor(max_depth=1).fit(X, y).tree_
        theirs = TheirRegressor(max_depth=1, random_state=0).fit(X, y).tree_
        assert ours.threshold[0] == theirs.threshold[0]


@pytest.mark.parametrize("criterion", ["gini", "entropy"])
def test_a_split_that_gains_nothing_yet_is_made(criterion):
    for n in range(1, 12):
        X = np.repeat([[0, 0], [0, 1], [1, 0], [1, 1]], n, axis=0)
        tree = DecisionTreeClassifier(criterion=criterion).fit(X, X[:, 0] ^ X[:, 1])
        assert tree.get_n_leaves() == 4


def test_missing_or_not_is_a_split_too():
    X = np.array([[1.0], [2], [np.nan], [3], [np.nan]])
    tree = DecisionTreeClassifier().fit(X, [0, 0, 1, 0, 1])
    assert tree.tree_.threshold[0] == np.inf
    assert tree.tree_.missing_go_to_left.tolist() == [0, 0, 0]
    assert tree.predict([[1e300], [np.nan]]).tolist() == [0, 1]
    whole = DecisionTreeRegressor().fit([[np.nan], [np.nan]], [1, 2])
    assert whole.tree_.node_count == 1
    assert whole.predict([[7], [np.nan]]).tolist() == [1.5, 1.5]


@pytest.mark.parametrize(("sizes", "expected"), [((3, 2), 0), ((2, 3), 1), ((2, 2), 1)])
def test_what_is_missing_only_later_goes_where_most_went(sizes, expected):
    y = np.repeat([0, 1], sizes)
    X = y[:, None].astype(float)
    for kind in (DecisionTreeClassifier, TheirClassifier, DecisionTreeRegressor):
        assert kind().fit(X, y).predict([[np.nan]]) == expected
    weighted = DecisionTreeClassifier().fit(X, y, 1 + 10 * y)
    assert weighted.predict([[np.nan]]) == expected  # samples count, not weights


@pytest.mark.parametrize("kind", [DecisionTreeClassifier, DecisionTreeRegressor])
def test_infinity_is_refused_and_missing_is_not(kind):
    assert get_tags(kind()).input_tags.allow_nan
    X, y = [[0.0], [None], [2.0]], [0, 1, 1]
    model = kind().fit(X, y)
    assert model.predict([[None]]) == 1
    for bad in (np.inf, -np.inf):
        with pytest.raises(ValueError, match="infinity"):
            kind().fit([[0.0], [bad], [np.nan]], y)
        with pytest.raises(ValueError, match="infinity"):
            model.predict([[bad]])


def outputs(kind, numbers, X):
    """Three outputs of unlike kinds; labels of unlike numbers."""
    more = np.stack([numbers, np.nan_to_num(X[:, 0] * X[:, 1]), -numbers], axis=1)
    if kind is DecisionTreeRegressor:
        return more
    return np.stack([labels_of(column) for column in more.T], axis=1)


@pytest.mark.parametrize("options", FEW_OPTIONS, ids=str)
@pytest.mark.parametrize(("ours", "theirs", "criterion"), KINDS, ids=NAMES)
@pytest.mark.parametrize("missing", [0, 0.15])
def test_several_outputs_agree_with_scikit_learn(
    ours, theirs, criterion, options, missing
):
    X, numbers = mixed(missing=missing)
    y = outputs(ours, numbers, X)
    weight = np.random.default_rng(1).exponential(size=len(y)) if missing else None
    ours = ours(**options, **criterion).fit(X, y, weight)
    theirs = theirs(random_state=0, **options, **criterion).fit(X, y, weight)
    same_tree(ours, theirs)
    same_answers(ours, theirs, mixed(seed=2, missing=missing)[0])
    assert ours.n_outputs_ == ours.tree_.n_outputs == theirs.n_outputs_ == 3
    if hasattr(theirs, "classes_"):
        same_arrays(ours.classes_, theirs.classes_)
        same_arrays(ours.n_classes_, theirs.n_classes_)
    given, expected = (
        model.cost_complexity_pruning_path(X, y, weight) for model in (ours, theirs)
    )
    np.testing.assert_allclose(given.ccp_alphas, expected.ccp_alphas, atol=1e-12)
    np.testing.assert_allclose(given.impurities, expected.impurities)


@pytest.mark.parametrize("kind", [DecisionTreeClassifier, DecisionTreeRegressor])
@pytest.mark.parametrize("n_outputs", [1, 2, 3, 7, 20])
def test_what_is_pure_in_every_output_is_a_leaf(kind, n_outputs):
    for seed in range(10):
        rng = np.random.default_rng(seed)
        X = rng.integers(2, size=(50, 1)) + [[0, 0.25]] * rng.random((50, 1))
        y = rng.integers(1, 9, n_outputs) * (1 + np.floor(X[:, :1]))
        tree = kind().fit(X, y.astype(int), rng.exponential(size=50)).tree_
        assert tree.node_count == 3
        assert (tree.impurity[1:] == 0).all()


@pytest.mark.parametrize("weights", ["balanced", [{"a": 2}, {"b": 3, "c": 0.5}, {}]])
def test_classes_of_several_outputs_have_weights_each(weights):
    X, numbers = mixed()
    y = outputs(DecisionTreeClassifier, numbers, X)
    options = {"class_weight": weights, **LARGE}
    ours = DecisionTreeClassifier(**options).fit(X, y)
    same_tree(ours, TheirClassifier(random_state=0, **options).fit(X, y))
    for bad in ({"a": 2}, [{"a": 2}]):
        with pytest.raises(ValueError, match="a list of 3 dicts of weights by class"):
            DecisionTreeClassifier(class_weight=bad).fit(X, y)
    with pytest.raises(ValueError, match="finite number of at least 0 for each"):
        DecisionTreeClassifier(class_weight=[{}, {"a": -1}, {}]).fit(X, y)
    with pytest.raises(ValueError, match="class_weight must be a dict"):
        DecisionTreeClassifier(class_weight=[{"a": 2}]).fit(X, y[:, 0])


@pytest.mark.parametrize("kind", [DecisionTreeClassifier, DecisionTreeRegressor])
def test_a_column_of_targets_is_one_output(kind):
    X, numbers = mixed()
    y = targets_of(kind, numbers)
    model, plain = kind(**LARGE).fit(X, y[:, None]), kind(**LARGE).fit(X, y)
    same_tree(model, plain)
    np.testing.assert_array_equal(model.predict(X), plain.predict(X))
    with pytest.raises(ValueError, match="y must be a dense array, got a sparse one"):
        kind().fit(X, csr_matrix(np.round(numbers))[0].T)
