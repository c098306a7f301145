"""Hours that players spent on games."""

import os

import numpy as np

from lookalike.datasets.interactions import (
    Interactions,
    distinct_pairs,
    hold_out_random,
)
from lookalike.datasets.locate import find
from lookalike.datasets.tables import read_table

COLUMNS = ("user_id", "game_title", "hours")


def load_steam_plays(path: str | os.PathLike[str] | None = None) -> Interactions:
    """Load the Steam play hours: 9,418 players, 3,598 games, 69,888 pairs of them.

    Two titles of the file differ from others only by a space and count as the same.

    Parameters
    ----------
    path : path, default=None
        The file; None looks where :func:`lookalike.datasets.find` looks.
    """
    return load_plays(find("steam_play_hours", path), "steam_play_hours")


def load_plays(
    path: str | os.PathLike[str], name: str | None = None, random_state: int = 0
) -> Interactions:
    """Load a CSV file with the columns user_id, game_title and hours.

    Hours of several rows of one player and one game are summed. Of players with five
    games or more a random fifth of the games is held out, because there are no times.

    Raises
    ------
    ValueError
        If a column is missing or a row is bad; the message names the columns or the
        rows.
    """
    table = read_table(path, COLUMNS)
    users, user = table.name_codes("user_id")
    items, item = table.name_codes("game_title")
    hours = table.numbers("hours")
    kept, pair = distinct_pairs(user, item, len(items))
    return Interactions(
        name=name or str(path),
        checksum=table.checksum,
        users=users,
        items=items,
        user=user[kept],
        item=item[kept],
        value=np.asarray(np.bincount(pair, weights=hours), np.float64),
        time=None,
        held_out=hold_out_random(user[kept], random_state),
        titles=items,
        genres=np.full(len(items), ""),
        years=np.full(len(items), np.nan),
    )
