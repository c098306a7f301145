"""Area under the ROC curve, by ranks, with its standard errors.

References
----------
.. [1] Hanley and McNeil (1982). "The meaning and use of the area under a receiver
   operating characteristic (ROC) curve". Radiology 143(1).
.. [2] DeLong, DeLong and Clarke-Pearson (1988). "Comparing the areas under two or more
   correlated receiver operating characteristic curves". Biometrics 44(3).
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata

from lookalike._typing import Array, Floats


def roc_auc(label: ArrayLike, score: ArrayLike) -> float:
    """Chance that a positive row has a greater score than a negative; ties are halves.

    Parameters
    ----------
    label : array-like of shape (n_rows,), true or false, both at least once
    score : array-like of shape (n_rows,)

    Examples
    --------
    >>> roc_auc([0, 1, 0, 1], [0.1, 0.9, 0.4, 0.4])
    0.875
    """
    positive, scores = _checked(label, score)
    n = int(positive.sum())
    ranks = rankdata(scores)[positive].sum()
    return float((ranks - n * (n + 1) / 2) / (n * (len(scores) - n)))


def roc_auc_error(label: ArrayLike, score: ArrayLike) -> float:
    """Return the standard error of :func:`roc_auc`, by DeLong's placements.

    Examples
    --------
    >>> label = np.arange(400) % 2
    >>> round(roc_auc_error(label, np.arange(400) * 7 % 400), 3)
    0.029
    """
    positive, scores = _checked(label, score)
    whole = rankdata(scores)
    parts = 0.0
    n_other = {True: int((~positive).sum()), False: int(positive.sum())}
    for side in (True, False):
        own = positive if side else ~positive
        # How many of the other kind are below, as a share.
        placement = (whole[own] - rankdata(scores[own])) / n_other[side]
        if len(placement) > 1:
            parts += float(placement.var(ddof=1)) / len(placement)
    return float(np.sqrt(parts))


def _checked(label: ArrayLike, score: ArrayLike) -> tuple[Array, Floats]:
    positive, scores = np.asarray(label).astype(bool), np.asarray(score, np.float64)
    if positive.shape != scores.shape or positive.ndim != 1:
        raise ValueError(
            "label and score must be columns with the same rows, got the shapes "
            f"{positive.shape} and {scores.shape}."
        )
    if positive.all() or not positive.any():
        raise ValueError("Both labels must occur: an area needs a pair of them.")
    return positive, scores
