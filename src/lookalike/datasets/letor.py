"""Learning to rank: queries, features of their documents, and grades of relevance.

A row is a document of a query, in the form of SVM-light:

    2 qid:10 1:0.5 3:0.25 #docid = GX008

a grade, the query, and the features that are not 0, by their numbers from 1; what
follows ``#`` is a comment. Where rows name no query, as LibSVM's do, a second file has
the number of rows of each query, one a line.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lookalike._shown import shown
from lookalike._typing import Float32s, Floats, Ints
from lookalike.datasets._opened import number_of, opened
from lookalike.datasets.locate import find

MOST_FEATURES = 10_000
"""A greater number of a feature is taken for an error: rows are kept dense."""
MOST_GRADE = 31
"""The gain of a grade is a power of two."""
_WHAT = "file of ranking rows"
_MQ2008_FEATURES, _LAMBDARANK_FEATURES = 46, 300


@dataclass(frozen=True)
class GradedLists:
    """Documents of queries with grades; rows of one query are adjacent.

    features : float32 (n_rows, n_features), 0 where a row does not name one
    grades : int64 (n_rows,), 0 is not relevant, more is better
    sizes : int64 (n_queries,), the number of rows of each query
    queries : (n_queries,), what rows call them, or their numbers from 1
    """

    features: Float32s
    grades: Ints
    sizes: Ints
    queries: tuple[str, ...]

    def __len__(self) -> int:
        """Return the number of queries."""
        return len(self.sizes)

    @property
    def query_of_row(self) -> Ints:
        """The number of each row's query from 0, (n_rows,)."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)


def joined(parts: Sequence[GradedLists]) -> GradedLists:
    """Return the queries of all parts, one part after the other.

    Raises
    ------
    ValueError
        If the numbers of their features differ.
    """
    widths = {part.features.shape[1] for part in parts}
    if len(widths) != 1:
        raise ValueError(
            f"parts must have the same number of features, got {sorted(widths)}."
        )
    return GradedLists(
        np.concatenate([part.features for part in parts]),
        np.concatenate([part.grades for part in parts]),
        np.concatenate([part.sizes for part in parts]),
        tuple(query for part in parts for query in part.queries),
    )


def load_mq2008(path: str | os.PathLike[str] | None = None) -> tuple[GradedLists, ...]:
    """Load LETOR's MQ2008: 784 queries in five parts, 46 features, grades 0 to 2.

    The publisher's folds are those of :func:`fold_of`. Of 220 queries no document is
    relevant.

    Parameters
    ----------
    path : path, default=None
        The folder with the five files; None looks where
        :func:`lookalike.datasets.find` looks.

    References
    ----------
    .. [1] Qin and Liu (2013). "Introducing LETOR 4.0 datasets". arXiv:1306.2597.
    """
    folder = find("mq2008", path)
    return tuple(
        read_letor(folder / f"S{n}.txt.gz", n_features=_MQ2008_FEATURES)
        for n in range(1, 6)
    )


def fold_of(
    parts: Sequence[GradedLists], fold: int
) -> tuple[GradedLists, GradedLists, GradedLists]:
    """Return what a fold trains, validates and tests on.

    Of n parts, fold f (from 0) trains on all but two from the f-th on, in a circle,
    validates on the next, and tests on the one after.

    Examples
    --------
    >>> one = np.ones(1, np.int64)
    >>> row = np.ones((1, 1), np.float32)
    >>> parts = [GradedLists(row, one, one, (name,)) for name in "ABCDE"]
    >>> ["".join(part.queries) for part in fold_of(parts, 3)]
    ['DEA', 'B', 'C']
    """
    n = len(parts)
    if n < 3 or not 0 <= fold < n:
        raise ValueError(
            f"fold must be in [0, {n - 1}] of at least 3 parts, got {fold} of {n}."
        )
    turned = [parts[(fold + step) % n] for step in range(n)]
    return joined(turned[:-2]), turned[-2], turned[-1]


def load_lambdarank(
    path: str | os.PathLike[str] | None = None,
) -> tuple[GradedLists, GradedLists]:
    """Load LightGBM's sample for ranking: 201 queries to learn from, 50 to test on.

    Grades are 0 to 4; there are 300 features, most of them 0.

    Parameters
    ----------
    path : path, default=None
        The folder with the four files; None looks where
        :func:`lookalike.datasets.find` looks.
    """
    folder = find("lambdarank", path)
    train, test = (
        read_letor(
            folder / f"rank.{part}.gz",
            folder / f"rank.{part}.query.gz",
            n_features=_LAMBDARANK_FEATURES,
        )
        for part in ("train", "test")
    )
    return train, test


