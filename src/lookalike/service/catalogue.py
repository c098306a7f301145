"""The items of a generation, with everything over them that changed since.

Readers take a ``State``, which nothing ever changes; a change makes another and puts
it in place by one assignment. Inside, items are numbered: a row of the generation is
its own number, and each change of an item takes a further one, so that a number never
means two things. Ties go to the smaller number: the generation's rows in their order,
then what changed, in the order of its changes.
"""

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lookalike._typing import Array, Ints
from lookalike.search import Collection
from lookalike.search.snapshot import Snapshot
from lookalike.service.database.items import Item
from lookalike.service.digits_face import DigitsFace


@dataclass(frozen=True)
class State:
    """The catalogue at one moment.

    snapshot : what is searched; its ids are numbers of items
    revision : of the last change in it
    """

    snapshot: Snapshot
    revision: int


class Catalogue:
    """A generation's items and what lies over them.

    Parameters
    ----------
    face : DigitsFace
        The generation's.
    revision : int
        Of the last change that the generation holds.
    index : path, optional
        Where the index over the generation's rows lies, or is to lie: processes that
        serve the same generation share its pages.
    """

    def __init__(
        self, face: DigitsFace, revision: int = 0, index: Path | None = None
    ) -> None:
        self.face = face
        self.n_rows = len(face.labels)
        self._changed: dict[int, Item] = {}  # by number; never overwritten
        self._number: dict[str, int | None] = {}  # of what changed; None is removed
        self._next = self.n_rows
        self._row: dict[str, int] | None = None
        self._writing = threading.Lock()
        self._collection = shared_collection(face.vectors, index)
        self.state = State(self._collection.snapshot(), revision)

    def apply(self, changes: Sequence[Item], revision: int | None = None) -> None:
        """Lay changes over what is there; every live one has a vector."""
        if not changes:
            return
        with self._writing:
            last = {item.id: item for item in changes}
            gone = [self.number(id) for id in last]
            dead = [number for number in gone if number is not None]
            live = [item for item in changes if last[item.id] is item]
            live = [item for item in live if not item.deleted]
            numbers = list(range(self._next, self._next + len(live)))
            if live:
                rows = np.stack([np.asarray(item.vector) for item in live])
                self._collection.add(numbers, rows)
            self._changed |= dict(zip(numbers, live, strict=True))
            self._next += len(live)
            self._number |= dict.fromkeys(last)
            self._number |= {i.id: n for i, n in zip(live, numbers, strict=True)}
            if dead:
                self._collection.remove(dead)
            if revision is None:
                revision = max(item.revision for item in changes)
            self.state = State(self._collection.snapshot(), revision)

    def refresh(self) -> None:
        """Let readers have an index that was built again in the meantime."""
        with self._writing:
            self.state = State(self._collection.snapshot(), self.state.revision)

    @property
    def n_changed(self) -> int:
        """How many items are not as the generation has them."""
        return len(self._number)

    def number(self, id: str) -> int | None:
        """The number of a live item, None if there is none of that id."""
        if id in self._number:
            return self._number[id]
        return self._base_row(id)

    def id(self, number: int) -> str:
        """The id of an item."""
        if number >= self.n_rows:
            return self._changed[number].id
        return str(number) if self.face.ids is None else str(self.face.ids[number])

    def item(self, number: int) -> Item | None:
        """What changed, None for a row of the generation."""
        return self._changed.get(number)

    def labels(self, numbers: Ints) -> Array:
        """The labels of items, in the shape of their numbers."""
        base = numbers < self.n_rows
        found = self.face.labels[np.where(base, numbers, 0)]
        if not base.all():
            found = found.copy()
            theirs = [self._changed[n].label for n in numbers[~base].tolist()]
            found[~base] = np.asarray(theirs, dtype=found.dtype)
        return np.asarray(found)

    def image(self, number: int) -> Array:
        """The picture of an item, as the system reads it."""
        if number < self.n_rows:
            return np.asarray(self.face.images[number])
        item = self._changed[number]
        if item.image is None:
            return np.zeros(self.face.shape, np.uint8)
        return self.face.stored(item.image)

    def attributes(self, number: int) -> dict[str, Any]:
        """What else is known of an item."""
        if number >= self.n_rows:
            return dict(self._changed[number].attributes or {})
        texts = self.face.attributes
        text = "" if texts is None else str(texts[number])
        return dict(json.loads(text)) if text else {}

    def vector(self, number: int) -> Array:
        """The description of an item."""
        if number < self.n_rows:
            return np.asarray(self.face.vectors[number])
        return np.asarray(self._changed[number].vector)

    def matching(self, state: State, where: dict[str, Sequence[Any]]) -> Ints:
        """Numbers of the items whose label or attributes are among the wanted ones."""
        numbers = np.asarray(state.snapshot.ids)
        keep = np.ones(len(numbers), bool)
        base = numbers < self.n_rows
        for name, wanted in where.items():
            if name == "label":
                # Text among numbers would make NumPy compare both as text.
                kind = self.face.labels.dtype.kind
                same = [w for w in wanted if np.asarray(w).dtype.kind == kind]
                keep &= np.isin(
                    self.labels(numbers), np.asarray(same, self.face.labels.dtype)
                )
                continue
            if self.face.attributes is None:
                keep[base] = False
            else:
                keep[base] &= self.face.attributes[numbers[base]] != ""
            for at in np.flatnonzero(keep):
                keep[at] = self.attributes(int(numbers[at])).get(name) in wanted
        return numbers[keep]

    def _base_row(self, id: str) -> int | None:
        if self.face.ids is None:
            # "007" and Arabic digits are no names of row 7.
            good = id.isascii() and id.isdigit() and len(id) < 12 and str(int(id)) == id
            return int(id) if good and int(id) < self.n_rows else None
        if self._row is None:
            self._row = {str(id): row for row, id in enumerate(self.face.ids.tolist())}
        return self._row.get(id)


def shared_collection(vectors: Array, folder: Path | None) -> Collection:
    """A collection over these rows: read from the folder, or made and put there."""
    if folder is not None and (folder / "index.json").is_file():
        try:
            found = Collection.load(folder, background=True)
            if len(found) == len(vectors):
                return found
        except ValueError:
            pass  # damaged, or of another release: it can always be made again
    collection = Collection()  # whose index is built before anybody asks
    if len(vectors):
        collection.add(np.arange(len(vectors)), np.asarray(vectors))
    collection.background = True
    if folder is None:
        return collection
    try:
        if folder.exists():
            folder = folder.with_name(f"{folder.name}-{id(collection):x}")
        collection.save(folder)
        return Collection.load(folder, background=True)
    except (OSError, ValueError):
        return collection  # another process was first, or the disk is full
