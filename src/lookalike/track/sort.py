"""SORT: boxes of one frame after the other become tracks, by motion and overlap alone.

Each track predicts its box by a Kalman filter at constant velocity; detections go to
the tracks whose predictions they overlap most, all at once. What is matched by none
begins a track, which is told once it was seen in ``min_hits`` frames on end; a track
that is not seen for more than ``max_age`` frames ends.

References
----------
.. [1] Bewley, Ge, Ott, Ramos and Upcroft (2016). "Simple online and realtime tracking".
   ICIP.
.. [2] Zhang et al. (2022). "ByteTrack: multi-object tracking by associating every
   detection box". ECCV. (the second stage)
"""

from dataclasses import dataclass
from numbers import Real

import numpy as np
from numpy.typing import ArrayLike

from lookalike._checks import check_whole
from lookalike._typing import Floats, Ints
from lookalike.kernels import sort as kernels
from lookalike.track.boxes import check_boxes

_NOISE = (
    np.array([10.0, 10, 10, 1e4, 1e4, 1e4, 0, 0, 0, 10]),
    np.array([1.0, 1, 1, 1, 0.01, 0.01, 0.0001]),
    np.array([1.0, 1, 10, 10]),
)
"""Variances of SORT: of the first box of a track, of a frame, of what is seen."""


@dataclass(frozen=True)
class Tracked:
    """The tracks of one frame, oldest first.

    ids : int64 (n,), from 1; never used again
    boxes : float64 (n, 4), as the filter has them
    rows : int64 (n,), of the detection that each was matched with
    """

    ids: Ints
    boxes: Floats
    rows: Ints

    def __len__(self) -> int:
        """Return the number of tracks."""
        return len(self.ids)


class Sort:
    """Track boxes frame by frame.

    Parameters
    ----------
    max_age : int, default=1
        Frames for which a track may be unseen.
    min_hits : int, default=3
        Frames on end after which a track is told; in the first frames of a sequence
        all are told.
    iou_threshold : float, default=0.3
        Overlap below which a detection is no match, in [0, 1].
    second_below : float, default=None
        Detections whose score is below it are matched in a second stage, with the
        tracks that were left over and seen in the last frame, and begin no track [2]_.
        None has one stage.
    least_score : float, default=None
        With a second stage: detections whose score is below it are left out.

    Notes
    -----
    With the defaults the tracks are those of the authors' program, the last digits of
    boxes aside: their filter of seven numbers falls apart into independent ones, see
    ``kernels.constant_velocity``. A frame of n tracks and m detections costs O(n * m),
    and O(n**3) where overlaps compete.

    Examples
    --------
    >>> tracker = Sort()
    >>> for shift in range(3):
    ...     found = tracker.step([[10 + shift, 0, 20 + shift, 30], [80, 0, 90, 30]])
    >>> found.ids, found.boxes.round(1)
    (array([1, 2]), array([[12.,  0., 22., 30.],
           [80.,  0., 90., 30.]]))
    """

    max_age: int
    min_hits: int
    iou_threshold: float
    second_below: float | None
    least_score: float | None

    def __init__(
        self,
        max_age: int = 1,
        min_hits: int = 3,
        iou_threshold: float = 0.3,
        second_below: float | None = None,
        least_score: float | None = None,
    ) -> None:
        check_whole("max_age", max_age, least=0)
        check_whole("min_hits", min_hits, least=0)
        if not isinstance(iou_threshold, Real) or not 0 <= iou_threshold <= 1:
            raise ValueError(f"iou_threshold must be in [0, 1], got {iou_threshold!r}.")
        if least_score is not None and second_below is None:
            raise ValueError("least_score needs second_below.")
        self.max_age = max_age
        self.min_hits = min_hits
        self.iou_threshold = iou_threshold
        self.second_below = second_below
        self.least_score = least_score
        self.reset()

    def reset(self) -> None:
        """Forget every track: another sequence begins."""
        self.frame = 0
        self._last_id = 0
        self._n = 0
        self._states = np.empty((0, 7))
        self._variances = np.empty((0, 10))
        self._about = np.empty((0, 3), np.int64)

    def step(self, boxes: ArrayLike, scores: ArrayLike | None = None) -> Tracked:
        """Return the tracks of the next frame.

        Parameters
        ----------
        boxes : array-like (n, 4)
            Detections: left, top, right, bottom; none is an empty list.
        scores : array-like (n,), default=None
            How sure each is; needed for a second stage.

        Raises
        ------
        ValueError
            If a box has no size, or scores are missing; the tracks are as before.
        """
        found = check_boxes(boxes)
        return self._follow(found, self._stages(len(found), scores))

    def step_checked(self, boxes: Floats) -> Tracked:
        """Return the tracks of the next frame, of boxes that ``check_boxes`` returned.

        Cheaper than ``step`` where somebody else has checked them. There is one stage.
        """
        return self._follow(boxes, np.zeros(len(boxes), np.int64))

    def _follow(self, found: Floats, stage: Ints) -> Tracked:
        self.frame += 1
        self._make_room(len(found))
        streak = self.min_hits if self.frame > self.min_hits else 0
        rules = float(self.iou_threshold), streak, self._last_id
        arrays = self._states, self._variances, self._about
        told = np.empty((self._n + len(found), 2), np.int64)
        self._n, n, self._last_id = kernels.step(
            self._n, *arrays, found, stage, rules, _NOISE, told
        )
        ids, rows = np.empty(n, np.int64), np.empty(n, np.int64)
        shown = np.empty((n, 4))
        kernels.tell(self._states, self._about, told[:n], ids, shown, rows)
        self._n = kernels.remove(self._n, *arrays, self.max_age)
        return Tracked(ids, shown, rows)

    def _stages(self, n: int, scores: ArrayLike | None) -> Ints:
        """When each detection is matched: 0 first, 1 then, 2 never."""
        stage = np.zeros(n, np.int64)
        if self.second_below is None:
            return stage
        if scores is None:
            raise ValueError("scores are needed where there is a second stage.")
        values = np.asarray(scores, np.float64)
        if values.shape != (n,):
            raise ValueError(
                f"scores must have one number a box, ({n},), got {values.shape}."
            )
        stage[~(values >= self.second_below)] = 1
        if self.least_score is not None:
            stage[~(values >= self.least_score)] = 2
        return stage

    def _make_room(self, n: int) -> None:
        """Let the arrays hold so many more tracks."""
        needed = self._n + n
        if needed <= len(self._states):
            return
        for name in ("_states", "_variances", "_about"):
            old = getattr(self, name)
            new = np.zeros((2 * needed, old.shape[1]), old.dtype)
            new[: self._n] = old[: self._n]
            setattr(self, name, new)
