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
from lookalike.rank.resampling import thinned_calibration

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


def test_a_cross_has_a_code_for_each_pair_and_none_where_a_value_is_missing():
    columns = {"tags": np.array(["a|b", "a", "", "b"]), "age": np.arange(4.0)}
    kinds = {"tags": "tags", "age": "number"}
    crosses = [("tags", "age"), ("age", "tags"), ("tags", "age")]
    features = ClickFeatures(kinds, crosses, n_hashed=1 << 16, least_count=1)
    features.fit(columns, np.array([1, 0, 0, 1]))
    rows = {"tags": np.array(["a|b", "b|a", "", "a"]), "age": np.array([0.0, 0, 0, 3])}
    first, second, third = np.split(features.codes(rows)[:, 3:], 3, axis=1)
    for block in (first, second, third):
        a, b = block[0]
        assert a != b
        assert block[1].tolist() == [b, a]
        assert block[2].tolist() == [-1, -1]
        assert block[3, 0] not in (a, b, -1)
        assert block[3, 1] == -1
    # Each cross has codes of its own, the same pair in another one as well.
    assert not set(first[0]) & (set(second[0]) | set(third[0]))


def test_texts_are_words_of_any_case_and_the_first_of_them():
    columns = {"text": np.array(["red SHOES red", "Red hat shoes"])}
    features = ClickFeatures({"text": "text"}, least_count=2, most_words=2)
    features.fit(columns, np.array([1, 0]))
    assert features.values["text"] == ["red"]  # shoes is the third of the second row
    assert features.codes({"text": np.array(["RED red x"])}).tolist() == [[1, 0]]


def test_whole_numbers_as_categories_are_written_one_way():
    features = ClickFeatures({"n": "category"}).fit(
        {"n": np.array([1.0, 1.0, 2.5, 2.5])}, np.array([1, 0, 1, 0])
    )
    assert features.codes({"n": np.array(["1", "2.5"])}).tolist() == [[1], [2]]
    assert features.codes({"n": np.array([1, 3])}).tolist() == [[1], [0]]


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
    # A key of two columns is the pair; a cell of two tags has two of them.
    pairs = [
        sum(tag in cell.split("|") for tag in columns["tags"][at].split("|"))
        for cell in columns["tags"][mine]
    ]
    assert np.expm1(whole[at, 3]) == pytest.approx(sum(pairs))
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


def test_a_calibration_is_held_near_the_log_odds_where_clicks_are_few():
    scores, y = np.array([-1.0, 0.0, 1.0, 2.0]), np.array([0, 0, 1, 1])
    for kind in ("shift", "platt"):
        a, b = Calibration(kind).fit(scores, y).x
        assert abs(a - 1) < 0.1
        assert abs(b) < 0.1
    # The definition: the derivative of the penalised loss is 0 at what was found.
    rng = np.random.default_rng(0)
    scores, weight = rng.normal(-1, 1, 400), rng.uniform(0.5, 2, 400)
    y = rng.random(400) < expit(2 * scores + 1)
    for kind in ("shift", "platt"):
        a, b = Calibration(kind).fit(scores, y, weight).x
        left = weight * (expit(a * scores + b) - y)
        assert left.sum() + 20 * b == pytest.approx(0, abs=1e-6)
        if kind == "platt":
            assert left @ scores + 20 * (a - 1) == pytest.approx(0, abs=1e-6)
        else:
            assert a == 1.0


def test_no_calibration_turns_the_order_round_or_is_certain():
    rng = np.random.default_rng(0)
    scores = rng.normal(size=5000)
    against = rng.random(5000) < expit(-2 * scores)
    model = Calibration("platt").fit(scores, against)
    assert (np.diff(model.chances(np.sort(scores))) >= 0).all()
    sure = Calibration("isotonic").fit(np.arange(10.0), np.arange(10) > 4)
    assert sure.chances(np.array([-50.0, 50.0])).tolist() == [1e-7, 1 - 1e-7]
    for y in (np.zeros(5), np.ones(5)):
        for kind in ("shift", "platt", "isotonic"):
            same = Calibration(kind).fit(np.arange(5.0), y)
            np.testing.assert_allclose(same.chances(np.zeros(1)), [0.5])


def test_what_is_still_to_come_is_by_bayes_and_starts_from_all_that_is_known():
    chance, share = np.array([0.2]), np.array([0.75])
    assert still_to_come(chance, share)[0] == pytest.approx(0.05 / (0.8 + 0.05))
    seen = []

    def fit(rows, y, weight):
        seen.append((rows, y, weight))
        return np.full(4, 0.5)

    fit_delayed(fit, np.array([1, 0, 0, 0]), np.array([1.0, 0.5, 1.0, 0.5]), n_rounds=1)
    [(rows, y, weight)] = seen
    assert rows.tolist() == [0, 1, 2, 3, 1, 3]
    assert y.tolist() == [1, 0, 0, 0, 1, 1]
    come = still_to_come(np.array([1 / 3]), np.array([0.5]))[0]  # a click of 3 rows
    np.testing.assert_allclose(weight, [1, 1 - come, 1, 1 - come, come, come])


def test_thinned_rows_are_calibrated_by_rows_that_were_not_learned_from():
    y = np.tile([1, 0, 0, 0, 0], 200)
    rows = np.flatnonzero((y == 1) | (np.arange(1000) % 5 == 1))
    asked_of = []

    def score(learned, asked):
        asked_of.append((set(learned.tolist()), set(asked.tolist())))
        return np.zeros(len(asked))

    model = thinned_calibration(score, y, rows, float(np.log(0.25)), n_folds=5)
    assert len(asked_of) == 5
    for learned, asked in asked_of:
        assert not learned & asked
        assert learned == set(rows.tolist()) - asked
    assert set().union(*(asked for _, asked in asked_of)) == set(range(1000))
    found = model.chances(np.array([np.log(0.25)]))
    assert found[0] == pytest.approx(0.2, abs=1e-6)
    with pytest.raises(ValueError, match="n_folds must be a whole number"):
        thinned_calibration(score, y, rows, 0.0, n_folds=1)


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
