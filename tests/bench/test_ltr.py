"""Clicks are simulated as told, settings are chosen on validation, tests are paired."""

import numpy as np
import pytest

from lookalike.datasets import GradedLists, fold_of
from lookalike.evaluate import bootstrap, paired_test
from lookalike.rank import LambdaMART
from lookalike_bench import graded_lists, ltr
from lookalike_bench.bars import checked


def part(sizes, seed=0):
    """Lists whose grades follow the first of three features."""
    rng = np.random.default_rng(seed)
    n = sum(sizes)
    X = rng.normal(size=(n, 3)).astype(np.float32)
    grades = np.digitize(X[:, 0] + rng.normal(0, 0.5, n), [0.7, 1.5])
    names = tuple(f"{seed}-{at}" for at in range(len(sizes)))
    return GradedLists(X, grades, np.array(sizes), names)


def test_ndcg_is_its_definition_and_0_where_nothing_is_relevant():
    grades, sizes = np.array([0, 2, 1, 0, 0, *[0] * 11, 1]), np.array([3, 2, 12])
    lists = GradedLists(np.zeros((17, 1), np.float32), grades, sizes, ("a", "b", "c"))
    scores = np.array([3.0, 1, 2, 0, 1, *range(12, 0, -1)])
    best = 3 + 1 / np.log2(3)
    ours = 1 / np.log2(3) + 3 / np.log2(4)
    np.testing.assert_allclose(ltr.qualities(lists, scores), [ours / best, 0, 0])
    np.testing.assert_allclose(ltr.qualities(lists, -scores)[2], 1)
    same = ltr.qualities(lists, np.zeros(17))  # as they come
    np.testing.assert_allclose(same[0], (3 / np.log2(3) + 1 / np.log2(4)) / best)


def test_users_look_at_position_k_in_one_of_k_and_click_by_grade(monkeypatch):
    monkeypatch.setattr(ltr, "ASKED", 20_000)
    lists = GradedLists(
        np.zeros((5, 1), np.float32), np.array([0, 1, 2, 2, 0]), np.array([3, 2]), "ab"
    )
    scores = np.array([1.0, 2, 3, 0, 1])
    shown = ltr.simulated(lists, scores, np.random.default_rng(0))
    assert len(np.unique(shown.query)) == 40_000
    position = [2, 1, 0, 1, 0]
    np.testing.assert_array_equal(shown.position, np.array(position)[shown.item])
    assert np.ptp(np.bincount(shown.item)) == 0
    rate = np.bincount(shown.item, shown.clicked) / 20_000
    expected = np.array([0.1 / 3, 0.4 / 2, 1, 1 / 2, 0.1])
    np.testing.assert_allclose(rate, expected, atol=0.012)


def test_rows_compare_the_same_queries_over_all_folds(monkeypatch):
    parts = [part([12] * 15, seed) for seed in range(5)]
    monkeypatch.setattr(ltr, "load_mq2008", lambda: parts)
    monkeypatch.setattr(ltr, "JUDGED", 0.05)
    told = []
    found = {
        row["method"]: row
        for row in ltr.clicks(lambda what, share: told.append(share), logs=2)
    }
    assert told == sorted(told)
    assert len(told) == 10
    means = {name: float(row["ndcg@10"].split()[0]) for name, row in found.items()}
    assert means["true grades"] > means[ltr.ESTIMATED] > means[ltr.RAW]
    assert "against raw clicks" not in found[ltr.RAW]
    other = ltr.clicks(lambda what, share: None, "validation", logs=2)
    assert other[1]["ndcg@10"] != found[ltr.RAW]["ndcg@10"]
    bars = ltr.measured([("clicks", lambda: list(found.values()))], None, ltr.BARS)
    assert [bar["value"] for bar in bars["bars"]] == [
        means[ltr.ESTIMATED],
        found[ltr.ESTIMATED]["p"],
    ]


def test_the_test_is_paired_by_query():
    rng = np.random.default_rng(1)
    raw = rng.random(60)
    better = raw + rng.uniform(0, 0.02, 60)
    rows = ltr.compared({"better": better, ltr.RAW: raw})
    assert rows[0]["ndcg@10"] == str(bootstrap(np.mean, better))
    assert rows[0]["against raw clicks"] == str(paired_test(better, raw).difference)
    assert rows[0]["p"] == round(paired_test(better, raw).p_value, 4)


def test_a_run_names_its_jobs():
    with pytest.raises(ValueError, match="No job's name contains 'none'"):
        ltr.run("none")


def test_each_ranker_has_the_setting_that_validation_chose(monkeypatch):
    parts = [part([12] * 15, seed) for seed in range(5)]
    monkeypatch.setattr(graded_lists, "load_mq2008", lambda: parts)
    few = {"n_estimators": 5, "min_child_samples": 5}
    monkeypatch.setattr(graded_lists, "LIMITS", ({"n_estimators": 1}, few, few))
    monkeypatch.setattr(graded_lists, "FEW", few)
    rows = {row["method"]: row for row in graded_lists.mq2008(lambda what, share: None)}
    assert {"best feature", "blend", "linear ranknet", "trees xendcg"} < set(rows)
    assert rows["trees lambdarank"]["setting"] == 1
    values = []
    for fold in range(5):
        train, _, test = fold_of(parts, fold)
        ranker = LambdaMART(**few).fit(train.features, train.grades, train.sizes)
        values.append(ltr.qualities(test, ranker.score_rows(test.features)))
    expected = str(bootstrap(np.mean, np.concatenate(values)))
    assert rows["trees lambdarank"]["ndcg@10"] == expected
    best = graded_lists.BestFeature().fit(train.features, train.grades, train.sizes)
    assert best.feature == 0


def test_bars_of_grades_read_ours_and_leave_peers_out():
    rows = [
        {"job": "mq2008", "method": "trees lambdarank", "ndcg@10": "0.5 [0.4, 0.6]"},
        {"job": "mq2008", "method": "LightGBM lambdarank", "ndcg@10": "0.6 [0.5, 0.7]"},
        {"job": "mq2008", "method": "XGBoost ndcg", "ndcg@10": "0.7 [0.6, 0.8]"},
    ]
    found = {row["bar"]: row["value"] for row in checked(ltr.BARS, rows)}
    assert found["MQ2008: nDCG@10 of the best of ours"] == 0.5
    behind = found["MQ2008: nDCG@10 of LambdaMART less LightGBM's"]
    assert behind == pytest.approx(-0.1)
