"""Which rows of a sparse matrix were seen before: looked up, not computed again."""

from typing import Any

import numpy as np

from lookalike._typing import Array, Ints

# Odd numbers of 64 bits, from splitmix64: they spread neighbouring numbers far apart.
COLUMN = np.uint64(0x9E3779B97F4A7C15)
VALUE = np.uint64(0xBF58476D1CE4E5B9)
STIR = np.uint64(0x94D049BB133111EB)
HALF = np.uint64(32)


class KnownRows:
    """Rows that are found again by what they hold.

    A row is looked for by a number that its entries add up to, then compared entry by
    entry: two rows that share a number are not taken for each other.

    Parameters
    ----------
    rows : csr of float32 with sorted columns and no explicit zeros
        Kept, not copied: a row that somebody changes is then not known any more, be it
        as it was or as it is.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> seen = sp.csr_array(np.array([[1, 0, 2], [0, 3, 0]], np.float32))
    >>> asked = sp.csr_array(np.array([[0, 3, 0], [1, 0, 3], [1, 0, 2]], np.float32))
    >>> KnownRows(seen).places(asked)
    array([ 1, -1,  0])
    """

    def __init__(self, rows: Any) -> None:
        self.rows = rows
        marks = _marks(self.rows)
        self.order = np.argsort(marks, kind="stable")
        self.marks = marks[self.order]

    def places(self, asked: Any) -> Ints:
        """Return where each row stands, the first of equal ones; -1 if nowhere.

        Cost: O(n_asked log(n_rows) + entries of what is asked).
        """
        marks = _marks(asked)
        found = np.searchsorted(self.marks, marks)
        found = self.order[np.minimum(found, len(self.order) - 1)]
        sizes = np.diff(asked.indptr)
        alike = np.flatnonzero(sizes == np.diff(self.rows.indptr)[found])
        mine, theirs = asked[alike], self.rows[found[alike]]
        differ = (mine.indices != theirs.indices) | (mine.data != theirs.data)
        other = np.repeat(alike, sizes[alike])[differ]
        places = np.full(len(sizes), -1)
        places[alike] = found[alike]
        places[other] = -1
        return places


def _marks(rows: Any) -> Array:
    """Return a number of 64 bits for each row, the same for equal ones."""
    columns = rows.indices.astype(np.uint64) + np.uint64(1)
    values = np.ascontiguousarray(rows.data, np.float32).view(np.uint32)
    each = columns * COLUMN ^ values.astype(np.uint64) * VALUE
    each = (each ^ each >> HALF) * STIR
    sums = np.zeros(len(each) + 1, np.uint64)
    np.cumsum(each, out=sums[1:])  # beyond 64 bits it starts again, differences stay
    return sums[rows.indptr[1:]] - sums[rows.indptr[:-1]]
