"""Ratings of films by people, with times."""

import os
from dataclasses import replace

import numpy as np

from lookalike.datasets.interactions import (
    Interactions,
    distinct_pairs,
    hold_out_latest,
    latest_rows,
)
from lookalike.datasets.locate import find
from lookalike.datasets.tables import read_table

COLUMNS = ("movieId", "title", "year", "genres", "userId", "rating", "timestamp")
LATEST = 9999  # year
NO_GENRES = "(no genres listed)"


def load_movielens(path: str | os.PathLike[str] | None = None) -> Interactions:
    """Load the small MovieLens: 100,004 ratings of 9,066 films by 671 people.

    Parameters
    ----------
    path : path, default=None
        The file; None looks where :func:`lookalike.datasets.find` looks.
    """
    return load_ratings(find("movielens_small", path), "movielens_small")


def load_ratings(path: str | os.PathLike[str], name: str | None = None) -> Interactions:
    """Load a CSV file with the columns of ``COLUMNS``, one rating a row.

    Of several ratings of a film by one person the latest counts. The latest fifth of
    the ratings of each person is held out.

    Raises
    ------
    ValueError
        If a column is missing or a row is bad; the message names the columns or the
        rows.
    """
    table = read_table(path, COLUMNS)
    columns = table.columns
    users, user = table.name_codes("userId")
    items, item = table.name_codes("movieId")
    rating, time = table.numbers("rating"), table.times("timestamp")
    kept, pair = distinct_pairs(user, item, len(items))
    last = latest_rows(pair, time)
    first = np.unique(item, return_index=True)[1]
    genres = [columns["genres"][row].replace(NO_GENRES, "") for row in first]
    titles = [columns["title"][row] or items[n] for n, row in enumerate(first)]
    known = np.array([bool(cell) for cell in columns["year"]])
    stated = {"year": [cell or "0" for cell in columns["year"]]}
    years = replace(table, columns=stated).numbers("year", LATEST)
    return Interactions(
        name=name or str(path),
        checksum=table.checksum,
        users=users,
        items=items,
        user=user[kept],
        item=item[kept],
        value=rating[last],
        time=time[last],
        held_out=hold_out_latest(user[kept], time[last]),
        titles=np.array(titles),
        genres=np.array(genres),
        years=np.where(known, years, np.nan)[first],
    )
