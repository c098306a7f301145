import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, ndcg_score

from lookalike.evaluate import (
    average_precision,
    ndcg_at_k,
    precision_at_k,
    recall_at_k,
    reciprocal_rank,
)

# Manning, Raghavan and Schütze, exercise 8.8: two systems, four relevant documents.
SYSTEM_1 = [1, 0, 1, 0, 0, 0, 0, 0, 1, 1]
SYSTEM_2 = [0, 1, 0, 0, 1, 1, 1, 0, 0, 0]


def test_average_precision_of_the_textbook_exercise():
    values = average_precision([SYSTEM_1, SYSTEM_2], n_relevant=4)
    np.testing.assert_allclose(values, [0.6, (1 / 2 + 2 / 5 + 3 / 6 + 4 / 7) / 4])


def test_cut_offs_worked_by_hand():
    lists = [SYSTEM_1, SYSTEM_2]
    np.testing.assert_allclose(precision_at_k(lists, 5), [0.4, 0.4])
    np.testing.assert_allclose(precision_at_k(lists, 1), [1, 0])
    np.testing.assert_allclose(recall_at_k(lists, 6, n_relevant=4), [0.5, 0.75])
    np.testing.assert_allclose(recall_at_k(lists, 6, n_relevant=[4, 6]), [0.5, 0.5])
    np.testing.assert_allclose(reciprocal_rank(lists), [1, 0.5])
    np.testing.assert_allclose(reciprocal_rank(lists, k=1), [1, 0])


def test_ndcg_worked_by_hand():
    # Grades 3 2 3 0 1 2 of Wikipedia's page on discounted cumulative gain.
    log = np.log2
    grades = [[3, 2, 3, 0, 1, 2]]
    dcg = 3 + 2 / log(3) + 3 / log(4) + 1 / log(6) + 2 / log(7)
    best = 3 + 3 / log(3) + 2 / log(4) + 2 / log(5) + 1 / log(6)
    np.testing.assert_allclose(ndcg_at_k(grades, 6), [dcg / best])
    with_judged = 3 + 3 / log(3) + 3 / log(4) + 2 / log(5) + 2 / log(6) + 2 / log(7)
    judged = [[1, 2, 3, 3, 0, 3, 2, 2]]
    np.testing.assert_allclose(ndcg_at_k(grades, 6, judged=judged), [dcg / with_judged])
    exponential = (7 + 3 / log(3) + 7 / 2) / (7 + 7 / log(3) + 3 / 2)
    np.testing.assert_allclose(ndcg_at_k(grades, 3, gain="exponential"), [exponential])


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(2, 12), grades=st.integers(2, 4))
def test_agrees_with_scikit_learn(seed, n, grades):
    rng = np.random.default_rng(seed)
    relevance = rng.integers(grades, size=(5, n))
    scores = np.broadcast_to(-np.arange(n), relevance.shape)  # best first, no ties
    for k in (1, n // 2, n):
        expected = [
            ndcg_score([r], [s], k=k) for r, s in zip(relevance, scores, strict=True)
        ]
        np.testing.assert_allclose(ndcg_at_k(relevance, k), expected)
    some = relevance[(relevance > 0).any(axis=1)]  # it warns of the others
    if len(some):
        expected = [average_precision_score(row > 0, scores[0]) for row in some]
        np.testing.assert_allclose(average_precision(some), expected)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 8), hidden=st.integers(0, 3))
def test_every_metric_equals_its_definition(seed, n, hidden):
    rng = np.random.default_rng(seed)
    relevance = rng.choice([0, 0, 0.5, 2], size=(4, n))
    k = int(rng.integers(1, n + 1))
    for row in relevance:
        hits, total = [grade > 0 for grade in row], sum(row > 0) + hidden
        ranks = [i + 1 for i in range(n) if hits[i]]
        list_ = [row]
        assert precision_at_k(list_, k)[0] == sum(hits[:k]) / k
        assert recall_at_k(list_, k, total)[0] == (
            sum(hits[:k]) / total if total else 0
        )
        assert reciprocal_rank(list_)[0] == (1 / ranks[0] if ranks else 0)
        expected = sum((i + 1) / rank for i, rank in enumerate(ranks))
        np.testing.assert_allclose(
            average_precision(list_, total), expected / total if total else 0
        )


def test_a_query_without_any_relevant_item_scores_0_in_every_metric():
    nothing = np.zeros((1, 3))
    values = [
        precision_at_k(nothing, 2),
        recall_at_k(nothing, 2, 0),
        reciprocal_rank(nothing),
        average_precision(nothing),
        ndcg_at_k(nothing, 2),
    ]
    np.testing.assert_array_equal(values, np.zeros((5, 1)))


