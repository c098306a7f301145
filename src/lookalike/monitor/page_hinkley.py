"""Page-Hinkley: a mean that is not known has risen.

As CUSUM, with the mean of all values so far in place of the known one, and a tolerance
in place of the rate to be found. It needs no rate, and pays with a longer delay; a
change before ``warm_up`` values is taken for the mean.

References
----------
.. [1] Page (1954). "Continuous inspection schemes". Biometrika 41(1/2).
.. [2] Hinkley (1971). "Inference about the change-point from cumulative sum tests".
   Biometrika 58(3).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np

from lookalike._checks import check_positive, check_whole
from lookalike._typing import Array, Floats
from lookalike.monitor._values import checked_number


@dataclass
class PageHinkley:
    """Watch numbers for a mean that rises by more than a tolerance.

    tolerance : rise of the mean that is none, at least 0; half of the rise to be found
        is a good one
    threshold : above 0, in the unit of the values; ``lookalike.monitor.calibrated``
        finds it for a budget of false alarms
    warm_up : values before which no alarm rings, at least 1
    total, lowest, mean, n : sum of the deviations, its minimum, mean and number of the
        values since the last alarm

    Falls are watched by the negative values.

    Examples
    --------
    >>> detector = PageHinkley(tolerance=0.1, threshold=2.0, warm_up=5)
    >>> [n for n, value in enumerate([0.0] * 20 + [1.0] * 5) if detector.update(value)]
    [22]
    >>> PageHinkley.from_state(detector.state()) == detector
    True
    """

    tolerance: float
    threshold: float = 50.0
    warm_up: int = 30
    total: float = 0.0
    lowest: float = 0.0
    mean: float = 0.0
    n: int = 0

    def __post_init__(self) -> None:
        check_positive("tolerance", self.tolerance, zero=True)
        check_positive("threshold", self.threshold)
        check_whole("warm_up", self.warm_up)

    @property
    def statistic(self) -> float:
        """Height of the sum above its minimum."""
        return self.total - self.lowest

    def update(self, value: float) -> bool:
        """Take a finite number; return whether an alarm rings."""
        number = checked_number(value)
        self.n += 1
        self.mean += (number - self.mean) / self.n
        self.total += number - self.mean - self.tolerance
        self.lowest = min(self.lowest, self.total)
        if self.n <= self.warm_up or self.statistic <= self.threshold:
            return False
        self.total = self.lowest = self.mean = 0.0
        self.n = 0
        return True

    def path(self, values: Array) -> Floats:
        """Statistic after each value, from the start and without alarms.

        values : (n_runs, n_values); returns float64 of the same shape, 0 in the warm-up
        """
        counts = np.arange(1, values.shape[1] + 1)
        mean = np.cumsum(values, axis=1, dtype=np.float64) / counts
        total = np.cumsum(values - mean - self.tolerance, axis=1)
        lowest = np.minimum.accumulate(np.minimum(total, 0.0), axis=1)
        found: Floats = total - lowest
        found[:, : self.warm_up] = 0.0
        return found

    def fresh(self, threshold: float) -> Self:
        """Return one with these options and another threshold that has seen nothing."""
        return replace(self, threshold=threshold, total=0.0, lowest=0.0, mean=0.0, n=0)

    def state(self) -> dict[str, Any]:
        """Return all that it knows, as JSON has it."""
        return asdict(self)

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Return the detector that had this state."""
        return cls(**state)
