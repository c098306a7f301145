"""What sixteen frames say of a person: where they are, how they move, what is around.

Sizes are told in heights of the person, who is about as tall as others: with ``h`` the
height of the box in pixels, ``(x - width / 2) / h`` is how far they are to the side of
the car's way, and ``1 / h`` goes with how far ahead they are. So a step to the side is
the same number near and far.

Nothing here is known only afterwards. What people said of a pedestrian (whether they
walk, look or nod, their age, the frame in which they decide) is left out: it is there
only for those who were described, so that its presence tells the answer.
"""

from dataclasses import dataclass

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.datasets.streets import LENGTH, SIGNS, VEHICLE_ACTIONS, Clip, Observation

_TIME = np.arange(LENGTH) - (LENGTH - 1) / 2
_TIMES = np.vander(np.arange(LENGTH) / (LENGTH - 1), 3)
_SMOOTH = _TIMES @ np.linalg.pinv(_TIMES)
"""Maps sixteen values to those of the parabola nearest to them: a detector's boxes
tremble, and steps from frame to frame are mostly that."""
_NEAR = 3.0
"""Heights of a person within which somebody else is near."""
_FAR = 99.0
"""Told of a gap where there is nobody else."""
_WAY = 1.5
"""Heights to the side of the car's way within which somebody stands on it."""

SEQUENCE_NAMES = (
    "left",
    "top",
    "right",
    "bottom",
    "side",
    "farness",
    "width over height",
    "step to the side",
    "growth",
    "step down",
    "side since the first frame",
    "growth since the first frame",
    *(f"car {name}" for name in VEHICLE_ACTIONS),
    *SIGNS,
)
"""Of the columns of a sequence."""
_CROWD_NAMES = (
    "people",
    "people larger",
    "people near",
    "people beside",
    "gap to the next person",
    "gap in the picture",
    "mean height of others",
    "largest height of others",
    "people on the way",
    "people seen before",
    "scene moves to the side",
    "scene moves down",
    "scene grows",
    "others move to the side",
    "others come in",
    "next person comes in",
    "next person's side",
)
_MOTION_NAMES = (
    "height",
    "width over height",
    "side",
    "distance to the way",
    "farness",
    "bottom below the middle",
    "angle off the way",
    "moved to the side",
    "moved to the side lately",
    "comes in",
    "comes in lately",
    "comes in, slope",
    "comes nearer",
    "comes nearer lately",
    "growth",
    "moved across the picture",
    "moved across the picture lately",
    "moved down the picture",
    "moved against the scene",
    "comes in against the scene",
    "grows against the scene",
    "restless to the side",
    "restless in height",
    "restless in shape",
    "span of the shape",
    "middle shape",
    "way across the picture",
    "way down the picture",
    "mean side",
)
SUMMARY_NAMES = (
    *_MOTION_NAMES,
    *_CROWD_NAMES,
    "car now",
    "car before",
    *(f"car {name}" for name in VEHICLE_ACTIONS),
    *(f"{name} now" for name in SIGNS),
    *(f"{name}, share" for name in SIGNS),
)
"""Of the columns of a summary. Where a box lies in the picture is not among them: trees
know a street again by it."""
MOTION_COLUMNS = slice(_MOTION_NAMES.index("moved to the side"), len(_MOTION_NAMES))
CROWD_COLUMNS = slice(len(_MOTION_NAMES), len(_MOTION_NAMES) + len(_CROWD_NAMES))
SIGN_COLUMNS = slice(len(SUMMARY_NAMES) - len(SIGNS), len(SUMMARY_NAMES))
BOX_STEPS = slice(0, SEQUENCE_NAMES.index("car stopped"))
STREET_STEPS = slice(BOX_STEPS.stop, len(SEQUENCE_NAMES))
VEHICLE_COLUMNS = tuple(
    at for at, name in enumerate(SUMMARY_NAMES) if name.startswith("car ")
)
VEHICLE_STEPS = tuple(
    at for at, name in enumerate(SEQUENCE_NAMES) if name.startswith("car ")
)


@dataclass(frozen=True)
class Windows:
    """Sixteen frames of each of n people.

    box : float64 (n, 16, 4), left, top, right, bottom in pixels
    size : float64 (n, 2), width and height of the picture
    vehicle : int64 (n, 16), of ``VEHICLE_ACTIONS``, -1 where not known
    signs : bool (n, 16, 5), of ``SIGNS``
    crowd : float64 (n, 17), of everybody in the last frame, see ``crowd_of``
    """

    box: Floats
    size: Floats
    vehicle: Ints
    signs: Array
    crowd: Floats

    def __len__(self) -> int:
        """Return the number of people."""
        return len(self.box)

    def __getitem__(self, rows: Array) -> "Windows":
        """Return some of the people."""
        return Windows(
            self.box[rows],
            self.size[rows],
            self.vehicle[rows],
            self.signs[rows],
            self.crowd[rows],
        )


@dataclass(frozen=True)
class Features:
    """What the models take.

    summary : float32 (n, n_columns), of ``SUMMARY_NAMES``
    sequence : float32 (n, 16, n_steps), of ``SEQUENCE_NAMES``
    """

    summary: Array
    sequence: Array

    def __len__(self) -> int:
        """Return the number of people."""
        return len(self.summary)

    def __getitem__(self, rows: Array) -> "Features":
        """Return some of the rows."""
        return Features(self.summary[rows], self.sequence[rows])

    def without_vehicle(self) -> "Features":
        """Return the same without the car, which may be its driver's answer."""
        summary, sequence = self.summary.copy(), self.sequence.copy()
        summary[:, list(VEHICLE_COLUMNS)] = 0
        sequence[:, :, list(VEHICLE_STEPS)] = 0
        return Features(summary, sequence)


