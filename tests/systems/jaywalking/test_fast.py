"""What is compiled returns the same bits as the formulas and the forests read."""

import numpy as np
import pytest
from scipy.special import expit

from lookalike.datasets.streets import LENGTH, VEHICLE_ACTIONS
from lookalike.kernels.gru import to_tanh
from lookalike.kernels.walkers import take_up
from lookalike.rank import BoostedRanker
from lookalike.rank.flat_trees import FlatTrees
from lookalike.systems.jaywalking.features import (
    SUMMARY_NAMES,
    Features,
    Windows,
    crowd_of,
    features_of,
)
from lookalike.systems.jaywalking.tracks import Tracks

# --- the formulas, by NumPy's operations on whole arrays ---

N_CROWD = SUMMARY_NAMES.index("car now") - SUMMARY_NAMES.index("people")
TIME = np.arange(LENGTH) - (LENGTH - 1) / 2
TIMES = np.vander(np.arange(LENGTH) / (LENGTH - 1), 3)
SMOOTH = TIMES @ np.linalg.pinv(TIMES)
NEAR, FAR, WAY = 3.0, 99.0, 1.5


def plain_crowd(first, last, width):
    n = len(last)
    found = np.zeros((n, N_CROWD))
    if not n:
        return found
    h, middle, side = last[:, 3] - last[:, 1], middle_of(last), side_of(last, width)
    there = ~np.isnan(first[:, 0])
    then, now = first[there], last[there]
    moved, comes = np.zeros((n, 3)), np.zeros(n)
    moved[there, 0] = (middle_of(now) - middle_of(then)) / width
    moved[there, 1] = (now[:, 3] - then[:, 3]) / width
    moved[there, 2] = np.log(h[there] / (then[:, 3] - then[:, 1]))
    comes[there] = np.abs(side_of(then, width)) - np.abs(side[there])
    # In heights of the smaller of two: to the side, and ahead by how much they differ.
    beside = np.abs(middle[:, None] - middle)
    log_h = np.log(h)
    apart = beside / np.minimum(h[:, None], h)
    apart += 4 * np.abs(log_h[:, None] - log_h)
    np.fill_diagonal(apart, np.inf)
    np.fill_diagonal(beside, np.inf)
    nearest = apart.argmin(axis=1)
    others, alone = max(n - 1, 1), n == 1
    found[:, 0] = n - 1
    found[:, 1] = (h > h[:, None]).sum(axis=1)
    found[:, 2] = (apart < NEAR).sum(axis=1)
    found[:, 3] = (beside < h[:, None]).sum(axis=1)
    found[:, 4] = np.minimum(apart.min(axis=1), FAR)
    found[:, 5] = np.minimum(beside.min(axis=1) / h, FAR)
    found[:, 6] = (h.sum() - h) / others / width
    tallest = np.argmax(h)
    found[:, 7] = h[tallest] / width
    found[tallest, 7] = 0 if alone else np.delete(h, tallest).max() / width
    way = np.abs(side) < WAY
    found[:, 8] = way.sum() - way
    found[:, 9] = there.sum() - there
    found[:, 10:13] = medians_of_others(moved, there)
    speed = moved[:, 0] * width / h
    found[:, 13] = (speed.sum() - speed) / others
    found[:, 14] = (comes.sum() - comes) / others
    found[:, 15] = 0 if alone else comes[nearest]
    found[:, 16] = 0 if alone else side[nearest]
    return found


def medians_of_others(values, there):
    """Return for each row the median of the other rows that are there, 0 of none."""
    n = len(values)
    known = np.flatnonzero(there)
    m = len(known)
    found = np.zeros(values.shape)
    if m < 1:
        return found
    order = np.argsort(values[known], axis=0, kind="stable")
    ranked = np.take_along_axis(values[known], order, axis=0)
    # Without the row of rank r, what stands at a place from r on moves up by one.
    rank = np.full((n, values.shape[1]), m)
    np.put_along_axis(
        rank, known[order], np.arange(m)[:, None].repeat(values.shape[1], 1), axis=0
    )
    left = (m - there)[:, None]
    low, high = np.maximum(left - 1, 0) // 2, left // 2
    places = [np.minimum(at + (at >= rank), m - 1) for at in (low, high)]
    both = [np.take_along_axis(ranked, place, axis=0) for place in places]
    found[:] = (both[0] + both[1]) / 2
    found[left[:, 0] == 0] = 0
    return found


