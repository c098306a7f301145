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
