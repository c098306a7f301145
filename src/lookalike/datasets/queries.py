"""Queries that people typed: TREC's logs of web search, and your own table.

A table has a column ``query``, and may have ``user``, ``country``, ``time`` and
``count``, how often the query was asked. The newest tenth is kept for testing.
"""

import gzip
import os
from dataclasses import dataclass, replace

import numpy as np

from lookalike._typing import Floats, Ints
from lookalike.datasets.catalogue import CATALOGUE
from lookalike.datasets.locate import find
from lookalike.datasets.tables import read_table

_TEST = 10_000  # queries of TREC's last log that are tested on
_SHARE = 0.1  # of one's own


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


def read_queries(path: str | os.PathLike[str]) -> TypedQueries:
    """Read a table of queries: CSV, JSON lines or Parquet.

    Raises
    ------
    ValueError
        If it has no column ``query``, or a cell that cannot be read; the sentence
        names the rows.
    """
    table = read_table(path, ["query"])
    queries = table.columns["query"]
    table.refuse(np.array([not query for query in queries]), "a query")
    n = len(queries)
    if n < 10:
        raise ValueError(f"{table.file}: expected at least 10 queries, got {n}.")
    none = [""] * n
    counts = np.ones(n)
    if "count" in table.columns:
        counts = table.numbers("count", 1e9)
        table.refuse((counts < 1) | (counts % 1 > 0), "a whole count of at least 1")
    times = np.full(n, np.nan)
    if "time" in table.columns:
        times = table.times("time")
    order = np.argsort(times, kind="stable")

    def column(name: str) -> tuple[str, ...]:
        cells = table.columns.get(name, none)
        return tuple(cells[row] for row in order.tolist())

    log = QueryLog(
        *(column("query"), column("user"), column("country")),
        times[order],
        counts[order].astype(np.int64),
    )
    n_test = max(1, int(n * _SHARE))
    name = table.file.name
    return TypedQueries(name, table.checksum, log[:-n_test], log[-n_test:])
