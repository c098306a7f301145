"""The index of documents that do not change, dead ones among them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np

from lookalike._arrays import named, prefixed
from lookalike._texts import Texts
from lookalike._typing import Array, Floats, Ints
from lookalike.kernels import postings as kernels
from lookalike.kernels.postings import Postings
from lookalike.search.ids import Ids, arrays_of, find, from_arrays, order_of
from lookalike.search.memory import for_kernels
from lookalike.search.terms.bm25 import BM25

_MOST_CACHED = 1 << 17


class Dictionary:
    """Terms and their numbers."""

    def __init__(self, texts: Texts, order: Ints) -> None:
        self.texts, self.order = texts, order
        self._known: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self.texts)

    def number(self, term: str) -> int:
        """The number of a term, -1 where it has none."""
        number = self._known.get(term)
        if number is None:
            number = -1
            if len(self.texts):
                number = int(find(self.texts, self.order, Texts.of([term]))[0])
            if len(self._known) > _MOST_CACHED:
                self._known = {}  # another one: a thread may read the old one
            self._known[term] = number
        return number


@dataclass(frozen=True)
class Stored:
    """What is kept of documents beside their terms.

    texts : of each field of each document, or None where they are not kept
    facets : codes of each facet, int32 (n_documents,), -1 for none, and their values
    """

    texts: Texts | None
    facets: Mapping[str, tuple[Array, list[str]]]


@dataclass(frozen=True)
class Segment:
    """Documents that share lists.

    dictionary : of all terms
    postings : the lists, number ``field * n_terms + term``
    packed, byte_ends : documents as numbers of terms, field by field
    ids, id_order : of the documents, and what sorts them; (0,) where they are sorted
    positions : int64 (n_documents,), rising
    stored : texts and facets
    live : bool (n_documents,)
    df : int32 (n_lists,), how many live documents each list has
    means : float64 (n_fields,), mean lengths for which the bounds were computed
    """

    dictionary: Dictionary
    postings: Postings
    packed: Array
    byte_ends: Ints
    ids: Ids
    id_order: Ints
    positions: Ints
    stored: Stored
    live: Array
    df: Array
    means: Floats

    @classmethod
    def build(
        cls,
        terms: Sequence[str],
        numbers: Array,
        ends: Ints,
        n_fields: int,
        bm25: BM25,
        ids: Ids,
        positions: Ints,
        stored: Stored,
    ) -> Self:
        """Invert documents.

        terms : all different; those that no document holds are left out
        numbers : int32 (n_words,), which term each word is; may be overwritten
        ends : int64 (n_documents * n_fields,), where each field ends in ``numbers``
        """
        # Frequent terms get low numbers, which take fewer bytes.
        counts = np.zeros(len(terms), np.int64)
        for part in _slices(numbers):
            counts += np.bincount(part, minlength=len(terms))
        kept = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
        of_old = np.empty(len(terms), np.int32)
        of_old[kept] = np.arange(len(kept), dtype=np.int32)
        for part in _slices(numbers):
            part[:] = of_old[part]
        texts = Texts.of([terms[number] for number in kept.tolist()])
        n_documents, n_lists = len(ends) // n_fields, n_fields * len(kept)
        packed = np.empty(kernels.packed_size(numbers), np.uint8)
        byte_ends = np.empty(len(ends), np.int64)
        kernels.pack(numbers, ends, packed, byte_ends)
        if len(packed) < 2**31:
            byte_ends = byte_ends.astype(np.int32)
        df = np.zeros(n_lists, np.int64)
        lengths = np.empty((n_fields, n_documents), np.int32)
        kernels.count_lists(numbers, ends, n_fields, len(kept), df, lengths)
        starts = np.concatenate([[0], np.cumsum(df)])
        documents, tfs = np.empty((2, starts[-1]), np.int32)
        kernels.invert(numbers, ends, n_fields, len(kept), starts, documents, tfs)
        totals = lengths.sum(axis=1, dtype=np.int64)
        norms = bm25.norms(n_documents, totals)
        postings = _compressed(starts, documents, tfs, lengths, len(kept), *norms)
        return cls(
            Dictionary(texts, order_of(texts)),
            postings,
            packed,
            byte_ends,
            ids,
            _order_unless_rising(ids),
            positions,
            stored,
            np.ones(n_documents, bool),
            df.astype(np.int32),
            totals / max(n_documents, 1),
        )

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def n_fields(self) -> int:
        """How many fields a document has."""
        return len(self.means)

    @cached_property
    def n_live(self) -> int:
        """How many documents are live."""
        return int(np.count_nonzero(self.live))

    @property
    def lengths(self) -> Array:
        """Words of each field of each document, (n_fields, n_documents)."""
        long = self.postings.lengths.size > 0
        return self.postings.lengths if long else self.postings.short

    @cached_property
    def totals(self) -> Ints:
        """Words of the live documents in each field, shape (n_fields,)."""
        lengths = self.lengths
        if self.n_live < len(self):
            lengths = lengths[:, self.live]
        totals: Ints = lengths.sum(axis=1, dtype=np.int64)
        return totals

    @cached_property
    def allowed(self) -> Array:
        """The live documents as the kernels read them, (0,) where all are."""
        everything = self.n_live == len(self)
        return np.empty(0, np.uint8) if everything else self.live.view(np.uint8)

    def find(self, ids: Ids) -> Ints:
        """The live row of each id, -1 where there is none."""
        if len(self.id_order) == 0:
            assert isinstance(self.ids, np.ndarray)
            assert isinstance(ids, np.ndarray)
            at = np.minimum(np.searchsorted(self.ids, ids), len(self) - 1)
            return np.where((self.ids[at] == ids) & self.live[at], at, -1)
        rows = find(self.ids, self.id_order, ids)
        return np.where(self.live[rows], rows, -1)

    def without(self, rows: Ints) -> Self:
        """The segment with these rows no longer live."""
        live, df = self.live.copy(), self.df.copy()
        live[rows] = False
        numbers, ends = self.words_of(rows)
        for field in range(self.n_fields):
            lists = field * len(self.dictionary) + numbers[field]
            owners = np.repeat(np.arange(len(rows)), ends[field])
            pairs = np.unique(owners * (self.df.size + 1) + lists)
            np.subtract.at(df, pairs % (self.df.size + 1), 1)
        return replace(self, live=live, df=df)

    def words_of(self, rows: Ints) -> tuple[list[Ints], list[Ints]]:
        """Terms of each field of some documents, and how many each document has."""
        terms, counts = [], []
        for field in range(self.n_fields):
            counts.append(self.lengths[field, rows].astype(np.int64))
            found, _ = self.parts(rows * self.n_fields + field)
            terms.append(found.astype(np.int64))
        return terms, counts

    def parts(self, parts: Ints) -> tuple[Array, Ints]:
        """Numbers of the terms of parts ``row * n_fields + field``, and their ends."""
        n_fields = self.n_fields
        lengths = self.lengths[parts % n_fields, parts // n_fields]
        terms = np.empty(int(lengths.sum(dtype=np.int64)), np.int32)
        ends = np.empty(len(parts), np.int64)
        kernels.unpack(self.packed, self.byte_ends, parts, terms, ends)
        return terms, ends

    def rows_of(self, which: int) -> tuple[Ints, Ints]:
        """Documents of a list, dead ones too, and how often each holds the term."""
        n = np.empty(1, np.int64)
        kernels.sizes(self.postings, np.array([which]), n)
        documents, tfs = np.empty((2, n[0]), np.int64)
        kernels.decompress(self.postings, which, documents, tfs)
        return documents, tfs

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Arrays and a JSON document from which ``from_state`` makes this again."""
        postings = self.postings._asdict()
        del postings["bounds"]  # is a view of another
        arrays = {
            **prefixed("postings_", postings),
            **arrays_of(self.dictionary.texts, "terms"),
            **arrays_of(self.ids, "ids"),
            "term_order": self.dictionary.order,
            "id_order": self.id_order,
            "packed": self.packed,
            "byte_ends": self.byte_ends,
            "positions": self.positions,
            "live": self.live,
            "df": self.df,
            "means": self.means,
        }
        facets = {}
        for i, (name, (codes, values)) in enumerate(self.stored.facets.items()):
            arrays[f"facet{i}"] = codes
            facets[name] = values
        if self.stored.texts is not None:
            arrays |= self.stored.texts.arrays("texts")
        return arrays, {"facets": facets, "texts": self.stored.texts is not None}

    @classmethod
    def from_state(
        cls, arrays: Mapping[str, Array], about: Mapping[str, Any], text_ids: bool
    ) -> Self:
        """Make the segment again; arrays may be memory-mapped and stay so.

        Raises
        ------
        ValueError
            If arrays and document do not belong together: kernels would read outside.
        """
        ids = from_arrays("ids", arrays, text_ids)
        terms = Texts.of_arrays("terms", arrays)
        texts = Texts.of_arrays("texts", arrays) if about["texts"] else None
        held = {name: for_kernels(array) for name, array in arrays.items()}
        parts = named("postings_", held)
        postings = Postings(bounds=parts["heads"].view(np.float32), **parts)
        facets = {
            name: (held[f"facet{i}"], list(map(str, values)))
            for i, (name, values) in enumerate(about["facets"].items())
        }
        segment = cls(
            Dictionary(terms, held["term_order"]),
            postings,
            held["packed"],
            held["byte_ends"],
            ids,
            held["id_order"],
            held["positions"],
            Stored(texts, facets),
            held["live"],
            held["df"],
            held["means"],
        )
        _check(segment)
        return segment


