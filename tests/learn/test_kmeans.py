import logging
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans as Theirs
from sklearn.datasets import load_digits, make_blobs
from sklearn.exceptions import ConvergenceWarning

from lookalike.kernels import kmeans as kernels
from lookalike.learn import KMeans, MiniBatchKMeans
from lookalike.learn._clusters import (
    DensePoints,
    SparsePoints,
    kmeans_plusplus,
    leading_axes,
    mean_variance,
    nearest,
)
from lookalike.learn.kmeans import largest_of_others

RNG = np.random.default_rng(0)
WIDE = RNG.normal(size=(300, 30)) @ RNG.normal(size=(30, 150)) + 3
DATA = {
    "narrow": make_blobs(300, 4, centers=12, cluster_std=2.0, random_state=1)[0],
    "middling": load_digits().data[:300] + RNG.normal(size=(300, 64)),
    "wide": WIDE,  # more features than bounds look at
    "sparse": sparse.csr_matrix(WIDE * (RNG.random(WIDE.shape) < 0.1)),
}


def agree(ours, theirs, rtol=1e-9):
    np.testing.assert_array_equal(ours.labels_, theirs.labels_)
    np.testing.assert_allclose(
        ours.cluster_centers_, theirs.cluster_centers_, rtol=rtol, atol=rtol * 10
    )
    np.testing.assert_allclose(ours.inertia_, theirs.inertia_, rtol=rtol)
    assert ours.n_iter_ == theirs.n_iter_


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"n_clusters": 1},
        {"n_clusters": 40},
        {"init": "random", "n_init": 1},
        {"init": "random", "n_init": 4},
        {"init": "random"},
        {"max_iter": 1},
        {"max_iter": 3},
        {"tol": 0},
        {"tol": 0.1},
        {"algorithm": "elkan"},
        {"copy_x": False},
    ],
    ids=str,
)
def test_agrees_with_scikit_learn(data, parameters):
    X = DATA[data].copy()
    ours = KMeans(random_state=0, **parameters).fit(X)
    theirs = Theirs(random_state=0, **parameters).fit(X.copy())
    agree(ours, theirs)
    Q = X[:50] * 1.1
    np.testing.assert_array_equal(ours.predict(Q), theirs.predict(Q))
    np.testing.assert_allclose(ours.transform(Q), theirs.transform(Q))
    np.testing.assert_allclose(ours.score(Q), theirs.score(Q))
    np.testing.assert_array_equal(
        ours.get_feature_names_out(), theirs.get_feature_names_out()
    )


@pytest.mark.parametrize("data", DATA)
def test_agrees_with_scikit_learn_from_given_and_computed_starts(data):
    X = DATA[data]
    rows = X[:7].toarray() if sparse.issparse(X) else X[:7]
    agree(KMeans(7, init=rows).fit(X), Theirs(7, init=rows).fit(X))

    def first_rows(X, n_clusters, random_state):
        return X[:n_clusters]

    ours = KMeans(7, init=first_rows, n_init=2).fit(X)
    agree(ours, Theirs(7, init=rows).fit(X))


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("init", ["k-means++", "random"])
def test_agrees_with_scikit_learn_on_weighted_samples(data, init):
    X = DATA[data]
    weight = RNG.exponential(size=X.shape[0])
    weight[::5] = 0
    ours = KMeans(9, init=init, n_init=1, random_state=3)
    theirs = Theirs(9, init=init, n_init=1, random_state=3)
    agree(ours.fit(X, sample_weight=weight), theirs.fit(X, sample_weight=weight))
    np.testing.assert_allclose(
        ours.score(X, sample_weight=weight), theirs.score(X, sample_weight=weight)
    )


