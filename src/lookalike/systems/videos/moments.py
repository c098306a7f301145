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
    times: Floats,
    duration: float,
    scores: Floats,
    links: Floats | None = None,
    n: int = N_MOMENTS,
) -> list[Moment]:
    """Return at most n moments of a video, best first.

    Parameters
    ----------
    times : (n_frames,), rising, seconds of the frames
    duration : seconds of the video
    scores : (n_frames,), how well each frame answers
    links : (n_frames - 1,), how like each frame is to the next, on the scale of the
        scores; a frame then counts as much as the weakest link between it and the best
        one, where that is more: a scene that moves stays one moment

    Examples
    --------
    >>> scores = np.array([0.1, 0.9, 0.8, 0.1, 0.1, 0.7, 0.1, 0.1])
    >>> for each in moments_of(np.arange(8) + 0.5, 8.0, scores):
    ...     print(each.begin, each.end, each.second, each.score)
    1.0 3.0 1.5 0.9
    5.0 6.0 5.5 0.7
    >>> links = np.array([0.1, 0.95, 0.9, 0.9, 0.2, 0.2, 0.9])
    >>> [moment, *_] = moments_of(np.arange(8) + 0.5, 8.0, scores, links)
    >>> moment.begin, moment.end
    (1.0, 5.0)
    """
    own = scores if links is None else _linked(scores, links)
    edges = edges_of(times, duration)
    lengths = np.diff(edges)
    best, usual = float(own.max()), float(np.median(own))
    level = usual + LEVEL * (best - usual)
    gain = (own - level) * lengths
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


def _linked(scores: Floats, links: Floats) -> Floats:
    """Scores, at least the weakest link between each frame and the best one."""
    best = int(scores.argmax())
    after = np.minimum.accumulate(links[best:])
    before = np.minimum.accumulate(links[:best][::-1])[::-1]
    weakest = np.concatenate([before, [scores[best]], after])
    return np.asarray(np.maximum(scores, np.minimum(weakest, scores[best])))


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
