"""Approximate nearest neighbours: the stated recall is kept, whatever the data."""

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.kernels import simd
from lookalike.kernels.graph import ANY, allowed, order, pack
from lookalike.kernels.graph_codes import SCALE, as_code, own_of
from lookalike.kernels.graph_edges import RELAXED, add_reverse, prune
from lookalike.kernels.sorted_list import MARGIN, NONE, empty, put, shift_in
from lookalike.search import ApproximateNeighbors, NearestNeighbors, approximate
from lookalike.search.approximate import first_true
from lookalike.search.graph import ByteCodes, Edges, NeighborGraph, neighbors_of_all
from lookalike.search.index import ExactIndex
from lookalike.search.promise import HeldOut, Interval, hold_out, interval

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


def small_graph(X, metric="euclidean", signed=False, n_lines=1):
    exact = ExactIndex(X, metric, 5, True, not signed, None)
    rng = np.random.default_rng(0)
    codes = ByteCodes(exact, n_lines, signed, rng, None)
    near = neighbors_of_all(exact, min(33, len(X)), None)[1]
    edges = Edges(codes, near, np.arange(len(X)), None)
    entries = rng.choice(len(X), min(64, len(X)), replace=False)
    return NeighborGraph(exact, codes, edges.edges, entries)


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


@pytest.mark.parametrize("signed", PATHS)
@pytest.mark.parametrize("metric", ["sqeuclidean", "cosine", "inner_product"])
@pytest.mark.parametrize("kind", [np.uint8, np.float32, np.float64])
def test_a_walk_as_wide_as_the_catalogue_is_exact(signed, metric, kind):
    rng = np.random.default_rng(4)
    X, Q = (rng.integers(1, 60, size=(n, 9)).astype(kind) for n in (1100, 30))
    graph = small_graph(X, metric, signed)
    index = NearestNeighbors(5, algorithm="brute", metric=metric).fit(X)
    distances, rows = graph.nearest(Q, 5, 1100, 1100, None)
    expected, true = index.kneighbors(Q)
    np.testing.assert_array_equal(rows, true)
    np.testing.assert_allclose(distances, expected, rtol=1e-12)


@pytest.mark.skipif(not simd.HAS_VNNI, reason="needs the processor's instruction")
@pytest.mark.parametrize("metric", ["euclidean", "cosine", "inner_product"])
def test_the_portable_path_gives_the_same_answer(metric):
    rng = np.random.default_rng(5)
    X = rng.normal(size=(1500, 150)).astype(np.float32)
    fast, portable = (small_graph(X, metric, s, n_lines=2) for s in (True, False))
    np.testing.assert_array_equal(fast.graph.edges, portable.graph.edges)
    for found, expected in zip(
        fast.nearest(X[:50] + 0.1, 5, 20, 12, None),
        portable.nearest(X[:50] + 0.1, 5, 20, 12, None),
        strict=True,
    ):
        np.testing.assert_array_equal(found, expected)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(0, 200), length=st.integers(1, 150))
