"""How frames answer for their video: one score of those of all its frames."""

import numpy as np

from lookalike._typing import Floats, Ints


def frames_of(ends: Ints, rows: Ints) -> tuple[Ints, Ints]:
    """Return the frames of some videos, one after the other, and how many each has.

    ends : int64 (n_videos + 1,), frames of video i are ``ends[i]`` to ``ends[i + 1]``

    Examples
    --------
    >>> frames_of(np.array([0, 2, 2, 5]), np.array([2, 1, 0]))
    (array([2, 3, 4, 0, 1]), array([3, 0, 2]))
    """
    counts = ends[rows + 1] - ends[rows]
    begins = np.cumsum(counts) - counts
    frames = np.arange(counts.sum()) + np.repeat(ends[rows] - begins, counts)
    return frames, counts


def fit_of_text(scores: Floats, counts: Ints) -> Floats:
    """Return how well videos fit a text: best and mean of their frames, halved.

    scores : of all frames, those of one video after the other
    counts : (n_videos,), how many each has; of a video without frames it is 0

    Examples
    --------
    >>> fit_of_text(np.array([0.5, 0.1, 0.3]), np.array([2, 0, 1]))
    array([0.4, 0. , 0.3])
    """
    found = np.zeros(len(counts))
    has = counts > 0
    if has.any():
        starts = (np.cumsum(counts) - counts)[has]
        best = np.maximum.reduceat(scores, starts)
        mean = np.add.reduceat(scores, starts) / counts[has]
        found[has] = (best + mean) / 2
    return found
