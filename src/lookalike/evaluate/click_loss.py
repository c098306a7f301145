"""Losses of probabilities of clicks: log loss, normalised cross entropy, by slice."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from lookalike._typing import Array, Floats
from lookalike.evaluate.interval import Estimate, bootstrap

_LEAST = 1e-12


def log_losses(chance: ArrayLike, clicked: ArrayLike) -> Floats:
    """Return minus the logarithm of the probability of what happened, (n_rows,).

    Raises
    ------
    ValueError
        If the columns differ in length, or hold other values.

    Examples
    --------
    >>> log_losses([0.5, 0.2], [1, 0])
    array([0.693, 0.223])
    """
    p, y = np.asarray(chance, np.float64), np.asarray(clicked)
    if p.ndim != 1 or p.shape != y.shape or not len(p):
        raise ValueError(
            f"Each click needs a probability, got shapes {p.shape} and {y.shape}."
        )
    if not ((p >= 0) & (p <= 1)).all() or not np.isin(y, (0, 1)).all():
        raise ValueError("Probabilities must lie in [0, 1], and clicks be 0 or 1.")
    p = np.clip(p, _LEAST, 1 - _LEAST)
    found: Floats = np.where(y == 1, -np.log(p), -np.log1p(-p))
    return found


def normalised_cross_entropy(chance: ArrayLike, clicked: ArrayLike) -> float:
    r"""Return the log loss over that of the rate of clicks alone; lower is better.

    .. math:: \frac{-\frac1n \sum_i y_i \ln p_i + (1 - y_i) \ln (1 - p_i)}
                   {-r \ln r - (1 - r) \ln (1 - r)}, \qquad r = \bar y

    1 is no better than knowing the rate, which a log loss alone hides where clicks are
    rare [1]_. The rate is that of the rows: nan where all or none are clicks.

    References
    ----------
    .. [1] He et al. (2014). "Practical lessons from predicting clicks on ads at
       Facebook". ADKDD, section 2.

    Examples
    --------
    >>> normalised_cross_entropy([0.25] * 4, [1, 0, 0, 0])
    1.0
    >>> round(normalised_cross_entropy([0.7, 0.1, 0.1, 0.1], [1, 0, 0, 0]), 3)
    0.299
    """
    return float(log_losses(chance, clicked).mean() / rate_entropy(clicked))


def rate_entropy(clicked: ArrayLike) -> float:
    """Return the log loss of the rate of clicks alone; nan where it is 0 or 1."""
    rate = float(np.asarray(clicked, np.float64).mean())
    if not 0 < rate < 1:
        return float("nan")
    return -(rate * float(np.log(rate)) + (1 - rate) * float(np.log1p(-rate)))


def cross_entropy_estimate(chance: ArrayLike, clicked: ArrayLike) -> Estimate:
    """Return the normalised cross entropy with its interval, of rows drawn again.

    Examples
    --------
    >>> y = np.arange(1000) % 4 == 0
    >>> cross_entropy_estimate(np.full(1000, 0.25), y).value
    1.0
    """
    losses, y = log_losses(chance, clicked), np.asarray(clicked, np.float64)
    return bootstrap(lambda loss, y: float(loss.mean() / rate_entropy(y)), losses, y)


def calibration_ratio(chance: ArrayLike, clicked: ArrayLike) -> Estimate:
    """Return the mean probability over the rate of clicks, 1 at best, with interval.

    Examples
    --------
    >>> y = np.arange(1000) % 10 == 0
    >>> calibration_ratio(np.full(1000, 0.12), y).value
    1.2
    """

    def ratio(p: Floats, y: Floats) -> float:
        return float(p.mean() / y.mean()) if y.any() else float("nan")

    return bootstrap(ratio, np.asarray(chance, float), np.asarray(clicked, float))


def calibration_by_slice(
    chance: Floats, clicked: Array, slices: Mapping[str, Array], least: int = 50
) -> dict[str, tuple[int, Estimate]]:
    """Return rows and calibration ratio of each slice with clicks enough to tell.

    slices : masks (n_rows,), by name
    least : clicks that a slice must have

    Examples
    --------
    >>> y = np.arange(1000) % 2 == 0
    >>> found = calibration_by_slice(np.full(1000, 0.5), y, {"all": y | True, "no": ~y})
    >>> {name: (n, round(ratio.value, 3)) for name, (n, ratio) in found.items()}
    {'all': (1000, 1.0)}
    """
    return {
        name: (int(rows.sum()), calibration_ratio(chance[rows], clicked[rows]))
        for name, rows in slices.items()
        if np.asarray(clicked)[rows].sum() >= least
    }
