"""Boxes as a detector finds them: trembling, and some of them missing."""

from collections.abc import Iterator
from dataclasses import fields, replace

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.datasets.streets import SIGNS, VEHICLE_ACTIONS, Clip, Observation
from lookalike.systems.jaywalking.features import Features, Windows, features_of
from lookalike.systems.jaywalking.tracks import Tracks

JITTER = 0.05
"""Standard deviation of an edge, in widths or heights of the box."""
DROPPED = 0.1
"""Share of boxes that are not found."""


def trembling(clip: Clip, rng: np.random.Generator) -> Clip:
    """Return a clip with noise on every edge of every box.

    Examples
    --------
    >>> from lookalike.datasets.streets import Person
    >>> frame = np.arange(2000)
    >>> still = np.tile([100.0, 100, 150, 200], (2000, 1))
    >>> person = Person("a", frame, still, False, None, None, False)
    >>> signs = np.zeros((2000, 5), bool)
    >>> clip = Clip("c", "train", 640, 480, np.zeros(2000, np.int64), signs, (person,))
    >>> found = trembling(clip, np.random.default_rng(0)).people[0].box
    >>> found.std(axis=0).round(1)
    array([2.5, 4.9, 2.5, 5.1])
    """
    people = tuple(replace(each, box=_moved(each.box, rng)) for each in clip.people)
    return replace(clip, people=people)


def _moved(box: Floats, rng: np.random.Generator) -> Floats:
    size = np.maximum(box[:, 2:] - box[:, :2], 1.0)
    noise = rng.normal(size=box.shape) * np.tile(size, 2) * JITTER
    found: Floats = box + noise
    # Ten standard deviations apart they seldom cross; a box of no size is none.
    found[:, 2:] = np.maximum(found[:, 2:], found[:, :2] + 1.0)
    return found


def followed(
    clips: tuple[Clip, ...],
    found: list[Observation],
    rng: np.random.Generator,
    dropped: float = DROPPED,
) -> tuple[Features, Array]:
    """Return the features of observations as a tracker sees them, in noisy boxes.

    Every clip is followed frame by frame, its boxes without identities, some of them
    missing. An observation takes what was last known of its person at its last frame.

    Returns
    -------
    features : of every observation
    is_known : bool (n,), false where the person had not been followed for sixteen
        frames; its features are those of nobody
    """
    wanted: dict[int, dict[int, list[tuple[int, int]]]] = {}
    for row, each in enumerate(found):
        last = int(clips[each.clip].people[each.person].frame[each.stop - 1])
        frames = wanted.setdefault(each.clip, {})
        frames.setdefault(last, []).append((row, each.person))
    taken: list[Windows] = []
    places = np.full(len(found), -1)
    for at, frames in wanted.items():
        clip = trembling(clips[at], rng)
        tracks = Tracks(clip.width, clip.height)
        known: dict[int, Windows] = {}
        for frame, box, who in _frames(clip, max(frames) + 1, rng, dropped):
            car = int(clip.vehicle[frame])
            sight = [
                name for name, on in zip(SIGNS, clip.signs[frame], strict=True) if on
            ]
            seen = tracks.step(
                frame, box, VEHICLE_ACTIONS[car] if car >= 0 else None, sight
            )
            for row, person in enumerate(who[seen.rows[seen.ready]].tolist()):
                known[person] = seen.windows[np.array([row])]
            for row, person in frames.get(frame, ()):
                if person in known:
                    places[row] = len(taken)
                    taken.append(known[person])
    is_known = places >= 0
    if not taken:
        raise ValueError("Nobody was followed for sixteen frames.")
    whole = features_of(_joined(taken))
    return whole[np.maximum(places, 0)], is_known


def _frames(
    clip: Clip, stop: int, rng: np.random.Generator, dropped: float
) -> Iterator[tuple[int, Floats, Ints]]:
    """Yield the number, the boxes and the people of each frame; some are missing."""
    frame = np.concatenate([person.frame for person in clip.people])
    box = np.concatenate([person.box for person in clip.people])
    who = np.repeat(np.arange(len(clip.people)), [len(p.frame) for p in clip.people])
    inside = (box[:, 2:] > 0).all(axis=1)
    inside &= (box[:, :2] < (clip.width, clip.height)).all(axis=1)
    kept = inside & (rng.random(len(frame)) >= dropped) & (frame < stop)
    frame, box, who = frame[kept], box[kept], who[kept]
    order = np.argsort(frame, kind="stable")
    ends = np.searchsorted(frame[order], np.arange(stop + 1))
    for at in range(stop):
        rows = order[ends[at] : ends[at + 1]]
        yield at, box[rows], who[rows]


def _joined(windows: list[Windows]) -> Windows:
    return Windows(
        *(
            np.concatenate([getattr(each, part.name) for each in windows])
            for part in fields(Windows)
        )
    )
