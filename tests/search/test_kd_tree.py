"""KDTree: the definition's answer from a tree of boxes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import KDTree as Reference

from lookalike.search import KDTree


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(1, 120),
    k=st.integers(1, 20),
    leaf_size=st.integers(1, 12),
)
def test_equals_its_definition_on_rows_full_of_ties(seed, n, k, leaf_size):
    rng = np.random.default_rng(seed)
    X, Q = (rng.integers(4, size=(m, 3)).astype(float) for m in (n, 6))
    k = min(k, n)
    every = np.sqrt(((Q[:, None] - X) ** 2).sum(-1))
    order = np.argsort(every, axis=1, kind="stable")[:, :k]
    distances, rows = KDTree(X, leaf_size).query(Q, k)
    np.testing.assert_array_equal(rows, order)
    np.testing.assert_array_equal(distances, np.take_along_axis(every, order, 1))


@pytest.mark.parametrize("leaf_size", [1, 7, 40, 1000])
@pytest.mark.parametrize("n_jobs", [None, 2])
def test_agrees_with_scikit_learn(leaf_size, n_jobs):
    rng = np.random.default_rng(0)
    X, Q = rng.normal(size=(700, 4)), rng.normal(size=(200, 4)) * 3
    expected, true = Reference(X, leaf_size).query(Q, 6)
    distances, rows = KDTree(X, leaf_size).query(Q, 6, n_jobs=n_jobs)
    np.testing.assert_array_equal(rows, true)
    np.testing.assert_allclose(distances, expected)


def test_both_names_of_its_metric_are_taken():
    X = np.random.default_rng(1).normal(size=(50, 3))
    named, plain = (KDTree(X, metric=name).query(X, 4) for name in ("l2", "euclidean"))
    np.testing.assert_array_equal(named[0], Reference(X, metric="l2").query(X, 4)[0])
    np.testing.assert_array_equal(named[1], plain[1])


def test_boxes_hold_no_more_rows_than_a_leaf_may():
    X = np.random.default_rng(1).normal(size=(100, 2))
    tree = KDTree(X, leaf_size=10)
    leaves = tree._left < 0
    assert (tree._stop - tree._start)[leaves].max() <= 10
    assert (tree._stop - tree._start)[leaves].sum() == 100


def test_equal_rows_do_not_halve_for_ever():
    tree = KDTree(np.ones((500, 3)), leaf_size=1)
    assert tree.n_nodes == 1
    np.testing.assert_array_equal(
        tree.query([[1, 1, 1]], 3, return_distance=False), [[0, 1, 2]]
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: KDTree([[0.0]], leaf_size=0),
            "leaf_size must be a whole number of at least 1",
        ),
        (lambda: KDTree([[0.0]], metric="cosine"), "metric must be 'euclidean'"),
        (lambda: KDTree([[np.nan]]), "NaN"),
        (lambda: KDTree([[0.0]]).query([[0.0]], k=2), r"k must be in \[1, 1\], got 2"),
        (lambda: KDTree([[0.0]]).query([[0.0, 1.0]]), "X must have 1 features, got 2"),
    ],
)
def test_refuses(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 60), leaf_size=st.integers(1, 9))
def test_a_radius_finds_what_scikit_learn_finds(seed, n, leaf_size):
    rng = np.random.default_rng(seed)
    X, Q = (rng.integers(4, size=(m, 2)).astype(float) for m in (n, 5))  # many ties
    radii = rng.choice([0.0, 1.0, 2.0, np.sqrt(2.0), 9.0, -1.0], 5)
    tree, reference = KDTree(X, leaf_size), Reference(X)
    rows, distances = tree.query_radius(Q, radii, return_distance=True)
    counts = tree.query_radius(Q, radii, count_only=True)
    nearest, sorted_distances = tree.query_radius(Q, radii, True, sort_results=True)
    for q, theirs in enumerate(reference.query_radius(Q, radii)):
        assert rows[q].tolist() == sorted(theirs.tolist())
        far = np.sqrt(((X[rows[q]] - Q[q]) ** 2).sum(axis=1))
        assert distances[q].tolist() == far.tolist()
        assert counts[q] == len(theirs)
        order = np.argsort(far, kind="stable")
        assert nearest[q].tolist() == rows[q][order].tolist()
        assert sorted_distances[q].tolist() == far[order].tolist()


def test_a_bad_radius_is_refused():
    tree = KDTree([[0.0], [1.0]])
    for r in (np.nan, [1.0, 2.0], [[1.0]]):
        with pytest.raises(
            ValueError, match="r must be a number, or one for each of 1"
        ):
            tree.query_radius([[0.0]], r)
    with pytest.raises(ValueError, match="sort_results needs return_distance"):
        tree.query_radius([[0.0]], 1.0, sort_results=True)
    with pytest.raises(ValueError, match="exclude each other"):
        tree.query_radius([[0.0]], 1.0, return_distance=True, count_only=True)
    with pytest.raises(ValueError, match="X must have 1 features, got 2"):
        tree.query_radius([[0.0, 1.0]], 1.0)


def test_threads_find_the_same_within_a_radius():
    X = np.random.default_rng(0).random((400, 3))
    tree = KDTree(X)
    one, two = (tree.query_radius(X, 0.2, n_jobs=n) for n in (1, 2))
    assert [a.tolist() for a in one] == [b.tolist() for b in two]
