"""Who is enrolled and who is left out, and thresholds chosen on those left out."""

from collections.abc import Iterator

import numpy as np

from lookalike._typing import Array, Floats

N_ENROLLED = 5
"""Images of each person that are enrolled when a data set is learned."""
N_GROUPS = 4
"""Groups of people that are left out in turn to choose thresholds."""


def enrolment(people: Array, seed: int) -> Array:
    """Whether each picture is one of the five of its person that are enrolled."""
    rng = np.random.default_rng(seed)
    chosen = np.zeros(len(people), dtype=bool)
    for name in np.unique(people):
        chosen[rng.permutation(np.flatnonzero(people == name))[:N_ENROLLED]] = True
    return chosen


def groups_of(people: Array, seed: int) -> Iterator[tuple[Array, Array]]:
    """Leave out a quarter of the people in turn: masks of those out and inside."""
    names = np.random.default_rng(seed).permutation(np.unique(people))
    for group in range(N_GROUPS):
        out = np.isin(people, names[group::N_GROUPS])
        yield out, ~out


def pairs(vectors: Floats, people: Array) -> tuple[Floats, Floats]:
    """Cosines of all pairs of one person, and of all pairs of two."""
    first, second = np.triu_indices(len(people), 1)
    cosines = (vectors @ vectors.T)[first, second]
    one = people[first] == people[second]
    return cosines[one], cosines[~one]


def threshold_accepting(cosines: Floats, share: float) -> float:
    """Return the least threshold that accepts at most this share of the cosines."""
    ordered = np.sort(cosines)
    return float(np.nextafter(ordered[-1 - int(share * len(ordered))], np.inf))
