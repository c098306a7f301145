"""The documents between two changes: what a search reads, immutable.

They lie in a segment, which was there when the index was built, and in rows that were
added since. What was removed or replaced stays where it is and is no longer live. Every
document has a *position*; the order of the documents is that of their positions.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import cached_property
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lookalike._checks import check_whole
from lookalike._typing import Array, Floats, Ints
from lookalike.kernels import postings as lists
from lookalike.kernels import term_search as kernels
from lookalike.kernels.added_terms import live_count, tf_added
from lookalike.kernels.term_search import ROW_BITS, Asked, Statistics
from lookalike.search.hits import Hits
from lookalike.search.ids import (
    Ids,
    among,
    as_array,
    check_ids,
    check_kind,
    is_text,
    joined,
)
from lookalike.search.terms.added import AddedTexts
from lookalike.search.terms.analysis import Analysis
from lookalike.search.terms.bm25 import BM25
from lookalike.search.terms.query import Query, parse, unquoted
from lookalike.search.terms.segment import Segment
from lookalike.search.terms.snippets import Snippet, snippet_of

FEW = 10  # documents that may hold a word which is marked
HEAVIEST = 1000.0  # weight of a field
Where = ArrayLike | Set[Any] | Mapping[str, Any] | None


@dataclass(frozen=True)
class Reason:
    """What one term in one field adds to the score of a document.

    field, term : the field, and the term as it is in the index
    tf : how often the document holds it there
    df : how many documents do
    contribution : what it adds
    """

    field: str
    term: str
    tf: int
    df: int
    contribution: float


@dataclass(frozen=True)
class Form:
    """What all documents of an index share.

    fields : weight of each field of text
    facets : names of the facets
    store : whether texts are kept
    """

    analysis: Analysis
    bm25: BM25
    fields: Mapping[str, float]
    facets: tuple[str, ...]
    store: bool


class Snapshot:
    """The documents between two changes: immutable.

    Parameters
    ----------
    form : Form
    base : Segment or None
    added : AddedTexts
        Of which the first rows are known.
    live : uint8 (n_added,)
        Which of those are live.
    no_ids : Ids
        Of the kind that the ids have.
    """

    def __init__(
        self,
        form: Form,
        base: Segment | None,
        added: AddedTexts,
        live: Array,
        no_ids: Ids,
    ) -> None:
        self.form, self.base, self.no_ids = form, base, no_ids
        self.added, self.live = added, live
        self.added_ids = added.ids[: len(live)]
        self._view = added.view(live)
        n_live = int(np.count_nonzero(live))
        self._n = n_live + (0 if base is None else base.n_live)
        totals = added.lengths[:, live.view(bool)].sum(axis=1, dtype=np.int64)
        if base is not None:
            totals = totals + base.totals
        constants, factors = form.bm25.norms(self._n, totals)
        self._statistics = Statistics(
            float(self._n),
            np.empty(0, np.int32) if base is None else base.df,
            np.array(list(form.fields.values()), np.float64),
            constants,
            factors,
            1.0 / (1.0 + constants[:, None] + factors[:, None] * _LENGTHS),
            self._slack(totals / max(self._n, 1)),
        )

    def _slack(self, means: Floats) -> Floats:
        """How much greater a bound of a block is now that mean lengths have changed."""
        if self.base is None:
            return np.ones(len(means))
        then = np.where(self.base.means > 0, self.base.means, 1.0)
        return np.maximum(means / then, 1.0) * (1.0 + 1e-9)

    def __len__(self) -> int:
        """How many documents there are."""
        return self._n

    def __contains__(self, id: object) -> bool:
        try:
            ids = check_ids([id])
            check_kind(ids, self.no_ids)
        except ValueError:
            return False
        return self._n > 0 and self.find(ids)[0] >= 0

    @cached_property
    def ids(self) -> Array:
        """The ids in the order of the documents, int64 or ``StringDType``."""
        return as_array(self._every_id[self.slots])

    @cached_property
    def slots(self) -> Ints:
        """Live documents in their order: rows of the base, then of those added."""
        live = [self.live.view(bool)]
        positions = [self.added.positions[: len(self.live)]]
        if self.base is not None:
            live.insert(0, self.base.live)
            positions.insert(0, self.base.positions)
        slots = np.flatnonzero(np.concatenate(live))
        return slots[np.argsort(np.concatenate(positions)[slots], kind="stable")]

    @property
    def n_base(self) -> int:
        """How many rows the base has."""
        return 0 if self.base is None else len(self.base)

    @cached_property
    def _every_id(self) -> Ids:
        parts = (
            [self.added_ids] if self.base is None else [self.base.ids, self.added_ids]
        )
        return joined(parts, is_text(self.no_ids))

    def find(self, ids: Ids) -> Ints:
        """Slot of each id, -1 where there is none."""
        known = self._rows_of_added
        rows = [known.get(id, -1) for id in ids.tolist()]
        slots = np.array(rows, np.int64)
        slots[slots >= 0] += self.n_base
        if self.base is not None and len(ids):
            found = self.base.find(ids)
            slots = np.where(found >= 0, found, slots)
        return slots

    @cached_property
    def _rows_of_added(self) -> dict[Any, int]:
        ids, live = self.added_ids.tolist(), self.live.tolist()
        return {id: row for row, id in enumerate(ids) if live[row]}

    def search(
        self,
        queries: str | Sequence[str],
        k: int = 10,
        where: Where = None,
        fields: Mapping[str, float] | Sequence[str] | None = None,
    ) -> Hits:
        """The k documents with the highest scores for each query, see ``bm25``.

        A document is found if it holds one of the query's words, and every phrase
        that stands between quotation marks.

        Parameters
        ----------
        queries : sequence of str
            Or one query.
        k : int, default=10
            At most so many for each; fewer where fewer hold a word.
        where : mapping, set, array or None, default=None
            Which documents may be found: by facet, ``{"topic": {"art", "music"}}``, by
            id, or by one boolean for each of ``ids``.
        fields : mapping, sequence or None, default=None
            Weights of the fields that are searched, or their names, with the weights
            that the index has; None for all.

        Raises
        ------
        ValueError
            If ``k``, a field or a facet is none, or ``where`` does not fit.
        """
        check_whole("k", k)
        parsed = [parse(text, self.form.analysis) for text in _texts(queries)]
        statistics = self._weighed(fields)
        searched = np.flatnonzero(statistics.field_weights)
        if self._n == 0 or not parsed:
            return Hits(
                [as_array(self.no_ids)] * len(parsed), [np.empty(0)] * len(parsed)
            )
        k = min(int(k), self._n)
        masks = self._masks(where)
        if not any(query.phrases for query in parsed):
            return self._best(parsed, k, masks, statistics)
        each = [
            self._best(
                [query], k, self._with_phrases(query, masks, searched), statistics
            )
            for query in parsed
        ]
        return Hits([hits.ids[0] for hits in each], [hits.scores[0] for hits in each])

    def count(self, query: str, where: Where = None) -> int:
        """How many documents a search could find, were k large enough."""
        base, added = self._matching(query, where)
        return int(np.count_nonzero(base) + np.count_nonzero(added))

    def facet(
        self, query: str | None, name: str, where: Where = None
    ) -> dict[str, int]:
        """How many of those documents have each value of a facet, most frequent first.

        ``query`` may be None, for all documents. Documents without the facet are not
        counted; values with the same count come in the order of their letters.
        """
        self._check_facet(name)
        base, added = self._matching(query, where)
        counts: dict[str, int] = {}
        if self.base is not None:
            codes, values = self.base.stored.facets[name]
            codes = codes[base]
            found = np.bincount(codes[codes >= 0], minlength=len(values)).tolist()
            counts = dict(zip(values, found, strict=True))
        for row in np.flatnonzero(added).tolist():
            value = self.added.facets[name][row]
            if value is not None:
                counts[value] = counts.get(value, 0) + 1
        pairs = [(value, count) for value, count in counts.items() if count]
        return dict(sorted(pairs, key=lambda pair: (-pair[1], pair[0])))

    def mask(self, where: Where) -> Array:
        """Which of ``ids`` a filter lets through, bool (n_documents,)."""
        if where is None:
            return np.ones(self._n, bool)
        return np.isin(self.slots, self._chosen(where))

    def knows(self, term: str) -> bool:
        """Whether a document holds this term, in any field."""
        return any(self._df(term, field) > 0 for field in range(len(self.form.fields)))

    def holding(self, text: str, where: Where = None) -> Array:
        """Which documents hold a word of a text: bool, one for each of ``slots``.

        That is less than ``search`` asks for: quotation marks count as blanks.
        """
        base, added = self._matching(unquoted(text), where)
        found: Array = np.concatenate([base, added])[self.slots]
        return found

    def explain(
        self,
        id: Any,
        query: str,
        fields: Mapping[str, float] | Sequence[str] | None = None,
    ) -> list[Reason]:
        """What each term adds to a document's score, most first; they add up to it."""
        slot = self._slot(id)
        statistics = self._weighed(fields)
        total = 0.0
        found: list[Reason] = []
        parts: list[tuple[int, float, int]] = []  # field, weight and length of each
        for term, count in parse(query, self.form.analysis).counts.items():
            for field, name in enumerate(self.form.fields):
                weight = float(statistics.field_weights[field]) * count
                df, tf, length = self._term_in(term, field, slot)
                if df and weight:
                    weight *= float(kernels.idf(statistics.n_documents, df))
                    total += weight
                if tf and weight:
                    found.append(Reason(name, term, tf, df, 0.0))
                    parts.append((field, weight, length))
        asked = kernels.Query(
            _NO_INTS,
            np.array([field for field, _, _ in parts], np.int64),
            np.array([weight for _, weight, _ in parts], np.float64),
            statistics.constants,
            statistics.factors,
            statistics.singles,
            statistics.slack,
            *kernels.rounding(total),
        )
        reasons = [
            replace(each, contribution=kernels.contribution(asked, j, each.tf, length))
            for j, (each, (_, _, length)) in enumerate(zip(found, parts, strict=True))
        ]
        return sorted(reasons, key=lambda reason: -reason.contribution)

    def get(self, id: Any) -> dict[str, str | None]:
        """The texts and facets of a document.

        Raises
        ------
        ValueError
            If the id is not there, or the index keeps no texts.
        """
        slot = self._slot(id)
        self._check_stored()
        names = list(self.form.fields)
        kept: dict[str, str | None] = {
            name: self._text(slot, field) for field, name in enumerate(names)
        }
        for name in self.form.facets:
            kept[name] = self._value(slot, name)
        return kept

    def snippet(
        self, id: Any, query: str, length: int = 200, field: str | None = None
    ) -> Snippet:
        """The passage of a document that answers a query best, matched words marked.

        Words that more than half of the documents hold, and more than ten, count only
        where the query has no others.

        Parameters
        ----------
        length : int, default=200
            Most letters of the passage.
        field : str or None, default=None
            Of which field; None for that of which the passage holds most of the query.
        """
        check_whole("length", length)
        self._check_stored()
        slot = self._slot(id)
        names = list(self.form.fields)
        if field is not None:
            self._check_fields([field])
        terms = self._telling(list(parse(query, self.form.analysis).counts))
        snippets = [
            snippet_of(self._text(slot, i), terms, self.form.analysis, int(length))
            for i, name in enumerate(names)
            if field in (None, name)
        ]
        return max(snippets, key=lambda snippet: len(snippet.spans))

    def _best(
        self,
        parsed: list[Query],
        k: int,
        masks: tuple[Array, Array],
        statistics: Statistics,
    ) -> Hits:
        n = len(parsed)
        scores, keys = np.empty((n, k)), np.empty((n, k), np.int64)
        found = np.empty(n, np.int64)
        if self.base is None:
            postings, positions = _NO_POSTINGS, _NO_INTS
        else:
            postings, positions = self.base.postings, self.base.positions
        kernels.search(
            postings,
            self._view,
            self._asked(parsed),
            statistics,
            *masks,
            positions,
            scores,
            keys,
            found,
        )
        slots = keys if len(self.live) == 0 else self._slots_of(keys)
        every = self._every_id
        each = list(enumerate(found.tolist()))
        if isinstance(every, np.ndarray):
            return Hits(
                [every[slots[i, :m]] for i, m in each],
                [-scores[i, :m] for i, m in each],
            )
        return Hits(
            [as_array(every[slots[i, :m]]) for i, m in each],
            [-scores[i, :m] for i, m in each],
        )

    def _slots_of(self, keys: Ints) -> Ints:
        rows = keys & ((1 << ROW_BITS) - 1)
        in_base = rows == (1 << ROW_BITS) - 1
        slots = rows + self.n_base
        if self.base is not None:
            at = np.searchsorted(self.base.positions, keys[in_base] >> ROW_BITS)
            slots[in_base] = np.minimum(at, self.n_base - 1)
        return slots

    def _asked(self, parsed: list[Query]) -> Asked:
        number = _none if self.base is None else self.base.dictionary.number
        added = self.added.term_of
        n_lists = len(self._view.heads)
        terms: list[int] = []
        added_terms: list[int] = []
        counts: list[int] = []
        ends = []
        some = len(self.live) > 0
        for query in parsed:
            for term, count in query.counts.items():
                terms.append(number(term))
                counts.append(count)
                if some:
                    which = added.get(term, -1)
                    # A writer may have named a term since, that no row here holds.
                    known = (which + 1) * len(self.form.fields) <= n_lists
                    added_terms.append(which if known else -1)
                else:
                    added_terms.append(-1)
            ends.append(len(terms))
        return Asked(
            np.array(ends, np.int64),
            np.array(terms, np.int64),
            np.array(added_terms, np.int64),
            np.array(counts, np.float64),
        )

    def _weighed(
        self, fields: Mapping[str, float] | Sequence[str] | None
    ) -> Statistics:
        if fields is None:
            return self._statistics
        if isinstance(fields, str):
            fields = [fields]
        self._check_fields(fields)
        if not isinstance(fields, Mapping):
            fields = {name: self.form.fields[name] for name in fields}
        check_weights(fields)
        weights = [float(fields.get(name, 0.0)) for name in self.form.fields]
        return self._statistics._replace(field_weights=np.array(weights))

    def _masks(self, where: Where) -> tuple[Array, Array]:
        """Which rows of the base and of those added may be found, uint8."""
        if where is None:
            none = np.empty(0, np.uint8)
            return (none if self.base is None else self.base.allowed), self.live
        chosen = np.zeros(self.n_base + len(self.live), bool)
        chosen[self._chosen(where)] = True
        base, added = chosen[: self.n_base], chosen[self.n_base :]
        return base.view(np.uint8), added.view(np.uint8)

    def _chosen(self, where: Where) -> Ints:
        """The slots of the live documents that a filter lets through."""
        if isinstance(where, Mapping):
            return self._with_facets(where)
        if isinstance(where, Set):
            where = list(where)
        plain = isinstance(where, list) and not set(map(type, where)) <= {bool, np.bool}
        mask = np.empty(0) if plain or _is_empty(where) else np.asarray(where)
        if mask.dtype == bool:
            if mask.shape != (self._n,):
                raise ValueError(
                    f"A mask must have one boolean for each of the {self._n} "
                    f"documents, got shape {mask.shape}."
                )
            return self.slots[mask]
        ids = check_ids(where)
        if len(ids) == 0:
            return _NO_INTS
        check_kind(ids, self.no_ids)
        if len(ids) > self._n // 4:
            slots = self.slots
            return slots[among(self._every_id[slots], ids)]
        found = self.find(ids)
        return found[found >= 0]

    def _with_facets(self, where: Mapping[str, Any]) -> Ints:
        mask = np.zeros(self.n_base + len(self.live), bool)
        mask[self.slots] = True
        for name, wanted in where.items():
            self._check_facet(name)
            values = {wanted} if isinstance(wanted, str) else set(wanted)
            for value in values:
                if not isinstance(value, str):
                    raise ValueError(
                        f"The values of facet {name!r} are text, got {value!r}."
                    )
            if self.base is not None:
                codes, known = self.base.stored.facets[name]
                good = np.array([*(value in values for value in known), False])
                mask[: self.n_base] &= good[codes]
            added = self.added.facets[name][: len(self.live)]
            mask[self.n_base :] &= np.array([value in values for value in added], bool)
        return np.flatnonzero(mask)

    def _with_phrases(
        self, query: Query, masks: tuple[Array, Array], fields: Ints
    ) -> tuple[Array, Array]:
        """Masks that only let documents through that hold every phrase of a query."""
        if not query.phrases:
            return masks
        base = masks[0].copy() if len(masks[0]) else np.ones(self.n_base, np.uint8)
        added = masks[1].copy()
        for phrase in query.phrases:
            in_base, in_added = np.zeros_like(base), np.zeros_like(added)
            for field in fields.tolist():
                if self.base is not None:
                    in_base[_rows_with_phrase(self.base, phrase, field)] = 1
                in_added[self._added_with_phrase(phrase, field)] = 1
            base &= in_base
            added &= in_added
        return base, added

    def _added_with_phrase(self, phrase: list[str], field: int) -> Ints:
        numbers = [self.added.term_of.get(term, -1) for term in phrase]
        n = len(self.live)
        if min(numbers) < 0 or n == 0:
            return _NO_INTS
        parts = np.arange(n) * len(self.form.fields) + field
        lengths = self.added.lengths[field, :n]
        terms = np.empty(int(lengths.sum(dtype=np.int64)), np.int32)
        ends = np.empty(n, np.int64)
        lists.take_parts(self.added.terms, self.added.ends, parts, terms, ends)
        holds = np.empty(n, bool)
        lists.holds_phrase(terms, ends, np.array(numbers, np.int64), holds)
        return np.flatnonzero(holds)

    def _matching(self, query: str | None, where: Where) -> tuple[Array, Array]:
        """Which rows of the base and of those added a query could find, both bool."""
        masks = self._masks(where)
        fields = np.arange(len(self.form.fields))
        if query is None:
            base = masks[0] if len(masks[0]) else np.ones(self.n_base, np.uint8)
            return base.view(bool), masks[1].view(bool)
        parsed = parse(query, self.form.analysis)
        masks = self._with_phrases(parsed, masks, fields)
        base = np.zeros(self.n_base, np.uint8)
        added = np.zeros(len(self.live), bool)
        asked = self._asked([parsed])
        for term, chain in zip(asked.terms, asked.added_terms, strict=True):
            for field in fields.tolist():
                if term >= 0 and self.base is not None:
                    which = field * len(self.base.dictionary) + int(term)
                    lists.mark(self.base.postings, which, base)
                if chain >= 0:
                    added[self._rows_of_chain(int(chain), field)] = True
        if len(masks[0]):
            base &= masks[0]
        return base.view(bool), added & masks[1].view(bool)

    def _rows_of_chain(self, term: int, field: int) -> Ints:
        n, n_fields = len(self.live), len(self.form.fields)
        ends = self.added.ends[: n * n_fields]
        words = np.flatnonzero(self.added.terms[: ends[-1] if n else 0] == term)
        parts = np.searchsorted(ends, words, side="right")
        return parts[parts % n_fields == field] // n_fields

    def _telling(self, terms: list[str]) -> list[str]:
        """The terms that few documents hold, all of them where none is such."""
        most, n_fields = max(self._n / 2, FEW), len(self.form.fields)
        telling = [
            term
            for term in terms
            if max(self._df(term, field) for field in range(n_fields)) <= most
        ]
        return telling or terms

    def _df(self, term: str, field: int) -> int:
        """In how many live documents a term is."""
        df = 0
        if self.base is not None:
            number = self.base.dictionary.number(term)
            if number >= 0:
                df += int(self.base.df[field * len(self.base.dictionary) + number])
        chain = int(self._asked([Query({term: 1}, [])]).added_terms[0])
        if chain >= 0:
            df += int(live_count(self._view, chain * len(self.form.fields) + field))
        return df

    def _term_in(self, term: str, field: int, slot: int) -> tuple[int, int, int]:
        """In how many documents a term is, how often in this one, and its length."""
        tf = 0
        if slot < self.n_base:
            assert self.base is not None
            length = int(self.base.lengths[field, slot])
            number = self.base.dictionary.number(term)
            if number >= 0:
                which = field * len(self.base.dictionary) + number
                tf = int(kernels.tf_in(self.base.postings, which, slot))
        else:
            row = slot - self.n_base
            length = int(self.added.lengths[field, row])
            chain = int(self._asked([Query({term: 1}, [])]).added_terms[0])
            if chain >= 0:
                which = chain * len(self.form.fields) + field
                tf = int(tf_added(self._view, which, row))
        return self._df(term, field), tf, length

    def _text(self, slot: int, field: int) -> str:
        n_fields = len(self.form.fields)
        if slot >= self.n_base:
            return self.added.texts[(slot - self.n_base) * n_fields + field]
        assert self.base is not None
        assert self.base.stored.texts is not None
        return self.base.stored.texts.text(slot * n_fields + field)

    def _value(self, slot: int, name: str) -> str | None:
        if slot >= self.n_base:
            return self.added.facets[name][slot - self.n_base]
        assert self.base is not None
        codes, values = self.base.stored.facets[name]
        return values[codes[slot]] if codes[slot] >= 0 else None

    def _slot(self, id: Any) -> int:
        ids = check_ids([id])
        if self._n:
            check_kind(ids, self.no_ids)
        slot = int(self.find(ids)[0]) if self._n else -1
        if slot < 0:
            raise ValueError(f"{id!r} is not there.")
        return slot

    def _check_stored(self) -> None:
        if not self.form.store:
            raise ValueError("This index keeps no texts: make it with store=True.")

    def _check_facet(self, name: Any) -> None:
        if name not in self.form.facets:
            there = ", ".join(map(repr, self.form.facets)) or "none"
            raise ValueError(f"There is no facet {name!r}; there are {there}.")

    def _check_fields(self, names: Any) -> None:
        for name in names:
            if name not in self.form.fields:
                there = ", ".join(map(repr, self.form.fields))
                raise ValueError(f"There is no field {name!r}; there are {there}.")


