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
from lookalike.kernels import walkers as kernels

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
_SLOPE = SUMMARY_NAMES.index("comes in, slope")
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
    h, sums, others = last[:, 3] - last[:, 1], np.empty((2, n)), max(n - 1, 1)
    logs = np.log([h, h / (first[:, 3] - first[:, 1])])
    limits = _NEAR, _FAR, _WAY
    kernels.summarise_crowd(first, last, h, *logs, float(width), *limits, found, sums)
    found[:, 6] = (h.sum() - h) / others / width
    found[:, 13:15] = ((sums.sum(axis=1)[:, None] - sums) / others).T
    return found


def features_of(windows: Windows) -> Features:
    """Return what the models take of each window, its boxes smoothed; O(n)."""
    n = len(windows)
    box = np.matmul(_SMOOTH, windows.box)
    h = np.maximum(box[:, :, 3] - box[:, :, 1], 1.0)
    side = np.empty((n, LENGTH))
    sequence = np.empty((n, LENGTH, len(SEQUENCE_NAMES)), np.float32)
    summary = np.empty((n, len(SUMMARY_NAMES)), np.float32)
    around = windows.size, windows.vehicle, windows.signs, windows.crowd
    kernels.summarise(box, h, np.log(h), *around, side, sequence, summary)
    slope = (side @ _TIME) / (_TIME @ _TIME)
    summary[:, _SLOPE] = -np.sign(side[:, -1]) * slope
    return Features(summary, sequence)


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
