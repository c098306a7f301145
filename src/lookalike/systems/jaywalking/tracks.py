"""The last sixteen frames of everybody in sight, from boxes that come one by one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lookalike._typing import Array, Floats, Ints
from lookalike.datasets.streets import LENGTH, SIGNS, VEHICLE_ACTIONS
from lookalike.kernels.boxes import first_outside
from lookalike.kernels.walkers import take_up
from lookalike.systems.jaywalking.features import Windows, crowd_of
from lookalike.track import Sort
from lookalike.track.boxes import check_boxes

MOST_BOXES = 500
"""In one frame; more than so many people are a detector's mistake."""
_SIDES = 0.01, 1_000_000.0
"""Pixels that a box must be wide and high: the filters square and divide by them."""
_LAST_FRAME = 10**15
_MOST_UNSEEN = 10
"""Frames after which somebody who is not seen is forgotten."""


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
        self._size = np.array([width, height], np.float64)
        self.frame: int | None = None
        self._tracker = Sort(max_age=_MOST_UNSEEN, min_hits=0)
        self._slots: dict[int, int] = {}  # rows of the arrays below, by id
        self._box = np.full((8, LENGTH, 4), np.nan)
        self._last = np.zeros(8, np.int64)  # frame in which each was seen last
        self._n = np.zeros(8, np.int64)  # how many of the sixteen are known
        self._free = list(range(8))
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
            tracked = self._tracker.step_checked(found)
            known, rows, box = tracked.ids, tracked.rows, found[tracked.rows]
        else:
            rows, box = np.arange(len(found)), found
        slots = self._slots_of(known.tolist(), frame)
        take_up(self._box, self._n, self._last, slots, frame, box)
        return self._seen(known, rows, slots)

    def _slots_of(self, ids: list[int], frame: int) -> Ints:
        """Where everybody's boxes are kept; those long unseen are forgotten first."""
        for id, kept in list(self._slots.items()):
            if frame - self._last[kept] > _MOST_UNSEEN:
                self._free.append(self._slots.pop(id))
        found = []
        for id in ids:
            slot = self._slots.get(id)
            if slot is None:
                if not self._free:
                    self._grow()
                slot = self._slots[id] = self._free.pop()
                self._n[slot], self._box[slot] = 0, np.nan
            found.append(slot)
        return np.array(found, np.int64)

    def _grow(self) -> None:
        n = len(self._n)
        self._free = list(range(n, 2 * n))
        more = np.full((n, LENGTH, 4), np.nan)
        self._box = np.concatenate([self._box, more])
        self._last = np.concatenate([self._last, np.zeros(n, np.int64)])
        self._n = np.concatenate([self._n, np.zeros(n, np.int64)])

    def _seen(self, ids: Ints, rows: Ints, slots: Ints) -> Seen:
        history, ready = self._box[slots], self._n[slots] == LENGTH
        first, last = history[:, 0].copy(), history[:, -1].copy()
        crowd, n = crowd_of(first, last, self.width), int(ready.sum())
        if n < len(slots):
            history, crowd = history[ready], crowd[ready]
        windows = Windows(
            history,
            np.full((n, 2), self._size),
            np.full((n, LENGTH), self._vehicle),
            np.full((n, LENGTH, len(SIGNS)), self._signs),
            crowd,
        )
        return Seen(ids, rows, ready, windows)

    def _remember(self, n: int, car: int, sight: Array) -> None:
        self._vehicle[:-n], self._vehicle[-n:] = self._vehicle[n:], car
        self._signs[:-n], self._signs[-n:] = self._signs[n:], sight

    def _checked(self, frame: int, boxes: ArrayLike) -> Floats:
        if isinstance(frame, bool) or not isinstance(frame, int | np.integer):
            raise ValueError(f"A frame must have a whole number, got {frame!r}.")
        if not -_LAST_FRAME <= frame <= _LAST_FRAME:
            raise ValueError(
                f"The number of a frame may have at most 15 digits, got {frame}."
            )
        if self.frame is not None and frame <= self.frame:
            came = "twice" if frame == self.frame else "out of order"
            raise ValueError(
                f"Frames must come in order: frame {frame} came {came}, after frame "
                f"{self.frame}."
            )
        n = len(boxes) if isinstance(boxes, list | tuple | np.ndarray) else 0
        if n > MOST_BOXES:
            raise ValueError(f"A frame may have at most {MOST_BOXES} boxes, got {n:,}.")
        found = check_boxes(boxes)
        row = first_outside(found, self.width, self.height, *_SIDES)
        if row >= 0:
            raise ValueError(
                f"Boxes must lie in the picture of {self.width} by {self.height} at "
                f"least in part, and be from {_SIDES[0]:g} to {_SIDES[1]:,.0f} pixels "
                f"wide and high; box {row} is {found[row].tolist()}."
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
    if not isinstance(signs, list | tuple | set | frozenset):
        raise ValueError(f"signs must be a list of names, got {signs!r}.")
    for sign in signs:
        if sign not in SIGNS:
            raise ValueError(f"signs must be of {', '.join(SIGNS)}, got {sign!r}.")
    return np.array([name in signs for name in SIGNS])


def _checked_ids(ids: Sequence[int], n: int) -> Ints:
    try:
        given = np.asarray(ids)
        found = given.astype(np.int64)
    except (TypeError, ValueError, OverflowError):
        raise ValueError("ids must be whole numbers.") from None
    if given.dtype.kind not in "iu" and given.size:
        raise ValueError("ids must be whole numbers.")
    if found.shape != (n,):
        raise ValueError(f"ids must be one a box, {n}, got shape {found.shape}.")
    if len(np.unique(found)) != n:
        raise ValueError("ids must differ: the same person is in a frame once.")
    return found
