"""The last sixteen frames of everybody in sight, from boxes that come frame by frame."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from lookalike._typing import Array, Floats, Ints
from lookalike.datasets.streets import LENGTH, SIGNS, VEHICLE_ACTIONS
from lookalike.systems.jaywalking.features import Windows, crowd_of
from lookalike.track import Sort
from lookalike.track.boxes import check_boxes

MOST_BOXES = 500
"""In one frame; more than so many people are a detector's mistake."""
_MOST_UNSEEN = 10
"""Frames after which somebody who is not seen is forgotten."""


@dataclass
class _Track:
    """Boxes of one person by frame, the latest last.

    n : of the sixteen rows, how many are known, from the end on
    """

    last: int
    box: Floats = field(default_factory=lambda: np.full((LENGTH, 4), np.nan))
    n: int = 0

    def add(self, frame: int, box: Floats) -> None:
        """Take up a box; frames between the last one and this are crossed straight."""
        gap = min(frame - self.last, LENGTH) if self.n else LENGTH
        before = self.box[-1].copy()
        self.box[:-gap] = self.box[gap:]
        if self.n:
            share = np.arange(1, gap + 1)[:, None] / (frame - self.last)
            self.box[LENGTH - gap :] = before + share * (box - before)
            self.n = min(self.n + gap, LENGTH)
        else:
            self.n = 1
        self.box[-1] = box
        self.last = frame


@dataclass(frozen=True)
class Seen:
    """Everybody who is seen in one frame.

    ids : int64 (n,)
    rows : int64 (n,), of the box that was given
    ready : bool (n,), whether sixteen frames are known
    windows : of those who are ready
    """

    ids: Ints
    rows: Ints
    ready: Array
    windows: Windows


class Tracks:
    """Keep the last sixteen frames of one sequence.

    Parameters
    ----------
    width, height : int
        Of the picture.
    """

    def __init__(self, width: int, height: int) -> None:
        if not (0 < width <= 100_000 and 0 < height <= 100_000):
            raise ValueError(
                "width and height of the picture must be from 1 to 100,000, got "
                f"{width!r} and {height!r}."
            )
        self.width, self.height = width, height
        self.frame: int | None = None
        self._tracker = Sort(max_age=_MOST_UNSEEN, min_hits=1)
        self._tracks: dict[int, _Track] = {}
        self._vehicle = np.full(LENGTH, -1)
        self._signs = np.zeros((LENGTH, len(SIGNS)), bool)

    def step(
        self,
        frame: int,
        boxes: ArrayLike,
        vehicle: str | None = None,
        signs: Sequence[str] = (),
        ids: Sequence[int] | None = None,
    ) -> Seen:
        """Take up one frame.

        Parameters
        ----------
        frame : int
            Its number, above that of the frame before; frames may be missing.
        boxes : array-like (n, 4)
            Of people: left, top, right, bottom in pixels.
        vehicle : str, default=None
            One of ``VEHICLE_ACTIONS``, None where it is not known.
        signs : sequence of str, default=()
            Those of ``SIGNS`` that are in sight.
        ids : sequence of int, default=None
            Of the people, where somebody else has tracked them; None tracks them here.

        Raises
        ------
        ValueError
            If something is wrong with the frame; nothing of it is taken up.
        """
        found = self._checked(frame, boxes)
        car, sight = _code(vehicle), _columns(signs)
        known = None if ids is None else _checked_ids(ids, len(found))
        missed = 0 if self.frame is None else frame - self.frame - 1
        for _ in range(min(missed, _MOST_UNSEEN + 1) if known is None else 0):
            self._tracker.step(np.empty((0, 4)))
        self._remember(min(missed + 1, LENGTH), car, sight)
        self.frame = frame
        if known is None:
            tracked = self._tracker.step(found)
            known, rows, box = tracked.ids, tracked.rows, found[tracked.rows]
        else:
            rows, box = np.arange(len(found)), found
        for id, each in zip(known.tolist(), box, strict=True):
            track = self._tracks.get(id)
            if track is None or frame - track.last > _MOST_UNSEEN + 1:
                track = self._tracks[id] = _Track(frame)
            track.add(frame, each)
        gone = [i for i, t in self._tracks.items() if frame - t.last > _MOST_UNSEEN]
        for id in gone:
            del self._tracks[id]
        return self._seen(known, rows, box)

    def _seen(self, ids: Ints, rows: Ints, box: Floats) -> Seen:
        tracks = [self._tracks[id] for id in ids.tolist()]
        history = np.array([t.box for t in tracks]).reshape(-1, LENGTH, 4)
        ready = np.array([t.n == LENGTH for t in tracks], bool)
        crowd = crowd_of(history[:, 0], box, self.width)
        n = int(ready.sum())
        windows = Windows(
            history[ready],
            np.tile([float(self.width), float(self.height)], (n, 1)),
            np.tile(self._vehicle, (n, 1)),
            np.tile(self._signs, (n, 1, 1)),
            crowd[ready],
        )
        return Seen(ids, rows, ready, windows)

    def _remember(self, n: int, car: int, sight: Array) -> None:
        self._vehicle = np.append(self._vehicle[n:], np.full(n, car))
        self._signs = np.concatenate([self._signs[n:], np.tile(sight, (n, 1))])

    def _checked(self, frame: int, boxes: ArrayLike) -> Floats:
        if isinstance(frame, bool) or not isinstance(frame, int | np.integer):
            raise ValueError(f"A frame must have a whole number, got {frame!r}.")
        if self.frame is not None and frame <= self.frame:
            came = "twice" if frame == self.frame else "out of order"
            raise ValueError(
                f"Frames must come in order: frame {frame} came {came}, after frame "
                f"{self.frame}."
            )
        n = len(boxes) if hasattr(boxes, "__len__") else 0
        if n > MOST_BOXES:
            raise ValueError(
                f"A frame may have at most {MOST_BOXES} boxes, got {n:,}."
            )
        found = check_boxes(boxes)
        outside = (found[:, :2] >= (self.width, self.height)).any(axis=1)
        outside |= (found[:, 2:] <= 0).any(axis=1)
        if outside.any():
            row = int(np.flatnonzero(outside)[0])
            raise ValueError(
                f"Boxes must lie in the picture of {self.width} by {self.height} at "
                f"least in part; box {row} is {found[row].tolist()}."
            )
        return found


def _code(vehicle: str | None) -> int:
    if vehicle is None:
        return -1
    if vehicle not in VEHICLE_ACTIONS:
        raise ValueError(
            f"vehicle must be one of {', '.join(VEHICLE_ACTIONS)}, got {vehicle!r}."
        )
    return VEHICLE_ACTIONS.index(vehicle)


def _columns(signs: Sequence[str]) -> Array:
    for sign in signs:
        if sign not in SIGNS:
            raise ValueError(f"signs must be of {', '.join(SIGNS)}, got {sign!r}.")
    return np.array([name in signs for name in SIGNS])


def _checked_ids(ids: Sequence[int], n: int) -> Ints:
    try:
        found = np.asarray(ids, np.int64)
    except (TypeError, ValueError, OverflowError):
        raise ValueError("ids must be whole numbers.") from None
    if found.shape != (n,):
        raise ValueError(f"ids must be one a box, {n}, got shape {found.shape}.")
    if len(np.unique(found)) != n:
        raise ValueError("ids must differ: the same person is in a frame once.")
    return found
