"""Bounds: against published tables, and against simulated experiments."""

import numpy as np
import pytest
from scipy import stats

from lookalike.experiment import (
    bounds_of,
    crossing,
    group_bounds,
    mixture_bound,
    mixture_p_value,
    platform_check,
    price,
    ratio_check,
    ratio_p_value,
    spent,
)

FIVE = [0.2, 0.4, 0.6, 0.8, 1.0]


@pytest.mark.parametrize(
    ("spending", "bounds"),
    [
        # Bounds of the program of Lan and DeMets (Reboussin, DeMets, Kim, Lan, 2000).
        ("obrien_fleming", [4.8769, 3.3569, 2.6803, 2.2898, 2.0310]),
        ("pocock", [2.4380, 2.4268, 2.4101, 2.3966, 2.3859]),
    ],
)
def test_bounds_are_the_published_ones(spending, bounds):
    found = group_bounds(FIVE, spending=spending)
    np.testing.assert_allclose(found, bounds, atol=1.5e-4)
    assert crossing(FIVE, found).power == pytest.approx(0.05, abs=1e-6)


@pytest.mark.parametrize(
    ("n", "pocock", "obrien_fleming"),
    # Jennison and Turnbull (1999), tables 2.1 and 2.3, alpha = 0.05.
    [(2, 2.178, 1.977), (5, 2.413, 2.040), (10, 2.555, 2.087), (20, 2.672, 2.126)],
)
def test_classical_bounds_cross_with_their_probability(n, pocock, obrien_fleming):
    shares = np.arange(1, n + 1) / n
    flat = crossing(shares, np.full(n, pocock)).power
    falling = crossing(shares, obrien_fleming / np.sqrt(shares)).power
    assert flat == pytest.approx(0.05, abs=2e-4)
    assert falling == pytest.approx(0.05, abs=2e-4)


@pytest.mark.parametrize(
    ("n", "expected"), [(1, 0.05), (2, 0.083), (5, 0.142), (10, 0.193), (20, 0.248)]
)
def test_peeking_at_a_fixed_test_errs_as_published(n, expected):
    # Armitage, McPherson and Rowe (1969), table 2.
    shares = np.arange(1, n + 1) / n
    assert crossing(shares, [1.96] * n).power == pytest.approx(expected, abs=6e-4)


def test_power_is_that_of_simulated_experiments():
    rng = np.random.default_rng(0)
    shares = np.array([0.1, 0.15, 0.5, 0.9, 1.0])
    steps = np.diff(shares, prepend=0)
    drift = 2.8
    score = np.cumsum(
        rng.normal(size=(100_000, 5)) * np.sqrt(steps) + drift * steps, axis=1
    )
    bounds = group_bounds(shares)
    crossed = np.abs(score / np.sqrt(shares)) > bounds
    first = np.where(crossed.any(axis=1), shares[crossed.argmax(axis=1)], 1.0)
    found = crossing(shares, bounds, drift)
    assert found.power == pytest.approx(crossed.any(axis=1).mean(), abs=0.005)
    assert found.size == pytest.approx(first.mean(), abs=0.005)


def test_earlier_bounds_do_not_depend_on_later_looks():
    shares = [0.3, 0.5, 0.5001, 0.9, 1.2]
    few, more = group_bounds(shares[:2]), group_bounds(shares)
    np.testing.assert_allclose(more[:2], few)
    assert crossing(shares, more).power == pytest.approx(0.05, abs=1e-4)


def test_looks_close_together_are_integrated_or_decide_nothing():
    near = group_bounds([0.5, 0.5 + 2e-5])
    # Brownian motion crosses within so short a time from just below the bound only.
    assert near[0] < near[1] < near[0] + 0.2
    rng = np.random.default_rng(0)
    first = rng.normal(size=2_000_000) * np.sqrt(0.5)
    second = first + rng.normal(size=2_000_000) * np.sqrt(2e-5)
    stays = np.abs(first) <= near[0] * np.sqrt(0.5)
    crosses = stays & (np.abs(second) > near[1] * np.sqrt(0.5 + 2e-5))
    expected = spent(0.5 + 2e-5) - spent(0.5)
    assert crosses.mean() == pytest.approx(expected, abs=4e-6)
    same = group_bounds([0.5, 0.5 + 1e-6, 0.9])
    assert same[1] == 9.0
    np.testing.assert_allclose(same[[0, 2]], group_bounds([0.5, 0.9]))


