"""Interactions of users with items, such as plays or ratings, and how they are read.

A file of interactions is a table with named columns, one interaction in each row.
Errors name the columns that were found, or the numbers of the bad rows. Some of the
interactions of each user are held out for testing.
"""

import csv
import os
import time as clock
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.datasets._opened import number_of, opened
from lookalike.datasets.locate import checksum

HELD_OUT = 0.2  # of each user's interactions
AT_LEAST = 5  # interactions of a user of whom some are held out
DAY = 86_400.0
MOST = 1e12  # of a number: sums and squares of these are finite in single precision


@dataclass(frozen=True)
class Interactions:
    """Interactions of users with items, each pair once.

    users, items : (n_users,) and (n_items,), names in the order of first occurrence
    user, item : (n,), positions in ``users`` and ``items``
    value : (n,), strength of the interaction, such as hours or a rating, at least 0
    time : (n,), seconds since 1970, or None where the source has no times
    held_out : (n,) bool, whether the interaction is for testing
    titles : (n_items,), names for display
    genres : (n_items,), separated by "|"; empty where unknown
    years : (n_items,), of publication; nan where unknown
    """

    name: str
    checksum: str
    users: Array
    items: Array
    user: Ints
    item: Ints
    value: Floats
    time: Floats | None
    held_out: Array
    titles: Array
    genres: Array
    years: Floats


@dataclass(frozen=True)
class Table:
    """The needed columns of a file of interactions.

    columns : cells by name, (n_rows,) each
    rows : (n_rows,), line of the file in which each row begins; the header is in 1
    """

    file: Path
    checksum: str
    columns: Mapping[str, list[str]]
    rows: Ints

    def refuse(self, bad: Array, what: str) -> None:
        """Refuse the file if there are bad rows, (n_rows,) of bool."""
        refuse_rows(self.file, self.rows[bad].tolist(), what)

    def numbers(self, column: str, high: float = MOST) -> Floats:
        """Return a column as numbers from 0 to ``high``; an empty cell is refused."""
        values = np.array([number_of(cell) for cell in self.columns[column]])
        self.refuse(~(values >= 0), f"a number of at least 0 as {column}")
        self.refuse(values > high, f"a number of at most {high:g} as {column}")
        return values

    def times(self, column: str) -> Floats:
        """Return a column as seconds since 1970, none of them later than tomorrow."""
        values = self.numbers(column)
        # One day is tolerated, because clocks and time zones differ.
        late = values > clock.time() + DAY
        self.refuse(late, f"a {column} that is not in the future")
        return values

    def name_codes(self, column: str) -> tuple[Array, Ints]:
        """Return distinct names by first occurrence, and the position of each row's."""
        cells = self.columns[column]
        self.refuse(np.array([not cell for cell in cells]), f"a {column}")
        codes: dict[str, int] = {}
        at = np.array([codes.setdefault(cell, len(codes)) for cell in cells], np.int64)
        return np.array(list(codes)), at


def read_table(path: str | os.PathLike[str], needed: Sequence[str]) -> Table:
    """Return the needed columns of a CSV file, or .csv.gz; blank lines are skipped.

    Raises
    ------
    ValueError
        If the file is empty or not a table, if a column is missing (the message lists
        the found and the needed ones) or there twice, or if rows have too few cells
        (the message gives their numbers).
    """
    file = Path(path)
    with opened(file, "table in UTF-8") as lines:
        header, *rows = list(_numbered(lines)) or [(1, [])]
    names = [name.strip() for name in header[1]]
    if not any(names):
        raise ValueError(f"{file} is empty; needed: columns {', '.join(needed)}.")
    missing = [name for name in needed if name not in names]
    if missing:
        raise ValueError(
            f"{file} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}; "
            f"found: {', '.join(names)}; needed: {', '.join(needed)}."
        )
    for name in needed:
        if names.count(name) > 1:
            raise ValueError(
                f"{file} has {names.count(name)} columns {name}; expected one."
            )
    short = [n for n, row in rows if len(row) != len(names)]
    refuse_rows(file, short, f"{len(names)} cells")
    if not rows:
        raise ValueError(f"{file} has a header and no rows.")
    columns = {
        name: [row[names.index(name)].strip() for _, row in rows] for name in needed
    }
    return Table(file, checksum(file), columns, np.array([n for n, _ in rows]))


