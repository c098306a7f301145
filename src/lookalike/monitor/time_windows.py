"""Windows of time: what is compared with what, and which labels have come."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lookalike._checks import check_positive
from lookalike._typing import Floats, Ints


@dataclass(frozen=True)
class Window:
    """Rows of a span of time.

    start, end : seconds; rows at ``start`` belong to it, rows at ``end`` do not
    first, last : positions of its rows, ``first`` up to but without ``last``
    """

    start: float
    end: float
    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first


def windows(
    time: ArrayLike, length: float, every: float | None = None
) -> Iterator[Window]:
    """Yield windows of a length, from the first row on, the last one whole.

    Parameters
    ----------
    time : array-like of shape (n_rows,)
        Seconds, ascending.
    length : float
        Seconds of a window, above 0.
    every : float, optional
        Seconds between two beginnings, above 0; None is ``length``. Windows may be
        empty.

    Raises
    ------
    ValueError
        If a time is before the one above it.

    Examples
    --------
    >>> found = windows([0, 1, 5, 6, 20], length=10, every=5)
    >>> [(each.first, each.last) for each in found]
    [(0, 4), (2, 4), (4, 4)]
    """
    seconds = _ascending(time)
    check_positive("length", length)
    step = length if every is None else every
    check_positive("every", step)
    if not len(seconds):
        return
    start = float(seconds[0])
    n = int(np.floor((seconds[-1] - start - length) / step)) + 1
    for at in range(max(n, 0)):
        low = start + at * step
        first, last = np.searchsorted(seconds, [low, low + length]).tolist()
        yield Window(low, low + length, first, last)


def matured(time: ArrayLike, now: float, delay: float) -> Ints:
    """Return the positions of the rows whose labels have come, int64.

    time : array-like of shape (n_rows,), seconds at which rows were answered
    now : seconds; delay : seconds until a label comes, at least 0

    Examples
    --------
    >>> matured([0, 10, 20], now=25, delay=10)
    array([0, 1])
    """
    check_positive("delay", delay, zero=True)
    return np.flatnonzero(np.asarray(time, np.float64) + delay <= now)


def _ascending(time: ArrayLike) -> Floats:
    seconds = np.asarray(time, np.float64)
    if seconds.ndim != 1 or not np.isfinite(seconds).all():
        raise ValueError("time must be one column of finite seconds.")
    back = np.flatnonzero(np.diff(seconds) < 0)
    if len(back):
        row = int(back[0]) + 1
        raise ValueError(
            f"Times must ascend, got {seconds[row]:g} in row {row} after "
            f"{seconds[row - 1]:g}: the clock went back."
        )
    return seconds
