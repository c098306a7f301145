"""Worlds are as told, canaries end as they should, and models are levelled."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit

from lookalike.evaluate import estimate_policy
from lookalike.evaluate.off_policy import effective_sample
from lookalike.monitor import CanaryPlan
from lookalike_bench import monitoring, null_looks, off_policy, retrained_bank


def test_worlds_have_the_effective_sample_that_is_told(monkeypatch):
    monkeypatch.setattr(off_policy, "N_TRUTH", 2000)
    for seed in range(3):
        log, truth = off_policy.world(np.random.default_rng(seed), n=2000)
        found = estimate_policy(log)
        assert 0.03 <= found.effective_sample / len(log) <= 0.07
        assert abs(found.mean_weight - 1) < 0.5
        assert found.estimates["DR"].value == pytest.approx(truth, abs=0.25)


def test_the_peers_interval_takes_the_mean_weight_for_a_constant():
    log, _ = off_policy.world(np.random.default_rng(0), n=1000)
    low, high = off_policy.obp_interval(log, np.random.default_rng(1))
    terms = log.weight * log.reward / log.weight.mean()
    half = 1.96 * terms.std() / np.sqrt(len(log))
    assert (high - low) / 2 == pytest.approx(half, rel=0.25)


def test_a_share_of_worlds_is_told_with_its_error():
    rows = off_policy.worlds(lambda what, share: None, n=4, seed=1)
    found = {row["method"]: row for row in rows}
    assert found["DM"]["printed"] == 0
    assert "cover" not in found["DM"]
    assert " +- " in found[off_policy.OBP]["cover"]


def test_canaries_end_by_their_plan():
    rng = np.random.default_rng(0)
    plan = CanaryPlan(signals=("errors",), requests=200)
    outcome, n = monitoring.one_canary(plan, 0.3, 200, 100, rng)
    assert outcome == "abort"
    assert n < 100
    outcome, n = monitoring.one_canary(plan, 0.0, 200, 100, rng)
    assert outcome == "pass"
    assert 200 <= n < 250


def test_looks_at_windows_that_do_not_differ_are_told_by_the_question():
    rows = null_looks.looks(lambda what, share: None, n=1)
    assert [row["method"] for row in rows[:2]] == [
        "feature, 300 lists",
        "joint, 300 lists",
    ]
    assert {row["allowed"] for row in rows} == {0.0056}
    rng = np.random.default_rng(0)
    before, now = (null_looks.lists(rng, 300) for _ in range(2))
    budget = null_looks.Budgeted(1.0, 24.0)
    assert null_looks.ringing(before, now, budget) == []
    moved = replace(now, features=now.features + 1, first_acted=1 - now.first_acted)
    found = null_looks.ringing(before, moved, budget)
    assert set(found) == {"feature", "joint", "meaning of scores"}


def test_the_lists_that_are_needed_are_those_of_drawn_weights():
    rng = np.random.default_rng(0)
    for row, share in zip(off_policy.needed(), (0.2, 0.6), strict=True):
        n = 400_000
        weight = np.where(np.arange(n) % 2, 1 / (1 - share + share / 21), 21 / share)
        weight *= rng.random(n) < 1 / weight
        lists = 50 * n / effective_sample(weight)
        assert row["for an estimate"] == pytest.approx(lists, rel=0.03)


def test_running_shares_count_newer_ones_more_and_look_only_back():
    label = np.array([0.0, 0, 0, 0, 1, 1, 1, 1])
    found = retrained_bank.running(label, half=1.0)
    assert len(found) == 9
    assert found[0] == 0.05
    assert found[4] < 0.05
    assert found[8] > 0.9
    np.testing.assert_array_equal(
        found[:5], retrained_bank.running(label[:4], half=1.0)
    )


def test_levels_make_the_newest_outcomes_as_many_as_expected():
    recent, label = np.linspace(0.1, 0.3, 50), np.arange(50) % 2
    found = retrained_bank.levelled(recent, recent, label)
    assert found.mean() == pytest.approx(0.5)
    assert np.ptp(logit(found) - logit(recent)) < 1e-6
    assert np.all(np.diff(found) > 0)
    assert expit(0) == 0.5


@pytest.mark.full
def test_models_learn_from_no_call_whose_outcome_had_not_come():
    loop = retrained_bank.Loop(retrained_bank.calls(), "test", "logistic")
    for week, known in loop.weeks():
        day = loop.calls.day
        assert day[known - 1] < day[week.start] - retrained_bank.DELAY
    assert not set(loop.old) & set(loop.learned)
