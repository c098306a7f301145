"""Snapshots: what the database held at one time, as text, with the generations.

``<state>/snapshots/<name>/`` holds ``snapshot.json`` (format, versions, a SHA-256 of
every file and of itself), one file of JSON lines a table, and each system's generation.
It is text, so that one written from SQLite can be restored into PostgreSQL, and nothing
of it is ever executed. Keys are left out: a restored key could be a revoked one.
"""

import base64
import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from filelock import FileLock

import lookalike
from lookalike._files import UNFINISHED, sync
from lookalike.core.generation import load
from lookalike.core.library import Library
from lookalike.service.database import Database
from lookalike.service.database.connection import now
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
    loop_steps,
    monitors,
    reviews,
    vectors,
)

FORMAT = 3
"""The form of the folder; a reader refuses any other by name."""
FOLDERS = (folder_catalogues, folder_images, folder_files, folder_marks)
EXPERIMENTS = (experiments, experiment_steps, experiment_exposures)
WATCHED = (monitors, alarms, loop_steps, reviews)
LOGGED = (events, exposures, *EXPERIMENTS, *WATCHED, handed_out)
TABLES = (counters, erased, items, vectors, *LOGGED, *FOLDERS)
"""A snapshot of before a table was made has no file of it: it was empty."""
Kept = Callable[[dict[str, Any]], dict[str, Any] | None]
"""Returns what is kept of a row, None for nothing."""
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_MANY = 1_000
_WHOLE = ".whole-"
"""How the name of a complete folder begins that is to replace the one of its name."""


def snapshot(
    database: Database, libraries: Mapping[str, Library], folder: Path, name: str
) -> Path:
    """Write a snapshot, complete or not at all.

    Raises
    ------
    ValueError
        If the name is not one, or is taken.
    """
    target = folder / check_name(name)
    with alone(folder):
        if target.exists():
            raise ValueError(f"There is a snapshot {name} already.")
        scratch = folder / f"{UNFINISHED}{secrets.token_hex(8)}"
        try:
            scratch.mkdir()
            with database.reading() as connection:
                for table in TABLES:
                    lines = lines_of(connection, table)
                    _write(scratch / f"{table.name}.jsonl", lines)
            generations = {}
            for system, library in libraries.items():
                found, _ = library.open()
                generations[system] = found.folder.name
                shutil.copytree(found.folder, scratch / system / found.folder.name)
            _finish(scratch, {"created": now(), "generations": generations})
            scratch.rename(target)
            sync(folder)
        except BaseException:
            shutil.rmtree(scratch, ignore_errors=True)
            raise
    return target


def names(folder: Path) -> list[str]:
    """The snapshots there are."""
    found = folder.iterdir() if folder.is_dir() else iter(())
    return sorted({path.name.removeprefix(_WHOLE) for path in found if _is_one(path)})


def snapshots_and_others(folder: Path) -> tuple[list[str], list[str]]:
    """Return the snapshots there are once none is being written, and what else is."""
    with alone(folder):
        found = names(folder)
        files = {path.name for path in folder.iterdir() if path.name[0] != "."}
        return found, sorted(files.difference(found))


def _is_one(path: Path) -> bool:
    name = path.name.removeprefix(_WHOLE)
    return bool(_NAME.fullmatch(name)) and (path / "snapshot.json").is_file()


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Let nobody else change the snapshots meanwhile, in any process.

    What a process that was killed had begun is finished or removed first.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".lock"):
        for path in folder.glob(f"{_WHOLE}*"):
            _put_in_place(path)
        for path in folder.glob(f"{UNFINISHED}*"):
            shutil.rmtree(path, ignore_errors=True)
        yield


def _put_in_place(whole: Path) -> None:
    """Let a folder that is complete take the place of the snapshot of its name."""
    folder = whole.parent
    target = folder / whole.name.removeprefix(_WHOLE)
    old = folder / f"{UNFINISHED}{secrets.token_hex(8)}"
    if target.exists():
        target.rename(old)
    whole.rename(target)
    sync(folder)
    shutil.rmtree(old, ignore_errors=True)


def check_name(name: str) -> str:
    """A name that leads nowhere else."""
    if not _NAME.fullmatch(name):
        raise ValueError(
            "The name must have 1 to 64 of a-z, 0-9 and -, and begin with one of the "
            f"first two; got {name!r:.80}."
        )
    return name


def read_about(folder: Path) -> dict[str, Any]:
    """What a snapshot says of itself, every file checked."""
    about = _about_tables(folder)
    for system, number in about["generations"].items():
        check_name(system)
        check_name(number)
        load(folder / system / number, system)
    return about


