"""What a log said at a moment: counts, sums and latest times, never of later entries.

A model that learns from features of today about decisions of last week has looked at
the answers. So every row of features belongs to a moment, and whatever changes with
time is asked of a :class:`History`, which sees only what happened strictly before it.
Training asks for many moments at once, serving for the present one: the same call.
"""

from math import prod
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from lookalike._typing import Floats, Ints
from lookalike.kernels.running_totals import running_totals


class History:
    """A log of things that happened to keys, asked about its past.

    Parameters
    ----------
    keys : array-like of shape (n_entries,), whole numbers of at least 0
        To whom or to what each entry happened.
    times : array-like of shape (n_entries,)
        When, in any unit; entries need not be in order.
    values : array-like of shape (n_entries,) or (n_entries, n_values), default=None
        What ``totals`` adds up; None is 1 for each entry.

    Notes
    -----
    Entries are sorted by key and time once, O(n log n); a question is a binary search,
    O(log n), and a difference of running sums. Answers depend on the entries of their
    key before their moment alone, down to the last digit.

    Examples
    --------
    >>> from lookalike.rank.point_in_time import History
    >>> log = History(keys=[7, 7, 3, 7], times=[10, 20, 20, 40], values=[1, 2, 5, 4])
    >>> log.counts([7, 7, 3, 9], [40, 41, 20, 50])  # what happens at 40 comes too late
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
        entries, moments = _whole("keys", keys), np.asarray(times, np.float64)
        if moments.shape != entries.shape or not np.isfinite(moments).all():
            raise ValueError(
                f"times must be {len(entries)} finite numbers, one for each key, got "
                f"shape {moments.shape}."
            )
        order = np.lexsort((moments, entries))
        self._moments = np.unique(moments)
        self._times = moments[order]
        self._places = self._place(entries, moments)[order]
        self._sums = None if values is None else _running(values, entries, order)

    @classmethod
    def of_none(cls) -> Self:
        """Return the history in which nothing happened."""
        return cls(np.empty(0, np.int64), np.empty(0))

    def counts(
        self, keys: ArrayLike, moments: ArrayLike, since: ArrayLike | None = None
    ) -> Ints:
        """How often each key came up before the moment, and from ``since`` on.

        Arguments broadcast against each other; so does the answer's shape.
        """
        first, last = self._span(keys, moments, since)
        return last - first

    def totals(
        self, keys: ArrayLike, moments: ArrayLike, since: ArrayLike | None = None
    ) -> Floats:
        """Sums of the values of what ``counts`` counts, (...) or (..., n_values)."""
        first, last = self._span(keys, moments, since)
        if self._sums is None:
            return (last - first).astype(np.float64)
        start, _ = self._span(keys, moments, None)
        until, begin = (np.where(place > start, place, 0) for place in (last, first))
        return self._sums[until] - self._sums[begin]

    def latest(self, keys: ArrayLike, moments: ArrayLike) -> Floats:
        """Time of the last entry before the moment; -inf where there is none."""
        first, last = self._span(keys, moments, None)
        if not len(self._times):
            return np.full(last.shape, -np.inf)
        return np.where(last > first, self._times[last - 1], -np.inf)

    def _span(
        self, keys: ArrayLike, moments: ArrayLike, since: ArrayLike | None
    ) -> tuple[Ints, Ints]:
        asked = _whole("keys", keys)
        until = np.asarray(moments, np.float64)
        begin = np.full(until.shape, -np.inf) if since is None else np.asarray(since)
        asked, until, begin = np.broadcast_arrays(asked, until, begin)
        first, last = (
            np.searchsorted(self._places, self._place(asked, when))
            for when in (begin, until)
        )
        return first, np.maximum(first, last)

    def _place(self, keys: Ints, times: Floats) -> Ints:
        """One number for key and time, in the order of both; nothing is rounded."""
        place = np.searchsorted(self._moments, times)
        found: Ints = keys * (len(self._moments) + 1) + place
        return found


def _whole(name: str, keys: ArrayLike) -> Ints:
    given = np.asarray(keys)
    if given.size and (given.dtype.kind not in "iu" or given.min() < 0):
        raise ValueError(f"{name} must be whole numbers of at least 0.")
    return given.astype(np.int64)


def _running(values: ArrayLike, keys: Ints, order: Ints) -> Floats:
    """Running sums of each key's values, by key and time, after a row of zeros."""
    given = np.asarray(values, np.float64)
    if len(given) != len(order):
        raise ValueError(f"values must be {len(order)}, one for each key.")
    rows = np.ascontiguousarray(given[order].reshape(len(given), prod(given.shape[1:])))
    sums = np.zeros((len(given) + 1, rows.shape[1]))
    running_totals(rows, np.diff(keys[order], prepend=-1) != 0, sums[1:])
    return sums.reshape(len(given) + 1, *given.shape[1:])