def _numbered(lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that hold something, each with the line in which it begins."""
    reader = csv.reader(lines)
    begins = 1
    for row in reader:
        if any(cell.strip() for cell in row):
            yield begins, row
        begins = reader.line_num + 1


def refuse_rows(file: Path, rows: Sequence[int], what: str) -> None:
    """Refuse a file with bad rows, by the lines in which they begin."""
    if not rows:
        return
    some = ", ".join(str(row) for row in rows[:5]) + (", ..." if len(rows) > 5 else "")
    plural = "s" if len(rows) > 1 else ""
    raise ValueError(
        f"{file}: expected {what} in every row, not so in {len(rows)}: "
        f"row{plural} {some}."
    )


def distinct_pairs(user: Ints, item: Ints, n_items: int) -> tuple[Ints, Ints]:
    """Return the first row of each pair, and the number of the pair of each row.

    Parameters
    ----------
    user, item : int arrays of shape (n,)
    n_items : int

    Returns
    -------
    first : ndarray of shape (n_pairs,), ascending
    pair : ndarray of shape (n,)

    Examples
    --------
    >>> distinct_pairs(np.array([1, 0, 1]), np.array([2, 0, 2]), n_items=3)
    (array([0, 1]), array([0, 1, 0]))
    """
    keys = user * n_items + item
    _, first, group = np.unique(keys, return_index=True, return_inverse=True)
    order = np.argsort(first)
    number = np.empty_like(order)
    number[order] = np.arange(len(order))
    return first[order], number[group]


def hold_out_random(user: Ints, random_state: int = 0, least: int = AT_LEAST) -> Array:
    """Hold out a random fifth of the interactions of each user, for data without times.

    No interactions are held out of users with fewer than ``least``.

    Parameters
    ----------
    user : int array of shape (n,)
    random_state : int
    least : int

    Returns
    -------
    bool ndarray of shape (n,)

    Examples
    --------
    >>> int(hold_out_random(np.array([0] * 10 + [1] * 4)).sum())
    2
    """
    drawn = np.random.default_rng(random_state).random(len(user))
    return hold_out_latest(user, drawn, least)


def hold_out_latest(user: Ints, time: Floats, least: int = AT_LEAST) -> Array:
    """Hold out the latest fifth of the interactions of each user; ties by row.

    Parameters and shapes are those of :func:`hold_out_random`, with ``time`` of shape
    (n,).

    Examples
    --------
    >>> hold_out_latest(np.zeros(5, int), np.array([3.0, 9, 1, 2, 9])).tolist()
    [False, False, False, False, True]
    """
    order = np.lexsort((time, user))
    counts = np.bincount(user)
    rank = np.arange(len(user)) - np.repeat(np.cumsum(counts) - counts, counts)
    n = counts[user[order]]
    n_held_out = np.where(n >= least, np.maximum(1, np.round(HELD_OUT * n)), 0)
    held_out = np.zeros(len(user), bool)
    held_out[order] = rank >= n - n_held_out
    return held_out


def hold_out_again(data: Interactions, random_state: int = 1) -> Interactions:
    """Return the known interactions with a fifth of them held out, for validation."""
    known = ~data.held_out
    user = data.user[known]
    if data.time is None:
        time, held_out = None, hold_out_random(user, random_state)
    else:
        time = data.time[known]
        held_out = hold_out_latest(user, time)
    return replace(
        data,
        user=user,
        item=data.item[known],
        value=data.value[known],
        time=time,
        held_out=held_out,
    )
