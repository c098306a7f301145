"""Metrics over the ranking of a whole catalogue."""

import numpy as np
import pytest

from lookalike.evaluate import (
    average_precision,
    ndcg_at_k,
    precision_at_k,
    ranking_metrics,
    recall_at_k,
    reciprocal_rank,
)


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def by_definition(Q, X, query_labels, labels):
    order = np.argsort(-(Q @ X.T), axis=1, kind="stable")
    relevance = labels[order] == query_labels[:, None]
    total, n = relevance.sum(axis=1), len(X)
    return {
        "precision_at_10": precision_at_k(relevance, 10),
        "recall_at_100": recall_at_k(relevance, min(100, n), total),
        "recall_at_1000": recall_at_k(relevance, min(1000, n), total),
        "reciprocal_rank": reciprocal_rank(relevance),
        "average_precision": average_precision(relevance),
        "ndcg_at_10": ndcg_at_k(relevance, 10),
    }


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("n_items", [1200, 40])
def test_metrics_of_the_whole_ranking_are_those_of_their_definitions(n_items, n_jobs):
    rng = np.random.default_rng(0)
    X = unit(rng.integers(-2, 3, (n_items, 3)) + 0.5)  # many ties
    Q = unit(rng.integers(-2, 3, (640, 3)) + 0.5)
    labels, query_labels = rng.integers(0, 6, n_items), rng.integers(0, 8, 640)
    labels[[5, 17, n_items - 3]] = 6  # fewer than 10 relevant; none of label 7
    Q[0], query_labels[0] = X[5], 6
    found = ranking_metrics(Q, X, query_labels, labels, n_jobs)
    expected = by_definition(Q, X, query_labels, labels)
    assert (expected["average_precision"] == 0).any()
    assert set(found) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-12, err_msg=name)


def test_similarities_of_both_signs_are_in_order():
    X = np.array([[-1, 1], [0, 1], [0, 1], [2, 1], [-3, 1]] * 2, np.float32)
    labels = np.arange(10) % 5
    Q = np.array([[1, 0]] * 5, np.float32)
    found = ranking_metrics(Q, X, np.arange(5), labels)["reciprocal_rank"]
    # Best first: label 3 twice, then labels 1, 2, 1, 2 by row, 0 twice, 4 twice.
    np.testing.assert_allclose(found, [1 / 7, 1 / 3, 1 / 4, 1, 1 / 9])


def test_zeros_of_both_signs_are_one_similarity():
    X = np.where(np.arange(12)[:, None] < 6, -1e-60, 0.0)  # -0 as float32
    found = ranking_metrics(np.ones((2, 1)), X, np.arange(2), np.arange(12) // 6)
    np.testing.assert_allclose(found["reciprocal_rank"], [1, 1 / 7])


def test_what_cannot_be_ranked_is_refused():
    few = np.eye(3, dtype=np.float32)
    with pytest.raises(ValueError, match="At least 10 items are needed, got 3"):
        ranking_metrics(few, few, np.arange(3), np.arange(3))
    X, labels = np.ones((12, 3), np.float32), np.arange(12)
    with pytest.raises(ValueError, match="as many dimensions, got 2 and 3"):
        ranking_metrics(X[:, :2], X, labels, labels)
    with pytest.raises(ValueError, match=r"labels one label a row, got shapes \(12, 3"):
        ranking_metrics(X, X, labels, labels[:5])
    with pytest.raises(ValueError, match=r"query_labels one label a row"):
        ranking_metrics(X, X, labels[:5], labels)
    with pytest.raises(ValueError, match="Q must be vectors, one a row"):
        ranking_metrics(X[0], X, labels[:3], labels)
    X[3, 1] = np.nan
    with pytest.raises(ValueError, match="X must hold finite numbers"):
        ranking_metrics(np.ones((2, 3)), X, labels[:2], labels)
