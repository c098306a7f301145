"""False alarms: a budget of them, and the threshold of a detector that keeps it.

A detector of which nobody knows how often it rings for nothing is switched off. The
threshold is found by simulation: of many runs over values as they were when all was
well, drawn with replacement, the share that passes it within the time of one false
alarm must be that of an exponential time to the first.
"""

from dataclasses import dataclass
from typing import Protocol, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import binom

from lookalike._checks import check_positive, check_whole
from lookalike._typing import Array, Floats, Ints
from lookalike.evaluate import Estimate

MOST_VALUES = 400_000
"""Values between two false alarms up to which a threshold is simulated."""
LONGEST = 100_000
"""Values of one simulated run."""
N_ALARMS = 400
"""False alarms that a simulation has at the threshold: it is then off by some 5%."""
CERTAIN = 0.95
"""Chance with which the threshold keeps the budget."""
_BLOCK = 8_000_000


class Detector(Protocol):
    """What detectors share; each has a state, and ``from_state`` beside it."""

    threshold: float

    @property
    def statistic(self) -> float:
        """What the threshold is compared with."""

    def update(self, value: float) -> bool:
        """Take a value; return whether an alarm rings."""

    def path(self, values: Array) -> Floats:
        """Statistic after each value, from the start and without alarms."""

    def fresh(self, threshold: float) -> Self:
        """Return one with these options and another threshold that has seen nothing."""

    def state(self) -> dict[str, object]:
        """Return all that it knows, as JSON has it."""


AnyDetector = TypeVar("AnyDetector", bound=Detector)


@dataclass(frozen=True)
class Budget:
    """How often an alarm may ring for nothing.

    alarms : false alarms in a month, above 0
    values : values in a month, at least 1

    Examples
    --------
    >>> Budget(alarms=2, values=50_000).between
    25000.0
    """

    alarms: float
    values: int

    def __post_init__(self) -> None:
        check_positive("alarms", self.alarms)
        check_whole("values", self.values)

    @property
    def between(self) -> float:
        """Values between two false alarms, on average."""
        return self.values / self.alarms


def calibrated(
    detector: AnyDetector,
    reference: ArrayLike,
    budget: Budget,
    random_state: int = 0,
) -> AnyDetector:
    """Return a fresh detector whose threshold keeps a budget of false alarms.

    Parameters
    ----------
    detector : Cusum, PageHinkley or Adwin
        Its options; its threshold and what it has seen do not matter.
    reference : array-like of shape (n_values,)
        Values as they were when all was well, such as ``[1] + [0] * 9`` for errors in
        one of ten; the simulation draws from them. Values that depend on each other,
        as one user's do, are to be summed first.
    budget : Budget
    random_state : int, default=0

    Raises
    ------
    ValueError
        If there are fewer than two distinct values, or more than ``MOST_VALUES`` values
        between two false alarms: means of many values are then to be watched.

    Notes
    -----
    Cost: O(``N_ALARMS`` * values between two false alarms), about a second for 100,000.

    Examples
    --------
    >>> from lookalike.monitor import Cusum
    >>> found = calibrated(Cusum(0.1, 0.2), [1] + [0] * 9, Budget(1, 2_000))
    >>> round(found.threshold, 1)
    4.1
    """
    values = _reference(reference)
    if budget.between > MOST_VALUES:
        raise ValueError(
            f"One false alarm in {budget.between:,.0f} values is too seldom to "
            f"simulate; at most one in {MOST_VALUES:,}: watch means of several values."
        )
    length = max(1, int(min(budget.between, LONGEST)))
    runs = int(np.ceil(N_ALARMS * budget.between / length))
    highest = _highest(detector, values, length, runs, random_state)
    silent = np.exp(-length / budget.between)
    # The threshold's rank is that of the quantile, and so much more that the budget is
    # kept with certainty.
    rank = int(binom.ppf(CERTAIN, runs, silent))
    threshold = float(np.sort(highest)[min(rank, runs - 1)])
    return detector.fresh(max(threshold, 1e-9))


def first_alarms(detector: Detector, values: Array) -> Ints:
    """Return the position of the first alarm of each run, n_values where there is none.

    values : (n_runs, n_values)

    Examples
    --------
    >>> from lookalike.monitor import Cusum
    >>> first_alarms(Cusum(0.1, 0.5, 3.0), np.array([[1, 1, 1], [0, 0, 1]]))
    array([1, 3])
    """
    above = detector.path(values) > detector.threshold
    found: Ints = np.where(above.any(axis=1), above.argmax(axis=1), values.shape[1])
    return found


def false_alarms(
    detector: Detector,
    reference: ArrayLike,
    n_values: int,
    n_runs: int = 200,
    random_state: int = 1,
) -> Estimate:
    """Simulate how many false alarms there are in a number of values.

    Parameters
    ----------
    detector : Cusum, PageHinkley or Adwin
    reference : array-like
        As in :func:`calibrated`.
    n_values : int
        In which alarms are counted, and the length of a run.
    n_runs : int, default=200
    random_state : int, default=1

    Returns
    -------
    Estimate
        Alarms over the values that were watched until the first of each run, times
        ``n_values``; the interval is of 95% (of Poisson counts, by their square root).

    Examples
    --------
    >>> from lookalike.monitor import Cusum
    >>> print(false_alarms(Cusum(0.1, 0.2, 4.1), [1] + [0] * 9, 2_000))
    0.8407 [0.6946, 1.0006]
    """
    check_whole("n_values", n_values)
    check_whole("n_runs", n_runs)
    values = _reference(reference)
    rng = np.random.default_rng(random_state)
    alarms, watched = 0, 0
    for some in _blocks(n_runs, n_values):
        drawn = values[rng.integers(len(values), size=(some, n_values))]
        first = first_alarms(detector, drawn)
        alarms += int((first < n_values).sum())
        watched += int(np.minimum(first + 1, n_values).sum())
    spread = 1.96 / 2
    low, high = (max(0.0, np.sqrt(alarms) + s * spread) ** 2 for s in (-1, 1))
    scale = n_values / watched
    return Estimate(alarms * scale, low * scale, high * scale)


def _highest(
    detector: Detector, values: Floats, length: int, runs: int, random_state: int
) -> Floats:
    rng = np.random.default_rng(random_state)
    found = [
        detector.path(values[rng.integers(len(values), size=(some, length))]).max(
            axis=1
        )
        for some in _blocks(runs, length)
    ]
    return np.concatenate(found)


def _blocks(runs: int, length: int) -> list[int]:
    size = max(1, _BLOCK // length)
    whole, rest = divmod(runs, size)
    return [size] * whole + [rest] * (rest > 0)


def _reference(reference: ArrayLike) -> Floats:
    values = np.asarray(reference, np.float64).ravel()
    if not np.isfinite(values).all():
        raise ValueError("Values of reference must be finite numbers.")
    if len(np.unique(values)) < 2:
        raise ValueError(
            "reference must have at least two different values: no threshold keeps a "
            "budget of alarms on values that never vary."
        )
    return values
