"""CUPED: the same answer from fewer units, by what was known of them before.

What a unit did before the experiment predicts a part of what it does in it, and that
part is not an effect. Taking it away lowers the variance by the share rho**2 that the
covariates explain, and moves nothing on average, because assignment knows nothing of
them [1]_. This is so only for covariates of *before*: one that the treatment can change
takes a part of the effect away.

References
----------
.. [1] Deng, Xu, Kohavi and Walker (2013). "Improving the sensitivity of online
   controlled experiments by utilizing pre-experiment data". WSDM.
.. [2] Lin (2013). "Agnostic notes on regression adjustments to experimental data:
   reexamining Freedman's critique". Annals of Applied Statistics 7(1). (several
   covariates)
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from lookalike._typing import Floats
from lookalike.experiment.arms import Arm, linearised
from lookalike.experiment.moments import Moments


@dataclass(frozen=True)
class Adjusted:
    """Arms without what the covariates explain.

    arms : one an arm, in the order given
    slopes : float64 (n_covariates,), what a unit of each covariate adds to the metric
    variance_left : variance of the difference over that without covariates, in [0, 1]
        up to chance; 1 - rho**2
    """

    arms: tuple[Arm, ...]
    slopes: Floats
    variance_left: float


def adjusted_arms(arms: Sequence[Moments], is_ratio: bool = False) -> Adjusted:
    """Return means or ratios adjusted for covariates.

    The slopes are the least-squares ones within arms, the same in all arms, so that
    the difference of two arms keeps its meaning.

    Parameters
    ----------
    arms : sequence of Moments
        The first column is the metric; of a ratio, the first two are numerator and
        denominator. All others are covariates, known before the assignment.
    is_ratio : bool, default=False

    Raises
    ------
    ValueError
        If there is no covariate.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> before = rng.normal(size=(2, 1000))
    >>> during = 0.8 * before + 0.6 * rng.normal(size=(2, 1000)) + [[0], [0.1]]
    >>> found = adjusted_arms([Moments.of(y, x) for y, x in zip(during, before)])
    >>> found.slopes.round(1), round(found.variance_left, 1)
    (array([0.8]), 0.4)
    >>> control, treatment = found.arms
    >>> round(treatment.value - control.value, 2)
    0.15
    """
    n_own = 2 if is_ratio else 1
    n_covariates = len(arms[0].mean) - n_own
    if n_covariates < 1:
        raise ValueError("an adjustment needs at least one covariate, got none.")
    parts = [_linear(arm, n_own) for arm in arms]
    products = np.sum([part.products for _, part in parts], axis=0)
    slopes = np.linalg.lstsq(products[1:, 1:], products[1:, 0], rcond=1e-10)[0]
    n = sum(arm.n for arm in arms)
    centre = np.sum([part.mean[1:] * part.n for _, part in parts], axis=0) / n
    weights = np.concatenate([[1.0], -slopes])
    found, before, after = [], 0.0, 0.0
    for value, part in parts:
        variance = max(0.0, float(weights @ part.covariance @ weights))
        before += float(part.covariance[0, 0]) / part.n
        after += variance / part.n
        moved = value - float(slopes @ (part.mean[1:] - centre))
        found.append(Arm(part.n, moved, float(np.sqrt(variance / part.n))))
    left = after / before if before > 0 else 1.0
    return Adjusted(tuple(found), slopes, left)


def check_before(name: str, measured_until: ArrayLike, assigned_at: ArrayLike) -> None:
    """Refuse a covariate that was measured after a unit was assigned.

    Parameters
    ----------
    name : str
    measured_until, assigned_at : array-like (n_units,)
        Seconds, of the last event that is in the covariate, and of the assignment.

    Raises
    ------
    ValueError
        If any unit's covariate is of after; the sentence says how many.

    Examples
    --------
    >>> check_before("visits", [10, 20], [15, 15])
    Traceback (most recent call last):
    ...
    ValueError: the covariate visits must be of before the assignment, but in 1 of 2
    units it has events of after it.
    """
    late = np.asarray(measured_until, np.float64) > np.asarray(assigned_at, np.float64)
    if late.any():
        raise ValueError(
            f"the covariate {name} must be of before the assignment, but in "
            f"{int(late.sum())} of {late.size} units it has events of after it."
        )


def balance_p_value(control: Moments, treatment: Moments) -> float:
    """Return the p-value that the covariates of two arms have the same means.

    A covariate of before differs by chance alone. A small p-value says that it is of
    after, or that units were lost. Wald's test; the columns are covariates.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> before = rng.normal(size=(2, 2000))
    >>> same = [Moments.of(x) for x in before]
    >>> changed = [same[0], Moments.of(before[1] + 0.2)]
    >>> balance_p_value(*same) > 0.001, balance_p_value(*changed) > 0.001
    (True, False)
    """
    apart = treatment.mean - control.mean
    covariance = control.covariance / control.n + treatment.covariance / treatment.n
    inverse = np.linalg.pinv(covariance, rcond=1e-10, hermitian=True)
    rank = np.linalg.matrix_rank(covariance, rtol=1e-10, hermitian=True)
    if not rank:
        return 1.0
    return float(special.chdtrc(rank, float(apart @ inverse @ apart)))


def _linear(arm: Moments, n_own: int) -> tuple[float, Moments]:
    """The arm's value, and its moments with one column of what each unit counts as."""
    if n_own == 1:
        return float(arm.mean[0]), arm
    value, own = linearised(arm)
    n_covariates = len(arm.mean) - 2
    weights = np.zeros((1 + n_covariates, 2 + n_covariates))
    weights[0, :2] = own
    weights[1:, 2:] = np.eye(n_covariates)
    return value, Moments(arm.n, weights @ arm.mean, weights @ arm.products @ weights.T)
