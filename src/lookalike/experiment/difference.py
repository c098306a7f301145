"""The difference of two arms, absolute and relative, with intervals.

References
----------
.. [1] Welch (1947). "The generalization of 'Student's' problem when several different
   population variances are involved". Biometrika 34.
.. [2] Fieller (1954). "Some problems in interval estimation". Journal of the Royal
   Statistical Society B 16(2).
"""

from dataclasses import dataclass

import numpy as np
from scipy import special

from lookalike._typing import Array, Floats
from lookalike.evaluate.interval import Estimate
from lookalike.experiment.arms import Arm


@dataclass(frozen=True)
class Effect:
    """Treatment less control.

    control, treatment : Arm
    difference : treatment less control, with its interval
    relative : the difference over the control's value; its interval is infinite where
        the control's value may be 0
    standard_error : of the difference
    z : the difference in standard errors
    p_value : two-sided, of no difference, as if it were looked at once
    """

    control: Arm
    treatment: Arm
    difference: Estimate
    relative: Estimate
    standard_error: float
    z: float
    p_value: float


def effect(
    control: Arm,
    treatment: Arm,
    alpha: float = 0.05,
    critical: float | None = None,
) -> Effect:
    """Return the difference of two arms.

    Parameters
    ----------
    control, treatment : Arm
    alpha : float, default=0.05
        The intervals miss the truth with this probability.
    critical : float, optional
        Standard errors on each side of the interval, as a sequential method gives
        them; None is Student's, with Welch's degrees of freedom [1]_.

    Raises
    ------
    ValueError
        If an arm has no units, or neither has any variance.

    Examples
    --------
    >>> found = effect(Arm(1000, 0.10, 0.0095), Arm(1000, 0.13, 0.0106))
    >>> print(found.difference, found.relative)
    0.0300 [0.0021, 0.0579] 0.3000 [0.0185, 0.6750]
    >>> round(found.p_value, 3)
    0.035
    """
    for name, arm in (("control", control), ("treatment", treatment)):
        if arm.n < 1:
            raise ValueError(f"the arm {name} has no units: nothing to compare.")
    error = float(np.hypot(control.standard_error, treatment.standard_error))
    if not error > 0:
        raise ValueError(
            "zero variance: every unit of an arm has the same value, "
            f"{control.value:g} and {treatment.value:g}, and no interval is valid."
        )
    freedom = welch(control, treatment)
    width = _student(freedom, 1 - alpha / 2) if critical is None else critical
    difference = treatment.value - control.value
    z = difference / error
    interval = Estimate(
        difference, difference - width * error, difference + width * error
    )
    p_value = float(2 * special.stdtr(freedom, -abs(z)))
    relative = relative_lift(control, treatment, width)
    return Effect(control, treatment, interval, relative, error, z, p_value)


def relative_lift(control: Arm, treatment: Arm, critical: float) -> Estimate:
    """Return treatment over control less 1, with the interval of Fieller [2]_.

    It has those ratios r for which treatment - r * control is less than ``critical``
    standard errors from 0. Where the control is less than ``critical`` standard errors
    from 0, no finite interval is valid, and it is (-inf, inf).

    Examples
    --------
    >>> print(relative_lift(Arm(9, 1.0, 0.6), Arm(9, 2.0, 0.6), 1.96))
    1.0000 [-inf, inf]
    """
    c, t = control.value, treatment.value
    vc, vt = control.standard_error**2, treatment.standard_error**2
    lift = t / c - 1 if c else float("nan")
    square = critical**2
    a = c**2 - square * vc
    inside = square * (vt * c**2 + vc * t**2 - square * vc * vt)
    if a <= 0 or inside < 0 or not np.isfinite(square):
        return Estimate(lift, -np.inf, np.inf)
    root = float(np.sqrt(inside))
    ends = sorted(((c * t - root) / a - 1, (c * t + root) / a - 1))
    return Estimate(lift, *ends)


def welch(control: Arm, treatment: Arm) -> float:
    """Return Welch's degrees of freedom [1]_, at least 1."""
    vc, vt = control.standard_error**2, treatment.standard_error**2
    below = vc**2 / max(1, control.n - 1) + vt**2 / max(1, treatment.n - 1)
    return max(1.0, (vc + vt) ** 2 / below) if below > 0 else 1.0


def normal_critical(alpha: float) -> float:
    """Return the two-sided critical value of a normal variable, 1.96 for 0.05."""
    return float(-special.ndtri(alpha / 2))


def two_sided_p(z: Array) -> Floats:
    """Return the two-sided p-values of normal variables, of any shape."""
    found: Floats = 2 * special.ndtr(-np.abs(z))
    return found


def _student(freedom: float, share: float) -> float:
    return float(special.stdtrit(freedom, share))
