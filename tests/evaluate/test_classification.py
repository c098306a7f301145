import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference
from sklearn.exceptions import UndefinedMetricWarning

from lookalike.evaluate import accuracy, confusion_matrix, f1, precision, recall

SCORES = {
    precision: reference.precision_score,
    recall: reference.recall_score,
    f1: reference.f1_score,
}
KINDS = {
    "integers": lambda codes: codes,
    "negative and far apart": lambda codes: codes * 1000 - 1500,
    "whole floats": lambda codes: codes.astype(float),
    "strings": lambda codes: np.array(["ant", "bee", "cat", "dog", "eel"])[codes],
    "strings in objects": lambda codes: np.array(
        ["ant", "bee", "cat", "dog", "eel"], dtype=object
    )[codes],
}
WEIGHTS = {
    "none": lambda rng, n: None,
    "whole": lambda rng, n: rng.integers(1, 4, size=n),
    "real, some 0": lambda rng, n: np.append(rng.random(n - 1).round(1), 1.0),
}


def columns(seed, n, n_classes):
    rng = np.random.default_rng(seed)
    return rng, *rng.integers(n_classes, size=(2, n))


@pytest.mark.parametrize("zero_division", [0, 1, np.nan])
@settings(max_examples=30, deadline=None)
@given(
    kind=st.sampled_from(list(KINDS)),
    weight=st.sampled_from(list(WEIGHTS)),
    seed=st.integers(0, 10_000),
    n=st.integers(1, 12),
)
def test_every_average_agrees_with_scikit_learn(kind, weight, zero_division, seed, n):
    rng, true, pred = columns(seed, n, 4)
    to = KINDS[kind]
    true, pred, weights = to(true), to(pred), WEIGHTS[weight](rng, n)
    # A subset in another order, with a class that never occurs.
    subset = to(rng.permutation(5)[:3])
    for ours, theirs in SCORES.items():
        for average in ("micro", "macro", "weighted", None):
            for labels in (None, subset):
                options = {
                    "average": average,
                    "labels": labels,
                    "sample_weight": weights,
                    "zero_division": zero_division,
                }
                np.testing.assert_allclose(
                    ours(true, pred, **options), theirs(true, pred, **options)
                )


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 8), pos=st.integers(0, 1))
def test_two_classes_agree_with_scikit_learn(seed, n, pos):
    rng, true, pred = columns(seed, n, 2)
    for kind, weights in (("integers", None), ("strings", rng.random(n) + 0.1)):
        to = KINDS[kind]
        for ours, theirs in SCORES.items():
            options = {
                "pos_label": to(np.array([pos]))[0],
                "sample_weight": weights,
                "zero_division": 0.0,
            }
            assert ours(to(true), to(pred), **options) == pytest.approx(
                theirs(to(true), to(pred), **options)
            )


def test_truth_values_are_labels():
    true, pred = (
        np.array([True, False, True, True]),
        np.array([True, True, False, True]),
    )
    assert precision(true, pred, pos_label=True) == pytest.approx(2 / 3)
    assert accuracy(true, pred) == 0.5


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(list(KINDS)),
    weight=st.sampled_from(list(WEIGHTS)),
    seed=st.integers(0, 10_000),
    n=st.integers(1, 12),
)
def test_accuracy_and_confusion_agree_with_scikit_learn(kind, weight, seed, n):
    rng, true, pred = columns(seed, n, 4)
    to = KINDS[kind]
    subset = to(
        np.append(rng.permutation(np.delete(np.arange(5), true[0]))[:2], true[0])
    )
    true, pred, weights = to(true), to(pred), WEIGHTS[weight](rng, n)
    for normalize in (True, False):
        options = {"normalize": normalize, "sample_weight": weights}
        assert accuracy(true, pred, **options) == pytest.approx(
            reference.accuracy_score(true, pred, **options)
        )
    for normalize in (None, "true", "pred", "all"):
        for labels in (None, subset):
            options = {
                "labels": labels,
                "normalize": normalize,
                "sample_weight": weights,
            }
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "A single label was found")
                theirs = reference.confusion_matrix(true, pred, **options)
            ours = confusion_matrix(true, pred, **options)
            np.testing.assert_allclose(ours, theirs)
            assert ours.dtype == theirs.dtype


def test_an_undefined_score_is_0_with_a_warning():
    with pytest.warns(UndefinedMetricWarning, match="1 of the classes divides by 0"):
        scores = precision([0, 1], [0, 0], average=None)
    np.testing.assert_array_equal(scores, [0.5, 0.0])


def test_a_sample_without_the_positive_class_is_undefined_not_refused():
    assert recall(["a", "a"], ["a", "a"], pos_label="b", zero_division=1.0) == 1.0


def test_many_classes_cost_no_square():
    # A square of counts would be 80 GB.
    labels = np.arange(100_000)
    assert f1(labels, labels, average="macro") == 1.0


@pytest.mark.parametrize(
    ("true", "pred", "options", "sentence"),
    [
        ([0, 1], [0], {}, "one length, got 2 and 1"),
        ([], [], {}, "y_true must be 1-D and not empty"),
        ([[0, 1]], [0, 1], {}, "y_true must be 1-D and not empty"),
        ([0, 1], [0, np.nan], {}, "y_pred must hold whole numbers or strings"),
        ([0, 1], [0, np.inf], {}, "y_pred must hold whole numbers or strings"),
        ([0, 1], [0.2, 1], {}, "y_pred must hold whole numbers or strings"),
        ([0, 1], [0, None], {}, "y_pred must hold whole numbers or strings"),
        (["a", "b"], [0, 1], {}, "both be numbers or both be strings"),
        ([0, 1], [0, 1], {"sample_weight": [1]}, "sample_weight must hold 2 numbers"),
        ([0, 1], [0, 1], {"sample_weight": [0, 0]}, "finite, at least 0 and not all 0"),
        ([0, 1], [0, 1], {"sample_weight": [2, -1]}, "finite, at least 0"),
        ([0, 1], [0, 1], {"sample_weight": [1, np.nan]}, "finite, at least 0"),
    ],
)
def test_refuses_columns_it_cannot_count(true, pred, options, sentence):
    for metric in (accuracy, precision, recall, f1, confusion_matrix):
        with pytest.raises(ValueError, match=sentence):
            metric(true, pred, **options)


@pytest.mark.parametrize(
    ("metric", "options", "sentence"),
    [
        (f1, {"average": "samples"}, "average must be 'binary', 'micro'"),
        (f1, {"average": "binary"}, "at most two labels, got 3"),
        (f1, {"average": None, "zero_division": 2}, "zero_division must be 'warn', 0"),
        (f1, {"average": None, "zero_division": "?"}, "zero_division must be 'warn'"),
        (f1, {"average": None, "labels": ["a"]}, "labels must be of the same kind"),
        (f1, {"average": None, "labels": [1, 2, 1]}, "labels must differ"),
        (f1, {"average": None, "labels": []}, "labels must be 1-D and not empty"),
        (confusion_matrix, {"labels": [7, 8]}, "must occur in y_true, none does"),
        (confusion_matrix, {"normalize": "rows"}, "normalize must be 'true'"),
    ],
)
def test_refuses_options_it_does_not_know(metric, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        metric([0, 1, 2], [0, 1, 1], **options)


def test_refuses_a_positive_class_that_is_not_there():
    with pytest.raises(
        ValueError, match=r"pos_label must be one of \['a', 'b'\], got 1"
    ):
        precision(["a", "b"], ["a", "a"])
