"""One arm's value of a metric and its standard error: means, rates, ratios, quantiles.

References
----------
.. [1] Agresti and Caffo (2000). "Simple and effective confidence intervals for
   proportions and differences of proportions result from adding two successes and two
   failures". The American Statistician 54(4).
.. [2] Deng, Knoblich and Lu (2018). "Applying the delta method in metric analytics: a
   practical guide with novel ideas". KDD. (sections 3 and 4: ratios; quantiles of units
   with several observations)
.. [3] Woodruff (1952). "Confidence intervals for medians and other position measures".
   Journal of the American Statistical Association 47(260).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lookalike._typing import Array, Floats
from lookalike.experiment.moments import Moments

WOODRUFF = 1.96
"""Standard errors of the share at which the two order statistics are read whose
distance is the standard error of a quantile."""


@dataclass(frozen=True)
class Arm:
    """What one variant reached.

    n : units
    value : the metric
    standard_error : of the value, over units
    """

    n: int
    value: float
    standard_error: float


def mean_arm(moments: Moments) -> Arm:
    """Return the mean of the first column.

    Examples
    --------
    >>> mean_arm(Moments.of([1.0, 2.0, 3.0, 6.0]))
    Arm(n=4, value=3.0, standard_error=1.08)
    """
    variance = moments.covariance[0, 0]
    return Arm(moments.n, float(moments.mean[0]), float(np.sqrt(variance / moments.n)))


def rate_arm(n: int, successes: float) -> Arm:
    """Return a share of n units, with the variance of Agresti and Caffo [1]_.

    One success and one failure are added for the standard error, so that no success in
    100 units is not taken for certainty.

    Raises
    ------
    ValueError
        If there are fewer than no or more than n successes.

    Examples
    --------
    >>> rate_arm(98, 0)
    Arm(n=98, value=0.0, standard_error=0.00995)
    """
    if not 0 <= successes <= n or n < 1:
        raise ValueError(
            f"successes must be from 0 to the number of units, got {successes:g} of "
            f"{n}."
        )
    share = (successes + 1) / (n + 2)
    return Arm(n, successes / n, float(np.sqrt(share * (1 - share) / (n + 2))))


def ratio_arm(moments: Moments) -> Arm:
    """Return the sum of the first column over that of the second, by the delta method.

    With R the ratio, a unit with y and x counts as (y - R x) / mean(x) [2]_.

    Raises
    ------
    ValueError
        If the second column has the mean 0.

    Examples
    --------
    >>> clicks, queries = [1.0, 0.0, 3.0, 2.0], [2.0, 1.0, 4.0, 5.0]
    >>> ratio_arm(Moments.of(clicks, queries))
    Arm(n=4, value=0.5, standard_error=0.118)
    """
    value, weights = linearised(moments)
    variance = float(weights @ moments.covariance[:2, :2] @ weights)
    return Arm(moments.n, value, float(np.sqrt(max(0.0, variance) / moments.n)))


def linearised(moments: Moments) -> tuple[float, Floats]:
    """Return a ratio and the weights (2,) of the columns in what a unit counts as."""
    y, x = float(moments.mean[0]), float(moments.mean[1])
    if x == 0:
        raise ValueError("the denominator of a ratio must not be 0 in all units.")
    value = y / x
    return value, np.array([1.0, -value]) / x


def quantile_arm(
    values: ArrayLike, quantile: float, units: ArrayLike | None = None
) -> Arm:
    """Return a quantile, its standard error from order statistics [3]_.

    The share of values up to the quantile has a known standard error s; the quantiles
    at the shares q - 1.96 s and q + 1.96 s lie 2 * 1.96 of its own apart. Where a
    unit has several values, s is that of a ratio over units [2]_.

    Parameters
    ----------
    values : array-like (n_values,)
    quantile : float in (0, 1)
    units : array-like (n_values,), optional
        The unit of each value; None is one value a unit.

    Raises
    ------
    ValueError
        If there are too few values for the quantile: it needs order statistics on both
        sides.

    Examples
    --------
    >>> quantile_arm(np.arange(1.0, 1001), 0.5)
    Arm(n=1000, value=500.5, standard_error=15.8)
    """
    found = np.sort(np.asarray(values, np.float64))
    if not len(found) or not np.isfinite(found).all():
        raise ValueError("a quantile needs finite values, at least one.")
    value = float(np.quantile(found, quantile))
    n = len(found)
    if units is None:
        n_units, error = n, float(np.sqrt(quantile * (1 - quantile) / n))
    else:
        n_units, error = _clustered(np.asarray(values), value, np.asarray(units))
    low, high = quantile - WOODRUFF * error, quantile + WOODRUFF * error
    if low * n < 1 or (1 - high) * n < 1:
        raise ValueError(
            f"the quantile {quantile:g} needs values on both sides of it: {n} are too "
            "few."
        )
    ends = np.quantile(found, [low, high])
    return Arm(n_units, value, float((ends[1] - ends[0]) / (2 * WOODRUFF)))


def _clustered(values: Array, value: float, units: Array) -> tuple[int, float]:
    """Number of units, and the standard error of the share of values up to a value."""
    _, code = np.unique(units, return_inverse=True)
    size = np.bincount(code).astype(np.float64)
    below = np.bincount(code, weights=values <= value)
    arm = ratio_arm(Moments.of(below, size))
    return arm.n, arm.standard_error
