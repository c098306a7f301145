"""Estimates without labels against what is measured when labels come."""

import json

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import accuracy_score, precision_score, recall_score, roc_auc_score

from lookalike.monitor import (
    ScoreCalibration,
    check_estimate,
    estimate_quality,
    measured_quality,
)


def rows(rng, n, low=0.0, high=1.0, concept=False):
    """Labels, and scores whose chances are their squares."""
    score = rng.uniform(low, high, n)
    chance = 1 - score**2 if concept else score**2
    return (rng.random(n) < chance) * 1, score


def test_calibration_is_isotonic_regression_and_has_a_state():
    label, score = rows(np.random.default_rng(0), 400)
    found = ScoreCalibration.fit(label, score)
    expected = IsotonicRegression(out_of_bounds="clip").fit(score, label)
    at = np.linspace(-0.1, 1.1, 50)
    np.testing.assert_allclose(found(at), expected.predict(at), atol=1e-9)
    again = ScoreCalibration.from_state(json.loads(json.dumps(found.state())))
    np.testing.assert_array_equal(again(at), found(at))
    assert len(found.scores) < 100


def test_measured_metrics_are_scikit_learns():
    label, score = rows(np.random.default_rng(1), 300)
    yes = score >= 0.6
    assert measured_quality(label, score, 0.6) == pytest.approx(
        {
            "roc_auc": roc_auc_score(label, score),
            "accuracy": accuracy_score(label, yes),
            "precision": precision_score(label, yes),
            "recall": recall_score(label, yes),
        }
    )


def test_the_estimated_area_is_its_definition():
    rng = np.random.default_rng(2)
    label, score = rows(rng, 200)
    calibration = ScoreCalibration.fit(label, score)
    new = np.round(rng.random(60), 1)
    p = calibration(new)
    wins = (new[:, None] > new) + 0.5 * (new[:, None] == new)
    expected = (p[:, None] * (1 - p) * wins).sum() / (p.sum() * (1 - p).sum())
    found = estimate_quality(calibration, new)["roc_auc"]
    assert found.value == pytest.approx(expected)


def test_other_rows_of_the_same_concept_are_foretold():
    rng = np.random.default_rng(3)
    calibration = ScoreCalibration.fit(*rows(rng, 40_000))
    held = []
    for _ in range(15):
        label, score = rows(rng, 1500, 0.4, 0.9)
        estimated = estimate_quality(calibration, score)
        held += check_estimate(estimated, measured_quality(label, score)).values()
    assert np.mean(held) > 0.85
    before = measured_quality(*rows(rng, 8000))["roc_auc"]
    assert estimated["roc_auc"].value < before - 0.05


def test_another_concept_is_told_when_labels_come():
    rng = np.random.default_rng(4)
    calibration = ScoreCalibration.fit(*rows(rng, 4000))
    label, score = rows(rng, 2000, concept=True)
    found = check_estimate(
        estimate_quality(calibration, score), measured_quality(label, score)
    )
    assert not found["roc_auc"]
    assert not found["accuracy"]


def test_without_positive_answers_there_is_no_precision():
    calibration = ScoreCalibration.fit(*rows(np.random.default_rng(5), 400))
    found = estimate_quality(calibration, [0.1, 0.2, 0.3])
    assert np.isnan(found["precision"].value)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: ScoreCalibration.fit([1, 1], [0.5, 0.6]), "both must occur"),
        (lambda: ScoreCalibration.fit([1, 0], [0.5]), "2 labels of 1 scores"),
        (lambda: ScoreCalibration.fit([1, 0], [0.5, np.inf]), "finite"),
        (lambda: measured_quality([2], [0.5]), "0 or 1 for each score"),
    ],
)
def test_bad_input_gets_a_sentence(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
