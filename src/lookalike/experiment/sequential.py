"""When a result may be looked at, and what that costs.

- ``fixed``: once, when all planned units are in. Looking earlier is for faults only.
- ``group_sequential``: as often as you like up to the planned units; it may end early.
- ``always_valid``: as often and as long as you like; nothing need be planned.

``price`` tells what each costs: the power at the same number of units, and how many of
them are needed on average.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from lookalike._typing import Floats
from lookalike.experiment.always_valid import mixture_bound
from lookalike.experiment.definition import METHODS
from lookalike.experiment.difference import normal_critical
from lookalike.experiment.spending import crossing, group_bounds


def bounds_of(method: str, shares: Sequence[float], alpha: float = 0.05) -> Floats:
    """Return the bound of each look in standard errors, infinite where none is valid.

    Parameters
    ----------
    method : {"fixed", "group_sequential", "always_valid"}
    shares : sequence of float (n_looks,)
        Units at each look over the planned ones, rising.
    alpha : float, default=0.05

    Examples
    --------
    >>> for method in ("fixed", "group_sequential", "always_valid"):
    ...     print(method, bounds_of(method, [0.5, 1.0]).round(2))
    fixed [ inf 1.96]
    group_sequential [2.96 1.97]
    always_valid [3.08 3.04]
    """
    if method == "group_sequential":
        return group_bounds(shares, alpha)
    if method == "always_valid":
        return mixture_bound(shares, alpha)
    if method == "fixed":
        at_end = np.asarray(shares) >= 1
        return np.where(at_end, normal_critical(alpha), np.inf)
    raise ValueError(f"method must be one of {', '.join(METHODS)}, got {method!r}.")


@dataclass(frozen=True)
class Price:
    """What a method costs, against a fixed test of the same size.

    power : probability of finding the effect within the planned units
    size : units needed on average if there is the effect, over the planned ones
    bound : standard errors at the end, 1.96 for a fixed test at 5%
    """

    method: str
    power: float
    size: float
    bound: float

    def __str__(self) -> str:
        return (
            f"{self.method}: finds the effect in {self.power:.0%}, on average with "
            f"{self.size:.0%} of the units; intervals at the end reach "
            f"{self.bound:.2f} standard errors."
        )


def price(
    method: str, n_looks: int = 20, alpha: float = 0.05, power: float = 0.8
) -> Price:
    """Return what a method costs where a fixed test of the same size has a power.

    Exact for normal estimates, by numerical integration; ``n_looks`` equally spaced.

    Examples
    --------
    >>> for method in ("fixed", "group_sequential", "always_valid"):
    ...     print(price(method))
    fixed: finds the effect in 80%, on average with 100% of the units; intervals at the
    end reach 1.96 standard errors.
    group_sequential: finds the effect in 78%, on average with 76% of the units;
    intervals at the end reach 2.12 standard errors.
    always_valid: finds the effect in 49%, on average with 82% of the units; intervals
    at the end reach 3.04 standard errors.
    """
    shares = np.arange(1, n_looks + 1) / n_looks
    drift = normal_critical(alpha) + float(special.ndtri(power))
    if method == "fixed":
        return Price(method, power, 1.0, normal_critical(alpha))
    bounds = bounds_of(method, shares.tolist(), alpha)
    found = crossing(shares.tolist(), bounds, drift)
    return Price(method, found.power, found.size, float(bounds[-1]))
