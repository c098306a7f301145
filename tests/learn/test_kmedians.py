from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from sklearn.datasets import make_blobs

from lookalike.learn import KMeans, KMedians
from lookalike.learn.kmedians import ManhattanPoints, weighted_median

X = make_blobs(400, 5, centers=6, cluster_std=2.0, random_state=1)[0]


def by_definition(X, weight, centers, max_iter, tol):
    """The algorithm in so many words, for clusters that never empty."""
    X, labels = X.astype(float), None
    limit = tol * np.abs(X - np.median(X, axis=0)).sum(axis=1).mean()
    for n_iter in range(1, max_iter + 1):
        old, labels = labels, cdist(X, centers, "cityblock").argmin(axis=1)
        if old is not None and (old == labels).all():
            break
        before, centers = centers, np.empty_like(centers)
        for j in range(len(centers)):
            repeated = np.repeat(X[labels == j], weight[labels == j], axis=0)
            centers[j] = np.median(repeated, axis=0)
        if np.abs(centers - before).sum() <= limit or n_iter == max_iter:
            labels = cdist(X, centers, "cityblock").argmin(axis=1)
            break
    inertia = weight @ cdist(X, centers, "cityblock").min(axis=1)
    return labels, centers, inertia, n_iter


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "parameters", [{}, {"max_iter": 1}, {"max_iter": 3}, {"tol": 0}, {"tol": 0.3}]
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_equals_its_definition(weighted, parameters, dtype):
    rng = np.random.default_rng(0)
    weight = rng.integers(1, 4, size=400) if weighted else np.ones(400, int)
    start = X[:7].astype(dtype)
    model = KMedians(7, init=start, **parameters)
    model.fit(X.astype(dtype), sample_weight=weight if weighted else None)
    settings = {"max_iter": 300, "tol": 1e-4} | parameters
    expected = by_definition(X.astype(dtype), weight, start.astype(float), **settings)
    labels, centers, inertia, n_iter = expected
    np.testing.assert_array_equal(model.labels_, labels)
    np.testing.assert_allclose(model.cluster_centers_, centers, rtol=1e-5)
    np.testing.assert_allclose(model.inertia_, inertia, rtol=1e-5)
    assert model.n_iter_ == n_iter
    assert model.cluster_centers_.dtype == dtype
    Q = (X[:50] + 1).astype(dtype)
    distances = cdist(Q, model.cluster_centers_, "cityblock")
    np.testing.assert_array_equal(model.predict(Q), distances.argmin(axis=1))
    np.testing.assert_allclose(model.transform(Q), distances, rtol=1e-4)
    np.testing.assert_allclose(model.score(Q), -distances.min(axis=1).sum(), rtol=1e-5)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(1, 40),
    k=st.integers(1, 20),
    n_features=st.sampled_from([1, 3, 200]),
    dtype=st.sampled_from([np.float64, np.float32]),
)
def test_assignment_equals_its_definition(seed, n, k, n_features, dtype):
    rng = np.random.default_rng(seed)
    A = rng.integers(3, size=(n, n_features)).astype(dtype)  # many ties
    C = rng.integers(3, size=(k, n_features)).astype(dtype)
    distances = cdist(A, C, "cityblock")
    points = ManhattanPoints(A)
    labels = rng.integers(-1, k, size=n).astype(np.int32)
    upper, lower = np.empty(n), np.empty(n)
    points.assign(C, np.arange(n), labels, upper, lower)
    np.testing.assert_array_equal(labels, distances.argmin(axis=1))
    np.testing.assert_array_equal(upper, distances.min(axis=1))
    ordered = np.sort(distances, axis=1)
    assert (lower >= ordered[:, 0]).all()
    assert (lower <= (ordered[:, 1] if k > 1 else np.inf)).all()
    closest = rng.integers(0, n_features + 1, size=n).astype(dtype)
    np.testing.assert_array_equal(
        points.closer(C, closest), np.minimum(closest, distances.T)
    )


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 12))
def test_weighted_median_equals_the_median_of_repeated_rows(seed, n):
    rng = np.random.default_rng(seed)
    A, weight = rng.integers(5, size=(n, 3)).astype(float), rng.integers(4, size=n)
    weight[0] += weight.sum() == 0
    repeated = np.repeat(A, weight, axis=0)
    expected = np.median(repeated, axis=0)
    np.testing.assert_array_equal(weighted_median(A, weight.astype(float)), expected)
    np.testing.assert_array_equal(weighted_median(A, np.ones(n)), np.median(A, axis=0))


