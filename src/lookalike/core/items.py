"""The items of a system, which come, change and go while they are searched.

Readers take a ``CatalogueSnapshot``, which nothing ever changes; a change makes another
and puts it in place by one assignment. Inside, items are numbered: a row of the
generation is its own number, and each change of an item takes a further one, so that a
number never means two things. Ties go to the smaller number: the generation's rows in
their order, then what changed, in the order of its changes.
"""

import io
import json
import operator
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from PIL import Image

from lookalike._arrays import named, prefixed
from lookalike._texts import Texts
from lookalike._typing import Array, Floats, Ints
from lookalike.features.image import read_image
from lookalike.search import Collection
from lookalike.search.snapshot import Snapshot

_PREFIX = "index_"


Allowed = Sequence[Any] | Mapping[str, float]
"""Values that are let through, or the bounds of a number."""
_BOUNDS: dict[str, Callable[[Any, Any], bool]] = {
    "gte": operator.ge,
    "gt": operator.gt,
    "lte": operator.le,
    "lt": operator.lt,
}


@dataclass(frozen=True)
class Item:
    """One item that was added, changed or removed.

    image : PNG, as the system reads it
    vector : float32 (n_dimensions,)
    revision : number of the change, rising
    """

    id: str
    label: Any = None
    attributes: dict[str, Any] | None = None
    image: bytes | None = None
    vector: Array | None = None
    deleted: bool = False
    revision: int = 0


@dataclass(frozen=True)
class CatalogueSnapshot:
    """The catalogue as it is after one change.

    index : what is searched; its ids are numbers of items
    revision : of the last change in it
    """

    index: Snapshot
    revision: int

    @property
    def numbers(self) -> Ints:
        """Numbers of all items, in catalogue order."""
        return np.asarray(self.index.ids)


