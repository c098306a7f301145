"""Measures are those of their definitions."""

from dataclasses import replace

import numpy as np
import pytest

from lookalike.evaluate.precision_recall import pr_auc
from lookalike.systems.harmful.calibration import best_threshold
from lookalike.systems.harmful.evaluation import (
    mean_ap,
    nine_labels,
    three_classes,
)


def test_measures_are_those_of_their_definitions(result, system, data):
    found = system.judge(data.test.texts, data.test.languages)
    truth = data.test.labels[:, 0]
    assert result.metrics["pr_auc"].value == pytest.approx(
        pr_auc(truth, found.probabilities[:, 0])
    )
    table, scores = np.array([[1, 0], [0, 1]]), np.array([[0.9, 0.2], [0.1, 0.1]])
    assert mean_ap(table, scores) == pytest.approx((1 + 0.5) / 2)
    harmful, hate = np.array([1, 1, 0], bool), np.array([1, 0, 1], bool)
    assert three_classes(harmful, hate).tolist() == [0, 1, 2]
    assert nine_labels(
        np.array([[True], [False]]), np.array([True, False])
    ).tolist() == [
        [1, 0],
        [0, 1],
    ]


def test_the_threshold_has_the_best_f1():
    labels = np.array([0, 0, 0, 1, 0, 1, 1, 1.0])
    shares = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8])
    assert 0.3 < best_threshold(labels, shares, macro=False) < 0.4
    rare = np.array([0] * 9 + [1.0])
    assert best_threshold(rare, np.linspace(0, 0.9, 10), macro=True) > 0.8


def test_copies_are_counted_by_their_letters(made, data):
    test = replace(
        data.test, texts=(f"{data.train.texts[0].upper()}!", *data.test.texts[1:])
    )
    found = made.spec.evaluate(made.system, replace(data, test=test))
    assert found.facts["n_copies"] == made.result.facts["n_copies"] + 1
