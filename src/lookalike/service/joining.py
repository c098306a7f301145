"""One database for several systems: what another one holds is copied into it.

A system that was alone had a database of its own. Once several are served together one
database holds what they were told and what they have shown. In the other one no events
are left, so that who is deleted is named nowhere; the rest of it stays.
"""

from collections.abc import Callable, Collection, Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lookalike.service.database import Database
from lookalike.service.database.events import SALT, not_erased
from lookalike.service.database.items import EPOCH, REVISIONS
from lookalike.service.database.tables import (
    alarms,
    counters,
    erased,
    events,
    experiment_exposures,
    experiment_steps,
    experiments,
    exposures,
    folder_catalogues,
    folder_files,
    folder_images,
    folder_marks,
    handed_out,
    items,
    keys,
    loop_steps,
    monitors,
    reviews,
    vectors,
)

_MANY = 1_000
_ITEMS = (items, vectors)
_OF_USERS = (events, exposures, experiment_exposures, handed_out)
_PICTURES = (folder_catalogues, folder_images, folder_files)


def join(target: Database, source: Database) -> dict[str, int]:
    """Copy what a database holds into another one; return how many rows of each table.

    Rows that are there already stay as they are, so that a copy that was interrupted
    can be made again. Items, and pictures of folders, of a system that the target knows
    already are not mixed with others. Who was deleted in the target is not brought
    back, and who was deleted in the source is known to have been.

    Cost: one transaction in each, rows in blocks of a thousand.
    """
    copied: dict[str, int] = {}
    with source.reading() as old, target.writing() as new:
        held = {
            table: _systems(new, leader)
            for tables, leader in ((_ITEMS, items), (_PICTURES, folder_catalogues))
            for table in tables
        }
        no_items = held[items]

        def copy(
            table: sa.Table, kept: Callable[[Any], Any] = lambda rows: rows
        ) -> None:
            n = 0
            for rows in _blocks(old, table, held.get(table, ())):
                left = kept(rows)
                if left:
                    insert = target.insert(table).on_conflict_do_nothing()
                    n += new.execute(insert, left).rowcount
            copied[table.name] = n

        copy(counters, lambda rows: _counted(rows, no_items))
        for table in (erased, keys, *_ITEMS, *_PICTURES, folder_marks):
            copy(table)
        watched = monitors, alarms, loop_steps, reviews
        for table in (experiments, experiment_steps, *watched):
            copy(table)
        for table in _OF_USERS:
            copy(table, lambda rows: list(not_erased(new, rows)))
    with source.writing() as old:  # only once the copy is safe
        for table in _OF_USERS:
            old.execute(sa.delete(table))
    return copied


def _blocks(
    connection: Connection, table: sa.Table, left_out: Collection[str]
) -> Iterator[list[dict[str, Any]]]:
    query = sa.select(table)
    if left_out:
        query = query.where(table.c.system.not_in(left_out))
    found = connection.execution_options(yield_per=_MANY).execute(query)
    for rows in found.mappings().partitions(_MANY):
        yield [dict(row) for row in rows]


def _systems(connection: Connection, table: sa.Table) -> list[str]:
    return list(connection.execute(sa.select(table.c.system).distinct()).scalars())


def _counted(
    rows: list[dict[str, Any]], known: Collection[str]
) -> list[dict[str, Any]]:
    """Counters of systems whose items are copied, and every salt under its own name."""
    found = []
    for row in rows:
        name, value = row["name"], row["value"]
        is_known = name.startswith(REVISIONS) and name[len(REVISIONS) :] in known
        if name.startswith(SALT):
            found.append({"name": f"{SALT}:{value}", "value": value})
        elif name != EPOCH and not is_known:
            found.append(row)
    return found
