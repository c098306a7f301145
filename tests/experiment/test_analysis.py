"""The analysis: verdicts on experiments whose truth is known, and what is refused."""

import numpy as np
import pytest

from lookalike.experiment import (
    Experiment,
    Look,
    Metric,
    Units,
    analyse,
    by_slice,
)

CLICKS = Metric("clicks", "rate")
SPEED = Metric("latency", "mean", better="down", role="guardrail", margin=0.05)
DAY = 86_400.0


def experiment(*metrics, **more):
    more = {"planned_units": 8000} | more
    return Experiment("e", ("control", "new"), metrics or (CLICKS,), **more)


def units(n=8000, lift=0.0, slow=0.0, seed=1, share=0.5, **more):
    rng = np.random.default_rng(seed)
    treated = rng.random(n) < share
    before = rng.normal(size=n)
    columns = {
        "clicks": (rng.random(n) < 0.2 * (1 + lift * treated)).astype(float),
        "latency": rng.exponential(100 * (1 + slow * treated)),
        "revenue": before + rng.normal(size=n),
        "before": before,
        "zero": np.zeros(n),
    }
    given = {"assigned_at": np.linspace(0, 10 * DAY, n)} | more
    names = [f"u{n}" for n in range(n)]
    return Units(names, np.where(treated, "new", "control"), columns, **given)


def word(*metrics, test=None, at=10 * DAY, **more):
    found = analyse(test or experiment(*metrics), units(**more), at)
    return found.verdicts["new"]


def test_better_and_worse_are_told():
    assert word(lift=0.3).word == "better"
    assert word(lift=-0.3).word == "worse"
    down = Metric("clicks", "rate", better="down")
    assert word(down, lift=-0.3).word == "better"


def test_a_harmed_guardrail_is_worse_however_good_the_goal():
    verdict = word(CLICKS, SPEED, lift=0.5, slow=0.3)
    assert verdict.word == "worse"
    assert "the guardrail latency is harmed" in str(verdict)
    assert "clicks is better" in str(verdict)


def test_an_open_guardrail_is_waited_for():
    tight = Metric("latency", "mean", better="down", role="guardrail", margin=0.001)
    verdict = word(CLICKS, tight, lift=0.5)
    assert verdict.word == "not yet"
    assert "latency may still be harmed" in str(verdict)


def test_no_harm_needs_all_units_and_the_margin():
    wide = Metric("latency", "mean", better="down", role="guardrail", margin=0.2)
    assert word(CLICKS, wide).word == "no harm"
    assert word(
        CLICKS, wide, test=experiment(CLICKS, wide, planned_units=20_000)
    ).word == ("not yet")


def test_not_yet_says_how_long_still():
    verdict = word(test=experiment(planned_units=12_000))
    assert verdict.word == "not yet"
    assert verdict.days_left == pytest.approx(5.0)
    assert "About 5.0 days are left." in str(verdict)
    over = word()
    assert over.word == "not yet"
    assert over.days_left is None
    assert "The planned units are in" in str(over)


def test_a_fixed_test_says_nothing_before_its_end():
    early = experiment(method="fixed", planned_units=16_000)
    found = analyse(early, units(lift=1.0), DAY)
    assert found.verdicts["new"].word == "not yet"
    assert found.result("clicks").effect.difference.low == -np.inf
    assert word(test=experiment(method="fixed"), lift=0.3).word == "better"


def test_always_valid_needs_no_plan_and_group_sequential_does():
    free = experiment(method="always_valid", planned_units=None)
    assert word(test=free, lift=0.5).word == "better"
    assert "no known rate" in str(word(test=free))
    with pytest.raises(
        ValueError, match="needs planned_units to be looked at as group"
    ):
        word(test=experiment(planned_units=None))


def test_each_look_widens_the_bound_of_the_next():
    test = experiment()
    whole = units()
    alone = analyse(test, whole, 2 * DAY)
    looks = tuple(Look(n * DAY / 10, 800 * n, 1.0) for n in range(1, 10))
    later = analyse(test, whole, 2 * DAY, looks)
    width = [found.result("clicks").effect.difference.high for found in (alone, later)]
    assert width[1] > width[0]
    assert later.looks[:-1] == looks
    again = [Look(**look.to_json()) for look in later.looks]
    assert again == list(later.looks)


