"""Importance sampling: estimates for one distribution from draws of another."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lookalike._checks import check_whole
from lookalike._typing import Floats
from lookalike.features.sampling.alias import AliasTable
from lookalike.features.sampling.stratified import WeightedRows


@dataclass(frozen=True)
class ImportanceEstimate:
    """A mean under the target, and its uncertainty."""

    mean: float
    standard_error: float
    effective_size: float  # draws from the target of the same variance


def importance_mean(
    values: ArrayLike,
    log_target: ArrayLike,
    log_proposal: ArrayLike,
    normalised: bool = False,
) -> ImportanceEstimate:
    r"""Estimate a mean under a target from draws of a proposal.

    With ratios :math:`w_i = p(x_i) / q(x_i)`,

    .. math:: \hat\mu = \frac{1}{n} \sum_i w_i f(x_i)
              \qquad\text{or}\qquad
              \hat\mu = \sum_i w_i f(x_i) \Big/ \sum_i w_i .

    The second form, self-normalised, needs the densities only up to constants; it is
    biased by O(1/n). The effective size is :math:`(\sum w)^2 / \sum w^2`; when it is a
    small part of n, few draws dominate and the standard error is too small.

    Parameters
    ----------
    values : array-like of shape (n,)
        The quantity f at each draw.
    log_target, log_proposal : array-like of shape (n,)
        Logarithms of p and q at each draw; -inf is allowed for the target.
    normalised : bool, default=False
        Take the self-normalised form.

    References
    ----------
    .. [1] Owen (2013). "Monte Carlo theory, methods and examples", chapter 9,
       equations 9.3, 9.7 and 9.13.

    Examples
    --------
    The mean of a die from throws of a loaded one:

    >>> from lookalike.features.sampling import importance_mean
    >>> throws, fair = [1, 2, 3, 4, 5, 6, 6, 6, 6, 6], 1 / 6
    >>> loaded = [0.1] * 5 + [0.5] * 5
    >>> importance_mean(throws, [np.log(fair)] * 10, np.log(loaded)).mean
    3.5
    """
    f = np.asarray(values, dtype=np.float64)
    log_p, log_q = (np.asarray(a, np.float64) for a in (log_target, log_proposal))
    log_ratio = log_p - log_q
    if f.ndim != 1 or f.shape != log_ratio.shape or len(f) < 2:
        raise ValueError(
            "values and log densities must be flat and of one length, at least 2, "
            f"got {f.shape} and {log_ratio.shape}."
        )
    if np.isnan(log_ratio).any() or (log_ratio == np.inf).any():
        raise ValueError("A draw of the proposal must have a positive density there.")
    largest = log_ratio.max()
    if largest == -np.inf:
        raise ValueError("No draw can come from the target.")
    ratio = np.exp(log_ratio - largest)  # at most 1
    effective_size = ratio.sum() ** 2 / (ratio**2).sum()
    if normalised:
        share = ratio / ratio.sum()
        mean = float(share @ f)
        error = float(np.sqrt(share**2 @ (f - mean) ** 2))
    else:
        terms = ratio * f * np.exp(largest)
        mean, error = float(terms.mean()), float(terms.std(ddof=1) / np.sqrt(len(f)))
    return ImportanceEstimate(mean, error, float(effective_size))


def importance_sample(
    scores: ArrayLike, n_samples: int, random_state: Any = None
) -> WeightedRows:
    r"""Draw rows with replacement, by score, and give the weights that correct for it.

    Row i is drawn with probability :math:`p_i` proportional to its score and stands
    for :math:`1 / (n p_i)` rows, so :math:`\sum_s w_s f(x_s)` estimates the sum of f
    over all rows without bias, whatever f is; exactly, if the scores are proportional
    to f.

    Parameters
    ----------
    scores : array-like of shape (n_rows,)
        Importance of each row: finite, not negative, and above 0 wherever f is not 0.
    n_samples : int
        Number of draws, n, at least 1.
    random_state : int, Generator, RandomState or None, default=None
        Source of chance.

    References
    ----------
    .. [1] Hansen and Hurwitz (1943). "On the theory of sampling from finite
       populations". Annals of Mathematical Statistics 14(4), equation 2.5.

    Examples
    --------
    >>> from lookalike.features.sampling import importance_sample
    >>> sales = np.array([1.0, 2.0, 5.0, 92.0])
    >>> sample = importance_sample(sales, 3, random_state=0)
    >>> float(sample.weights @ sales[sample.rows])
    100.00
    """
    check_whole("n_samples", n_samples)
    table = AliasTable(scores)
    rows = table.sample(int(n_samples), random_state)
    weights: Floats = 1 / (n_samples * table.probabilities[rows])
    return WeightedRows(rows, weights)
