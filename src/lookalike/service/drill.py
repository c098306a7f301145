"""A restore that changes nothing: proves that a snapshot is a backup.

It is put back into an empty SQLite database and empty libraries in a temporary folder,
by the same code that restores in earnest. Then every row is compared with the snapshot,
and every generation is loaded.
"""

import hashlib
import json
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from lookalike.core.library import Library
from lookalike.service.database import Database
from lookalike.service.database.items import EPOCH
from lookalike.service.database.migrate import open_database
from lookalike.service.database.tables import counters
from lookalike.service.restoring import restore
from lookalike.service.snapshots import TABLES, lines_of, names, read_about
from lookalike.systems import find_spec

_MOD = 2**256


@dataclass(frozen=True)
class Drilled:
    """What a drill has put back.

    snapshot : its name
    rows : of each table that has any
    generations : that answer, by system
    seconds : that it took
    """

    snapshot: str
    created: int
    rows: dict[str, int]
    generations: dict[str, str]
    seconds: float


def drill(folder: Path, name: str | None = None) -> Drilled:
    """Put a snapshot back where it harms nothing, and compare.

    Parameters
    ----------
    folder : Path
        Where snapshots lie.
    name : str, optional
        None is the newest.

    Raises
    ------
    ValueError
        If there is none, it is damaged, or what was put back differs.
    """
    name = name or _newest(folder)
    about = read_about(folder / name)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="lookalike-drill-") as place:
        scratch = Path(place)
        libraries = {
            system: Library(system, scratch / system) for system in about["generations"]
        }
        for library in libraries.values():
            library.folder.mkdir()
        with closing(open_database(f"sqlite:///{scratch}/drill.db")) as database:
            generations = restore(database, libraries, folder, name)
            rows = _compared(database, folder / name)
        for system, number in generations.items():
            found, complaint = libraries[system].open()
            if complaint or found.folder.name != number:
                raise ValueError(f"Generation {number} of {system} does not answer.")
            find_spec(system).system_class.load(found).warm_up()
            del found  # it is mapped, and its files go
    seconds = time.perf_counter() - started
    return Drilled(name, about["created"], rows, generations, seconds)


def _newest(folder: Path) -> str:
    found = {name: folder / name / "snapshot.json" for name in names(folder)}
    if not found:
        raise ValueError(f"{folder} holds no snapshot.")
    return max(found, key=lambda name: (found[name].stat().st_mtime, name))


def _compared(database: Database, source: Path) -> dict[str, int]:
    """Rows of each table, found to be those of the snapshot."""
    counted = {}
    with database.reading() as connection:
        for table in TABLES:
            there = _rows_in(source / f"{table.name}.jsonl", table)
            ours = map(json.loads, lines_of(connection, table))
            expected, found = (_summed(_kept(rows, table)) for rows in (there, ours))
            if expected != found:
                raise ValueError(
                    f"{table.name} came back as {found[0]:,} rows that are not the "
                    f"{expected[0]:,} of the snapshot."
                )
            if found[0]:
                counted[table.name] = found[0]
    return counted


def _rows_in(path: Path, table: sa.Table) -> Iterator[dict[str, Any]]:
    if not path.exists():
        return  # it is older than the table
    empty = dict.fromkeys(table.c.keys())
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield {**empty, **json.loads(line)}


def _kept(rows: Iterable[dict[str, Any]], table: sa.Table) -> Iterator[dict[str, Any]]:
    """Rows without the number that rises with every restore."""
    return (r for r in rows if table is not counters or r["name"] != EPOCH)


def _summed(rows: Iterable[dict[str, Any]]) -> tuple[int, int]:
    """How many rows there are, and a number that any change of one changes.

    Databases sort text in different ways: the order plays no part.
    """
    count = total = 0
    for row in rows:
        digest = hashlib.sha256(json.dumps(row, sort_keys=True).encode()).digest()
        total = (total + int.from_bytes(digest)) % _MOD
        count += 1
    return count, total
