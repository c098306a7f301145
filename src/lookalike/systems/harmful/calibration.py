"""What scores of one kind mean: a probability, and the thresholds that hang on it.

Held-out posts turn scores into probabilities (Platt), choose from which probability on
the kind is named, and from which score on removing has its stated precision.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import expit

from lookalike._typing import Floats, Ints
from lookalike.evaluate import f1
from lookalike.evaluate.stated_precision import stated_precision
from lookalike.learn import LogisticRegression

FEWEST = 4
"""Held-out labels of each sort from which on scores have probabilities of their own."""
TRIED = 50
"""Probabilities that are tried as the least one of a named kind."""
N_BINS = 10
"""Of probabilities, in which held-out posts are counted."""


@dataclass(frozen=True)
class Calibration:
    """From a score to the logarithm of odds, and from where on what is done."""

    slope: float = 1.0
    offset: float = 0.0
    named_from: float = 0.5
    """Least probability at which the kind is named."""
    removable: float = float("inf")
    """Least score at which the stated precision holds, infinity where none does."""


def calibrated(
    scores: Floats, labels: Floats, is_any: bool, precision: float, doubt: float
) -> Calibration:
    """Return what held-out scores say; the plain one where there are too few labels.

    labels : 1 harmful, 0 not
    is_any : whether the kind is harm of any kind, whose threshold has the best mean F1
        of harmful and harmless posts
    """
    n_harmful = int(labels.sum())
    if min(n_harmful, len(labels) - n_harmful) < FEWEST:
        return Calibration()
    platt = LogisticRegression(C=100.0, max_iter=500)
    platt.fit(scores[:, None], labels.astype(np.int64))
    slope, offset = max(float(platt.coef_[0, 0]), 1e-3), float(platt.intercept_[0])
    return Calibration(
        slope,
        offset,
        best_threshold(labels, expit(scores * slope + offset), is_any),
        stated_precision(labels, scores, precision, doubt).threshold,
    )


def bins(shares: Floats) -> Ints:
    """Return the bin of each probability.

    Examples
    --------
    >>> bins(np.array([0.0, 0.19, 0.2, 1.0]))
    array([0, 1, 2, 9])
    """
    found: Ints = np.minimum((shares * N_BINS).astype(np.int64), N_BINS - 1)
    return found


def best_threshold(labels: Floats, shares: Floats, macro: bool) -> float:
    """Return the probability from which on naming a kind has the best F1.

    macro : whether F1 is the mean of that of harmful and that of harmless posts

    Examples
    --------
    >>> best_threshold(np.array([0, 0, 1, 1]), np.array([0.1, 0.3, 0.5, 0.8]), False)
    0.4
    """
    wanted = labels.astype(np.int64)
    grid = np.quantile(shares, np.linspace(0.0, 1.0, TRIED), method="nearest")
    tried = np.unique(grid)
    average: Literal["macro", "binary"] = "macro" if macro else "binary"
    found = [
        float(
            f1(
                wanted,
                (shares >= least).astype(np.int64),
                average=average,
                zero_division=0.0,
            )
        )
        for least in tried
    ]
    best = int(np.argmax(found))
    # Between the last that is named and the first that is not.
    return float(tried[max(best - 1, 0) : best + 1].mean())
