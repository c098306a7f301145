"""CUSUM: a rate that is known to be p has become q.

Each value adds the logarithm of how much likelier it is under the worse rate; the sum
never falls below 0, and an alarm rings when it passes the threshold. Of all detectors
with as many false alarms it has the least worst delay, for the change it is built for
(Moustakides 1986).

References
----------
.. [1] Page (1954). "Continuous inspection schemes". Biometrika 41(1/2).
.. [2] Moustakides (1986). "Optimal stopping times for detecting changes in
   distributions". Annals of Statistics 14(4).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np

from lookalike._checks import check_positive
from lookalike._typing import Array, Floats
from lookalike.monitor._values import checked_number, is_off


@dataclass
class Cusum:
    """Watch 0s and 1s, or shares between them, for a known rate that becomes another.

    rate : the known rate, in (0, 1)
    worse : the rate to be found, in (0, 1); lower than ``rate`` where falls are watched
    threshold : above 0; ``lookalike.monitor.calibrated`` finds it for a budget of
        false alarms
    statistic : the sum, at least 0; back to 0 after an alarm
    n : values since the last alarm

    Examples
    --------
    >>> detector = Cusum(rate=0.1, worse=0.5, threshold=3.0)
    >>> [detector.update(value) for value in (1, 1, 1)]
    [False, True, False]
    >>> Cusum.from_state(detector.state()) == detector
    True
    """

    rate: float
    worse: float
    threshold: float = 5.0
    statistic: float = 0.0
    n: int = 0

    def __post_init__(self) -> None:
        for name, value in (("rate", self.rate), ("worse", self.worse)):
            if is_off(value, 0, 1) or value in (0, 1):
                raise ValueError(f"{name} must be between 0 and 1, got {value!r}.")
        if self.rate == self.worse:
            raise ValueError(f"worse must differ from rate, got {self.rate!r} twice.")
        check_positive("threshold", self.threshold)

    def update(self, value: float) -> bool:
        """Take a value between 0 and 1; return whether an alarm rings."""
        number = checked_number(value, 0, 1)
        at_0, at_1 = self._gains()
        self.n += 1
        self.statistic = max(0.0, self.statistic + at_0 + (at_1 - at_0) * number)
        if self.statistic <= self.threshold:
            return False
        self.statistic, self.n = 0.0, 0
        return True

    def path(self, values: Array) -> Floats:
        """Statistic after each value, from the start and without alarms.

        values : (n_runs, n_values); returns float64 of the same shape
        """
        at_0, at_1 = self._gains()
        total = np.cumsum(at_0 + (at_1 - at_0) * values, axis=1)
        lowest = np.minimum.accumulate(np.minimum(total, 0.0), axis=1)
        return np.subtract(total, lowest, dtype=np.float64)

    def fresh(self, threshold: float) -> Self:
        """Return one with these options and another threshold that has seen nothing."""
        return replace(self, threshold=threshold, statistic=0.0, n=0)

    def state(self) -> dict[str, Any]:
        """Return all that it knows, as JSON has it."""
        return asdict(self)

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Return the detector that had this state."""
        return cls(**state)

    def _gains(self) -> tuple[float, float]:
        p, q = self.rate, self.worse
        return float(np.log((1 - q) / (1 - p))), float(np.log(q / p))
