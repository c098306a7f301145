"""The log of a feed of one's own: tables of impressions, of posts, and of follows.

The table of impressions has a row for each post that somebody was shown: user, post,
time, and, where they are known, place, device, dwell (seconds), shuffled (whether the
list was in random order), and a column of zeros and ones for each action. Posts may
have a table with author, topic, created and further numbers; follows, and mutes, one
with user and author. A TOML file names them all:

    log = "impressions.csv"
    posts = "posts.csv"
    follows = "follows.csv"        # also mutes
    actions = ["like", "hide"]     # otherwise every column of zeros and ones
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.datasets.click_log import last_fifth
from lookalike.datasets.feed_log import DWELL, FeedLog, Posts
from lookalike.datasets.log_form import find_column
from lookalike.datasets.own_tables import (
    checksum_of,
    is_zeros_and_ones,
    known_column,
    read_declared,
    zeros_and_ones,
)
from lookalike.datasets.tables import Table, read_table

POST_NAMES = (
    "post",
    "postid",
    "item",
    "itemid",
    "story",
    "video",
    "videoid",
    "article",
)
PLACES = ("place", "position", "rank", "slot")
DEVICES = ("device", "devicetype", "platform")
DWELLS = ("dwell", "dwelltime", "seconds", "viewtime", "timespent")
SHUFFLED = ("shuffled", "random", "israndom", "explored")
MOST_SECONDS = 86_400.0
_TABLES = ("log", "posts", "follows", "mutes")
_SAID = {**dict.fromkeys((*_TABLES, "user", "item", "time"), str), "actions": list}


def load_own_feed(
    path: str | os.PathLike[str],
    items: str | os.PathLike[str] | None = None,
    users: str | os.PathLike[str] | None = None,
    user: str | None = None,
    item: str | None = None,
    time: str | None = None,
) -> FeedLog:
    """Load a feed's log; the last fifth, in time, is for testing.

    Parameters
    ----------
    path : path
        The table of impressions: CSV, JSON lines or Parquet, or a TOML file as above.
    items : path, optional
        The table of posts.
    users : path, optional
        The table of who follows whom.
    user, item, time : str, optional
        Columns of the user, the post and the time, where their names do not say.

    Raises
    ------
    ValueError
        If a column is not found or a row is bad; the sentence names the columns or the
        rows.
    """
    given = {
        "posts": None if items is None else os.path.abspath(items),
        "follows": None if users is None else os.path.abspath(users),
        **{"user": user, "item": item, "time": time},
    }
    options = {n: str(each) for n, each in given.items() if each is not None}
    form = {**read_declared(Path(path), _SAID, _TABLES), **options}
    table = read_table(form.get("log", path))
    names = list(table.columns)
    at_user = find_column(names, "user", form.get("user"), "table")
    at_time = find_column(names, "time", form.get("time"), "table")
    at_post = form.get("item") or known_column(names, POST_NAMES)
    for what, column in (("user", at_user), ("post", at_post), ("time", at_time)):
        if column is None or column not in names:
            raise ValueError(
                f"No column of {table.file} is known to be the {what}"
                f"{f' ({column} is none)' if column else ''}; its columns are "
                f"{', '.join(names)}."
            )
    user_names, user_at = table.name_codes(str(at_user))
    post_names, post_at = table.name_codes(str(at_post))
    when = table.times(str(at_time))
    used = {at_user, at_post, at_time}
    place_column, device_column = (
        known_column(names, PLACES),
        known_column(names, DEVICES),
    )
    dwell_column, shuffled_column = (
        known_column(names, DWELLS),
        known_column(names, SHUFFLED),
    )
    used |= {place_column, device_column, dwell_column, shuffled_column}
    actions = _actions(table, form, {name for name in used if name})
    place = _places(table, place_column)
    dwell = None
    if dwell_column is not None:
        dwell = table.numbers(dwell_column, high=MOST_SECONDS)
    shuffled = np.zeros(len(when), bool)
    if shuffled_column is not None:
        shuffled = zeros_and_ones(table, shuffled_column) > 0
    device = np.full(len(when), "any")
    if device_column is not None:
        device = np.array([cell or "any" for cell in table.columns[device_column]])
    tables = [table]
    of_posts = read_table(form["posts"]) if "posts" in form else None
    first = np.full(len(post_names), np.inf)
    np.minimum.at(first, post_at, when)
    posts, authors, topics = _posts(of_posts, post_names, first)
    if of_posts is not None:
        tables.append(of_posts)
    pairs: dict[str, Ints] = {}
    for what in ("follows", "mutes"):
        pairs[what] = np.empty((0, 2), np.int64)
        if what in form:
            if of_posts is None:
                raise ValueError(
                    f"The {what} name authors: give a table of posts that says who "
                    "wrote them, too."
                )
            tables.append(read_table(form[what]))
            pairs[what] = _pairs(tables[-1], user_names, authors)
    order = np.argsort(when, kind="stable")
    return FeedLog(
        name=str(path),
        checksum=checksum_of(tables),
        users=user_names,
        authors=authors,
        topics=topics,
        posts=posts,
        follows=pairs["follows"],
        blocks=pairs["mutes"],
        user=user_at[order],
        post=post_at[order],
        time=when[order],
        place=place[order],
        device=device[order],
        shuffled=shuffled[order],
        actions={name: each[order] for name, each in actions.items()},
        is_test=last_fifth(when[order]),
        dwell=None if dwell is None else dwell[order],
        options=options,
    )


def _actions(
    table: Table, form: Mapping[str, Any], used: set[str]
) -> dict[str, Floats]:
    """Columns of zeros and ones: those declared, or all; an empty cell is unknown."""
    declared = form.get("actions")
    if declared is not None:
        for name in declared:
            if name not in table.columns:
                raise ValueError(
                    f"actions names {name!r}, which is no column; there are "
                    f"{', '.join(table.columns)}."
                )
        return {name: zeros_and_ones(table, name, empty=True) for name in declared}
    found = {}
    for name, cells in table.columns.items():
        if name in used or name == DWELL:
            continue
        if is_zeros_and_ones(cells):
            found[name] = zeros_and_ones(table, name, empty=True)
    if not found:
        raise ValueError(
            f"{table.file} has no column of zeros and ones for an action, such as like "
            f"or hide; its columns are {', '.join(table.columns)}."
        )
    return found


def _places(table: Table, column: str | None) -> Ints:
    if column is None:
        return np.ones(len(table.rows), np.int64)
    values = table.reals(column)
    bad = (values < 1) | (values > 1e6) | (values != np.floor(values))
    table.refuse(bad, f"a whole number of at least 1 as {column}")
    return values.astype(np.int64)


def _posts(
    table: Table | None, seen: Array, first: Floats
) -> tuple[Posts, Array, Array]:
    """Posts, and the names of authors and topics.

    first : (n_seen,), when each was first shown, which counts where nothing else says
    """
    nobody = np.array(["any"])
    if table is None:
        n = len(seen)
        posts = Posts(seen, np.arange(n), first, np.zeros(n, np.int64))
        return posts, seen, nobody
    names = list(table.columns)
    key = known_column(names, ("id", *POST_NAMES))
    if key is None:
        raise ValueError(
            f"{table.file} has no column id; its columns are {', '.join(names)}."
        )
    ids, at = table.name_codes(key)
    if len(ids) < len(at):
        raise ValueError(f"{table.file} has two rows of one {key}.")
    mine = {id: row for row, id in enumerate(ids.tolist())}
    row = np.array([mine.get(id, -1) for id in seen.tolist()])
    if (row < 0).any():
        lost = str(seen[row < 0][0])
        raise ValueError(
            f"{table.file} has no row of {lost!r}, which the impressions show."
        )
    order = np.concatenate([row, np.setdiff1d(np.arange(len(ids)), row)])
    author_column = known_column(names, ("author", "authorid", "creator", "by"))
    topic_column = known_column(names, ("topic", "category", "section"))
    time_column = known_column(names, ("created", "createdat", "time", "published"))
    authors, author = ids[order], np.arange(len(ids))
    if author_column is not None:
        authors, every = table.name_codes(author_column)
        author = every[order]
    topics, topic = nobody, np.zeros(len(ids), np.int64)
    if topic_column is not None:
        topics, every = table.name_codes(topic_column)
        topic = every[order]
    created = np.concatenate([first, np.full(len(ids) - len(seen), first.max())])
    if time_column is not None:
        created = table.times(time_column)[order]
    numbers = {}
    for name in names:
        if name in (key, author_column, topic_column, time_column):
            continue
        try:
            numbers[name] = table.reals(name)[order]
        except ValueError:
            continue  # a text says nothing here
    posts = Posts(ids[order], author, created, topic, numbers)
    return posts, authors, topics


def _pairs(table: Table, users: Array, authors: Array) -> Ints:
    """Who follows, or mutes, whom; people whom the log does not know are left out."""
    names = list(table.columns)
    columns = (
        known_column(names, ("user", "userid", "follower")),
        known_column(names, ("author", "authorid", "followed", "follows", "mutes")),
    )
    if None in columns:
        raise ValueError(
            f"{table.file} must have the columns user and author; found: "
            f"{', '.join(names)}."
        )
    user_at = {name: at for at, name in enumerate(users.tolist())}
    author_at = {name: at for at, name in enumerate(authors.tolist())}
    cells = zip(*(table.columns[str(each)] for each in columns), strict=True)
    found = [
        (user_at[user], author_at[author])
        for user, author in cells
        if user in user_at and author in author_at
    ]
    return np.unique(np.array(found, np.int64).reshape(-1, 2), axis=0)
