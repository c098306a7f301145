"""Rows in the order of their time whose world moves: calls, prices, employment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.datasets.locate import find
from lookalike.datasets.tables import Table, read_table

_MONTHS = (
    *("jan", "feb", "mar", "apr", "may", "jun"),
    *("jul", "aug", "sep", "oct", "nov", "dec"),
)
_BANK = (
    *("age", "job", "marital", "education", "default", "balance", "housing", "loan"),
    *("contact", "day", "month", "campaign", "pdays", "previous", "poutcome"),
)
_ELEC = ("period", "nswprice", "nswdemand", "vicprice", "vicdemand", "transfer")


@dataclass(frozen=True)
class MovingTable:
    """A table with labels, in the order of its time.

    columns : features by name, (n_rows,) each: float64, or str of categories
    label : int64 (n_rows,), 0s and 1s
    time : float64 (n_rows,), seconds since 1970, ascending
    """

    columns: Mapping[str, Array]
    label: Ints
    time: Floats

    def __len__(self) -> int:
        return len(self.label)


@dataclass(frozen=True)
class ScoredPeople:
    """People with the probability that a fixed model gives them of being employed.

    year : int64 (n_rows,)
    score : float64 (n_rows,), in [0, 1]
    employed : int64 (n_rows,), 0s and 1s
    age : float64 (n_rows,)
    """

    year: Ints
    score: Floats
    employed: Ints
    age: Floats

    def __len__(self) -> int:
        return len(self.score)


def load_bank_marketing(path: str | os.PathLike[str] | None = None) -> MovingTable:
    """Return 45,211 calls of a Portuguese bank, and who took a deposit.

    The file has day and month; years are counted from 2008, in which it begins. The
    length of the call is left out, because it is known only when the outcome is.

    Raises
    ------
    ValueError
        If the file is not as published.
    FileNotFoundError
        If it is not found; the message names three ways to get it.
    """
    table = read_table(find("bank_marketing", path), (*_BANK, "deposit"))
    day = table.reals("day").astype(int)
    table.refuse(
        np.array([m not in _MONTHS for m in table.columns["month"]]), "a month"
    )
    month = np.array([_MONTHS.index(cell) + 1 for cell in table.columns["month"]])
    year = 2008 + np.cumsum(np.diff(month, prepend=month[:1]) < 0)
    columns: dict[str, Array] = {}
    for name in _BANK:
        cells = table.columns[name]
        is_number = name in ("age", "balance", "day", "campaign", "pdays", "previous")
        columns[name] = table.reals(name) if is_number else np.array(cells)
    dates = zip(year.tolist(), month.tolist(), day.tolist(), strict=True)
    time = np.array([datetime(*date, tzinfo=UTC).timestamp() for date in dates])
    return MovingTable(columns, _labels(table, "deposit", ("no", "yes")), time)


def load_elec2(path: str | os.PathLike[str] | None = None) -> MovingTable:
    """Return 45,312 half hours of an electricity market, and whether the price rose.

    The file has no dates; times are those of half hours from 7 May 1996, with which the
    set begins.

    Raises
    ------
    ValueError
        If the file is not as published.
    FileNotFoundError
        If it is not found; the message names three ways to get it.
    """
    table = read_table(find("elec2", path), (*_ELEC, "class"))
    columns: dict[str, Array] = {name: table.reals(name) for name in _ELEC}
    start = datetime(1996, 5, 7, tzinfo=UTC).timestamp()
    time = start + 1800.0 * np.arange(len(table.rows), dtype=np.float64)
    return MovingTable(columns, _labels(table, "class", ("0", "1")), time)


def load_employment(
    path: str | os.PathLike[str] | None = None,
) -> tuple[ScoredPeople, ScoredPeople]:
    """Return people of 2015, the reference, and those of 2016 to 2018.

    Needs pyarrow: ``pip install 'lookalike[serve]'``.

    Raises
    ------
    ValueError
        If a file is not as published, or pyarrow is missing.
    FileNotFoundError
        If they are not found; the message names three ways to get them.
    """
    try:
        from pyarrow import parquet
    except ImportError:
        raise ValueError(
            "The employment data need pyarrow: pip install 'lookalike[serve]'."
        ) from None
    folder = find("nannyml_employment", path)

    def columns(part: str, *names: str) -> dict[str, Array]:
        table = parquet.read_table(
            folder / f"employment_MA_{part}.parquet", columns=["id", *names]
        )
        return {name: np.asarray(table[name]) for name in ("id", *names)}

    about = ("year", "predicted_probability", "AGEP")
    first = columns("reference", *about, "employed")
    later = columns("analysis", *about)
    labels = columns("analysis_target", "employed")
    if not np.array_equal(later["id"], labels["id"]):
        raise ValueError(f"{folder}: the later rows and their labels have other ids.")
    return _people(first), _people(later | labels)


def _people(columns: Mapping[str, Array]) -> ScoredPeople:
    return ScoredPeople(
        columns["year"].astype(np.int64),
        columns["predicted_probability"].astype(np.float64),
        columns["employed"].astype(np.int64),
        columns["AGEP"].astype(np.float64),
    )


def _labels(table: Table, name: str, values: tuple[str, str]) -> Ints:
    cells = np.array(table.columns[name])
    table.refuse(~np.isin(cells, values), f"{values[0]} or {values[1]} as {name}")
    return (cells == values[1]).astype(np.int64)
