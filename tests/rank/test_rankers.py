"""Rankers: agreement with their references, kept as arrays, and what they refuse."""

import lightgbm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import logsumexp
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from lookalike import learn
from lookalike.datasets import load_lambdarank
from lookalike.datasets.letor import joined
from lookalike.evaluate import ndcg_at_k, paired_test
from lookalike.kernels.forest import LEAF, add_trees, leaves_of
from lookalike.rank._forest import Forest
from lookalike.rank.boosted_ranker import BoostedRanker
from lookalike.rank.lambda_mart import LambdaMART
from lookalike.rank.linear_ranker import LinearRanker
from lookalike.rank.logistic_ranker import LogisticRanker

RANKERS = [
    LogisticRanker(products=True),
    LinearRanker(),
    LinearRanker("listmle", alpha=0.01),
    LinearRanker("softmax", alpha=0.01),
    BoostedRanker(20, min_child_samples=2),
    BoostedRanker(20, loss="squared", subsample=0.7, colsample=0.5),
    LambdaMART(20, min_child_samples=2),
    *(
        LambdaMART(20, loss=loss, min_child_samples=2)
        for loss in ("xendcg", "ranknet", "listnet", "listmle", "softmax")
    ),
]
TREES = [each for each in RANKERS if hasattr(each, "n_estimators")]