def check_weights(weights: Mapping[str, float]) -> None:
    """Refuse weights of fields that are no numbers, too large, or all 0."""
    for name, weight in weights.items():
        real = isinstance(weight, Real) and not isinstance(weight, bool)
        if not real or not 0.0 <= float(weight) <= HEAVIEST:
            raise ValueError(
                f"The weight of field {name!r} must lie between 0 and {HEAVIEST:g}, "
                f"got {weight!r}."
            )
    if not any(weights.values()):
        raise ValueError("One field at least must have a weight above 0.")


def _rows_with_phrase(base: Segment, phrase: list[str], field: int) -> Ints:
    numbers = [base.dictionary.number(term) for term in phrase]
    if min(numbers) < 0:
        return _NO_INTS
    which = [field * len(base.dictionary) + number for number in numbers]
    n = np.empty(len(which), np.int64)
    lists.sizes(base.postings, np.array(which), n)
    rows, _ = base.rows_of(which[int(np.argmin(n))])
    terms, ends = base.parts(rows * base.n_fields + field)
    holds = np.empty(len(rows), bool)
    lists.holds_phrase(terms, ends, np.array(numbers, np.int64), holds)
    return rows[holds]


def _texts(queries: Any) -> list[str]:
    texts = [queries] if isinstance(queries, str) else list(queries)
    for text in texts:
        if not isinstance(text, str):
            raise ValueError(f"A query must be text, got {text!r}.")
    return texts


def _is_empty(where: Any) -> bool:
    return isinstance(where, list) and not where


def _none(term: str) -> int:
    return -1


_LENGTHS = np.arange(kernels.SHORT)
_NO_INTS = np.empty(0, np.int64)
_NO_POSTINGS = lists.Postings(
    np.zeros(1, np.int64),
    np.empty((0, 5), np.int32),
    np.empty((0, 5), np.float32),
    np.empty(0, np.uint16),
    np.empty(0, np.float32),
    np.empty((1, 0), np.uint8),
    np.empty((1, 0), np.int32),
)