@pytest.mark.parametrize("data", DATA)
def test_empty_clusters_get_new_centres_as_in_scikit_learn(data):
    X = DATA[data]
    start = np.zeros((5, X.shape[1]))
    start[:2] = X[:2].toarray() if sparse.issparse(X) else X[:2]
    start[2:] = 1e6 + np.arange(3)[:, None]  # nothing is near these
    for max_iter in (1, 2, 300):
        ours = KMeans(5, init=start, max_iter=max_iter).fit(X)
        assert len(np.unique(ours.labels_)) == 5
        agree(ours, Theirs(5, init=start, max_iter=max_iter).fit(X))


def test_a_cluster_of_weightless_samples_counts_as_empty():
    X = np.array([[0.0], [1.0], [10.0], [11.0], [50.0], [51.0]])
    weight = [1, 1, 1, 1, 0, 0]
    start = [[0.5], [50.5]]
    ours = KMeans(2, init=start).fit(X, sample_weight=weight)
    theirs = Theirs(2, init=start).fit(X, sample_weight=weight)
    agree(ours, theirs)


@pytest.mark.parametrize("data", DATA)
def test_float32_stays_float32_and_finds_the_same_clusters(data):
    X = DATA[data].astype(np.float32)
    ours = KMeans(10, random_state=0).fit(X)
    double = KMeans(10, random_state=0).fit(X.astype(np.float64))
    assert ours.cluster_centers_.dtype == np.float32
    assert ours.transform(X).dtype == np.float32
    assert ours.labels_.dtype == np.int32
    np.testing.assert_array_equal(ours.labels_, double.labels_)
    np.testing.assert_allclose(ours.inertia_, double.inertia_, rtol=1e-5)


