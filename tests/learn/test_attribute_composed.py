"""Classes put together from attributes: the rare one, the unseen one, the refusals."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression as Peer
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import LinearSVC
from sklearn.utils import get_tags

from lookalike.learn import AttributeComposedClassifier, LogisticRegression

STUDENTS = np.array(["female, long", "female, short", "male, long", "male, short"])
ATTRIBUTES = {label: label.split(", ") for label in STUDENTS.tolist()}
RARE = "male, long"


def students(rng, counts, axes):
    """Two attributes that show along two directions, in noise."""
    label = np.repeat(["male, short", RARE, "female, short", "female, long"], counts)
    traits = np.array([[text.startswith("male"), "long" in text] for text in label])
    return traits @ axes + rng.normal(size=(len(label), axes.shape[1])), label


def test_the_class_with_one_sample_is_found_more_often_than_by_a_flat_classifier():
    """The source's design of 4, 1, 4 and 4 samples; mean difference of 200 draws."""
    differences = np.empty(200)
    for seed in range(200):
        rng = np.random.default_rng(seed)
        axes = rng.normal(size=(2, 8))
        axes *= 3 / np.linalg.norm(axes, axis=1, keepdims=True)
        X, y = students(rng, (4, 1, 4, 4), axes)
        Q, _ = students(rng, (0, 50, 0, 0), axes)
        composed = AttributeComposedClassifier(attributes=ATTRIBUTES).fit(X, y)
        flat = LogisticRegression().fit(X, y)
        recalls = [(model.predict(Q) == RARE).mean() for model in (composed, flat)]
        differences[seed] = recalls[0] - recalls[1]
    margin = 1.96 * differences.std(ddof=1) / np.sqrt(200)
    assert differences.mean() - margin > 0.25
    assert differences.mean() + margin < 0.38


@pytest.mark.parametrize("estimator", [Peer(), GaussianNB()])
def test_probabilities_are_the_products_of_the_attributes_made_to_sum_to_one(
    estimator,
):
    rng = np.random.default_rng(0)
    X, y = students(rng, (9, 3, 8, 7), rng.normal(size=(2, 5)))
    model = AttributeComposedClassifier(estimator, ATTRIBUTES).fit(X, y)
    assert_array_equal(model.classes_, STUDENTS)
    p = {}
    for k, value in ((0, "male"), (1, "long")):
        has = [ATTRIBUTES[label][k] == value for label in y]
        p[value] = clone(estimator).fit(X, has).predict_proba(X)[:, 1]
    p["female"], p["short"] = 1 - p["male"], 1 - p["long"]
    expected = np.column_stack(
        [
            np.prod([p[value] for value in ATTRIBUTES[label]], axis=0)
            for label in STUDENTS
        ]
    )
    expected /= expected.sum(axis=1, keepdims=True)
    assert_allclose(model.predict_proba(X), expected)
    assert_array_equal(model.predict(X), STUDENTS[expected.argmax(axis=1)])


def test_the_output_layer_is_a_fixed_matrix_of_zeros_and_ones():
    rng = np.random.default_rng(0)
    X, y = students(rng, (4, 1, 4, 4), rng.normal(size=(2, 5)))
    model = AttributeComposedClassifier(attributes=ATTRIBUTES).fit(X, y)
    assert [values.tolist() for values in model.values_] == [
        ["female", "male"],
        ["long", "short"],
    ]
    assert_array_equal(
        model.composition_, [[1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 1, 0], [0, 1, 0, 1]]
    )


def test_a_class_without_samples_is_predicted_also_when_its_name_is_longer():
    X = [[0.0, 0.0], [3.0, 0.0], [0.0, 3.0]] * 4
    y = ["a", "b", "c"] * 4
    attributes = {"a": "00", "b": "10", "c": "01", "both of them": "11"}
    model = AttributeComposedClassifier(attributes=attributes).fit(X, y)
    assert_array_equal(model.predict([[3, 3], [0, 0]]), ["both of them", "a"])


def test_three_attributes_of_several_values_and_numbers_as_labels():
    rng = np.random.default_rng(0)
    table = np.array([[a, b, c] for a in range(3) for b in range(2) for c in range(4)])
    attributes = {10 * k: values for k, values in enumerate(table.tolist())}
    k = rng.integers(24, size=600)
    X = np.hstack([np.eye(4)[table[k, i]] for i in range(3)])
    X += 0.2 * rng.normal(size=X.shape)
    model = AttributeComposedClassifier(attributes=attributes).fit(X, 10 * k)
    assert model.score(X, 10 * k) > 0.99
    assert model.composition_.sum() == 3 * 24


def test_an_attribute_with_one_value_decides_nothing():
    X, y = [[0.0], [1.0], [0.1], [0.9]], ["a", "b", "a", "b"]
    with_one = {"a": ("left", "same"), "b": ("right", "same")}
    model = AttributeComposedClassifier(attributes=with_one).fit(X, y)
    assert model.estimators_[1] is None
    plain = LogisticRegression().fit(X, y)
    assert_allclose(model.predict_proba(X), plain.predict_proba(X))


def test_a_probability_that_rounds_to_zero_leaves_no_nan():
    X = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]] * 3
    y = ["00", "10", "01", "11"] * 3
    model = AttributeComposedClassifier(
        GaussianNB(var_smoothing=1e-4), {label: label for label in y}
    ).fit(X, y)
    proba = model.predict_proba([[1e3, 0.5], [0.5, -1e3]])
    assert np.isfinite(proba).all()
    assert_allclose(proba.sum(axis=1), 1)


def test_sparse_input_is_passed_on():
    rng = np.random.default_rng(0)
    X, y = students(rng, (9, 3, 8, 7), rng.normal(size=(2, 5)))
    model = AttributeComposedClassifier(Peer(), ATTRIBUTES)
    dense = model.fit(X, y).predict_proba(X)
    assert_allclose(model.fit(csr_array(X), y).predict_proba(csr_array(X)), dense)
    dense_only = AttributeComposedClassifier(GaussianNB())
    assert not get_tags(dense_only).input_tags.sparse


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"a": "0"}, r"attributes has no entry for the labels \['b'\]"),
        ({"a": "00", "b": "1"}, "must give every label as many values"),
        ({"a": "01", "b": "01"}, "gives two labels the same values"),
        (
            {"a": "00", "b": "01", "c": "12"},
            r"no sample has the attribute values \['1'\]",
        ),
    ],
)
def test_refuses_attributes_that_do_not_make_the_classes(attributes, message):
    model = AttributeComposedClassifier(attributes=attributes)
    with pytest.raises(ValueError, match=message):
        model.fit([[0.0], [1.0]], ["a", "b"])


def test_refuses_a_classifier_without_probabilities():
    model = AttributeComposedClassifier(LinearSVC())
    with pytest.raises(ValueError, match="must have predict_proba, got LinearSVC"):
        model.fit([[0.0], [1.0]], ["a", "b"])


class Lost(GaussianNB):
    """A classifier whose probabilities are lost."""

    def predict_proba(self, X):
        return np.full((len(X), 2), np.nan)


def test_probabilities_of_an_estimator_that_are_not_finite_are_refused():
    X = np.arange(8.0).reshape(4, 2)
    model = AttributeComposedClassifier(Lost()).fit(X, [0, 0, 1, 1])
    with pytest.raises(ValueError, match=r"Lost\(\) gave probabilities that are not"):
        model.predict_proba(X)
