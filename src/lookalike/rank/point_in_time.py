"""Point-in-time features of a log: counts, sums and latest times before given times.

Features that are computed from later entries than the decision that they describe leak
the answer into training. A :class:`History` therefore answers for a time of each row,
from entries strictly before that time. Training asks for many times at once, serving
for the present time, by the same call.
"""

from math import prod

import numpy as np
from numpy.typing import ArrayLike

from lookalike._typing import Floats, Ints
from lookalike.kernels.running_totals import running_totals


class History:
    """A log of entries, each with a key and a time, for point-in-time queries.

    Parameters
    ----------
    keys : array-like of shape (n_entries,)
        What each entry belongs to, such as a user or an item; whole numbers of at
        least 0.
    times : array-like of shape (n_entries,)
        Time of each entry, in any unit; entries need not be in order.
    values : array-like of shape (n_entries,) or (n_entries, n_values), default=None
        What ``totals`` sums; None is 1 for each entry.

    Notes
    -----
    Entries are sorted once by key and time, O(n log n). A query is a binary search,
    O(log n), and a difference of running sums. To the last digit, it depends only on
    the entries of its key before its time.

    Examples
    --------
    >>> from lookalike.rank.point_in_time import History
    >>> log = History(keys=[7, 7, 3, 7], times=[10, 20, 20, 40], values=[1, 2, 5, 4])
    >>> log.counts([7, 7, 3, 9], [40, 41, 20, 50])  # an entry at 40 is not before 40
    array([2, 3, 0, 0])
    >>> log.totals([7, 7], [40, 41])
    array([3., 7.])
    >>> log.totals([7, 7], [40, 41], since=[20, 21])  # from 20 on, and from 21 on
    array([2., 4.])
    >>> log.latest([7, 3], [40, 40])
    array([20., 20.])
    """

    def __init__(
        self, keys: ArrayLike, times: ArrayLike, values: ArrayLike | None = None
    ) -> None:
        entry_keys, entry_times = _whole("keys", keys), np.asarray(times, np.float64)
        if entry_times.shape != entry_keys.shape or not np.isfinite(entry_times).all():
            raise ValueError(
                f"times must be {len(entry_keys)} finite numbers, one for each key, "
                f"got shape {entry_times.shape}."
            )
        order = np.lexsort((entry_times, entry_keys))
        self._distinct_times = np.unique(entry_times)
        self._times = entry_times[order]
        self._codes = self._code(entry_keys, entry_times)[order]
        self._sums = None if values is None else _running(values, entry_keys, order)

    def counts(
        self, keys: ArrayLike, before: ArrayLike, since: ArrayLike | None = None
    ) -> Ints:
        """Return the number of entries of each key before a time, and since another.

        Parameters
        ----------
        keys, before, since : array-like
            Broadcast against each other. Entries count with
            ``since <= time < before``; None is from the first entry on.

        Returns
        -------
        int64 ndarray of the broadcast shape
        """
        first, last = self._span(keys, before, since)
        return last - first

    def totals(
        self, keys: ArrayLike, before: ArrayLike, since: ArrayLike | None = None
    ) -> Floats:
        """Return the sums of the values of these entries, (...) or (..., n_values).

        Parameters are those of :meth:`counts`.
        """
        first, last = self._span(keys, before, since)
        if self._sums is None:
            return (last - first).astype(np.float64)
        start, _ = self._span(keys, before, None)
        until, begin = (np.where(row > start, row, 0) for row in (last, first))
        return self._sums[until] - self._sums[begin]

    def latest(self, keys: ArrayLike, before: ArrayLike) -> Floats:
        """Return the time of the latest entry of each key before a time.

        -inf where there is none.
        """
        first, last = self._span(keys, before, None)
        if not len(self._times):
            return np.full(last.shape, -np.inf)
        return np.where(last > first, self._times[last - 1], -np.inf)

    def _span(
        self, keys: ArrayLike, before: ArrayLike, since: ArrayLike | None
    ) -> tuple[Ints, Ints]:
        """Rows of the sorted entries: the first that counts, and the one behind."""
        query_keys = _whole("keys", keys)
        until = np.asarray(before, np.float64)
        begin = np.full(until.shape, -np.inf) if since is None else np.asarray(since)
        query_keys, until, begin = np.broadcast_arrays(query_keys, until, begin)
        first, last = (
            np.searchsorted(self._codes, self._code(query_keys, times))
            for times in (begin, until)
        )
        return first, np.maximum(first, last)

    def _code(self, keys: Ints, times: Floats) -> Ints:
        """Return one whole number for key and time, in the order of both."""
        rank = np.searchsorted(self._distinct_times, times)
        code: Ints = keys * (len(self._distinct_times) + 1) + rank
        return code


def _whole(name: str, keys: ArrayLike) -> Ints:
    given = np.asarray(keys)
    if given.size and (given.dtype.kind not in "iu" or given.min() < 0):
        raise ValueError(f"{name} must be whole numbers of at least 0.")
    return given.astype(np.int64)


def _running(values: ArrayLike, keys: Ints, order: Ints) -> Floats:
    """Return running sums of the values of each key, by time, after a row of zeros."""
    given = np.asarray(values, np.float64)
    if len(given) != len(order):
        raise ValueError(f"values must be {len(order)}, one for each key.")
    rows = np.ascontiguousarray(given[order].reshape(len(given), prod(given.shape[1:])))
    sums = np.zeros((len(given) + 1, rows.shape[1]))
    running_totals(rows, np.diff(keys[order], prepend=-1) != 0, sums[1:])
    return sums.reshape(len(given) + 1, *given.shape[1:])