def test_a_sorted_list_holds_the_smallest_that_were_put(seed, n, length):
    numbers = np.random.default_rng(seed).integers(-(2**62), 2**62, size=n).tolist()
    lists = empty(2, length)
    plain = empty(1, length)[0, MARGIN:]
    for number in numbers:
        put(lists[1, MARGIN:], length, np.int64(number))
        shift_in(plain, 0, -(-length // 8), number)  # as it is without the compiler
        plain[length] = NONE
    np.testing.assert_array_equal(lists[1, MARGIN:], plain)
    kept = sorted(numbers)[:length]
    assert lists[1, MARGIN : MARGIN + len(kept)].tolist() == kept
    assert (lists[1, MARGIN + len(kept) :] == NONE).all()
    assert (lists[0, MARGIN:] == NONE).all()


@pytest.mark.parametrize("signed", PATHS)
def test_no_answer_depends_on_the_queries_beside_it(signed):
    rng = np.random.default_rng(8)
    X, Q = (rng.integers(0, 99, size=(n, 70)).astype(np.uint8) for n in (2000, 90))
    graph = small_graph(X, signed=signed, n_lines=2)
    together = graph.nearest(Q, 5, 20, 10, None)
    for q in range(len(Q)):
        alone = graph.nearest(Q[q : q + 1], 5, 20, 10, None)
        for one, many in zip(alone, together, strict=True):
            np.testing.assert_array_equal(one[0], many[q])


@pytest.mark.parametrize("signed", PATHS)
def test_what_a_walk_found_is_ordered_by_the_whole_code(signed):
    rng = np.random.default_rng(10)
    X = rng.integers(0, 99, size=(1100, 150)).astype(np.uint8)
    graph = small_graph(X, signed=signed, n_lines=2).graph
    code = rng.integers(1, 255, size=192).astype(np.uint8) & graph.coded
    assert (code == 0).sum() == 4 + 4 + 34  # two starts, and 26 of 60 axes are there

    def keys(lines, starts, code):
        return starts[:, -1] - 2 * (lines.astype(np.int64) @ code.astype(np.int64))

    led = keys(graph.lines, graph.starts, code[:128])
    whole = led + keys(graph.more, graph.more_starts, code[128:])
    rows = rng.permutation(1100)[:40]
    beam = np.sort((led[rows] << 32) | (rows << 1) | 1)
    lists = empty(1, 25)
    assert order(graph, code, 1 << 30, beam, 40, lists[0, MARGIN:], 25, 5, ANY) == 25
    found = lists[0, MARGIN : MARGIN + 25]
    nearest = sorted(rows, key=lambda i: (whole[i], i))[:25]
    np.testing.assert_array_equal((found & 0xFFFFFFFF) >> 1, nearest)
    assert nearest != sorted(rows, key=lambda i: (led[i], i))[:25]


@pytest.mark.parametrize("signed", PATHS)
def test_no_row_is_compared_that_is_not_near_by_the_whole_code(signed):
    rng = np.random.default_rng(11)
    X = rng.integers(0, 99, size=(1100, 150)).astype(np.uint8)
    graph = small_graph(X, signed=signed, n_lines=2).graph
    code, own = encoded(graph, X[7])
    dots = graph.lines.astype(np.int64) @ code[:128].astype(np.int64)
    rest = graph.more.astype(np.int64) @ code[128:].astype(np.int64)
    led = graph.starts[:, -1] - 2 * dots
    whole = led + graph.more_starts[:, -1] - 2 * rest
    beam = np.sort((led << 32) | (np.arange(1100) << 1))
    far = whole + own + (0 if signed else 256 * int(code[128:].sum()))
    own += 0 if signed else 256 * int(code[:128].sum())
    far += 0 if signed else 256 * int(code[:128].sum())
    for near in (1.0, 1.05, 1.2):
        lists = empty(1, 1100)
        n = order(graph, code, own, beam, 1100, lists[0, MARGIN:], 1100, 10, near)
        assert n == (far <= np.sort(far)[9] * near).sum()
    assert 10 < n < 1100


def encoded(graph, q):
    """Code of a query of as many features as axes, and its squared length."""
    n = graph.axes.shape[1]
    used, values = np.empty(len(q) + 4, np.int64), np.empty(len(q) + 4, np.float32)
    sums, code = np.empty(n, np.float32), np.empty(n, np.uint8)
    row = np.pad(q, (0, -len(q) % 64))
    as_code(graph, row, 1.0, used, values, np.empty(n, np.int32), sums, code)
    return code, own_of(graph, float((q.astype(float) ** 2).sum()), sums)


@pytest.mark.parametrize("signed", PATHS)
@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_key_and_own_length_add_up_to_the_squared_distance(signed, kind):
    rng = np.random.default_rng(12)
    X = rng.integers(0, 250, size=(1100, 90)).astype(kind)
    graph = small_graph(X, signed=signed, n_lines=2).graph
    q = rng.integers(0, 250, size=90).astype(kind)
    code, own = encoded(graph, q)
    keys = graph.starts[:, -1] - 2 * (
        graph.lines.astype(np.int64) @ code[:128].astype(np.int64)
    )
    own += 0 if signed else 256 * int(code[:128].sum())
    scale = graph.centre[128 + SCALE]
    true = ((X.astype(float) - q) ** 2).sum(axis=1) * scale
    np.testing.assert_allclose(keys + own, true, rtol=0.05)


@pytest.mark.skipif(not simd.HAS_VNNI, reason="needs the processor's instruction")
def test_bytes_are_encoded_alike_on_both_paths():
    rng = np.random.default_rng(13)
    X = rng.integers(0, 250, size=(1100, 150)).astype(np.uint8)
    X[:, 30:60] = 0
    fast, portable = (small_graph(X, signed=s, n_lines=2).graph for s in (True, False))
    assert fast.steps.shape == (3, 38, 64, 4)
    np.testing.assert_array_equal(
        fast.lines.view(np.uint8)[:, :124] ^ 128, portable.lines[:, :124]
    )
    for q in (X[3], np.zeros(150, np.uint8), np.full(150, 255, np.uint8)):
        code, own = encoded(fast, q)
        again, same = encoded(portable, q)
        np.testing.assert_array_equal(code, again)
        assert own == same
        expected = np.clip(np.rint(q @ fast.axes - fast.centre), -127, 127) + 128
        assert np.abs(code - expected * (fast.coded > 0)).max() <= 1


def test_what_a_reach_allows():
    packed = pack(1000, 5)
    assert allowed(1.0, packed, 500) == pack(1001, 0) - 1
    assert allowed(1.5, packed, 500) == pack(1751, 0) - 1
    assert allowed(1.5, packed, -2000) == pack(1001, 0) - 1  # no distance below zero
    assert allowed(ANY, packed, 500) == pack(2**31 - 1, 0) - 1


@pytest.mark.parametrize("signed", PATHS)
def test_a_longer_reach_finds_more_until_it_finds_what_no_limit_finds(signed):
    rng = np.random.default_rng(14)
    X, Q = (rng.integers(0, 99, size=(n, 12)).astype(np.uint8) for n in (3000, 200))
    graph = small_graph(X, signed=signed)
    _, true = NearestNeighbors(5).fit(X).kneighbors(Q)
    found = [
        graph.nearest(Q, 5, 300, 300, None, reach, reach)[1]
        for reach in (1.0, 1.2, 1.6, 100.0)
    ]
    recalls = [overlap(rows, true) for rows in found]
    assert recalls[0] < recalls[1] < recalls[2] <= recalls[3]
    np.testing.assert_array_equal(found[3], graph.nearest(Q, 5, 300, 300, None)[1])


@pytest.mark.parametrize("signed", PATHS)
def test_bytes_are_searched_like_the_same_numbers_as_floats(signed):
    rng = np.random.default_rng(9)
    X, Q = (rng.integers(0, 99, size=(n, 70)).astype(np.uint8) for n in (2000, 90))
    for metric in ("euclidean", "cosine", "inner_product"):
        graph = small_graph(X, metric, signed=signed)
        rows = graph.nearest(Q, 5, 20, 10, None)[1]
        np.testing.assert_array_equal(
            rows, graph.nearest(Q.astype(np.float32), 5, 20, 10, None)[1]
        )


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(3, 60),
    limit=st.integers(1, 8),
    signed=st.sampled_from(PATHS),
)
def test_pruning_equals_the_rule(seed, n, limit, signed):
    rng = np.random.default_rng(seed)
    X = rng.integers(-5, 6, size=(n, 3))
    lines = np.zeros((n, 64), np.int8)
    lines[:, :3] = X
    squares, sums = (X**2).sum(1), 256 * X.sum(1)
    lines.view(np.int32)[:, -1] = squares + sums
    own = squares if signed else squares + sums + 2 * 128**2 * 60
    if not signed:
        lines[:, :-4] ^= -128
        lines = lines.view(np.uint8)
    every = ((X[:, None] - X) ** 2).sum(-1)
    near = np.argsort(every, axis=1, kind="stable")[:, :12]
    gone = rng.random(n) < 0.2
    edges = np.full((n, 8), -7, np.int32)
    prune(
        lines, lines.view(np.int32), own.astype(np.int32), near, gone,
        np.arange(n), limit, 0, n, edges,
    )  # fmt: skip
    for i in range(n):
        kept = []
        for j in near[i]:
            if j == i or gone[j] or len(kept) == limit:
                continue
            if all(RELAXED * every[j, b] >= every[i, j] for b in kept):
                kept.append(j)
        assert edges[i].tolist() == kept + [-1] * (8 - len(kept))


def test_reverse_edges_are_added_while_there_is_room():
    edges = np.array([[1, -1], [2, -1], [0, 1], [2, -1]], np.int32)
    add_reverse(edges)
    # 0-1 and 2-1 exist one way: 1 has room for 0 only; 0 has room for 2; 2 is full.
    assert edges.tolist() == [[1, 2], [2, 0], [0, 1], [2, -1]]


def test_rows_that_no_walk_reaches_do_not_shorten_the_answer():
    X = np.concatenate([np.zeros((20, 2)), np.full((1480, 2), 9.0)]).astype(np.float32)
    graph = small_graph(X)
    distances, rows = graph.nearest(X[:1], 30, 30, 30, None)
    assert sorted(rows[0].tolist()) == list(range(50))[: len(rows[0])]
    assert distances.shape == (1, 30)


def test_recall_counts_rows_and_leaves_out_those_that_were_taken_out():
    X = np.arange(2000.0)[:, None]
    exact = ExactIndex(X, "euclidean", 2, True, False, None)
    held_out = hold_out(exact, np.array([10, 1000]), np.array([10, 11, 1000]), 2, None)
    np.testing.assert_array_equal(held_out.truth, [[9, 8], [999, 1001]])
    assert held_out.recall(np.array([[8, 11], [1001, 999]])).value == 0.75


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
    # Together they err as often as one interval of 95%.
    assert sum(1 / (j * (j + 1)) for j in range(1, 1000)) < 1.0


@pytest.mark.parametrize("recall", [0.6, 0.9])
def test_a_walk_that_is_not_surely_good_enough_where_it_is_judged_is_refused(recall):
    class Rungs:
        """Walks of a known recall on the rows that judge."""

        n_jobs = None

        def __init__(self, recall):
            self.recall = recall

    rng = np.random.default_rng(0)
    truth = np.arange(10_000).reshape(1000, 10)
    judging = HeldOut(np.zeros((1000, 1)), truth, 0.0)

    class Rung(NamedTuple):
        share: float
        recall: Interval = Interval(0.0, 0.0, 1.0)

        def nearest(self, Q, k, n_jobs):
            return None, np.where(rng.random(truth.shape) < self.share, truth, -1)

    judge = ApproximateNeighbors._judged
    shares = [recall - 0.02, recall + 0.002, 1.0, recall + 0.03]
    walk = judge(Rungs(recall), [Rung(share) for share in shares], judging, 10)
    assert walk.share == recall + 0.03
    assert walk.recall.low <= walk.recall.value <= walk.recall.high
    assert abs(walk.recall.value - walk.share) < 0.02
    assert judge(Rungs(recall), [Rung(recall + 0.002)] * 9, judging, 10) is None


@pytest.mark.parametrize("n", [0, 1, 5, 6, 40])
def test_the_first_rung_that_holds(n):
    for first in range(n + 1):
        assert first_true(lambda a, first=first: a >= first, n) == first


@pytest.fixture(scope="module")
def walked():
    rng = np.random.default_rng(6)
    X = (rng.normal(size=(9000, 24)) * np.exp(-0.1 * np.arange(24)) * 9).round()
    with pytest.MonkeyPatch.context() as patch:  # which is faster is not asked
        patch.setattr(
            ApproximateNeighbors,
            "_compare",
            lambda self, walk, Q, k: self._take(walk, True),
        )
        index = ApproximateNeighbors(n_neighbors=5, recall=0.9).fit(X)
    return X, index


def test_reports_what_it_chose_and_measured(walked):
    _, index = walked
    assert index.method_ == "graph"
    assert index.recall_.low <= index.recall_.value <= index.recall_.high
    assert index.recall_.low >= 0.9
    assert index.queries_per_second_ > 100
    assert index.build_seconds_ > 0
    assert 9000 * 24 < index.memory_ < 9000 * 1000


def test_threads_and_callers_do_not_change_the_answer(walked):
    X, index = walked
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


def test_equal_distances_come_in_the_order_of_the_catalogue(walked):
    X, index = walked
    distances, rows = index.kneighbors(X[:300])
    tied = distances[:, 1:] == distances[:, :-1]
    assert (rows[:, 1:] > rows[:, :-1])[tied].all()


def test_fewer_neighbours_than_promised_are_the_first_of_these(walked):
    X, index = walked
    five, two = (index.kneighbors(X[:50] + 0.5, k) for k in (5, 2))
    for many, few in zip(five, two, strict=True):
        np.testing.assert_array_equal(many[:, :2], few)


def test_more_neighbours_than_promised_and_all_rows_are_exact(walked):
    X, index = walked
    exact = NearestNeighbors(50).fit(X)
    np.testing.assert_array_equal(
        index.kneighbors(X[:20] + 0.5, 50)[1], exact.kneighbors(X[:20] + 0.5)[1]
    )
    np.testing.assert_array_equal(
        index.kneighbors(n_neighbors=3)[1], exact.kneighbors(n_neighbors=3)[1]
    )


def test_more_rows_than_a_graph_is_built_for_are_searched_exactly(monkeypatch):
    monkeypatch.setattr(approximate, "MANY_ROWS", 8_200)
    monkeypatch.setattr(approximate, "neighbors_of_all", None)
    X = np.random.default_rng(7).normal(size=(8_300, 3))
    assert ApproximateNeighbors(recall=0.9).fit(X).method_ == "exact"


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
