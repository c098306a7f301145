"""Metrics of lists: against plain loops, and what they refuse."""

import numpy as np
import pytest
import scipy.sparse as sp

from lookalike.evaluate.recommending import (
    by_slice,
    compare,
    coverage,
    diversity,
    list_metrics,
    novelty,
    popularity_bias,
    relevance_of,
)


@pytest.fixture
def lists():
    rng = np.random.default_rng(0)
    ids = np.array([rng.permutation(40)[:20] for _ in range(30)])
    ids[3, 15:] = -1
    grades = np.where(rng.random((30, 40)) < 0.2, rng.integers(1, 5, (30, 40)), 0)
    grades[:, 0] = 1
    return ids, sp.csr_array(grades.astype(float))


def test_metrics_of_lists_equal_plain_loops(lists):
    ids, held_out = lists
    found = list_metrics(ids, held_out, 10)
    for row, mine in enumerate(ids):
        grades = held_out[[row]].toarray()[0]
        got = [grades[i] if i >= 0 else 0 for i in mine]
        hits = [g > 0 for g in got]
        gain = sum(g / np.log2(i + 2) for i, g in enumerate(got[:10]))
        best = sorted(grades, reverse=True)[:10]
        ideal = sum(g / np.log2(i + 2) for i, g in enumerate(best))
        assert found["ndcg_at_10"][row] == pytest.approx(gain / ideal)
        assert found["recall_at_20"][row] == pytest.approx(
            sum(hits) / (grades > 0).sum()
        )
        assert found["precision_at_10"][row] == pytest.approx(sum(hits[:10]) / 10)
        first = next((1 / (i + 1) for i, hit in enumerate(hits[:10]) if hit), 0)
        assert found["reciprocal_rank_at_10"][row] == pytest.approx(first)


def test_an_ended_list_finds_nothing_more():
    held_out = sp.csr_array([[1.0, 0, 2]])
    np.testing.assert_array_equal(relevance_of([[2, -1]], held_out), [[2, 0]])


def test_lists_of_best_sellers_are_neither_new_nor_wide():
    counts = np.arange(1, 101)
    best, tail = np.tile(np.arange(90, 100), (5, 1)), np.tile(np.arange(10), (5, 1))
    assert novelty(best, counts, 100).mean() < novelty(tail, counts, 100).mean()
    assert popularity_bias(best, counts).mean() == pytest.approx(0.95)
    assert popularity_bias(tail, counts).mean() == pytest.approx(0.05)
    assert coverage(best, 100) == 0.1


def test_diversity_is_one_less_the_mean_cosine_of_pairs():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(20, 6))
    vectors /= np.linalg.norm(vectors, axis=1)[:, None]
    ids = np.array([rng.permutation(20)[:5] for _ in range(4)])
    pairs = [
        np.mean([vectors[a] @ vectors[b] for a in row for b in row if a != b])
        for row in ids
    ]
    np.testing.assert_allclose(diversity(ids, vectors), 1 - np.array(pairs))
    sparse = diversity(ids, sp.csr_array(vectors))
    np.testing.assert_allclose(sparse, 1 - np.array(pairs))
    ended = np.full((4, 8), -1)
    ended[:, :5] = ids
    np.testing.assert_allclose(diversity(ended, vectors), 1 - np.array(pairs))
    np.testing.assert_allclose(diversity([[3, -1], [-1, -1]], vectors), 1)


def test_comparisons_are_paired_and_with_the_baseline():
    rng = np.random.default_rng(0)
    base = rng.random(200)
    rows = compare([base, base + 0.01, base], baseline=0)
    assert rows[0].against is None
    assert rows[1].against.p_value < 0.001
    assert rows[1].against.difference.value == pytest.approx(0.01)
    assert rows[2].against.p_value == 1
    assert [row.name for row in rows] == ["0", "1", "2"]


def test_slices_keep_their_users_apart():
    found = by_slice([0.0, 1, 1, 0.5], ["new", "old", "old", "alone"])
    assert {name: each.value for name, each in found.items()} == {"old": 1.0}


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda h: list_metrics([[0] * 20] * 2, h, 10), "Every user must have"),
        (lambda h: relevance_of([0, 1], h), "ids must have 2 rows"),
        (lambda h: compare([[1.0]], baseline=1), r"baseline must be in \[0, 0\]"),
        (lambda h: diversity([[1]], np.eye(2)), "two items or more"),
    ],
)
def test_bad_input_gets_a_sentence(call, sentence):
    held_out = sp.csr_array([[1.0, 0], [0, 0]])
    with pytest.raises(ValueError, match=sentence):
        call(held_out)
