"""Rows that were added after the index was built: appended, and compared one by one."""

from typing import Any

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.search.ids import NO_IDS, Ids, is_text, joined
from lookalike.search.index import CODES, ExactIndex
from lookalike.search.rows import narrowest, norms_for, stored


class Delta:
    """Rows to which rows are appended while others read the first of them.

    Rows that were written never change: an index over the first n rows stays valid.
    Rows are held in the narrowest type that holds all of them exactly.

    Parameters
    ----------
    metric : str
    signed : bool
        Whether bytes are held as the fast instruction reads them, see ``rows.stored``.
    """

    _rows: Array
    _norms: Floats
    _kind: "np.dtype[Any]"
    _n_features: int

    def __init__(self, metric: str, signed: bool) -> None:
        self.metric = metric
        self.signed = signed
        self._n = 0
        self._ids: Ids = NO_IDS
        self._positions = np.empty(0, np.int64)

    def __len__(self) -> int:
        """How many rows there are, dead ones among them."""
        return self._n

    @property
    def ids(self) -> Ids:
        """Ids of the rows."""
        return self._ids

    @property
    def positions(self) -> Ints:
        """Positions of the rows."""
        return self._positions[: self._n]

    def index(self) -> ExactIndex:
        """An index over the rows that are here now."""
        n = self._n
        return ExactIndex.of_parts(
            self.metric, self._n_features, self._rows[:n], self._norms[:n], None
        )

    def append(self, X: Array, ids: Ids, positions: Ints) -> None:
        """Append the rows of X with their ids and positions."""
        X = narrowest(X)
        if self._n == 0:
            self._begin(X)
        elif X.itemsize > self._rows.itemsize:
            self._widen(X.dtype)
        X = X.astype(self._kind, copy=False)
        last = self._n + len(X)
        self._rows = _with_room(self._rows, self._n, last, self._rows.dtype)
        self._norms = _with_room(self._norms, self._n, last, self._norms.dtype)
        self._positions = _with_room(
            self._positions, self._n, last, self._positions.dtype
        )
        self._rows[self._n : last] = stored(X, self.signed)
        self._norms[self._n : last] = norms_for(CODES[self.metric], X)
        self._positions[self._n : last] = positions
        self._ids = joined([self._ids, ids], is_text(ids))
        self._n = last

    def _begin(self, X: Array) -> None:
        self._n_features = X.shape[1]
        self._kind = X.dtype
        self._rows = stored(X[:0], self.signed)
        self._norms = np.empty(0)

    def _widen(self, kind: "np.dtype[Any]") -> None:
        X = self.index().catalogue().astype(kind)
        self._kind = kind
        self._rows = stored(X, self.signed)
        self._norms = norms_for(CODES[self.metric], X)


def _with_room(array: Array, n: int, n_needed: int, kind: "np.dtype[Any]") -> Array:
    """The array, or a copy of its first n in one that holds at least ``n_needed``."""
    if n_needed <= len(array) and array.dtype == kind:
        return array
    larger = np.empty((max(n_needed, 2 * n), *array.shape[1:]), kind)
    larger[:n] = array[:n]
    return larger
