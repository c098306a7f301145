"""Stated precision holds as often as is said."""

import numpy as np
import pytest

from lookalike.evaluate.stated_precision import (
    holds,
    stated_precision,
)


@pytest.mark.parametrize("precision", [0.8, 0.95])
def test_it_holds_in_as_many_worlds_as_is_said(precision):
    rng, good, found = np.random.default_rng(0), [], 0
    for _ in range(300):
        # A step: from 0.5 on the precision is just below what is stated.
        score = rng.random(1500)
        true = np.where(score > 0.5, precision - 0.01, 0.3)
        answer = stated_precision(rng.random(1500) < true, score, precision, 0.1)
        good.append(answer.threshold == np.inf)
        found += answer.threshold < np.inf
    assert np.mean(good) >= 0.9
    score = rng.random(4000)
    sure = stated_precision(rng.random(4000) < score**0.1, score, precision)
    assert sure.threshold < 1
    assert sure.low >= precision


def test_without_enough_rows_nothing_is_stated():
    found = stated_precision([1] * 50, np.arange(50))
    assert (found.threshold, found.low, found.n) == (np.inf, 0.0, 0)
    assert holds(found, np.zeros(3), np.ones(3), 0.95)
    many = stated_precision([1] * 200, np.arange(200))
    assert many.threshold == 0
    assert many.n == 200


def test_rows_of_one_score_count_together():
    label, score = np.array([1] * 150 + [0] * 150), np.zeros(300)
    assert stated_precision(label, score, 0.9).threshold == np.inf


@pytest.mark.parametrize("wrong", [{"precision": 1.0}, {"doubt": 0.0}])
def test_shares_outside_zero_and_one_are_refused(wrong):
    with pytest.raises(ValueError, match="must lie between 0 and 1"):
        stated_precision([1, 0], [0.1, 0.2], **wrong)
    with pytest.raises(ValueError, match="one value a row"):
        stated_precision([1, 0], [0.1])
