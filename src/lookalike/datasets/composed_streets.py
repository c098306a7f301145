"""Composed clips of streets, for a first try without any download.

People stand, walk along or come towards the way of the car; those who come near enough
cross, most often at a crosswalk. The car approaches, so that everybody grows. Nothing
real is in it: numbers measured here say nothing of streets.
"""

import hashlib

import numpy as np

from lookalike.datasets.streets import (
    SIGNS,
    VEHICLE_ACTIONS,
    Clip,
    Person,
    StreetClips,
)

WIDTH, HEIGHT = 1280, 720
_N_FRAMES = 130
_PEOPLE = 4
_PARTS = (("train", 0.6), ("validation", 0.8), ("test", 1.0))


def load_composed_streets(n_clips: int = 60, random_state: int = 0) -> StreetClips:
    """Return composed clips, six tenths of them to learn from.

    Examples
    --------
    >>> data = load_composed_streets(10)
    >>> [len(data.of(part)) for part in ("train", "validation", "test")]
    [6, 2, 2]
    """
    rng = np.random.default_rng(random_state)
    clips = []
    for at in range(n_clips):
        part = next(name for name, end in _PARTS if at < end * n_clips)
        clips.append(_clip(f"composed_{at:04d}", part, rng))
    said = f"{n_clips} {random_state} {clips[-1].people[-1].box.tolist()}"
    return StreetClips(
        "composed_streets", hashlib.sha256(said.encode()).hexdigest(), tuple(clips)
    )


def _clip(name: str, part: str, rng: np.random.Generator) -> Clip:
    has_crosswalk = bool(rng.random() < 0.5)
    signs = np.zeros((_N_FRAMES, len(SIGNS)), bool)
    signs[:, SIGNS.index("crosswalk")] = has_crosswalk
    vehicle = np.full(_N_FRAMES, VEHICLE_ACTIONS.index("moving_slow"))
    people = tuple(
        _person(f"{name}_{who}", has_crosswalk, rng) for who in range(_PEOPLE)
    )
    return Clip(name, part, WIDTH, HEIGHT, vehicle, signs, people)


def _person(id: str, at_crosswalk: bool, rng: np.random.Generator) -> Person:
    """One person by their place on the ground, in heights, seen as a box."""
    comes = bool(rng.random() < 0.5)
    frame = np.arange(_N_FRAMES)
    away = rng.uniform(9, 14) - frame / _N_FRAMES * 4
    sign = rng.choice([-1.0, 1.0])
    begin = rng.uniform(3, 5) if comes else rng.uniform(3, 8)
    speed = begin / rng.uniform(95, 115) if comes else rng.normal(0, 0.006)
    side = sign * (begin - speed * frame)
    height = HEIGHT / away * rng.uniform(0.95, 1.05)
    width = height * (0.4 + 0.05 * np.sin(frame / 4) * comes)
    x, bottom = WIDTH / 2 + side * height, HEIGHT * 0.5 + height * 0.8
    box = np.column_stack([x - width / 2, bottom - height, x + width / 2, bottom])
    event = None
    if comes:  # the kerb is two heights to the side of the way
        event = int(np.flatnonzero(np.abs(side) < 1.0)[0])
    designated = at_crosswalk if comes else None
    return Person(id, frame, box.round(1), comes, event, designated, comes)