def crowd_of(first: Floats, last: Floats, width: float) -> Floats:
    """Return what the people in one frame say of each other, (n, 17).

    Parameters
    ----------
    first, last : ndarray of shape (n, 4)
        Box of each person 15 frames ago and now; nan where they were not seen then.
    width : float
        Of the picture, in pixels.

    Notes
    -----
    O(n**2). The motion of the scene is the median over the others who were seen then,
    and 0 where there are none.
    """
    n = len(last)
    found = np.zeros((n, len(_CROWD_NAMES)))
    if not n:
        return found
    h, middle, side = last[:, 3] - last[:, 1], _middle(last), _side(last, width)
    there = ~np.isnan(first[:, 0])
    then, now = first[there], last[there]
    moved, comes = np.zeros((n, 3)), np.zeros(n)
    moved[there, 0] = (_middle(now) - _middle(then)) / width
    moved[there, 1] = (now[:, 3] - then[:, 3]) / width
    moved[there, 2] = np.log(h[there] / (then[:, 3] - then[:, 1]))
    comes[there] = np.abs(_side(then, width)) - np.abs(side[there])
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
    found[:, 2] = (apart < _NEAR).sum(axis=1)
    found[:, 3] = (beside < h[:, None]).sum(axis=1)
    found[:, 4] = np.minimum(apart.min(axis=1), _FAR)
    found[:, 5] = np.minimum(beside.min(axis=1) / h, _FAR)
    found[:, 6] = (h.sum() - h) / others / width
    tallest = np.argmax(h)
    found[:, 7] = h[tallest] / width
    found[tallest, 7] = 0 if alone else np.delete(h, tallest).max() / width
    way = np.abs(side) < _WAY
    found[:, 8] = way.sum() - way
    found[:, 9] = there.sum() - there
    found[:, 10:13] = _medians_of_others(moved, there)
    speed = moved[:, 0] * width / h
    found[:, 13] = (speed.sum() - speed) / others
    found[:, 14] = (comes.sum() - comes) / others
    found[:, 15] = 0 if alone else comes[nearest]
    found[:, 16] = 0 if alone else side[nearest]
    return found


def _medians_of_others(values: Floats, there: Array) -> Floats:
    """Return for each row the median of the other rows that are there, 0 of none."""
    n = len(values)
    known = np.flatnonzero(there)
    m = len(known)
    found: Floats = np.zeros(values.shape)
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


def features_of(windows: Windows) -> Features:
    """Return what the models take of each window, its boxes smoothed; O(n)."""
    box, size = np.matmul(_SMOOTH, windows.box), windows.size
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
        _steps(x) / h * 10,
        _steps(log_h) * 20,
        _steps(bottom) / h * 10,
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
            inward * (side @ _TIME) / (_TIME @ _TIME),
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


def windows_of(clips: tuple[Clip, ...], found: list[Observation]) -> Windows:
    """Return the windows of observations, each with everybody who was in its frame."""
    n = len(found)
    box, size = np.empty((n, LENGTH, 4)), np.empty((n, 2))
    vehicle = np.empty((n, LENGTH), np.int64)
    signs = np.empty((n, LENGTH, len(SIGNS)), bool)
    crowd = np.empty((n, len(_CROWD_NAMES)))
    known: dict[tuple[int, int, int], tuple[Ints, Floats]] = {}
    for row, each in enumerate(found):
        clip, person = clips[each.clip], clips[each.clip].people[each.person]
        rows = slice(each.start, each.stop)
        box[row], size[row] = person.box[rows], (clip.width, clip.height)
        frames = person.frame[rows]
        vehicle[row], signs[row] = clip.vehicle[frames], clip.signs[frames]
        place = each.clip, int(frames[0]), int(frames[-1])
        if place not in known:
            known[place] = _crowd_at(clip, *place[1:])
        who, said = known[place]
        crowd[row] = said[np.searchsorted(who, each.person)]
    return Windows(box, size, vehicle, signs, crowd)


def _crowd_at(clip: Clip, first: int, last: int) -> tuple[Ints, Floats]:
    """Return who is in a frame, and what each is told of the others."""
    who, then, now = [], [], []
    for at, person in enumerate(clip.people):
        row = int(np.searchsorted(person.frame, last))
        if row == len(person.frame) or person.frame[row] != last:
            continue
        before = int(np.searchsorted(person.frame, first))
        was_there = person.frame[before] == first
        who.append(at)
        now.append(person.box[row])
        then.append(person.box[before] if was_there else np.full(4, np.nan))
    return np.array(who), crowd_of(np.array(then), np.array(now), clip.width)


def _side(box: Floats, width: float) -> Floats:
    """How far each is to the right of the car's way, in heights."""
    return (_middle(box) - width / 2) / (box[:, 3] - box[:, 1])


def _middle(box: Floats) -> Floats:
    return (box[:, 0] + box[:, 2]) / 2


def _steps(values: Floats) -> Floats:
    """The change since the frame before, 0 in the first."""
    return np.diff(values, axis=1, prepend=values[:, :1])
