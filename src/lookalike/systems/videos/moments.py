"""Moments: which seconds of a video answer, from how well each of its frames does.

A frame stands for the time until half way to its neighbours. A window's score is the
sum over its frames of what they are above a level, times the seconds each stands for;
the best window has the largest (Kadane's algorithm). The level is half way between the
best frame and the usual one, so that a window holds what stands out. Further windows
are looked for in what is left; those that nearly touch are merged, and of two that
overlap the better one stays (non-maximum suppression in time).
"""

from dataclasses import dataclass

import numpy as np

from lookalike._typing import Floats

LEVEL = 0.5
"""Where the level lies between the median frame (0) and the best one (1)."""
GAP = 1.0
"""Seconds between two windows, as a multiple of the distance of frames, that merge."""
OVERLAP = 0.5
"""Intersection over union from which the worse of two moments is left out."""
N_MOMENTS = 3


@dataclass(frozen=True)
class Moment:
    """Seconds of a video.

    begin, end : seconds
    second : of the best frame between
    score : of that frame
    """

    begin: float
    end: float
    second: float
    score: float


def moments_of(
    times: Floats, duration: float, scores: Floats, n: int = N_MOMENTS
) -> list[Moment]:
    """Return at most n moments of a video, best first.

    Parameters
    ----------
    times : (n_frames,), rising, seconds of the frames
    duration : seconds of the video
    scores : (n_frames,), how well each frame answers

    Examples
    --------
    >>> scores = np.array([0.1, 0.9, 0.8, 0.1, 0.1, 0.7, 0.1, 0.1])
    >>> for each in moments_of(np.arange(8) + 0.5, 8.0, scores):
    ...     print(each.begin, each.end, each.second, each.score)
    1.0 3.0 1.5 0.9
    5.0 6.0 5.5 0.7
    """
    edges = edges_of(times, duration)
    lengths = np.diff(edges)
    best, usual = float(scores.max()), float(np.median(scores))
    level = usual + LEVEL * (best - usual)
    gain = (scores - level) * lengths
    if best <= usual:  # all are alike: the whole video answers
        at = int(scores.argmax())
        return [Moment(0.0, duration, float(times[at]), best)]
    found = _merged(_windows(gain), edges)
    moments = []
    for first, last in found:
        at = first + int(scores[first:last].argmax())
        moment = Moment(
            float(edges[first]), float(edges[last]), float(times[at]), float(scores[at])
        )
        moments.append(moment)
    moments.sort(key=lambda each: -each.score)
    kept: list[Moment] = []
    for each in moments:
        if all(overlap(each, other) < OVERLAP for other in kept):
            kept.append(each)
    return kept[:n]


def edges_of(times: Floats, duration: float) -> Floats:
    """Return where the time of each frame begins and ends, (n_frames + 1,)."""
    between = (times[1:] + times[:-1]) / 2
    return np.concatenate([[0.0], between, [max(duration, float(times[-1]))]])


def overlap(one: Moment, other: Moment) -> float:
    """Return the intersection over the union of two moments, 0 to 1.

    Examples
    --------
    >>> overlap(Moment(0, 4, 1, 1), Moment(2, 6, 3, 1))
    0.3333333333333333
    """
    both = min(one.end, other.end) - max(one.begin, other.begin)
    if both <= 0:
        return 0.0
    return both / (max(one.end, other.end) - min(one.begin, other.begin))


def _windows(gain: Floats) -> list[tuple[int, int]]:
    """Windows of the largest gain, each the best of what those before left."""
    left, found = gain.copy(), list[tuple[int, int]]()
    while len(found) < 2 * N_MOMENTS:
        best, at, total, begin = 0.0, (0, 0), 0.0, 0
        for row, value in enumerate(left.tolist()):
            if total <= 0:
                total, begin = 0.0, row
            total += value
            if total > best:
                best, at = total, (begin, row + 1)
        if best <= 0:
            break
        found.append(at)
        left[at[0] : at[1]] = -np.inf
    return sorted(found)


def _merged(windows: list[tuple[int, int]], edges: Floats) -> list[tuple[int, int]]:
    """Windows that lie nearer to each other than half a frame's time become one."""
    usual = float(np.median(np.diff(edges)))
    kept: list[tuple[int, int]] = []
    for first, last in windows:
        if kept and edges[first] - edges[kept[-1][1]] < GAP * usual / 2:
            kept[-1] = (kept[-1][0], last)
        else:
            kept.append((first, last))
    return kept
