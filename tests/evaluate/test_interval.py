import math
import subprocess
import sys
from dataclasses import astuple
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, binomtest, permutation_test

from lookalike.evaluate import (
    Estimate,
    accuracy,
    bootstrap,
    f1,
    ndcg_at_k,
    paired_test,
)
from lookalike.evaluate.interval import (
    _counts,
    _distinct_rows,
    share_interval,
    share_lower_bound,
)


def labels(n, error, seed=0):
    rng = np.random.default_rng(seed)
    true = rng.integers(10, size=n)
    return true, np.where(rng.random(n) < error, rng.integers(10, size=n), true)


def test_an_estimate_cannot_be_changed_and_reads_well():
    estimate = Estimate(0.97054, 0.96719, 0.97385)
    assert str(estimate) == "0.9705 [0.9672, 0.9738]"
    with pytest.raises(AttributeError):
        estimate.value = 1.0


def test_the_interval_of_a_mean_is_the_textbook_one():
    values = np.random.default_rng(1).normal(size=2000)
    estimate = bootstrap(np.mean, values, n_resamples=4000)
    half = 1.959964 * values.std() / math.sqrt(2000)
    assert estimate.value == values.mean()
    assert estimate.low == pytest.approx(values.mean() - half, abs=0.05 * half)
    assert estimate.high == pytest.approx(values.mean() + half, abs=0.05 * half)


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.99])
def test_the_interval_of_accuracy_is_binomial(confidence):
    true, pred = labels(1000, 0.2)
    estimate = bootstrap(accuracy, true, pred, n_resamples=5000, confidence=confidence)
    p = estimate.value
    tails = np.array([1 - confidence, 1 + confidence]) / 2
    expected = binom.ppf(tails, 1000, p) / 1000
    np.testing.assert_allclose([estimate.low, estimate.high], expected, atol=0.0025)


@pytest.mark.parametrize("n_distinct", [3, 400], ids=["few distinct", "all distinct"])
def test_counts_have_the_moments_of_drawing_with_replacement(n_distinct):
    frequency = np.full(n_distinct, 400 // n_distinct)
    frequency[0] += 400 - frequency.sum()
    draws = np.concatenate(list(_counts(frequency, 3000, np.random.default_rng(0))))
    share = frequency / 400
    np.testing.assert_array_equal(draws.sum(axis=1), 400)
    error = draws.std(axis=0) / math.sqrt(3000)
    assert np.all(np.abs(draws.mean(axis=0) - 400 * share) < 5 * error)
    np.testing.assert_allclose(draws.var(axis=0), 400 * share * (1 - share), rtol=0.2)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 30))
def test_distinct_rows_are_those_of_the_columns_side_by_side(seed, n):
    rng = np.random.default_rng(seed)
    columns = (
        rng.integers(3, size=n),
        np.array(["a", "b"])[rng.integers(2, size=n)],
        rng.integers(2, size=(n, 2)).astype(float),
    )
    first, frequency = _distinct_rows(columns)
    rows = [(int(a), str(b), *c) for a, b, c in zip(*columns, strict=True)]
    assert len({rows[i] for i in first}) == len(first) == len(set(rows))
    assert [rows.count(rows[i]) for i in first] == frequency.tolist()


def test_the_three_ways_of_resampling_give_the_same_interval():
    # Weights, repeated rows and the weighted sum start from the same counts.
    true, pred = labels(500, 0.3)
    weighted = bootstrap(accuracy, true, pred)
    repeated = bootstrap(lambda t, p: np.mean(t == p), true, pred)
    assert weighted == repeated
    values = np.random.default_rng(0).random(60)
    summed, called = (bootstrap(m, values) for m in (np.mean, lambda v: v.mean()))
    np.testing.assert_allclose(astuple(summed), astuple(called), rtol=1e-12)


