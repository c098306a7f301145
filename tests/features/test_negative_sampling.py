from collections import Counter

import numpy as np
import pytest
from scipy.stats import chisquare

from lookalike.features.sampling import NegativeSampler, correct_logits

COUNTS = np.array([100, 30, 0, 10, 5, 1])


def test_negatives_follow_the_powered_counts_without_the_positive():
    sampler = NegativeSampler(COUNTS, n_negatives=4000, random_state=0)
    drawn = sampler.sample([0, 5])
    for positive, row in zip((0, 5), drawn, strict=True):
        expected = np.exp(sampler.log_q(np.arange(6), None)) / (
            1 - sampler.probabilities[positive]
        )
        expected[positive] = 0
        observed = np.bincount(row, minlength=6)
        possible = expected > 0
        assert observed[~possible].sum() == 0
        assert chisquare(observed[possible], expected[possible] * 4000).pvalue > 1e-3
    plain = np.where(COUNTS > 0, COUNTS, 0) / COUNTS[1:].sum()
    wrong = np.bincount(drawn[0], minlength=6)[[1, 3, 4, 5]]
    assert chisquare(wrong, plain[[1, 3, 4, 5]] * 4000).pvalue < 1e-9


@pytest.mark.parametrize("power", [0, 0.75, 1])
def test_probabilities_are_powers_of_counts(power):
    expected = np.array([c**power if c else 0 for c in COUNTS.tolist()])
    sampler = NegativeSampler(COUNTS, power=power)
    np.testing.assert_allclose(sampler.probabilities, expected / expected.sum())


def test_log_q_given_the_positive_adds_up_to_one():
    sampler = NegativeSampler(COUNTS)
    others = np.array([[0, 1, 2, 4, 5]])
    assert np.exp(sampler.log_q(others, [3])).sum() == pytest.approx(1)
    assert sampler.log_q([2])[0] == -np.inf
    np.testing.assert_allclose(
        sampler.log_q(np.array([0, 1])), np.log(sampler.probabilities[:2])
    )


def test_corrected_logits_estimate_the_softmax_over_all_items_and_plain_ones_do_not():
    rng = np.random.default_rng(0)
    counts = rng.integers(50, 1000, size=50)
    scores = rng.normal(size=50) - np.log(counts) / 2  # popular items score low
    positive = 7
    total = np.exp(scores).sum()
    sampler = NegativeSampler(counts, n_negatives=20, random_state=0)
    positives = np.full(4000, positive)
    negatives = sampler.sample(positives)
    log_q = sampler.log_q(negatives, positives)
    corrected = correct_logits(scores[negatives], log_q, n_draws=20)
    estimates = np.exp(scores[positive]) + np.exp(corrected).sum(axis=1)
    error = estimates.std() / np.sqrt(len(estimates))
    assert abs(estimates.mean() - total) < 4 * error
    uniform = correct_logits(scores[negatives], np.log(1 / 49), n_draws=20)
    biased = np.exp(scores[positive]) + np.exp(uniform).sum(axis=1)
    assert abs(biased.mean() - total) > 20 * error


def test_training_with_corrected_logits_finds_the_scores_of_the_full_softmax():
    rng = np.random.default_rng(0)
    truth = np.array([0.5, 0.3, 0.15, 0.05])
    sampler = NegativeSampler(truth, n_negatives=2, power=1, random_state=0)
    learned = {}
    for corrects in (True, False):
        scores = np.zeros(4)
        for step in range(1500):
            positives = rng.choice(4, size=64, p=truth)
            negatives = sampler.sample(positives)
            log_q = sampler.log_q(negatives, positives) if corrects else np.log(1 / 3)
            logits = np.c_[
                scores[positives], correct_logits(scores[negatives], log_q, 2)
            ]
            share = np.exp(logits - logits.max(axis=1, keepdims=True))
            share /= share.sum(axis=1, keepdims=True)
            share[:, 0] -= 1
            slope = np.bincount(np.c_[positives, negatives].ravel(), share.ravel(), 4)
            scores -= 0.5 / (1 + step / 100) * slope / 64
        learned[corrects] = np.exp(scores) / np.exp(scores).sum()
    assert np.abs(learned[True] - truth).max() < 0.06
    assert np.abs(learned[False] - truth).max() > 0.1


def test_the_same_seed_gives_the_same_negatives():
    runs = [NegativeSampler(COUNTS, random_state=s).sample([0, 1]) for s in (1, 1, 2)]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert (runs[0] != runs[2]).any()
    assert NegativeSampler(COUNTS).sample([]).shape == (0, 5)


def test_accepts_every_kind_of_random_state():
    for state in (None, 0, np.random.default_rng(0), np.random.RandomState(0)):
        drawn = Counter(NegativeSampler(COUNTS, random_state=state).sample([0])[0])
        assert 0 not in drawn


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_negatives": 0}, "n_negatives must be a whole number of at least 1, got 0"),
        ({"power": -1}, "power must not be negative"),
        ({"counts": [1, -1]}, "counts must be finite and not negative"),
        ({"counts": [1, np.inf]}, "counts must be finite and not negative"),
        ({"counts": [0, 3]}, "Item 1 makes up all of counts"),
        ({"counts": [0, 0]}, "must not all be 0"),
    ],
)
def test_refuses_with_a_sentence(options, message):
    with pytest.raises(ValueError, match=message):
        NegativeSampler(**{"counts": COUNTS, **options})


def test_refuses_items_outside_the_catalogue_and_no_draws():
    with pytest.raises(ValueError, match=r"positives must be in \[0, 5\]"):
        NegativeSampler(COUNTS).sample([6])
    with pytest.raises(ValueError, match="flat list of item numbers"):
        NegativeSampler(COUNTS).sample([[1]])
    with pytest.raises(ValueError, match="n_draws must be at least 1, got 0"):
        correct_logits(1.0, 0.0, 0)
