"""Approximate nearest neighbours: the stated recall is kept, whatever the data."""

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from lookalike.kernels import inverted_file as kernels
from lookalike.kernels import simd
from lookalike.kernels.byte_codes import SCALE, as_code, own_of
from lookalike.kernels.inverted_file import HIGHEST
from lookalike.kernels.lowest_keys import NONE, empty, put
from lookalike.search import ApproximateNeighbors, NearestNeighbors
from lookalike.search.approximate import first_true
from lookalike.search.index import ExactIndex
from lookalike.search.inverted_file import InvertedFile, in_panels
from lookalike.search.lloyd import centres_of, nearest_centre
from lookalike.search.promise import HeldOut, Interval, hold_out, interval, others

SHAPES = ["independent", "clustered", "duplicated", "zeros", "high norm"]
PATHS = [True, False] if simd.HAS_VNNI else [False]


def shaped(shape, n, rng, d=16):
    if shape == "independent":
        return rng.normal(size=(n, d))
    if shape == "clustered":
        centres = np.random.default_rng(9).normal(size=(40, d)) * 20
        return centres[rng.integers(40, size=n)] + rng.normal(size=(n, d))
    if shape == "duplicated":
        return np.random.default_rng(9).normal(size=(500, d))[rng.integers(500, size=n)]
    if shape == "zeros":
        return np.zeros((n, d))
    return rng.normal(size=(n, d)) * np.exp(rng.normal(size=(n, 1)) * 2)


def overlap(found, true):
    return np.mean(
        [len(set(a) & set(b)) / len(b) for a, b in zip(found, true, strict=True)]
    )


def small_index(X, metric="euclidean", signed=False, n_axes=60):
    exact = ExactIndex(X, metric, 5, True, not signed, None)
    rng = np.random.default_rng(0)
    rows = np.arange(len(X))
    return InvertedFile.build(exact, n_axes, signed, rows, rng, None)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("metric", ["euclidean", "cosine", "inner_product"])
def test_keeps_the_promise_on_queries_it_has_not_seen(shape, metric):
    rng = np.random.default_rng(3)
    X, Q = (shaped(shape, n, rng).astype(np.float32) for n in (8_500, 300))
    index = ApproximateNeighbors(recall=0.9, metric=metric).fit(X)
    _, true = NearestNeighbors(10, metric=metric).fit(X).kneighbors(Q)
    together = index.kneighbors(Q, return_distance=False)
    alone = [index.kneighbors(q[None], return_distance=False)[0] for q in Q]
    # Below the promise by no more than 300 queries may err.
    assert overlap(together, true) > 0.9 - 0.03
    assert overlap(alone, true) > 0.9 - 0.03
    assert index.recall_.low >= 0.9


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
    places = rng.permutation(80)[:50]
    panels = in_panels(codes, squares, places, 5, signed)
    starts = panels.view(np.int32)[..., 0]
    query = np.zeros(panels.shape[1] * 4 - 4, np.int64)
    query[:n_axes] = rng.integers(-127, 128, size=n_axes)
    code = np.zeros(len(query), np.uint8)
    code[:n_axes] = query[:n_axes] + 128
    expected = np.full(80, 2**30)
    expected[places] = squares - 2 * (codes.astype(np.int64) @ query[:n_axes])
    if not signed:
        expected[places] -= 2 * 128 * int(code.astype(np.int64).sum())
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
def looked_for(index, code, own, reach, k, near, width):
    panels = index.panels.shape[0] + index.centre_panels.shape[0] + 4
    keys, nearest = np.empty(16 * panels, np.int32), empty(k)
    lists = np.empty(len(index.first) - 1, np.int64)
    found = np.empty(2 * width + 64, np.int64)
    n = kernels.near_lists(index, code, own, reach, keys, lists)
    kernels.read(index, code, lists, n, keys)
    m = kernels.select(index, own, lists, n, keys, k, near, nearest, found, width)
    return lists[:n], found[:m]