@pytest.mark.parametrize("data", DATA)
def test_threads_change_nothing(data):
    X = DATA[data]
    if sparse.issparse(X):
        X = sparse.vstack([X * factor for factor in range(1, 31)]).tocsr()
    else:
        X = np.concatenate([X * factor for factor in range(1, 31)])
    one, two = (KMeans(10, random_state=0, n_jobs=n).fit(X) for n in (None, 2))
    np.testing.assert_array_equal(one.labels_, two.labels_)
    np.testing.assert_array_equal(one.cluster_centers_, two.cluster_centers_)
    assert one.inertia_ == two.inertia_
    np.testing.assert_array_equal(one.predict(X), two.predict(X))


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(1, 90),
    k=st.integers(1, 90),
    n_features=st.sampled_from([1, 3, 20, 130]),
    dtype=st.sampled_from([np.float64, np.float32]),
    as_sparse=st.booleans(),
)
def test_assignment_equals_its_definition(seed, n, k, n_features, dtype, as_sparse):
    rng = np.random.default_rng(seed)
    X = rng.integers(3, size=(n, n_features)).astype(dtype)  # many ties, exact sums
    C = rng.integers(3, size=(k, n_features)).astype(dtype)
    squared = cdist(X, C, "sqeuclidean")
    points = SparsePoints(sparse.csr_matrix(X)) if as_sparse else DensePoints(X)
    labels = rng.integers(-1, k, size=n).astype(np.int32)
    upper, lower = np.full(n, np.nan), np.full(n, np.nan)
    rows = np.flatnonzero(rng.random(n) < 0.8)
    before = labels.copy()
    points.assign(C, rows, labels, upper, lower)
    np.testing.assert_array_equal(labels[rows], squared.argmin(axis=1)[rows])
    ordered = np.sqrt(np.sort(squared, axis=1))
    slack = 1e-3 if as_sparse and dtype == np.float32 else 1e-6
    np.testing.assert_allclose(upper[rows], ordered[rows, 0], rtol=1e-6, atol=slack * 9)
    second = ordered[rows, 1] if k > 1 else np.full(len(rows), np.inf)
    assert (lower[rows] <= second * (1 + 1e-6)).all()
    rest = np.setdiff1d(np.arange(n), rows)
    np.testing.assert_array_equal(labels[rest], before[rest])
    assert np.isnan(upper[rest]).all()
    closest = rng.integers(0, 9, size=n).astype(dtype)
    np.testing.assert_allclose(
        points.closer(C, closest), np.minimum(closest, squared.T), atol=1e-4
    )
    own = squared[np.arange(n), labels]
    labels[labels < 0] = 0
    own = squared[np.arange(n), labels]
    np.testing.assert_allclose(points.distances(C, labels), own, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("n_features", [20, 130])
@pytest.mark.parametrize("offset", [0.0, 1e3, 1e7])
@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_bounds_never_hide_the_nearest_centre(n_features, offset, scale):
    rng = np.random.default_rng(0)
    X = (rng.normal(size=(200, n_features)) + offset) * scale
    C = X[:40] + rng.normal(size=(40, n_features)) * scale * 0.1
    labels, squared = nearest(X, C)
    expected = cdist(X / scale, C / scale, "sqeuclidean")
    np.testing.assert_array_equal(labels, expected.argmin(axis=1))
    np.testing.assert_allclose(squared / scale**2, expected.min(axis=1))


@pytest.mark.parametrize("n_features", [2, 20, 130])
def test_a_start_with_huge_values_is_finite(n_features):
    X = np.random.default_rng(0).normal(size=(50, n_features))
    start = np.stack([X[0], np.full(n_features, 1e60), np.full(n_features, -1e150)])
    model = KMeans(3, init=start).fit(X)
    assert len(np.unique(model.labels_)) == 3
    labels, _ = nearest(X, start)
    np.testing.assert_array_equal(labels, 0)


@pytest.mark.parametrize("n_features", [20, 130])
def test_rows_far_beyond_the_sampled_ones_are_not_lost(n_features):
    X = np.random.default_rng(0).normal(size=(4001, n_features))
    X[1::2] *= 1e20  # every second row is in the sample
    C = X[[0, 1, 3]]
    labels, _ = nearest(X, C)
    points = DensePoints(X)
    again = np.full(len(X), -1, np.int32)
    points.assign(C, np.arange(len(X)), again, np.empty(len(X)), np.empty(len(X)))
    expected = cdist(X, C, "sqeuclidean").argmin(axis=1)
    np.testing.assert_array_equal(labels, expected)
    np.testing.assert_array_equal(again, expected)


def test_the_bound_is_tight_where_it_can_be():
    """Else nothing is saved: most centres must be passed over without a distance."""
    X = load_digits().data @ np.random.default_rng(0).normal(size=(64, 200))
    points = DensePoints(X)
    R, R2, slack, unit = points._against(X[:20])
    bound = points.P2[:, None] + R2 - 2 * points.P @ R.T - slack[:, None]
    squared = cdist(X, X[:20], "sqeuclidean")
    assert (bound / unit <= squared * (1 + 1e-6)).all()
    assert np.median(bound / unit / np.maximum(squared, 1e-9)) > 0.9


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), k=st.integers(1, 6))
def test_largest_of_others_equals_its_definition(seed, k):
    shift = np.random.default_rng(seed).integers(3, size=k).astype(float)
    expected = [np.delete(shift, j).max(initial=0) for j in range(k)]
    np.testing.assert_array_equal(largest_of_others(shift), expected)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), as_sparse=st.booleans())
def test_moved_sums_equal_sums_made_anew(seed, as_sparse):
    rng = np.random.default_rng(seed)
    X, k = rng.integers(3, size=(20, 5)).astype(float), 4
    weight = rng.integers(4, size=20).astype(float)
    points = SparsePoints(sparse.csr_matrix(X)) if as_sparse else DensePoints(X)
    sums, counts = np.zeros((k, 5)), np.zeros(k, np.int64)
    before = np.full(20, -1, np.int32)
    for _ in range(3):
        after = np.where(rng.random(20) < 0.5, before, rng.integers(k, size=20))
        after = np.maximum(after, 0).astype(np.int32)
        n = points.move(np.arange(20), before, after, weight, sums, counts)
        assert n == (before != after).sum()
        for j in range(k):
            np.testing.assert_array_equal(sums[j], weight[after == j] @ X[after == j])
        np.testing.assert_array_equal(counts, np.bincount(after, minlength=k))
        before = after


