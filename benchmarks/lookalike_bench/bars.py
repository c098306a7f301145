"""Bars: the numbers that a benchmark's result has to reach.

A bar reads one number from the rows of a result. Where the result has no such row, as
in a run narrowed with ``--only``, the bar is left out.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

Row = dict[str, Any]
Value = Callable[[Sequence[Row]], float | None]
"""Reads a number from the rows of a result; None where they do not have it."""


@dataclass(frozen=True)
class Bar:
    """A threshold for one number of a result.

    name : what the number is
    needed : the least value that holds, or the greatest where ``at_most``
    value : how the number is read from the rows
    """

    name: str
    needed: float
    value: Value
    at_most: bool = False

    def row(self, rows: Sequence[Row]) -> Row | None:
        """Return bar, value, needed and holds; None where the value does not exist."""
        value = self.value(rows)
        if value is None:
            return None
        holds = value <= self.needed if self.at_most else value >= self.needed
        sign = "<=" if self.at_most else ">="
        return {
            "bar": self.name,
            "value": value,
            "needed": f"{sign} {self.needed:g}",
            "holds": holds,
        }


def checked(bars: Iterable[Bar], rows: Sequence[Row]) -> list[Row]:
    """Return a row for each bar whose value the result has."""
    return [row for bar in bars if (row := bar.row(rows)) is not None]


def numbers(
    rows: Sequence[Row],
    column: str,
    job: str = "*",
    method: str = "*",
    threads: int | None = None,
) -> list[float]:
    """Return a column of the matching rows, cells without a number left out.

    ``job`` and ``method`` are shell patterns. Of a text such as "0.31 [0.30, 0.33]" the
    first number counts.
    """
    cells = (
        row.get(column)
        for row in rows
        if fnmatchcase(row["job"], job)
        and fnmatchcase(row["method"], method)
        and threads in (None, row.get("threads"))
    )
    return [number for cell in cells if (number := _number(cell)) is not None]


def share_with_error(share: float, n: int) -> str:
    """A share of n draws with its Monte Carlo error, as a cell; the share counts.

    Examples
    --------
    >>> share_with_error(0.5, 100)
    '0.5000 +- 0.0500'
    """
    return f"{share:.4f} +- {math.sqrt(share * (1 - share) / n):.4f}"


def least(column: str, job: str, method: str = "lookalike", **more: Any) -> Value:
    """Read the least number of a column in the matching rows, see ``numbers``."""
    return lambda rows: min(numbers(rows, column, job, method, **more), default=None)


def most(column: str, job: str, method: str = "lookalike", **more: Any) -> Value:
    """Read the greatest number of a column in the matching rows, see ``numbers``."""
    return lambda rows: max(numbers(rows, column, job, method, **more), default=None)


def difference(first: Value, second: Value) -> Value:
    """Read the first number less the second."""
    return _combined(first, second, lambda a, b: a - b)


def quotient(first: Value, second: Value) -> Value:
    """Read the first number over the second."""
    return _combined(first, second, lambda a, b: a / b)


def _combined(
    first: Value, second: Value, combine: Callable[[float, float], float]
) -> Value:
    def value(rows: Sequence[Row]) -> float | None:
        a, b = first(rows), second(rows)
        return None if a is None or b is None else combine(a, b)

    return value


def _number(cell: Any) -> float | None:
    if isinstance(cell, str):
        cell = cell.split()[0] if cell.strip() else None
    try:
        return None if cell is None else float(cell)
    except ValueError:
        return None
