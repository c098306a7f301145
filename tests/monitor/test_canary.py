"""Canaries: exact chances, what is found and how soon, and every outcome."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from lookalike.monitor import CanaryCounts, CanaryPlan, decide_canary
from lookalike.monitor.canary import EARLY, WORSE, crossing_chance, log_ratio

PLAN = CanaryPlan(signals=("errors",))


def counted(canary, control, bad=0, others=0, **more):
    return CanaryCounts(canary, control, {"errors": bad}, {"errors": others}, **more)


def test_the_ratio_is_of_two_binomials():
    for bad, others in ((0, 0), (3, 4), (0, 9)):
        f = 0.2
        worse = f * WORSE / (f * WORSE + 1 - f)
        expected = bad * np.log(worse / f) + others * np.log((1 - worse) / (1 - f))
        assert log_ratio(f, bad, others) == pytest.approx(expected)


@pytest.mark.parametrize("threshold", [0.5, 1.2, 2.0])
def test_the_chance_of_crossing_is_that_of_all_sequences(threshold):
    total, share = 0.0, 0.3
    for sequence in product((0, 1), repeat=10):
        bad = np.cumsum(sequence)
        ratios = [log_ratio(share, b, n + 1 - b) for n, b in enumerate(bad)]
        if max(ratios) > threshold:
            total += share ** sum(sequence) * (1 - share) ** (10 - sum(sequence))
    assert crossing_chance(share, threshold, most=10) == pytest.approx(total)


def test_the_threshold_is_below_the_bound_and_its_chance_no_longer_grows():
    chance = EARLY * PLAN.each
    assert PLAN.threshold < -np.log(chance)
    found = crossing_chance(PLAN.share, PLAN.threshold)
    assert chance * 0.9 < found <= chance
    assert crossing_chance(PLAN.share, PLAN.threshold, 500) == pytest.approx(
        found, rel=0.01
    )


def outcomes(worse, runs, requests, seed, look=20):
    """Outcomes of canaries whose errors are 1% times ``worse``."""
    rng = np.random.default_rng(seed)
    plan = replace(PLAN, requests=requests)
    found = []
    for _ in range(runs):
        counts = np.zeros(4, int)
        while True:
            canary = int(rng.binomial(look * 10, 0.1))
            control = look * 10 - canary
            bad = rng.binomial([canary, control], [0.01 * worse, 0.01])
            counts += (canary, control, *bad)
            decision = decide_canary(plan, counted(*map(int, counts)))
            if decision.outcome != "go on":
                found.append(decision.outcome)
                break
    return found


def test_the_bad_abort_and_the_healthy_pass():
    assert outcomes(5, 60, 400, 1).count("abort") >= 52
    assert outcomes(2, 40, 3000, 2).count("abort") >= 34
    assert outcomes(1, 60, 1500, 3).count("pass") >= 57


def test_every_outcome_has_its_reason():
    assert decide_canary(PLAN, counted(0, 0)).outcome == "go on"
    assert decide_canary(PLAN, counted(3000, 27_000, 30, 270)).outcome == "pass"
    late = decide_canary(PLAN, counted(20, 180, seconds=90_000.0))
    assert late.outcome == "inconclusive"
    assert late.reason == "only 20 of 3,000 requests came in 90,000 seconds"
    skewed = decide_canary(PLAN, counted(500, 500, 50, 0))
    assert skewed.outcome == "inconclusive"
    assert "50.0% of 1,000 requests" in skewed.reason
    several = CanaryPlan()
    bad = {"errors": 1, "slow": 30}
    found = decide_canary(several, CanaryCounts(300, 2700, bad, {"slow": 40}))
    assert (found.outcome, found.signal) == ("abort", "slow")
    assert found.reason == "slow: 10.0% of 300 answers, 1.5% of the control"


def test_a_little_worse_aborts_at_the_last_request_only():
    before = counted(2999, 26_991, 58, 270)
    assert decide_canary(PLAN, before).outcome == "go on"
    assert decide_canary(PLAN, replace(before, canary=3000)).outcome == "abort"


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: CanaryPlan(share=0), "share must be in"),
        (lambda: CanaryPlan(false_abort=1), "false_abort"),
        (lambda: CanaryPlan(requests=0), "requests"),
        (lambda: CanaryPlan(signals=("a", "a")), "distinct names"),
        (lambda: decide_canary(PLAN, counted(-1, 0)), "canary must be a whole number"),
        (lambda: decide_canary(PLAN, counted(1, 0, 2)), "answered 1 requests, got 2"),
        (lambda: decide_canary(PLAN, counted(1, 0, seconds=-1.0)), "clock went back"),
        (
            lambda: decide_canary(PLAN, CanaryCounts(9, 90, {"slow": 1})),
            "signal 'slow'; the plan has errors",
        ),
    ],
)
def test_bad_input_gets_a_sentence(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