def _slices(numbers: Array) -> Iterator[Array]:
    """Parts of an array, so that what is made of one takes little memory."""
    for start in range(0, len(numbers), 1 << 20):
        yield numbers[start : start + (1 << 20)]


def _order_unless_rising(ids: Ids) -> Ints:
    rising = not isinstance(ids, Texts) and bool((np.diff(ids) > 0).all())
    return np.empty(0, np.int64) if rising else order_of(ids)


def _compressed(
    starts: Ints,
    documents: Array,
    tfs: Array,
    lengths: Array,
    n_terms: int,
    constants: Floats,
    factors: Floats,
) -> Postings:
    n_lists = len(starts) - 1
    first_block = np.empty(n_lists + 1, np.int64)
    n_blocks, n_data = kernels.count_blocks(starts, documents, tfs, first_block)
    if n_data >= 2**31:
        raise ValueError(
            "An index holds at most some 1,400 million pairs of document and word; "
            f"there are {len(documents):,}: make several."
        )
    heads = np.empty((n_blocks, 5), np.int32)
    some_long = lengths.size > 0 and lengths.max() >= kernels.LONG
    postings = Postings(
        first_block,
        heads,
        heads.view(np.float32),
        np.empty(n_data, np.uint16),
        np.zeros(n_lists, np.float32),
        np.minimum(lengths, kernels.LONG).astype(np.uint8),
        lengths if some_long else lengths[:, :0].copy(),
    )
    kernels.compress(postings, starts, documents, tfs, n_terms, constants, factors)
    return postings


