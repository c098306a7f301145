"""Drift: statistics against SciPy and definitions, tests against their level."""

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon

from lookalike.monitor import (
    concept_drift,
    covariate_drift,
    domain_classifier,
    energy_drift,
    jensen_shannon,
    label_drift,
    population_stability,
)
from lookalike.monitor.labels import fit_line

RNG = np.random.default_rng(0)


def test_numbers_have_the_statistics_of_scipy():
    before, now = RNG.normal(size=500), RNG.normal(0.2, 1.3, 400)
    found = covariate_drift({"x": before}, {"x": now})["x"]
    test = stats.ks_2samp(before, now, method="asymp")
    assert (found.ks, found.p_value) == pytest.approx((test.statistic, test.pvalue))
    distance = stats.wasserstein_distance(before, now) / before.std()
    assert found.wasserstein == pytest.approx(distance)
    edges = np.quantile(before, np.arange(1, 10) / 10)
    p, q = (np.bincount(np.digitize(x, edges), minlength=10) for x in (before, now))
    assert found.jensen_shannon == pytest.approx(jensenshannon(p, q, base=2), abs=0.01)
    assert jensen_shannon(p, q) == pytest.approx(jensenshannon(p, q, base=2))
    p, q = (p + 0.5) / (p + 0.5).sum(), (q + 0.5) / (q + 0.5).sum()
    assert population_stability(p * 1e9, q * 1e9) == pytest.approx(
        ((q - p) * np.log(q / p)).sum()
    )
    assert found.psi == pytest.approx(((q - p) * np.log(q / p)).sum(), rel=0.1)


def test_categories_have_the_chi_squared_test_and_missing_is_one():
    before, now = (
        ["a"] * 60 + ["b"] * 30 + [""] * 10,
        ["a"] * 40 + ["b"] * 30 + [None] * 30,
    )
    found = covariate_drift({"x": before}, {"x": np.array(now, object)})["x"]
    table = [[60, 30, 10], [40, 30, 30]]
    assert found.p_value == pytest.approx(stats.chi2_contingency(table).pvalue)
    assert found.missing == pytest.approx((0.1, 0.3))
    assert np.isnan(found.ks)


def test_rare_categories_are_added_up_and_new_ones_are_seen():
    before = ["a"] * 500 + [f"rare {n}" for n in range(20)]
    assert not covariate_drift({"x": before}, {"x": before})["x"].moved()
    now = ["a"] * 300 + ["new"] * 220
    assert covariate_drift({"x": before}, {"x": now})["x"].moved()


def test_numbers_that_go_missing_have_moved():
    before = RNG.normal(size=400)
    now = np.where(np.arange(400) < 100, np.nan, RNG.normal(size=400))
    found = covariate_drift({"x": before}, {"x": now})["x"]
    assert found.moved()
    assert found.psi > 0.25
    assert found.missing == pytest.approx((0, 0.25))


def test_of_many_features_that_stay_few_tables_have_one_that_moved():
    rng = np.random.default_rng(1)
    wrong = 0
    for _ in range(60):
        tables = [{f"x{n}": rng.normal(size=60) for n in range(6)} for _ in range(2)]
        wrong += any(each.moved() for each in covariate_drift(*tables).values())
    assert wrong <= 8  # 3 expected; more have a chance of 0.2%


def test_what_moved_comes_first():
    before = {"still": np.arange(300.0), "moved": RNG.normal(size=300)}
    now = {"still": np.arange(300.0), "moved": RNG.normal(1, 1, 300)}
    found = covariate_drift(before, now)
    assert [each.moved() for each in found.values()] == [True, False]
    assert next(iter(found)) == "moved"


def correlated(rng, n, together):
    same = rng.normal(size=(n, 1))
    own = rng.normal(size=(n, 3))
    return np.sqrt(together) * same + np.sqrt(1 - together) * own


