"""Friendships: pairs of people, some of them held out for testing."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lookalike._typing import Array, Ints
from lookalike.datasets._opened import opened
from lookalike.datasets.locate import checksum, find

HELD_OUT = 0.2  # of all friendships


HEADER = frozenset(
    (
        *("source", "target", "from", "to", "user", "friend", "person", "follower"),
        *("user1", "user2", "user_1", "user_2", "node1", "node2", "node_1", "node_2"),
        *("id1", "id2", "id_1", "id_2", "person1", "person2", "person_1", "person_2"),
    )
)
"""Names of columns by which the header of a file of pairs is known."""


@dataclass(frozen=True)
class Friendships:
    """Pairs of people, each pair once.

    people : (n_people,), names in the order of their first occurrence
    known, held_out : (n_pairs, 2), positions in ``people``; held-out pairs are for
        testing
    """

    name: str
    checksum: str
    people: Array
    known: Ints
    held_out: Ints


def load_facebook_ego(path: str | os.PathLike[str] | None = None) -> Friendships:
    """Load the Facebook ego networks: 4,039 people, 88,234 friendships.

    Parameters
    ----------
    path : path, default=None
        The file; None looks where :func:`lookalike.datasets.find` looks.
    """
    return load_friendships(find("facebook_ego", path), "facebook_ego")


def load_friendships(
    path: str | os.PathLike[str], name: str | None = None
) -> Friendships:
    """Load a file with two names in each line, and hold out a fifth of the pairs.

    Names are separated by a tab or a comma, or else by spaces. A first line such as
    "source,target" names the columns. The file may be gzipped.

    Raises
    ------
    ValueError
        If a line does not hold two different names, or there are fewer than ten
        friendships.
    """
    file = Path(path)
    with opened(file, "text with two names a line") as text:
        lines = text.readlines()
    try:
        people, pairs = read_pairs(lines)
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from None
    if len(pairs) < 10:
        raise ValueError(f"{file}: expected ten friendships or more, got {len(pairs)}.")
    known, held_out = hold_out(pairs)
    return Friendships(name or str(file), checksum(file), people, known, held_out)


def read_pairs(lines: Iterable[str]) -> tuple[Array, Ints]:
    r"""Return the people in ``lines``, and their friendships as positions among them.

    Repeated pairs, in either order, count once. Empty lines, lines that begin with #,
    and a first line of the names of columns are skipped.

    Examples
    --------
    >>> people, pairs = read_pairs(["ann,bob b.\n", "bob b.,ann\n", "ann,eve\n"])
    >>> people.tolist(), pairs.tolist()
    (['ann', 'bob b.', 'eve'], [[0, 1], [0, 2]])
    """
    position: dict[str, int] = {}
    pairs: dict[tuple[int, int], None] = {}
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        separator = next((mark for mark in "\t," if mark in text), r"\s+")
        names = [part.strip() for part in re.split(separator, text)]
        is_first = not position
        if is_first and len(names) == 2 and HEADER.issuperset(map(str.lower, names)):
            continue
        if len(names) != 2 or not all(names):
            raise ValueError(f"line {number}: expected two names, got {text[:60]!r}.")
        if names[0] == names[1]:
            raise ValueError(f"line {number}: {names[0]!r} cannot befriend themselves.")
        a, b = (position.setdefault(each, len(position)) for each in names)
        pairs[min(a, b), max(a, b)] = None
    return np.array(list(position)), np.array(list(pairs), np.int64).reshape(-1, 2)


def hold_out(
    pairs: Ints, share: float = HELD_OUT, random_state: int = 0
) -> tuple[Ints, Ints]:
    """Split pairs (n_pairs, 2) at random into known and held-out ones, in order."""
    drawn = np.random.default_rng(random_state).permutation(len(pairs))
    held_out = np.zeros(len(pairs), bool)
    held_out[drawn[: round(share * len(pairs))]] = True
    return pairs[~held_out], pairs[held_out]