def test_a_bound_option_stays_bound():
    true, pred = labels(300, 0.3)
    macro = partial(f1, average="macro", zero_division=0.0)
    estimate = bootstrap(macro, true, pred)
    assert estimate == bootstrap(lambda t, p: macro(t, p), true, pred)
    assert estimate.low < macro(true, pred) == estimate.value < estimate.high


def test_a_column_of_weights_is_resampled_with_its_rows():
    def weighted_mean(values, sample_weight):
        return np.average(values, weights=sample_weight)

    rng = np.random.default_rng(0)
    values, weights = rng.random(50), rng.integers(1, 3, size=50)
    estimate = bootstrap(weighted_mean, values, weights)
    assert estimate.value == np.average(values, weights=weights)
    assert estimate.low < estimate.value < estimate.high


def test_a_class_that_a_resample_misses_is_not_scored_in_it():
    # One row of class 1: a third of the resamples has none, and is then all right.
    true, pred = [0] * 9 + [1], [0] * 10
    macro = partial(f1, average="macro", zero_division=0.0)
    assert bootstrap(macro, true, pred).high == 1.0


def test_rows_of_many_columns_stay_together():
    relevance = np.array([[1, 0, 0], [0, 0, 1]] * 40)
    estimate = bootstrap(lambda r: ndcg_at_k(r, 3).mean(), relevance)
    assert estimate == bootstrap(np.mean, ndcg_at_k(relevance, 3))
    assert estimate.low < 0.75 == estimate.value < estimate.high


def test_the_seed_decides():
    true, pred = labels(200, 0.3)
    runs = [bootstrap(accuracy, true, pred, random_state=seed) for seed in (0, 0, 1)]
    assert runs[0] == runs[1] != runs[2]


def test_intervals_cover_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(0)
    for truth, draw in (
        (0.8, lambda: rng.random(150) < 0.8),
        (1.0, lambda: rng.exponential(size=150)),
    ):
        inside = 0
        for _ in range(300):
            estimate = bootstrap(np.mean, draw(), n_resamples=400, random_state=rng)
            inside += estimate.low <= truth <= estimate.high
        assert 0.90 <= inside / 300 <= 0.98


def test_a_real_difference_is_found_and_none_is_not():
    rng = np.random.default_rng(0)
    rejected = 0
    for _ in range(200):
        a, b = rng.random((2, 40)).round(1)
        rejected += paired_test(a, b, n_resamples=200, random_state=rng).p_value < 0.05
    assert 2 <= rejected <= 20  # 10 expected under the null hypothesis
    better = paired_test(a + 0.2, a + 0.05 * b)
    assert better.p_value < 0.001
    assert better.difference.low > 0


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 60))
def test_mcnemar_equals_the_binomial_tails(seed, n):
    a, b = np.random.default_rng(seed).integers(2, size=(2, n))
    won, lost = int(((a == 1) & (b == 0)).sum()), int(((a == 0) & (b == 1)).sum())
    result = paired_test(a, b.astype(bool), n_resamples=20)
    assert result.test == "exact McNemar"
    expected = binomtest(won, won + lost).pvalue if won + lost else 1.0
    assert result.p_value == pytest.approx(expected)
    assert result.difference.value == pytest.approx((won - lost) / n)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(2, 8))
def test_all_sign_flips_equal_scipys_exact_permutations(seed, n):
    # Tenths do not sum exactly: ties must be ties all the same.
    a, b = np.random.default_rng(seed).integers(4, size=(2, n)) / 10
    result = paired_test(a, b, n_resamples=300)
    expected = permutation_test(
        (a, b),
        lambda x, y, axis: np.round((x - y).sum(axis=axis), 9),
        permutation_type="samples",
        vectorized=True,
        n_resamples=np.inf,
    ).pvalue
    if result.test == "all sign flips":  # not for outcomes that are all 0
        assert result.p_value == pytest.approx(expected)