def test_the_order_of_equal_grades_does_not_matter():
    np.testing.assert_array_equal(
        ndcg_at_k([[2, 2, 1, 0, 0]], 5),
        ndcg_at_k([[2, 2, 1, 0, 0]], 5, judged=[[0, 1, 2, 0, 2]]),
    )
    np.testing.assert_allclose(ndcg_at_k([[0.1, 0.1, 0.1]], 3), [1.0])


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 40))
def test_the_best_order_scores_1_whatever_the_rounding(seed, n):
    rng = np.random.default_rng(seed)
    best = -np.sort(-rng.random((7, n)), axis=1)
    judged = np.hstack([best, np.zeros((7, int(rng.integers(4))))])
    judged = np.asfortranarray(rng.permuted(judged, axis=1))
    values = ndcg_at_k(best, n, judged=judged)
    np.testing.assert_allclose(values, 1.0)
    assert values.max() <= 1.0


def test_a_batch_answers_like_its_queries_one_by_one():
    relevance = np.random.default_rng(0).integers(3, size=(6, 9))
    total = (relevance > 0).sum(axis=1) + 2
    together = (
        precision_at_k(relevance, 4),
        recall_at_k(relevance, 4, total),
        reciprocal_rank(relevance),
        average_precision(relevance, total),
        ndcg_at_k(relevance, 4),
    )
    for q, row in enumerate(relevance[:, None]):
        alone = (
            precision_at_k(row, 4),
            recall_at_k(row, 4, total[q]),
            reciprocal_rank(row),
            average_precision(row, total[q]),
            ndcg_at_k(row, 4),
        )
        np.testing.assert_allclose([value[q] for value in together], np.ravel(alone))


METRICS = {
    "precision_at_k": lambda r: precision_at_k(r, 1),
    "recall_at_k": lambda r: recall_at_k(r, 1, 9),
    "reciprocal_rank": reciprocal_rank,
    "average_precision": average_precision,
    "ndcg_at_k": lambda r: ndcg_at_k(r, 1),
}


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(
    ("relevance", "sentence"),
    [
        ([1, 0], r"shape \(n_queries, n_ranked\) and not empty, got shape \(2,\)"),
        (np.zeros((0, 3)), "not empty"),
        (np.zeros((3, 0)), "not empty"),
        ([[1, np.nan]], "must hold finite numbers"),
        ([[1, np.inf]], "must hold finite numbers"),
        ([["1", "0"]], "must hold finite numbers"),
        ([[1, -1]], "must be at least 0, got -1"),
    ],
)
def test_refuses_relevance_that_is_none(metric, relevance, sentence):
    with pytest.raises(ValueError, match=sentence):
        METRICS[metric](relevance)


@pytest.mark.parametrize("k", [0, -1, 4, 1.5, "2"])
def test_refuses_a_cut_off_outside_the_list(k):
    for call in (
        lambda: precision_at_k([[1, 0, 1]], k),
        lambda: recall_at_k([[1, 0, 1]], k, 2),
        lambda: reciprocal_rank([[1, 0, 1]], k),
        lambda: ndcg_at_k([[1, 0, 1]], k),
    ):
        with pytest.raises(ValueError, match=r"k must be an integer in \[1, 3\]"):
            call()


@pytest.mark.parametrize(
    ("n_relevant", "sentence"),
    [
        (1, "at least what the list shows, got 1 for query 1, whose list shows 2"),
        ([1, 2, 3], r"2 integers, one a query, got shape \(3,\)"),
        (2.5, "an integer or 2 integers"),
    ],
)
def test_refuses_a_total_that_cannot_be(n_relevant, sentence):
    for metric in (average_precision, lambda r, n: recall_at_k(r, 1, n)):
        with pytest.raises(ValueError, match=sentence):
            metric([[1, 0], [1, 1]], n_relevant)


def test_refuses_judged_grades_that_miss_what_the_list_shows():
    with pytest.raises(ValueError, match="judged must hold every grade"):
        ndcg_at_k([[2, 1]], 2, judged=[[1, 1]])
    with pytest.raises(ValueError, match="judged must have 1 rows, one a query, got 2"):
        ndcg_at_k([[2, 1]], 2, judged=[[2, 1], [2, 1]])


def test_refuses_gains_it_does_not_know_or_cannot_hold():
    with pytest.raises(ValueError, match="gain must be 'linear' or 'exponential'"):
        ndcg_at_k([[2, 1]], 2, gain="square")
    with pytest.raises(ValueError, match="grades up to 1000, got 2000"):
        ndcg_at_k([[2000, 1]], 2, gain="exponential")