def _about_tables(folder: Path) -> dict[str, Any]:
    """What a snapshot says of itself, the files of its tables checked."""
    path = folder / "snapshot.json"
    if not path.is_file():
        raise ValueError(f"There is no snapshot {folder.name}.")
    try:
        about = json.loads(path.read_bytes())
        digest = about.pop("checksum")
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
        raise ValueError(f"Snapshot {folder.name} is damaged.") from None
    if digest != _digest_of(about):
        raise ValueError(f"Snapshot {folder.name} is damaged: snapshot.json.")
    if about["format"] != FORMAT:
        raise ValueError(
            f"Snapshot {folder.name} was written in format {about['format']} by "
            f"lookalike {about['version']}; this one reads format {FORMAT}."
        )
    for file, expected in about["files"].items():
        if (
            "/" in file
            or not (folder / file).is_file()
            or _sha256(folder / file) != expected
        ):
            raise ValueError(f"Snapshot {folder.name} is damaged: {file}.")
    return dict(about)


def rewrite(folder: Path, name: str, kept: Mapping[sa.Table, Kept]) -> None:
    """Write a snapshot again where anything changes, with what is kept of each row.

    Tables are read in the order in which they are given. The new snapshot is made
    beside the old one, which it replaces once it is complete: a full disk or a kill
    leaves one of them whole.

    Raises
    ------
    ValueError
        If the snapshot is damaged; it stays as it is.
    OSError
        If the new one could not be written; the old one is there.
    """
    with alone(folder):
        source = folder / name
        about = _about_tables(source)
        scratch = folder / f"{UNFINISHED}{secrets.token_hex(8)}"
        whole = folder / f"{_WHOLE}{name}"
        try:
            scratch.mkdir()
            files = {f"{table.name}.jsonl": each for table, each in kept.items()}
            files = {f: each for f, each in files.items() if f in about["files"]}
            changed = [_rewrite(source / f, scratch / f, files[f]) for f in files]
            if any(changed):
                _link_others(source, scratch, {*files, "snapshot.json"})
                about.pop("files")
                _finish(scratch, about)
                scratch.rename(whole)
                _put_in_place(whole)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def _rewrite(source: Path, target: Path, kept: Kept) -> bool:
    """Write what is kept of a table's lines; return whether any changed."""
    changed = False

    def lines(stream: Iterable[str]) -> Iterator[str]:
        nonlocal changed
        for line in stream:
            row = json.loads(line)
            left = kept(row)
            changed |= left != row
            if left is not None:
                yield json.dumps(left)

    with source.open(encoding="utf-8", newline="\n") as stream:
        _write(target, lines(stream))
    return changed


def _link_others(source: Path, target: Path, left_out: set[str]) -> None:
    """Let a snapshot share the files of another, which nothing ever changes."""

    def ignored(folder: str, names: list[str]) -> set[str]:
        return left_out if Path(folder) == source else set()

    shutil.copytree(
        source, target, ignore=ignored, copy_function=_link, dirs_exist_ok=True
    )


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # a file system without links
        shutil.copy2(source, target)


def lines_of(connection: sa.Connection, table: sa.Table) -> Iterator[str]:
    """Yield the rows of a table as a snapshot has them, a line of JSON each."""
    return map(_line, _rows(connection, table))


def _rows(connection: sa.Connection, table: sa.Table) -> Iterator[Any]:
    query = sa.select(table).order_by(*table.primary_key)
    result = connection.execution_options(yield_per=_MANY).execute(query)
    for row in result.mappings():
        yield dict(row)


def _line(row: dict[str, Any]) -> str:
    def text(value: Any) -> Any:
        if isinstance(value, bytes | memoryview):
            return {"base64": base64.b64encode(value).decode()}
        return value

    return json.dumps({key: text(value) for key, value in row.items()})


def _write(path: Path, lines: Iterable[str]) -> None:
    with path.open("w", encoding="utf-8") as stream:
        stream.writelines(f"{line}\n" for line in lines)
        stream.flush()
        os.fsync(stream.fileno())


def _finish(folder: Path, about: dict[str, Any]) -> None:
    files = {path.name for path in folder.glob("*.jsonl")}
    whole = {**about, "format": FORMAT, "version": lookalike.__version__}
    whole["files"] = {name: _sha256(folder / name) for name in sorted(files)}
    whole["checksum"] = _digest_of(whole)
    _write(folder / "snapshot.json", [json.dumps(whole, indent=2)])
    sync(folder)


def _digest_of(about: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