@pytest.mark.parametrize("test", [domain_classifier, energy_drift])
def test_features_that_move_together_are_seen_jointly(test):
    rng = np.random.default_rng(2)
    before, now = correlated(rng, 600, 0.0), correlated(rng, 600, 0.7)
    columns = [{str(n): x[:, n] for n in range(3)} for x in (before, now)]
    assert not any(each.moved() for each in covariate_drift(*columns).values())
    assert test(before, now).p_value < 0.01


@pytest.mark.parametrize("test", [domain_classifier, energy_drift])
def test_joint_tests_keep_their_level(test):
    rng = np.random.default_rng(3)
    found = [
        test(rng.normal(size=(120, 2)), rng.normal(size=(120, 2))).p_value
        for _ in range(40)
    ]
    assert np.mean(np.array(found) <= 0.1) <= 0.22


def test_the_energy_distance_is_its_definition():
    before, now = RNG.normal(size=(20, 2)), RNG.normal(0.5, 1, (30, 2))
    scale = before.std(axis=0)

    def mean(a, b, same=False):
        d = np.linalg.norm((a[:, None] - b) / scale, axis=2)
        return d.sum() / (len(a) * (len(b) - same))

    pooled = np.concatenate([before, now])
    expected = 2 * mean(before, now) - mean(before, before, True) - mean(now, now, True)
    found = energy_drift(before, now).effect.value
    assert found == pytest.approx(expected / mean(pooled, pooled, True))


def test_shares_have_newcombes_interval():
    # Newcombe (1998), table II, method 10: 56 of 70 and 48 of 80.
    found = label_drift([1] * 48 + [0] * 32, [1] * 56 + [0] * 14)
    assert str(found.difference) == "0.2000 [0.0524, 0.3339]"
    table = [[48, 32], [56, 14]]
    expected = stats.chi2_contingency(table, correction=False).pvalue
    assert found.p_value == pytest.approx(expected)


def test_a_line_solves_its_equations_and_separated_labels_have_one():
    x = RNG.normal(size=200)
    y = (RNG.random(200) < 1 / (1 + np.exp(-0.5 - 2 * x))) * 1.0
    line = fit_line(y, x)
    residual = y - 1 / (1 + np.exp(-line[0] - line[1] * x))
    assert abs(residual.sum()) < 1e-3
    assert abs(residual @ x) < 1e-3
    assert np.isfinite(fit_line((x > 0) * 1.0, x)).all()


def test_concept_drift_keeps_its_level_and_finds_what_scores_no_longer_say():
    rng = np.random.default_rng(4)

    def part(n, shift=0.0, slope=1.0):
        logits = rng.normal(size=n)
        chance = 1 / (1 + np.exp(-shift - slope * logits))
        return (rng.random(n) < chance) * 1, 1 / (1 + np.exp(-logits))

    same = [concept_drift(*part(300), *part(300)).p_value for _ in range(200)]
    assert 0.01 < np.mean(np.array(same) < 0.05) < 0.10
    assert concept_drift(*part(500), *part(500, shift=0.8)).p_value < 1e-3
    found = concept_drift(*part(500), *part(500, slope=0.0))
    assert found.p_value < 1e-3
    assert abs(found.slope) < 0.3 < 0.7 < found.reference_slope


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: covariate_drift({"a": [1]}, {"b": [1]}), "same columns; 'a'"),
        (
            lambda: covariate_drift({"a": [1.0]}, {"a": [np.nan]}),
            "a has no value in the",
        ),
        (lambda: covariate_drift({"a": [[1]]}, {"a": [[1]]}), "one column"),
        (lambda: domain_classifier([[1]], [[1, 2]]), "same columns"),
        (lambda: domain_classifier([[1]], [[1]]), "At least 5 rows"),
        (lambda: energy_drift([[np.nan]] * 9, [[1]] * 9), "finite"),
        (lambda: label_drift([0, 2], [1]), "0s and 1s"),
        (lambda: concept_drift([0], [0.5], [1], [1.5]), "current scores must be"),
        (lambda: concept_drift([0], [0.5, 1], [1], [1]), "each of the 1 labels"),
    ],
)
def test_bad_input_gets_a_sentence(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
