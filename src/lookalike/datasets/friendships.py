"""Friendships: pairs of people, some of them held out for testing."""

import os
import re
from collections.abc import Iterable, Sequence
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
NUMBERS = frozenset(
    (
        *("weight", "value", "strength", "count", "score", "label", "type"),
        *("time", "timestamp", "date", "since"),
    )
)
"""Names of a third column, of numbers."""


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
    problems: tuple[str, ...] = ()
    """What of one's own file was passed over, in a few sentences."""


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

    Names are separated by a tab, a comma or a semicolon, or else by spaces. A first
    line such as "source,target" names the columns; so does one of words where all
    other names are numbers. A number in a third column, such as a weight, is passed
    over: a friendship is there or not. The file may be gzipped.

    Raises
    ------
    ValueError
        If a line does not hold two names, or there are fewer than ten friendships.
    """
    file = Path(path)
    with opened(file, "text with two names a line") as text:
        lines = text.readlines()
    try:
        people, pairs, problems = _read(lines)
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from None
    if len(pairs) < 10:
        raise ValueError(f"{file}: expected ten friendships or more, got {len(pairs)}.")
    known, held_out = hold_out(pairs)
    return Friendships(
        name or str(file), checksum(file), people, known, held_out, tuple(problems)
    )


def read_pairs(lines: Iterable[str]) -> tuple[Array, Ints]:
    r"""Return the people in ``lines``, and their friendships as positions among them.

    Repeated pairs, in either order, count once. Empty lines, lines that begin with #,
    a first line of the names of columns, and pairs of somebody with themselves are
    skipped.

    Examples
    --------
    >>> lines = ["ann,bob b.,0.5\n", "bob b.,ann,2\n", "ann,eve,1\n"]
    >>> people, pairs = read_pairs(lines)
    >>> people.tolist(), pairs.tolist()
    (['ann', 'bob b.', 'eve'], [[0, 1], [0, 2]])
    """
    people, pairs, _ = _read(lines)
    return people, pairs


def _read(lines: Iterable[str]) -> tuple[Array, Ints, list[str]]:
    """People and pairs, and what was passed over."""
    rows = _rows(lines)
    if rows and _is_header([names for names, _ in rows]):
        rows = rows[1:]
    position: dict[str, int] = {}
    pairs: dict[tuple[int, int], None] = {}
    n_alone = 0
    for (first, second), _ in rows:
        a, b = (position.setdefault(each, len(position)) for each in (first, second))
        if a == b:
            n_alone += 1
        else:
            pairs[min(a, b), max(a, b)] = None
    problems = []
    if n_alone:
        problems.append(
            f"{n_alone:,} of {len(rows):,} pairs are of somebody with themselves and "
            "were passed over."
        )
    if any(more for _, more in rows):
        problems.append(
            "The third column was passed over: a friendship is there or not."
        )
    numbers = np.array(list(pairs), np.int64).reshape(-1, 2)
    return np.array(list(position)), numbers, problems


def _rows(lines: Iterable[str]) -> list[tuple[list[str], str]]:
    """Two names of each line, and what is in its third column."""
    rows: list[tuple[list[str], str]] = []
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        separator = next((mark for mark in "\t,;" if mark in text), r"\s+")
        names = [part.strip().strip('"') for part in re.split(separator, text)]
        more = names.pop() if len(names) == 3 and _is_third(names[2], rows) else ""
        if len(names) != 2 or not all(names):
            raise ValueError(f"line {number}: expected two names, got {text[:60]!r}.")
        rows.append((names, more))
    return rows


def _is_third(cell: str, rows: Sequence[object]) -> bool:
    """Whether a cell is what a third column may hold: a number, or its name on top."""
    return _is_number(cell) or (not rows and cell.lower() in NUMBERS)


def _is_header(rows: Sequence[Sequence[str]]) -> bool:
    first, *others = rows
    if HEADER.issuperset(map(str.lower, first)):
        return True
    names = {name for row in others for name in row}
    return (
        bool(names) and not any(map(_is_number, first)) and all(map(_is_number, names))
    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def hold_out(
    pairs: Ints, share: float = HELD_OUT, random_state: int = 0
) -> tuple[Ints, Ints]:
    """Split pairs (n_pairs, 2) at random into known and held-out ones, in order."""
    drawn = np.random.default_rng(random_state).permutation(len(pairs))
    held_out = np.zeros(len(pairs), bool)
    held_out[drawn[: round(share * len(pairs))]] = True
    return pairs[~held_out], pairs[held_out]
