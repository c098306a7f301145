"""Ratings and plays as published: MovieLens' archives, and Steam's CSV of behaviour."""

import csv
import gzip
import re
from collections.abc import Iterator
from pathlib import Path

from lookalike._download import BytesCallback
from lookalike.datasets._opened import number_of
from lookalike.datasets.members import Members
from lookalike.datasets.plays import COLUMNS as PLAYS
from lookalike.datasets.ratings import COLUMNS as RATINGS

_TITLE = re.compile(r"(.+) \((\d{4})\)")
_EDITION = re.compile(r"ml-(?!latest-small)[\w-]+")
_BEHAVIOURS = ("purchase", "play")


def movielens_edition(files: Members) -> str | None:
    """Return which other MovieLens a source holds, None of the small one.

    Examples
    --------
    >>> files = Members(Path("x.zip"), {"ml-25m/ratings.csv": lambda: None})
    >>> movielens_edition(files)
    'ml-25m'
    """
    name = next(iter(files.named("ratings.csv")), "")
    folder = name.rpartition("/")[0].rpartition("/")[2] or files.source.stem
    return folder if _EDITION.fullmatch(folder) else None


def convert_movielens(
    files: Members, target: Path, on_progress: BytesCallback
) -> list[str]:
    """Write ``ratings.csv`` and ``movies.csv`` as one table, a rating a row.

    That is the layout of ml-latest-small, ml-latest, ml-25m and ml-32m. The year is
    taken from the end of the title.

    Raises
    ------
    ValueError
        If a file or a column is missing, or a row is bad; the sentence names the row.
    """
    found = files.named("ratings.csv")
    if not found:
        raise ValueError(
            f"{files.source} holds no ratings.csv; expected ml-latest-small.zip, "
            "ml-25m.zip or ml-32m.zip of grouplens.org, or its folder."
        )
    ratings = found[0]
    folder = ratings.rpartition("/")[0]
    movies = next((m for m in files.named("movies.csv") if m.startswith(folder)), None)
    if movies is None:
        raise ValueError(
            f"{files.source} holds {ratings}, and no movies.csv beside it."
        )
    about: dict[str, tuple[str, str, str]] = {}
    with files.text(movies) as lines:
        for _, cells in _rows(movies, lines, ("movieId", "title", "genres")):
            id, title, genres = cells
            match = _TITLE.fullmatch(title.rstrip())
            name, year = (match[1], f"{match[2]}.0") if match else (title, "")
            about[id] = (name, year, genres)
    users: set[str] = set()
    rated: set[str] = set()
    n, unknown, low, high = 0, 0, float("inf"), float("-inf")
    with (
        files.text(ratings) as lines,
        gzip.open(target, "wt", encoding="utf-8", newline="") as out,
    ):
        table = csv.writer(out, lineterminator="\n")
        table.writerow(RATINGS)
        needed = ("userId", "movieId", "rating", "timestamp")
        for row, (user, movie, rating, time) in _rows(ratings, lines, needed):
            value = number_of(rating)
            if not 0 <= value <= 10 or not number_of(time) >= 0:
                raise ValueError(
                    f"{ratings}, row {row}: expected a rating from 0 to 10 and a time, "
                    f"got {rating!r} and {time!r}."
                )
            title, year, genres = about.get(movie, ("", "", ""))
            unknown += movie not in about
            table.writerow((movie, title, year, genres, user, rating, time))
            users.add(user)
            rated.add(movie)
            low, high, n = min(low, value), max(high, value), n + 1
            if n % 10_000 == 0:
                on_progress(n, None)
    if not n:
        raise ValueError(f"{ratings} in {files.source} has a header and no rows.")
    dated = sum(bool(about[id][1]) for id in rated if id in about)
    told = [
        f"{ratings}: {n:,} ratings from {low:g} to {high:g} of {len(rated):,} films by "
        f"{len(users):,} people.",
        f"{movies}: {len(about):,} films; of those rated {dated:,} have a year.",
    ]
    if unknown:
        told.append(f"Not as published: {unknown:,} ratings of films not in {movies}.")
    return told


def convert_steam(
    files: Members, target: Path, on_progress: BytesCallback
) -> list[str]:
    """Write the plays of ``steam-200k.csv`` as a table with hours.

    Its rows are player, game, "purchase" or "play", and hours, without a header;
    purchases are left out.

    Raises
    ------
    ValueError
        If there is no such file, or a row is bad; the sentence names the row.
    """
    named = files.named("steam-200k.csv")
    tables = [n for n in files.names if n.lower().endswith((".csv", ".csv.gz"))]
    if not (named or tables):
        raise ValueError(f"{files.source} holds no .csv file; expected steam-200k.csv.")
    name = (named or tables)[0]
    counts = dict.fromkeys(_BEHAVIOURS, 0)
    players: set[str] = set()
    games: set[str] = set()
    with (
        files.text(name) as lines,
        gzip.open(target, "wt", encoding="utf-8", newline="") as out,
    ):
        table = csv.writer(out, lineterminator="\n")
        table.writerow(PLAYS)
        rows = csv.reader(lines)
        for row in rows:
            if not row or (rows.line_num == 1 and "user" in row[0].lower()):
                continue
            if len(row) < 4 or row[2] not in counts or not number_of(row[3]) >= 0:
                raise ValueError(
                    f"{name}, row {rows.line_num}: expected a player, a game, purchase "
                    f"or play, and hours, got {','.join(row)[:60]!r}."
                )
            counts[row[2]] += 1
            if row[2] == "play":
                table.writerow((row[0], row[1], row[3]))
                players.add(row[0])
                games.add(row[1])
            if rows.line_num % 10_000 == 0:
                on_progress(rows.line_num, 200_000)
    if not counts["play"]:
        raise ValueError(f"{name} in {files.source} has no rows of plays.")
    return [
        f"{name}: {counts['play']:,} plays of {len(games):,} games by {len(players):,} "
        f"players; {counts['purchase']:,} purchases are left out."
    ]


def _rows(
    name: str, lines: Iterator[str], needed: tuple[str, ...]
) -> Iterator[tuple[int, list[str]]]:
    """The needed cells of each row, with its line; columns may come in any order."""
    rows = csv.reader(lines)
    header = next(rows, [])
    missing = [column for column in needed if column not in header]
    if missing:
        raise ValueError(
            f"{name} lacks the columns {', '.join(missing)}; found: "
            f"{', '.join(header)[:80] or 'nothing'}."
        )
    at = [header.index(column) for column in needed]
    for row in rows:
        if not row:
            continue
        if len(row) != len(header):
            raise ValueError(
                f"{name}, row {rows.line_num}: expected {len(header)} cells, got "
                f"{len(row)}."
            )
        yield rows.line_num, [row[n] for n in at]
