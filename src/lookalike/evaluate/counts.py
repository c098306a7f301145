"""Intervals and paired tests of metrics of summed counts, such as an F1 over words.

Rows, such as sentences, are the sampling unit. The metric is not a mean over rows but
one number of the totals of several counts, F1 = 2 tp / (2 tp + fp + fn).

References
----------
.. [1] Yeh (2000). "More accurate tests for the statistical significance of result
   differences". COLING.   (approximate randomisation)
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from lookalike._typing import Array, Floats
from lookalike.evaluate._shared import (
    blocks,
    check_resampling,
    percentile_interval,
    ratio,
)
from lookalike.evaluate.interval import Comparison, Estimate

Metric = Callable[[Array], Array]
"""Maps totals of shape (..., n_counts) to numbers of shape (...,)."""


def f1_of_counts(totals: ArrayLike) -> Array:
    """Return the F1 of true positives, false positives and false negatives.

    Parameters
    ----------
    totals : array of shape (..., 3)

    Returns
    -------
    float64 array of shape (...,)
        0 where all three are 0.

    Examples
    --------
    >>> f1_of_counts([[2, 1, 1], [0, 0, 0]])
    array([0.67, 0.  ])
    """
    correct, wrong, missed = np.moveaxis(np.asarray(totals, dtype=np.float64), -1, 0)
    return ratio(2 * correct, 2 * correct + wrong + missed)


def precision_of_counts(totals: ArrayLike) -> Array:
    """Return the precision of these counts; shapes as in :func:`f1_of_counts`."""
    correct, wrong, _ = np.moveaxis(np.asarray(totals, dtype=np.float64), -1, 0)
    return ratio(correct, correct + wrong)


def recall_of_counts(totals: ArrayLike) -> Array:
    """Return the recall of these counts; shapes as in :func:`f1_of_counts`."""
    correct, _, missed = np.moveaxis(np.asarray(totals, dtype=np.float64), -1, 0)
    return ratio(correct, correct + missed)


def bootstrap_counts(
    metric: Metric,
    counts: ArrayLike,
    *,
    n_resamples: int = 1000,
    confidence: float = 0.95,
    random_state: int = 0,
) -> Estimate:
    """Return a metric of the totals with its percentile bootstrap interval.

    Parameters
    ----------
    metric : callable
        Such as :func:`f1_of_counts`.
    counts : array-like of shape (n_rows, n_counts)
        Whole numbers; rows are drawn with replacement.
    n_resamples, confidence, random_state
        As in :func:`~lookalike.evaluate.bootstrap`.

    Examples
    --------
    >>> counts = [[1, 0, 0]] * 8 + [[0, 1, 1]] * 2
    >>> print(bootstrap_counts(f1_of_counts, counts))
    0.8000 [0.5000, 1.0000]
    """
    check_resampling(n_resamples, confidence)
    rows = _counts(counts)
    rng = np.random.default_rng(random_state)
    values = metric(_resampled(rows, n_resamples, rng))
    value = float(metric(rows.sum(axis=0)))
    return Estimate(value, *percentile_interval(values, confidence))


def paired_counts_test(
    metric: Metric,
    first: ArrayLike,
    second: ArrayLike,
    *,
    n_resamples: int = 10_000,
    confidence: float = 0.95,
    random_state: int = 0,
) -> Comparison:
    """Test whether two systems differ in a metric of totals, on the same rows [1]_.

    Under the null hypothesis the two systems are exchangeable on every row. The p-value
    is the share of random exchanges under which the metrics differ at least as much,
    (1 + number of those) / (1 + ``n_resamples``).

    Parameters
    ----------
    metric : callable
        Such as :func:`f1_of_counts`.
    first, second : array-like of shape (n_rows, n_counts)
        Counts of both systems on the same rows.
    n_resamples, confidence, random_state
        As in :func:`~lookalike.evaluate.paired_test`.

    Examples
    --------
    >>> first, second = [[1, 0, 0]] * 30, [[1, 0, 0]] * 20 + [[0, 0, 1]] * 10
    >>> found = paired_counts_test(f1_of_counts, first, second)
    >>> found.difference.value, found.p_value < 0.01
    (0.2, True)
    """
    check_resampling(n_resamples, confidence)
    a, b = _counts(first), _counts(second)
    if a.shape != b.shape:
        raise ValueError(
            f"Both systems must have the same rows, got shapes {a.shape} and {b.shape}."
        )
    rng = np.random.default_rng(random_state)
    value = float(metric(a.sum(axis=0)) - metric(b.sum(axis=0)))
    both, extreme = a.sum(axis=0) + b.sum(axis=0), 0
    for n in blocks(n_resamples, len(a)):
        swapped = b.sum(axis=0) + rng.integers(0, 2, (n, len(a))) @ (a - b)
        difference = np.abs(metric(swapped) - metric(both - swapped))
        # Differences that are equal up to rounding are ties, and ties count.
        extreme += int((difference >= abs(value) - 1e-12).sum())
    pairs = _resampled(np.hstack([a, b]), n_resamples, rng)
    width = a.shape[1]
    drawn = metric(pairs[:, :width]) - metric(pairs[:, width:])
    interval = Estimate(value, *percentile_interval(drawn, confidence))
    p_value = (1 + extreme) / (1 + n_resamples)
    return Comparison(interval, p_value, "random swaps")


def _resampled(rows: Floats, n_resamples: int, rng: np.random.Generator) -> Floats:
    """Totals of resampled rows, (n_resamples, n_counts)."""
    share = np.full(len(rows), 1 / len(rows))
    return np.concatenate(
        [
            rng.multinomial(len(rows), share, size=n) @ rows
            for n in blocks(n_resamples, len(rows))
        ]
    )


def _counts(counts: ArrayLike) -> Floats:
    rows = np.asarray(counts)
    if rows.ndim != 2 or rows.size == 0 or rows.dtype.kind not in "biu":
        raise ValueError(
            "Counts must be whole numbers of shape (n_rows, n_counts), got shape "
            f"{rows.shape} of {rows.dtype}."
        )
    return rows.astype(np.float64)
