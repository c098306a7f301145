"""Fewer irrelevant rows to learn from, and the log-odds put right afterwards."""

import numpy as np

from lookalike._checks import check_positive
from lookalike._typing import Array, Ints


def downsample_negatives(
    y: Array, ratio: float, random_state: int = 0
) -> tuple[Ints, float]:
    r"""Keep every relevant row, and ``ratio`` irrelevant ones for each, at random.

    A model that learned from these thinks relevance likelier than it is. With a share w
    of the irrelevant rows kept, its odds are too high by the factor 1 / w, so that

    .. math:: \operatorname{logit} p = \operatorname{logit} q + \ln w

    puts its probability q right [1]_. No order changes.

    Parameters
    ----------
    y : ndarray of shape (n_rows,)
        Relevance; above 0 is relevant.
    ratio : float
        Irrelevant rows kept for each relevant one; all of them where there are fewer.
    random_state : int

    Returns
    -------
    rows : ndarray of int
        Places of the rows that are kept, in their order.
    shift : float
        ln w, to be added to log-odds.

    References
    ----------
    .. [1] He et al. (2014). "Practical lessons from predicting clicks on ads at
       Facebook". ADKDD, section 6.3.

    Examples
    --------
    >>> y = np.repeat([1, 0], [10, 990])
    >>> rows, shift = downsample_negatives(y, ratio=9)
    >>> len(rows), float(y[rows].mean()), round(float(np.exp(shift)), 3)
    (100, 0.1, 0.091)
    """
    check_positive("ratio", ratio)
    right = np.flatnonzero(np.asarray(y) > 0)
    wrong = np.flatnonzero(~(np.asarray(y) > 0))
    n = min(len(wrong), round(ratio * len(right)))
    if not n:
        raise ValueError("y must hold relevant rows (above 0) and others.")
    drawn = np.random.default_rng(random_state).choice(wrong, n, replace=False)
    return np.sort(np.concatenate([right, drawn])), float(np.log(n / len(wrong)))
