"""Downsampling of irrelevant rows, with the correction of the log-odds."""

import numpy as np

from lookalike._checks import check_positive
from lookalike._typing import Array, Ints
from lookalike.rank.ranker import is_relevant


def downsample_negatives(
    y: Array, ratio: float, random_state: int = 0
) -> tuple[Ints, float]:
    r"""Keep all relevant rows, and ``ratio`` random irrelevant ones for each.

    A model that is fitted on these rows overestimates relevance. With a share w of the
    irrelevant rows kept, its odds are too high by the factor 1 / w, so that

    .. math:: \operatorname{logit} p = \operatorname{logit} q + \ln w

    corrects its probability q [1]_. The order of scores does not change.

    Parameters
    ----------
    y : ndarray of shape (n_rows,)
        Relevance; rows above 0 are relevant.
    ratio : float
        Irrelevant rows that are kept for each relevant one, all where there are fewer.
    random_state : int

    Returns
    -------
    rows : ndarray of int
        Positions of the rows that are kept, ascending.
    shift : float
        :math:`\ln w`, to be added to log-odds.

    Raises
    ------
    ValueError
        If all rows are relevant or none, or if ``ratio`` keeps no irrelevant row.

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
    relevant = is_relevant(np.asarray(y))
    kept, others = np.flatnonzero(relevant), np.flatnonzero(~relevant)
    n = min(len(others), round(ratio * len(kept)))
    if n < 1:
        raise ValueError(
            f"ratio must keep an irrelevant row or more, got {ratio!r} for each of "
            f"{len(kept)} relevant rows."
        )
    drawn = np.random.default_rng(random_state).choice(others, n, replace=False)
    return np.sort(np.concatenate([kept, drawn])), float(np.log(n / len(others)))