def test_all_error_is_spent_at_the_end():
    for spending in ("obrien_fleming", "pocock"):
        values = [spent(share, 0.1, spending) for share in (0, 0.2, 0.9, 1.0, 1.3)]
        assert values[0] == 0
        assert values == sorted(values)
        assert values[-1] == pytest.approx(0.1)


@pytest.mark.parametrize("shares", [[0.2, 0.2], [0.5, 0.4], [0.0, 1.0], [], [np.nan]])
def test_information_that_goes_back_is_refused(shares):
    with pytest.raises(ValueError, match=r"information .*look"):
        group_bounds(shares)


def test_an_always_valid_bound_holds_at_every_look():
    rng = np.random.default_rng(1)
    n = np.arange(1, 2001)
    z = np.cumsum(rng.normal(size=(4000, 2000)), axis=1) / np.sqrt(n)
    crossed = (np.abs(z) > mixture_bound(n / 1000)).any(axis=1)
    assert 0.01 < crossed.mean() < 0.05
    p = mixture_p_value(z[:200], n / 1000).min(axis=1)
    np.testing.assert_array_equal(p < 0.05, crossed[:200])


def test_methods_differ_in_what_they_allow():
    assert bounds_of("fixed", [0.5, 1.0]).tolist() == [
        np.inf,
        pytest.approx(1.96, 1e-3),
    ]
    with pytest.raises(ValueError, match=r"method must be one of fixed, .*'peek'"):
        bounds_of("peek", [1.0])
    with pytest.raises(ValueError, match="information must be above 0"):
        mixture_bound(0.0)


def test_prices_are_in_order():
    fixed, group, always = map(price, ("fixed", "group_sequential", "always_valid"))
    assert fixed.power > group.power > always.power
    assert group.size < always.size < fixed.size
    assert "78%" in str(group)


# Ratios


def test_a_ratio_is_tested_as_by_pearson():
    counts, weights = [480, 310, 210], [0.5, 0.3, 0.2]
    expected = stats.chisquare(counts, np.multiply(weights, 1000)).pvalue
    assert ratio_check(counts, weights) == pytest.approx(expected)
    assert ratio_check(counts, [5, 3, 2]) == pytest.approx(expected)


def test_a_sequential_ratio_is_the_mixture_of_its_definition():
    counts = np.array([30, 55])
    a = 4.0
    mixture = stats.dirichlet_multinomial.pmf(counts, [a / 2, a / 2], 85)
    null = stats.multinomial.pmf(counts, 85, [0.5, 0.5])
    expected = min(1.0, null / mixture)
    assert ratio_p_value(counts, concentration=a) == pytest.approx(expected)


def test_a_sequential_ratio_rarely_errs_and_finds_faults():
    rng = np.random.default_rng(2)
    healthy = np.cumsum(rng.multinomial(100, [0.5, 0.5], (2000, 50)), axis=1)
    faulty = np.cumsum(rng.multinomial(100, [0.45, 0.55], (200, 50)), axis=1)
    assert (ratio_p_value(healthy).min(axis=1) < 0.05).mean() < 0.05
    assert (ratio_p_value(faulty).min(axis=1) < 0.001).mean() > 0.95


def test_a_platform_counts_the_experiments_that_fail():
    healthy, broken = [300, 280, 330], [1000, 1300]
    found = platform_check([healthy] * 7 + [broken] * 2)
    assert found == pytest.approx(stats.binom.sf(1, 9, 0.001))
    assert platform_check([healthy] * 7) == 1.0
    meant = [[1.0, 1.0, 1.0]] * 7 + [[10.0, 13.0]] * 2
    assert platform_check([healthy] * 7 + [broken] * 2, meant) == 1.0


@pytest.mark.parametrize(
    ("counts", "weights", "message"),
    [
        ([5], None, "units of at least two variants"),
        ([5, -1], None, "none below 0"),
        ([0, 0], None, "no variant has any unit"),
        ([5, 5], [1, 0], "weights must be 2 numbers above 0"),
        ([5, 5], [1, 1, 1], "weights must be 2 numbers above 0"),
    ],
)
def test_bad_counts_are_refused(counts, weights, message):
    for check in (ratio_check, ratio_p_value):
        with pytest.raises(ValueError, match=message):
            check(counts, weights)
    with pytest.raises(ValueError, match="at least one experiment, got none"):
        platform_check([])
