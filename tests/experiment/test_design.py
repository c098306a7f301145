"""Designs: against closed forms, and against simulated experiments of that size."""

import numpy as np
import pytest
from scipy import stats

from lookalike.experiment import (
    Metric,
    Units,
    baseline,
    days_needed,
    minimal_effect,
    replay_a_a,
    sample_size,
)

DAY = 86_400.0


def units(n=2000, seed=0):
    rng = np.random.default_rng(seed)
    before = rng.normal(size=n)
    queries = 1 + rng.poisson(4, n)
    columns = {
        "clicks": rng.random(n) < 0.2,
        "revenue": before + rng.normal(size=n),
        "before": before,
        "queries": queries,
        "successes": rng.binomial(queries, rng.beta(2, 5, n)),
    }
    return Units([f"u{k}" for k in range(n)], ["x"] * n, columns)


def test_a_size_has_its_power():
    n = sample_size(spread=1.0, difference=0.2, share=0.3, power=0.9)
    rng = np.random.default_rng(0)
    treated = round(0.3 * n)
    a = rng.normal(size=(4000, n - treated)).mean(axis=1)
    b = rng.normal(size=(4000, treated)).mean(axis=1) + 0.2
    z = (b - a) / np.sqrt(1 / treated + 1 / (n - treated))
    assert (np.abs(z) > 1.96).mean() == pytest.approx(0.9, abs=0.02)


def test_a_size_is_the_textbooks():
    # 16 variance / difference^2 an arm, for 80% at 5% (van Belle's rule, 15.7).
    assert sample_size(1.0, 0.1) / 2 == pytest.approx(15.7 / 0.01, rel=0.002)
    assert minimal_effect(1.0, sample_size(1.0, 0.1)) == pytest.approx(0.1, rel=1e-3)
    assert sample_size(1.0, -0.1) == sample_size(1.0, 0.1)


def test_the_spread_is_that_of_each_kind():
    data = units()
    clicks, revenue = data.column("clicks"), data.column("revenue")
    assert baseline(Metric("clicks", "rate"), data).spread == pytest.approx(
        clicks.std(), rel=0.01
    )
    assert baseline(Metric("revenue", "mean"), data).spread == pytest.approx(
        revenue.std(ddof=1)
    )
    ratio = Metric("r", "ratio", "successes", denominator="queries")
    assert 0 < baseline(ratio, data).spread < 1
    adjusted = Metric("revenue", "mean", covariates=("before",))
    assert baseline(adjusted, data).spread == pytest.approx(1.0, rel=0.05)
    median = Metric("revenue", "quantile", quantile=0.5)
    expected = np.sqrt(np.pi / 2 * 2)
    assert baseline(median, data).spread == pytest.approx(expected, rel=0.1)


def test_days_count_new_units_only_and_go_on_beyond_the_log():
    seen = np.concatenate([np.zeros(500), np.linspace(0, 10 * DAY, 501)])
    assert days_needed(400, seen) == 0
    assert days_needed(750, seen) == pytest.approx(5.0, abs=0.05)
    assert days_needed(375, seen, 0.5) == days_needed(750, seen)
    assert days_needed(1501, seen) == pytest.approx(20.0, abs=0.1)
    with pytest.raises(ValueError, match="times of at least two units"):
        days_needed(10, [5.0, 5.0])


def test_a_sound_metric_passes_a_a_and_one_of_another_unit_does_not():
    data = units(600)
    ratio = Metric("r", "ratio", "successes", denominator="queries")
    found = replay_a_a(ratio, data, n_replays=300)
    assert found.rejected.low < 0.05 < found.rejected.high
    assert found.uniform_p > 0.001
    test = stats.kstest(found.p_values, "uniform")
    assert found.uniform_p == pytest.approx(test.pvalue)
    # A few units have most of it: the mean is far from normal.
    heavy = np.zeros(600)
    heavy[0] = 1000.0
    alone = Units(data.unit, data.variant, {"revenue": heavy})
    found = replay_a_a(Metric("revenue", "mean"), alone, n_replays=100)
    assert found.uniform_p < 0.001


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"difference": 0.0}, "difference must be a number above 0"),
        ({"spread": 0.0}, "spread must be a number above 0"),
        ({"share": 1.0}, "share must be between 0 and 1, got 1.0"),
        ({"power": 1.5}, "power must be between 0 and 1"),
    ],
)
def test_bad_designs_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        sample_size(**({"spread": 1.0, "difference": 0.1} | given))
    with pytest.raises(ValueError, match="at least two units, got 1"):
        baseline(Metric("a", "mean"), Units(["u"], ["x"], {"a": [1.0]}))
