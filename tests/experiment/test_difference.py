"""Differences: against scipy, closed forms and the truth of a simulation."""

import numpy as np
import pytest
from scipy import stats

from lookalike.experiment import (
    Arm,
    Moments,
    adjusted_arms,
    balance_p_value,
    benjamini_hochberg,
    check_before,
    effect,
    mean_arm,
    quantile_arm,
    rate_arm,
    ratio_arm,
    relative_lift,
)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def test_a_mean_is_tested_as_by_welch(rng):
    a, b = rng.exponential(1.0, 40), rng.exponential(1.3, 25)
    found = effect(mean_arm(Moments.of(a)), mean_arm(Moments.of(b)))
    expected = stats.ttest_ind(b, a, equal_var=False)
    interval = expected.confidence_interval(0.95)
    assert found.p_value == pytest.approx(expected.pvalue)
    assert found.difference.low == pytest.approx(interval.low)
    assert found.difference.high == pytest.approx(interval.high)


def test_parts_of_units_add_up_and_go_through_json(rng):
    columns = rng.normal(size=(3, 50))
    whole = Moments.of(*columns)
    parts = Moments.of(*columns[:, :20]).merged(Moments.of(*columns[:, 20:]))
    parts = Moments.from_json(parts.to_json())
    assert parts.n == 50
    np.testing.assert_allclose(parts.mean, whole.mean)
    np.testing.assert_allclose(parts.covariance, np.cov(columns))


def test_a_rate_without_success_keeps_a_width():
    found = effect(rate_arm(100, 0), rate_arm(100, 0))
    assert found.difference.value == 0
    assert found.difference.high > 0.02


def test_a_large_rate_is_the_usual_one():
    share = 30_000 / 100_000
    usual = np.sqrt(share * (1 - share) / 100_000)
    assert rate_arm(100_000, 30_000).standard_error == pytest.approx(usual, rel=1e-3)


def test_a_ratio_has_the_spread_that_a_simulation_has(rng):
    queries = 1 + rng.poisson(4, (4000, 300))
    taste = rng.beta(2, 5, (4000, 300))
    clicks = rng.binomial(queries, taste)
    arms = [ratio_arm(Moments.of(c, q)) for c, q in zip(clicks, queries, strict=True)]
    spread = np.std([arm.value for arm in arms])
    assert np.mean([arm.standard_error for arm in arms]) == pytest.approx(
        spread, rel=0.03
    )
    assert arms[0].value == pytest.approx(clicks[0].sum() / queries[0].sum())


def test_a_quantile_has_the_spread_that_theory_has(rng):
    values = rng.exponential(1.0, (300, 4000))
    for quantile in (0.5, 0.9):
        arms = [quantile_arm(row, quantile) for row in values]
        value = -np.log(1 - quantile)
        error = np.sqrt(quantile * (1 - quantile) / 4000) / (1 - quantile)
        assert np.mean([arm.value for arm in arms]) == pytest.approx(value, rel=0.01)
        assert np.mean([arm.standard_error for arm in arms]) == pytest.approx(
            error, rel=0.03
        )


def test_a_quantile_over_units_with_several_values_is_wider(rng):
    level = np.repeat(rng.normal(size=500), 20)
    values = level + 0.1 * rng.normal(size=10_000)
    units = np.repeat(np.arange(500), 20)
    alone, together = quantile_arm(values, 0.5), quantile_arm(values, 0.5, units)
    assert together.n == 500
    assert together.standard_error / alone.standard_error > 3
    same = quantile_arm(values, 0.5, np.arange(10_000))
    assert same.standard_error == pytest.approx(alone.standard_error, rel=1e-3)


def test_a_quantile_of_too_few_values_is_refused():
    with pytest.raises(ValueError, match=r"0.99 needs values on both sides.* 50 are"):
        quantile_arm(np.arange(50.0), 0.99)


def test_the_interval_of_a_lift_has_the_ratios_that_are_not_rejected():
    control, treatment = Arm(1000, 2.0, 0.2), Arm(1000, 2.6, 0.3)
    found = relative_lift(control, treatment, 1.96)
    for lift in (found.low, found.high):
        ratio = 1 + lift
        z = (2.6 - ratio * 2.0) / np.hypot(0.3, ratio * 0.2)
        assert abs(z) == pytest.approx(1.96)
    assert found.value == pytest.approx(0.3)
    assert found.low < 0.3 < found.high


