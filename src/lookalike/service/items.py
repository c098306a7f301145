"""The items that changed since a generation was made: SQL is the truth.

``ItemStore`` reads and writes the changes of one system, and applies them to the
catalogue of the system that answers.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
from sqlalchemy.engine import Connection

from lookalike.core.contracts import HasItems
from lookalike.core.items import Item
from lookalike.core.library import Library
from lookalike.features.image import read_image
from lookalike.service.change_signal import ChangeSignal
from lookalike.service.database import Database
from lookalike.service.database import items as stored
from lookalike.service.shared_library import SharedLibrary


class ItemStore:
    """The changed items of one system.

    Parameters
    ----------
    system : str
        The system's name.
    database : Database
    signal : ChangeSignal
        Notified by every worker that changes items.
    """

    def __init__(self, system: str, database: Database, signal: ChangeSignal) -> None:
        self._system = system
        self._database = database
        self._signal = signal
        self._seen = b""
        self._epoch = 0

    def start_above(self, library: Library) -> None:
        """Let every later change be later than what any generation holds."""
        stored.raise_revision(self._database, self._system, held_revision(library))

    def has_news(self) -> bool:
        """Whether something may have changed since ``mark_read``."""
        return self._signal.version() != self._seen

    def version(self) -> bytes:
        """The signal's version; read before the changes that it announces."""
        return self._signal.version()

    def epoch(self) -> int:
        """How often a restore has replaced everything; read before the changes."""
        with self._database.reading() as connection:
            return stored.epoch(connection)

    def mark_read(self, version: bytes, epoch: int) -> None:
        """Everything was applied that came before this version and in this epoch."""
        self._seen, self._epoch = version, epoch

    def was_restored(self, epoch: int) -> bool:
        """Whether a restore replaced everything since ``mark_read``."""
        return epoch != self._epoch

    def apply_changes(self, system: HasItems) -> int:
        """Apply what changed since; return how many items could not be described.

        Such an item came as a vector of another embedding and without an image: it is
        not found until its vector is sent again.
        """
        after = system.items_.snapshot.revision
        version = system.manifest_.embedding_version
        with self._database.reading() as connection:
            changed = stored.changes(connection, self._system, after, version)
        if not changed:
            return 0
        described = with_vectors(system, changed)
        system.items_.apply(described, changed[-1].revision)
        deleted = [sum(item.deleted for item in each) for each in (described, changed)]
        return deleted[0] - deleted[1]

    def last_revision(self) -> int:
        """Return the revision of the last change, 0 before the first."""
        with self._database.reading() as connection:
            return stored.last_revision(connection, self._system)

    def changed(self, after: int = 0) -> tuple[int, list[Item]]:
        """Return the last revision, and every item that changed after one, in order."""
        with self._database.reading() as connection:
            last = stored.last_revision(connection, self._system)
            return last, stored.changes(connection, self._system, after, "")

    def n_changed(self) -> int:
        """Return how many items ever changed."""
        with self._database.reading() as connection:
            return stored.count(connection, self._system)

    def store(
        self, connection: Connection, changed: Sequence[Item], embedding_version: str
    ) -> int:
        """Write items within a transaction; return the last revision."""
        return stored.store(
            self._database, connection, self._system, changed, embedding_version
        )

    def notify(self) -> None:
        """Announce the changes to every worker: after the commit, before the answer."""
        self._signal.notify()


def held_revision(library: Library) -> int:
    """Return the last revision that any generation holds, whole or not; else 0."""
    if isinstance(library, SharedLibrary):
        return library.highest_revision()
    found = 0
    for name in library.names():
        try:
            about = library.about(name)
            found = max(found, int(about["state"]["items"]["revision"]))
        except (LookupError, TypeError, ValueError):
            continue  # without items, or damaged: nothing to go by
    return found


def with_vectors(system: HasItems, changed: Sequence[Item]) -> list[Item]:
    """Return the changes, each live one described by this system's embedding.

    What cannot be described counts as deleted.
    """
    missing = [i for i in changed if not i.deleted and i.vector is None and i.image]
    made: dict[int, Any] = {}
    images = {}
    for item in missing:
        # One that cannot be read keeps no other from being described.
        with suppress(Exception):
            images[item.revision] = system.check_query(read_image(item.image or b""))
    if images:
        vectors = system.describe(np.stack(list(images.values())))
        made = dict(zip(images, vectors, strict=True))
    whole = [
        replace(item, vector=made[item.revision]) if item.revision in made else item
        for item in changed
    ]
    return [
        item if item.deleted or item.vector is not None else replace(item, deleted=True)
        for item in whole
    ]
