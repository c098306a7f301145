"""Calibration: bins, the error's definition, and what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.evaluate import (
    bootstrap,
    debiased_calibration_error,
    expected_calibration_error,
    reliability,
)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 60), n_bins=st.integers(1, 12))
def test_the_error_equals_its_definition(seed, n, n_bins):
    rng = np.random.default_rng(seed)
    stated = rng.integers(0, n_bins + 1, n) / n_bins  # on the edges, many ties
    correct = rng.integers(0, 2, n)
    total = 0.0
    for k in range(n_bins):
        last = k == n_bins - 1
        inside = (stated * n_bins >= k) & ((stated * n_bins < k + 1) | last)
        if inside.any():
            total += inside.mean() * abs(correct[inside].mean() - stated[inside].mean())
    assert expected_calibration_error(stated, correct, n_bins) == pytest.approx(total)
    assert reliability(stated, correct, n_bins).counts.sum() == n


def test_probabilities_that_come_true_have_little_error_and_others_much():
    rng = np.random.default_rng(0)
    stated = rng.uniform(0.5, 1, 20_000)
    true = rng.uniform(size=20_000) < stated
    assert expected_calibration_error(stated, true) < 0.015
    assert expected_calibration_error(np.full(20_000, 0.99), true) > 0.2


def test_the_error_has_an_interval():
    stated, correct = np.tile([0.9, 0.6], 50), np.tile([1, 0], 50)
    found = bootstrap(expected_calibration_error, stated, correct, n_resamples=100)
    assert found.low <= found.value <= found.high


@pytest.mark.parametrize(
    ("stated", "correct", "n_bins", "said"),
    [
        ([1.2], [1], 10, "must lie between 0 and 1"),
        ([np.nan], [1], 10, "must lie between 0 and 1"),
        ([0.5], [2], 10, "True or False"),
        ([0.5, 0.5], [1], 10, "one value an answer"),
        ([], [], 10, "one value an answer"),
        ([0.5], [1], 0, "n_bins must be a whole number of at least 1"),
    ],
)
def test_what_is_no_probability_is_refused(stated, correct, n_bins, said):
    with pytest.raises(ValueError, match=said):
        reliability(stated, correct, n_bins)


def test_the_debiased_interval_of_perfect_probabilities_reaches_zero():
    rng = np.random.default_rng(0)
    reached, values, plain = [], [], []
    for _ in range(40):
        stated = rng.uniform(0.5, 1.0, 1500)
        correct = rng.random(1500) < stated
        found = debiased_calibration_error(stated, correct)
        assert 0 <= found.low <= found.value <= found.high
        reached.append(found.low == 0)
        values.append(found.value)
        plain.append(expected_calibration_error(stated, correct))
    assert sum(reached) >= 36
    assert np.median(values) < 0.005 < 0.015 < np.median(plain)


@pytest.mark.parametrize("gap", [0.03, 0.1])
def test_the_debiased_interval_holds_the_true_error(gap):
    rng = np.random.default_rng(1)
    inside, values = [], []
    for _ in range(100):
        stated = rng.uniform(0.55, 1.0, 1000)
        found = debiased_calibration_error(stated, rng.random(1000) < stated - gap)
        inside.append(found.low <= gap <= found.high)
        values.append(found.value)
    assert 0.9 <= np.mean(inside) <= 1
    assert np.mean(values) == pytest.approx(gap, abs=0.004)


def test_with_many_answers_nothing_is_left_of_the_bias():
    rng = np.random.default_rng(2)
    stated = rng.uniform(0.0, 1.0, 400_000)
    correct = rng.random(len(stated)) < stated**2
    plain = expected_calibration_error(stated, correct)
    found = debiased_calibration_error(stated, correct)
    assert found.value == pytest.approx(plain, rel=1e-3)
    assert found.high - found.low < 0.01
    always = debiased_calibration_error(np.full(50, 0.9), np.ones(50))
    assert 0.01 < always.low < 0.05 < always.high  # 50 of 50 right: 0.93 or more
    assert debiased_calibration_error(np.full(20, 0.9), np.ones(20)).low == 0
    for level in (0, 1, -2):
        with pytest.raises(ValueError, match="level must lie between 0 and 1"):
            debiased_calibration_error([0.5], [1], level=level)
