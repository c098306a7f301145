"""Calibration: predicted probabilities against the frequency of correct answers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lookalike._checks import check_whole
from lookalike._typing import Floats, Ints


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