@pytest.mark.parametrize("signed", PATHS)
@pytest.mark.parametrize("spread", [3, 99])
@pytest.mark.parametrize(
    ("reach", "near", "width"), [(0, 1.0, 9), (9, 1.2, 40), (30, 1.0, 5), (1e4, 4.0, 7)]
)
def test_lists_and_rows_are_chosen_by_their_definition(
    signed, spread, reach, near, width
):
    """Many rows are equal, and many more are near than there is room for."""
    rng = np.random.default_rng(10)
    X = rng.integers(0, spread, size=(700, 8)).astype(np.uint8)
    index = small_index(X, signed=signed).parts
    for q in X[:12]:
        code, own = encoded(index, q)
        own += 0 if signed else 256 * int(code.sum())
        squared = np.maximum(centre_keys(index, code) + own, 0)
        wanted = np.sqrt(squared) <= np.sqrt(squared.min()) + reach
        lists, found = looked_for(index, code, own, reach, 5, near, width)
        assert squared[lists[0]] == squared.min()
        np.testing.assert_array_equal(np.sort(lists), np.flatnonzero(wanted))
        rows, keys = read_all(index, code, lists)
        limit = max((max(np.sort(keys)[4] + own, 0)) * near - own, np.sort(keys)[4])
        packed = np.sort((keys << 32) | rows)[: (keys <= limit).sum()]
        np.testing.assert_array_equal(np.sort(found), packed[:width])


def keys_by_hand(panels, code):
    """Keys of all places, from the definition."""
    codes = panels[:, :-1].astype(np.int64)
    by_quad = code[: 4 * codes.shape[1]].astype(np.int64).reshape(-1, 4)
    dots = np.einsum("pirz,iz->pr", codes, by_quad)
    return (panels.view(np.int32)[:, -1, :, 0] - 2 * dots).ravel()


def centre_keys(index, code):
    return keys_by_hand(index.centre_panels, code)[: len(index.first) - 1]


def read_all(index, code, lists):
    """Rows of lists, and their keys."""
    keys = keys_by_hand(index.panels, code)
    places = [np.arange(16 * index.first[c], 16 * index.first[c + 1]) for c in lists]
    places = np.concatenate(places)
    places = places[keys[places] < HIGHEST]
    return index.rows[places].astype(np.int64), keys[places]


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
        places = np.arange(16 * parts.first[c], 16 * parts.first[c + 1])
        places = places[parts.starts[:, -1].ravel()[places] != 2**30]
        near += (nearest_centre(coded[places], centres) == c).sum()
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
        assert index.parts.rows[index.places].tolist() == list(range(900))
    offset = 0 if signed else 128
    codes = again.parts.panels[:, :-1].transpose(0, 2, 1, 3).reshape(-1, 64)
    codes = codes[again.places].astype(float) - offset
    centres = again.parts.centre_panels[:, :-1].transpose(0, 2, 1, 3).reshape(-1, 64)
    for c in range(60):
        mine = some[again.lists[some] == c]
        expected = codes[mine].mean(axis=0) if len(mine) else np.zeros(64)
        assert np.abs(centres[c].astype(float) - offset - expected).max() <= 0.51


