"""Files of folders that are indexed: what was known of each when it was read."""

import hashlib
import os
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lookalike._shown import shown
from lookalike.features.folder_changes import FileState
from lookalike.service.database.tables import folder_files

_C = folder_files.c


def key_of(path: bytes) -> str:
    """Return the key of a path, which may be longer than a database's can be."""
    return hashlib.sha256(path).hexdigest()


def row_of(
    system: str, path: bytes, state: FileState, digest: str | None, problem: str | None
) -> dict[str, Any]:
    """Return the row of a file that was looked at."""
    return {
        "system": system,
        "key": key_of(path),
        "path": path,
        "size": state.size,
        "modified": state.modified,
        "digest": digest,
        "problem": problem,
    }


def known_files(
    connection: Connection, system: str, root: Path | None = None
) -> dict[bytes, FileState]:
    """Return the files that are indexed below a folder, or all of them."""
    below = b"" if root is None else os.fsencode(root / "_")[:-1]
    query = sa.select(_C.path, _C.size, _C.modified, _C.problem)
    return {
        path: FileState(*state)
        for path, *state in connection.execute(query.where(_C.system == system))
        if path.startswith(below)
    }


def files_at(
    connection: Connection, system: str, name: str | os.PathLike[str]
) -> list[bytes]:
    """Return a file that is indexed, or all below a folder, there or not.

    Raises
    ------
    ValueError
        If there are none.
    """
    places = {os.fsencode(p) for p in (Path(name).resolve(), Path(name).absolute())}
    below = tuple(os.path.join(place, b"") for place in places)
    found = [
        path
        for path in known_files(connection, system)
        if path in places or path.startswith(below)
    ]
    if not found:
        raise ValueError(f"Nothing of {shown(name)} is indexed.")
    return found


def problems_of(connection: Connection, system: str) -> list[str]:
    """Return one sentence for each file that cannot be used."""
    query = sa.select(_C.path, _C.problem)
    query = query.where(_C.system == system, _C.problem.is_not(None))
    rows = sorted((path, problem) for path, problem in connection.execute(query))
    return [problem for _, problem in rows]