def test_outliers_do_not_move_a_centre_far():
    rng = np.random.default_rng(0)
    clean = np.concatenate([rng.normal(size=(100, 2)), rng.normal(size=(100, 2)) + 20])
    dirty = clean.copy()
    dirty[:5] = 60
    start = clean[[50, 150]]
    medians = KMedians(2, init=start).fit(dirty).cluster_centers_
    means = KMeans(2, init=start).fit(dirty).cluster_centers_
    assert np.abs(medians - [[0, 0], [20, 20]]).max() < 0.5
    assert np.abs(means - [[0, 0], [20, 20]]).max() > 1.5


def test_a_cluster_without_samples_starts_again_at_the_farthest():
    A = np.array([[0.0], [1.0], [2.0], [30.0]])
    start = [[0.0], [1e9]]
    model = KMedians(2, init=start, max_iter=1).fit(A)
    np.testing.assert_array_equal(model.cluster_centers_, [[1.5], [30.0]])
    model = KMedians(2, init=start).fit(A)
    np.testing.assert_array_equal(model.cluster_centers_, [[1.0], [30.0]])
    np.testing.assert_array_equal(model.labels_, [0, 0, 0, 1])
    weightless = KMedians(2, init=[[0.0], [30.0]]).fit(A, sample_weight=[1, 1, 1, 0])
    np.testing.assert_array_equal(weightless.cluster_centers_, [[0.5], [2.0]])


def test_several_starts_keep_the_best():
    one = [KMedians(6, init="random", n_init=1, random_state=s) for s in range(5)]
    worst = max(model.fit(X).inertia_ for model in one)
    ten = KMedians(6, init="random", random_state=0).fit(X)
    assert ten.inertia_ < worst
    spread = KMedians(6, random_state=0).fit(X)
    assert spread.inertia_ < worst


def test_threads_change_nothing():
    A = np.random.default_rng(0).random((5000, 10))
    one, two = (KMedians(10, random_state=0, n_jobs=n, max_iter=5) for n in (1, 2))
    np.testing.assert_array_equal(one.fit(A).labels_, two.fit(A).labels_)
    np.testing.assert_array_equal(one.cluster_centers_, two.cluster_centers_)
    np.testing.assert_array_equal(one.predict(A), two.predict(A))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_clusters": 0}, "n_clusters must be a whole number of at least 1, got 0"),
        ({"n_clusters": 11}, "n_samples=10 should be >= n_clusters=11"),
        ({"max_iter": 0}, "max_iter must be a whole number of at least 1, got 0"),
        ({"n_init": 0}, "n_init must be 'auto' or a positive integer, got 0"),
        ({"init": "far"}, "init must be 'k-means.*', 'random', .* got 'far'"),
        ({"init": np.zeros((8, 2))}, r"must have shape \(8, 3\) .* got \(8, 2\)"),
        ({"tol": None}, "tol must be at least 0, got None"),
    ],
)
def test_refuses_bad_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        KMedians(**parameters).fit(np.random.default_rng(0).random((10, 3)))


@pytest.mark.parametrize(
    ("dtype", "value"), [("float32", -3.4028235e38), ("float64", 1.7e308)]
)
def test_samples_however_far_away_have_a_nearest_centre(dtype, value):
    few = X[:60].astype(dtype)
    model = KMedians(4, random_state=0).fit(few)
    Q = few[:6].copy()
    Q[1], Q[3, 2] = value, value
    centers = [[Fraction(float(v)) for v in c] for c in model.cluster_centers_]
    for label, x in zip(model.predict(Q), Q, strict=True):
        away = [
            sum(abs(Fraction(float(v)) - w) for v, w in zip(x, c, strict=True))
            for c in centers
        ]
        assert label == away.index(min(away))
    for refused in (model.transform, model.score, KMedians(2).fit):
        with pytest.raises(ValueError, match="X holds values whose sums overflow"):
            refused(Q)