def _check(segment: Segment) -> None:
    """Refuse arrays with which a kernel would read outside of one."""
    p, n, n_fields = segment.postings, len(segment.ids), len(segment.means)
    n_terms = len(segment.dictionary)
    n_lists, n_blocks = n_terms * n_fields, len(p.heads)
    kinds = {
        np.int64: [p.first_block, segment.positions],
        np.int32: [p.heads, p.lengths, segment.df],
        np.float32: [p.list_bound],
        np.uint16: [p.data],
        np.uint8: [p.short, segment.packed],
    }
    kinds[np.int64] += [segment.id_order, segment.dictionary.order]
    good = all(a.dtype == kind for kind, group in kinds.items() for a in group) and (
        p.short.shape == (n_fields, n)
        and p.lengths.shape in ((n_fields, n), (n_fields, 0))
        and segment.byte_ends.shape == (n * n_fields,)
        and segment.byte_ends.dtype in (np.int32, np.int64)
        and segment.positions.shape == (n,)
        and _is_order(segment)
        and segment.live.shape == (n,)
        and segment.live.dtype == bool
        and segment.dictionary.order.shape == (n_terms,)
        and segment.df.shape == p.list_bound.shape == (n_lists,)
        and p.first_block.shape == (n_lists + 1,)
        and p.heads.shape == (n_blocks, 5)
        and all(
            codes.shape == (n,)
            and codes.dtype == np.int32
            and (n == 0 or -1 <= codes.min() <= codes.max() < len(values))
            for codes, values in segment.stored.facets.values()
        )
        and (segment.stored.texts is None or len(segment.stored.texts) == n * n_fields)
        and n > 0
    )
    if not good or not _lists_stay_inside(segment):
        raise ValueError("lists and documents do not belong together.")


def _is_order(segment: Segment) -> bool:
    """Whether the ids have an order, or need none."""
    ids, order = segment.ids, segment.id_order
    if order.shape != (0,) or isinstance(ids, Texts):
        return order.shape == (len(ids),)
    return bool((np.diff(ids) > 0).all())


def _lists_stay_inside(segment: Segment) -> bool:
    p, n = segment.postings, len(segment.ids)
    steps = np.diff(segment.byte_ends, prepend=0)
    lasts = segment.byte_ends[steps > 0] - 1
    n_terms = len(segment.dictionary)
    orders = [(segment.id_order, n), (segment.dictionary.order, n_terms)]
    if not (
        p.first_block[0] == 0
        and p.first_block[-1] == len(p.heads)
        and (np.diff(p.first_block) >= 0).all()
        and (steps >= 0).all()
        and segment.byte_ends[-1] == len(segment.packed)
        and (segment.packed[lasts] < 128).all()
        and all(((order >= 0) & (order < size)).all() for order, size in orders)
        and (np.diff(segment.positions) > 0).all()
        and (p.lengths >= 0).all()
        and (p.lengths.size > 0 or (p.short < kernels.LONG).all())
        and kernels.stay_inside(p, n)
    ):
        return False
    n_words = segment.lengths.sum(dtype=np.int64)
    if np.count_nonzero(segment.packed < 128) != n_words:
        return False
    numbers, ends = segment.parts(np.arange(n * segment.n_fields))
    return bool(
        (ends == np.cumsum(segment.lengths.T.reshape(-1), dtype=np.int64)).all()
        and (len(numbers) == 0 or 0 <= numbers.min() <= numbers.max() < n_terms)
    )