def test_random_sign_flips_come_near_the_exact_answer():
    a, b = np.random.default_rng(3).random((2, 14))
    exact = paired_test(a, b, n_resamples=2**14)
    near = paired_test(a, b, n_resamples=2**14 - 1)
    assert (exact.test, near.test) == ("all sign flips", "random sign flips")
    assert near.p_value == pytest.approx(exact.p_value, abs=0.02)


def test_random_sign_flips_never_say_never():
    result = paired_test(np.linspace(1, 2, 100), np.zeros(100), n_resamples=999)
    assert result.p_value == 0.001


def test_sign_flips_of_many_queries_are_tried_in_blocks():
    # 300,000 queries leave room for 3 flips in a block of 2**20.
    a = np.random.default_rng(0).normal(size=300_000)
    result = paired_test(a, np.zeros_like(a), n_resamples=30)
    assert result.p_value in (np.arange(1, 32) / 31)
    assert result.p_value == paired_test(np.zeros_like(a), a, n_resamples=30).p_value


def test_equal_systems_have_no_difference():
    outcome = np.array([0.2, 0.5, 0.9])
    for same in (outcome, outcome > 0.3):
        result = paired_test(same, same)
        assert (result.difference.value, result.p_value) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: bootstrap(accuracy), "At least one row is needed"),
        (lambda: bootstrap(np.mean, []), "At least one row is needed"),
        (lambda: bootstrap(np.mean, 3.0), "At least one row is needed"),
        (lambda: bootstrap(accuracy, [0, 1], [0]), "one length, got 2, 1"),
        (lambda: bootstrap(np.mean, [1, np.nan]), "must not hold nan"),
        (
            lambda: bootstrap(np.mean, [1], n_resamples=0),
            "n_resamples must be a whole number",
        ),
        (
            lambda: bootstrap(np.mean, [1], n_resamples=2.5),
            "n_resamples must be a whole",
        ),
        (lambda: bootstrap(np.mean, [1], confidence=1), "confidence must lie between"),
        (
            lambda: bootstrap(lambda v: v, [1, 2]),
            "must be one number on every resample",
        ),
        (
            lambda: bootstrap(lambda v: "high", [1]),
            "must be one number on every resample",
        ),
        (
            lambda: bootstrap(lambda v: 1.0 if 9 in v else np.nan, [9, 1, 1]),
            "must be one number on every resample, got nan",
        ),
        (lambda: paired_test([0, 1], [0]), "one length, got 2, 1"),
        (lambda: paired_test([], []), "At least one row is needed"),
        (lambda: paired_test([[0]], [[1]]), "one number a query, got shape"),
        (lambda: paired_test(["a"], ["b"]), "one number a query, got shape"),
        (lambda: paired_test([np.nan], [1]), "must not hold nan"),
        (lambda: paired_test([1], [1], confidence=0), "confidence must lie between"),
    ],
)
def test_refuses_what_has_no_interval(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()


def test_numbers_do_not_need_matplotlib():
    code = (
        "import sys, lookalike.evaluate\n"
        "print(sorted({'matplotlib', 'sklearn', 'scipy'} & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"


def test_the_interval_is_wilsons():
    for share, n in ((0.0, 20), (0.3, 50), (1.0, 7)):
        other = binomtest(round(share * n), n).proportion_ci(method="wilson")
        found = share_interval(share, n)
        expected = other.low, other.high
        assert (found.low, found.high) == pytest.approx(expected, abs=1e-9)
    with pytest.raises(ValueError, match="level"):
        share_interval(0.5, 10, 1.0)


def test_the_lower_bound_is_the_share_at_which_so_many_are_just_as_unlikely():
    for right, n, doubt in ((95, 100, 0.05), (3, 9, 0.01), (20, 20, 0.1)):
        low = share_lower_bound(right, n, doubt)
        assert binom.sf(right - 1, n, low) == pytest.approx(doubt)
    assert share_lower_bound(0, 5, 0.05) == 0
