"""The user's own folders of texts, made searchable: what is new in them, changed, gone.

Each file is a document. What was known of it lies in the service's database beside the
documents that changed since the system learned, so that a file whose size and time are
the same is not read, one whose content is the same changes nothing, and every worker
sees what did. Every batch of files is one transaction: Ctrl-C loses the batch that was
being read and nothing else.
"""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lookalike._shown import shown
from lookalike.core.contracts import HasTexts
from lookalike.core.items import Item
from lookalike.core.progress import ProgressCallback, no_progress
from lookalike.features.folder_changes import (
    FileState,
    FolderChanges,
    UnreadableError,
    changes,
    digest_of,
    named_problem,
    read_file,
)
from lookalike.features.folder_files import TEXTS
from lookalike.features.text_files import decoded, titled
from lookalike.service.database import Database
from lookalike.service.database import items as stored
from lookalike.service.database.folder_files import (
    files_at,
    key_of,
    known_files,
    problems_of,
    row_of,
)
from lookalike.service.database.tables import folder_files, items

BATCH = 64  # files of one transaction
LONGEST_ID = 200
_NEVER = FileState(-1, -1)  # of a file that was learned and never looked at


@dataclass
class TextsIndexed:
    """What indexing a folder has changed: numbers of files."""

    new: int = 0
    changed: int = 0
    vanished: int = 0
    unchanged: int = 0
    seconds: float = 0.0
    broken: list[str] = field(default_factory=list)
    """One sentence for each file that cannot be used."""


