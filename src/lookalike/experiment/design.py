"""How large an experiment has to be, from the log itself, and whether it works at all.

What one unit contributes to the error of a metric is read from units of the log, as its
*spread*: the standard error of an arm of n units is spread / sqrt(n). It covers means,
rates, ratios and quantiles alike, and covariates where a metric has them.

References
----------
.. [1] Kohavi, Tang and Xu (2020). "Trustworthy Online Controlled Experiments".
   Cambridge. (chapters 15, 17 and 19: power, and A/A tests)
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from lookalike._checks import check_positive, check_whole
from lookalike._typing import Floats
from lookalike.evaluate.interval import Estimate
from lookalike.experiment.assignment import HASHES, unit_hash
from lookalike.experiment.difference import effect, normal_critical
from lookalike.experiment.metrics import Metric
from lookalike.experiment.units import Units, metric_arms

DAY = 86_400.0


@dataclass(frozen=True)
class Baseline:
    """A metric as the log has it.

    value : the metric
    spread : standard error of n units, times sqrt(n)
    units : units it was read from
    """

    value: float
    spread: float
    units: int


def baseline(metric: Metric, units: Units) -> Baseline:
    """Return a metric's value and spread in units of a log, variants put together.

    Raises
    ------
    ValueError
        If a column is missing or bad, or there are fewer than two units.

    Examples
    --------
    >>> clicked = np.repeat([0.0, 1.0], [900, 100])
    >>> units = Units([str(n) for n in range(1000)], ["x"] * 1000, {"clicks": clicked})
    >>> baseline(Metric("clicks", "rate"), units)
    Baseline(value=0.1, spread=0.301, units=1000)
    """
    if len(units) < 2:
        raise ValueError(f"a design needs at least two units, got {len(units)}.")
    (arm,), _ = metric_arms(metric, units, [np.ones(len(units), bool)])
    return Baseline(arm.value, arm.standard_error * float(np.sqrt(arm.n)), arm.n)


def sample_size(
    spread: float,
    difference: float,
    share: float = 0.5,
    alpha: float = 0.05,
    power: float = 0.8,
) -> int:
    """Return the units that both arms together need for a fixed test.

    n = (z(1 - alpha / 2) + z(power))**2 * spread**2 / (difference**2 share (1 - share))

    Parameters
    ----------
    spread : float
        Of one unit, see ``baseline``.
    difference : float
        The least absolute difference that must be found.
    share : float, default=0.5
        Of the treatment, in (0, 1).
    alpha : float, default=0.05
    power : float, default=0.8
        Probability of finding the difference.

    Examples
    --------
    >>> sample_size(spread=0.3, difference=0.01)  # from 10% to 11%
    28256
    """
    check_positive("difference", abs(difference))
    factor = _factor(spread, share, alpha, power)
    return int(np.ceil((factor / difference) ** 2))


def minimal_effect(
    spread: float,
    units: int,
    share: float = 0.5,
    alpha: float = 0.05,
    power: float = 0.8,
) -> float:
    """Return the least absolute difference that so many units find, in both arms.

    Examples
    --------
    >>> minimal_effect(spread=0.3, units=28256)
    0.01
    """
    check_whole("units", units, 2)
    return _factor(spread, share, alpha, power) / float(np.sqrt(units))


def days_needed(units: int, first_seen: ArrayLike, coverage: float = 1.0) -> float:
    """Return how many days it takes until so many new units have come.

    Units that come back count once: the first days bring more new ones than later days.
    Beyond the log, the rate of its last quarter goes on.

    Parameters
    ----------
    units : int
    first_seen : array-like (n_units,)
        Seconds at which each unit of the log was seen first, from the day on at which
        an experiment could have begun.
    coverage : float, default=1
        Share of the units that are in the experiment.

    Raises
    ------
    ValueError
        If the log has fewer than two units or no length.

    Examples
    --------
    >>> seen = np.arange(1000) * 864.0  # 100 a day, for ten days
    >>> days_needed(500, seen), days_needed(500, seen, 0.25), days_needed(1500, seen)
    (5.0, 20.0, 15.0)
    """
    seen = np.sort(np.asarray(first_seen, np.float64))
    if len(seen) < 2 or not np.isfinite(seen).all() or seen[-1] <= seen[0]:
        raise ValueError(
            "a length needs the times of at least two units, at different times."
        )
    check_positive("coverage", coverage)
    days = (seen - seen[0]) / DAY
    needed = units / min(1.0, coverage)
    if needed <= len(seen):
        return float(days[max(0, int(np.ceil(needed)) - 1)])
    late = days >= 0.75 * days[-1]
    rate = max(1, int(late.sum()) - 1) / (0.25 * days[-1])
    return float(days[-1] + (needed - len(seen)) / rate)


@dataclass(frozen=True)
class Replay:
    """What a metric does where there is no difference.

    rejected : share of the replays with p < alpha, with its 95% interval (Wilson)
    p_values : float64 (n_replays,), even between 0 and 1 if all is well
    uniform_p : p-value that they are even (Kolmogorov and Smirnov)
    """

    rejected: Estimate
    p_values: Floats
    uniform_p: float


def replay_a_a(
    metric: Metric,
    units: Units,
    n_replays: int = 500,
    alpha: float = 0.05,
    salts: Sequence[str] | None = None,
) -> Replay:
    """Replay an experiment without a difference on a log: A/A.

    Units are assigned by the hash that assigns real ones, under a new salt each time.
    Where far more or fewer than alpha of the replays find a difference, the metric's
    variance is wrong: its unit is not the unit of randomisation, or few units have
    most of it.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> data = {"revenue": rng.exponential(size=400)}
    >>> units = Units([str(n) for n in range(400)], ["x"] * 400, data)
    >>> found = replay_a_a(Metric("revenue", "mean"), units, n_replays=200)
    >>> found.rejected.low < 0.05 < found.rejected.high, found.uniform_p > 0.001
    (True, True)
    """
    from scipy import stats  # slow to import

    check_whole("n_replays", n_replays)
    names = [f"a/a {n}" for n in range(n_replays)] if salts is None else salts
    ids = [str(unit) for unit in units.unit]
    p_values = np.empty(len(names))
    for n, salt in enumerate(names):
        hashes = np.array([unit_hash(salt, unit) for unit in ids])
        treated = hashes < HASHES // 2
        (control, treatment), _ = metric_arms(metric, units, [~treated, treated])
        p_values[n] = effect(control, treatment, alpha).p_value
    found = stats.binomtest(int((p_values < alpha).sum()), len(p_values))
    interval = found.proportion_ci(method="wilson")
    rejected = Estimate(
        float(found.statistic), float(interval.low), float(interval.high)
    )
    uniform = float(stats.kstest(p_values, "uniform").pvalue)
    return Replay(rejected, p_values, uniform)


def _factor(spread: float, share: float, alpha: float, power: float) -> float:
    check_positive("spread", spread)
    for name, value in (("share", share), ("alpha", alpha), ("power", power)):
        if not 0 < value < 1:
            raise ValueError(f"{name} must be between 0 and 1, got {value!r}.")
    width = normal_critical(alpha) + float(special.ndtri(power))
    return float(width * spread / np.sqrt(share * (1 - share)))