def test_loosened_bounds_list_the_rows_in_doubt():
    labels = np.array([0, 1, 1], np.int32)
    upper, lower = np.array([1.0, 1.0, 1.0]), np.array([3.0, 3.0, 5.0])
    rows = np.full(3, -1)
    shift, others = np.array([0.5, 1.0]), np.array([1.0, 0.5])
    n = kernels.loosen(shift, others, 0.75, labels, upper, lower, rows)
    np.testing.assert_array_equal(upper, [1.5, 2.0, 2.0])
    np.testing.assert_array_equal(lower, [2.0, 2.5, 4.5])
    np.testing.assert_array_equal(rows[:n], [0, 1])  # 1.5 >= 0.75 * 2


def test_draws_of_kmeans_plusplus_follow_the_squared_distance():
    X = np.array([[0.0], [1.0], [3.0]])
    weight = np.array([1.0, 2.0, 1.0])
    firsts, seconds = np.zeros(3), np.zeros(3)
    random_state = np.random.RandomState(0)
    points = DensePoints(X)
    for _ in range(3000):
        first, second = kmeans_plusplus(points, 2, weight, random_state)
        firsts[first] += 1
        seconds[second] += first == 0
    np.testing.assert_allclose(firsts / 3000, [0.25, 0.5, 0.25], atol=0.03)
    # Of two draws with chances 2/11 and 9/11 the one that leaves less inertia, row 2
    # (1 * 2) rather than row 1 (4 * 1), is kept whenever it was drawn.
    np.testing.assert_allclose(
        seconds / seconds.sum(), [0, (2 / 11) ** 2, 1 - (2 / 11) ** 2], atol=0.03
    )


def test_leading_axes_are_orthonormal_and_hold_the_variance():
    A = WIDE - WIDE.mean(axis=0)
    Q = leading_axes(A.astype(np.float32), 10)
    np.testing.assert_allclose(Q.T @ Q, np.eye(10), atol=1e-5)
    best = (np.linalg.svd(A)[1][:10] ** 2).sum()
    assert ((A @ Q) ** 2).sum() > 0.9 * best


@pytest.mark.parametrize("data", DATA)
def test_mean_variance_equals_its_definition(data):
    X = DATA[data]
    dense = X.toarray() if sparse.issparse(X) else X
    np.testing.assert_allclose(mean_variance(X), dense.var(axis=0).mean())


def test_fewer_distinct_samples_than_clusters_warns():
    X = np.repeat([[1.0, 2.0], [3.0, 4.0]], 5, axis=0)
    with pytest.warns(ConvergenceWarning, match="Found 2 distinct clusters, fewer"):
        model = KMeans(3, random_state=0).fit(X)
    assert model.inertia_ == 0


def test_rounds_are_logged_on_request(caplog):
    with caplog.at_level(logging.INFO, logger="lookalike.learn.kmeans"):
        model = KMeans(3, random_state=0, verbose=1).fit(DATA["narrow"])
    assert len(caplog.records) == model.n_iter_
    assert (
        caplog.records[0].getMessage()
        == "iteration 1: 300 samples changed their centre"
    )


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_clusters": 0}, "n_clusters must be a whole number of at least 1, got 0"),
        (
            {"n_clusters": 2.5},
            "n_clusters must be a whole number of at least 1, got 2.5",
        ),
        ({"n_clusters": 11}, "n_samples=10 should be >= n_clusters=11"),
        ({"max_iter": 0}, "max_iter must be a whole number of at least 1, got 0"),
        ({"n_init": 0}, "n_init must be 'auto' or a positive integer, got 0"),
        ({"n_init": "many"}, "n_init must be 'auto' or a positive integer, got 'many'"),
        ({"init": "far"}, "init must be 'k-means.*', 'random', .* got 'far'"),
        ({"init": np.zeros((8, 2))}, r"must have shape \(8, 3\) .* got \(8, 2\)"),
        ({"init": np.full((8, 3), np.nan)}, "init contains NaN"),
        ({"tol": -1}, "tol must be at least 0, got -1"),
        ({"algorithm": "full"}, "algorithm must be 'lloyd' or 'elkan', got 'full'"),
    ],
)
def test_refuses_bad_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        KMeans(**parameters).fit(np.random.default_rng(0).random((10, 3)))


