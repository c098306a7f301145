"""Putting a snapshot back: rows, counters that never fall, and the generations."""

import base64
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from lookalike.core.library import Library
from lookalike.service.database import Database
from lookalike.service.database.events import SALT, not_erased
from lookalike.service.database.items import (
    EPOCH,
    REVISIONS,
    put,
    revisions_of,
    store,
)
from lookalike.service.database.tables import (
    counters,
    erased,
    events,
    experiment_exposures,
    exposures,
    handed_out,
)
from lookalike.service.items import held_revision
from lookalike.service.restored_items import RestoredItems, as_it_was
from lookalike.service.snapshots import TABLES, alone, check_name, read_about
from lookalike.systems import find_spec

_MANY = 1_000


def restore(
    database: Database, libraries: Mapping[str, Library], folder: Path, name: str
) -> dict[str, str]:
    """Put everything back as it was; return the generations that answer.

    Users who were erased since stay erased, and numbers that must only rise go on from
    where they are: what is stored after a restore is new to every generation.

    Raises
    ------
    ValueError
        If there is no whole snapshot of that name; then nothing was changed.
    """
    source = folder / check_name(name)
    with alone(folder):
        return _restored(database, libraries, source)


def _restored(
    database: Database, libraries: Mapping[str, Library], source: Path
) -> dict[str, str]:
    about = read_about(source)
    brought = {
        system: libraries[system].bring(source / system / number)
        for system, number in about["generations"].items()
        if system in libraries
    }
    held = {system: held_revision(each) for system, each in libraries.items()}
    theirs = _counters(source)
    with database.writing() as connection:
        numbers = _risen(connection, theirs)
        gone = [dict(r) for r in connection.execute(sa.select(erased)).mappings()]
        changed = RestoredItems(connection, held, revisions_of(theirs))
        for table in reversed(TABLES):
            connection.execute(sa.delete(table))
        put(database, connection, counters, _rows_of(numbers))
        put(database, connection, erased, gone)
        for table in TABLES:
            if table is not counters:
                _write_back(database, connection, source, table)
        moved = changed.move(connection, revisions_of(numbers))
        numbers |= {f"{REVISIONS}{system}": last for system, last in moved.items()}
        put(database, connection, counters, _rows_of(numbers))
        for system, ids in changed.taken_back().items():
            if system in about["generations"]:
                folder = source / system / about["generations"][system]
                before = find_spec(system).system_class.load(folder)
                store(
                    *(database, connection, system),
                    [as_it_was(before.items_, id) for id in ids],
                    before.manifest_.embedding_version,
                )
    for system, number in brought.items():
        libraries[system].activate(number)
    return {**about["generations"], **brought}


def _in_blocks(path: Path, table: sa.Table) -> Iterator[list[dict[str, Any]]]:
    if not path.exists():
        return
    known = set(table.c.keys())
    later = {column.name for column in table.c if column.nullable}
    block: list[dict[str, Any]] = []
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if not known - later <= set(row) <= known:
                raise ValueError(f"{path.name} has other columns than {table.name}.")
            block.append({key: _value(row.get(key)) for key in known})
            if len(block) == _MANY:
                yield block
                block = []
    if block:
        yield block


def _value(value: Any) -> Any:
    return base64.b64decode(value["base64"]) if isinstance(value, dict) else value


def _write_back(
    database: Database, connection: sa.Connection, source: Path, table: sa.Table
) -> None:
    for rows in _in_blocks(source / f"{table.name}.jsonl", table):
        if table in (events, exposures, experiment_exposures, handed_out):
            rows = list(not_erased(connection, rows))
        if table is erased:
            put(database, connection, table, rows)
        elif rows:
            connection.execute(sa.insert(table), rows)


def _counters(source: Path) -> dict[str, int]:
    """The counters of a snapshot by name."""
    blocks = _in_blocks(source / f"{counters.name}.jsonl", counters)
    return {row["name"]: row["value"] for rows in blocks for row in rows}


def _risen(connection: sa.Connection, theirs: Mapping[str, int]) -> dict[str, int]:
    """The counters after a restore: none of them falls.

    A number that was given must not be given again: generations, lists that were shown
    and other workers know it. The epoch tells the workers that everything they know may
    have changed. The salt is that of the users who were erased here.
    """
    ours = {r.name: r.value for r in connection.execute(sa.select(counters))}
    highest = {n: max(ours.get(n, 0), theirs.get(n, 0)) for n in {**theirs, **ours}}
    highest[EPOCH] = highest.get(EPOCH, 0) + 1
    return highest | {name: ours[name] for name in ours if name.startswith(SALT)}


def _rows_of(numbers: Mapping[str, int]) -> list[dict[str, Any]]:
    return [{"name": name, "value": value} for name, value in numbers.items()]
