"""Metrics of totals: their definitions, intervals that cover, tests that are fair."""

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_score, recall_score

from lookalike.evaluate.counts import (
    bootstrap_counts,
    f1_of_counts,
    paired_counts_test,
    precision_of_counts,
    recall_of_counts,
)


def counts_of(truth, answers):
    return np.stack(
        [truth & answers, ~truth & answers, truth & ~answers], axis=1
    ).astype(int)


def test_the_metrics_are_scikit_learns():
    rng = np.random.default_rng(0)
    truth, answers = rng.random(200) < 0.3, rng.random(200) < 0.4
    totals = counts_of(truth, answers).sum(axis=0)
    assert f1_of_counts(totals) == pytest.approx(f1_score(truth, answers))
    assert precision_of_counts(totals) == pytest.approx(precision_score(truth, answers))
    assert recall_of_counts(totals) == pytest.approx(recall_score(truth, answers))
    assert f1_of_counts(np.zeros(3)) == 0


def test_intervals_cover_what_is_true():
    rng, covered = np.random.default_rng(1), 0
    truth_rate = 0.8
    for seed in range(200):
        hits = rng.random(150) < truth_rate
        counts = np.stack([hits, ~hits, ~hits], axis=1).astype(int)
        found = bootstrap_counts(f1_of_counts, counts, n_resamples=300)
        covered += found.low <= truth_rate <= found.high
        assert found.value == pytest.approx(hits.mean()), seed
    assert 178 <= covered <= 198


def test_equal_systems_are_seldom_told_apart_and_unequal_ones_are():
    rng = np.random.default_rng(2)
    p_values = []
    for _ in range(200):
        truth = rng.random(80) < 0.4
        a, b = (np.where(rng.random(80) < 0.8, truth, ~truth) for _ in "ab")
        found = paired_counts_test(
            f1_of_counts, counts_of(truth, a), counts_of(truth, b), n_resamples=199
        )
        p_values.append(found.p_value)
    assert 0.01 <= np.mean(np.array(p_values) <= 0.05) <= 0.10
    better = np.where(rng.random(80) < 0.98, truth, ~truth)
    worse = np.where(rng.random(80) < 0.6, truth, ~truth)
    found = paired_counts_test(
        f1_of_counts, counts_of(truth, better), counts_of(truth, worse)
    )
    assert found.p_value < 0.01
    assert found.difference.low > 0


@pytest.mark.parametrize("counts", [[], [1, 2], [[0.5, 1.0]], [["a"]]])
def test_what_is_no_table_of_counts_is_refused(counts):
    with pytest.raises(ValueError, match="Counts must be whole numbers of shape"):
        bootstrap_counts(f1_of_counts, counts)


def test_both_systems_answer_the_same_rows():
    with pytest.raises(ValueError, match="must have the same rows"):
        paired_counts_test(f1_of_counts, [[1, 0, 0]], [[1, 0, 0]] * 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_resamples": 0}, "n_resamples must be a whole number of at least 1, got 0"),
        ({"confidence": 1.0}, "confidence must lie between 0 and 1, got 1.0"),
    ],
)
def test_options_that_give_no_interval_are_refused(options, message):
    counts = [[1, 0, 0]] * 5
    with pytest.raises(ValueError, match=message):
        bootstrap_counts(f1_of_counts, counts, **options)
    with pytest.raises(ValueError, match=message):
        paired_counts_test(f1_of_counts, counts, counts, **options)
