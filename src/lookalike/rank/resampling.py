"""Downsampling of irrelevant rows, with the correction of the log-odds."""

from collections.abc import Callable

import numpy as np

from lookalike._checks import check_positive, check_whole
from lookalike._typing import Array, Floats, Ints
from lookalike.rank.calibration import Calibration
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


def thinned_calibration(
    score: Callable[[Ints, Ints], Floats],
    y: Array,
    rows: Ints,
    shift: float,
    n_folds: int = 4,
) -> Calibration:
    r"""Calibrate what is learned from thinned rows, by all rows, by cross-fitting.

    Few rows are learned by heart a little. Of rows that were not learned from the
    log-odds then spread too widely, and the mean of their probabilities is too high
    though the shift is the right one: where probabilities are small,
    :math:`p \approx e^s`, and the mean of :math:`e^s` grows with the variance of s.
    So each row has the log-odds of a model that has not learned from its fold, and
    Platt's slope, below 1 then, and intercept are learned from all rows.

    Parameters
    ----------
    score : callable
        Learns from rows (their numbers), and returns log-odds of other rows.
    y : ndarray of shape (n_rows,)
        Clicks, 0 or 1, of all rows.
    rows, shift
        As ``downsample_negatives`` returns them.
    n_folds : int, default=4
        Each is learned without once.

    Returns
    -------
    Calibration
        Of log-odds of a model that has learned from ``rows``, the shift added.

    Examples
    --------
    >>> y = np.repeat([1, 0], [1000, 39000])
    >>> rows, shift = downsample_negatives(y, ratio=1)
    >>> def score(learned, asked):  # by heart a little: of no row but the learned
    ...     return np.random.default_rng(0).normal(0, 1, len(asked))
    >>> model = thinned_calibration(score, y, rows, shift)
    >>> odds = score(rows, np.arange(40_000)) + shift
    >>> p = 1 / (1 + np.exp(-odds))
    >>> round(float(p.mean()), 3), round(float(model.chances(odds).mean()), 3)
    (0.039, 0.026)
    """
    check_whole("n_folds", n_folds, least=2)
    odds, fold = np.zeros(len(y)), np.arange(len(y)) % n_folds
    for each in range(n_folds):
        asked = np.flatnonzero(fold == each)
        odds[asked] = score(rows[fold[rows] != each], asked)
    return Calibration("platt").fit(odds + shift, y)
