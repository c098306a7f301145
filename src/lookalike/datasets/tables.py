"""Tables of users: files with named columns, and their cells as numbers and times.

CSV with any separator, JSON lines and Parquet, gzipped or not. Errors name the columns
that were found, or the numbers of the bad rows.
"""

import csv
import json
import os
import time as clock
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.datasets._opened import number_of, opened
from lookalike.datasets.amounts import amounts
from lookalike.datasets.locate import checksum

DAY = 86_400.0
MOST = 1e12  # of a number: sums and squares of these are finite in single precision
_SEPARATORS = ",;\t|"
_JSON = (".json", ".jsonl", ".ndjson")
_PARTS = {1e11: 1e3, 1e14: 1e6, 1e17: 1e9}  # of a second, by how large a time is


@dataclass(frozen=True)
class Table:
    """The columns of a file.

    columns : cells by name, (n_rows,) each; "" where there is nothing
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
        """Return a column as numbers from 0 to ``high``; an empty cell is refused.

        They may have decimal commas, thousands and signs of currencies, see
        :func:`lookalike.datasets.amounts.amounts`.
        """
        values = amounts(self.columns[column])
        self.refuse(~(values >= 0), f"a number of at least 0 as {column}")
        self.refuse(values > high, f"a number of at most {high:g} as {column}")
        return values

    def reals(self, column: str, empty: bool = False) -> Floats:
        """Return a column as finite numbers of either sign.

        empty : let cells be empty, which are nan
        """
        cells = self.columns[column]
        values = np.array([number_of(cell) for cell in cells], np.float64)
        bad = ~np.isfinite(values)
        if empty:
            bad &= np.array([bool(cell) for cell in cells])
        self.refuse(bad, f"a number as {column}")
        return values

    def times(self, column: str) -> Floats:
        """Return a column as seconds since 1970, none of them later than tomorrow.

        Cells are ISO 8601, taken as UTC where they name no zone, or seconds since 1970,
        or thousandths and smaller parts of seconds, told by their size.
        """
        values = np.array([seconds_of(cell) for cell in self.columns[column]])
        self.refuse(~(values >= 0), f"a time since 1970 as {column}")
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


def seconds_of(cell: str) -> float:
    """Return a time as seconds since 1970, nan where it is none.

    Examples
    --------
    >>> seconds_of("1970-01-01 00:01"), seconds_of("60"), seconds_of("1e12")
    (60.0, 60.0, 1000000000.0)
    """
    number = number_of(cell)
    if np.isnan(number):
        try:
            found = datetime.fromisoformat(cell)
        except ValueError:
            return number
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    parts = max((n for low, n in _PARTS.items() if abs(number) >= low), default=1.0)
    return number / parts


def read_table(path: str | os.PathLike[str], needed: Sequence[str] = ()) -> Table:
    """Return the columns of a file: CSV, JSON lines or Parquet, by its name.

    The separator of a CSV file is that of comma, semicolon, tab and bar which parts its
    header most often. Files that end with .gz are unpacked. Blank lines are skipped.

    Parameters
    ----------
    path : path
    needed : sequence of str
        Columns that must be there.

    Raises
    ------
    ValueError
        If the file is empty or not a table, if a column is missing (the message lists
        the found and the needed ones) or there twice, or if rows have too few cells
        (the message gives their numbers).
    """
    file = Path(path)
    kind = Path(file.stem if file.suffix == ".gz" else file.name).suffix.lower()
    if kind == ".parquet":
        names, rows = _parquet(file)
    else:
        with opened(file, "table in UTF-8") as lines:
            names, rows = _json(file, lines) if kind in _JSON else _csv(lines)
    if not any(names):
        needs = f"; needed: columns {', '.join(needed)}" if needed else ""
        raise ValueError(f"{file} is empty{needs}.")
    missing = [name for name in needed if name not in names]
    if missing:
        raise ValueError(
            f"{file} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}; "
            f"found: {', '.join(names)}; needed: {', '.join(needed)}."
        )
    for name in needed or names:
        if names.count(name) > 1:
            raise ValueError(
                f"{file} has {names.count(name)} columns {name}; expected one."
            )
    short = [n for n, row in rows if len(row) != len(names)]
    refuse_rows(file, short, f"{len(names)} cells")
    if not rows:
        raise ValueError(f"{file} has a header and no rows.")
    cells = zip(*(row for _, row in rows), strict=True)
    columns = {
        name: [cell.strip() for cell in each]
        for name, each in zip(names, cells, strict=True)
    }
    return Table(file, checksum(file), columns, np.array([n for n, _ in rows]))


_Rows = list[tuple[int, list[str]]]  # each with the line in which it begins


def _csv(lines: Iterable[str]) -> tuple[list[str], _Rows]:
    whole = list(lines)
    first = next((line for line in whole if line.strip()), "")

    def n_cells(separator: str) -> int:
        return len(next(csv.reader([first], delimiter=separator), []))

    separator = max(_SEPARATORS, key=n_cells)
    header, *rows = [*_numbered(csv.reader(whole, delimiter=separator))] or [(1, [])]
    return [name.strip() for name in header[1]], rows


def _numbered(reader: Any) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that hold something, each with the line in which it begins."""
    begins = 1
    for row in reader:
        if any(cell.strip() for cell in row):
            yield begins, row
        begins = reader.line_num + 1


def _json(file: Path, lines: Iterable[str]) -> tuple[list[str], _Rows]:
    """Objects, one a line, or a list of them; what one lacks is ""."""
    found: list[tuple[int, Any]] = []
    numbered = [(n, line) for n, line in enumerate(lines, start=1) if line.strip()]
    try:
        if numbered and numbered[0][1].lstrip().startswith("["):
            whole = json.loads("".join(line for _, line in numbered))
            found = list(enumerate(whole, start=1))
        else:
            found = [(n, json.loads(line)) for n, line in numbered]
    except ValueError as error:
        raise ValueError(f"{file} is no table of JSON objects: {error}.") from None
    refuse_rows(
        file, [n for n, each in found if not isinstance(each, dict)], "an object"
    )
    names = list(dict.fromkeys(name for _, each in found for name in each))
    return names, [(n, [_cell(each.get(name)) for name in names]) for n, each in found]


def _parquet(file: Path) -> tuple[list[str], _Rows]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise ValueError(
            f"{file} needs pyarrow to be read: pip install 'lookalike[serve]'."
        ) from None
    try:
        found = parquet.read_table(file)
    except pyarrow.ArrowException as error:
        raise ValueError(f"{file} is no Parquet file: {error}.") from None
    columns = [[_cell(each) for each in column.to_pylist()] for column in found.columns]
    rows = enumerate(map(list, zip(*columns, strict=True)), start=1)
    return found.column_names, list(rows)


def _cell(value: Any) -> str:
    """A value as the text that a CSV file would hold; lists are parted by bars."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return "|".join(map(_cell, value))
    return str(value)


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
