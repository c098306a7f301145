"""Logs of what users did with items, in anybody's form, and tables of the items."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from lookalike._typing import Array, Floats
from lookalike.datasets.interactions import (
    AT_LEAST,
    Interactions,
    distinct_pairs,
    hold_out_latest,
    hold_out_random,
    latest_rows,
)
from lookalike.datasets.item_columns import ItemColumn
from lookalike.datasets.locate import find
from lookalike.datasets.log_form import LogForm, read_form
from lookalike.datasets.tables import Table, read_table


@dataclass(frozen=True)
class Log:
    """A log as it was understood.

    form : which columns mean what
    events : how many rows there are of each kind, most first; empty without kinds
    n_rows : of the log
    """

    data: Interactions
    form: LogForm
    events: dict[str, int]
    n_rows: int

    def lines(self) -> list[str]:
        """Return what was understood, in sentences, and what to change."""
        data, form = self.data, self.form
        counts = np.bincount(data.user, minlength=len(data.users))
        lines = [
            f"{self.n_rows:,} rows: {len(data.users):,} users ({form.user}), "
            f"{len(data.items):,} items ({form.item}), {len(data.user):,} pairs.",
            f"time: {_period(data.time)}"
            if form.time
            else "time: no column; the "
            "items that are held out are drawn at random (--time NAME).",
        ]
        if form.value:
            how = "the latest counts" if form.combine == "last" else "values add up"
            low, high = data.value.min(), data.value.max()
            lines.append(f"value: {form.value}, {low:g} to {high:g} a pair; {how}.")
        for kind, n in self.events.items():
            lines.append(f"event: {kind}, {n:,} rows, counts {form.weight(kind):g}.")
        if not form.value and not form.event:
            lines.append("value: no column; each row counts 1 (--value or --event).")
        for name, column in data.columns.items():
            n = sum(bool(cell) for cell in column.cells.tolist())
            lines.append(f"item column: {name}, {column.kind}, known of {n:,} items.")
        for name, column in data.user_columns.items():
            n = sum(bool(cell) for cell in column.cells.tolist())
            lines.append(f"user column: {name}, {column.kind}, known of {n:,} users.")
        many = int((counts >= AT_LEAST).sum())
        lines.append(
            f"{many:,} users have {AT_LEAST} items or more: a fifth of theirs is held "
            "out to measure."
        )
        return lines


def load_log(
    path: str | os.PathLike[str],
    items: str | os.PathLike[str] | None = None,
    users: str | os.PathLike[str] | None = None,
    name: str | None = None,
    random_state: int = 0,
    **declared: Any,
) -> Interactions:
    """Load a log of any form, with a table of its items where there is one.

    Parameters and errors are those of :func:`understand_log`.
    """
    return understand_log(path, items, users, name, random_state, **declared).data


def understand_log(
    path: str | os.PathLike[str],
    items: str | os.PathLike[str] | None = None,
    users: str | os.PathLike[str] | None = None,
    name: str | None = None,
    random_state: int = 0,
    **declared: Any,
) -> Log:
    """Load a log, and say how it was understood.

    Several rows of a user and an item are one pair. Of users with five items or more
    the latest fifth is held out, a random one where there are no times.

    Parameters
    ----------
    path : path
        The log: CSV, JSON lines or Parquet, or a TOML file that declares its form.
    items : path, optional
        The table of the items. Items that nobody did anything with are kept: they are
        suggested by what is known of them.
    users : path, optional
        The table of the users. Those who did nothing yet are kept: they are suggested
        what users like them take.
    name : str, optional
        Of the data set; the path by default.
    random_state : int
    **declared
        Fields of :class:`LogForm`, such as ``user="customer"``.

    Raises
    ------
    ValueError
        If a column is not found or a row is bad; the message names the columns or the
        rows.
    """
    declared = {key: value for key, value in declared.items() if value is not None}
    name = name or str(path)
    tables = {"items": items, "users": users}
    given = {k: os.path.abspath(each) for k, each in tables.items() if each is not None}
    options = {**declared, **given}
    if Path(path).suffix == ".toml":
        declared = {**read_form(path), **declared}
        if "log" not in declared:
            raise ValueError(f'{path} does not say where the log is: log = "...".')
        path = declared["log"]
    files = {**{k: declared[k] for k in tables if k in declared}, **given}
    table = read_table(path)
    described = {kind: read_table(file) for kind, file in files.items()}
    there = [list(described[k].columns) if k in described else [] for k in tables]
    declared |= {"log": os.path.abspath(path)}
    declared |= {kind: os.path.abspath(file) for kind, file in files.items()}
    form = LogForm.found(list(table.columns), *there, **declared)
    people, user = table.name_codes(form.user)
    names, item = table.name_codes(form.item)
    time = None if form.time is None else table.times(form.time)
    kept, pair = distinct_pairs(user, item, len(names))
    order = np.arange(len(pair), dtype=float) if time is None else time
    last = latest_rows(pair, order)
    weight = _weights(table, form)
    value = weight[last] if form.combine == "last" else np.bincount(pair, weight)
    user, item = user[kept], item[kept]
    latest = None if time is None else time[last]
    held_out = (
        hold_out_random(user, random_state)
        if latest is None
        else hold_out_latest(user, latest)
    )
    data = Interactions(
        name=name,
        checksum=table.checksum,
        users=people,
        items=names,
        user=user,
        item=item,
        value=np.asarray(value, np.float64),
        time=latest,
        held_out=held_out,
        titles=names,
        genres=np.full(len(names), ""),
        years=np.full(len(names), np.nan),
        options=options,
    )
    if "items" in described:
        data = _described(data, described["items"], form)
    if "users" in described:
        data = _with_users(data, described["users"], form)
    return Log(data, form, _counts(table, form), len(weight))


def load_movielens_log() -> Interactions:
    """Load the small MovieLens as a shop's log: genres and years are item columns."""
    from lookalike.datasets.ratings import load_movielens

    data = load_movielens()
    years = ["" if np.isnan(year) else f"{year:.0f}" for year in data.years]
    return replace(
        data,
        columns={
            "genres": ItemColumn.of(data.genres.tolist(), "tags"),
            "year": ItemColumn.of(years, "number"),
        },
    )


