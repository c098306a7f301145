import gzip
import os
from pathlib import Path

import networkx
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.features.graph import suggest_friends, triangle_closing, triangle_scores

REFERENCES = {
    "shared": lambda G, pairs: [
        (u, v, len(list(networkx.common_neighbors(G, u, v)))) for u, v in pairs
    ],
    "jaccard": networkx.jaccard_coefficient,
    "adamic_adar": networkx.adamic_adar_index,
    "resource_allocation": networkx.resource_allocation_index,
}


def random_graph(seed=0, n=30, p=0.15):
    rng = np.random.default_rng(seed)
    upper = np.triu(rng.random((n, n)) < p, k=1)
    return (upper | upper.T).astype(float)


@pytest.mark.parametrize("score", REFERENCES)
def test_scores_agree_with_networkx(score):
    A = random_graph()
    G = networkx.from_numpy_array(A)
    strangers = [(u, v) for u in G for v in G if u != v and not A[u, v]]
    expected = np.zeros_like(A)
    for u, v, value in REFERENCES[score](G, strangers):
        expected[u, v] = value
    np.testing.assert_allclose(triangle_scores(A, score=score).toarray(), expected)


@pytest.mark.parametrize("score", REFERENCES)
def test_a_subset_is_scored_like_all_people(score):
    A = random_graph()
    people = [7, 0, 7, 29]
    everybody = triangle_scores(sp.coo_array(A), score=score).toarray()
    some = triangle_scores(sp.csc_matrix(A), people, score).toarray()
    np.testing.assert_allclose(some, everybody[people])


def test_loops_and_sizes_of_values_do_not_matter():
    A = random_graph()
    weighted = A * 7 + np.diag(np.arange(30.0))
    difference = triangle_scores(weighted) - triangle_scores(A)
    assert abs(difference).max() == 0


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 999), n=st.integers(1, 9), k=st.integers(1, 10))
def test_suggestions_are_the_best_scores_in_order(seed, n, k):
    A = random_graph(seed, n, p=0.4)
    found = triangle_scores(A, score="shared").toarray()
    ids, scores = suggest_friends(A, k=k, score="shared")
    for person, row in enumerate(found):
        best = [j for j in np.argsort(-row, kind="stable") if row[j] > 0][:k]
        assert ids[person].tolist() == best + [-1] * (k - len(best))
        np.testing.assert_array_equal(scores[person, : len(best)], row[best])
        assert (scores[person, len(best) :] == 0).all()


def test_blocks_of_people_do_not_change_the_answer(monkeypatch):
    A = random_graph()
    expected = suggest_friends(A, k=4)
    monkeypatch.setattr(triangle_closing, "_BLOCK", 5)
    for found, whole in zip(suggest_friends(A, k=4), expected, strict=True):
        np.testing.assert_array_equal(found, whole)
    assert suggest_friends(A, [], k=4)[0].shape == (0, 4)


def test_a_celebrity_counts_less_than_a_small_circle():
    # 0 and 1 share person 2 of two friends; 0 and 3 share celebrity 4.
    edges = [(0, 2), (1, 2), (0, 4), (3, 4), *[(4, k) for k in range(5, 20)]]
    G = networkx.from_edgelist(edges)
    A = networkx.to_numpy_array(G, nodelist=range(20))
    assert suggest_friends(A, [0], k=1, score="adamic_adar")[0].item() == 1
    row = triangle_scores(A, [0], "shared").toarray()[0]
    assert row[1] == row[3] == 1


@pytest.mark.parametrize(
    ("friendships", "options", "message"),
    [
        (np.ones((2, 3)), {}, r"square matrix, got shape \(2, 3\)"),
        (np.triu(np.ones((3, 3))), {}, "must be symmetric"),
        (np.ones((3, 3)), {"people": [3]}, r"people must be in \[0, 2\]"),
        (np.ones((3, 3)), {"people": [0.5]}, "flat list of integers"),
        (np.ones((3, 3)), {"score": "katz"}, "score must be one of"),
        (np.ones((3, 3)), {"k": 0}, "k must be a whole number of at least 1, got 0"),
    ],
)
def test_refuses_with_a_sentence(friendships, options, message):
    with pytest.raises(ValueError, match=message):
        suggest_friends(friendships, **options)


@pytest.mark.full
@pytest.mark.skipif("LOOKALIKE_DATA" not in os.environ, reason="needs LOOKALIKE_DATA")
def test_hidden_friendships_of_facebook_are_suggested():
    with gzip.open(Path(os.environ["LOOKALIKE_DATA"]) / "facebook_ego.txt.gz") as lines:
        edges = np.loadtxt(lines, dtype=np.int64)
    hidden = np.random.default_rng(0).random(len(edges)) < 0.1
    rows, columns = edges[~hidden].T
    n = edges.max() + 1
    A = sp.coo_array((np.ones(len(rows)), (rows, columns)), shape=(n, n))
    ids, _ = suggest_friends(A + A.T, edges[hidden][:, 0], k=20)
    hits = (ids == edges[hidden][:, 1:]).any(axis=1).mean()
    by_degree = np.argsort(-np.bincount(edges[~hidden].ravel()))[:20]
    popular = np.isin(edges[hidden][:, 1], by_degree).mean()
    assert hits > 0.25
    assert hits > 5 * popular
