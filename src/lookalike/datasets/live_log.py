"""A log, and what the users of a service did since: one data set to learn from.

A pair of a user and an item that is in both counts once, by the larger amount, as it
does while it is live: learning again changes no history, and a log that was exported
from the same service does no harm.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lookalike._typing import Floats, Ints
from lookalike.datasets._opened import number_of
from lookalike.datasets.interactions import (
    Interactions,
    distinct_pairs,
    hold_out_latest,
    hold_out_random,
)
from lookalike.datasets.item_columns import ItemColumn, cell_of


def with_live(
    data: Interactions,
    done: Iterable[tuple[str, str, float, float]],
    items: Sequence[Mapping[str, Any]] = (),
    without: Collection[str] = (),
    until: int = 0,
) -> Interactions:
    """Return a log with what happened since in a service.

    Parameters
    ----------
    data : Interactions
        As it was first learned from.
    done : iterable of (user, item, amount, seconds since 1970)
        Amounts of 0 and less, and items that are not known, are passed over.
    items : sequence of mapping
        That were added or changed: "id", "label" (a title or None), "attributes".
    without : collection of str
        Users who are left out of both.
    until : int
        The microsecond until which events had arrived.

    Returns
    -------
    Interactions
        The latest fifth of each user is held out anew. Its checksum is that of all
        this.
    """
    data = _with_items(_without_users(data, set(without)), items)
    user_rows = {name: row for row, name in enumerate(data.users.tolist())}
    item_rows = {name: row for row, name in enumerate(data.items.tolist())}
    digest = hashlib.sha256(data.checksum.encode())
    rows: list[tuple[int, int, float, float]] = []
    for name, thing, amount, moment in done:
        if amount <= 0 or thing not in item_rows or name in without:
            continue
        digest.update(repr((name, thing, amount, moment)).encode())
        user_row = user_rows.setdefault(name, len(user_rows))
        rows.append((user_row, item_rows[thing], amount, moment))
    table = np.array(rows, np.float64).reshape(-1, 4)
    user = np.concatenate([data.user, table[:, 0].astype(np.int64)])
    item = np.concatenate([data.item, table[:, 1].astype(np.int64)])
    first, pair = distinct_pairs(user, item, len(item_rows))
    value = _largest(np.concatenate([data.value, table[:, 2]]), pair, len(first))
    user, item = user[first], item[first]
    time: Floats | None = None
    if data.time is not None:
        time = _largest(np.concatenate([data.time, table[:, 3]]), pair, len(first))
    n_new = len(user_rows) - len(data.users)
    return replace(
        data,
        checksum=digest.hexdigest(),
        user_columns={
            name: ItemColumn(each.kind, np.append(each.cells, [""] * n_new))
            for name, each in data.user_columns.items()
        },
        users=np.array(list(user_rows)),
        user=user,
        item=item,
        value=value,
        time=time,
        held_out=hold_out_random(user) if time is None else hold_out_latest(user, time),
        live_events={"count": len(rows), "until": until},
    )


def held_out_first(data: Interactions, log: Interactions) -> Interactions:
    """Return data of which that is held out that was held out of the first log.

    data : of ``with_live``; log : what it was made of

    Examples
    --------
    >>> import numpy as np
    >>> of = np.array(["a", "b"]), np.array(["x", "y"])
    >>> cells = np.array([0, 1]), np.array([1, 0]), np.ones(2), None
    >>> titles = of[1], np.array(["", ""]), np.full(2, np.nan)
    >>> log = Interactions("toy", "", *of, *cells, np.array([False, True]), *titles)
    >>> live = with_live(log, [("a", "x", 1.0, 0.0)])
    >>> found = held_out_first(live, log)
    >>> [found.items[i] for i in found.item[found.held_out]]
    [np.str_('x')]
    >>> [found.users[u] for u in found.user[found.held_out]]
    [np.str_('b')]
    """
    out = log.held_out
    names = log.users[log.user[out]].tolist(), log.items[log.item[out]].tolist()
    first = set(zip(*names, strict=True))
    pairs = data.users[data.user].tolist(), data.items[data.item].tolist()
    held = [pair in first for pair in zip(*pairs, strict=True)]
    return replace(data, held_out=np.array(held, bool))


def _largest(values: Floats, pair: Ints, n_pairs: int) -> Floats:
    found = np.zeros(n_pairs)
    np.maximum.at(found, pair, values)
    return found


def _without_users(data: Interactions, names: set[str]) -> Interactions:
    """The data without some users, and without what they did."""
    kept = np.array([name not in names for name in data.users.tolist()], bool)
    if kept.all():
        return data
    row_of: Ints = np.cumsum(kept) - 1
    rows = kept[data.user]
    return replace(
        data,
        users=data.users[kept],
        user_columns={
            name: ItemColumn(each.kind, each.cells[kept])
            for name, each in data.user_columns.items()
        },
        user=row_of[data.user[rows]],
        item=data.item[rows],
        value=data.value[rows],
        time=None if data.time is None else data.time[rows],
        held_out=data.held_out[rows],
    )


def _with_items(data: Interactions, items: Sequence[Mapping[str, Any]]) -> Interactions:
    """The data with further items, and with others described anew."""
    if not items:
        return data
    row_of = {name: row for row, name in enumerate(data.items.tolist())}
    for each in items:
        row_of.setdefault(each["id"], len(row_of))
    n_new = len(row_of) - len(data.items)
    titles = [*data.titles.tolist(), *[""] * n_new]
    genres = [*data.genres.tolist(), *[""] * n_new]
    years = [*data.years.tolist(), *[np.nan] * n_new]
    cells = {n: [*c.cells.tolist(), *[""] * n_new] for n, c in data.columns.items()}
    for each in items:
        row = row_of[each["id"]]
        titles[row] = str(each["label"] or each["id"])
        known = each["attributes"]
        for name, column in cells.items():
            column[row] = cell_of(known.get(name))
        if "genres" not in cells:
            genres[row] = cell_of(known.get("genres"))
        if "year" not in cells:
            years[row] = number_of(cell_of(known.get("year")))
    kinds = {name: column.kind for name, column in data.columns.items()}
    return replace(
        data,
        items=np.array(list(row_of)),
        titles=np.array(titles),
        genres=np.array(genres),
        years=np.array(years),
        columns={n: ItemColumn(kinds[n], np.array(c)) for n, c in cells.items()},
    )
