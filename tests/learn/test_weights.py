"""Weights that vanish, or that no class can have: a model, or a sentence."""

import numpy as np
import pytest

from lookalike.learn import (
    SVC,
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    LinearSVC,
    LogisticRegression,
    Perceptron,
    WordWindowClassifier,
)

LINEAR = [
    LogisticRegression(),
    LogisticRegression(multi_class="ovr"),
    LogisticRegression(solver="newton-cholesky"),
    LogisticRegression(solver="saga", random_state=0, max_iter=1000),
    LinearSVC(),
    LinearSVC(dual=True, random_state=0),
    Perceptron(random_state=0),
]
ALL = [*LINEAR, SVC(), DecisionTreeClassifier()]


def three_classes():
    X = np.random.default_rng(0).normal(size=(60, 5))
    return X, np.digitize(X[:, 0], [-0.5, 0.5])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("model", LINEAR, ids=str)
def test_balanced_classes_of_which_one_has_no_weight(model):
    X, y = three_classes()
    model.set_params(class_weight="balanced")
    model.fit(X, y, sample_weight=(y != 2).astype(float))
    assert np.isfinite(model.coef_).all()
    assert model.score(X[y != 2], y[y != 2]) > 0.9


@pytest.mark.parametrize("model", ALL, ids=str)
@pytest.mark.parametrize("weight", [-1.0, np.nan, np.inf, "much", True])
def test_a_weight_that_no_class_can_have_is_refused(model, weight):
    X, y = three_classes()
    model.set_params(class_weight={0: weight, 1: 1.0})
    with pytest.raises(ValueError, match=f"class_weight .* got {weight!r} for 0"):
        model.fit(X, y)


def test_a_tagger_refuses_it_too():
    model = WordWindowClassifier(class_weight={"a": -1.0}, max_iter=1)
    with pytest.raises(ValueError, match=r"class_weight .* got -1\.0 for 'a'"):
        model.fit([["one", "two"]], [["a", "b"]])


@pytest.mark.parametrize("model", ALL, ids=str)
def test_class_weights_that_leave_nothing_are_refused(model):
    X, y = three_classes()
    model.set_params(class_weight={0: 0, 1: 0, 2: 0})
    with pytest.raises(ValueError, match="weight"):
        model.fit(X, y)


def test_a_class_that_weighs_next_to_nothing_cannot_be_balanced():
    X, y = three_classes()
    weight = np.where(y == 2, 1e-320, 1.0)
    with pytest.raises(ValueError, match="cannot make up for class 2"):
        LogisticRegression(class_weight="balanced").fit(X, y, weight)


@pytest.mark.parametrize("kind", [DecisionTreeClassifier, DecisionTreeRegressor])
@pytest.mark.parametrize("days", [1, 3, 30])
def test_a_tree_of_weights_that_decay_with_age(kind, days):
    rng = np.random.default_rng(0)
    age = rng.uniform(0, 365, 300)
    X = rng.normal(size=(300, 4))
    y = (X[:, 0] + X[:, 1] > 0).astype(int)
    weight = 0.5 ** (age / days)
    model = kind().fit(X, y, weight)
    guess = model.predict(X)
    assert np.average(np.abs(guess - y) < 1e-6, weights=weight) > 0.999
    assert (model.tree_.impurity >= 0).all()
    assert (model.feature_importances_ >= 0).all()


@pytest.mark.parametrize("kind", [DecisionTreeClassifier, DecisionTreeRegressor])
@pytest.mark.parametrize("unit", [1e-300, 1e-170, 1e170, 1e300])
def test_the_unit_of_the_weights_does_not_change_a_tree(kind, unit):
    X, y = three_classes()
    weight = np.random.default_rng(1).uniform(1, 2, len(y))
    plain, other = (kind(max_depth=3).fit(X, y, w) for w in (weight, unit * weight))
    np.testing.assert_allclose(other.tree_.threshold, plain.tree_.threshold)
    np.testing.assert_allclose(other.tree_.value, plain.tree_.value, atol=1e-12)
    np.testing.assert_allclose(
        other.tree_.weighted_n_node_samples,
        unit * plain.tree_.weighted_n_node_samples,
        rtol=1e-12,
    )


@pytest.mark.parametrize("model", ALL, ids=str)
def test_sample_weights_whose_sum_overflows_are_refused(model):
    X, y = three_classes()
    with pytest.raises(ValueError, match="holds values whose sums overflow"):
        model.set_params(class_weight=None).fit(X, y, sample_weight=np.full(60, 1e308))


@pytest.mark.parametrize(
    "model", [LogisticRegression(solver="sgd"), Perceptron()], ids=str
)
def test_later_calls_of_partial_fit_take_the_first_ones_classes(model):
    X, y = three_classes()
    model.partial_fit(X, y, classes=[0, 1, 2]).partial_fit(X, y, classes=[2, 1, 0])
    with pytest.raises(ValueError, match=r"those of the first call, \[0, 1, 2\]"):
        model.partial_fit(X, y, classes=[0, 1, 2, 3])
