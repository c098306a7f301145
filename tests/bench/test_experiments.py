"""The benchmark of experiments: small runs of it, and what its parts say."""

import numpy as np
import pytest

from lookalike.experiment import ThompsonBeta
from lookalike_bench import bandit_regret, experiments, interleaved_queries
from lookalike_bench.bars import checked


def rows_of(job, rows):
    return [{"job": job, **row} for row in rows]


def test_looks_err_as_they_should_and_reach_their_bars():
    rows = rows_of("looks", experiments.looks(n_experiments=300, n_units=50))
    by = {row["method"]: row for row in rows}
    assert by["fixed, peeked at"]["rate"] > 0.15
    assert by["fixed, peeked at"]["of normal estimates"] == pytest.approx(
        0.248, abs=1e-3
    )
    assert by["always_valid"]["rate"] < 0.05
    names = [bar["bar"] for bar in checked(experiments.BARS, rows)]
    assert len(names) == 5
    for row in rows:
        expected = np.sqrt(row["rate"] * (1 - row["rate"]) / 300)
        assert row["error"] == pytest.approx(expected)


def test_draws_of_thompson_sampling_choose_with_the_librarys_probabilities():
    policy = ThompsonBeta(3, (1.0, 50.0))
    rates = np.array([0.1, 0.1, 0.1])
    first = np.array(
        [bandit_regret.thompson((1.0, 50.0), rates, 1, seed) for seed in range(1500)]
    )
    np.testing.assert_allclose(first.mean(axis=0), policy.probabilities(), atol=0.05)
    visitors = bandit_regret.thompson((1.0, 50.0), np.array([0.1, 0.5]), 2000, 0)
    assert visitors.sum() == 2000
    assert visitors[1] > 1800


def test_what_an_a_b_test_measures_is_what_is_expected_of_it():
    rng = np.random.default_rng(0)
    chance = np.tile(rng.random(10) * 0.4, (20_000, 1))
    clicked = interleaved_queries.outcomes(rng.random(chance.shape) < chance)
    expected = interleaved_queries.outcomes(chance)
    for name in expected:
        assert clicked[name].mean() == pytest.approx(expected[name][0], rel=0.03)


def test_an_ab_test_then_the_leader_sends_everybody_somewhere():
    found = bandit_regret.leader(0.4, np.array([0.1, 0.5, 0.1]), 1001, 0)
    assert found.sum() == 1001
    assert found.argmax() == 1
    assert found[0] == found[2] == 133


def test_a_library_policy_in_batches_sees_every_visitor():
    found = bandit_regret.in_batches(ThompsonBeta, np.array([0.1, 0.5]), 1200, 0)
    assert found.sum() == 1200
    assert found[1] > 800


def test_assignment_is_timed():
    for row in experiments.assignment(200):
        assert 0 < row["median"] <= row["p99"]


def test_an_unknown_job_is_refused():
    with pytest.raises(ValueError, match=r"there are looks, ratio, .*, assignment"):
        experiments.run("none")