def read_letor(
    path: str | os.PathLike[str],
    sizes: str | os.PathLike[str] | None = None,
    n_features: int | None = None,
) -> GradedLists:
    """Read rows of LETOR or SVM-light, gzipped or not.

    Parameters
    ----------
    path : path
        Of the rows; empty ones and those that are only a comment are passed over.
    sizes : path, optional
        Of the number of rows of each query, where rows do not name their query.
    n_features : int, optional
        The number of features; None is the greatest number in the file.

    Raises
    ------
    ValueError
        If a row cannot be read, or rows and queries do not fit together; the sentence
        names the file and the row, counted from 1 with the empty ones.
    """
    file = Path(path)
    with opened(file, _WHAT) as lines:
        rows = list(_rows(file, lines, sizes is None, n_features or MOST_FEATURES))
    if not rows:
        raise ValueError(f"{file} holds no rows.")
    if sizes is None:
        queries, counts = _adjacent(file, rows)
    else:
        counts = _read_sizes(Path(sizes))
        queries = tuple(str(n + 1) for n in range(len(counts)))
        if counts.sum() != len(rows):
            raise ValueError(
                f"{file} has {len(rows)} rows, but the numbers in {sizes} add up to "
                f"{counts.sum()}."
            )
    greatest = max(
        (int(row.columns[-1]) for row in rows if len(row.columns)), default=0
    )
    features = np.zeros((len(rows), n_features or greatest), np.float32)
    for at, row in enumerate(rows):
        features[at, row.columns - 1] = row.values
    grades = np.array([row.grade for row in rows], np.int64)
    return GradedLists(features, grades, counts, queries)


@dataclass(frozen=True)
class _Row:
    line: int
    grade: int
    query: str
    columns: Ints  # rising, from 1
    values: Floats


def _rows(file: Path, lines: Iterable[str], named: bool, most: int) -> Iterator[_Row]:
    for line, text in enumerate(lines, start=1):
        fields = text.partition("#")[0].split()
        if not fields:
            continue
        where = f"{file}, row {line}"
        if not (fields[0].isdecimal() and int(fields[0]) <= MOST_GRADE):
            raise ValueError(
                f"{where}: expected a whole grade from 0 to {MOST_GRADE} first, got "
                f"{shown(fields[0])}."
            )
        has_query = len(fields) > 1 and fields[1].startswith("qid:")
        if named and not (has_query and fields[1] != "qid:"):
            raise ValueError(
                f"{where}: expected its query second, such as qid:7, got "
                f"{shown(fields[1]) if len(fields) > 1 else 'nothing'}; rows that do "
                "not name their query need a file with the sizes of queries."
            )
        query = fields[1].partition(":")[2] if has_query else ""
        columns, values = _features(fields[2 if has_query else 1 :], most, where)
        yield _Row(line, int(fields[0]), query, columns, values)


def _features(fields: list[str], most: int, where: str) -> tuple[Ints, Floats]:
    """Numbers and values of a row's features."""
    pairs = [field.partition(":") for field in fields]
    try:
        columns = np.array([number for number, _, _ in pairs], np.int64)
        found = np.array([value for _, _, value in pairs], np.float64)
    except (ValueError, OverflowError):
        raise ValueError(
            f"{where}: expected features such as 3:0.5, got {shown(_odd(fields))}."
        ) from None
    finite = np.abs(found) <= np.finfo(np.float32).max
    rising = (np.diff(columns, prepend=0) >= 1) & (columns <= most)
    if not finite.all():
        odd = shown(fields[finite.argmin()])
        raise ValueError(f"{where}: expected finite values, got {odd}.")
    if not rising.all():
        odd = shown(fields[rising.argmin()])
        raise ValueError(
            f"{where}: expected rising numbers of features from 1 to {most:,}, got "
            f"{odd}."
        )
    return columns, found


def _odd(fields: list[str]) -> str:
    """The first field that is no feature."""
    for field in fields:
        number, _, value = field.partition(":")
        if not number.isdecimal() or np.isnan(number_of(value)):
            return field
    return fields[0]


def _adjacent(file: Path, rows: Sequence[_Row]) -> tuple[tuple[str, ...], Ints]:
    """Queries in their order, and the number of rows of each."""
    sizes: dict[str, int] = {}
    last = None
    for row in rows:
        if row.query in sizes and row.query != last:
            raise ValueError(
                f"{file}, row {row.line}: rows of one query must be adjacent, got "
                f"query {shown(row.query)} again after another."
            )
        sizes[row.query] = sizes.get(row.query, 0) + 1
        last = row.query
    return tuple(sizes), np.array(list(sizes.values()), np.int64)


def _read_sizes(file: Path) -> Ints:
    """Numbers of rows, one a line."""
    with opened(file, "file of sizes of queries") as lines:
        cells = [cell.strip() for cell in lines]
    while cells and not cells[-1]:
        cells.pop()
    good = [cell.isdecimal() and 0 < int(cell) < 2**31 for cell in cells]
    if not cells:
        raise ValueError(f"{file} holds no rows.")
    if not all(good):
        at = good.index(False)
        raise ValueError(
            f"{file}, row {at + 1}: expected a whole number of at least 1, got "
            f"{shown(cells[at])}."
        )
    return np.array([int(cell) for cell in cells], np.int64)