def test_refuses_bad_weights_and_features():
    X = np.random.default_rng(0).random((10, 3))
    with pytest.raises(ValueError, match="sample_weight must not be negative"):
        KMeans(2).fit(X, sample_weight=-np.ones(10))
    with pytest.raises(ValueError, match="2 features"):
        KMeans(2).fit(X).predict(X[:, :2])


def nearest_exactly(X, C):
    """The nearest centre, in fractions; of equal ones the first."""
    X, C = ([[Fraction(float(v)) for v in row] for row in A] for A in (X, C))
    squared = [
        [sum((a - b) ** 2 for a, b in zip(x, c, strict=True)) for c in C] for x in X
    ]
    return [row.index(min(row)) for row in squared]


@pytest.mark.filterwarnings("ignore:invalid value")  # of scikit-learn's own sum
@pytest.mark.parametrize("kind", [KMeans, MiniBatchKMeans])
@pytest.mark.parametrize("n_features", [2, 20, 130])
@pytest.mark.parametrize(
    ("dtype", "value"),
    [
        ("float32", -3.4028235e38),  # the fill value of GeoTIFF
        ("float32", 9.96921e36),  # of netCDF
        ("float64", 1e160),
        ("float64", -1.7e308),
    ],
)
def test_samples_however_far_away_have_a_nearest_centre(kind, n_features, dtype, value):
    X = np.random.default_rng(0).normal(size=(100, n_features)).astype(dtype)
    model = kind(5, random_state=0).fit(X)
    Q = X[:8].copy()
    Q[1], Q[3, 1], Q[5] = value, value, np.sign(Q[5]) * dtype_of(Q, value)
    expected = nearest_exactly(Q, model.cluster_centers_)
    assert model.predict(Q).tolist() == expected
    assert model.predict(sparse.csr_matrix(Q)).tolist() == expected
    assert model.predict(Q[1:2]).tolist() == expected[1:2]  # none of them near
    for refused in (model.transform, model.score, kind(5).fit):
        with pytest.raises(ValueError, match=f"squares overflow {dtype}"):
            refused(Q)


def dtype_of(X, value):
    return X.dtype.type(value)


def test_a_distance_that_is_no_number_still_gives_a_label():
    X = np.full((70, 3), 3e38, np.float32)
    labels = np.full(70, -1, np.int32)
    C = np.array([[0, 0, 0], [-3e38, 0, 0]], np.float32)
    kernels.assign_narrow(X, C, np.arange(70), labels, *np.empty((2, 70)))
    assert set(labels.tolist()) <= {0, 1}


def test_a_run_without_an_inertia_is_kept_all_the_same():
    X, weight = DATA["narrow"], np.full(300, 1e305)
    with np.errstate(over="ignore", invalid="ignore"):
        model = KMeans(3, random_state=0).fit(X, sample_weight=weight)
    assert set(model.labels_) <= {0, 1, 2}
    with pytest.raises(ValueError, match="sample_weight holds values whose sums over"):
        KMeans(3).fit(X, sample_weight=10 * weight)


def test_random_starts_need_as_many_rows_of_positive_weight():
    weights = np.zeros(10)
    weights[:2] = 1
    X = np.arange(20.0).reshape(10, 2)
    with pytest.raises(
        ValueError, match=r"n_clusters=3 rows of positive weight, got 2"
    ):
        KMeans(3, init="random", random_state=0).fit(X, sample_weight=weights)
