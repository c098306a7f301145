import numpy as np
import pytest

from lookalike.track import Sort, Trajectories, bridged, follow, iou


class Plain:
    """SORT written down step by step, one track after the other."""

    def __init__(self, max_age, min_hits, least):
        self.rules = max_age, min_hits, least
        self.tracks, self.frame, self.last = [], 0, 0

    def step(self, boxes):
        from scipy.optimize import linear_sum_assignment

        from lookalike.track import KalmanFilter

        max_age, min_hits, least = self.rules
        self.frame += 1
        F = np.eye(7)
        F[[0, 1, 2], [4, 5, 6]] = 1
        for track in self.tracks:
            x = track["filter"].x
            if x[6] + x[2] <= 0:
                x[6] = 0
            track["filter"].predict()
            if track["unseen"] > 0:
                track["streak"] = 0
            track["unseen"] += 1
        self.tracks = [t for t in self.tracks if t["filter"].x[2] > 0]
        overlaps = iou([self.box(t) for t in self.tracks], boxes)
        good = overlaps > least
        if good.size and good.sum(0).max() == 1 and good.sum(1).max() == 1:
            pairs = list(zip(*np.nonzero(good), strict=True))
        else:
            pairs = zip(*linear_sum_assignment(-overlaps), strict=True)
            pairs = [pair for pair in pairs if overlaps[pair] >= least]
        for at, row in pairs:
            track = self.tracks[at]
            track["filter"].update(self.seen(boxes[row]))
            track.update(unseen=0, streak=track["streak"] + 1)
        for row in sorted(set(range(len(boxes))) - {row for _, row in pairs}):
            self.last += 1
            filter = KalmanFilter(
                F,
                np.eye(7)[:4],
                np.diag([1, 1, 1, 1, 0.01, 0.01, 0.0001]),
                np.diag([1, 1, 10, 10]),
                [*self.seen(boxes[row]), 0, 0, 0],
                np.diag([10, 10, 10, 10, 1e4, 1e4, 1e4]),
            )
            new = {"filter": filter, "id": self.last, "unseen": 0, "streak": 0}
            self.tracks.append(new)
        told = [
            (t["id"], self.box(t))
            for t in self.tracks
            if t["unseen"] == 0 and (t["streak"] >= min_hits or self.frame <= min_hits)
        ]
        self.tracks = [t for t in self.tracks if t["unseen"] <= max_age]
        return told

    @staticmethod
    def seen(box):
        w, h = box[2] - box[0], box[3] - box[1]
        return np.array([box[0] + w / 2, box[1] + h / 2, w * h, w / h])

    @staticmethod
    def box(track):
        x, y, area, ratio = track["filter"].x[:4]
        w = np.sqrt(area * ratio)
        h = area / w
        return [x - w / 2, y - h / 2, x + w / 2, y + h / 2]


def walk(seed, n_people=6, n_frames=25):
    """Frames with people who cross, jitter, vanish and come back."""
    rng = np.random.default_rng(seed)
    start, speed = rng.uniform(0, 80, (n_people, 2)), rng.normal(0, 3, (n_people, 2))
    frames = []
    for at in range(n_frames):
        there = rng.random(n_people) < 0.8
        corner = (start + at * speed + rng.normal(0, 1, start.shape))[there]
        frames.append(np.hstack([corner, corner + np.array([12, 30])]))
    return frames


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("rules", [(1, 3, 0.3), (4, 1, 0.1), (0, 0, 0.5)])
def test_tracks_are_those_of_the_plain_program(seed, rules):
    ours, plain = Sort(*rules), Plain(*rules)
    for boxes in walk(seed):
        found, expected = ours.step(boxes), plain.step(boxes)
        assert found.ids.tolist() == [id for id, _ in expected]
        np.testing.assert_allclose(
            found.boxes, np.reshape([box for _, box in expected], (-1, 4)), atol=1e-6
        )
        matched = boxes[found.rows]
        assert (iou(matched, found.boxes).diagonal() > 0).all()


