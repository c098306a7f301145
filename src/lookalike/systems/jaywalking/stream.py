"""Frame by frame: boxes in, the risk of everybody in sight out, in time."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lookalike._typing import Array, Floats, Ints
from lookalike.systems.jaywalking.chances import Chances
from lookalike.systems.jaywalking.features import Windows, features_of
from lookalike.systems.jaywalking.place import Place
from lookalike.systems.jaywalking.tracks import Tracks

MOST_JUDGED = 64
"""People of one frame who are judged, the largest first: they are the nearest."""


@dataclass(frozen=True)
class Risks:
    """Everybody in one frame of whom sixteen frames are known, the nearest first.

    frame : of the picture
    ids : int64 (n,)
    rows : int64 (n,), of the boxes that were given
    crossing, away, jaywalking : float64 (n,), in [0, 1]
    n_waiting : people who are seen and not judged: new ones, and those beyond the limit
    n_missed : frames that are missing before this one
    milliseconds : that the answer took
    """

    frame: int
    ids: Ints
    rows: Ints
    crossing: Floats
    away: Floats
    jaywalking: Floats
    n_waiting: int
    n_missed: int
    milliseconds: float

    def __len__(self) -> int:
        """Return the number of people."""
        return len(self.ids)


class Stream:
    """Follow one sequence of frames.

    Parameters
    ----------
    chances, place
        Of a fitted system.
    width, height : int
        Of the picture.
    sequence : str, default=""
        Its name; a frame that names another sequence is refused.
    budget : float, default=2.0
        Milliseconds that a frame may take; those that took longer are counted.

    Attributes
    ----------
    n_frames, n_late, n_refused : int
        Frames that were answered, that took longer, and that were refused.
    """

    def __init__(
        self,
        chances: Chances,
        place: Place,
        width: int,
        height: int,
        sequence: str = "",
        budget: float = 2.0,
    ) -> None:
        self._chances = chances
        self._place = place
        self._tracks = Tracks(width, height)
        self.sequence = sequence
        self.budget = budget
        self.n_frames = self.n_late = self.n_refused = 0

    @property
    def last_frame(self) -> int | None:
        """The number of the frame that was taken up last, None of none."""
        return self._tracks.frame

    def step(
        self,
        frame: int,
        boxes: ArrayLike,
        vehicle: str | None = None,
        signs: Sequence[str] = (),
        ids: Sequence[int] | None = None,
        sequence: str | None = None,
    ) -> Risks:
        """Return the risk of everybody in the next frame.

        Parameters
        ----------
        frame, boxes, vehicle, signs, ids
            See ``Tracks.step``.
        sequence : str, default=None
            The sequence that the frame is of; None is this one.

        Raises
        ------
        ValueError
            If something is wrong with the frame. It is as if it had never come: the
            stream goes on with the next.
        """
        begun = time.perf_counter()
        before = self.last_frame
        try:
            if sequence is not None and sequence != self.sequence:
                raise ValueError(
                    f"This stream is of the sequence {self.sequence!r}; the frame is "
                    f"of {sequence!r}."
                )
            seen = self._tracks.step(frame, boxes, vehicle, signs, ids)
        except ValueError:
            self.n_refused += 1
            raise
        order = _nearest_first(seen.windows)
        places = np.flatnonzero(seen.ready)[order]
        crossing, away = self._judged(seen.windows, order)
        took = (time.perf_counter() - begun) * 1000
        self.n_frames += 1
        self.n_late += took > self.budget
        return Risks(
            int(frame),
            seen.ids[places],
            seen.rows[places],
            crossing,
            away,
            crossing * away,
            len(seen.ids) - len(places),
            0 if before is None else int(frame) - before - 1,
            took,
        )

    def _judged(self, windows: Windows, order: Array) -> tuple[Floats, Floats]:
        if not len(order):
            return np.empty(0), np.empty(0)
        features = features_of(windows[order])
        return self._chances.chances(features), self._place.away(features)


def _nearest_first(windows: Windows) -> Ints:
    height = windows.box[:, -1, 3] - windows.box[:, -1, 1]
    return np.argsort(-height, kind="stable")[:MOST_JUDGED]
