"""Features of clicks: nothing of the future, unknown values, kept as arrays."""

import numpy as np
import pytest
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression

from lookalike.rank.calibration import Calibration
from lookalike.rank.click_features import ClickFeatures
from lookalike.rank.delayed_clicks import (
    DelayDistribution,
    fit_delayed,
    still_to_come,
)
from lookalike.rank.moment_counts import MomentCounts

KINDS = {"place": "category", "age": "number", "tags": "tags", "text": "text"}


def table(n=200, seed=0):
    rng = np.random.default_rng(seed)
    return {
        "place": rng.choice(["de", "at", "ch"], n),
        "age": np.where(rng.random(n) < 0.1, np.nan, rng.uniform(18, 80, n)),
        "tags": rng.choice(["a|b", "b", "", "c|a|b"], n),
        "text": rng.choice(["New red shoes", "old shoes"], n),
    }


def test_training_and_serving_have_the_same_codes_and_an_unknown_one():
    columns, y = table(), np.arange(200) % 3 == 0
    features = ClickFeatures(KINDS, [("place", "tags")], n_hashed=64)
    features.fit(columns, y)
    codes = features.codes(columns)
    assert codes.shape[1] == len(features.names)
    assert codes.max() < features.n_codes
    one = {name: column[7:8] for name, column in columns.items()}
    np.testing.assert_array_equal(features.codes(one), codes[7:8])
    new = {**one, "place": np.array(["fr"]), "age": np.array([np.nan])}
    assert features.codes(new)[0, 0] == features.first["place"]
    assert features.codes(new)[0, 1] == features.first["age"]
    arrays, document = features.state()
    again = ClickFeatures.restored(arrays, document)
    np.testing.assert_array_equal(again.codes(columns), codes)
    np.testing.assert_array_equal(again.numbers(columns), features.numbers(columns))


def test_columns_mapped_once_join_to_the_same_rows():
    columns, y = table(), np.arange(200) % 3 == 0
    features = ClickFeatures(KINDS, [("place", "tags")], n_hashed=64)
    features.fit(columns, y)
    rows = np.random.default_rng(1).integers(200, size=300)
    mapped = {name: features.column(name, c) for name, c in columns.items()}
    taken = {name: each.take(rows) for name, each in mapped.items()}
    codes, numbers = features.joined(taken)
    wanted = {name: column[rows] for name, column in columns.items()}
    np.testing.assert_array_equal(codes, features.codes(wanted))
    np.testing.assert_array_equal(numbers, features.numbers(wanted))


def test_numbers_of_a_row_are_means_of_its_values_rates():
    columns = {"tags": np.array(["a|b", "b", "", "a"]), "age": np.array([1.0, 2, 3, 4])}
    kinds = {"tags": "tags", "age": "number"}
    y = np.array([1, 0, 0, 1])
    features = ClickFeatures(kinds, least_count=1).fit(columns, y)
    new = {"tags": np.array(["a|b", "", "c"]), "age": np.array([2.5, np.nan, 9.0])}
    a, b = (2 + 20 * 0.5) / (2 + 20), (1 + 20 * 0.5) / (2 + 20)
    found = features.numbers(new)
    np.testing.assert_allclose(found[:, 0], [(a + b) / 2, 0.5, 0.5], rtol=1e-6)
    assert found[0, 1] == 2.5
    assert found[1, 1] < 1.0  # what is unknown lies below all others
    # A bucket holds its lower limit, and what is above all limits is in the last.
    ages = np.append(features.edges["age"], 99.0)
    rows = {"tags": np.full(len(ages), "a"), "age": ages}
    bucket = features.codes(rows)[:, -1] - features.first["age"]
    last = len(features.edges["age"]) + 1
    np.testing.assert_array_equal(bucket, [*range(2, last + 1), last])


def test_the_rate_of_a_training_row_is_that_of_the_rows_before():
    columns, y = table(), (np.arange(200) % 3 == 0).astype(int)
    features = ClickFeatures(KINDS).fit(columns, y)
    before = features.numbers(columns, y)
    later = y.copy()
    later[120:] = 1 - later[120:]
    after = features.numbers(columns, later)
    np.testing.assert_array_equal(after[:121], before[:121])
    assert (after[121:] != before[121:]).any()


def test_what_is_missing_or_of_another_kind_is_refused():
    features = ClickFeatures(KINDS).fit(table(), np.arange(200) % 2)
    with pytest.raises(ValueError, match="Rows must have the column age"):
        features.codes({"place": np.array(["de"])})
    bad = {**table(3), "age": np.array(["young", "old", "1"])}
    with pytest.raises(ValueError, match="age held numbers in training, got 'young'"):
        features.codes(bad)
    with pytest.raises(ValueError, match="A cross names the column hour"):
        ClickFeatures(KINDS, [("place", "hour")])


def test_counts_of_a_moment_do_not_know_what_came_after():
    rng = np.random.default_rng(0)
    columns = {"user": rng.choice(["u", "v"], 80), "tags": rng.choice(["a|b", "b"], 80)}
    time = np.sort(rng.uniform(0, 10, 80))
    came = np.where(rng.random(80) < 0.4, time + 1.5, np.nan)
    keys = [("user",), ("user", "tags")]
    whole = MomentCounts(keys).fit(columns, time, came, 0.4).features(columns, time)
    early = time < 5
    some = {name: column[early] for name, column in columns.items()}
    part = MomentCounts(keys).fit(some, time[early], came[early], 0.4)
    np.testing.assert_allclose(part.features(some, time[early]), whole[early])
    at = 40
    mine = (columns["user"] == columns["user"][at]) & (time < time[at])
    n, k = mine.sum(), (mine & (came < time[at])).sum()
    assert np.expm1(whole[at, 1]) == pytest.approx(n)
    odds = (k + 5 * 0.4) / (n - k + 5 * 0.6)
    assert whole[at, 0] == pytest.approx(np.log(odds))
    arrays, document = part.state()
    again = MomentCounts.restored(arrays, document)
    found = again.features(some, time[early])
    np.testing.assert_array_equal(found, part.features(some, time[early]))


