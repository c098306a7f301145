"""Tables of one's own: what a TOML file declares of them, and columns by name."""

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lookalike._event_weights import plain_name
from lookalike._typing import Array, Floats
from lookalike.datasets.tables import Table

YES = ("1", "1.0", "True", "true", "yes")
NO = ("0", "0.0", "False", "false", "no")
_CALLED: dict[Any, str] = {str: "a text", list: "a list", dict: "a table"}


def read_declared(
    path: Path, kinds: Mapping[str, type], files: Sequence[str]
) -> dict[str, Any]:
    """Return what a TOML file declares; of any other file nothing.

    Parameters
    ----------
    path : Path
    kinds : mapping
        str, list or dict by each name that the file may say.
    files : sequence of str
        Those that name files, which lie beside it; it must say "log".

    Raises
    ------
    ValueError
        If it is no TOML, says something else, or does not say "log".
    """
    if path.suffix != ".toml":
        return {}
    try:
        form = tomllib.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"{path} is no TOML file: {error}.") from None
    for name, value in form.items():
        if name not in kinds:
            raise ValueError(
                f"{path} says {name}, which no form has; it may say {', '.join(kinds)}."
            )
        if not isinstance(value, kinds[name]):
            what = _CALLED[kinds[name]]
            raise ValueError(f"{path}: {name} must be {what}, got {value!r}.")
    if "log" not in form:
        raise ValueError(f'{path} does not say where the table is: log = "...".')
    return {
        name: str(path.parent / value) if name in files else value
        for name, value in form.items()
    }


def known_column(
    names: Sequence[str], wanted: Sequence[str], declared: str | None = None
) -> str | None:
    """Return the declared column, or the first whose plain name is wanted, or None.

    Raises
    ------
    ValueError
        If the declared column is not there.

    Examples
    --------
    >>> known_column(["Dwell_Time", "like"], ("dwell", "dwelltime"))
    'Dwell_Time'
    """
    if declared is not None and declared not in names:
        raise ValueError(
            f"The table has no column {declared}; it has {', '.join(names)}."
        )
    plain = {plain_name(name): name for name in reversed(names)}
    return declared or next((plain[each] for each in wanted if each in plain), None)


def is_zeros_and_ones(cells: Sequence[str]) -> bool:
    """Whether each cell is a yes, a no or empty, and not all are empty."""
    distinct = {*cells}
    return distinct <= {*YES, *NO, ""} and distinct != {""}


def zeros_and_ones(table: Table, column: str, empty: bool = False) -> Floats:
    """Return a column of zeros and ones, of any spelling; an empty cell may be nan.

    Raises
    ------
    ValueError
        If a cell is neither, or empty where it may not be; the sentence has its rows.
    """
    cells: Array = np.array(table.columns[column], dtype=str)
    yes, no = np.isin(cells, YES), np.isin(cells, NO)
    known = yes | no | ((cells == "") & empty)
    table.refuse(~known, f"a 0 or a 1 as {column}")
    return np.where(yes, 1.0, np.where(no, 0.0, np.nan))


def checksum_of(tables: Sequence[Table]) -> str:
    """Return that of the table, or of all tables."""
    if len(tables) == 1:
        return tables[0].checksum
    every = "".join(each.checksum for each in tables)
    return hashlib.sha256(every.encode()).hexdigest()