class ItemCatalogue:
    """Labelled images with vectors, searched exactly, with changes over them.

    Parameters
    ----------
    images : uint8 (n_items, height, width)
    labels : (n_items,)
    vectors : float32 (n_items, n_dimensions)
    ids : Texts of n_items, optional
        None names each item by its row.
    attributes : Texts of n_items, optional
        JSON, one text an item; "" where there is none.
    revision : int, default=0
        Of the last change that the rows hold.
    index : Collection, optional
        Over the vectors, with the rows as ids; None builds it.
    n_jobs : int or None, default=None
        Threads of a search; the answers do not depend on it.

    Examples
    --------
    >>> vectors = np.array([[0.0], [1.0], [5.0]], np.float32)
    >>> cups = ItemCatalogue(np.zeros((3, 1, 1), np.uint8), np.arange(3), vectors)
    >>> cups.apply([Item("new", label=7, vector=np.array([0.9], np.float32))])
    >>> numbers, _ = cups.search(np.array([[0.9]], np.float32), k=2)
    >>> [cups.id(n) for n in numbers[0]], cups.labels(numbers[0]).tolist()
    (['new', '1'], [7, 1])
    """

    base_images: Array
    base_labels: Array
    base_vectors: Array
    base_ids: Texts | None
    base_attributes: Texts | None
    snapshot: CatalogueSnapshot

    def __init__(
        self,
        images: Array,
        labels: Array,
        vectors: Array,
        ids: Texts | None = None,
        attributes: Texts | None = None,
        revision: int = 0,
        index: Collection | None = None,
        n_jobs: int | None = None,
    ) -> None:
        n = len(vectors)
        if not n == len(images) == len(labels):
            raise ValueError(
                f"{len(images)} images, {len(labels)} labels and {n} vectors do not "
                "belong together."
            )
        for given in (ids, attributes):
            if given is not None and len(given) != n:
                raise ValueError("ids, attributes and images do not belong together.")
        self.base_images, self.base_labels = images, labels
        self.base_vectors, self.base_ids = vectors, ids
        self.base_attributes = attributes
        self.n_base = n
        self._changed: dict[int, Item] = {}  # by number; never overwritten
        self._number: dict[str, int | None] = {}  # of what changed; None is removed
        self._next = n
        self._row: dict[str, int] | None = None
        self._writing = threading.Lock()
        self._index = _new_index(vectors, n_jobs) if index is None else index
        if len(self._index) != n:
            raise ValueError("index and vectors do not belong together.")
        self.snapshot = CatalogueSnapshot(self._index.snapshot(), revision)

    def __len__(self) -> int:
        """How many items there are."""
        return len(self.snapshot.index)

    @property
    def shape(self) -> tuple[int, ...]:
        """Height and width of the images."""
        return tuple(self.base_images.shape[1:])

    # --- changes ----------------------------------------------------------------------

    def apply(self, changes: Sequence[Item], revision: int | None = None) -> None:
        """Apply changes in their order; every item that is not deleted has a vector."""
        if not changes:
            return
        with self._writing:
            last = {item.id: item for item in changes}
            replaced = [self.number(id) for id in last]
            dead = [number for number in replaced if number is not None]
            live = [item for item in changes if last[item.id] is item]
            live = [item for item in live if not item.deleted]
            numbers = list(range(self._next, self._next + len(live)))
            if live:
                rows = np.stack([np.asarray(item.vector) for item in live])
                self._index.add(numbers, rows)
            self._changed |= dict(zip(numbers, live, strict=True))
            self._next += len(live)
            self._number |= dict.fromkeys(last)
            self._number |= {i.id: n for i, n in zip(live, numbers, strict=True)}
            if dead:
                self._index.remove(dead)
            if revision is None:
                revision = max(item.revision for item in changes)
            self.snapshot = CatalogueSnapshot(self._index.snapshot(), revision)

    def refresh(self) -> None:
        """Let readers have an index that was built again in the meantime."""
        with self._writing:
            self.snapshot = CatalogueSnapshot(
                self._index.snapshot(), self.snapshot.revision
            )

    @property
    def n_changed(self) -> int:
        """How many items are not as the generation has them."""
        return len(self._number)

    @property
    def n_held(self) -> int:
        """How many changes are held in memory, those of one item counted each time.

        A reader may still look at what was replaced, so nothing of it is dropped: only
        a new catalogue, made of ``state``, is free of it.
        """
        return max(len(self._changed), len(self._number))

    # --- reading ----------------------------------------------------------------------

    def search(
        self,
        vectors: Array,
        k: int,
        chosen: Ints | None = None,
        snapshot: CatalogueSnapshot | None = None,
    ) -> tuple[Ints, Floats]:
        """Return numbers and distances of the k nearest items of each query.

        chosen : numbers of the only items that are searched
        snapshot : None is the catalogue as it is now

        Both have shape (n_queries, min(k, n_items)).
        """
        index = (snapshot or self.snapshot).index
        found = index.search(vectors, k, chosen)
        return found.ids, found.distances

    def number(self, id: str) -> int | None:
        """The number of an item, None if there is none of that id."""
        if id in self._number:
            return self._number[id]
        return self._base_row(id)

    def id(self, number: int) -> str:
        """The id of an item."""
        if number >= self.n_base:
            return self._changed[number].id
        return str(number) if self.base_ids is None else self.base_ids.text(number)

    def item(self, number: int) -> Item | None:
        """The change that made an item, None for a row of the generation."""
        return self._changed.get(number)

    def labels(self, numbers: Ints) -> Array:
        """The labels of items, in the shape of their numbers."""
        base = numbers < self.n_base
        found = self.base_labels[np.where(base, numbers, 0)]
        if not base.all():
            changed = [self._changed[n].label for n in numbers[~base].tolist()]
            new = np.asarray(changed, _any_width(found))
            found = found.astype(np.promote_types(found.dtype, new.dtype))
            found[~base] = new
        return np.asarray(found)

    def image(self, number: int) -> Array:
        """The image of an item, uint8 (height, width); black where it has none."""
        if number < self.n_base:
            return np.asarray(self.base_images[number])
        item = self._changed[number]
        if item.image is None:
            return np.zeros(self.shape, np.uint8)
        return read_image(item.image)

    def attributes(self, number: int) -> dict[str, Any]:
        """What else is known of an item."""
        if number >= self.n_base:
            return dict(self._changed[number].attributes or {})
        texts = self.base_attributes
        text = "" if texts is None else texts.text(number)
        return dict(json.loads(text)) if text else {}

    def vector(self, number: int) -> Array:
        """The description of an item."""
        if number < self.n_base:
            return np.asarray(self.base_vectors[number])
        return np.asarray(self._changed[number].vector)

    def vectors(self, numbers: Ints) -> Array:
        """The descriptions of items, float32 (n, n_dimensions)."""
        base = numbers < self.n_base
        rows = np.array(self.base_vectors[np.where(base, numbers, 0)])
        for at in np.flatnonzero(~base):
            rows[at] = self.vector(int(numbers[at]))
        return rows

    def matching(
        self,
        where: Mapping[str, Allowed],
        snapshot: CatalogueSnapshot | None = None,
    ) -> Ints:
        """Numbers of the items whose label and attributes are let through.

        where : by name, the values, or the bounds of a number: "gte", "gt", "lte", "lt"
        """
        numbers = (snapshot or self.snapshot).numbers
        keep = np.ones(len(numbers), bool)
        base = numbers < self.n_base
        for name, allowed in where.items():
            if isinstance(allowed, Mapping) and not set(allowed) <= set(_BOUNDS):
                raise ValueError(
                    f"The bounds of {name} must be among {', '.join(_BOUNDS)}, "
                    f"got {', '.join(allowed)}."
                )
            if name == "label":
                kinds, of_kind = np.unique(self.labels(numbers), return_inverse=True)
                mine = [_allows(allowed, kind) for kind in kinds.tolist()]
                keep &= np.array(mine, bool)[of_kind]
                continue
            if self.base_attributes is None:
                keep[base] = False
            else:
                lengths = np.diff(self.base_attributes.ends, prepend=0)
                keep[base] &= lengths[numbers[base]] > 0
            for at in np.flatnonzero(keep):
                attributes = self.attributes(int(numbers[at]))
                keep[at] = _allows(allowed, attributes.get(name))
        return numbers[keep]

    def spread(self, n: int) -> Ints:
        """Numbers of at most n items: of each label in turn, evenly spread."""
        numbers = self.snapshot.numbers
        if len(numbers) == 0:
            return numbers
        labels = self.labels(numbers)
        kinds = np.unique(labels)
        each = -(-n // len(kinds))
        rows = []
        for kind in kinds:
            mine = numbers[labels == kind]
            at = np.linspace(0, len(mine) - 1, min(each, len(mine))).astype(int)
            rows.append(mine[np.unique(at)])
        turns = [row[i] for i in range(each) for row in rows if i < len(row)]
        return np.array(turns[:n])

    # --- saving -----------------------------------------------------------------------

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Return the items as they are now, with their index, for a generation.

        Changes are compacted: every live item becomes a row, in catalogue order.
        """
        now = self.snapshot
        if not self._number:
            arrays = {
                "images": self.base_images,
                "labels": self.base_labels,
                "vectors": self.base_vectors,
            }
            if self.base_ids is not None:
                arrays |= self.base_ids.arrays("ids")
            if self.base_attributes is not None:
                arrays |= self.base_attributes.arrays("attributes")
            index = self._index
        else:
            arrays = self._compacted(now)
            index = _new_index(arrays["vectors"], None)
        held, about = index.state()
        arrays |= prefixed(_PREFIX, held)
        return arrays, {"revision": now.revision, "index": about}

    @classmethod
    def from_state(
        cls,
        arrays: Mapping[str, Array],
        document: Mapping[str, Any],
        n_jobs: int | None = None,
    ) -> Self:
        """Return the catalogue that ``state`` described; nothing is fitted anew."""
        index = Collection.from_state(
            named(_PREFIX, arrays), document["index"], background=True, n_jobs=n_jobs
        )
        ids, attributes = (
            Texts.of_arrays(name, arrays) if name in arrays else None
            for name in ("ids", "attributes")
        )
        return cls(
            arrays["images"],
            arrays["labels"],
            arrays["vectors"],
            ids,
            attributes,
            int(document["revision"]),
            index,
        )

    def _compacted(self, snapshot: CatalogueSnapshot) -> dict[str, Array]:
        numbers = snapshot.numbers
        new = numbers[numbers >= self.n_base]
        base = numbers[numbers < self.n_base]

        def joined(old: Array, changed: list[Any]) -> Array:
            if not changed:
                return np.asarray(old[base])
            return np.concatenate([old[base], np.asarray(changed, _any_width(old))])

        attributes = [self.attributes(n) for n in numbers.tolist()]
        texts = [json.dumps(each) if each else "" for each in attributes]
        return {
            "images": joined(self.base_images, [self.image(n) for n in new.tolist()]),
            "labels": joined(self.base_labels, self.labels(new).tolist()),
            "vectors": joined(
                self.base_vectors, [self.vector(n) for n in new.tolist()]
            ),
            **Texts.of([self.id(n) for n in numbers.tolist()]).arrays("ids"),
            **Texts.of(texts).arrays("attributes"),
        }

    def _base_row(self, id: str) -> int | None:
        if self.base_ids is None:
            # "007" and Arabic digits are no names of row 7.
            good = id.isascii() and id.isdigit() and len(id) < 12 and str(int(id)) == id
            return int(id) if good and int(id) < self.n_base else None
        if self._row is None:
            self._row = {str(id): row for row, id in enumerate(self.base_ids.tolist())}
        return self._row.get(id)


def _any_width(array: Array) -> Any:
    """The type of an array; of text, that of any length: else NumPy would cut it."""
    return np.str_ if array.dtype.kind == "U" else array.dtype


def png_of(image: Array) -> bytes:
    """Return a grey image as a PNG file."""
    stream = io.BytesIO()
    Image.fromarray(np.asarray(image)).save(stream, "PNG", compress_level=1)
    return stream.getvalue()


def _new_index(vectors: Array, n_jobs: int | None) -> Collection:
    """An index over these rows, numbered from 0, built before the first search."""
    index = Collection(n_jobs=n_jobs)
    if len(vectors):
        index.add(np.arange(len(vectors)), np.asarray(vectors))
    index.background = True
    return index


def _allows(allowed: Allowed, value: Any) -> bool:
    """Whether a value is among those, or within those bounds."""
    if not isinstance(allowed, Mapping):
        return value in allowed
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and all(
        _BOUNDS[name](value, bound) for name, bound in allowed.items()
    )
