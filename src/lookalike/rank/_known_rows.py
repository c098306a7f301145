"""Lookup of rows of a sparse matrix by their contents."""

from typing import Any

import numpy as np

from lookalike._typing import Array, Ints

# Odd multipliers of 64 bits, from splitmix64.
COLUMN = np.uint64(0x9E3779B97F4A7C15)
VALUE = np.uint64(0xBF58476D1CE4E5B9)
MIX = np.uint64(0x94D049BB133111EB)
HALF = np.uint64(32)


class KnownRows:
    """An index from the contents of rows to their positions.

    A row is looked up by a hash of its entries and then compared entry by entry, so
    that rows with equal hashes are not confused.

    Parameters
    ----------
    rows : csr of float32 with sorted columns and no explicit zeros
        Not copied: a row that is changed later is found neither by its old nor by its
        new contents.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> known = sp.csr_array(np.array([[1, 0, 2], [0, 3, 0]], np.float32))
    >>> queries = sp.csr_array(np.array([[0, 3, 0], [1, 0, 3], [1, 0, 2]], np.float32))
    >>> KnownRows(known).positions(queries)
    array([ 1, -1,  0])
    """

    def __init__(self, rows: Any) -> None:
        self.rows = rows
        hashes = _hashes(self.rows)
        self.order = np.argsort(hashes, kind="stable")
        self.hashes = hashes[self.order]

    def positions(self, queries: Any) -> Ints:
        """Return the position of each query among the rows, (n_queries,).

        Of equal rows the first one is returned; -1 where there is none.

        Cost: O(n_queries log(n_rows) + entries of the queries).
        """
        found = np.searchsorted(self.hashes, _hashes(queries))
        found = self.order[np.minimum(found, len(self.order) - 1)]
        sizes = np.diff(queries.indptr)
        same_size = np.flatnonzero(sizes == np.diff(self.rows.indptr)[found])
        ours, theirs = queries[same_size], self.rows[found[same_size]]
        differ = (ours.indices != theirs.indices) | (ours.data != theirs.data)
        other = np.repeat(same_size, sizes[same_size])[differ]
        positions = np.full(len(sizes), -1)
        positions[same_size] = found[same_size]
        positions[other] = -1
        return positions


def _hashes(rows: Any) -> Array:
    """Return a hash of 64 bits for each row."""
    columns = rows.indices.astype(np.uint64) + np.uint64(1)
    values = np.ascontiguousarray(rows.data, np.float32).view(np.uint32)
    each = columns * COLUMN ^ values.astype(np.uint64) * VALUE
    each = (each ^ each >> HALF) * MIX
    sums = np.zeros(len(each) + 1, np.uint64)
    np.cumsum(each, out=sums[1:])  # overflow wraps, so differences stay exact
    return sums[rows.indptr[1:]] - sums[rows.indptr[:-1]]
