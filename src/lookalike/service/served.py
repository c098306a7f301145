"""One system as it is served: the generation that answers, and its items as they are.

``Active`` is the generation, its face and its catalogue together. A reader takes it
once and stays with it, so that an answer comes from exactly one generation however
often the pointer moves meanwhile.
"""

import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy.exc import SQLAlchemyError

from lookalike.core.generation import Generation
from lookalike.core.library import Library
from lookalike.service.bell import Bell
from lookalike.service.catalogue import Catalogue
from lookalike.service.database import Database
from lookalike.service.database import items as stored
from lookalike.service.database.items import Item
from lookalike.service.digits_face import FACES, DigitsFace
from lookalike.service.log import Log
from lookalike.service.metrics import Metrics


@dataclass(frozen=True)
class Active:
    """A generation that answers."""

    name: str
    found: Generation
    face: DigitsFace
    catalogue: Catalogue


class Served:
    """A library of generations, the one that answers, and what changed since.

    Parameters
    ----------
    library : Library
    database : Database
    bell : Bell
        Rung by whoever changes items.
    indexes : path
        Where indexes lie that the workers share.
    """

    active: Active
    verbs = ("classify", "search", "explain", "map", "quality")

    def __init__(
        self,
        library: Library,
        database: Database,
        bell: Bell,
        indexes: Path,
        metrics: Metrics,
        log: Log,
    ) -> None:
        self.name = library.name
        self.library = library
        self._database = database
        self._bell = bell
        self._indexes = indexes
        self._metrics = metrics
        self._log = log
        self._loading = threading.Lock()
        self._catching_up = threading.Lock()
        self._pointer: Any = None
        self._heard = b""
        self._epoch = 0

    def open(self) -> None:
        """Load the generation that the pointer names, or the newest whole before it."""
        with self._loading:
            pointer = self._look()
            found, complaint = self.library.open()
            if complaint:
                self._metrics.damaged.labels(self.name).inc()
                self._log.write("error", "generation damaged", detail=complaint)
            before = getattr(self, "active", None)
            if before is None or before.name != found.folder.name:
                self.active = self._loaded(found)
                self._metrics.swaps.labels(self.name).inc()
                about = {"system": self.name, "generation": found.folder.name}
                self._log.write("info", "generation answers", **about)
            self._pointer = pointer

    def watch(self) -> None:
        """Take up another generation if the pointer moved, and what changed."""
        if self._look() != self._pointer:
            try:
                self.open()
            except (OSError, ValueError) as error:
                # What answers goes on answering.
                self._pointer = self._look()
                self._metrics.damaged.labels(self.name).inc()
                self._log.write("error", "generation refused", detail=str(error))
        self.catch_up()
        self.active.catalogue.refresh()
        self._metrics.overlay.labels(self.name).set(self.active.catalogue.n_changed)

    def current(self) -> Active:
        """The generation that answers, with every change that was acknowledged.

        While the database does not answer, that is what was known before.
        """
        if self._bell.heard() != self._heard:
            try:
                self.catch_up()
            except SQLAlchemyError as error:
                kind = type(error).__name__
                self._log.write("error", "changes could not be read", kind=kind)
        return self.active

    def catch_up(self) -> None:
        """Lay over what changed in the database."""
        with self._catching_up:
            heard = self._bell.heard()  # first: what is rung from here on comes again
            with self._database.reading() as connection:
                epoch = stored.epoch(connection)
            if epoch != self._epoch:  # a restore: nothing of what is known is sure
                self._epoch = epoch
                self.active = self._loaded(self.active.found)
            self._lay_over(self.active)
            self._heard = heard

    def _look(self) -> Any:
        try:
            status = (self.library.folder / "current").stat()
        except FileNotFoundError:
            return tuple(self.library.names())
        return status.st_mtime_ns, status.st_ino

    def _loaded(self, found: Generation) -> Active:
        face = FACES[self.name](found)
        revision = int(found.about.get("items_revision", 0))
        digest = str(found.about["files"]["vectors.npy"])[:16]
        index = self._indexes / f"{self.name}-{found.folder.name}-{digest}"
        active = Active(
            found.folder.name, found, face, Catalogue(face, revision, index)
        )
        self._lay_over(active)
        warm(active)
        return active

    def _lay_over(self, active: Active) -> None:
        after = active.catalogue.state.revision
        with self._database.reading() as connection:
            version = active.face.embedding_version
            changed = stored.changes(connection, self.name, after, version)
        if changed:
            described = with_vectors(active.face, changed)
            lost = sum(item.deleted for item in described)
            lost -= sum(item.deleted for item in changed)
            if lost:
                self._log.write("warning", "items without a vector", count=lost)
            active.catalogue.apply(described, changed[-1].revision)


def with_vectors(face: DigitsFace, changed: list[Item]) -> list[Item]:
    """The changes, each live one described by this face.

    Who sent a vector of another embedding and no image cannot be described: that item
    is not there until its vector is sent again.
    """
    missing = [i for i in changed if not i.deleted and i.vector is None and i.image]
    made: dict[int, Any] = {}
    if missing:
        images = np.stack([face.stored(item.image or b"") for item in missing])
        vectors = face.describe(images)
        made = {i.revision: v for i, v in zip(missing, vectors, strict=True)}
    whole = [
        replace(item, vector=made[item.revision]) if item.revision in made else item
        for item in changed
    ]
    return [
        item if item.deleted or item.vector is not None else replace(item, deleted=True)
        for item in whole
    ]


def warm(active: Active) -> None:
    """Compile and touch everything before the first user comes."""
    active.face.warm()
    snapshot = active.catalogue.state.snapshot
    for n in (1, 2, 17):
        images = np.asarray(active.face.images[:n])
        vectors = active.face.describe(images)
        for k in (1, 10):
            snapshot.search(vectors, k)