def plain_features(windows):
    """Return what the models take of each window, its boxes smoothed; O(n)."""
    box, size = np.matmul(SMOOTH, windows.box), windows.size
    width, height = size[:, :1], size[:, 1:]
    left, top, right, bottom = np.moveaxis(box, 2, 0)
    x, h = (left + right) / 2, np.maximum(bottom - top, 1.0)
    shape = (right - left) / h
    side = (x - width / 2) / h
    farness = height / h / 10
    log_h = np.log(h)
    scaled = box / np.concatenate([size, size], axis=1)[:, None]
    car = (windows.vehicle[..., None] == np.arange(len(VEHICLE_ACTIONS))).astype(float)
    signs = windows.signs.astype(float)
    steps = [
        *np.moveaxis(scaled, 2, 0),
        side / 5,
        farness,
        shape,
        changes(x) / h * 10,
        changes(log_h) * 20,
        changes(bottom) / h * 10,
        side - side[:, :1],
        log_h - log_h[:, :1],
    ]
    sequence = np.concatenate([np.stack(steps, axis=2), car, signs], axis=2)
    last, crowd = side[:, -1], windows.crowd
    inward = -np.sign(last)
    now_h, half = h[:, -1], LENGTH // 2
    across, lately = x[:, -1] - x[:, 0], x[:, -1] - x[:, half]
    scene = crowd[:, 10:13]
    against = across - scene[:, 0] * width[:, 0]
    mean_h = h.mean(axis=1)
    summary = np.column_stack(
        [
            scaled[:, -1, 3] - scaled[:, -1, 1],
            shape[:, -1],
            last,
            np.abs(last),
            farness[:, -1],
            (bottom[:, -1] - height[:, 0] / 2) / now_h,
            np.abs(last) / farness[:, -1],
            last - side[:, 0],
            last - side[:, half],
            inward * (last - side[:, 0]),
            inward * (last - side[:, half]),
            inward * (side @ TIME) / (TIME @ TIME),
            farness[:, 0] - farness[:, -1],
            farness[:, half] - farness[:, -1],
            log_h[:, -1] - log_h[:, 0],
            across / now_h,
            lately / now_h,
            (bottom[:, -1] - bottom[:, 0]) / now_h,
            against / now_h,
            inward * against / now_h,
            log_h[:, -1] - log_h[:, 0] - scene[:, 2],
            np.diff(side, axis=1).std(axis=1),
            np.diff(log_h, axis=1).std(axis=1),
            np.diff(shape, axis=1).std(axis=1),
            shape.max(axis=1) - shape.min(axis=1),
            np.median(shape, axis=1),
            np.abs(np.diff(x, axis=1)).sum(axis=1) / mean_h,
            np.abs(np.diff(bottom, axis=1)).sum(axis=1) / mean_h,
            side.mean(axis=1),
            crowd,
            windows.vehicle[:, -1],
            windows.vehicle[:, 0],
            car.mean(axis=1),
            signs[:, -1],
            signs.mean(axis=1),
        ]
    )
    return Features(
        summary.astype(np.float32), np.clip(sequence, -8, 8).astype(np.float32)
    )


def side_of(box, width):
    """How far each is to the right of the car's way, in heights."""
    return (middle_of(box) - width / 2) / (box[:, 3] - box[:, 1])


def middle_of(box):
    return (box[:, 0] + box[:, 2]) / 2


def changes(values):
    """The change since the frame before, 0 in the first."""
    return np.diff(values, axis=1, prepend=values[:, :1])


# --- tests ---


def walkers(rng, n):
    """Boxes (n, 16, 4) of people who walk, tremble, stand or share their places."""
    corner = np.column_stack([rng.uniform(-30, 1600, n), rng.uniform(0, 500, n)])
    size = rng.uniform(2, 400, n)
    box = np.column_stack([corner, corner[:, 0] + 0.4 * size, corner[:, 1] + size])
    moves = rng.normal(0, 3, (n, 4))
    every = box[:, None] + np.arange(LENGTH)[:, None] * moves[:, None] * 0.3
    every += rng.normal(0, rng.choice([0, 1, 5]), every.shape)
    if rng.random() < 0.3:  # ties
        every = np.round(every / 20) * 20
    every[..., 2:] = np.maximum(every[..., 2:], every[..., :2] + 0.5)
    return every


@pytest.mark.parametrize("n", [1, 2, 3, 9, 20, 150])
def test_features_are_those_of_the_formulas(n):
    for seed in range(12):
        rng = np.random.default_rng([n, seed])
        box = walkers(rng, n)
        first, last = box[:, 0].copy(), box[:, -1].copy()
        first[rng.random(n) < (0, 0.3, 1)[seed % 3]] = np.nan
        crowd = plain_crowd(first, last, 1920)
        assert np.array_equal(crowd_of(first, last, 1920), crowd)
        windows = Windows(
            box,
            np.tile([1920.0, 1080.0], (n, 1)),
            rng.integers(-1, 5, (n, LENGTH)),
            rng.random((n, LENGTH, 5)) < 0.3,
            crowd,
        )
        found, expected = features_of(windows), plain_features(windows)
        assert np.array_equal(found.summary, expected.summary)
        assert np.array_equal(found.sequence, expected.sequence)


