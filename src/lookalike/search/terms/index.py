"""An index of texts that changes while it is searched.

Lists of documents are made for documents that do not change. So one *segment* of lists
is kept, removed documents are marked in it, and documents added since hang in chains, a
chain a term. A search reads both. When many have been added, or many are dead, a new
segment is made from what is live, beside the old one, and replaces it as a whole.

Readers see an immutable *snapshot*; a change makes another snapshot and publishes it by
one assignment. So a reader never waits and never sees half a change.
"""

import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from numbers import Real
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from lookalike._arrays import named, prefixed
from lookalike._texts import Texts
from lookalike._typing import Array, Ints
from lookalike.kernels import postings as kernels
from lookalike.search.forks import ForkSafeLock
from lookalike.search.hits import Hits
from lookalike.search.ids import (
    NO_IDS,
    NO_TEXTS,
    Ids,
    arrays_of,
    check_distinct,
    check_kind,
    from_arrays,
    is_text,
    joined,
)
from lookalike.search.memory import for_kernels
from lookalike.search.storage import read_folder, write_folder
from lookalike.search.terms.added import MOST, AddedTexts
from lookalike.search.terms.analysis import Analysis, Cut
from lookalike.search.terms.bm25 import BM25
from lookalike.search.terms.documents import Documents, read_documents
from lookalike.search.terms.segment import Segment, Stored
from lookalike.search.terms.snapshot import (
    Form,
    Reason,
    Snapshot,
    Where,
    check_weights,
)
from lookalike.search.terms.snippets import Snippet

SMALL = 1024  # documents that may always be added before lists are made again


