"""Calibration: predicted probabilities against the frequency of correct answers."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lookalike._checks import check_whole
from lookalike._typing import Floats, Ints
from lookalike.evaluate.interval import Estimate

N_DRAWS = 4000


@dataclass(frozen=True)
class Reliability:
    """Mean confidence and accuracy of each bin; empty bins are left out."""

    confidence: Floats
    """(n_bins,), mean predicted probability."""
    accuracy: Floats
    """(n_bins,), share of correct answers."""
    counts: Ints
    """(n_bins,), number of answers."""


def reliability(
    confidence: ArrayLike, correct: ArrayLike, n_bins: int = 10
) -> Reliability:
    """Group answers by their predicted probability, in bins of equal width.

    Parameters
    ----------
    confidence : array-like of shape (n_answers,)
        Predicted probability of each answer, in [0, 1].
    correct : array-like of shape (n_answers,)
        Whether each answer is correct: True, False, 1 or 0.
    n_bins : int, default=10
        Bin k holds ``k / n_bins <= confidence < (k + 1) / n_bins``; 1 is in the last.

    Raises
    ------
    ValueError
        If the columns differ in length, are empty, or hold other values.

    Examples
    --------
    >>> found = reliability([0.91, 0.95, 0.55, 0.51], [1, 1, 1, 0])
    >>> found.confidence, found.accuracy, found.counts
    (array([0.53, 0.93]), array([0.5, 1. ]), array([2, 2]))
    """
    stated, is_correct = _columns(confidence, correct)
    check_whole("n_bins", n_bins)
    bins = np.minimum((stated * n_bins).astype(np.int64), n_bins - 1)
    counts = np.bincount(bins, minlength=n_bins)
    held = counts > 0
    confidences, accuracies = (
        np.bincount(bins, values, n_bins)[held] / counts[held]
        for values in (stated, is_correct)
    )
    return Reliability(confidences, accuracies, counts[held])


def expected_calibration_error(
    confidence: ArrayLike, correct: ArrayLike, n_bins: int = 10
) -> float:
    r"""Return the mean distance between confidence and accuracy, over the bins.

    .. math:: ECE = \sum_b \frac{n_b}{n} |\text{acc}_b - \text{conf}_b|

    It is biased: chance alone parts the two, so that it is above 0 for perfect
    probabilities too, and bootstrap intervals of it lie still higher.
    :func:`debiased_calibration_error` has neither fault.

    Parameters
    ----------
    confidence, correct, n_bins
        As in :func:`reliability`.

    References
    ----------
    .. [1] Guo, Pleiss, Sun and Weinberger (2017). "On calibration of modern neural
       networks". ICML.   (equation 3)

    Examples
    --------
    >>> expected_calibration_error([0.9, 0.9, 0.5, 0.5], [1, 1, 1, 0])
    0.05
    """
    found = reliability(confidence, correct, n_bins)
    gap = np.abs(found.accuracy - found.confidence)
    return float(gap @ found.counts / found.counts.sum())


def debiased_calibration_error(
    confidence: ArrayLike,
    correct: ArrayLike,
    n_bins: int = 10,
    level: float = 0.95,
    random_state: int = 0,
) -> Estimate:
    r"""Return the calibration error without what chance adds, and its interval.

    The observed error is compared with those of draws in which the gap of bin b is
    normal, with mean c times the observed gap and variance
    :math:`p_b (1 - p_b) / n_b`, where :math:`p_b` is the rate at that mean. The value
    is the error of the c for which half of the draws are above the observed error; the
    ends are those of the c for which the share is :math:`(1 - level) / 2`, above or
    below. An end is 0 where perfect probabilities give as large an error that often.

    Parameters
    ----------
    confidence, correct, n_bins
        As in :func:`reliability`.
    level : float, default=0.95
        Share of intervals that hold the true error of the bins, between 0 and 1.
    random_state : int, default=0
        Of the draws.

    Returns
    -------
    Estimate
        0 <= low <= value <= high.

    References
    ----------
    .. [1] Kumar, Liang and Ma (2019). "Verified uncertainty calibration". NeurIPS.
       (section 4, the bias)
    .. [2] Vaicenavicius et al. (2019). "Evaluating model calibration in
       classification". AISTATS. (draws under perfect calibration)

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> stated = rng.uniform(0.5, 1, 1500)
    >>> correct = rng.random(1500) < stated
    >>> round(expected_calibration_error(stated, correct), 3)
    0.021
    >>> print(debiased_calibration_error(stated, correct))
    0.0097 [0.0000, 0.0281]
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, got {level!r}.")
    found = reliability(confidence, correct, n_bins)
    gap, share = found.accuracy - found.confidence, found.counts / found.counts.sum()
    observed = float(np.abs(gap) @ share)
    rng = np.random.default_rng(random_state)
    drawn = rng.normal(size=(N_DRAWS, len(gap)))

    def above(c: float) -> float:
        rate = np.clip(found.confidence + c * gap, 0, 1)
        # One more answer, right as often as it is said: no bin is without chance.
        rate = (rate * found.counts + found.confidence) / (found.counts + 1)
        chance = drawn * np.sqrt(rate * (1 - rate) / found.counts)
        return float(np.mean(np.abs(c * gap + chance) @ share >= observed))

    tail = (1 - level) / 2
    low, value, high = (_least(above, each) for each in (tail, 0.5, 1 - tail))
    return Estimate(value * observed, low * observed, high * observed)


def _least(above: Callable[[float], float], share: float) -> float:
    """Return the least factor at or above which a share of the draws lies above."""
    if above(0.0) >= share:
        return 0.0
    low, high = 0.0, 1.0
    while above(high) < share:
        low, high = high, 2 * high
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (low, middle) if above(middle) >= share else (middle, high)
    return high


def _columns(confidence: ArrayLike, correct: ArrayLike) -> tuple[Floats, Floats]:
    stated = np.asarray(confidence, dtype=np.float64)
    is_correct = np.asarray(correct)
    if stated.ndim != 1 or stated.shape != is_correct.shape or len(stated) == 0:
        raise ValueError(
            "confidence and correct must be one value an answer, got shapes "
            f"{stated.shape} and {is_correct.shape}."
        )
    if not (stated >= 0).all() or not (stated <= 1).all():
        raise ValueError("confidence must lie between 0 and 1.")
    if not np.isin(is_correct, [0, 1]).all():
        raise ValueError("correct must be True or False, 1 or 0, for each answer.")
    return stated, is_correct.astype(np.float64)