def test_flat_trees_are_the_forests(made):
    trees = made.system.chances_.trees
    rng = np.random.default_rng(0)
    forest = trees.forests[0].forest_
    inner = forest.features >= 0
    X = rng.normal(0, 3, (150, forest.n_features)).astype(np.float32)
    for at, node in enumerate(np.flatnonzero(inner)[:150]):
        value = np.float32(forest.thresholds[node])
        beside = [value, *(np.nextafter(value, np.float32(to)) for to in (-99, 99))]
        X[at, forest.features[node]] = beside[at % 3]
    flat = FlatTrees(trees.forests)
    for n in (0, 1, 20, 64, 65, 150):
        expected = [each.forest_.scores(X[:n], 1) for each in trees.forests]
        assert np.array_equal(flat.scores(X[:n]), expected)


def one_tree(n_leaves, first=0.0):
    """A ranker that asks one feature again and again: a leaf more each time."""
    inner = n_leaves - 1
    thresholds = np.concatenate([np.arange(inner), np.arange(n_leaves)]) + 0.0
    thresholds[0] = first
    after = [*range(1, inner), inner + inner]
    children = [[inner + at, after[at]] for at in range(inner)]
    return BoostedRanker.from_arrays(
        {
            "roots": np.array([0]),
            "features": np.array([0] * inner + [-1] * n_leaves),
            "thresholds": thresholds,
            "children": np.array(children + [[-1, -1]] * n_leaves),
            "n_features": np.array([1]),
        }
    )


def test_a_tree_has_at_most_as_many_leaves_as_a_word_has_bits():
    X = np.arange(-1, 33, dtype=np.float32)[:, None]
    expected = np.clip(np.arange(34), 1, 32) - 1
    assert FlatTrees([one_tree(32)]).scores(X)[0].tolist() == expected.tolist()
    with pytest.raises(ValueError, match="at most 32 leaves, got 33"):
        FlatTrees([one_tree(33)])


def test_values_right_beside_a_threshold_go_where_the_forest_sends_them():
    """Of float32 numbers, which a threshold seldom is: one above and one below it."""
    for threshold in (0.1, 0.7, 0.5):
        near = np.float32(threshold)
        X = np.array([[np.nextafter(near, np.float32(to))] for to in (-9, near, 9)])
        expected = X[:, 0].astype(np.float64) > threshold
        assert (
            FlatTrees([one_tree(2, threshold)]).scores(X)[0].tolist()
            == expected.tolist()
        )


def test_boxes_are_taken_up_as_they_are_told_one_by_one():
    rng = np.random.default_rng(0)
    for gap in (1, 2, 7, 10):
        before = walkers(rng, 3)
        history, known, last = before.copy(), np.array([16, 3, 0]), np.array([5, 5, 0])
        box = walkers(rng, 3)[:, 0]
        take_up(history, known, last, np.arange(3), 5 + gap, box)
        for at, moved in enumerate((gap, gap, 1)):
            old = before[at, moved:]
            share = np.arange(1, moved + 1)[:, None] / moved
            between = before[at, -1] + share * (box[at] - before[at, -1])
            between[-1] = box[at]
            assert np.array_equal(history[at], np.concatenate([old, between]))
        assert known.tolist() == [16, min(3 + gap, 16), 1]
        assert last.tolist() == [5 + gap] * 3


def test_hyperbolic_tangents_are_numpys():
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(0, 3, 10_000), [0, 1e-9, -1e300, 1e300, 19, -19]])
    found, power = x.copy(), np.empty(len(x))
    to_tanh(found, power, power.view(np.int64))
    np.testing.assert_allclose(found, np.tanh(x), rtol=0, atol=1e-15)


def test_a_stream_is_what_its_parts_say_one_after_the_other(made):
    """Random people who come, go and are missed, by the forests and the formulas."""
    system, rng = made.system, np.random.default_rng(0)
    stream, tracks = system.new_stream(1280, 720), Tracks(1280, 720)
    chances, n_judged = system.chances_, 0
    left, speed = rng.uniform(0, 1200, 20), rng.normal(0, 2, 20)
    for frame in range(60):
        left = (left + speed) % 1200
        boxes = np.column_stack(
            [left, np.full(20, 300.0), left + 40, 380 + 5.0 * np.arange(20)]
        )
        boxes += rng.normal(0, 0.5, boxes.shape)
        sent = {"frame": frame, "boxes": boxes[rng.random(20) < 0.95]}
        if frame % 17 == 3:
            continue
        found, seen = stream.step(**sent), tracks.step(**sent)
        heights = seen.windows.box[:, -1, 3] - seen.windows.box[:, -1, 1]
        order = np.argsort(-heights, kind="stable")
        assert found.ids.tolist() == seen.ids[seen.ready][order].tolist()
        if not len(order):
            continue
        features = plain_features(seen.windows[order])
        forests = chances.trees.forests
        scores = [each.forest_.scores(features.summary, 1) for each in forests]
        both = (1 - chances.share) * np.mean(scores, axis=0)
        both += chances.share * chances.network.scores(features)
        expected = expit(chances.line.slope * both + chances.line.offset)
        assert np.array_equal(found.crossing, expected)
        n_judged += len(order)
    assert n_judged > 200