class TextFolders:
    """Texts of folders as documents of a system.

    A document's id is the path of its file: from the folder that the system learned
    from, if it lies there, or the whole one.

    Parameters
    ----------
    database : Database
        See ``open_database``.
    system : HasTexts
        As its generation has it; what changed since is applied here.
    """

    def __init__(self, database: Database, system: HasTexts) -> None:
        self.database, self.name = database, system.name
        self._learned, self._learned_ids = _folder_of(system), system.item_ids
        self._system: HasTexts = with_changes(system, database)
        self._of_files = folder_files.c.system == self.name

    def add(
        self,
        folder: str | os.PathLike[str],
        on_progress: ProgressCallback = no_progress,
        allow_empty: bool = False,
    ) -> TextsIndexed:
        """Bring the documents of a folder to what is in it now.

        What cannot be read now stays as it was. A file that could not be used is read
        again.

        allow_empty : whether a folder that holds no texts any more is forgotten; it may
            also be that its disk is not mounted

        Raises
        ------
        ValueError
            If the folder is none, or holds no texts any more.
        """
        started = time.perf_counter()
        root = Path(folder)
        if not root.is_dir():
            raise ValueError(f"{shown(root)} is no folder.")
        root = root.resolve()
        known = self._known(root)
        found = changes(root, known, TEXTS)
        _check_empty(root, known, found, allow_empty)
        result = TextsIndexed(unchanged=found.n_unchanged, broken=found.problems)
        files = list(found.to_read.items())
        for first in range(0, len(files), BATCH):
            batch = dict(files[first : first + BATCH])
            self._take_up(batch, known, result)
            on_progress("reading texts", (first + len(batch)) / len(files))
        result.vanished = self._remove(found.vanished)
        result.seconds = time.perf_counter() - started
        return result

    def remove(self, name: str | os.PathLike[str]) -> int:
        """Forget a file, or all files below a folder; return how many documents went.

        Raises
        ------
        ValueError
            If none of them is indexed.
        """
        with self.database.reading() as connection:
            gone = files_at(connection, self.name, name)
        return self._remove(gone)

    def counts(self) -> dict[str, int]:
        """Return how many documents are found, and how many files hold one."""
        query = sa.select(sa.func.count()).select_from(folder_files)
        good = self._of_files & folder_files.c.digest.is_not(None)
        with self.database.reading() as connection:
            n_files = connection.execute(query.where(good)).scalar_one()
        return {"documents": self._system.n_items, "files": n_files}

    def broken(self) -> list[str]:
        """Return one sentence for each file that cannot be used."""
        with self.database.reading() as connection:
            return problems_of(connection, self.name)

    # --- inside -----------------------------------------------------------------------

    def _known(self, root: Path) -> dict[bytes, FileState]:
        """Files below a folder that were read, or that the system has learned."""
        with self.database.reading() as connection:
            known = known_files(connection, self.name, root)
        if self._learned is not None:
            for id in self._learned_ids:
                path = self._learned / id
                is_file = id.lower().endswith(TEXTS) and path.is_relative_to(root)
                if is_file and self._system.has_item(id):
                    known.setdefault(os.fsencode(path), _NEVER)
        return known

    def _take_up(
        self,
        batch: Mapping[bytes, FileState],
        known: Mapping[bytes, FileState],
        result: TextsIndexed,
    ) -> None:
        """Read files; write what changed in one transaction."""
        rows: list[dict[str, Any]] = []
        changed: list[Item] = []
        for path, state in batch.items():
            digest, problem = None, None
            try:
                data = read_file(path, "text")
                digest = digest_of(data)
                item = self._item(path, data)
            except UnreadableError as error:
                problem = named_problem(path, str(error), "text")
                result.broken.append(problem)
                if path in known and known[path].problem is None:
                    continue  # what is in it may be what it was
                item = None
            except ValueError as error:
                digest, problem = None, named_problem(path, str(error), "text")
                result.broken.append(problem)
                item = self._gone(path)
            else:
                if item is None:
                    result.unchanged += 1
                elif self._system.has_item(item.id):
                    result.changed += 1
                else:
                    result.new += 1
            changed += [] if item is None else [item]
            rows.append(row_of(self.name, path, state, digest, problem))
        with self.database.writing() as connection:
            self._store(connection, changed)
            stored.put(self.database, connection, folder_files, rows)
        if changed:
            self._system = self._system.with_items(changed)

    def _item(self, path: bytes, data: bytes) -> Item | None:
        """The document of a file, None where that is what is found already."""
        title, text = titled(decoded(data))
        id, attributes = self._id_of(path), {"text": text}
        if "folder" in self._system.facet_names:
            attributes["folder"] = os.path.dirname(id) or "."
        item = Item(id, title or None, attributes)
        if self._system.has_item(id):
            held = self._system.document(id)
            same = {"text": held["text"], **held["attributes"]} == attributes
            if same and held["title"] == item.label:
                return None
        try:
            self._system.check_item(item)
        except ValueError:
            raise ValueError("The text has no letter and no digit.") from None
        return item

    def _gone(self, path: bytes) -> Item | None:
        """The document of a file as one that is gone, None where there is none."""
        try:
            id = self._id_of(path)
        except ValueError:
            return None
        return Item(id, deleted=True) if self._system.has_item(id) else None

    def _id_of(self, path: bytes) -> str:
        """The id of a file's document.

        Raises
        ------
        ValueError
            If its path cannot be an id.
        """
        place = Path(os.fsdecode(path))
        if self._learned is not None and place.is_relative_to(self._learned):
            place = place.relative_to(self._learned)
        id = place.as_posix()
        if len(id) > LONGEST_ID:
            raise ValueError(
                f"The text has a path of {len(id)} letters; an id has {LONGEST_ID} at "
                "most."
            )
        if any(ord(c) < 32 or 0xD800 <= ord(c) < 0xE000 or ord(c) == 127 for c in id):
            raise ValueError("The text has a path with signs that are no letters.")
        return id

    def _remove(self, paths: Sequence[bytes]) -> int:
        """Forget files and their documents; return how many of these there were."""
        n = 0
        for first in range(0, len(paths), BATCH):
            batch = paths[first : first + BATCH]
            gone = [item for item in map(self._gone, batch) if item is not None]
            rows = self._of_files & folder_files.c.key.in_(map(key_of, batch))
            with self.database.writing() as connection:
                self._store(connection, gone)
                connection.execute(sa.delete(folder_files).where(rows))
            if gone:
                self._system = self._system.with_items(gone)
            n += len(gone)
        return n

    def _store(self, connection: Connection, changed: Sequence[Item]) -> None:
        if changed:
            stored.store(self.database, connection, self.name, changed, "")


def with_changes(system: Any, database: Database) -> Any:
    """Return a system with the documents that changed since it learned."""
    with database.reading() as connection:
        if not sa.inspect(connection).has_table(items.name):
            return system  # a database without any tables
        changed = stored.changes(connection, system.name, 0, "")
    return system.with_items(changed) if changed else system


def _folder_of(system: HasTexts) -> Path | None:
    """The folder that a system learned from, None where it was none."""
    place = Path(system.manifest_.data["name"])
    return place.resolve() if place.is_absolute() and place.is_dir() else None


def _check_empty(
    root: Path,
    known: Mapping[bytes, FileState],
    found: FolderChanges,
    allow_empty: bool,
) -> None:
    is_empty = not found.to_read and len(found.vanished) == len(known)
    if known and is_empty and not allow_empty:
        raise ValueError(
            f"{shown(root)} holds no texts, but {len(known):,} of its files are "
            "indexed: is its disk mounted? --allow-empty forgets them."
        )
