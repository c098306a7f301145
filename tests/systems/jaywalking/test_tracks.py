"""The last sixteen frames of everybody, and frames that are refused."""

import numpy as np
import pytest

from lookalike.datasets.streets import LENGTH
from lookalike.systems.jaywalking.tracks import Tracks


def walker(frame, left=100.0):
    return [left + 2 * frame, 100, left + 40 + 2 * frame, 200]


def fed(n=LENGTH, **more):
    tracks = Tracks(640, 480)
    for frame in range(n):
        seen = tracks.step(frame, [walker(frame)], **more)
    return tracks, seen


def test_somebody_is_ready_after_sixteen_frames():
    _, seen = fed(LENGTH - 1)
    assert (len(seen.ids), seen.ready.tolist(), len(seen.windows)) == (1, [False], 0)
    _, seen = fed(LENGTH, vehicle="stopped", signs=["crosswalk"])
    assert seen.ready.tolist() == [True]
    expected = [walker(frame) for frame in range(LENGTH)]
    assert seen.windows.box[0].tolist() == expected
    assert (seen.windows.vehicle == 0).all()
    assert seen.windows.signs[0, :, 0].all()
    assert not seen.windows.signs[0, :, 1:].any()


def test_a_box_that_is_missing_is_crossed_on_a_straight_line():
    tracks = Tracks(640, 480)
    for frame in range(20):
        boxes = [] if frame in (9, 10, 15) else [walker(frame)]
        seen = tracks.step(frame, boxes)
    assert seen.ids.tolist() == [1]
    np.testing.assert_allclose(seen.windows.box[0], [walker(f) for f in range(4, 20)])


def test_frames_that_are_missing_are_crossed_and_long_gaps_begin_anew():
    tracks, _ = fed(20)
    seen = tracks.step(24, [walker(24)])
    np.testing.assert_allclose(seen.windows.box[0], [walker(f) for f in range(9, 25)])
    seen = tracks.step(60, [walker(60)])
    assert seen.ready.tolist() == [False]
    assert seen.ids.tolist() != [1]


def test_ids_of_somebody_else_are_kept_and_rooms_are_found_for_many():
    tracks = Tracks(2000, 480)
    for frame in range(LENGTH):
        order = [4, 2, 9] if frame % 2 else [9, 4, 2]
        boxes = [walker(frame, 100.0 * id) for id in order]
        seen = tracks.step(frame, boxes, ids=order)
    assert seen.ready.all()
    firsts = dict(zip(order, seen.windows.box[:, 0, 0].tolist(), strict=True))
    assert firsts == {4: 400, 2: 200, 9: 900}
    many = [[5.0 * at, 10, 5.0 * at + 4, 30] for at in range(50)]
    assert len(tracks.step(LENGTH, many).ids) == 50


BAD = [
    ({"frame": 15}, "frame 15 came twice"),
    ({"frame": 3}, "frame 3 came out of order"),
    ({"frame": 2.5}, "A frame must have a whole number"),
    ({"frame": True}, "A frame must have a whole number"),
    ({"frame": 10**30}, "at most 15 digits"),
    ({"boxes": [[0, 0, 0, 10]]}, "right > left"),
    ({"boxes": [[0, 0, float("nan"), 10]]}, "box 0 is"),
    ({"boxes": [[1, 2, 3]]}, r"shape \(n, 4\)"),
    ({"boxes": [["a", 0, 1, 1]]}, "must be numbers"),
    ({"boxes": [[700, 10, 720, 30]]}, "must lie in the picture of 640 by 480"),
    ({"boxes": [[-30, 10, -1, 30]]}, "must lie in the picture"),
    ({"boxes": [[0, 0, 5, 5]] * 10_000}, "at most 500 boxes, got 10,000"),
    ({"boxes": [[0, 0, 1e-300, 1]]}, "from 0.01 to 1,000,000 pixels"),
    ({"boxes": [[-1e9, 0, 1e9, 1]]}, "from 0.01 to 1,000,000 pixels"),
    ({"boxes": [walker(16), [0, 0, 0, 10]]}, "box 1 is"),
    ({"boxes": [[0, 0, float("inf"), 10]]}, "box 0 is"),
    ({"boxes": [[-1e308, 0, 1e308, 10]]}, "box 0 is"),
    ({"boxes": [walker(16), [10, 480, 20, 500]]}, "box 1 is"),
    ({"boxes": [[10, -20, 20, 0]]}, "must lie in the picture"),
    ({"vehicle": "flying"}, "vehicle must be one of stopped"),
    ({"signs": ["no such"]}, "signs must be of crosswalk"),
    ({"signs": 5}, "signs must be a list of names"),
    ({"signs": "crosswalk"}, "signs must be a list of names"),
    ({"ids": [1, 2]}, "ids must be one a box"),
    ({"ids": [1.5]}, "ids must be whole numbers"),
    ({"ids": [True]}, "ids must be whole numbers"),
    ({"ids": [2**70]}, "ids must be whole numbers"),
    ({"ids": ["a"]}, "ids must be whole numbers"),
    ({"boxes": [walker(16), walker(16, 300)], "ids": [1, 1]}, "ids must differ"),
]


@pytest.mark.parametrize(("sent", "said"), BAD)
def test_a_frame_that_is_refused_is_as_if_it_had_never_come(sent, said):
    tracks, _ = fed()
    with pytest.raises(ValueError, match=said) as error:
        tracks.step(**{"frame": 16, "boxes": [walker(16)]} | sent)
    assert str(error.value).endswith(".")
    seen = tracks.step(16, [walker(16)])
    other, _ = fed()
    expected = other.step(16, [walker(16)])
    assert seen.ids.tolist() == expected.ids.tolist()
    assert np.array_equal(seen.windows.box, expected.windows.box)
    assert np.array_equal(seen.windows.vehicle, expected.windows.vehicle)


def test_a_picture_without_a_size_is_refused():
    with pytest.raises(ValueError, match="from 1 to 100,000"):
        Tracks(0, 480)
