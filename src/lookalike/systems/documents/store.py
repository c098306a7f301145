"""The documents that are searched: they come, change and go while others read them.

The index has their words; beside it each document has a row, with its title and a
vector of what it is about. Rows are in the order of the documents: one that changes
keeps its row, and one that comes gets the next. A row of what went stays, and is dead.

A change makes another store, which shares what is the same, so that it costs what
changed and not what there is. Vectors lie in blocks, of which those that change are
copied.
"""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import Any, Self

import numpy as np

from lookalike._arrays import named, prefixed
from lookalike._texts import Texts
from lookalike._typing import Array, Floats, Ints
from lookalike.core.items import Item
from lookalike.learn.latent_meaning import similarities
from lookalike.search import TextIndex
from lookalike.search.terms.snapshot import Snapshot
from lookalike.systems.documents.attributes import text_of

BLOCK = 4096
"""Rows of vectors that are copied where one of them changes."""
_TEXT = np.dtypes.StringDType()


class DocumentStore:
    """Documents with their words, titles and vectors, between two changes.

    Parameters
    ----------
    index : TextIndex
        Of title and text of each document as one text, ``"text"``, and its facets.
    titles : Texts
    vectors : ndarray of float32, shape (n_documents, n_components)
        What each document is about; it may be mapped.

    Attributes
    ----------
    now : Snapshot
        The documents in the index: what is answered from.

    Raises
    ------
    ValueError
        If there are not as many of each.
    """

    index: TextIndex
    now: Snapshot
    _ids: list[str]  # of each row; further ones are those of later stores
    _row: dict[str, int]  # of each id that ever was there, likewise
    _live: Array  # bool, of each row
    _blocks: list[Array]
    _titles: Texts
    _new_titles: dict[int, str]  # of rows that came or changed
    _change: object  # that made it
    _last: list[object]  # the last one of all stores that share an index

    def __init__(self, index: TextIndex, titles: Texts, vectors: Array) -> None:
        n = len(index)
        if vectors.ndim != 2 or len(vectors) != n or len(titles) != n:
            raise ValueError("its documents, titles and vectors do not fit.")
        self.index, self.now = index, index.snapshot()
        self._ids = self.now.ids.tolist()
        self._row = {id: row for row, id in enumerate(self._ids)}
        self._live = np.ones(n, bool)
        self._blocks = [vectors[at : at + BLOCK] for at in range(0, n, BLOCK)]
        self._n_components = vectors.shape[1]
        self._titles, self._new_titles = titles, {}
        self._change = object()
        self._last = [self._change]

    def __len__(self) -> int:
        """How many documents there are."""
        return len(self.now)

    def __contains__(self, id: object) -> bool:
        row = self._row.get(id, len(self._live)) if isinstance(id, str) else -1
        return 0 <= row < len(self._live) and bool(self._live[row])

    @property
    def n_components(self) -> int:
        """How many numbers a vector has."""
        return int(self._n_components)

    @property
    def facets(self) -> tuple[str, ...]:
        """Names of the attributes that filter and are counted."""
        return self.index.form.facets

    def row_of(self, id: str) -> int:
        """Return the row of a document.

        Raises
        ------
        LookupError
            If there is none of this id.
        """
        if id not in self:
            raise LookupError(f"There is no item {id!r}.")
        return self._row[id]

    def rows_of(self, ids: Array) -> Ints:
        """Return the rows of documents that were found, int64 (n,)."""
        return np.array([self._row[id] for id in ids.tolist()], np.int64)

    def ids_of(self, rows: Ints) -> list[str]:
        """Return the ids of these rows."""
        return [self._ids[row] for row in rows.tolist()]

    def title(self, row: int) -> str:
        """Return a title, "" where there is none."""
        new = self._new_titles.get(row)
        return self._titles.text(row) if new is None else new

    def vector(self, row: int) -> Array:
        """Return what a document is about, float32 (n_components,)."""
        found: Array = np.array(self._blocks[row // BLOCK][row % BLOCK])
        return found

    def similarities(self, vector: Array) -> Floats:
        """Return the cosine of each row with a vector; -inf where it is dead."""
        every = [similarities(block, vector) for block in self._blocks]
        found = np.concatenate([*every, np.empty(0)])[: len(self._live)]
        found[~self._live] = -np.inf
        return found

    def mask(self, where: Mapping[str, set[str]]) -> Array:
        """Return which rows a filter lets through, bool."""
        found = np.zeros(len(self._live), bool)
        found[self._live] = self.now.mask(where)
        return found

    def mask_of_documents(self, rows: Array | None) -> Array | None:
        """Return a mask of rows as one of documents, as the index takes it."""
        return None if rows is None else rows[self._live]

    def document(self, id: str) -> dict[str, Any]:
        """Return title, text and attributes of a document.

        Raises
        ------
        LookupError
            If there is no document of this id.
        """
        title, known = self.title(self.row_of(id)), self.now.get(id)
        text, values = str(known["text"]), {name: known[name] for name in self.facets}
        return {
            "title": title or None,
            "text": text.removeprefix(f"{title}\n") if title else text,
            "attributes": {n: v for n, v in values.items() if v is not None},
        }

    def with_items(self, items: Sequence[Item], vector: Callable[[str], Array]) -> Self:
        """Return the store with documents that came, changed or went.

        Only the store that was returned can be given further ones; this one goes on to
        answer from the documents that it has. Of changes of one id the last counts.
        ``vector`` says what a text is about, float32 (n_components,).

        Cost: reading what changed, a block of vectors for each that changed, and one
        byte a row.

        Raises
        ------
        ValueError
            If another store was made of this one already.
        """
        if self._change is not self._last[0]:
            raise ValueError(
                "These documents were changed already: change those that this returned."
            )
        last = {item.id: item for item in items}
        gone = [id for id, item in last.items() if item.deleted]
        live = [item for item in last.values() if not item.deleted]
        vectors = [vector(whole_of(item)) for item in live]
        documents = [
            {
                "text": whole_of(item),
                **{name: _value(item, name) for name in self.facets},
            }
            for item in live
        ]
        there = [id for id in gone if id in self.index]
        if there:
            self.index.remove(np.array(there, _TEXT))
        if live:
            self.index.upsert(np.array([item.id for item in live], _TEXT), documents)
        store = copy(self)
        store.now = self.index.snapshot()
        store._take_out(gone)
        store._put(live, vectors)
        store._change = self._last[0] = object()
        return store._compacted() if store._is_due() else store

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Return arrays, and a JSON document, from which ``from_state`` makes it."""
        arrays, about = self.index.state()
        found = prefixed("index_", arrays) | self._live_titles().arrays("titles")
        return found | {"vectors": self._live_vectors()}, about

    @classmethod
    def from_state(cls, arrays: Mapping[str, Array], about: Mapping[str, Any]) -> Self:
        """Make the store again; arrays may be mapped, and stay so.

        Raises
        ------
        KeyError, ValueError
            If they do not belong together.
        """
        index = TextIndex.from_state(named("index_", arrays), about)
        return cls(index, Texts.of_arrays("titles", arrays), arrays["vectors"])

    def _live_titles(self) -> Texts:
        rows = np.flatnonzero(self._live)
        return Texts.of([self.title(row) for row in rows.tolist()])

    def _live_vectors(self) -> Array:
        none = np.empty((0, self._n_components), np.float32)
        every: Array = np.concatenate([none, *self._blocks])[: len(self._live)]
        return every[self._live]

    def _is_due(self) -> bool:
        return len(self._live) - len(self) > max(BLOCK, len(self._live) // 4)

    def _compacted(self) -> Self:
        """The same documents without dead rows."""
        return type(self)(self.index, self._live_titles(), self._live_vectors())

    def _take_out(self, ids: Sequence[str]) -> None:
        rows = [self._row[id] for id in ids if id in self]
        self._live = self._live.copy()
        self._live[rows] = False

    def _put(self, items: Sequence[Item], vectors: Sequence[Array]) -> None:
        """Give items rows: their own, or the next ones."""
        rows = [self._row[item.id] if item.id in self else -1 for item in items]
        next_row = len(self._live)
        new = [item.id for item, row in zip(items, rows, strict=True) if row < 0]
        if any(id in self._row for id in new):
            self._row = dict(self._row)  # an older store has their former rows
        del self._ids[next_row:]
        self._ids += new
        self._row |= {id: next_row + at for at, id in enumerate(new)}
        self._live = np.concatenate([self._live, np.ones(len(new), bool)])
        self._blocks, self._new_titles = list(self._blocks), dict(self._new_titles)
        own: set[int] = set()  # blocks that no other store has
        for item, vector in zip(items, vectors, strict=True):
            row = self._row[item.id]
            self._new_titles[row] = str(item.label or "")
            self._block_of(row, row >= next_row, own)[row % BLOCK] = vector

    def _block_of(self, row: int, is_new: bool, own: set[int]) -> Array:
        """The block of a row, with room for it, that may be written to."""
        at = row // BLOCK
        if at == len(self._blocks):
            self._blocks.append(np.zeros((BLOCK, self._n_components), np.float32))
            own.add(at)
        block = self._blocks[at]
        # Rows behind those of an older store are nobody else's.
        if at not in own and not (is_new and len(block) == BLOCK):
            whole = np.zeros((BLOCK, self._n_components), np.float32)
            whole[: len(block)] = block
            self._blocks[at], block = whole, whole
            own.add(at)
        return block


def whole_of(item: Item) -> str:
    """Return title and text of a new document in one, as a collection has them."""
    text = text_of((item.attributes or {}).get("text", ""))
    return f"{item.label}\n{text}" if item.label else text


def _value(item: Item, name: str) -> str | None:
    value = (item.attributes or {}).get(name)
    return None if value is None else text_of(value)