def test_goals_share_the_error():
    two = experiment(CLICKS, Metric("revenue", "mean"))
    one = analyse(experiment(), units(), DAY).result("clicks").effect.difference
    shared = analyse(two, units(), DAY).result("clicks").effect.difference
    assert shared.high > one.high


def test_secondary_metrics_are_under_false_discovery_control():
    metrics = [Metric(f"m{n}", "rate", "clicks", role="secondary") for n in range(4)]
    found = analyse(experiment(CLICKS, *metrics), units(), DAY)
    for metric in metrics:
        result = found.result(metric.name)
        assert result.adjusted_p_value == pytest.approx(result.p_value)
    assert np.isnan(found.result("clicks").adjusted_p_value)


def test_covariates_narrow_the_interval():
    plain = Metric("plain", "mean", "revenue")
    adjusted = Metric("adjusted", "mean", "revenue", covariates=("before",))
    found = analyse(experiment(plain, adjusted), units(), DAY)
    errors = [
        found.result(name).effect.standard_error for name in ("plain", "adjusted")
    ]
    assert found.result("adjusted").variance_left == pytest.approx(0.5, abs=0.03)
    assert errors[1] / errors[0] == pytest.approx(np.sqrt(0.5), abs=0.03)


def test_ratios_and_quantiles_are_analysed():
    ratio = Metric("rate", "ratio", "clicks", denominator="latency")
    median = Metric("median", "quantile", "latency", quantile=0.5)
    data = units()
    found = analyse(experiment(ratio, median), data, DAY)
    control = np.asarray(data.variant) == "control"
    clicks, latency = data.column("clicks"), data.column("latency")
    assert found.result("rate").effect.control.value == pytest.approx(
        clicks[control].sum() / latency[control].sum()
    )
    assert found.result("median").effect.control.value == pytest.approx(
        np.median(latency[control])
    )


# Not to be trusted


def test_a_wrong_ratio_is_not_to_be_trusted():
    verdict = word(share=0.45, lift=1.0)
    assert verdict.word == "not to be trusted"
    assert "meant to have 50.0%, 50.0% of the units and have 5" in str(verdict)


def test_a_ratio_that_was_wrong_once_stays_wrong():
    looks = [Look(0.0, 100, 1e-5)]
    found = analyse(experiment(), units(), DAY, looks)
    assert found.verdicts["new"].word == "not to be trusted"


def test_exposure_that_differs_is_not_to_be_trusted():
    data = units()
    treated = np.asarray(data.variant) == "new"
    rng = np.random.default_rng(0)
    exposed = rng.random(8000) < np.where(treated, 0.4, 0.5)
    verdict = word(exposed=exposed)
    assert verdict.word == "not to be trusted"
    assert "exposure: the share of units that met what differs" in str(verdict)
    assert word(exposed=rng.random(8000) < 0.5).word == "not yet"
    assert word(exposed=np.ones(8000, bool)).word == "not yet"


def test_assignment_after_exposure_is_not_to_be_trusted():
    first = np.linspace(0, 10 * DAY, 8000)
    first[:20] -= 60
    first[0] = np.nan
    verdict = word(first_event_at=first)
    assert verdict.word == "not to be trusted"
    assert "19 of 8000 units acted or were exposed before" in str(verdict)
    first[3:20] += 120
    assert word(first_event_at=first).word == "not yet"


def test_a_covariate_that_differs_is_not_to_be_trusted():
    metric = Metric("clicks", "rate", covariates=("revenue2",))
    data = units()
    treated = np.asarray(data.variant) == "new"
    columns = dict(data.columns) | {"revenue2": data.column("revenue") + 0.3 * treated}
    changed = Units(data.unit, data.variant, columns)
    verdict = analyse(experiment(metric), changed, DAY).verdicts["new"]
    assert verdict.word == "not to be trusted"
    assert "covariate: revenue2 differs between variants" in str(verdict)


# Refused