def test_centres_are_means_and_one_that_nobody_is_near_stays():
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
def test_what_a_row_needs_is_what_finds_it(signed, metric):
    rng = np.random.default_rng(15)
    X, Q = (rng.integers(0, 99, size=(n, 40)).astype(np.uint8) for n in (2000, 80))
    lists = small_index(X, metric, signed)
    true = NearestNeighbors(6, metric=metric).fit(X).kneighbors(Q)[1]
    seen = set()
    for reach in (3.0, 20.0, 60.0):
        reaches, nears = lists.needs(Q, true, 6, reach, None)
        for near in (1.0, 1.1, 1.4):
            found = lists.nearest(Q, 6, 2000, reach, near, None)[1]
            there = (found[:, :, None] == true[:, None, :]).any(axis=1)
            expected = (reaches <= reach) & (nears <= near)
            # Lists that hold too few rows leave the answer to the exact search.
            np.testing.assert_array_equal(there | expected, there)
            few = there.all(axis=1) & ~expected.all(axis=1)
            np.testing.assert_array_equal(there[~few], expected[~few])
            seen |= {(reach, near, few.mean() < 0.5)}
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
def test_a_longer_reach_finds_more(signed):
    rng = np.random.default_rng(14)
    X, Q = (rng.integers(0, 99, size=(n, 12)).astype(np.uint8) for n in (3000, 200))
    lists = small_index(X, signed=signed)
    _, true = NearestNeighbors(5).fit(X).kneighbors(Q)
    recalls = [
        overlap(lists.nearest(Q, 5, 300, reach, near, None)[1], true)
        for reach, near in ((0.0, 1.0), (20.0, 1.0), (20.0, 1.2), (300.0, 2.0))
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


def test_recall_counts_other_rows_only():
    X = np.arange(2000.0)[:, None]
    exact = ExactIndex(X, "euclidean", 2, True, False, None)
    held_out = hold_out(exact, np.array([10, 1000]), 2, None)
    np.testing.assert_array_equal(held_out.truth, [[9, 11], [999, 1001]])
    assert held_out.recall(np.array([[11, 10, 8], [1001, 999, 5]])).value == 0.75
    assert held_out.recall(np.array([[10, 9, 11], [999, 7, 1001]])).value == 0.75
    np.testing.assert_array_equal(
        others(np.array([[10, 9, 11], [999, 7, 1001]]), held_out.rows),
        [[9, 11], [999, 7]],
    )
    copies = ExactIndex(np.zeros((1500, 1)), "euclidean", 2, True, False, None)
    assert hold_out(copies, np.array([1400]), 2, None).truth.tolist() == [[0, 1]]
    assert hold_out(copies, np.array([1]), 2, None).truth.tolist() == [[0, 2]]


def test_the_interval_narrows_with_queries_and_never_claims_certainty():
    rng = np.random.default_rng(0)
    few, many = (interval((rng.random((n, 10)) < 0.9).mean(1), 10) for n in (50, 5000))
    assert few.low < many.low < 0.9 < many.high < few.high
    assert interval(np.ones(100), 10).low < 1.0


def test_a_candidate_is_judged_more_strictly_the_more_were_judged_before():
    shares = np.random.default_rng(0).random((1000, 10)).mean(1)
    plain = interval(shares, 10)
    lows = [interval(shares, 10, candidate).low for candidate in (1, 2, 3, 9)]
    assert sorted(lows, reverse=True) == lows
    assert lows[0] < plain.low
    assert interval(shares, 10, 9).value == plain.value
    # Together they err as often as one interval of 99.9%.
    assert sum(1 / (j * (j + 1)) for j in range(1, 1000)) < 1.0


@pytest.mark.parametrize("recall", [0.6, 0.9])
def test_a_plan_that_is_not_surely_good_enough_where_it_is_judged_is_refused(recall):
    class Rungs:
        """Plans of a known recall on the rows that judge."""

        n_jobs = None

        def __init__(self, recall):
            self.recall = recall

    rng = np.random.default_rng(0)
    truth = np.arange(10_000).reshape(1000, 10)
    judging = HeldOut(np.full(1000, -5), np.zeros((1000, 1)), truth, 0.0)

    class Rung(NamedTuple):
        share: float
        recall: Interval = Interval(0.0, 0.0, 1.0)

        def nearest(self, Q, k, n_jobs):
            found = np.where(rng.random(truth.shape) < self.share, truth, -1)
            return None, np.pad(found, ((0, 0), (0, 1)), constant_values=-1)

    judge = ApproximateNeighbors._judged
    shares = [recall - 0.02, recall + 0.002, 1.0, recall + 0.03]
    plan = judge(Rungs(recall), [Rung(share) for share in shares], judging, 10)
    assert plan.share == recall + 0.03
    assert plan.recall.low <= plan.recall.value <= plan.recall.high
    assert abs(plan.recall.value - plan.share) < 0.02
    assert judge(Rungs(recall), [Rung(recall + 0.002)] * 9, judging, 10) is None


@pytest.mark.parametrize("n", [0, 1, 5, 6, 40])
def test_the_first_rung_that_holds(n):
    for first in range(n + 1):
        assert first_true(lambda a, first=first: a >= first, n) == first


@pytest.fixture(scope="module")
def listed():
    rng = np.random.default_rng(6)
    X = (rng.normal(size=(9000, 24)) * np.exp(-0.1 * np.arange(24)) * 9).round()
    with pytest.MonkeyPatch.context() as patch:  # which is faster is not asked
        patch.setattr(
            ApproximateNeighbors,
            "_compare",
            lambda self, plan, Q, k: self._take(plan, True),
        )
        index = ApproximateNeighbors(n_neighbors=5, recall=0.9).fit(X)
    return X, index


def test_reports_what_it_chose_and_measured(listed):
    _, index = listed
    assert index.method_ == "lists"
    assert index.recall_.low <= index.recall_.value <= index.recall_.high
    assert index.recall_.low >= 0.9
    assert index.queries_per_second_ > 100
    assert index.build_seconds_ > 0
    exact = index._exact
    held = exact.rows.nbytes + exact.norms.nbytes
    assert index.memory_ == held + sum(
        part.nbytes
        for name, part in index._plan.lists.parts._asdict().items()
        if name not in ("starts", "centre_starts")
    )


def test_threads_and_callers_do_not_change_the_answer(listed):
    X, index = listed
    Q = X[:400] + 0.5
    distances, rows = index.kneighbors(Q)
    with ThreadPoolExecutor(4) as pool:
        for again in pool.map(lambda _: index.kneighbors(Q), range(4)):
            np.testing.assert_array_equal(again[1], rows)
    index.set_params(n_jobs=2)
    np.testing.assert_array_equal(index.kneighbors(Q)[1], rows)
    every = np.sqrt(((Q[:, None] - X[rows]) ** 2).sum(-1))
    np.testing.assert_allclose(distances, every)
    index.set_params(n_jobs=None)


def test_equal_distances_come_in_the_order_of_the_catalogue(listed):
    X, index = listed
    distances, rows = index.kneighbors(X[:300])
    tied = distances[:, 1:] == distances[:, :-1]
    assert (rows[:, 1:] > rows[:, :-1])[tied].all()


def test_fewer_neighbours_than_promised_are_the_first_of_these(listed):
    X, index = listed
    five, two = (index.kneighbors(X[:50] + 0.5, k) for k in (5, 2))
    for many, few in zip(five, two, strict=True):
        np.testing.assert_array_equal(many[:, :2], few)


def test_more_neighbours_than_promised_and_all_rows_are_exact(listed):
    X, index = listed
    exact = NearestNeighbors(50).fit(X)
    np.testing.assert_array_equal(
        index.kneighbors(X[:20] + 0.5, 50)[1], exact.kneighbors(X[:20] + 0.5)[1]
    )
    np.testing.assert_array_equal(
        index.kneighbors(n_neighbors=3)[1], exact.kneighbors(n_neighbors=3)[1]
    )


def test_recall_one_is_the_exact_search():
    X = np.random.default_rng(7).normal(size=(8300, 3))
    index = ApproximateNeighbors(recall=1.0).fit(X)
    assert index.method_ == "exact"
    assert index.recall_ == (1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_neighbors": 0}, "n_neighbors must be a positive integer, got 0."),
        ({"recall": 0.0}, "recall must be above 0 and at most 1, got 0.0."),
        ({"recall": 95}, "recall must be above 0 and at most 1, got 95."),
        ({"recall": "high"}, "recall must be above 0 and at most 1, got 'high'."),
        ({"metric": "manhattan"}, "metric must be one of"),
    ],
)
def test_rejects_bad_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        ApproximateNeighbors(**parameters).fit([[0.0], [1.0]])


@pytest.mark.parametrize(
    ("query", "k", "message"),
    [
        ([[0.0]], 3, "Expected n_neighbors <= n_samples_fit"),
        ([[0.0]], 0, "n_neighbors must be a positive integer"),
        ([[0.0, 1.0]], 1, "X has 2 features"),
        (np.zeros((1, 2), np.uint8), 1, "X has 2 features"),
        ([[np.nan]], 1, "NaN"),
        ([[np.inf]], 1, "infinity"),
    ],
)
def test_rejects_what_the_kernels_could_not_read_safely(query, k, message):
    index = ApproximateNeighbors(n_neighbors=1).fit([[0.0], [1.0]])
    with pytest.raises(ValueError, match=message):
        index.kneighbors(query, k)