def queries(n=60, size=9, seed=0):
    """Lists whose grades follow a bent score; features in float32."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n * size, 5)).astype(np.float32)
    merit = X[:, 0] + abs(X[:, 1]) - X[:, 2] * X[:, 3] + rng.normal(0, 0.3, n * size)
    positions = merit.reshape(n, size).argsort(axis=1).argsort(axis=1).ravel()
    return X, np.maximum(positions - size + 4, 0), np.full(n, size)


def quality(ranker, X, grades, groups):
    scores = ranker.score_rows(X).reshape(len(groups), -1)
    order = np.argsort(-scores, axis=1, kind="stable")
    lists = np.take_along_axis(grades.reshape(scores.shape), order, axis=1)
    return ndcg_at_k(lists, 5, gain="exponential").mean()


ALL_RIGHT = "above 0 is relevant: all labels of this check are, and that is refused"
POINTWISE = (
    *("check_estimators_dtypes", "check_fit2d_1feature"),
    *("check_sample_weights_pandas_series", "check_sample_weights_not_an_array"),
    *("check_sample_weights_shape", "check_sample_weights_not_overwritten"),
)


def cannot_hold(estimator):
    if isinstance(estimator, LambdaMART | LinearRanker):
        return {}
    if getattr(estimator, "loss", "logistic") == "squared":
        return {}
    return dict.fromkeys(POINTWISE, ALL_RIGHT)


@parametrize_with_checks(
    [
        *(LogisticRanker(), BoostedRanker(5), LambdaMART(5), LinearRanker()),
        BoostedRanker(5, loss="squared"),
    ],
    expected_failed_checks=cannot_hold,
)
def test_keeps_the_conventions_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize("ranker", RANKERS, ids=str)
def test_scikit_learn_is_told_which_targets_a_ranker_needs(ranker):
    tags = get_tags(ranker).target_tags
    assert tags.required
    assert tags.positive_only == isinstance(ranker, LambdaMART | LinearRanker)


@pytest.mark.parametrize("ranker", RANKERS, ids=str)
def test_learns_an_order_that_it_finds_again_in_new_lists(ranker):
    fitted = clone(ranker).fit(*queries(150))
    bent = not isinstance(ranker, LinearRanker)  # a line cannot follow the score
    assert quality(fitted, *queries(seed=1)) > (0.75 if bent else 0.6)


@pytest.mark.parametrize("ranker", RANKERS, ids=str)
def test_a_score_does_not_depend_on_the_rows_beside_it(ranker):
    X, grades, groups = queries()
    fitted = clone(ranker).fit(X, grades, groups)
    together = fitted.score_rows(X[:50])
    alone = np.concatenate([fitted.score_rows(row[None]) for row in X[:50]])
    np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize("ranker", RANKERS, ids=str)
def test_taken_apart_and_put_together_it_scores_the_same(ranker):
    X, grades, groups = queries()
    fitted = clone(ranker).fit(X, grades, groups)
    again = type(ranker).from_arrays(fitted.arrays())
    np.testing.assert_array_equal(again.score_rows(X), fitted.score_rows(X))
    with pytest.raises(ValueError, match="expecting 5 features"):
        again.score_rows(X[:, :4])


@pytest.mark.parametrize("ranker", TREES, ids=str)
def test_the_same_seed_grows_the_same_trees(ranker):
    given = queries()
    first, again = (clone(ranker).fit(*given).forest_ for _ in range(2))
    np.testing.assert_array_equal(first.thresholds, again.thresholds)
    several = clone(ranker).set_params(n_jobs=2).fit(*given).forest_
    np.testing.assert_array_equal(first.thresholds, several.thresholds)


@pytest.mark.parametrize("products", [False, True])
def test_log_odds_are_those_of_scikit_learn(products):
    X, grades, groups = queries()
    s = np.random.default_rng(2).uniform(0.5, 2, len(X))
    ours = LogisticRanker(0.3, products=products, tol=1e-7)
    ours.fit(X, grades, groups, sample_weight=s)
    columns = StandardScaler().fit_transform(X.astype(float))
    if products:
        columns = PolynomialFeatures(2, include_bias=False).fit_transform(columns)
    theirs = LogisticRegression(C=0.3, tol=1e-8, max_iter=500)
    theirs.fit(columns, grades > 0, s)
    expected = theirs.decision_function(columns)
    np.testing.assert_allclose(ours.score_rows(X), expected, atol=2e-3)


@pytest.mark.parametrize("alpha", [0.02, 3.0])
def test_linear_weights_are_the_least_of_the_softmax_loss(alpha):
    X, grades, groups = queries(40)
    rng = np.random.default_rng(3)
    gains, asked = grades * rng.uniform(0.5, 2, len(X)), rng.uniform(0.5, 2, 40)
    ranker = LinearRanker("softmax", alpha=alpha)
    ranker.fit(X, gains, groups, sample_weight=np.repeat(asked, 9))
    columns = StandardScaler().fit_transform(X.astype(float)).reshape(40, 9, 5)

    def objective(w):
        scores = columns @ w
        logs = scores - logsumexp(scores, axis=1, keepdims=True)
        losses = -(gains.reshape(40, 9) * logs).sum(axis=1)
        return (asked.astype(np.float32) * losses).mean() + alpha / 2 * w @ w

    best = minimize(objective, np.zeros(5), options={"gtol": 1e-6}).x
    np.testing.assert_allclose(ranker.weights_, best, atol=2e-3)


def test_steps_of_log_odds_are_limited():
    X, grades, groups = queries()
    columns = StandardScaler().fit_transform(X.astype(float))
    with pytest.warns(ConvergenceWarning):
        short = LogisticRanker(max_iter=1).fit(X, grades, groups)
    with pytest.warns(ConvergenceWarning):
        steps = learn.LogisticRegression(max_iter=1).fit(columns, grades > 0)
    np.testing.assert_allclose(short.weights_, steps.coef_[0], atol=1e-3)


LIMITS = {
    "learning_rate": 0.2,
    "num_leaves": 7,
    "reg_lambda": 0.1,  # with more, it no longer looks at features that a parent's
    # rows gain nothing by, though a child's would
}
OBJECTIVES = [
    # LightGBM guesses the rows of a leaf from its Hessians, which is exact where those
    # are 1: elsewhere a leaf may be as small as it likes.
    (BoostedRanker(5, loss="squared"), "regression"),
    (BoostedRanker(5, min_child_samples=1), "binary"),
    (LambdaMART(5, min_child_samples=1), "lambdarank"),
    (LambdaMART(5, min_child_samples=1, truncation=5), "lambdarank"),
]


@pytest.mark.parametrize(("ranker", "objective"), OBJECTIVES, ids=str)
@pytest.mark.parametrize("limits", [{"num_leaves": 6}, LIMITS], ids=["few", "all"])
def test_trees_are_grown_as_lightgbm_grows_them(ranker, objective, limits):
    X, grades, groups = queries()
    X = np.round(2 * X)  # few values, so that its bins are ours
    if objective == "regression":  # else many splits gain the same
        grades = grades + np.random.default_rng(3).normal(0, 0.01, len(grades))
    ours = clone(ranker).set_params(**limits).fit(X, grades, groups)
    given = ours.get_params()
    theirs = {name: given[name] for name in ("learning_rate", "num_leaves")}
    theirs |= {
        "objective": objective,
        "min_data_in_leaf": given["min_child_samples"],
        "min_data_in_bin": 1,
        "lambda_l2": given["reg_lambda"],
        "verbosity": -1,
        "deterministic": True,
        "force_row_wise": True,
        "use_missing": False,
        "n_jobs": 1,
    }
    y, lists = grades, {}
    if objective == "lambdarank":
        lists = {"group": groups}
        theirs["lambdarank_truncation_level"] = given["truncation"]
    if objective == "binary":
        y = grades > 0
    rows = lightgbm.Dataset(X, y, **lists)
    expected = lightgbm.train(theirs, rows, 5).predict(X, raw_score=True)
    # Its gradients are of single precision, and its logistic function is a table.
    np.testing.assert_allclose(ours.score_rows(X), expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("loss", ["lambdarank", "xendcg", "ranknet", "listmle"])
def test_lists_that_teach_nothing_leave_every_score_at_0(loss):
    X, _, groups = queries(5)
    model = LambdaMART(3, loss=loss, reg_lambda=0).fit(X, np.ones(len(X)), groups)
    np.testing.assert_array_equal(model.score_rows(X), 0)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_trees_add_up_the_leaves_that_a_walk_from_each_root_finds(seed):
    rng = np.random.default_rng(seed)
    n = 31
    nodes = np.arange(n)
    features = np.where(nodes < 15, rng.integers(3, size=n), LEAF).astype(np.int32)
    thresholds = rng.integers(4, size=n).astype(float)
    children = np.stack([2 * nodes + 1, 2 * nodes + 2], axis=1).astype(np.int32)
    X = rng.integers(4, size=(20, 3)).astype(np.float32)
    roots = rng.integers(15, size=4)

    def walk(x, node):
        if features[node] == LEAF:
            return node
        return walk(x, children[node, int(x[features[node]] > thresholds[node])])

    expected = np.array([[walk(x, root) for root in roots] for x in X])
    found = np.empty((20, 4), np.int32)
    leaves_of(X, roots, features, thresholds, children, found)
    np.testing.assert_array_equal(found, expected)
    found = np.empty(20)
    add_trees(X, roots, features, thresholds, children, 0, 20, found)
    np.testing.assert_array_equal(found, thresholds[expected].sum(axis=1))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("children", np.zeros((3, 2))),  # a walk in a circle
        ("children", np.full((3, 2), 3)),
        ("features", np.array([7, LEAF, LEAF])),
        ("features", np.array([-2, LEAF, LEAF])),
        ("thresholds", np.array([0.0, np.nan, 1])),
        ("thresholds", np.zeros(2)),
        ("roots", np.array([3])),
    ],
)
def test_trees_that_are_none_are_refused(name, value):
    whole = {
        "roots": np.array([0]),
        "features": np.array([0, LEAF, LEAF]),
        "thresholds": np.array([0.5, -1, 1]),
        "children": np.array([[1, 2], [0, 0], [0, 0]]),
        "n_features": np.array([1]),
    }
    rows = np.array([[0.5], [0.6]], np.float32)
    assert Forest.from_arrays(whole).scores(rows).tolist() == [-1, 1]
    with pytest.raises(ValueError, match="its trees are not trees"):
        Forest.from_arrays(whole | {name: value})


def test_weights_of_other_features_are_refused():
    X, grades, _ = queries()
    arrays = LogisticRanker().fit(X, grades).arrays()
    with pytest.raises(ValueError, match="not those of its features"):
        LogisticRanker.from_arrays(arrays | {"weights": np.ones(7)})


@pytest.mark.parametrize("ranker", [LogisticRanker(), BoostedRanker(30)], ids=str)
def test_weights_move_the_log_odds(ranker):
    X, grades, _ = queries()
    plain = clone(ranker).fit(X, grades).score_rows(X)
    tripled = np.where(grades > 0, 3.0, 1.0)
    moved = clone(ranker).fit(X, grades, sample_weight=tripled).score_rows(X)
    assert np.mean(moved - plain) == pytest.approx(np.log(3), abs=0.3)


REFUSED = [
    (BoostedRanker(0), {}, "n_estimators must be a whole number of at least 1"),
    (
        BoostedRanker(num_leaves=1),
        {},
        "num_leaves must be a whole number of at l",
    ),
    (LambdaMART(min_child_samples=0), {}, "min_child_samples must be a whole number"),
    (LambdaMART(learning_rate=0), {}, "learning_rate must be a number above 0"),
    (LambdaMART(reg_lambda=-1), {}, "reg_lambda must be a number of at least 0"),
    (BoostedRanker(subsample=2), {}, r"subsample must lie in \(0, 1\], got 2"),
    (LambdaMART(colsample=1.5), {}, r"colsample must lie in \(0, 1\], got 1.5"),
    (BoostedRanker(loss="hinge"), {}, "loss must be one of 'logistic', 'squared'"),
    (BoostedRanker(5), {"groups": [3, 4]}, "add up to the 540 rows of X, got 7"),
    (BoostedRanker(5), {"groups": [540, 0]}, "list of positive whole numbers"),
    (BoostedRanker(5), {"y": np.zeros(540)}, "relevant rows .* got 0 relevant"),
    (LambdaMART(5), {"y": np.full(540, 0.5)}, "whole numbers from 0 to 30"),
    (LambdaMART(5), {"y": np.full(540, 31)}, "whole numbers from 0 to 30"),
    (LinearRanker("softmax"), {"y": np.full(540, -0.5)}, "at least 0, got -0.5"),
    (LambdaMART(5, loss="softmax"), {"y": np.full(540, -2)}, "at least 0, got -2"),
    (LambdaMART(truncation=0), {}, "truncation must be a whole number"),
    (LogisticRanker(), {"y": np.ones(540)}, "got 540 relevant of 540"),
    (LogisticRanker(), {"sample_weight": np.ones(3)}, "sample_weight must have shape"),
]


@pytest.mark.parametrize(("ranker", "given", "message"), REFUSED, ids=str)
def test_refuses_what_it_cannot_learn_from(ranker, given, message):
    X, grades, groups = queries()
    with pytest.raises(ValueError, match=message):
        ranker.fit(**({"X": X, "y": grades, "groups": groups} | given))


def test_a_query_of_too_many_rows_asks_for_groups():
    with pytest.raises(ValueError, match=r"10,000 rows, got 10,001: give the sizes"):
        LambdaMART(1).fit(np.zeros((10_001, 1)), np.arange(10_001) % 2)


@pytest.mark.full
def test_on_the_published_sample_lists_are_put_in_order_as_well_as_by_lightgbm():
    try:
        lists = joined(load_lambdarank())
    except FileNotFoundError:
        pytest.skip("needs LOOKALIKE_DATA")
    limits = {"learning_rate": 0.05, "lambda_l2": 1.0, "num_threads": 1}
    limits |= {"objective": "lambdarank", "verbosity": -1}
    fold = np.arange(len(lists)) % 5
    ours, theirs = np.zeros(len(lists)), np.zeros(len(lists))
    for held in range(5):
        test, sizes = (fold == held)[lists.query_of_row], lists.sizes[fold != held]
        X, y = lists.features[~test], lists.grades[~test]
        rows = lightgbm.Dataset(X, y, group=sizes)
        trees = lightgbm.train(limits, rows, 100)
        ranker = LambdaMART(100).fit(X, y, sizes)
        found = ranker.score_rows(lists.features[test])
        asked = (lists.grades[test], lists.sizes[fold == held])
        ours[fold == held] = ndcg_of_lists(found, *asked)
        expected = trees.predict(lists.features[test])
        theirs[fold == held] = ndcg_of_lists(expected, *asked)
    assert ours.mean() > 0.74
    assert paired_test(ours, theirs).difference.high > 0


def ndcg_of_lists(scores, y, sizes):
    cuts, each = np.cumsum(sizes)[:-1], []
    for grades, values in zip(np.split(y, cuts), np.split(scores, cuts), strict=True):
        ranked = grades[np.argsort(-values, kind="stable")][None]
        each.append(ndcg_at_k(ranked, min(10, len(grades)), gain="exponential")[0])
    return each
