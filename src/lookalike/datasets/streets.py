"""Clips of a street seen from a car: boxes of people, the car, and the signs in sight.

What a clip holds is what a car can know at the time: boxes from a detector, its own
speed, and what its map and its camera say of the street. What became of a person,
``crosses``, is for learning and measuring alone.
"""

from dataclasses import dataclass

import numpy as np

from lookalike._typing import Array, Floats, Ints

VEHICLE_ACTIONS = (
    "stopped",
    "moving_slow",
    "moving_fast",
    "decelerating",
    "accelerating",
)
"""What the car is doing, by code; -1 where that is not known."""
SIGNS = ("crosswalk", "pedestrian_sign", "stop_sign", "green_light", "red_light")
"""What may be in sight, by column."""
FRAMES_A_SECOND = 30.0


@dataclass(frozen=True)
class Person:
    """One person in a clip, from the first frame they are seen in to the last.

    frame : int64 (n,), ascending, from 0
    box : float64 (n, 4), left, top, right, bottom in pixels
    crosses : whether they cross in front of the car
    event : the frame in which they set out, None where they do not or it is not told
    designated : whether that place is one to cross; None where nobody said
    is_described : whether people looked at what this person does. Only they can cross
    """

    id: str
    frame: Ints
    box: Floats
    crosses: bool
    event: int | None
    designated: bool | None
    is_described: bool


@dataclass(frozen=True)
class Clip:
    """A clip without its pictures.

    part : "train", "validation" or "test"
    vehicle : int64 (n_frames,), of ``VEHICLE_ACTIONS``, -1 where not known
    signs : bool (n_frames, 5), of ``SIGNS``
    """

    name: str
    part: str
    width: int
    height: int
    vehicle: Ints
    signs: Array
    people: tuple[Person, ...]

    @property
    def n_frames(self) -> int:
        """How many frames there are."""
        return len(self.vehicle)


@dataclass(frozen=True)
class StreetClips:
    """Clips of streets, and what became of the people in them."""

    name: str
    checksum: str
    clips: tuple[Clip, ...]

    def of(self, *parts: str) -> tuple[Clip, ...]:
        """Return the clips of some parts."""
        return tuple(clip for clip in self.clips if clip.part in parts)


@dataclass(frozen=True)
class Observation:
    """Sixteen frames of one person, some time before what became of them.

    clip, person : places among the clips, and among the clip's people
    start, stop : rows of the person's boxes
    wait : frames from the last of these rows to the event
    """

    clip: int
    person: int
    start: int
    stop: int
    wait: int


LENGTH = 16
"""Frames of an observation."""
WAITS = (30, 60)
"""Fewest and most frames from its end to the event: one to two seconds."""
STRIDE = 3
"""Frames between observations: they overlap by 0.8 of their length."""
_BEFORE_THE_END = 3


def observations(clips: tuple[Clip, ...]) -> list[Observation]:
    """Return the observations of the benchmark [1]_, in the order of the clips.

    They are its part "all"; "behaviour" is those of people who are described.

    A person's event is the frame in which they set out, or where they do not the last
    but two of theirs. Those not seen for long enough before it are left out.

    References
    ----------
    .. [1] Kotseruba, Rasouli and Tsotsos (2021). "Benchmark for evaluating pedestrian
       action prediction". WACV.

    Examples
    --------
    >>> frame = np.arange(100)
    >>> one = Person("a", frame, np.ones((100, 4)), True, 80, True, True)
    >>> still = np.zeros(100, np.int64), np.zeros((100, 5), bool)
    >>> found = observations((Clip("c", "train", 9, 9, *still, (one,)),))
    >>> len(found), found[0].start, found[-1].stop, found[-1].wait
    (11, 5, 51, 30)
    """
    found = []
    for at, clip in enumerate(clips):
        for who, person in enumerate(clip.people):
            length = _rows_before_event(person)
            if length < LENGTH + WAITS[1]:
                continue
            for wait in range(WAITS[1], WAITS[0] - 1, -STRIDE):
                stop = length - wait
                found.append(Observation(at, who, stop - LENGTH, stop, wait))
    return found


def _rows_before_event(person: Person) -> int:
    """How many of a person's rows there are, the one of the event among them."""
    if person.event is None:
        return len(person.frame) - _BEFORE_THE_END + 1
    rows = np.flatnonzero(person.frame == person.event)
    return int(rows[0]) + 1 if len(rows) else 0
