"""Documents that were added since the lists were made: a chain of entries a term.

Rows only grow, and what was written for a row never changes. So a reader that knows the
first n rows stops at the first entry of a later one, while a writer appends.
"""

from typing import Any, NamedTuple

import numpy as np

from lookalike.kernels.compiled import njit

NOT_YET = np.int32(2**31 - 1)  # the row of an entry that nobody has written


class Added(NamedTuple):
    """Chains of entries; list ``term * n_fields + field`` is that of a term in a field.

    heads, tails : int32 (n_lists,), the first and the last entry, -1 where none is
    rows : int32 (n_entries,), rising along a chain; ``NOT_YET`` where none is written
    tfs : int32 (n_entries,)
    following : int32 (n_entries,), -1 at the end of a chain
    lengths : int32 (n_fields, n_rows), words of each field
    positions : int64 (n_rows,), see ``search.snapshot``
    live : uint8 (n,), of the rows that a reader knows
    """

    heads: Any
    tails: Any
    rows: Any
    tfs: Any
    following: Any
    lengths: Any
    positions: Any
    live: Any


@njit(cache=True, nogil=True)
def append(a, terms, ends, first_row, n_entries):
    """Append documents, with room for all of their words; returns the new n_entries.

    terms : int32 (n_words,), numbers of terms; the fields of a document one by one
    ends  : int64 (n_documents * n_fields,), where each field ends in ``terms``
    """
    n_fields = a.lengths.shape[0]
    at = 0
    for e in range(ends.shape[0]):
        row, field = first_row + e // n_fields, e % n_fields
        a.lengths[field, row] = ends[e] - at
        for i in range(at, ends[e]):
            which = terms[i] * n_fields + field
            tail = a.tails[which]
            if tail >= 0 and a.rows[tail] == row:
                a.tfs[tail] += 1
                continue
            a.rows[n_entries], a.tfs[n_entries] = row, 1
            a.tails[which] = n_entries
            if tail < 0:
                a.heads[which] = n_entries
            else:
                a.following[tail] = n_entries
            n_entries += 1
        at = ends[e]
    return n_entries


@njit(cache=True, nogil=True, forceinline=True)
def live_count(a, which):
    """How many live rows hold a term in a field."""
    n, count = a.live.shape[0], 0
    entry = a.heads[which]
    while entry >= 0 and a.rows[entry] < n:
        count += a.live[a.rows[entry]]
        entry = a.following[entry]
    return count


@njit(cache=True, nogil=True)
def tf_added(a, which, row):
    """How often a row holds the term of a list."""
    entry = a.heads[which]
    while entry >= 0 and a.rows[entry] <= row:
        if a.rows[entry] == row:
            return np.int64(a.tfs[entry])
        entry = a.following[entry]
    return np.int64(0)