def load_steam_log() -> Interactions:
    """Load Steam's play hours as a shop's log, without item columns."""
    return load_log(find("steam_play_hours"), name="steam_play_hours")


def _weights(table: Table, form: LogForm) -> Floats:
    """What each row counts: its value, times the weight of its kind."""
    weight = np.ones(len(table.rows))
    if form.event is not None:
        kinds = table.columns[form.event]
        table.refuse(np.array([not kind for kind in kinds]), f"a {form.event}")
        of_kind = {kind: form.weight(kind) for kind in set(kinds)}
        weight *= np.array([of_kind[kind] for kind in kinds])
    if form.value is not None:
        cells = table.columns[form.value]
        if form.event is not None:  # views have no price
            cells = [cell or "1" for cell in cells]
        stated = replace(table, columns={form.value: cells})
        weight *= stated.numbers(form.value)
    return weight


def _counts(table: Table, form: LogForm) -> dict[str, int]:
    if form.event is None:
        return {}
    kinds, counts = np.unique(table.columns[form.event], return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return dict(zip(kinds[order].tolist(), counts[order].tolist(), strict=True))


def _described(data: Interactions, table: Table, form: LogForm) -> Interactions:
    """Add the columns of an item table, and the items that only it has."""
    assert form.id is not None
    items, rows = _joined(data.items.tolist(), table, form.id)

    def cells(column: str) -> list[str]:
        given = [*table.columns[column], ""]
        return [given[row] for row in rows]

    titles = items.tolist()
    if form.title is not None:
        pairs = zip(cells(form.title), titles, strict=True)
        titles = [title or id for title, id in pairs]
    columns = _columns(table, rows, (form.id, form.title), form.kinds, "item")
    return replace(
        data,
        items=items,
        titles=np.array(titles),
        genres=np.full(len(items), ""),
        years=np.full(len(items), np.nan),
        columns=columns,
    )


def _with_users(data: Interactions, table: Table, form: LogForm) -> Interactions:
    """Add the columns of a user table, and the users that only it has."""
    assert form.user_id is not None
    users, rows = _joined(data.users.tolist(), table, form.user_id)
    columns = _columns(table, rows, (form.user_id,), form.user_kinds, "user")
    return replace(data, users=users, user_columns=columns)


def _joined(names: list[str], table: Table, column: str) -> tuple[Array, list[int]]:
    """Names of a log and of a table, and the row of each in the table, -1 if none."""
    ids, at = table.name_codes(column)
    twice = np.ones(len(at), bool)
    twice[np.unique(at, return_index=True)[1]] = False
    table.refuse(twice, f"another {column}")
    known = set(names)
    whole = [*names, *(id for id in ids.tolist() if id not in known)]
    row_of = {id: row for row, id in enumerate(ids.tolist())}
    return np.array(whole), [row_of.get(id, -1) for id in whole]


def _columns(
    table: Table,
    rows: Sequence[int],
    others: Sequence[str | None],
    kinds: Mapping[str, str],
    what: str,
) -> dict[str, ItemColumn]:
    """The columns of a table beside ids and titles, by their kinds."""
    names = [name for name in table.columns if name not in others]
    for name in kinds:
        if name not in names:
            raise ValueError(
                f"The {what} table has no column {name} to be of a kind; it has "
                f"{', '.join(names) or 'none'} beside {others[0]}."
            )
    found = {}
    for name in names:
        given = [*table.columns[name], ""]
        found[name] = ItemColumn.of([given[row] for row in rows], kinds.get(name))
    return {name: each for name, each in found.items() if each.kind != "ignored"}


def _period(time: Array | None) -> str:
    assert time is not None
    first, last = (np.datetime64(int(t), "s") for t in (time.min(), time.max()))
    return f"{first} to {last} UTC."
