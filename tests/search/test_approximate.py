"""Approximate nearest neighbours: the stated recall is kept, whatever the data."""

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from lookalike.search import ApproximateNeighbors, NearestNeighbors
from lookalike.search.approximate import first_true
from lookalike.search.byte_codes import ByteCodes
from lookalike.search.index import ExactIndex
from lookalike.search.recall_guarantee import (
    HeldOut,
    Interval,
    hold_out,
    interval,
    others,
)

METRICS = ["euclidean", "sqeuclidean", "cosine", "inner_product"]
SHAPES = ["independent", "clustered", "duplicated", "zeros", "high norm"]


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


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("metric", ["euclidean", "cosine", "inner_product"])
def test_reaches_the_recall_on_new_queries(shape, metric):
    rng = np.random.default_rng(3)
    X, Q = (shaped(shape, n, rng).astype(np.float32) for n in (8_500, 300))
    index = ApproximateNeighbors(recall=0.9, metric=metric).fit(X)
    _, true = NearestNeighbors(10, metric=metric).fit(X).kneighbors(Q)
    together = index.kneighbors(Q, return_distance=False)
    alone = [index.kneighbors(q[None], return_distance=False)[0] for q in Q]
    # The margin is the sampling error of 300 queries.
    assert overlap(together, true) > 0.9 - 0.03
    assert overlap(alone, true) > 0.9 - 0.03
    assert index.recall_.low >= 0.9


@pytest.mark.parametrize("n_neighbors", [1, 4])
@pytest.mark.parametrize("metric", METRICS)
def test_few_rows_are_answered_by_the_definition(metric, n_neighbors):
    rng = np.random.default_rng(0)
    X, Q = rng.normal(size=(60, 3)) * [3, 1, 1] + 1, rng.normal(size=(9, 3))
    every = -Q @ X.T if metric == "inner_product" else cdist(Q, X, metric)
    distances, rows = (
        ApproximateNeighbors(n_neighbors, metric=metric).fit(X).kneighbors(Q)
    )
    order = np.argsort(every, axis=1)[:, :n_neighbors]
    np.testing.assert_array_equal(rows, order)
    np.testing.assert_allclose(distances, np.take_along_axis(every, order, 1))


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


def test_a_candidate_is_validated_more_strictly_the_more_were_validated_before():
    shares = np.random.default_rng(0).random((1000, 10)).mean(1)
    plain = interval(shares, 10)
    lows = [interval(shares, 10, candidate).low for candidate in (1, 2, 3, 9)]
    assert sorted(lows, reverse=True) == lows
    assert lows[0] < plain.low
    assert interval(shares, 10, 9).value == plain.value
    # Together they err as often as one interval of 99.9%.
    assert sum(1 / (j * (j + 1)) for j in range(1, 1000)) < 1.0


@pytest.mark.parametrize("recall", [0.6, 0.9])
def test_a_plan_whose_lower_bound_of_recall_is_too_low_is_refused(recall):
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

    judge = ApproximateNeighbors._validated
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
    with pytest.MonkeyPatch.context() as patch:  # both paths are run, not the faster
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
    exact = index.exact_index
    held = exact.rows.nbytes + exact.norms.nbytes
    assert index.memory_ == held + sum(
        part.nbytes
        for name, part in index._plan.lists.parts._asdict().items()
        if name not in ("starts", "centre_starts")
    )


def test_no_more_recall_is_paid_for_than_asked(listed):
    X, index = listed
    Q = X[::9] + 0.5
    _, true = NearestNeighbors(5).fit(X).kneighbors(Q)
    assert 0.9 <= index.recall_.low <= index.recall_.value < 0.95
    assert 0.88 < overlap(index.kneighbors(Q, return_distance=False), true) < 0.95


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


def test_fewer_neighbours_than_planned_for_are_the_first_of_these(listed):
    X, index = listed
    five, two = (index.kneighbors(X[:50] + 0.5, k) for k in (5, 2))
    for many, few in zip(five, two, strict=True):
        np.testing.assert_array_equal(many[:, :2], few)


def test_more_neighbours_than_planned_for_and_all_rows_are_exact(listed):
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
    Q = X[:300] + 0.1
    true = NearestNeighbors(10).fit(X).kneighbors(Q)[1]
    np.testing.assert_array_equal(index.kneighbors(Q)[1], true)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"n_neighbors": 0},
            "n_neighbors must be a whole number of at least 1, got 0.",
        ),
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
        ([[0.0]], 0, "n_neighbors must be a whole number of at least 1"),
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


def test_one_far_row_does_not_set_the_scale_of_all():
    """What is counted: coordinates of the codes, and distances that are computed."""
    X = np.random.default_rng(0).normal(size=(3_000, 16))
    far = np.vstack([X, np.full((1, 16), 1e6)])
    exact = [ExactIndex(rows, "euclidean", 10, True, False, None) for rows in (X, far)]
    work = np.zeros((2, 200, 2), np.int64)
    for index, counted in zip(exact, work, strict=True):
        index.nearest(X[:200], 10, None, counted)
    computed = work[:, :, 1].sum(axis=1)
    assert computed[1] < 2 * computed[0]
    rng = np.random.default_rng(0)
    spread = [np.abs(ByteCodes(i, 16, rng).of(X)[0]).mean() for i in exact]
    assert spread[1] > 0.8 * spread[0]