def test_frames_without_boxes_age_the_tracks():
    tracker = Sort(max_age=2, min_hits=1)
    box = [[0, 0, 10, 10]]
    tracker.step(box)
    for _ in range(2):
        assert len(tracker.step([])) == 0
    assert tracker.step(box).ids.tolist() == [1]
    for _ in range(3):
        tracker.step([])
    assert tracker.step(box).ids.tolist() == []  # a new one, seen once
    assert tracker.step(box).ids.tolist() == [2]
    tracker.reset()
    assert tracker.step(box).ids.tolist() == [1]


def test_a_second_stage_keeps_what_is_seen_badly():
    sure, unsure = [0.9], [0.4]
    box = [[0, 0, 10, 20]]
    ids = {}
    for second in (None, 0.6):
        tracker = Sort(min_hits=1, second_below=second)
        for scores in (sure, sure, unsure, unsure, sure):
            found = tracker.step(box, scores)
        ids[second] = found.ids.tolist()
    assert ids == {None: [1], 0.6: [1]}
    tracker = Sort(min_hits=1, second_below=0.6)
    assert len(tracker.step(box, unsure)) == 0  # which begins no track
    left_out = Sort(min_hits=1, second_below=0.6, least_score=0.5)
    for _ in range(3):
        assert left_out.step(box, sure).ids.tolist() == [1]
    assert len(left_out.step(box, unsure)) == 0


def test_a_bad_frame_is_refused_and_the_tracks_stay():
    tracker = Sort(min_hits=1, second_below=0.5)
    box = [[0, 0, 10, 20]]
    for _ in range(3):
        tracker.step(box, [0.9])
    for boxes, scores, sentence in (
        ([[0, 0, 0, 1]], [0.9], "box 0 is"),
        ([[0, 0, np.nan, 1]], [0.9], "box 0 is"),
        (box, None, "scores are needed"),
        (box, [0.9, 0.8], "scores must have one number a box, (1,), got (2,)"),
    ):
        with pytest.raises(ValueError) as error:
            tracker.step(boxes, scores)
        assert sentence in str(error.value)
    found = tracker.step(box, [0.9])
    assert found.ids.tolist() == [1]
    assert tracker.frame == 4


def test_ten_thousand_boxes_in_a_frame_are_tracked():
    corner = np.stack(np.meshgrid(np.arange(100), np.arange(100)), -1).reshape(-1, 2)
    boxes = np.hstack([20.0 * corner, 20.0 * corner + 10])
    tracker = Sort()
    for _ in range(2):
        found = tracker.step(boxes)
    assert found.ids.tolist() == list(range(1, 10_001))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"max_age": -1}, "max_age"),
        ({"min_hits": 1.5}, "min_hits"),
        ({"iou_threshold": 2}, "iou_threshold must be in [0, 1], got 2"),
        ({"least_score": 0.1}, "least_score needs second_below"),
    ],
)
def test_parameters_are_checked(options, sentence):
    with pytest.raises(ValueError) as error:
        Sort(**options)
    assert sentence in str(error.value)


def test_gaps_are_crossed_on_a_line_and_no_further_than_asked():
    found = follow(Sort(max_age=5, min_hits=0), walk(2))
    whole = bridged(found, 100)
    for id in np.unique(found.id):
        frames = whole.frame[whole.id == id]
        assert frames.tolist() == list(range(frames[0], frames[-1] + 1))
    known = {
        (f, i): b
        for f, i, b in zip(found.frame, found.id, found.box.tolist(), strict=True)
    }
    kept = {
        (f, i): b
        for f, i, b in zip(whole.frame, whole.id, whole.box.tolist(), strict=True)
    }
    assert known.items() <= kept.items()
    assert len(bridged(found, 0)) == len(found)
    empty = follow(Sort(), [])
    assert isinstance(empty, Trajectories)
    assert len(bridged(empty, 3)) == 0
