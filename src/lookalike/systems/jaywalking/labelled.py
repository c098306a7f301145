"""Observations of people with what became of them: learned from, and measured."""

from dataclasses import dataclass

import numpy as np

from lookalike._typing import Array, Ints
from lookalike.datasets.streets import Clip, Observation, observations
from lookalike.systems.jaywalking.features import Features, features_of, windows_of
from lookalike.systems.jaywalking.noise import trembling


@dataclass(frozen=True)
class Labelled:
    """Observations of some clips, and what became of the people.

    crosses, described : bool (n,)
    designated : bool (n,), whether somebody said that the place is one to cross
    person : int64 (n,), numbers of the people
    """

    found: list[Observation]
    features: Features
    crosses: Array
    described: Array
    designated: Array
    person: Ints

    @property
    def n_people(self) -> int:
        """How many people there are."""
        return len(np.unique(self.person))

    @property
    def jaywalks(self) -> Array:
        """Whether each crosses where nobody is meant to."""
        found: Array = self.crosses & self.described & ~self.designated
        return found


def labelled(clips: tuple[Clip, ...]) -> Labelled:
    """Return the benchmark's observations of clips, see ``datasets.streets``."""
    found = observations(clips)
    people = [clips[each.clip].people[each.person] for each in found]
    places: dict[tuple[int, int], int] = {}
    for each in found:
        places.setdefault((each.clip, each.person), len(places))
    return Labelled(
        found,
        features_of(windows_of(clips, found)),
        np.array([person.crosses for person in people], bool),
        np.array([person.is_described for person in people], bool),
        np.array([person.designated is not False for person in people], bool),
        np.array([places[each.clip, each.person] for each in found], np.int64),
    )


def exact_and_trembling(
    clips: tuple[Clip, ...], exact: Labelled, rng: np.random.Generator
) -> Features:
    """Return the features of the observations of clips, then those of noisy boxes."""
    noisy = labelled(tuple(trembling(clip, rng) for clip in clips)).features
    return Features(
        np.concatenate([exact.features.summary, noisy.summary]),
        np.concatenate([exact.features.sequence, noisy.sequence]),
    )