class TextIndex:
    """Texts with an id that are added, updated, removed and searched by their words.

    The ranking is that of BM25 over all documents, exactly: documents that cannot be
    among the best are skipped, and no other. Numbers of documents and mean lengths are
    those of the live documents, whatever was added and removed before. The order of
    documents is that of a dictionary: one that is updated stays where it was, one that
    is removed and added again comes last; of equal scores the first comes first.

    Parameters
    ----------
    fields : sequence of str, or mapping of str to float, default=("text",)
        Names of the fields of text, with their weights (1 without). A document's score
        is the weighted sum of the scores of its fields.
    facets : sequence of str, default=()
        Names of further entries of a document, each one text or None, which filter and
        are counted, but not searched.
    analysis : Analysis or None, default=None
        How texts become terms; None is ``Analysis()``, for English.
    k1 : float, default=1.2
        How much a second occurrence adds, above 0.
    b : float, default=0.75
        How much longer documents have to hold more, 0 to 1.
    store : bool, default=True
        Whether texts are kept, for ``get`` and ``snippet``.
    rebuild_share : float, default=0.02
        Most documents that are added, as a share of the others, before lists are made
        again; 1,024 are always allowed. They are also made again when a quarter of the
        documents in them is dead.
    background : bool, default=False
        Make them in a thread of its own, or within the call that made it necessary.

    Notes
    -----
    See ``lookalike.search.terms.bm25`` for the score, and
    ``lookalike.kernels.term_search`` for how it is found. A change of m documents
    analyses them, and copies one byte a document and four bytes a term.

    It can be pickled, copied, and used on both sides of a fork.

    Examples
    --------
    >>> from lookalike.search import TextIndex
    >>> index = TextIndex()
    >>> index.add(["a", "b", "c"], ["red wine", "wine glasses", "a glass of red wine"])
    >>> hits = index.search("red glass")
    >>> hits.ids[0].tolist(), hits.scores[0].round(3).tolist()
    (['c', 'a', 'b'], [0.336, 0.247, 0.247])
    >>> index.remove(["c"])
    >>> index.search(["glass", '"red wine"', "beer"]).ids
    [array(['b'], dtype=StringDType()), array(['a'], dtype=StringDType()), array([],
    dtype=StringDType())]
    >>> index.snippet("b", "glass").marked()
    'wine **glasses**'
    """

    form: Form
    rebuild_share: float
    background: bool
    _snapshot: Snapshot  # what readers see; the rest is a writer's
    _base: Segment | None
    _added: AddedTexts
    _live: Array  # uint8, of the added rows
    _added_row: dict[Any, int]  # row of each id that is live among them
    _next: int  # the position of the next document that is added
    _no_ids: Ids  # of the kind that the ids have
    _writing: ForkSafeLock
    _rebuilding: ForkSafeLock

    def __init__(
        self,
        fields: Sequence[str] | Mapping[str, float] = ("text",),
        facets: Sequence[str] = (),
        analysis: Analysis | None = None,
        k1: float = 1.2,
        b: float = 0.75,
        store: bool = True,
        rebuild_share: float = 0.02,
        background: bool = False,
    ) -> None:
        weights = _checked_fields(fields, facets)
        if not isinstance(rebuild_share, Real) or not 0 <= float(rebuild_share) <= 1:
            raise ValueError(
                f"rebuild_share must lie between 0 and 1, got {rebuild_share!r}."
            )
        if analysis is not None and not isinstance(analysis, Analysis):
            raise ValueError(f"analysis must be an Analysis or None, got {analysis!r}.")
        self.form = Form(
            analysis or Analysis(),
            BM25.of(k1, b),
            weights,
            tuple(facets),
            bool(store),
        )
        self.rebuild_share = float(rebuild_share)
        self.background = background
        self._writing = ForkSafeLock(awaited=True)
        self._rebuilding = ForkSafeLock(awaited=False)
        self._clear()

    def __len__(self) -> int:
        """How many documents there are."""
        return len(self._snapshot)

    def __contains__(self, id: object) -> bool:
        return id in self._snapshot

    @property
    def ids(self) -> Array:
        """The ids in order, int64 or ``StringDType``, shape (n_documents,)."""
        return self._snapshot.ids

    def snapshot(self) -> Snapshot:
        """The documents as they are now: all searches of a snapshot see the same."""
        return self._snapshot

    def search(
        self,
        queries: str | Sequence[str],
        k: int = 10,
        where: Where = None,
        fields: Mapping[str, float] | Sequence[str] | None = None,
    ) -> Hits:
        """The k best documents for each query, see ``Snapshot.search``."""
        return self._snapshot.search(queries, k, where, fields)

    def count(self, query: str, where: Where = None) -> int:
        """How many documents a search could find, were k large enough."""
        return self._snapshot.count(query, where)

    def facet(
        self, query: str | None, name: str, where: Where = None
    ) -> dict[str, int]:
        """How many of those have each value of a facet, see ``Snapshot.facet``."""
        return self._snapshot.facet(query, name, where)

    def explain(
        self,
        id: Any,
        query: str,
        fields: Mapping[str, float] | Sequence[str] | None = None,
    ) -> list[Reason]:
        """What each term adds to a document's score, see ``Snapshot.explain``."""
        return self._snapshot.explain(id, query, fields)

    def get(self, id: Any) -> dict[str, str | None]:
        """The texts and facets of a document, see ``Snapshot.get``."""
        return self._snapshot.get(id)

    def snippet(
        self, id: Any, query: str, length: int = 200, field: str | None = None
    ) -> Snippet:
        """The passage that answers a query best, see ``Snapshot.snippet``."""
        return self._snapshot.snippet(id, query, length, field)

    def fit(self, ids: ArrayLike, documents: Iterable[Any]) -> Self:
        """Index these documents, and no others."""
        new_ids, read = self._checked(ids, documents)
        with self._rebuilding, self._writing:
            self._clear()
            if len(new_ids):
                base = self._first_segment(new_ids, read)
                self._no_ids, self._next = new_ids[:0], len(new_ids)
                self._publish(base, self._added, self._live)
        return self

    def add(self, ids: ArrayLike, documents: Iterable[Any]) -> None:
        """Add documents; none of the ids may be there yet, or nothing is added.

        Parameters
        ----------
        ids : array of int or of text, (n_documents,)
        documents : iterable of str or of mappings
            Mappings of field or facet to text; a field that is left out is empty, a
            facet None. Where there is one field and no facet, texts will do.
        """
        new_ids, read = self._checked(ids, documents)
        with self._writing:
            known = self._find(new_ids) >= 0
            if known.any():
                id = new_ids[known].tolist()[0]
                raise ValueError(f"{id!r} is there already: update it instead.")
            positions = self._next + np.arange(len(new_ids))
            self._change(NO_IDS, new_ids, read, positions)
            self._next += len(new_ids)
        self._rebuild_if_due()

    def update(self, ids: ArrayLike, documents: Iterable[Any]) -> None:
        """Give ids other documents; every id must be there, or nothing changes."""
        new_ids, read = self._checked(ids, documents)
        with self._writing:
            slots = self._find_all(new_ids)
            self._change(slots, new_ids, read, self._positions(slots))
        self._rebuild_if_due()

    def upsert(self, ids: ArrayLike, documents: Iterable[Any]) -> None:
        """Add the ids that are not there, and update the others, all at once."""
        new_ids, read = self._checked(ids, documents)
        with self._writing:
            slots = self._find(new_ids)
            known = slots >= 0
            n_new = int((~known).sum())
            positions = np.empty(len(new_ids), np.int64)
            positions[known] = self._positions(slots[known])
            positions[~known] = self._next + np.arange(n_new)
            self._change(slots[known], new_ids, read, positions)
            self._next += n_new
        self._rebuild_if_due()

    def remove(self, ids: ArrayLike) -> None:
        """Remove documents; every id must be there, or nothing is removed."""
        with self._writing:
            self._change(self._find_all(check_distinct(ids)))
        self._rebuild_if_due()

    def rebuild(self) -> None:
        """Make the lists again from what is live; readers and writers go on."""
        with self._rebuilding:
            self._rebuild()

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Arrays and a JSON document from which ``from_state`` makes this again."""
        with self._writing:
            base, snapshot = self._base, self._snapshot
            added, live = self._added, self._live
            rows = np.flatnonzero(live)
            numbers, ends = _parts_of_added(added, rows)
            ids = added.ids[rows] if len(rows) else self._no_ids
            terms = list(added.term_of)
        text = is_text(self._no_ids)
        n_fields = len(self.form.fields)
        arrays = {
            "added_numbers": numbers,
            "added_ends": ends,
            "added_positions": added.positions[rows],
            **arrays_of(joined([ids], text), "added_ids"),
            **Texts.of(terms).arrays("added_terms"),
        }
        if self.form.store:
            texts = [
                added.texts[row * n_fields + field]
                for row in rows.tolist()
                for field in range(n_fields)
            ]
            arrays |= Texts.of(texts).arrays("added_texts")
        about: dict[str, Any] = {
            "fields": dict(self.form.fields),
            "facets": list(self.form.facets),
            "analysis": self.form.analysis.about(),
            "k1": self.form.bm25.k1,
            "b": self.form.bm25.b,
            "store": self.form.store,
            "rebuild_share": self.rebuild_share,
            "next": self._next,
            "text": text,
            "added_facets": {
                name: [values[row] for row in rows.tolist()]
                for name, values in snapshot.added.facets.items()
            },
            "base": None,
        }
        if base is not None:
            held, about["base"] = base.state()
            arrays |= prefixed("base_", held)
        return arrays, about

    @classmethod
    def from_state(
        cls,
        arrays: Mapping[str, Array],
        about: Mapping[str, Any],
        background: bool = False,
    ) -> Self:
        """Make the index again; arrays may be memory-mapped and stay so.

        Raises
        ------
        ValueError
            If arrays and document do not belong together, or the stemmer that is
            installed stems otherwise than the one that was used.
        """
        names = ("facets", "k1", "b", "store", "rebuild_share")
        index = cls(
            about["fields"],
            analysis=Analysis.of(about["analysis"]),
            background=background,
            **{name: about[name] for name in names},
        )
        text = bool(about["text"])
        index._no_ids = NO_TEXTS if text else NO_IDS
        index._next = int(about["next"])
        if about["base"] is not None:
            base = Segment.from_state(named("base_", arrays), about["base"], text)
            facets = base.stored.facets.keys()
            good = base.n_fields == len(index.form.fields)
            good &= tuple(facets) == index.form.facets
            good &= (base.stored.texts is not None) == index.form.store
            if not good or base.positions[-1] >= index._next:
                raise ValueError("lists and documents do not belong together.")
            index._base = base
        ids, documents = _saved_documents(index.form, arrays, about, text)
        positions = arrays["added_positions"]
        index._publish(index._base, index._added, index._live)
        index._change(NO_IDS, ids, documents, positions)
        return index

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write the index to a new folder, complete or not at all."""
        return write_folder(folder, *self.state())

    @classmethod
    def load(cls, folder: str | os.PathLike[str], background: bool = False) -> Self:
        """Read what ``save`` wrote: every file checked, memory-mapped, nothing built.

        Raises
        ------
        ValueError
            If a file is missing, damaged, or not what lookalike wrote.
        """
        arrays, about = read_folder(folder)
        try:
            return cls.from_state(arrays, about, background)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise ValueError(f"{folder} holds no index of texts: {error}") from None

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle and copy by values: locks stay here."""
        return partial(self.from_state, background=self.background), self.state()

    def _clear(self) -> None:
        self._next, self._no_ids = 0, NO_IDS
        self._added_row = {}
        self._publish(None, self._new_added(), np.empty(0, np.uint8))

    def _new_added(self) -> AddedTexts:
        return AddedTexts(len(self.form.fields), self.form.facets)

    def _checked(self, ids: ArrayLike, documents: Any) -> tuple[Ids, Documents]:
        checked = check_distinct(ids)
        read = read_documents(documents, self.form)
        if len(checked) != read.n:
            raise ValueError(f"{len(checked)} ids do not belong to {read.n} documents.")
        return checked, read

    def _first_segment(self, ids: Ids, read: Documents) -> Segment:
        cut = read.cut
        facets = {name: _coded(values) for name, values in read.facets.items()}
        stored = Stored(Texts.of(read.texts) if self.form.store else None, facets)
        return Segment.build(
            cut.terms,
            cut.numbers,
            cut.ends,
            len(self.form.fields),
            self.form.bm25,
            ids,
            np.arange(len(ids)),
            stored,
        )

    def _find(self, ids: Ids) -> Ints:
        """Slot of each id, or -1: rows of the base, then of those added."""
        if len(ids) == 0:
            return NO_IDS
        if self._base is not None or len(self._added):
            check_kind(ids, self._no_ids)
        rows = [self._added_row.get(id, -1) for id in ids.tolist()]
        slots = np.asarray(rows, np.int64)
        slots[slots >= 0] += self._n_base
        if self._base is not None:
            found = self._base.find(ids)
            slots = np.where(found >= 0, found, slots)
        return slots

    def _find_all(self, ids: Ids) -> Ints:
        slots = self._find(ids)
        if (slots < 0).any():
            raise ValueError(f"{ids[slots < 0].tolist()[0]!r} is not there.")
        return slots

    @property
    def _n_base(self) -> int:
        return 0 if self._base is None else len(self._base)

    def _positions(self, slots: Ints) -> Ints:
        known = [] if self._base is None else [self._base.positions]
        return np.concatenate([*known, self._added.positions])[slots]

    def _change(
        self,
        dead: Ints,
        ids: Ids = NO_IDS,
        read: Documents | None = None,
        positions: Ints = NO_IDS,
    ) -> None:
        """Mark slots dead and append documents: readers see both or neither."""
        base, n_base = self._base, self._n_base
        if read is not None and len(ids):
            if len(self._added) + len(ids) >= MOST:
                raise ValueError(
                    f"At most {MOST:,} documents can be added before the index is "
                    "made again: use fit for so many."
                )
            if base is None and len(self._added) == 0:
                self._no_ids = ids[:0]
            cut = read.cut
            texts = read.texts if self.form.store else []
            self._added.append(
                cut.terms, cut.numbers, cut.ends, ids, positions, texts, read.facets
            )
        live = np.zeros(len(self._added), np.uint8)
        live[: len(self._live)] = self._live
        live[len(live) - len(ids) :] = 1
        dead_rows = dead[dead >= n_base] - n_base
        live[dead_rows] = 0
        if base is not None and (dead < n_base).any():
            base = base.without(dead[dead < n_base])
        gone = self._added.ids[dead_rows].tolist() if len(dead_rows) else []
        self._publish(base, self._added, live)
        for id in gone:
            del self._added_row[id]
        first = len(live) - len(ids)
        self._added_row |= {id: first + i for i, id in enumerate(ids.tolist())}

    def _publish(self, base: Segment | None, added: AddedTexts, live: Array) -> None:
        snapshot = Snapshot(self.form, base, added, live, self._no_ids)
        # Nothing is visible to readers until here, and from here on nothing can fail.
        self._base, self._added, self._live = base, added, live
        self._snapshot = snapshot

    def _is_due(self) -> bool:
        dead = 0 if self._base is None else self._n_base - self._base.n_live
        allowed = max(SMALL, self.rebuild_share * self._n_base)
        return len(self._added) > allowed or dead > max(SMALL, self._n_base / 4)

    def _rebuild_if_due(self) -> None:
        """Make the lists again where that is due, here or in the background."""
        if not self._is_due():
            return
        if not self.background:
            with self._rebuilding:
                if self._is_due():
                    self._rebuild()
        elif self._rebuilding.acquire(blocking=False):
            threading.Thread(target=self._rebuild_and_release).start()

    def _rebuild_and_release(self) -> None:
        try:
            while self._is_due():
                self._rebuild()
        finally:
            self._rebuilding.release()

    def _rebuild(self) -> None:
        with self._writing:
            snapshot, n_added = self._snapshot, len(self._added)
        base = merged(snapshot)
        with self._writing:
            # Changes made while the lists were made still have to be applied.
            old = [] if self._base is None else [self._base.live]
            live = np.concatenate([*old, self._live.view(bool)])
            dead = np.flatnonzero(~live[snapshot.slots])
            if base is not None and len(dead):
                base = base.without(dead)
            late = n_added + np.flatnonzero(self._live[n_added:])
            added = self._new_added()
            if len(late):
                _copy_rows(self._added, late, added)
            self._publish(base, added, np.ones(len(late), np.uint8))
            self._added_row = {id: row for row, id in enumerate(added.ids.tolist())}


def merged(snapshot: Snapshot) -> Segment | None:
    """The live documents of a snapshot as one segment, in their order."""
    slots, base, added = snapshot.slots, snapshot.base, snapshot.added
    if len(slots) == 0:
        return None
    n_base, n_fields = snapshot.n_base, len(snapshot.form.fields)
    in_base, in_added = slots[slots < n_base], slots[slots >= n_base] - n_base
    numbers, ends = _parts_of_added(added, in_added)
    terms: list[str] = []
    if base is not None:
        terms = base.dictionary.texts.tolist()
        own, own_ends = base.parts(_parts(in_base, n_fields))
        number_of = {term: number for number, term in enumerate(terms)}
        of_added = np.empty(len(added.term_of), np.int32)
        for i, term in enumerate(list(added.term_of)[: len(of_added)]):
            of_added[i] = number_of.setdefault(term, len(number_of))
        terms = list(number_of)
        numbers = np.concatenate([own, of_added[numbers]])
        ends = np.concatenate([own_ends, len(own) + ends])
    else:
        terms = list(added.term_of)
    # Documents of the base come before those added, unless they were updated.
    rank = np.argsort(
        np.concatenate(
            [np.flatnonzero(slots < n_base), np.flatnonzero(slots >= n_base)]
        )
    )
    if (np.diff(rank) < 0).any():
        numbers, ends = _taken(numbers, ends, _parts(rank, n_fields))
    positions = [added.positions] if base is None else [base.positions, added.positions]
    ids = [added.ids] if base is None else [base.ids, added.ids]
    return Segment.build(
        terms,
        numbers,
        ends,
        n_fields,
        snapshot.form.bm25,
        joined(ids, is_text(snapshot.no_ids))[slots],
        np.concatenate(positions)[slots],
        _merged_store(snapshot, slots),
    )


def _merged_store(snapshot: Snapshot, slots: Ints) -> Stored:
    base, added, n_fields = snapshot.base, snapshot.added, len(snapshot.form.fields)
    n_base, n_added = snapshot.n_base, len(snapshot.live)
    texts = None
    if snapshot.form.store:
        texts = Texts.of(added.texts[: n_added * n_fields])
        if base is not None and base.stored.texts is not None:
            texts = Texts.joined([base.stored.texts, texts])
        texts = Texts(*_taken(texts.data, texts.ends, _parts(slots, n_fields)))
    facets = {}
    for name in snapshot.form.facets:
        codes, values = _coded(added.facets[name][:n_added])
        if base is not None:
            old, known = base.stored.facets[name]
            code_of = {value: code for code, value in enumerate(known)}
            again = [code_of.setdefault(value, len(code_of)) for value in values]
            codes = np.array([*again, -1], np.int32)[codes]
            codes, values = np.concatenate([old, codes]), list(code_of)
        facets[name] = codes[slots], values
    assert n_base + n_added > 0
    return Stored(texts, facets)


def _copy_rows(source: AddedTexts, rows: Ints, target: AddedTexts) -> None:
    n_fields = source.n_fields
    numbers, ends = _parts_of_added(source, rows)
    parts = _parts(rows, n_fields).tolist() if source.texts else []
    target.append(
        list(source.term_of),
        numbers,
        ends,
        source.ids[rows],
        source.positions[rows],
        [source.texts[part] for part in parts],
        {
            name: [values[row] for row in rows.tolist()]
            for name, values in source.facets.items()
        },
    )


def _parts(rows: Ints, n_fields: int) -> Ints:
    """The numbers of all fields of these documents."""
    return (rows[:, None] * n_fields + np.arange(n_fields)).reshape(-1)


def _parts_of_added(added: AddedTexts, rows: Ints) -> tuple[Array, Ints]:
    """Numbers of the terms of added documents, and where each field ends."""
    return _taken(added.terms, added.ends, _parts(rows, added.n_fields))


def _taken(values: Array, ends: Ints, parts: Ints) -> tuple[Array, Ints]:
    lengths = np.diff(ends, prepend=0)[parts]
    taken = np.empty(int(lengths.sum()), values.dtype)
    taken_ends = np.empty(len(parts), np.int64)
    kernels.take_parts(values, ends, parts, taken, taken_ends)
    return taken, taken_ends


def _coded(values: Sequence[str | None]) -> tuple[Array, list[str]]:
    """Codes of the values, -1 for none, and the distinct values."""
    code_of: dict[str, int] = {}
    codes = [-1 if v is None else code_of.setdefault(v, len(code_of)) for v in values]
    return np.array(codes, np.int32), list(code_of)


def _saved_documents(
    form: Form, arrays: Mapping[str, Array], about: Mapping[str, Any], text: bool
) -> tuple[Ids, Documents]:
    """The added documents of a saved index, found to be such."""
    if text and "added_ids_ends" not in arrays:
        raise ValueError("its ids do not say where they end.")
    ids = from_arrays("added_ids", arrays, text)
    terms = Texts.of_arrays("added_terms", arrays).tolist()
    numbers, ends = map(for_kernels, (arrays["added_numbers"], arrays["added_ends"]))
    texts: list[str] = []
    if form.store:
        texts = Texts.of_arrays("added_texts", arrays).tolist()
    facets = {name: list(about["added_facets"][name]) for name in form.facets}
    n, n_fields = len(ids), len(form.fields)
    good = (
        numbers.dtype == np.int32
        and ends.dtype == arrays["added_positions"].dtype == np.int64
        and ends.shape == (n * n_fields,)
        and arrays["added_positions"].shape == (n,)
        and (np.diff(ends, prepend=0) >= 0).all()
        and (ends[-1] if n else 0) == len(numbers)
        and (len(numbers) == 0 or 0 <= numbers.min() <= numbers.max() < len(terms))
        and len(texts) == (n * n_fields if form.store else 0)
        and all(len(values) == n for values in facets.values())
    )
    if not good:
        raise ValueError("texts and ids do not belong together.")
    return ids, Documents(n, texts, facets, Cut(terms, numbers, ends))


def _checked_fields(fields: Any, facets: Any) -> dict[str, float]:
    weights = (
        dict(fields) if isinstance(fields, Mapping) else dict.fromkeys(fields, 1.0)
    )
    names = [*(fields if not isinstance(fields, str) else [fields]), *facets]
    for name in names:
        if not isinstance(name, str) or not name:
            raise ValueError(f"A field or facet must have a name, got {name!r}.")
    if isinstance(fields, str) or isinstance(facets, str) or not weights:
        raise ValueError(
            f"fields must be one name or more in a list, got {fields!r} and the facets "
            f"{facets!r}."
        )
    if len(set(names)) < len(names):
        raise ValueError(f"Fields and facets must have different names, got {names}.")
    check_weights(weights)
    return weights