def test_counts_join_columns_that_were_mapped_apart():
    rng = np.random.default_rng(0)
    columns = {"user": rng.choice(["u", "v"], 80), "ad": rng.choice(["a|b", "b"], 80)}
    time = np.sort(rng.uniform(0, 10, 80))
    came = np.where(rng.random(80) < 0.4, time + 1.5, np.nan)
    counts = MomentCounts([("user",), ("user", "ad"), ("ad",)])
    counts.fit(columns, time, came, 0.4)
    ads = counts.column("ad", np.array(["b", "a|b", "c"]))
    user = counts.column("user", np.array(["v"])).take(np.zeros(3, int))
    now = np.full(3, 7.0)
    alone = counts.joined({"ad": ads}, now)
    assert list(alone) == ["ad: rate so far", "ad: shown so far"]
    found = counts.joined({"ad": ads, "user": user}, now, alone)
    assert not found.keys() & alone.keys()
    rows = {"user": np.array(["v"] * 3), "ad": np.array(["b", "a|b", "c"])}
    whole = dict(zip(counts.names, counts.features(rows, now).T, strict=True))
    assert whole.keys() == found.keys() | alone.keys()
    for name, each in {**found, **alone}.items():
        np.testing.assert_array_equal(each, whole[name])


def test_a_click_counts_from_when_it_came_and_never_more_than_was_shown():
    columns = {"ad": np.array(["a", "a"])}
    time, came = np.array([0.0, 10.0]), np.array([5.0, np.nan])
    counts = MomentCounts([("ad",)]).fit(columns, time, came, 0.5)
    now = np.array([0.0, 5.0, 5.1, 10.1])
    odds = counts.features({"ad": np.full(4, "a")}, now)[:, 0]
    n, k = np.array([0, 1, 1, 2]), np.array([0, 0, 1, 1])
    np.testing.assert_allclose(odds, np.log((k + 2.5) / (n - k + 2.5)))
    # No more clicks than rows, though the click came before the row as times go.
    early = MomentCounts([("ad",)]).fit(columns, time + 10, came, 0.5)
    found = early.features({"ad": np.array(["a"])}, np.array([8.0]))
    assert found[0, 0] == 0.0


def test_isotonic_calibration_is_the_reference_at_the_middles_of_its_steps():
    rng = np.random.default_rng(0)
    scores = rng.normal(size=500)
    y = rng.random(500) < expit(2 * scores - 1)
    ours = Calibration("isotonic").fit(scores, y)
    theirs = IsotonicRegression().fit(scores, y)
    inner = (ours.y > 1e-6) & (ours.y < 1 - 1e-6)
    np.testing.assert_allclose(
        theirs.predict(ours.x[inner]), ours.chances(ours.x[inner]), atol=1e-9
    )
    for kind in ("shift", "platt", "isotonic"):
        model = Calibration(kind).fit(scores, y)
        assert model.chances(scores).mean() == pytest.approx(y.mean(), abs=0.04)
        assert (np.diff(model.chances(np.sort(scores))) >= 0).all()
        again = Calibration.from_arrays(kind, model.arrays())
        np.testing.assert_array_equal(again.chances(scores), model.chances(scores))


@pytest.mark.parametrize("span", [4.0, 8.0, 40.0])
def test_delays_longer_than_the_log_are_judged_by_the_longest_quarter(span):
    rng = np.random.default_rng(0)
    delay = rng.exponential(np.where(rng.random(60_000) < 0.5, 0.05, 2.0))
    age = rng.uniform(0, span, 60_000)
    seen = delay < age
    found = DelayDistribution().fit(delay[seen], age[seen])
    at = np.array([0.1, 1.0, span / 2, span, 2 * span])
    truth = 1 - 0.5 * np.exp(-at / 0.05) - 0.5 * np.exp(-at / 2.0)
    np.testing.assert_allclose(found(at), truth, atol=0.012)
    assert (np.diff(found(np.linspace(0, 2 * span, 500))) >= 0).all()


def test_of_delays_that_do_not_fall_off_nothing_lies_beyond():
    delay = np.linspace(0, 5, 2000)
    found = DelayDistribution().fit(delay, np.full(2000, 5.0))
    np.testing.assert_allclose(found(np.array([2.5, 5.0, 9.0])), [0.5, 1, 1], atol=1e-3)
    at_once = DelayDistribution().fit(np.zeros(3), np.ones(3))
    assert at_once(np.array([0.0, 2.0])).tolist() == [1, 1]


def test_late_clicks_are_found_again():
    rng = np.random.default_rng(0)
    n, rate = 20_000, 0.3
    clicked, age = rng.random(n) < rate, rng.uniform(0, 5, n)
    delay = rng.uniform(0, 4, n)
    come = clicked & (delay <= age)
    share = DelayDistribution().fit(delay[come], age[come])(age)

    def fit(rows, y, weight):
        return np.full(n, np.average(y, weights=weight))

    found = fit_delayed(fit, come, share, n_rounds=40)[0]
    assert come.mean() < 0.25
    assert found == pytest.approx(rate, abs=0.015)
    assert still_to_come(np.array([0.3]), np.array([0.0]))[0] == 0.3
    with pytest.raises(ValueError, match="Delays of clicks must lie between"):
        DelayDistribution().fit(np.array([2.0]), np.array([1.0]))
