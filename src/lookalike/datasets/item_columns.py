"""Columns of an item table: their kinds, guessed or declared, and what their cells say.

A price, a date, a category, tags or a text are five ways to read one column of text.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lookalike._checks import check_choice
from lookalike._typing import Array, Floats
from lookalike.datasets.amounts import amounts
from lookalike.datasets.tables import seconds_of

KINDS = ("number", "date", "category", "tags", "text", "ignored")
BOUNDS: Mapping[str, Callable[[Any, Any], Any]] = {
    "gte": operator.ge,
    "gt": operator.gt,
    "lte": operator.le,
    "lt": operator.lt,
}
_TAG_SEPARATORS = "|;,"
_LONGEST_TAG = 40  # characters
_YEARS = 365.25 * 86_400.0


@dataclass(frozen=True)
class ItemColumn:
    """One column of an item table.

    kind : one of ``KINDS``
    cells : str (n_items,), "" where unknown
    """

    kind: str
    cells: Array

    @classmethod
    def of(cls, cells: Sequence[str], kind: str | None = None) -> "ItemColumn":
        """Return a column of this kind; None guesses it from the cells.

        Raises
        ------
        ValueError
            If the kind is none of ``KINDS``.

        Examples
        --------
        >>> [ItemColumn.of(cells).kind for cells in (
        ...     ["9.50 €", "", "12"], ["2024-05-01", "2023-01-31"], ["new|red", "red"],
        ...     ["shoe", "hat", "shoe", "hat"], ["a long walk", "by the sea"])]
        ['number', 'date', 'tags', 'category', 'text']
        """
        if kind is None:
            kind = _guessed([cell for cell in cells if cell])
        check_choice("kind", kind, KINDS)
        return cls(kind, np.array(cells, dtype=str))

    def numbers(self) -> Floats:
        """Numbers, or dates in years since 1970, (n_items,); nan where unknown."""
        if self.kind == "date":
            return np.array([seconds_of(cell) / _YEARS for cell in self.cells.tolist()])
        return amounts(self.cells.tolist())

    def values(self) -> list[Any]:
        """What each cell says, ready for JSON; None where unknown.

        Numbers as such, tags as a list, others as they are written.

        Examples
        --------
        >>> ItemColumn.of(["9.50 €", ""]).values()
        [9.5, None]
        """
        if self.kind == "number":
            return [None if np.isnan(n) else n for n in self.numbers().tolist()]
        if self.kind == "tags":
            return [each or None for each in self.words()]
        return [cell or None for cell in self.cells.tolist()]

    def passing(self, allowed: Sequence[Any] | Mapping[str, Any]) -> Array:
        """Return which items are let through, bool (n_items,); unknown ones are not.

        allowed : values, of which one is the cell's or among its tags; or the bounds
            "gte", "gt", "lte" and "lt" of a number or a date

        Raises
        ------
        ValueError
            If a bound or a value is of another kind than the column.

        Examples
        --------
        >>> price = ItemColumn.of(["9.50 €", "12", ""])
        >>> price.passing({"lt": 12}).tolist(), price.passing([12, "9.5"]).tolist()
        ([True, False, False], [True, True, False])
        >>> ItemColumn.of(["new|red", "red", ""], "tags").passing(["new"]).tolist()
        [True, False, False]
        """
        if isinstance(allowed, Mapping):
            if self.kind not in ("number", "date"):
                raise ValueError(
                    f"Only numbers and dates have bounds, got {', '.join(allowed)} for "
                    f"a column of the kind {self.kind}."
                )
            known = self.numbers()
            passes = ~np.isnan(known)
            for name, bound in allowed.items():
                passes &= BOUNDS[name](known, self._number(bound))
            return passes
        if self.kind in ("number", "date"):
            return np.isin(self.numbers(), [self._number(each) for each in allowed])
        wanted = set(map(cell_of, allowed)) - {""}
        return np.array([not wanted.isdisjoint(each) for each in self.words()], bool)

    def _number(self, value: Any) -> float:
        """A value that cells are compared with, as they are read."""
        [found] = ItemColumn(self.kind, np.array([cell_of(value)])).numbers().tolist()
        if np.isnan(found):
            raise ValueError(f"Expected a {self.kind}, got {value!r}.")
        return float(found)

    def words(self) -> list[list[str]]:
        """The tags, or the one category, of each item."""
        return self.words_of(self.cells.tolist())

    def words_of(self, values: Sequence[Any]) -> list[list[str]]:
        """The tags, or the one category, of values that are read like these cells.

        Examples
        --------
        >>> taste = ItemColumn.of(["rock;pop", "pop;jazz, slow", "rock;pop"], "tags")
        >>> taste.words_of(["pop;jazz, slow", ["rock", "pop"], None])
        [['pop', 'jazz, slow'], ['rock', 'pop'], []]
        """
        if self.kind != "tags":
            return [[cell] if cell else [] for cell in map(cell_of, values)]
        separator = _separator([cell for cell in self.cells.tolist() if cell])
        return [
            list(map(cell_of, value))
            if isinstance(value, list | tuple)
            else _tags(cell_of(value), separator)
            for value in values
        ]


def cell_of(value: Any) -> str:
    """Return a value as a cell would hold it: tags parted by bars, nothing as ""."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return "|".join(map(cell_of, value))
    text = str(value)
    # Three decimals could be read as thousands in a column with decimal commas.
    grouped = isinstance(value, float) and len(text.partition(".")[2]) == 3
    return f"{text}0" if grouped else text


def _guessed(known: list[str]) -> str:
    if not known:
        return "ignored"
    if not np.isnan(amounts(known)).any():
        return "number"
    if not np.isnan([seconds_of(cell) for cell in known]).any():
        return "date"
    separator = _separator(known)
    if separator:
        tags = [_tags(cell, separator) for cell in known]
        distinct = {tag for each in tags for tag in each}
        total = sum(map(len, tags))
        short = max(map(len, distinct), default=0) <= _LONGEST_TAG
        if short and 2 * len(distinct) <= total + 1:
            return "tags"
    if 2 * len(set(known)) <= len(known) and max(map(len, known)) <= _LONGEST_TAG:
        return "category"
    return "text"


def _separator(known: list[str]) -> str:
    """What parts the tags of a cell; "" where nothing does."""
    counts = {each: sum(each in cell for cell in known) for each in _TAG_SEPARATORS}
    best = max(counts, key=lambda each: counts[each])
    return best if counts[best] else ""


def _tags(cell: str, separator: str) -> list[str]:
    parts = cell.split(separator) if separator else [cell]
    return list(dict.fromkeys(part.strip() for part in parts if part.strip()))