def test_arms_without_units_or_variance_are_refused():
    with pytest.raises(ValueError, match="the arm treatment has no units"):
        effect(Arm(5, 1.0, 1.0), Arm(0, 0.0, 0.0))
    with pytest.raises(ValueError, match=r"zero variance: every unit .* 3 and 3"):
        effect(mean_arm(Moments.of([3.0, 3])), mean_arm(Moments.of([3.0, 3, 3])))
    with pytest.raises(ValueError, match="successes must be from 0 to the number"):
        rate_arm(3, 4)
    with pytest.raises(ValueError, match="denominator of a ratio must not be 0"):
        ratio_arm(Moments.of([1.0, 2], [0.0, 0]))
    with pytest.raises(ValueError, match="columns must hold finite numbers"):
        Moments.of([1.0, np.nan])


# CUPED


def test_covariates_leave_what_they_do_not_explain(rng):
    x = rng.normal(size=(2, 3, 20_000))
    slopes = np.array([0.5, -0.3, 0.2])
    y = np.einsum("k,akn->an", slopes, x) + rng.normal(size=(2, 20_000))
    found = adjusted_arms([Moments.of(y[a], *x[a]) for a in range(2)])
    np.testing.assert_allclose(found.slopes, slopes, atol=0.02)
    rho_squared = (slopes @ slopes) / (slopes @ slopes + 1)
    assert found.variance_left == pytest.approx(1 - rho_squared, rel=0.02)


def test_an_adjusted_difference_is_that_of_least_squares(rng):
    arm = np.repeat([0.0, 1.0], 200)
    x = rng.normal(size=400)
    y = 1.0 + 0.4 * arm + 0.9 * x + rng.normal(size=400)
    design = np.stack([np.ones(400), arm, x], axis=1)
    expected = np.linalg.lstsq(design, y, rcond=None)[0]
    parts = [Moments.of(y[arm == a], x[arm == a]) for a in (0, 1)]
    control, treatment = adjusted_arms(parts).arms
    assert treatment.value - control.value == pytest.approx(expected[1])


def test_a_ratio_is_adjusted_by_its_linear_part(rng):
    n = 400
    differences, errors = [], []
    for _ in range(300):
        taste = rng.beta(2, 5, (2, n))
        queries = 1 + rng.poisson(4, (2, n))
        clicks = rng.binomial(queries, taste)
        before = rng.binomial(50, taste) / 50
        parts = [Moments.of(clicks[a], queries[a], before[a]) for a in (0, 1)]
        found = adjusted_arms(parts, is_ratio=True)
        control, treatment = found.arms
        differences.append(treatment.value - control.value)
        errors.append(np.hypot(control.standard_error, treatment.standard_error))
    assert found.variance_left < 0.7
    assert np.mean(errors) == pytest.approx(np.std(differences), rel=0.1)
    assert abs(np.mean(differences)) < 4 * np.std(differences) / np.sqrt(300)


def test_covariates_that_say_the_same_do_no_harm(rng):
    x = rng.normal(size=(2, 500))
    y = x + rng.normal(size=(2, 500))
    once = adjusted_arms([Moments.of(y[a], x[a]) for a in (0, 1)])
    twice = adjusted_arms([Moments.of(y[a], x[a], x[a], x[a] * 0) for a in (0, 1)])
    assert twice.variance_left == pytest.approx(once.variance_left)


def test_a_covariate_of_after_is_refused_and_seen(rng):
    check_before("visits", [1, 2], [2, 2])
    with pytest.raises(ValueError, match=r"visits must be of before .* in 2 of 3"):
        check_before("visits", [3, 2, 4], [2, 2, 2])
    before = rng.normal(size=(2, 2, 3000))
    same = balance_p_value(Moments.of(*before[0]), Moments.of(*before[1]))
    before[1, 1] += 0.2
    changed = balance_p_value(Moments.of(*before[0]), Moments.of(*before[1]))
    assert changed < 0.001 < same


def test_no_covariate_is_refused():
    with pytest.raises(ValueError, match="at least one covariate"):
        adjusted_arms([Moments.of([1.0, 2.0])] * 2)


# Many metrics


def test_false_discovery_control_is_scipys(rng):
    p = rng.random(40) ** 3
    np.testing.assert_allclose(benjamini_hochberg(p), stats.false_discovery_control(p))
    assert benjamini_hochberg([]).shape == (0,)
    with pytest.raises(ValueError, match="p-values must be 1-D numbers from 0 to 1"):
        benjamini_hochberg([0.5, 1.1])
