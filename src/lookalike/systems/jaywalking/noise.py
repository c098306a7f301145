"""Boxes as a detector finds them: trembling, and some of them missing."""

from dataclasses import replace

import numpy as np

from lookalike._typing import Floats
from lookalike.datasets.streets import Clip

JITTER = 0.05
"""Standard deviation of an edge, in widths or heights of the box."""
DROPPED = 0.1
"""Share of boxes that are not found."""


def trembling(
    clip: Clip, rng: np.random.Generator, jitter: float = JITTER
) -> Clip:
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
    array([2.5, 5. , 2.5, 5. ])
    """
    people = tuple(
        replace(person, box=_moved(person.box, rng, jitter)) for person in clip.people
    )
    return replace(clip, people=people)


def _moved(box: Floats, rng: np.random.Generator, jitter: float) -> Floats:
    size = np.maximum(box[:, 2:] - box[:, :2], 1.0)
    noise = rng.normal(size=box.shape) * np.tile(size, 2) * jitter
    found: Floats = box + noise
    # Ten standard deviations apart they seldom cross; a box of no size is none.
    found[:, 2:] = np.maximum(found[:, 2:], found[:, :2] + 1.0)
    return found
