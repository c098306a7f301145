"""Features: what they are of a person whose motion is known, and what is left out."""

import numpy as np
import pytest

from lookalike.datasets.streets import LENGTH, Clip, Observation, Person
from lookalike.systems.jaywalking.features import (
    SEQUENCE_NAMES,
    SUMMARY_NAMES,
    Features,
    Windows,
    crowd_of,
    features_of,
    windows_of,
)

FRAME = np.arange(LENGTH)


def column(features, name):
    return features.summary[:, SUMMARY_NAMES.index(name)]


def window(left, height=100.0, crowd=None):
    """Somebody in a picture of 1000 by 500, by the left edge in each frame."""
    left = np.broadcast_to(np.asarray(left, float), LENGTH)
    height = np.broadcast_to(np.asarray(height, float), LENGTH)
    box = np.column_stack([left, 400 - height, left + 40, np.full(LENGTH, 400.0)])
    return Windows(
        box[None],
        np.array([[1000.0, 500.0]]),
        np.full((1, LENGTH), 2),
        np.zeros((1, LENGTH, 5), bool),
        np.zeros((1, 17)) if crowd is None else crowd,
    )


def test_sizes_are_told_in_heights():
    found = features_of(window(780.0 - 10 * FRAME))
    assert column(found, "side")[0] == pytest.approx((650 - 500) / 100, abs=1e-5)
    assert column(found, "moved to the side")[0] == pytest.approx(-1.5, abs=1e-4)
    assert column(found, "comes in")[0] == pytest.approx(1.5, abs=1e-4)
    left = features_of(window(180.0 + 10 * FRAME))
    assert column(left, "moved to the side")[0] == pytest.approx(1.5, abs=1e-4)
    assert column(left, "comes in")[0] == pytest.approx(1.5, abs=1e-4)


def test_far_away_the_same_steps_are_the_same():
    near = features_of(window(780.0 - 10 * FRAME, 100.0))
    far = window(780.0 - 10 * FRAME, 100.0)
    box = far.box.copy()
    box[..., [0, 2]] = 500 + (box[..., [0, 2]] - 500) / 2
    box[..., [1, 3]] /= 2
    found = features_of(Windows(box, far.size, far.vehicle, far.signs, far.crowd))
    for name in ("side", "moved to the side", "comes in lately"):
        assert column(found, name)[0] == pytest.approx(column(near, name)[0], abs=1e-4)
    assert column(found, "farness")[0] == pytest.approx(2 * column(near, "farness")[0])


def test_smoothing_keeps_a_parabola_and_takes_out_trembling():
    curve = 500 + 0.3 * FRAME**2 - 4.0 * FRAME
    exact = features_of(window(curve))
    assert column(exact, "side")[0] == pytest.approx((curve[-1] + 20 - 500) / 100, 1e-4)
    shaken = features_of(window(curve + 3.0 * (-1.0) ** FRAME))
    assert abs(column(shaken, "side")[0] - column(exact, "side")[0]) < 0.02


def test_what_the_others_do_is_told_without_oneself():
    now = np.array([[100.0, 100, 140, 200], [500, 100, 540, 200], [700, 150, 720, 200]])
    then = now - [[20.0, 0, 20, 0], [30, 0, 30, 0], [50, 0, 50, 0]]
    found = crowd_of(then, now, 1000.0)
    assert found[:, 0].tolist() == [2, 2, 2]
    assert found[:, 1].tolist() == [0, 0, 2]  # the third is smaller than both
    # The median of the two others' motion, as a share of the width.
    np.testing.assert_allclose(found[:, 10], [0.04, 0.035, 0.025])
    alone = crowd_of(then[:1], now[:1], 1000.0)
    assert np.isfinite(alone).all()
    assert alone[0, 10] == 0
    assert crowd_of(then[:0], now[:0], 1000.0).shape == (0, 17)


def test_one_who_was_not_there_before_moves_nothing():
    now = np.array([[100.0, 100, 140, 200], [500, 100, 540, 200], [700, 150, 720, 200]])
    then = now - 10.0
    then[1] = np.nan
    found = crowd_of(then, now, 1000.0)
    assert np.isfinite(found).all()
    assert found[:, 9].tolist() == [1, 2, 1]


def test_nothing_of_what_became_of_a_person_is_looked_at():
    """Of two people who differ in their labels alone all features are the same."""
    box = np.column_stack([FRAME, FRAME, FRAME + 40, FRAME + 90.0])
    box = np.concatenate([box, box])
    frame = np.arange(2 * LENGTH)
    kinds = [(True, 31, False, True), (False, None, None, False)]
    signs = np.zeros((2 * LENGTH, 5), bool)
    found = []
    for said in kinds:
        person = Person("a", frame, box, *said)
        clip = Clip("c", "train", 640, 480, frame * 0, signs, (person,))
        found.append(features_of(windows_of((clip,), [Observation(0, 0, 0, 16, 30)])))
    assert np.array_equal(found[0].summary, found[1].summary)
    assert np.array_equal(found[0].sequence, found[1].sequence)
    words = ("cross", "decision", "look", "walk", "age", "gender", "group")
    names = [n for n in SUMMARY_NAMES + SEQUENCE_NAMES if not n.startswith("crosswalk")]
    assert not [n for n in names for word in words if word in n.split()]


def test_without_the_car_nothing_tells_what_it_does():
    windows = window(500.0)
    other = Windows(
        windows.box, windows.size, windows.vehicle * 0, windows.signs, windows.crowd
    )
    both = [features_of(each) for each in (windows, other)]
    assert not np.array_equal(both[0].summary, both[1].summary)
    without = [each.without_vehicle() for each in both]
    assert np.array_equal(without[0].summary, without[1].summary)
    assert np.array_equal(without[0].sequence, without[1].sequence)
    assert isinstance(without[0], Features)
