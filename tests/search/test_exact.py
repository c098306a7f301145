"""Exact nearest neighbours: every path gives the answer of the plain definition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import config, njit
from scipy.sparse import csr_array
from sklearn.neighbors import NearestNeighbors as Reference

from lookalike.kernels import simd
from lookalike.kernels.best import push, sort_heap
from lookalike.kernels.distances import dot_of_bytes
from lookalike.kernels.neighbors import Queries, key_limit
from lookalike.search import NearestNeighbors
from lookalike.search.index import ExactIndex
from lookalike.search.rotation import RotationFilter, principal_axes

PATHS = ["rotation", "portable"] if simd.HAS_VNNI else ["portable"]
METRICS = ["euclidean", "sqeuclidean", "cosine", "inner_product", "manhattan"]
N_QUERIES = 26 if config.DISABLE_JIT else 40  # more than go through together, 24


def defined(Q, X, metric):
    """Every distance, by the definition of the metric."""
    Q, X = np.asarray(Q, np.float64), np.asarray(X, np.float64)
    if metric == "manhattan":
        return np.abs(Q[:, None] - X).sum(-1)
    if metric in ("euclidean", "sqeuclidean"):
        squared = ((Q[:, None] - X) ** 2).sum(-1)
        return np.sqrt(squared) if metric == "euclidean" else squared
    if metric == "inner_product":
        return -(Q @ X.T)
    lengths = np.linalg.norm(Q, axis=1)[:, None] * np.linalg.norm(X, axis=1)
    with np.errstate(invalid="ignore"):
        return 1.0 - np.where(lengths > 0, (Q @ X.T) / lengths, 0.0)


@njit
def compiled_dot(q, x):
    return dot_of_bytes(q, x)


@pytest.mark.parametrize("kind", [np.int8, np.uint8] if simd.HAS_VNNI else [np.uint8])
def test_products_of_bytes_of_any_length_follow_their_definition(kind):
    rng = np.random.default_rng(0)
    limits = np.iinfo(kind)
    for n in (*range(1, 200), 784, 832, 4095):
        # What lies beyond must not count.
        q = rng.integers(0, 256, size=n + 70).astype(np.uint8)
        x = rng.integers(limits.min, limits.max + 1, size=n + 70).astype(kind)
        expected = int(q[:n].astype(np.int64) @ x[:n])
        assert compiled_dot(q[:n], x[:n]) == expected
        if n < 80:
            assert dot_of_bytes(q[:n], x[:n]) == expected


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("portable", [False, True])
@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_a_filter_that_was_forgotten_is_learned_again(metric, portable, kind):
    rng = np.random.default_rng(3)
    X = rng.integers(0, 99, size=(2000, 20)).astype(kind)
    index = ExactIndex(X, metric, 5, True, portable, None)
    first, held = index.filter, index.memory
    expected = index.nearest(X[:40], 7, None)
    index.forget_filter()
    if metric == "manhattan":
        assert index.filter is None
        return
    assert index.memory == index.rows.nbytes + index.norms.nbytes < held
    for found, right in zip(index.nearest(X[:40], 7, None), expected, strict=True):
        np.testing.assert_array_equal(found, right)
    assert index.filter is not first
    np.testing.assert_array_equal(index.filter.panels, first.panels)
    assert index.memory == held
    parts = (index.rows, index.norms, first)
    restored = ExactIndex.of_parts(metric, 20, *parts)
    restored.forget_filter()  # there is no telling what it was planned for
    assert restored.filter is first


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(1, 400),
    d=st.integers(1, 20),
    k=st.one_of(st.integers(1, 70), st.integers(120, 300)),
    path=st.sampled_from(PATHS),
    metric=st.sampled_from(["sqeuclidean", "inner_product", "manhattan"]),
    kind=st.sampled_from([np.uint8, np.int16, np.float32, np.float64]),
)
def test_equals_its_definition_on_rows_full_of_ties(seed, n, d, k, path, metric, kind):
    rng = np.random.default_rng(seed)
    X = rng.integers(3, size=(n, d)).astype(kind)
    Q = rng.integers(3, size=(5, d)).astype(kind)
    k = min(k, n)
    index = NearestNeighbors(k, algorithm=path, metric=metric).fit(X)
    every = defined(Q, X, metric)
    order = np.argsort(every, axis=1, kind="stable")[:, :k]
    distances, rows = index.kneighbors(Q)
    np.testing.assert_array_equal(rows, order)
    np.testing.assert_array_equal(distances, np.take_along_axis(every, order, 1))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 60), k=st.integers(1, 40))
def test_a_heap_keeps_the_first_of_equals_whenever_they_come(seed, n, k):
    rng = np.random.default_rng(seed)
    given, rows = rng.integers(4, size=n).astype(np.float64), rng.permutation(n)
    best, indices, filled = np.empty(k), np.empty(k, np.int64), 0
    for d, i in zip(given, rows, strict=True):
        filled = push(best, indices, filled, d, i)
    sort_heap(best, indices, filled)
    order = np.lexsort((rows, given))[:k]
    assert filled == min(n, k)
    np.testing.assert_array_equal(indices[:filled], rows[order])
    np.testing.assert_array_equal(best[:filled], given[order])


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("path", [*PATHS, "brute"])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_agrees_with_scikit_learn(metric, path, kind):
    rng = np.random.default_rng(1)
    X, Q = rng.normal(size=(600, 12)).astype(kind), rng.normal(size=(N_QUERIES, 12))
    ours = NearestNeighbors(7, algorithm=path, metric=metric).fit(X)
    if metric == "inner_product":
        every = defined(Q, X, metric)
        rows = np.argsort(every, axis=1)[:, :7]
        distances = np.take_along_axis(every, rows, 1)
    else:
        theirs = Reference(n_neighbors=7, algorithm="brute", metric=metric)
        distances, rows = theirs.fit(X.astype(np.float64)).kneighbors(Q)
    ours_distances, ours_rows = ours.kneighbors(Q)
    np.testing.assert_array_equal(ours_rows, rows)
    np.testing.assert_allclose(ours_distances, distances, rtol=1e-6, atol=1e-12)


def shapes_of_data(rng):
    decay = np.exp(-0.3 * np.arange(30))
    yield "decaying", rng.normal(size=(1500, 30)) * decay
    yield "independent", rng.normal(size=(1500, 30))
    yield "clustered", rng.normal(size=(20, 30))[rng.integers(20, size=1500)] * 50
    yield "far from zero", rng.normal(size=(1500, 30)) + 1e5
    yield (
        "a few enormous",
        rng.normal(size=(1500, 30)) * np.where(rng.random((1500, 1)) < 0.003, 1e6, 1.0),
    )
    yield "tiny", rng.normal(size=(1500, 30)) * 1e-150
    yield "huge", rng.normal(size=(1500, 30)) * 1e150
    yield "zeros", np.zeros((1500, 30))
    yield "a constant", np.full((1500, 30), 7.25)
    yield "bytes", rng.integers(256, size=(1500, 30)).astype(np.uint8)
    yield "sparse bytes", (rng.random((1500, 30)) < 0.02).astype(np.uint8) * 255


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "inner_product"])
@pytest.mark.parametrize("path", PATHS)
def test_every_path_gives_the_same_bits(path, metric):
    rng = np.random.default_rng(2)
    for name, X in shapes_of_data(rng):
        if X.dtype == np.uint8:
            Q = np.concatenate([X[:20], 255 - X[:20]])
        else:
            Q = np.concatenate([X[:10], X[10:20] * 2, X[20:30] * -3, X[30:40] * 1e3])
        filtered = NearestNeighbors(9, algorithm=path, metric=metric).fit(X)
        brute = NearestNeighbors(9, algorithm="brute", metric=metric).fit(X)
        for found, expected in zip(
            filtered.kneighbors(Q), brute.kneighbors(Q), strict=True
        ):
            np.testing.assert_array_equal(found, expected, err_msg=name)


@pytest.mark.parametrize("path", PATHS)
def test_a_row_too_far_outside_to_have_a_code_is_still_found(path):
    # One row sets the scale, a thousandth of its length is the reach of the codes; the
    # other lies outside of that reach, and its query hardly so.
    X = np.random.default_rng(3).normal(size=(6000, 30)) * np.exp(-0.3 * np.arange(30))
    for row, length in (1234, 1e7), (77, 1.7e4):
        X[row] *= length / np.linalg.norm(X[row])
    Q = np.concatenate([X[[77, 1234]], 1.01 * X[[77, 1234]], X[:5]])
    filtered = NearestNeighbors(4, algorithm=path).fit(X)
    brute = NearestNeighbors(4, algorithm="brute").fit(X)
    found, expected = filtered.kneighbors(Q), brute.kneighbors(Q)
    assert expected[1][:4, 0].tolist() == [77, 1234, 77, 1234]
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    d=st.integers(2, 40),
    log_scale=st.integers(-20, 20),
    offset=st.sampled_from([0.0, 1.0, 1e3]),
    integers=st.booleans() if simd.HAS_VNNI else st.just(False),
)
def test_the_bound_holds_at_its_edge(seed, d, log_scale, offset, integers):
    """No code may say "skip" to a row at exactly the distance to beat."""
    from lookalike.search.geometry import Euclidean

    rng = np.random.default_rng(seed)
    X = (rng.normal(size=(300, d)) * rng.exponential(size=d) + offset) * 2.0**log_scale
    # Queries beside rows make the true distance small and every rounding count.
    Q = np.concatenate([X[:10], X[10:20] * (1 + 1e-9), X[20:30] + 2.0**log_scale])
    index = RotationFilter(Euclidean(), integers).fit(X, 5)
    if index.axes is None:
        index.axes = principal_axes(X - index.mean, max(1, d // 2))
        index._encode_rows(X)
    coded = index.encode_queries(Q)
    panels = index.panels if integers else index.panels[..., None]
    flat = panels.transpose(0, 2, 1, 3).reshape(-1, index.n_steps)[: len(X)]
    keys = index.starts.ravel()[: len(X)] + coded.codes.astype(float) @ flat.T.astype(
        float
    )
    squared = ((Q[:, None] - X) ** 2).sum(-1)
    reach = np.sqrt(coded.base[:, None] + coded.slope[:, None] * squared)
    limit = 0.5 * (reach + coded.error[:, None]) ** 2 + coded.limit_offset[:, None]
    assert (keys <= limit).all()
    # And it is a bound worth having: without the allowances it would not hold.
    assert (limit - keys < 0.05 * (index.scale**2 * squared.max() + 2.0**24)).any()


def test_axes_never_stretch():
    rng = np.random.default_rng(3)
    for d, n in ((40, 500), (200, 90)):
        sample = rng.normal(size=(n, d)) * np.exp(-0.1 * np.arange(d))
        axes = principal_axes(sample - sample.mean(axis=0), 16)
        assert np.linalg.svd(axes, compute_uv=False).max() <= 1.0


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("path", [*PATHS, "brute"])
def test_radius_finds_exactly_what_lies_within(metric, path):
    rng = np.random.default_rng(4)
    X = rng.integers(5, size=(500, 3)).astype(float)
    Q = X[:N_QUERIES]
    every = defined(Q, X, metric)
    radius = float(np.quantile(every, 0.05))
    index = NearestNeighbors(metric=metric, algorithm=path).fit(X)
    distances, rows = index.radius_neighbors(Q, radius)
    for q in range(len(Q)):
        d, i = distances[q], rows[q]
        assert (np.lexsort((i, d)) == np.arange(len(i))).all()
        if metric == "cosine":  # the last bit of a quotient decides at the boundary
            assert set(i) >= set(np.flatnonzero(every[q] < radius - 1e-12))
            assert set(i) <= set(np.flatnonzero(every[q] < radius + 1e-12))
        else:
            assert set(i) == set(np.flatnonzero(every[q] <= radius))


def test_without_queries_a_row_is_not_its_own_neighbour():
    X = np.array([[0.0], [1.0], [1.0], [5.0]])
    distances, rows = NearestNeighbors(1).fit(X).kneighbors()
    np.testing.assert_array_equal(rows, [[1], [2], [1], [1]])
    np.testing.assert_array_equal(distances, [[1.0], [0.0], [0.0], [4.0]])
    rows = NearestNeighbors(1).fit(X).radius_neighbors(radius=1, return_distance=False)
    assert [list(r) for r in rows] == [[1, 2], [2, 0], [1, 0], []]


@pytest.mark.parametrize("path", [*PATHS, "brute"])
def test_the_answer_does_not_depend_on_threads_batches_or_layout(path):
    rng = np.random.default_rng(5)
    X = rng.normal(size=(3000, 24)) * np.exp(-0.2 * np.arange(24))
    Q = X[::5] + 0.01
    index = NearestNeighbors(6, algorithm=path).fit(X)
    expected = index.kneighbors(Q)
    frozen = Q.copy()
    frozen.flags.writeable = False
    variants = {
        "threads": NearestNeighbors(6, algorithm=path, n_jobs=2).fit(X).kneighbors(Q),
        "fortran": index.kneighbors(np.asfortranarray(Q)),
        "read-only": index.kneighbors(frozen),
        "strided": index.kneighbors(np.repeat(Q, 2, axis=0)[::2]),
        "list": index.kneighbors(Q.tolist()),
    }
    alone = [index.kneighbors(q[None]) for q in Q[:50]]
    for k in range(2):
        one_by_one = np.concatenate([answer[k] for answer in alone])
        np.testing.assert_array_equal(one_by_one, expected[k][:50])
        for name, answer in variants.items():
            np.testing.assert_array_equal(answer[k], expected[k], err_msg=name)


@pytest.mark.parametrize("path", PATHS)
def test_the_type_of_the_same_values_does_not_matter(path):
    rng = np.random.default_rng(6)
    X = rng.integers(256, size=(1200, 50)).astype(np.uint8)
    expected = NearestNeighbors(5, algorithm=path).fit(X).kneighbors(X[:40])
    for kind in (np.float16, np.float32, np.float64, np.int32, np.int64, np.uint16):
        index = NearestNeighbors(5, algorithm=path).fit(X.astype(kind))
        for found, right in zip(
            index.kneighbors(X[:40].astype(kind)), expected, strict=True
        ):
            np.testing.assert_array_equal(found, right)
    # Queries between the grey levels leave the path of bytes, and still are exact.
    Q = X[:40] + 0.5
    distances, rows = NearestNeighbors(5, algorithm=path).fit(X).kneighbors(Q)
    every = defined(Q, X, "euclidean")
    order = np.argsort(every, axis=1, kind="stable")[:, :5]
    np.testing.assert_array_equal(rows, order)
    np.testing.assert_allclose(distances, np.take_along_axis(every, order, 1))


def test_a_zero_vector_has_cosine_distance_one_to_everything():
    X = np.array([[1.0, 0.0], [0.0, 0.0], [-1.0, 0.0]])
    distances, rows = NearestNeighbors(3, metric="cosine").fit(X).kneighbors(X[:2])
    np.testing.assert_array_equal(rows, [[0, 1, 2], [0, 1, 2]])
    np.testing.assert_array_equal(distances, [[0, 1, 2], [1, 1, 1]])


def test_as_many_neighbours_as_rows_sort_the_catalogue():
    rng = np.random.default_rng(7)
    X = rng.normal(size=(1500, 9))
    for k in (1000, 1024, 1025, 1500):
        _, rows = NearestNeighbors(k).fit(X).kneighbors(X[:3])
        order = np.argsort(defined(X[:3], X, "sqeuclidean"), axis=1)[:, :k]
        np.testing.assert_array_equal(rows, order)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"n_neighbors": 0},
            "n_neighbors must be a whole number of at least 1, got 0.",
        ),
        (
            {"n_neighbors": 1.5},
            "n_neighbors must be a whole number of at least 1, got 1.5.",
        ),
        ({"metric": "near"}, "metric must be a function of two rows or one of"),
        ({"p": 0.5}, "p must be at least 1, got 0.5."),
        ({"algorithm": "trees"}, "algorithm must be one of"),
    ],
)
def test_rejects_bad_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        NearestNeighbors(**parameters).fit([[0.0], [1.0]])


@pytest.mark.parametrize(
    ("query", "k", "message"),
    [
        ([[0.0]], 3, "Expected n_neighbors <= n_samples_fit"),
        ([[0.0]], 0, "n_neighbors must be a whole number of at least 1"),
        ([[0.0, 1.0]], 1, "X has 2 features"),
        ([[np.nan]], 1, "NaN"),
        ([[np.inf]], 1, "infinity"),
    ],
)
def test_rejects_what_the_kernels_could_not_read_safely(query, k, message):
    index = NearestNeighbors().fit([[0.0], [1.0]])
    with pytest.raises(ValueError, match=message):
        index.kneighbors(query, k)


def test_rejects_a_radius_that_is_no_number():
    with pytest.raises(ValueError, match="radius must be a number, got nan"):
        NearestNeighbors().fit([[0.0]]).radius_neighbors([[0.0]], float("nan"))


def test_the_fast_path_is_off_without_the_compiler():
    if config.DISABLE_JIT:
        assert not simd.HAS_VNNI


@pytest.mark.parametrize("path", [*PATHS, "brute"])
@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("length", [1e155, 1e300, -1e308])
def test_rows_and_queries_whose_squares_overflow_are_refused(path, metric, length):
    X = np.random.default_rng(0).normal(size=(1100, 9))
    far = X.copy()
    far[777] = length
    model = NearestNeighbors(metric=metric, algorithm=path)
    with pytest.raises(ValueError, match="X holds values whose squares overflow float"):
        model.fit(far)
    model.fit(X)
    with pytest.raises(ValueError, match="X holds values whose squares overflow float"):
        model.kneighbors(far[770:780])
    with pytest.raises(ValueError, match="X holds values whose squares overflow float"):
        model.radius_neighbors(far[770:780])


@pytest.mark.parametrize("metric", [*METRICS, "chebyshev"])
def test_sparse_rows_and_queries_are_held_to_the_same(metric):
    good = csr_array(np.eye(3))
    bad = [
        (csr_array([[1e200, 0, 1.0]]), "X holds values whose squares overflow float64"),
        (csr_array([[2**53 + 1, 0, 1]]), "X holds whole numbers from 2"),
        (csr_array([[0, np.nan, 1.0]]), "NaN"),
        # Two entries of one place are a sum.
        (csr_array(([1e308, 1e308], [2, 2], [0, 2]), (1, 3)), "squares overflow"),
    ]
    if metric == "cosine":
        bad.append((csr_array([[1e-160, 0, 0]]), "so short that their squares under"))
    model = NearestNeighbors(1, metric=metric)
    for rows, message in bad:
        with pytest.raises(ValueError, match=message):
            model.fit(rows)
        for catalogue in (good, good.toarray()):
            model.fit(catalogue)
            for ask in (model.kneighbors, model.radius_neighbors):
                with pytest.raises(ValueError, match=message):
                    ask(rows)


def test_entries_of_one_place_are_added_and_left_as_they_were():
    halves = csr_array((np.float32([3e38, 3e38, 1]), [0, 0, 1], [0, 2, 3]), (2, 2))
    rows = [[np.float64(np.float32(3e38)) * 2, 0], [0, 1]]
    for catalogue in (halves, rows):
        distances, found = NearestNeighbors(2).fit(catalogue).kneighbors(halves)
        assert found.tolist() == [[0, 1], [1, 0]]
        assert distances[:, 0].tolist() == [0, 0]
    assert halves.nnz == 3


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e-40, 1e30, 1e140])
def test_rows_of_any_length_are_found(path, metric, scale):
    """Some rows, all rows or the queries are that long: as all distances say."""
    X = np.random.default_rng(1).normal(size=(1100, 9)) * np.exp(-0.3 * np.arange(9))
    some = np.where(np.arange(1100)[:, None] % 100 == 7, X * scale, X)
    model, brute = (
        NearestNeighbors(metric=metric, algorithm=a) for a in (path, "brute")
    )
    for rows, Q in ((some, some[:20]), (X * scale, X[:9] * scale), (X, X[:9] * scale)):
        if metric == "cosine" and scale < 1e-140:  # of which the cosine divides
            with pytest.raises(ValueError, match="so short that their squares under"):
                model.fit(rows).kneighbors(Q)
            continue
        found = model.fit(rows).kneighbors(Q)
        assert np.isfinite(found[0]).all()
        np.testing.assert_equal(found, brute.fit(rows).kneighbors(Q))


def test_whole_numbers_that_would_be_rounded_are_refused():
    rows = 2**60 + np.arange(40).reshape(20, 2)
    with pytest.raises(ValueError, match="whole numbers from"):
        NearestNeighbors().fit(rows)
    _, found = NearestNeighbors(1).fit(rows - 2**60).kneighbors([[10, 11]])
    assert found.tolist() == [[5]]
    model = NearestNeighbors(1).fit(rows - 2**60)
    with pytest.raises(ValueError, match="whole numbers from"):
        model.kneighbors([[2**53 + 1, 0]])
    with pytest.raises(ValueError, match="whole numbers from"):
        NearestNeighbors(metric="chebyshev").fit(rows)


def test_a_limit_that_is_no_number_lets_every_row_through():
    empty = np.zeros(1)
    queries = Queries(*[empty] * 4, *[np.array([np.nan])] * 4)
    assert key_limit(queries, 0, 1.0) == 2147483000.0


@pytest.mark.parametrize("kind", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("algorithm", ["auto", "brute", "portable"])
def test_cosine_distances_lie_between_0_and_2(algorithm, kind):
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 120, size=(1_500, 24)).astype(kind)
    index = NearestNeighbors(1_500, algorithm=algorithm, metric="cosine").fit(rows)
    Q = rows[:100] * (2 if kind == np.uint8 else rng.uniform(0.1, 10, (100, 1)))
    for queries in (Q.astype(kind), -Q.astype(np.float64)):
        distances, _ = index.kneighbors(queries)
        near, _ = index.radius_neighbors(queries, 5.0)
        assert 0.0 <= distances.min() <= distances.max() <= 2.0
        assert 0.0 <= min(map(np.min, near)) <= max(map(np.max, near)) <= 2.0


def test_parallel_rows_tie_at_distance_0():
    few = np.outer([1.0, 3.0, 7.0, 11.0], np.random.default_rng(0).normal(size=5))
    for scale in np.linspace(0.3, 5, 50):
        index = NearestNeighbors(4, metric="cosine").fit(few * scale)
        distances, rows = index.kneighbors(few)
        assert distances.min() >= 0.0
        order = np.lexsort((rows, distances), axis=1)
        assert (order == np.arange(4)).all()
