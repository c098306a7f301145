"""Queries that people typed: TREC's logs of web search, and your own table.

A table has a column of queries, and may have columns of who asked, in which country,
when, and how often. The newest tenth is kept for testing.
"""

import gzip
import os
from dataclasses import dataclass, replace

import numpy as np

from lookalike._typing import Floats, Ints
from lookalike.datasets.catalogue import CATALOGUE
from lookalike.datasets.locate import find
from lookalike.datasets.log_form import find_column
from lookalike.datasets.tables import read_table

_TEST = 10_000  # queries of TREC's last log that are tested on
_SHARE = 0.1  # of one's own
_FEWEST = 10


@dataclass(frozen=True)
class QueryLog:
    """Queries in the order in which they were typed.

    users, countries : "" where they are not known
    times : float64 (n_queries,), seconds since 1970, nan where they are not known
    counts : int64 (n_queries,), how often each was asked
    """

    queries: tuple[str, ...]
    users: tuple[str, ...]
    countries: tuple[str, ...]
    times: Floats
    counts: Ints

    def __len__(self) -> int:
        return len(self.queries)

    def __getitem__(self, rows: slice) -> "QueryLog":
        """Some of the queries."""
        return replace(
            self,
            **{name: getattr(self, name)[rows] for name in vars(self)},
        )


@dataclass(frozen=True)
class TypedQueries:
    """Queries to learn from, and the later ones to test on."""

    name: str
    checksum: str
    train: QueryLog
    test: QueryLog


def log_of(queries: list[str]) -> QueryLog:
    """Return a log of queries of which nothing else is known.

    Examples
    --------
    >>> len(log_of(["cup", "mug"])[1:])
    1
    """
    n, none = len(queries), ("",) * len(queries)
    return QueryLog(
        tuple(queries), none, none, np.full(n, np.nan), np.ones(n, np.int64)
    )


def load_trec_queries(path: str | os.PathLike[str] | None = None) -> TypedQueries:
    """Load TREC's queries: 100,000 to learn from, and the last 10,000 to test on.

    The Million Query tracks of 2007 to 2009, and then the log of the Terabyte track of
    2005 in its order, whose end is the test part.

    Parameters
    ----------
    path : path, default=None
        The folder with the four files; None looks where
        :func:`lookalike.datasets.find` looks.
    """
    folder, entry = find("trec_queries", path), CATALOGUE["trec_queries"]
    queries = []
    for file in entry.files:
        fields = 2 if "20001-60000" in file.path else 1  # one has a priority
        with gzip.open(folder / file.path.partition("/")[2]) as lines:
            for line in lines:
                query = _text(line).split(":", fields)[-1].strip()
                if query:
                    queries.append(query)
    log = log_of(queries)
    checksum = entry.files[-1].sha256
    return TypedQueries("trec_queries", checksum, log[:-_TEST], log[-_TEST:])


def _text(line: bytes) -> str:
    """A line as it was typed: in UTF-8, a few in Latin-1."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("latin-1")


def read_queries(
    path: str | os.PathLike[str],
    item: str | None = None,
    user: str | None = None,
    time: str | None = None,
) -> TypedQueries:
    """Read a table of queries: CSV with any separator, JSON lines or Parquet.

    Columns of queries, users, countries, times and counts are found by their names, see
    ``log_form.NAMES``; all but the first may lack. An empty user or country is one that
    is not known.

    Parameters
    ----------
    path : path
    item, user, time : str, optional
        The columns of queries, users and times, where their names do not say so.

    Raises
    ------
    ValueError
        If no column holds queries, or a cell cannot be read; the sentence names the
        columns or the rows.
    """
    table = read_table(path)
    names, where = list(table.columns), f"table {table.file.name}"
    asked = find_column(names, "query", item, where)
    if asked is None:
        raise ValueError(
            f"No column of {table.file} is known to hold queries; its columns are "
            f"{', '.join(names)}: call one query, or say which it is with --item NAME."
        )
    queries = table.columns[asked]
    table.refuse(np.array([not query for query in queries]), "a query")
    n = len(queries)
    if n < _FEWEST:
        raise ValueError(f"{table.file}: expected at least 10 queries, got {n}.")
    counts, times = np.ones(n), np.full(n, np.nan)
    counted = find_column(names, "count", None, where)
    if counted is not None:
        counts = table.numbers(counted, 1e9)
        table.refuse((counts < 1) | (counts % 1 > 0), "a whole count of at least 1")
    timed = find_column(names, "time", time, where)
    if timed is not None:
        times = table.times(timed)
    order = np.argsort(times, kind="stable")

    def column(name: str | None) -> tuple[str, ...]:
        cells = [""] * n if name is None else table.columns[name]
        return tuple(cells[row] for row in order.tolist())

    log = QueryLog(
        column(asked),
        column(find_column(names, "user", user, where)),
        column(find_column(names, "country", None, where)),
        times[order],
        counts[order].astype(np.int64),
    )
    n_test = max(1, int(n * _SHARE))
    return TypedQueries(table.file.name, table.checksum, log[:-n_test], log[-n_test:])
