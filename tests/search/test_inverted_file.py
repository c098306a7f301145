"""Lists of codes: kernels and searches follow their definitions on every path."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import config, njit

from lookalike.kernels import inverted_file as kernels
from lookalike.kernels import simd
from lookalike.kernels.byte_codes import SCALE, as_code, own_of
from lookalike.kernels.inverted_file import HIGHEST
from lookalike.kernels.lowest_keys import NONE, empty, put
from lookalike.search import NearestNeighbors
from lookalike.search.index import ExactIndex
from lookalike.search.inverted_file import InvertedFile, in_panels
from lookalike.search.lloyd import centres_of, nearest_centre

PATHS = [True, False] if simd.HAS_VNNI else [False]


def small_index(X, metric="euclidean", signed=False, n_axes=60):
    exact = ExactIndex(X, metric, 5, True, not signed, None)
    rng = np.random.default_rng(0)
    rows = np.arange(len(X))
    return InvertedFile.build(exact, n_axes, signed, rows, rng, None)


ALL = (1e6, 1e6)  # a search that reads every list and compares every row


@pytest.mark.parametrize("signed", PATHS)
@pytest.mark.parametrize("metric", ["sqeuclidean", "cosine", "inner_product"])
@pytest.mark.parametrize("kind", [np.uint8, np.float32, np.float64])
def test_a_search_of_all_lists_is_exact(signed, metric, kind):
    rng = np.random.default_rng(4)
    X, Q = (rng.integers(1, 60, size=(n, 9)).astype(kind) for n in (1100, 90))
    lists = small_index(X, metric, signed)
    index = NearestNeighbors(5, algorithm="brute", metric=metric).fit(X)
    expected, true = index.kneighbors(Q)
    for some in (slice(0, 90), slice(3, 4)):
        distances, rows = lists.nearest(Q[some], 5, 1100, *ALL, None)
        np.testing.assert_array_equal(rows, true[some])
        np.testing.assert_allclose(distances, expected[some], rtol=1e-12)


@pytest.mark.skipif(not simd.HAS_VNNI, reason="needs the processor's instruction")
@pytest.mark.parametrize("metric", ["euclidean", "cosine", "inner_product"])
def test_the_portable_path_gives_the_same_answer(metric):
    rng = np.random.default_rng(5)
    X = rng.normal(size=(1500, 150)).astype(np.float32)
    fast, portable = (small_index(X, metric, s, n_axes=124) for s in (True, False))
    np.testing.assert_array_equal(fast.parts.rows, portable.parts.rows)
    for found, expected in zip(
        fast.nearest(X[:50] + 0.1, 5, 12, 20.0, 1.2, None),
        portable.nearest(X[:50] + 0.1, 5, 12, 20.0, 1.2, None),
        strict=True,
    ):
        np.testing.assert_array_equal(found, expected)


@njit
def put_all(keys, values):
    for value in values:
        put(keys, value)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(0, 200), length=st.integers(1, 70))
def test_the_lowest_keys_definition(seed, n, length):
    rng = np.random.default_rng(seed)
    values = rng.integers(-(2**31), 2**31 - 1, size=n).astype(np.int32)
    values[::3] = values[: len(values[::3])]
    lists = [empty(length), empty(length)]
    for keys in lists:
        keys[:] = NONE
    put_all(lists[0], values)
    for value in values:  # as it is without the compiler
        put(lists[1], value)
    np.testing.assert_array_equal(*lists)
    room = len(lists[0])
    assert room >= length
    assert lists[0].ctypes.data % 64 == 0
    expected = sorted(values.tolist() + [NONE] * room)[:room]
    assert lists[0].tolist() == expected


@njit
def keys_of(code, panels, starts, first, n, keys):
    kernels.panel_keys(code, panels, starts, first, n, keys)


@njit
def bits_of(panels, keys, n, limit):
    bits = kernels.at_most(panels, keys, n, limit)
    return bits, kernels.lowest(panels, bits) if bits != 0 else -1


@pytest.mark.parametrize("signed", PATHS)
@pytest.mark.parametrize("n_axes", [1, 5, 60, 124])
def test_keys_of_panels_follow_their_definition(signed, n_axes):
    rng = np.random.default_rng(n_axes)
    codes = rng.integers(-127, 128, size=(50, n_axes)).astype(np.int8)
    squares = rng.integers(0, 2**28, size=50).astype(np.int32)
    positions = rng.permutation(80)[:50]
    panels = in_panels(codes, squares, positions, 5, signed)
    starts = panels.view(np.int32)[..., 0]
    query = np.zeros(panels.shape[1] * 4 - 4, np.int64)
    query[:n_axes] = rng.integers(-127, 128, size=n_axes)
    code = np.zeros(len(query), np.uint8)
    code[:n_axes] = query[:n_axes] + 128
    expected = np.full(80, 2**30)
    expected[positions] = squares - 2 * (codes.astype(np.int64) @ query[:n_axes])
    if not signed:
        expected[positions] -= 2 * 128 * int(code.astype(np.int64).sum())
    for first, n in ((0, 1), (1, 2), (2, 3), (1, 4)):
        keys, plain = np.full((2, 64), -7, np.int32)
        keys_of(code, panels, starts, first, n, keys)
        kernels.panel_keys(code, panels, starts, first, n, plain)
        np.testing.assert_array_equal(
            keys[: 16 * n], expected[16 * first : 16 * (first + n)]
        )
        np.testing.assert_array_equal(plain, keys)
        assert (keys[16 * n :] == -7).all()


@pytest.mark.parametrize("signed", PATHS)
@pytest.mark.parametrize("n", [16, 32, 48, 64, 5])
def test_bits_of_keys_follow_their_definition(signed, n):
    panels = np.zeros((1, 2, 16, 4), np.int8 if signed else np.uint8)
    keys = np.random.default_rng(n).integers(-9, 9, size=64).astype(np.int32)
    for limit in (-10, -9, -5, 0, 8):
        low = np.flatnonzero(keys[:n] <= limit)
        expected = sum(1 << int(j) for j in low), low[0] if len(low) else -1
        assert bits_of(panels, keys, n, np.int32(limit)) == expected
        assert kernels.at_most(panels, keys, n, limit) == expected[0]


@njit
def looked_for(index, code, own, search_radius, k, rerank_ratio, width):
    panels = index.panels.shape[0] + index.centre_panels.shape[0] + 4
    keys, nearest = np.empty(16 * panels, np.int32), empty(k)
    lists = np.empty(len(index.first) - 1, np.int64)
    found = np.empty(2 * width + 64, np.int64)
    n = kernels.near_lists(index, code, own, search_radius, keys, lists)
    kernels.read(index, code, lists, n, keys)
    m = kernels.select(
        index, own, lists, n, keys, k, rerank_ratio, nearest, found, width
    )
    return lists[:n], found[:m]


@pytest.mark.parametrize("signed", PATHS)
@pytest.mark.parametrize("spread", [3, 99])
@pytest.mark.parametrize(
    ("search_radius", "rerank_ratio", "width"),
    [(0, 1.0, 9), (9, 1.2, 40), (30, 1.0, 5), (1e4, 4.0, 7)],
)
def test_lists_and_rows_are_chosen_by_their_definition(
    signed, spread, search_radius, rerank_ratio, width
):
    """Many rows are equal, and many more are near than there is room for."""
    rng = np.random.default_rng(10)
    X = rng.integers(0, spread, size=(700, 8)).astype(np.uint8)
    index = small_index(X, signed=signed).parts
    for q in X[:12]:
        code, own = encoded(index, q)
        own += 0 if signed else 256 * int(code.sum())
        squared = np.maximum(centre_keys(index, code) + own, 0)
        read = np.sqrt(squared) <= np.sqrt(squared.min()) + search_radius
        lists, found = looked_for(
            index, code, own, search_radius, 5, rerank_ratio, width
        )
        assert squared[lists[0]] == squared.min()
        np.testing.assert_array_equal(np.sort(lists), np.flatnonzero(read))
        rows, keys = read_all(index, code, lists)
        limit = max(
            (max(np.sort(keys)[4] + own, 0)) * rerank_ratio - own, np.sort(keys)[4]
        )
        packed = np.sort((keys << 32) | rows)[: (keys <= limit).sum()]
        np.testing.assert_array_equal(np.sort(found), packed[:width])


def keys_by_hand(panels, code):
    """Keys of all positions, from the definition."""
    codes = panels[:, :-1].astype(np.int64)
    by_quad = code[: 4 * codes.shape[1]].astype(np.int64).reshape(-1, 4)
    dots = np.einsum("pirz,iz->pr", codes, by_quad)
    return (panels.view(np.int32)[:, -1, :, 0] - 2 * dots).ravel()


def centre_keys(index, code):
    return keys_by_hand(index.centre_panels, code)[: len(index.first) - 1]


def read_all(index, code, lists):
    """Rows of lists, and their keys."""
    keys = keys_by_hand(index.panels, code)
    positions = [np.arange(16 * index.first[c], 16 * index.first[c + 1]) for c in lists]
    positions = np.concatenate(positions)
    positions = positions[keys[positions] < HIGHEST]
    return index.rows[positions].astype(np.int64), keys[positions]


@pytest.mark.parametrize("signed", PATHS)
def test_every_row_stands_in_one_list_that_of_its_centre(signed):
    X = np.random.default_rng(1).integers(0, 99, size=(900, 30)).astype(np.uint8)
    index = small_index(X, signed=signed)
    parts = index.parts
    assert len(parts.first) - 1 == 60
    rows = [np.sort(read_all(parts, np.zeros(64, np.uint8), [c])[0]) for c in range(60)]
    assert np.sort(np.concatenate(rows)).tolist() == list(range(900))
    coded = parts.panels[:, :-1].transpose(0, 2, 1, 3).reshape(-1, 32)
    coded = coded.astype(np.float32) - (0 if signed else 128)
    centres = parts.centre_panels[:, :-1].transpose(0, 2, 1, 3).reshape(-1, 32)[:60]
    centres = centres.astype(np.float32) - (0 if signed else 128)
    near = 0
    for c in range(60):
        positions = np.arange(16 * parts.first[c], 16 * parts.first[c + 1])
        positions = positions[parts.starts[:, -1].ravel()[positions] != 2**30]
        near += (nearest_centre(coded[positions], centres) == c).sum()
    assert near > 0.97 * 900  # the centres here are rounded


@pytest.mark.parametrize("signed", PATHS)
def test_lists_that_are_known_are_kept_for_other_codes(signed):
    X = np.random.default_rng(1).integers(0, 99, size=(900, 70)).astype(np.uint8)
    first = small_index(X, signed=signed)
    exact, rng = first._exact, np.random.default_rng(0)
    some = np.arange(0, 900, 2)
    again = InvertedFile.build(exact, 64, signed, some, rng, None, first.lists)
    assert again.parts.panels.shape[1] == 17
    np.testing.assert_array_equal(again.lists, first.lists)
    for index in (first, again):
        assert index.parts.rows[index.positions].tolist() == list(range(900))
    offset = 0 if signed else 128
    codes = again.parts.panels[:, :-1].transpose(0, 2, 1, 3).reshape(-1, 64)
    codes = codes[again.positions].astype(float) - offset
    centres = again.parts.centre_panels[:, :-1].transpose(0, 2, 1, 3).reshape(-1, 64)
    for c in range(60):
        mine = some[again.lists[some] == c]
        expected = codes[mine].mean(axis=0) if len(mine) else np.zeros(64)
        assert np.abs(centres[c].astype(float) - offset - expected).max() <= 0.51


def test_centres_are_means_and_a_centre_without_rows_stays():
    rows = np.float32([[0, 0], [100, 0], [1, 1], [99, 3], [2, 2], [0, 0]])
    centres = centres_of(rows, 2, 4)
    np.testing.assert_array_equal(centres, [[0.75, 0.75], [99.5, 1.5]])
    twice = centres_of(np.float32([[5], [5], [6]]), 2, 1)
    np.testing.assert_allclose(twice, [[16 / 3], [5]])
    rows = np.random.default_rng(0).normal(size=(5000, 3)).astype(np.float32)
    centres = rows[:50]
    found = [nearest_centre(rows, centres, n_jobs) for n_jobs in (None, 2)]
    every = ((rows[:, None].astype(float) - centres) ** 2).sum(-1)
    for nearest in found:
        chosen = np.take_along_axis(every, nearest[:, None], 1)[:, 0]
        np.testing.assert_allclose(chosen, every.min(1), atol=1e-5)


@pytest.mark.parametrize("signed", PATHS)
@pytest.mark.parametrize("metric", ["euclidean", "cosine", "inner_product"])
def test_the_needed_lists_and_rows_find_each_neighbour(signed, metric):
    rng = np.random.default_rng(15)
    n = 1000, 12 if config.DISABLE_JIT else 40  # uncompiled, each takes a second
    X, Q = (rng.integers(0, 99, size=(each, 40)).astype(np.uint8) for each in n)
    lists = small_index(X, metric, signed)
    true = NearestNeighbors(6, metric=metric).fit(X).kneighbors(Q)[1]
    seen = set()
    for search_radius in (3.0, 20.0, 60.0):
        search_radii, rerank_ratios = lists.needs(Q, true, 6, search_radius, None)
        for rerank_ratio in (1.0, 1.1, 1.4):
            found = lists.nearest(Q, 6, 2000, search_radius, rerank_ratio, None)[1]
            there = (found[:, :, None] == true[:, None, :]).any(axis=1)
            expected = (search_radii <= search_radius) & (rerank_ratios <= rerank_ratio)
            # Lists that hold too few rows leave the answer to the exact search.
            np.testing.assert_array_equal(there | expected, there)
            few = there.all(axis=1) & ~expected.all(axis=1)
            np.testing.assert_array_equal(there[~few], expected[~few])
            seen |= {(search_radius, rerank_ratio, few.mean() < 0.5)}
    assert all(mostly for *_, mostly in seen)
    assert len(seen) == 9


@pytest.mark.parametrize("signed", PATHS)
def test_no_answer_depends_on_the_queries_beside_it(signed):
    rng = np.random.default_rng(8)
    X, Q = (rng.integers(0, 99, size=(n, 70)).astype(np.uint8) for n in (2000, 90))
    lists = small_index(X, signed=signed, n_axes=124)
    together = lists.nearest(Q, 5, 10, 20.0, 1.1, None)
    for q in range(len(Q)):
        alone = lists.nearest(Q[q : q + 1], 5, 10, 20.0, 1.1, None)
        for one, many in zip(alone, together, strict=True):
            np.testing.assert_array_equal(one[0], many[q])


def encoded(index, q):
    """Code of a query of as many features as axes, and its squared length."""
    n = index.axes.shape[1]
    used, values = np.empty(len(q) + 4, np.int64), np.empty(len(q) + 4, np.float32)
    sums, code = np.empty(n, np.float32), np.empty(n, np.uint8)
    row = np.pad(q, (0, -len(q) % 64))
    as_code(index, row, 1.0, used, values, np.empty(n, np.int32), sums, code)
    return code, own_of(index, float((q.astype(float) ** 2).sum()), sums)


@pytest.mark.parametrize("signed", PATHS)
@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_key_and_own_length_add_up_to_the_squared_distance(signed, kind):
    rng = np.random.default_rng(12)
    X = rng.integers(0, 250, size=(1100, 90)).astype(kind)
    index = small_index(X, signed=signed, n_axes=124).parts
    q = rng.integers(0, 250, size=90).astype(kind)
    code, own = encoded(index, q)
    own += 0 if signed else 256 * int(code.sum())
    rows, keys = read_all(index, code, range(len(index.first) - 1))
    assert sorted(rows) == list(range(1100))
    scale = index.centre[SCALE]
    true = ((X[rows].astype(float) - q) ** 2).sum(axis=1) * scale
    np.testing.assert_allclose(keys + own, true, rtol=0.05)


@pytest.mark.skipif(not simd.HAS_VNNI, reason="needs the processor's instruction")
def test_bytes_are_encoded_alike_on_both_paths():
    rng = np.random.default_rng(13)
    X = rng.integers(0, 250, size=(1100, 150)).astype(np.uint8)
    X[:, 30:60] = 0
    fast, portable = (small_index(X, signed=s, n_axes=124).parts for s in (True, False))
    assert fast.steps.shape == (2, 38, 64, 4)
    held = fast.starts[:, -1] != 2**30
    coded = (fast.panels.view(np.uint8)[:, :-1] ^ 128) * held[:, None, :, None]
    np.testing.assert_array_equal(coded, portable.panels[:, :-1])
    for q in (X[3], np.zeros(150, np.uint8), np.full(150, 255, np.uint8)):
        code, own = encoded(fast, q)
        again, same = encoded(portable, q)
        np.testing.assert_array_equal(code, again)
        assert own == same
        expected = np.clip(np.rint(q @ fast.axes - fast.centre), -127, 127) + 128
        assert np.abs(code - expected * (fast.coded > 0)).max() <= 1


@pytest.mark.parametrize("signed", PATHS)
def test_a_larger_search_radius_finds_more(signed):
    rng = np.random.default_rng(14)
    X, Q = (rng.integers(0, 99, size=(n, 12)).astype(np.uint8) for n in (3000, 200))
    lists = small_index(X, signed=signed)
    _, true = NearestNeighbors(5).fit(X).kneighbors(Q)
    recalls = [
        (
            lists.nearest(Q, 5, 300, search_radius, rerank_ratio, None)[1][:, :, None]
            == true[:, None]
        )
        .any(axis=1)
        .mean()
        for search_radius, rerank_ratio in (
            (0.0, 1.0),
            (20.0, 1.0),
            (20.0, 1.2),
            (300.0, 2.0),
        )
    ]
    assert recalls == sorted(set(recalls))
    assert recalls[-1] == 1.0


@pytest.mark.parametrize("signed", PATHS)
def test_bytes_are_searched_like_the_same_numbers_as_floats(signed):
    rng = np.random.default_rng(9)
    X, Q = (rng.integers(0, 99, size=(n, 70)).astype(np.uint8) for n in (2000, 90))
    for metric in ("euclidean", "cosine", "inner_product"):
        lists = small_index(X, metric, signed=signed)
        rows = lists.nearest(Q, 5, 10, 20.0, 1.1, None)[1]
        floats = Q.astype(np.float32)
        np.testing.assert_array_equal(
            rows, lists.nearest(floats, 5, 10, 20.0, 1.1, None)[1]
        )


@pytest.mark.parametrize("signed", PATHS)
def test_lists_with_too_few_rows_do_not_shorten_the_answer(signed):
    X = np.concatenate([np.zeros((20, 2)), np.full((1480, 2), 9.0)]).astype(np.uint8)
    lists = small_index(X, signed=signed)
    for Q in (X[:1], X[:100], X[:1].astype(float)):
        distances, rows = lists.nearest(Q, 30, 60, 0.0, 1.0, None)
        expected, true = NearestNeighbors(30, metric="sqeuclidean").fit(X).kneighbors(Q)
        near = slice(0, 20)
        np.testing.assert_array_equal(rows[near], true[near])
        np.testing.assert_array_equal(distances, expected)