def test_a_covariate_of_after_is_refused():
    metric = Metric("revenue", "mean", covariates=("before",))
    measured = {"before": np.linspace(0, 10 * DAY, 8000) + 1}
    with pytest.raises(ValueError, match=r"before must be of before .* 8000 of 8000"):
        word(metric, measured_until=measured)


def test_a_column_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match=r"columns clicks, .*; there is none 'sales'"):
        word(Metric("sales", "mean"))
    found = analyse(experiment(), units(), DAY)
    with pytest.raises(ValueError, match="no result of the metric sales"):
        found.result("sales")


def test_units_assigned_twice_are_refused():
    with pytest.raises(ValueError, match="2 units are assigned twice, such as 'a'"):
        Units(["a", "b", "a", "b"], ["x", "x", "y", "x"], {})


def test_an_empty_arm_and_an_unknown_variant_are_refused():
    with pytest.raises(ValueError, match="the variant new of e has no unit"):
        word(share=0.0)
    stranger = Units(["a", "b"], ["control", "old"], {"clicks": [0, 1]})
    with pytest.raises(ValueError, match="variants control, new; units have old"):
        analyse(experiment(), stranger, DAY)


def test_zero_variance_says_nothing_yet():
    verdict = word(Metric("zero", "mean"))
    assert verdict.word == "not yet"
    assert "zero: zero variance: every unit of an arm has the same value" in str(
        verdict
    )


def test_clocks_and_units_that_go_back_are_refused():
    with pytest.raises(ValueError, match="the clock went back: the last look was at"):
        analyse(experiment(), units(), DAY, [Look(2 * DAY, 100, 1.0)])
    with pytest.raises(ValueError, match="units were lost: the last look had 9000"):
        analyse(experiment(), units(), DAY, [Look(DAY, 9000, 1.0)])
    with pytest.raises(ValueError, match="a look needs a time"):
        analyse(experiment(), units(), float("nan"))
    with pytest.raises(ValueError, match=r"seconds since 1970, not so in 1 of 2"):
        Units(["a", "b"], ["x", "y"], {}, assigned_at=[1.0, -5.0])


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"clicks": [0.0, 2.0]}, "clicks of the rate clicks must hold 0 and 1 alone"),
        (
            {"clicks": [0.0, np.nan]},
            "clicks must hold finite numbers, not so in 1 of 2",
        ),
    ],
)
def test_bad_columns_are_refused(columns, message):
    with pytest.raises(ValueError, match=message):
        analyse(experiment(), Units(["a", "b"], ["control", "new"], columns), DAY)


def test_columns_of_another_length_are_refused():
    with pytest.raises(ValueError, match=r"clicks must have one value a unit, \(2,\)"):
        Units(["a", "b"], ["x", "y"], {"clicks": [1.0]})


# Slices


def sliced(slices=("country",)):
    data = units(lift=0.0)
    country = np.where(np.arange(8000) % 2, "DE", "FR")
    treated = np.asarray(data.variant) == "new"
    clicks = data.column("clicks").copy()
    clicks[(country == "DE") & treated & (np.arange(8000) % 10 < 3)] = 1.0
    columns = dict(data.columns) | {"clicks": clicks}
    with_labels = Units(data.unit, data.variant, columns, labels={"country": country})
    return experiment(slices=slices), with_labels


def test_slices_named_beforehand_are_told_apart():
    test, data = sliced()
    found = by_slice(test, data, "clicks", "country", "new")
    assert [each.value for each in found.results] == ["DE", "FR"]
    assert found.results[0].adjusted_p_value < 0.001 < found.results[1].adjusted_p_value
    assert found.heterogeneity_p < 0.001


def test_slices_that_were_not_named_are_refused():
    test, data = sliced(slices=("age",))
    with pytest.raises(ValueError, match=r"country was not named before .* named: age"):
        by_slice(test, data, "clicks", "country", "new")
    with pytest.raises(ValueError, match="the units have no labels age"):
        by_slice(test, data, "clicks", "age", "new")
    test, data = sliced()
    with pytest.raises(ValueError, match="'old' is no treatment"):
        by_slice(test, data, "clicks", "country", "old")
