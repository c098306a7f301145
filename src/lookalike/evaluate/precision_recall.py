"""The area under the curve of precision against recall, which rare classes need.

At one harmful post in a hundred a model with a ROC area of 0.95 may still be wrong in
nine of ten of its alarms; precision shows that, and the ROC curve does not.

References
----------
.. [1] Davis and Goadrich (2006). "The relationship between precision-recall and ROC
   curves". ICML.
.. [2] Saito and Rehmsmeier (2015). "The precision-recall plot is more informative than
   the ROC plot when evaluating binary classifiers on imbalanced datasets". PLOS ONE.
"""

import numpy as np
from numpy.typing import ArrayLike

from lookalike._typing import Floats


def pr_auc(
    label: ArrayLike, score: ArrayLike, sample_weight: ArrayLike | None = None
) -> float:
    r"""Return the average precision of scores: the area under precision and recall.

    .. math:: \sum_n (R_n - R_{n-1}) P_n

    over the distinct scores from the highest down, without interpolation.

    Parameters
    ----------
    label : array-like of shape (n_rows,)
        1 or True where positive.
    score : array-like of shape (n_rows,)
        Higher is more likely positive; equal scores count as one step.
    sample_weight : array-like of shape (n_rows,), optional

    Returns
    -------
    float
        In [0, 1]; the share of positives for scores that say nothing, and 0 where
        there is no positive.

    Notes
    -----
    O(n log n). The values are those of scikit-learn's ``average_precision_score``.

    Examples
    --------
    >>> round(pr_auc([0, 1, 0, 1], [0.1, 0.9, 0.4, 0.3]), 3)
    0.833
    """
    positive, scores = np.asarray(label, np.float64), np.asarray(score, np.float64)
    if positive.ndim != 1 or positive.shape != scores.shape or not len(scores):
        raise ValueError(
            "label and score must be one number a row, got shapes "
            f"{positive.shape} and {scores.shape}."
        )
    if not np.isin(positive, (0, 1)).all() or np.isnan(scores).any():
        raise ValueError("label must hold 0 and 1 alone, and score no nan.")
    weights: Floats = np.ones(len(scores))
    if sample_weight is not None:
        weights = np.asarray(sample_weight, np.float64)
    order = np.argsort(-scores, kind="stable")
    ranked, weight = scores[order], weights[order]
    found = np.cumsum(weight * positive[order])
    shown = np.cumsum(weight)
    last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    if found[-1] == 0:
        return 0.0
    gained = np.diff(found[last], prepend=0.0)
    return float((gained * found[last] / shown[last]).sum() / found[-1])
