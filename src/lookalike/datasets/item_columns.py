"""Columns of an item table: their kinds, guessed or declared, and what their cells say.

A price, a date, a category, tags or a text are five ways to read one column of text.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lookalike._checks import check_choice
from lookalike._typing import Array, Floats
from lookalike.datasets._opened import number_of
from lookalike.datasets.tables import seconds_of

KINDS = ("number", "date", "category", "tags", "text", "ignored")
_CURRENCIES = "€$£¥"
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
        return np.array([_amount(cell) for cell in self.cells.tolist()])

    def words(self) -> list[list[str]]:
        """The tags, or the one category, of each item."""
        if self.kind == "tags":
            separator = _separator([cell for cell in self.cells.tolist() if cell])
            return [_tags(cell, separator) for cell in self.cells.tolist()]
        return [[cell] if cell else [] for cell in self.cells.tolist()]


def _guessed(known: list[str]) -> str:
    if not known:
        return "ignored"
    if not np.isnan([_amount(cell) for cell in known]).any():
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


def _amount(cell: str) -> float:
    """A number, with a sign of a currency or without; nan where it is none."""
    number = number_of(cell.strip(_CURRENCIES + " "))
    return number if np.isfinite(number) else np.nan
