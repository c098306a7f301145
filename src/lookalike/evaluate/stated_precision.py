"""Thresholds at which a stated precision holds: "at least 0.95" with stated doubt.

The threshold that has precision 0.95 on some labelled rows has less on others half of
the time. Here each threshold is tested, and one counts only where a precision below
the stated one would have been refused.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lookalike._typing import Floats
from lookalike.evaluate.interval import share_lower_bound

N_THRESHOLDS = 20


@dataclass(frozen=True)
class StatedPrecision:
    """A threshold, and what is known of the rows from it on."""

    threshold: float
    """Scores of at least this; infinity where no threshold is good enough."""
    precision: float
    """Of the labelled rows from the threshold on, nan without any."""
    low: float
    """Lower end of its one-sided interval (Clopper-Pearson), 0 without any."""
    n: int
    """Labelled rows from the threshold on."""


def stated_precision(
    label: ArrayLike,
    score: ArrayLike,
    precision: float = 0.95,
    doubt: float = 0.05,
    n_thresholds: int = N_THRESHOLDS,
) -> StatedPrecision:
    r"""Return the lowest threshold from which on a stated precision holds.

    A few thresholds are tried, and each has its share of the doubt (Bonferroni [1]_),
    so that the chance that the precision at the answer is below the stated one is at
    most ``doubt``, whichever is chosen; see [2]_ for risks in general. They are
    scores, chosen without a look at the labels: the first has the fewest rows that can
    pass at all, :math:`n \ge \ln(\text{doubt} / m) / \ln \text{precision}`, the last
    has all of them, and the number of rows grows from each to the next by one factor.

    Parameters
    ----------
    label : array-like of shape (n_rows,)
        1 or True where positive.
    score : array-like of shape (n_rows,)
        Higher is more likely positive.
    precision : float, default=0.95
        What is stated, between 0 and 1.
    doubt : float, default=0.05
        Chance that it does not hold, between 0 and 1.
    n_thresholds : int, default=20
        How many are tried.

    References
    ----------
    .. [1] Dunn (1961). "Multiple comparisons among means". Journal of the American
       Statistical Association 56.
    .. [2] Angelopoulos, Bates, Candès, Jordan and Lei (2021). "Learn then test:
       calibrating predictive algorithms to achieve risk control". arXiv 2110.01052.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> score = rng.random(4000)
    >>> label = rng.random(4000) < score
    >>> found = stated_precision(label, score, 0.9)
    >>> round(found.threshold, 2), round(found.low, 2)  # it holds from 0.8 on
    (0.89, 0.92)
    >>> stated_precision(label[:20], score[:20]).threshold  # too few rows to say so
    inf
    """
    positive, scores = np.asarray(label).astype(bool), np.asarray(score, np.float64)
    if positive.shape != scores.shape or scores.ndim != 1:
        raise ValueError(
            "label and score must be one value a row, got shapes "
            f"{positive.shape} and {scores.shape}."
        )
    for name, value in (("precision", precision), ("doubt", doubt)):
        if not 0 < value < 1:
            raise ValueError(f"{name} must lie between 0 and 1, got {value!r}.")
    best = StatedPrecision(float("inf"), float("nan"), 0.0, 0)
    least = int(np.ceil(np.log(doubt / n_thresholds) / np.log(precision)))
    if len(scores) < least:
        return best
    order = np.argsort(-scores, kind="stable")
    ranked, right = scores[order], np.cumsum(positive[order])
    for n in np.unique(np.geomspace(least, len(scores), n_thresholds).astype(int)):
        threshold = ranked[n - 1]
        # Rows of the same score come along.
        shown = int(np.searchsorted(-ranked, -threshold, side="right"))
        low = share_lower_bound(int(right[shown - 1]), shown, doubt / n_thresholds)
        if low >= precision:
            share = float(right[shown - 1] / shown)
            best = StatedPrecision(float(threshold), share, low, shown)
    return best


def holds(
    found: StatedPrecision, label: Floats, score: Floats, precision: float
) -> bool:
    """Whether other rows from the threshold on have the precision; True of none."""
    shown = np.asarray(score) >= found.threshold
    return not shown.any() or float(np.asarray(label)[shown].mean()) >= precision
