"""Search by any metric, and over sparse rows."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix, random
from sklearn.metrics import pairwise_distances
from sklearn.neighbors import NearestNeighbors as Theirs

from lookalike.kernels.distances import (
    COSINE,
    INNER_PRODUCT,
    MANHATTAN,
    SQUARED_EUCLIDEAN,
)
from lookalike.kernels.sparse_distances import sparse_distances
from lookalike.search import NearestNeighbors

RNG = np.random.default_rng(0)
X, Q = RNG.random((120, 5)), RNG.random((20, 5))
WHOLE = random(80, 30, density=0.2, random_state=1).toarray()
WHOLE[7], WHOLE[9] = WHOLE[3], 0  # copies, and a row of zeros
SPARSE = csr_matrix(WHOLE)


@pytest.mark.parametrize(
    ("metric", "p"),
    [
        *(("minkowski", p) for p in (1, 1.5, 2, 3, np.inf)),
        *((name, 2) for name in ("l1", "l2", "cityblock", "manhattan", "chebyshev")),
        *((name, 2) for name in ("canberra", "braycurtis", "correlation")),
        (lambda a, b: np.abs(a - b).max(), 2),
    ],
)
def test_distances_are_those_of_scikit_learn(metric, p):
    ours = NearestNeighbors(n_neighbors=4, metric=metric, p=p).fit(X)
    theirs = Theirs(n_neighbors=4, metric=metric, p=p, algorithm="brute").fit(X)
    for asked in (Q, None):
        distances, rows = ours.kneighbors(asked)
        expected, neighbours = theirs.kneighbors(asked)
        np.testing.assert_allclose(distances, expected, atol=1e-12)
        np.testing.assert_array_equal(rows, neighbours)
    found, expected = (m.radius_neighbors(Q[:5], 0.4)[1] for m in (ours, theirs))
    assert [set(r) for r in found] == [set(r) for r in expected]


@pytest.mark.parametrize(
    "name",
    [
        *("jaccard", "dice", "hamming", "yule", "sokalmichener"),
        *("nan_euclidean", "haversine"),
    ],
)
def test_metrics_of_special_rows(name):
    boolean = name in ("jaccard", "dice", "yule", "sokalmichener")
    rows = X > 0.4 if boolean else X[:, :2].copy()
    if name == "nan_euclidean":
        rows[3, 1] = np.nan
    distances, _ = NearestNeighbors(n_neighbors=3, metric=name).fit(rows).kneighbors()
    expected, _ = Theirs(n_neighbors=3, metric=name).fit(rows).kneighbors()
    np.testing.assert_allclose(distances, expected)


def test_parameters_of_a_metric_are_used():
    options = {"metric_params": {"w": [1.0, 5.0, 0.0, 2.0, 1.0]}, "p": 2}
    distances, rows = NearestNeighbors(**options).fit(X).kneighbors(Q)
    expected, neighbours = Theirs(**options).fit(X).kneighbors(Q)
    np.testing.assert_allclose(distances, expected)
    np.testing.assert_array_equal(rows, neighbours)


def test_distances_may_be_given():
    index = NearestNeighbors(n_neighbors=3, metric="precomputed")
    rows = index.fit(pairwise_distances(X)).kneighbors(return_distance=False)
    plain = NearestNeighbors(n_neighbors=3).fit(X).kneighbors(return_distance=False)
    np.testing.assert_array_equal(rows, plain)
    asked = index.kneighbors(pairwise_distances(Q, X), return_distance=False)
    plain = NearestNeighbors(n_neighbors=3).fit(X).kneighbors(Q)[1]
    np.testing.assert_array_equal(asked, plain)


@pytest.mark.parametrize("algorithm", ["kd_tree", "ball_tree"])
def test_names_of_trees_are_taken(algorithm):
    ours = NearestNeighbors(algorithm=algorithm, leaf_size=7).fit(X)
    np.testing.assert_array_equal(
        ours.kneighbors(Q)[1], Theirs(algorithm=algorithm).fit(X).kneighbors(Q)[1]
    )


METRICS = ["euclidean", "sqeuclidean", "manhattan", "cosine", "inner_product"]


@pytest.mark.parametrize("metric", [*METRICS, "chebyshev"])
def test_sparse_rows_answer_like_dense_ones(metric):
    index = NearestNeighbors(n_neighbors=6, metric=metric, n_jobs=2).fit(SPARSE)
    dense = NearestNeighbors(n_neighbors=6, metric=metric).fit(SPARSE.toarray())
    distances, rows = index.kneighbors(SPARSE)
    expected, _ = dense.kneighbors(SPARSE.toarray())
    np.testing.assert_allclose(distances, expected, atol=1e-14)
    assert metric == "inner_product" or (distances >= 0).all()
    alone = [index.kneighbors(SPARSE[i]) for i in range(10)]
    np.testing.assert_array_equal(np.vstack([d for d, _ in alone]), distances[:10])
    np.testing.assert_array_equal(np.vstack([r for _, r in alone]), rows[:10])
    # A query may be dense where the rows are sparse, and the other way round.
    np.testing.assert_array_equal(index.kneighbors(SPARSE.toarray())[1], rows)
    np.testing.assert_allclose(dense.kneighbors(SPARSE)[0], distances, atol=1e-14)


def test_equal_sparse_rows_are_at_distance_zero():
    for metric in ("euclidean", "cosine", "l1"):
        index = NearestNeighbors(n_neighbors=2, metric=metric).fit(SPARSE)
        distances, rows = index.kneighbors(SPARSE[[3, 7]])
        np.testing.assert_array_equal(distances, 0)
        np.testing.assert_array_equal(rows, [[3, 7], [3, 7]])


def parts(rows):
    return rows.data, rows.indices.astype(np.int32), rows.indptr.astype(np.int64)


def test_sparse_kernel_is_its_definition():
    A, B = SPARSE[:4].toarray(), SPARSE.toarray()
    length = np.linalg.norm(A, axis=1)[:, None] * np.linalg.norm(B, axis=1)
    cosine = np.divide(A @ B.T, length, out=np.zeros_like(length), where=length > 0)
    definitions = {
        SQUARED_EUCLIDEAN: ((A[:, None] - B) ** 2).sum(axis=2),
        MANHATTAN: np.abs(A[:, None] - B).sum(axis=2),
        INNER_PRODUCT: -(A @ B.T),
        COSINE: 1 - cosine,
    }
    for code, expected in definitions.items():
        out = np.empty((3, 80))
        sparse_distances(parts(SPARSE), parts(SPARSE[:4]), code, 1, 4, out)
        np.testing.assert_allclose(out, expected[1:], atol=1e-14)


@pytest.mark.parametrize("mode", ["connectivity", "distance"])
def test_graphs_are_those_of_scikit_learn(mode):
    ours, theirs = (
        kind(n_neighbors=3, radius=0.4).fit(X) for kind in (NearestNeighbors, Theirs)
    )
    for asked in (None, Q):
        for graph in ("kneighbors_graph", "radius_neighbors_graph"):
            made, expected = (
                getattr(m, graph)(asked, mode=mode) for m in (ours, theirs)
            )
            assert made.shape == expected.shape
            assert abs(made - expected).max() < 1e-12


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metric": "nonsense"}, "metric must be a function of two rows or one of"),
        ({"p": 0.5}, "p must be at least 1, got 0.5"),
        ({"metric": "l2", "metric_params": {"w": 1}}, "takes no metric_params"),
        ({"metric": "precomputed"}, r"a square matrix, got shape \(120, 5\)"),
        ({"leaf_size": 0}, "leaf_size must be a whole number of at least 1"),
        ({"metric": lambda a, b: np.nan}, "The metric gives NaN for query 0 and row 0"),
    ],
)
def test_refusals_say_what_was_expected(options, message):
    with pytest.raises(ValueError, match=message):
        NearestNeighbors(**options).fit(X).kneighbors(Q)


@pytest.mark.parametrize(
    ("options", "largest"),
    [
        ({"p": 3}, 1e103),
        ({"p": 200}, 40),
        ({"p": np.inf, "metric_params": {"w": [1.0, 1.0]}}, 1e152),
        ({"metric": "chebyshev"}, 1e152),
        ({"metric": "nan_euclidean"}, 1e152),
    ],
)
def test_values_whose_powers_overflow_are_refused(options, largest):
    rows = np.array([[largest, 0.0], [-largest, 0.0], [0.0, 1.0]])
    if options.get("metric") == "nan_euclidean":
        rows[2, 0] = np.nan
    model = NearestNeighbors(1, **options).fit(rows / 10)
    assert np.isfinite(model.kneighbors()[0]).all()
    with pytest.raises(ValueError, match=r"X holds values whose .* overflow float64"):
        model.kneighbors(rows * 1000)
    with pytest.raises(ValueError, match=r"X holds values whose .* overflow float64"):
        model.fit(rows * 1000)


def test_only_a_fast_search_of_dense_rows_has_a_state():
    for index in (
        NearestNeighbors().fit(SPARSE),
        NearestNeighbors(metric="chebyshev").fit(X),
    ):
        with pytest.raises(ValueError, match="Only a search of dense rows"):
            index.state()
