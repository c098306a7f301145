r"""ADWIN: a window that is as long as nothing has changed.

The window is kept as buckets of 1, 2, 4, ... values. Where it can be cut into an older
and a newer part whose means differ by more than

.. math:: \epsilon = \sqrt{\frac{2}{m} \sigma^2 L} + \frac{2}{3m} L,
          \quad L = \ln \frac{2 \ln n}{\delta},
          \quad \frac1m = \frac1{n_0} + \frac1{n_1}

the oldest bucket is dropped, until there is no such cut, and an alarm rings; it may
ring again while the window still has values of before. It needs neither the rate nor
the size of a change, and finds falls too; it costs the longest delay.

The bound of the paper is for every cut at once and has far fewer false alarms than
delta says; here the equation is solved for L, and the alarm rings where
L - ln(2 ln n) passes a threshold, of which ln(1 / delta) is the paper's.

References
----------
.. [1] Bifet and Gavalda (2007). "Learning from time-changing data with adaptive
   windowing". SDM. (equation 3.1)
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np

from lookalike._checks import check_positive, check_whole
from lookalike._typing import Array, Floats, Ints
from lookalike.monitor._values import checked_number

EACH = 5
"""Buckets of one size before two of them become one, as in the paper (M)."""


@dataclass
class Adwin:
    """Watch numbers for a mean that changes, up or down.

    threshold : above 0; ``lookalike.monitor.calibrated`` finds it for a budget of false
        alarms; ln(1 / delta) is the paper's
    every : values between two looks, at least 1
    least : values in a part of the window, below which it is not compared, at least 1
    counts, sums, squares : of the buckets, the oldest first: values, their sum, and the
        sum of squared deviations from the bucket's mean
    n : values since the start

    A look costs O(log(length of the window)).

    Examples
    --------
    >>> detector = Adwin(threshold=6.0)
    >>> [n for n, value in enumerate([0.0, 0.2] * 200 + [0.9, 1.0] * 50)
    ...  if detector.update(value)]
    [415, 447, 479]
    >>> round(detector.mean, 2)
    0.95
    >>> Adwin.from_state(detector.state()) == detector
    True
    """

    threshold: float = 6.2
    every: int = 32
    least: int = 5
    counts: list[int] = field(default_factory=list)
    sums: list[float] = field(default_factory=list)
    squares: list[float] = field(default_factory=list)
    n: int = 0

    def __post_init__(self) -> None:
        check_positive("threshold", self.threshold)
        check_whole("every", self.every)
        check_whole("least", self.least)

    @property
    def length(self) -> int:
        """Number of values in the window."""
        return sum(self.counts)

    @property
    def mean(self) -> float:
        """Mean of the values in the window, nan before the first."""
        return sum(self.sums) / self.length if self.counts else float("nan")

    @property
    def statistic(self) -> float:
        """The greatest L - ln(2 ln n) of a cut, at least 0."""
        sums, squares = np.array([self.sums]), np.array([self.squares])
        return float(_cut(np.array(self.counts), sums, squares, self.least)[0])

    def update(self, value: float) -> bool:
        """Take a finite number; return whether an alarm rings."""
        number = checked_number(value)
        self.n += 1
        _add(self.counts, self.sums, self.squares, number)
        if self.n % self.every or self.statistic <= self.threshold:
            return False
        while len(self.counts) > 1 and self.statistic > self.threshold:
            for column in (self.counts, self.sums, self.squares):
                del column[0]
        return True

    def path(self, values: Array) -> Floats:
        """Statistic after each value, from the start and without alarms.

        values : (n_runs, n_values); returns float64 of the same shape, 0 between looks
        """
        found = np.zeros(values.shape)
        counts: list[int] = []
        sums: list[Any] = []
        squares: list[Any] = []
        for at, column in enumerate(values.T.astype(np.float64)):
            _add(counts, sums, squares, column)
            if (at + 1) % self.every == 0:
                columns = np.array(sums).T, np.array(squares).T
                found[:, at] = _cut(np.array(counts), *columns, self.least)
        return found

    def fresh(self, threshold: float) -> Self:
        """Return one with these options and another threshold that has seen nothing."""
        return replace(self, threshold=threshold, counts=[], sums=[], squares=[], n=0)

    def state(self) -> dict[str, Any]:
        """Return all that it knows, as JSON has it."""
        columns = {k: list(getattr(self, k)) for k in ("counts", "sums", "squares")}
        options = {k: getattr(self, k) for k in ("threshold", "every", "least", "n")}
        return options | columns

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Return the detector that had this state."""
        own: dict[str, Any] = dict(state)
        own |= {k: list(own[k]) for k in ("counts", "sums", "squares")}
        return cls(**own)


def _add(counts: list[int], sums: list[Any], squares: list[Any], value: Any) -> None:
    """Add a bucket of one value, and make one of two where there are too many.

    Sums may be arrays: of runs side by side, whose buckets are the same.
    """
    counts.append(1)
    sums.append(value)
    squares.append(value * 0.0)
    size, end = 1, len(counts)
    while True:
        start = end
        while start and counts[start - 1] == size:
            start -= 1
        if end - start <= EACH:
            return
        n = counts[start]
        gap = sums[start] - sums[start + 1]
        squares[start] = squares[start] + squares[start + 1] + gap * gap / (2 * n)
        sums[start] = sums[start] + sums[start + 1]
        counts[start] = 2 * n
        for column in (counts, sums, squares):
            del column[start + 1]
        size, end = 2 * n, start + 1


def _cut(counts: Ints, sums: Floats, squares: Floats, least: int) -> Floats:
    """Statistic of the best cut of each run; sums and squares (n_runs, n_buckets)."""
    if len(counts) < 2:
        return np.zeros(len(sums))
    n = int(counts.sum())
    older = np.cumsum(counts)[:-1]
    newer = n - older
    fits = (older >= least) & (newer >= least)
    if not fits.any():
        return np.zeros(len(sums))
    total = sums.sum(axis=1)[:, None]
    before = np.cumsum(sums, axis=1)[:, :-1]
    deviations = squares.sum(axis=1)[:, None]
    means = sums / counts
    between = (counts * (means - total / n) ** 2).sum(axis=1)[:, None]
    variance = (deviations + between) / n
    apart = abs(before / older - (total - before) / newer)
    m = 1 / (1 / older + 1 / newer)
    # With u the root of L: (2 / 3m) u^2 + sqrt(2 variance / m) u - apart = 0.
    linear = np.sqrt(2 * variance / m)
    root = (np.sqrt(linear**2 + 8 * apart / (3 * m)) - linear) * 3 * m / 4
    found: Floats = np.where(fits, root**2 - np.log(2 * np.log(n)), 0.0).max(axis=1)
    return np.maximum(found, 0.0)
