"""Documents that were added since the index was built: appended, never changed."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from lookalike._typing import Array, Ints
from lookalike.kernels import added_terms as kernels
from lookalike.kernels.added_terms import NOT_YET, Added
from lookalike.kernels.term_search import ROW_BITS
from lookalike.search.ids import NO_IDS, Ids, is_text, joined

MOST = 1 << ROW_BITS  # rows


class AddedTexts:
    """Documents to which documents are appended while others read the first of them.

    Parameters
    ----------
    n_fields : int
    facets : sequence of str
        Names of the facets.
    """

    def __init__(self, n_fields: int, facets: Sequence[str]) -> None:
        self.n_fields = n_fields
        self.term_of: dict[str, int] = {}
        self.ids: Ids = NO_IDS
        self.texts: list[str] = []  # of each field of each row, where they are kept
        self.facets: dict[str, list[str | None]] = {name: [] for name in facets}
        self._n = self._n_entries = 0
        self._heads, self._tails = np.full((2, 0), -1, np.int32)
        self._rows = np.empty(0, np.int32)
        self._tfs = np.empty(0, np.int32)
        self._following = np.empty(0, np.int32)
        self._lengths = np.empty((n_fields, 0), np.int32)
        self._positions = np.empty(0, np.int64)
        self._terms = np.empty(0, np.int32)
        self._ends = np.empty(0, np.int64)

    def __len__(self) -> int:
        """How many rows there are, dead ones among them."""
        return self._n

    @property
    def positions(self) -> Ints:
        """Positions of the rows."""
        return self._positions[: self._n]

    @property
    def lengths(self) -> Array:
        """Words of each field of each row, int32 (n_fields, n_rows)."""
        return self._lengths[:, : self._n]

    @property
    def terms(self) -> Array:
        """Numbers of the terms of all rows, field by field, int32 (n_words,)."""
        return self._terms[: self._n_words]

    @property
    def ends(self) -> Ints:
        """Where each field of each row ends in ``terms``."""
        return self._ends[: self._n * self.n_fields]

    @property
    def _n_words(self) -> int:
        return int(self._ends[self._n * self.n_fields - 1]) if self._n else 0

    def view(self, live: Array) -> Added:
        """The rows that are here now, as a reader sees them for ever.

        live : uint8 (n_rows,)
        """
        return Added(
            self._heads,
            self._tails,
            self._rows,
            self._tfs,
            self._following,
            self._lengths,
            self._positions,
            live,
        )

    def append(
        self,
        terms: Sequence[str],
        numbers: Array,
        ends: Ints,
        ids: Ids,
        positions: Ints,
        texts: Sequence[str],
        facets: dict[str, list[str | None]],
    ) -> None:
        """Append documents.

        terms, numbers, ends : see ``analysis.Cut``; the fields of each document
        texts : of each field, or none where texts are not kept
        """
        known = self.term_of
        of_cut = np.empty(len(terms), np.int32)
        for i, term in enumerate(terms):
            of_cut[i] = known.setdefault(term, len(known))
        numbers = of_cut[numbers]
        n, first, n_words = len(ids), self._n, self._n_words
        last = first + n
        n_lists = len(known) * self.n_fields
        self._heads = _with_room(self._heads, n_lists, -1)
        self._tails = _with_room(self._tails, n_lists, -1)
        n_entries = self._n_entries + len(numbers)
        self._rows = _with_room(self._rows, n_entries, NOT_YET)
        self._tfs = _with_room(self._tfs, n_entries, 0)
        self._following = _with_room(self._following, n_entries, -1)
        self._lengths = _with_room(self._lengths, last, 0)
        self._positions = _with_room(self._positions, last, 0)
        self._terms = _with_room(self._terms, n_words + len(numbers), 0)
        self._ends = _with_room(self._ends, last * self.n_fields, 0)
        self._positions[first:last] = positions
        self._terms[n_words : n_words + len(numbers)] = numbers
        self._ends[first * self.n_fields : last * self.n_fields] = n_words + ends
        self._n_entries = kernels.append(
            self.view(np.empty(0, np.uint8)), numbers, ends, first, self._n_entries
        )
        self.ids = joined([self.ids, ids], is_text(ids))
        self.texts += texts
        for name, values in facets.items():
            self.facets[name] += values
        self._n = last


def _with_room(array: Array, n_needed: int, rest: Any) -> Array:
    """The array, or a copy in a longer one (along its last axis), the rest filled."""
    n = array.shape[-1]
    if n_needed <= n:
        return array
    longer = np.full((*array.shape[:-1], max(n_needed, 2 * n, 64)), rest, array.dtype)
    longer[..., :n] = array
    return longer
