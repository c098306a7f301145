"""A table of impressions of one's own, with tables of ads and users where there are.

Columns are found by their names or declared, on the command line or in a TOML file:

    log = "impressions.csv"        # also items = "ads.csv", users = "people.csv"
    user = "customer"              # also item, time, value (the click), delay, hidden
    crosses = [["segment", "category"]]
    leave_out = ["call_seconds"]
    [kinds]
    segment = "category"           # also number, tags, text
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lookalike._checks import check_choice
from lookalike._typing import Array, Floats, Ints
from lookalike.datasets.click_log import (
    AD,
    ADVERTISER,
    USER,
    Ads,
    ClickLog,
    ClickUsers,
    last_fifth,
)
from lookalike.datasets.item_columns import ItemColumn
from lookalike.datasets.log_form import find_column
from lookalike.datasets.own_tables import (
    checksum_of,
    known_column,
    read_declared,
    zeros_and_ones,
)
from lookalike.datasets.tables import Table, read_table

CLICK_NAMES = (
    *("clicked", "click", "isclick", "clicks", "label", "target", "y", "converted"),
    *("conversion", "response", "deposit"),
)
AD_NAMES = ("ad", "adid", "creative", "creativeid", "banner", "bannerid", "campaign")
KINDS = ("category", "number", "tags", "text")
_FILES = ("log", "items", "users")
_TEXTS = (*_FILES, "user", "item", "time", "value", "delay", "hidden")
_LISTS = ("crosses", "counted", "leave_out")
_SAID = {**dict.fromkeys(_TEXTS, str), **dict.fromkeys(_LISTS, list), "kinds": dict}
_MARKET = ("advertiser", "bid", "budget", "targeting")


def load_own_clicks(
    path: str | os.PathLike[str],
    items: str | os.PathLike[str] | None = None,
    users: str | os.PathLike[str] | None = None,
    user: str | None = None,
    item: str | None = None,
    time: str | None = None,
    value: str | None = None,
) -> ClickLog:
    """Load impressions of any form; the last fifth, in time, is for testing.

    Parameters
    ----------
    path : path
        The table: CSV, JSON lines or Parquet, or a TOML file as above.
    items : path, optional
        The table of the ads: its id, advertiser, bid, budget, targeting, and whatever
        else is known of them.
    users : path, optional
        The table of the users.
    user, item, time, value : str, optional
        Columns of the user, the ad, the time and the click. Without a time the order of
        the rows is that of time; without users or ads all rows are of one.

    Raises
    ------
    ValueError
        If a column is not found or a row is bad; the sentence names the columns or the
        rows.
    """
    given = {
        "items": None if items is None else os.path.abspath(items),
        "users": None if users is None else os.path.abspath(users),
        **{"user": user, "item": item, "time": time, "value": value},
    }
    options = {name: each for name, each in given.items() if each is not None}
    form = {**read_declared(Path(path), _SAID, _FILES), **options}
    table = read_table(form.get("log", path))
    of_ads, of_users = (
        read_table(form[name]) if name in form else None for name in ("items", "users")
    )
    tables = [each for each in (table, of_ads, of_users) if each is not None]
    _check_named(form, tables)
    at = _roles(list(table.columns), form)
    assert at["value"] is not None
    clicked = zeros_and_ones(table, at["value"]).astype(np.int64)
    hidden = None
    if at["hidden"] is not None:
        hidden = zeros_and_ones(table, at["hidden"]).astype(np.int64)
    when = _times(table, at["time"])
    order = np.argsort(when, kind="stable")
    context, kinds = _columns(table, set(filter(None, at.values())), form)
    user_names, user_at = _named(table, at["user"])
    ad_names, ad_at = _named(table, at["item"])
    people, user_columns, user_kinds = _described(
        of_users, at["user"], user_names, form, ()
    )
    ids, ad_columns, ad_kinds = _described(of_ads, at["item"], ad_names, form, _MARKET)
    ads = _ads(ids, ad_columns)
    own = {**user_kinds, **{n: k for n, k in ad_kinds.items() if n not in _MARKET}}
    for name in set(own) & set(kinds):
        raise ValueError(f"Two tables have a column {name}: rename one of them.")
    kinds = {**kinds, **own}
    if at["item"] is not None:
        kinds |= {AD: "category", ADVERTISER: "category"}
    _check_keys("A cross must be two", form.get("crosses", []), list(kinds), 2)
    countable = list(dict.fromkeys([*kinds, USER, AD, ADVERTISER]))
    _check_keys("A key of counted must be some", form.get("counted", []), countable)
    delay = None if at["delay"] is None else table.reals(at["delay"], empty=True)
    return ClickLog(
        name=str(path),
        checksum=checksum_of(tables),
        users=ClickUsers(people, user_columns),
        ads=ads,
        user=user_at[order],
        ad=ad_at[order],
        time=when[order],
        clicked=clicked[order],
        is_test=last_fifth(when[order]),
        context={name: column[order] for name, column in context.items()},
        kinds=kinds,
        crosses=[tuple(pair) for pair in form.get("crosses", ())],
        counted=[tuple(key) for key in form.get("counted", _counted(at))],
        delay=None if delay is None else delay[order],
        hidden=None if hidden is None else hidden[order],
        options=options,
    )


def _roles(names: Sequence[str], form: Mapping[str, Any]) -> dict[str, str | None]:
    """The column of each role, as declared or by its name; None where there is none."""
    click = known_column(names, CLICK_NAMES, form.get("value"))
    if click is None:
        raise ValueError(
            "No column of the table is known to say whether there was a click; its "
            f"columns are {', '.join(names)}: say which it is with --value NAME."
        )
    return {
        "user": find_column(names, "user", form.get("user"), "table"),
        "item": known_column(names, AD_NAMES, form.get("item"))
        or find_column(names, "item", form.get("item"), "table"),
        "time": find_column(names, "time", form.get("time"), "table"),
        "value": click,
        "delay": known_column(names, ("delay",), form.get("delay")),
        "hidden": known_column(names, ("hidden",), form.get("hidden")),
    }


def _counted(at: Mapping[str, str | None]) -> list[tuple[str, ...]]:
    """Keys that are counted where none are declared: users, ads, and their pairs."""
    roles = {USER: at["user"], AD: at["item"]}
    ids = [name for name, column in roles.items() if column is not None]
    return [*((name,) for name in ids), *([(USER, AD)] if len(ids) == 2 else [])]


def _times(table: Table, column: str | None) -> Floats:
    if column is None:
        return np.arange(len(table.rows), dtype=np.float64)
    return table.times(column)


def _named(table: Table, column: str | None) -> tuple[Array, Ints]:
    if column is None:
        return np.array(["anybody"]), np.zeros(len(table.rows), np.int64)
    return table.name_codes(column)


def _columns(
    table: Table, used: set[str], form: Mapping[str, Any]
) -> tuple[dict[str, Array], dict[str, str]]:
    """Columns of a table and their kinds; columns without a use are left out.

    used : columns that are no features
    """
    found, kinds = {}, {}
    declared, left_out = form.get("kinds", {}), form.get("leave_out", ())
    for name, cells in table.columns.items():
        if name in used or name in left_out or not name:
            continue
        kind = declared.get(name)
        if kind is not None:
            check_choice("kind", kind, KINDS)
        column = ItemColumn.of(cells)
        if kind is None:
            kind = {"date": "number", "ignored": ""}.get(column.kind, column.kind)
        if not kind:
            continue
        if kind == "number":
            table_kind = "date" if column.kind == "date" else "number"
            values = ItemColumn(table_kind, column.cells).numbers()
            known = np.array([bool(cell) for cell in cells])
            table.refuse(known & ~np.isfinite(values), f"a number as {name}")
            found[name] = values
        elif kind == "tags":
            words = ItemColumn("tags", column.cells).words()
            found[name] = np.array(["|".join(each) for each in words], dtype=str)
        else:
            found[name] = column.cells
        kinds[name] = kind
    return found, kinds


def _described(
    table: Table | None,
    column: str | None,
    seen: Array,
    form: Mapping[str, Any],
    plain: Sequence[str],
) -> tuple[Array, dict[str, Array], dict[str, str]]:
    """Ids that were seen, and those of a table behind them, with its columns.

    plain : columns that are kept as they are
    """
    if table is None:
        return seen, {}, {}
    names, file = list(table.columns), table.file
    key = column if column in names else known_column(names, ("id",))
    if key is None:
        raise ValueError(
            f"{file} has no column {column or 'id'}; it has {', '.join(names)}."
        )
    ids, at = table.name_codes(key)
    if len(ids) < len(at):
        raise ValueError(f"{file} has two rows of one {key}.")
    mine = {id: row for row, id in enumerate(ids.tolist())}
    row = np.array([mine.get(id, -1) for id in seen.tolist()])
    if (row < 0).any():
        lost = seen[row < 0][0]
        raise ValueError(f"{file} has no row of {str(lost)!r}, which the table shows.")
    behind = np.setdiff1d(np.arange(len(ids)), row)
    order = np.concatenate([row, behind])
    columns, kinds = _columns(table, {key, *plain}, form)
    for name in (name for name in plain if name in table.columns):
        if name in ("bid", "budget"):
            columns[name] = table.numbers(name)
        else:
            columns[name] = np.array(table.columns[name], dtype=str)
        kinds[name] = "category"
    return ids[order], {name: each[order] for name, each in columns.items()}, kinds


def _ads(ids: Array, columns: dict[str, Array]) -> Ads:
    n = len(ids)
    usual: dict[str, Array] = {
        "advertiser": ids,
        "bid": np.ones(n),
        "budget": np.full(n, np.inf),
        "targeting": np.full(n, "", dtype="<U1"),
    }
    market = {name: columns.pop(name, usual[name]) for name in _MARKET}
    return Ads(ids, **market, columns=columns)


def _check_named(form: Mapping[str, Any], tables: Sequence[Table]) -> None:
    """Refuse a form that leaves out, or gives a kind to, a column of no table."""
    known = list(dict.fromkeys(name for each in tables for name in each.columns))
    for what in ("leave_out", "kinds"):
        for name in form.get(what, ()):
            if name not in known:
                raise ValueError(
                    f"{what} names {name!r}, which is no column; there are "
                    f"{', '.join(known)}."
                )


def _check_keys(
    what: str, keys: Sequence[Any], names: Sequence[str], size: int | None = None
) -> None:
    """Refuse keys that are no lists of names, or not of this size."""
    for key in keys:
        whole = isinstance(key, list) and key and all(name in names for name in key)
        if not whole or len(key) != (size or len(key)):
            raise ValueError(f"{what} of {', '.join(names)}; got {key!r}.")
