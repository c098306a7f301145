"""Whole sequences: the boxes of every frame as trajectories, with gaps filled."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lookalike._typing import Floats, Ints
from lookalike.track.sort import Sort


@dataclass(frozen=True)
class Trajectories:
    """Boxes with their frames and identities, by frame.

    frame : int64 (n,), from 1
    id : int64 (n,)
    box : float64 (n, 4), left, top, right, bottom
    """

    frame: Ints
    id: Ints
    box: Floats

    def __len__(self) -> int:
        """Return the number of boxes."""
        return len(self.frame)


def follow(
    tracker: Sort,
    boxes: Sequence[Floats],
    scores: Sequence[Floats] | None = None,
) -> Trajectories:
    """Return the trajectories of a sequence; the tracker begins anew.

    Parameters
    ----------
    tracker : Sort
    boxes, scores : one array a frame, from the first on

    Examples
    --------
    >>> found = follow(Sort(), [np.array([[0.0, 0, 9, 9]])] * 3)
    >>> found.frame, found.id
    (array([1, 2, 3]), array([1, 1, 1]))
    """
    tracker.reset()
    frames, ids, found = [], [], []
    for at, each in enumerate(boxes):
        told = tracker.step(each, None if scores is None else scores[at])
        frames.append(np.full(len(told), at + 1))
        ids.append(told.ids)
        found.append(told.boxes)
    if not frames:
        return Trajectories(*(np.empty(0, np.int64),) * 2, np.empty((0, 4)))
    return Trajectories(
        np.concatenate(frames), np.concatenate(ids), np.concatenate(found)
    )


def bridged(found: Trajectories, most: int) -> Trajectories:
    """Return trajectories whose gaps of at most so many frames are filled.

    A gap is crossed on a straight line from the box before it to the one after, so this
    is for sequences that are over.

    Examples
    --------
    >>> gap = Trajectories(np.array([1, 4]), np.array([1, 1]),
    ...                    np.array([[0.0, 0, 3, 3], [3.0, 0, 6, 3]]))
    >>> whole = bridged(gap, most=2)
    >>> whole.frame, whole.box[:, 0]
    (array([1, 2, 3, 4]), array([0., 1., 2., 3.]))
    """
    order = np.lexsort((found.frame, found.id))
    frame, id, box = found.frame[order], found.id[order], found.box[order]
    gap = np.diff(frame) - 1
    crossed = np.flatnonzero((np.diff(id) == 0) & (gap > 0) & (gap <= most))
    frames, ids, boxes = [frame], [id], [box]
    for row in crossed:
        steps = np.arange(1, gap[row] + 1)
        share = (steps / (gap[row] + 1))[:, None]
        frames.append(frame[row] + steps)
        ids.append(np.full(len(steps), id[row]))
        boxes.append(box[row] + share * (box[row + 1] - box[row]))
    frame, id, box = np.concatenate(frames), np.concatenate(ids), np.concatenate(boxes)
    order = np.lexsort((id, frame))
    return Trajectories(frame[order], id[order], box[order])
