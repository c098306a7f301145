"""Intervals of metrics and of shares, and paired significance tests of two systems.

Rows are the sampling unit: another sample of test images or queries would have given
another number. The bootstrap draws n rows with replacement from the n rows of the
sample, many times, and takes quantiles of the metric of these resamples.

Equal rows are exchangeable, so that only the counts of *distinct* rows matter, which
are multinomial. Two columns of ten labels have at most a hundred distinct rows: a
thousand resamples of ten thousand predictions are a thousand small counts instead of
ten million draws. The distribution is the same, not an approximation.

References
----------
.. [1] Efron and Tibshirani (1993). "An Introduction to the Bootstrap", chapter 13
   (the percentile interval). Chapman & Hall.
.. [2] McNemar (1947). "Note on the sampling error of the difference between
   correlated proportions or percentages". Psychometrika 12(2).
.. [3] Smucker, Allan and Carterette (2007). "A comparison of statistical significance
   tests for information retrieval evaluation". CIKM. (the randomisation test)
.. [4] Wilson (1927). "Probable inference, the law of succession, and statistical
   inference". Journal of the American Statistical Association 22.
.. [5] Clopper and Pearson (1934). "The use of confidence or fiducial limits illustrated
   in the case of the binomial". Biometrika 26(4).
"""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from lookalike._typing import Array, Floats, Ints
from lookalike.evaluate._shared import (
    blocks,
    check_resampling,
    percentile_interval,
)

Random = int | np.random.Generator | None


@dataclass(frozen=True)
class Estimate:
    """A number and the interval around it.

    Examples
    --------
    >>> print(Estimate(0.97054, 0.96719, 0.97385))
    0.9705 [0.9672, 0.9738]
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.4f} [{self.low:.4f}, {self.high:.4f}]"


@dataclass(frozen=True)
class Comparison:
    """The mean of a first system minus that of a second one, on the same queries.

    ``p_value`` is the two-sided probability of a difference at least this large under
    the null hypothesis that the systems are exchangeable. ``test`` names the test.
    """

    difference: Estimate
    p_value: float
    test: str


def bootstrap(
    metric: Callable[..., object],
    *arrays: ArrayLike,
    n_resamples: int = 1000,
    confidence: float = 0.95,
    random_state: Random = 0,
) -> Estimate:
    """Return a metric with its percentile bootstrap interval.

    Parameters
    ----------
    metric : callable
        ``metric(*arrays)`` is one number that does not depend on the order of the
        rows. Options are bound with a lambda or ``functools.partial``.
    *arrays : array-like, each of shape (n_samples, ...)
        Columns with the same rows, such as ``y_true, y_pred``.
    n_resamples : int, default=1000
        Number of resamples; with 1000, each end of a 95% interval has 25 values beyond
        it.
    confidence : float, default=0.95
        Share of the resamples inside the interval, between 0 and 1.
    random_state : int, Generator or None, default=0
        The same seed gives the same interval.

    Returns
    -------
    Estimate
        The metric of the rows themselves, and the ``(1 - confidence) / 2`` and
        ``(1 + confidence) / 2`` quantiles of the metric of the resamples.

    Raises
    ------
    ValueError
        If the columns are empty, hold nan or differ in length, or if the metric of
        any resample is not one number.

    Notes
    -----
    The metric of a resample is computed from the counts of the distinct rows:
    ``np.mean`` of one column is a weighted sum; a metric with an argument
    ``sample_weight`` gets the distinct rows that were drawn, and their counts as
    weights; any other metric gets all n rows, repeated.

    When all rows are equal, such as when no answer is wrong, all resamples are equal
    and the interval has no width. It then understates the uncertainty.

    Examples
    --------
    >>> from lookalike.evaluate import accuracy
    >>> y_true, y_pred = [0, 1] * 50, [0, 1] * 45 + [1, 0] * 5
    >>> print(bootstrap(accuracy, y_true, y_pred))
    0.9000 [0.8398, 0.9500]
    """
    check_resampling(n_resamples, confidence)
    columns = _columns(arrays)
    rng = np.random.default_rng(random_state)
    value = _number(metric(*columns))
    first, frequency = _distinct_rows(columns)
    resample = _resampled(metric, tuple(column[first] for column in columns))
    counts = _counts(frequency, n_resamples, rng)
    values = np.concatenate([resample(block) for block in counts])
    return Estimate(value, *percentile_interval(values, confidence))


def share_interval(share: float, n: int, level: float = 0.95) -> Estimate:
    r"""Return a share of n draws with its interval (Wilson [4]_).

    .. math:: \frac{\hat p + \frac{z^2}{2n} \pm
              z \sqrt{\frac{\hat p (1 - \hat p)}{n} + \frac{z^2}{4 n^2}}}
              {1 + z^2 / n}

    Examples
    --------
    >>> print(share_interval(0.5, 100))
    0.5000 [0.4038, 0.5962]
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, got {level!r}.")
    z2 = NormalDist().inv_cdf((1 + level) / 2) ** 2
    middle = share + z2 / (2 * n)
    half = np.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n)))
    low, high = (middle - half) / (1 + z2 / n), (middle + half) / (1 + z2 / n)
    return Estimate(share, max(0.0, float(low)), min(1.0, float(high)))


def share_lower_bound(n_right: int, n: int, doubt: float) -> float:
    r"""Return the lower end of the one-sided exact interval of a share [5]_.

    .. math:: p : P(\text{Binomial}(n, p) \ge n_{right}) = \text{doubt}

    Parameters
    ----------
    n_right, n : int
        0 <= n_right <= n.
    doubt : float
        Chance that the share is lower, between 0 and 1.

    Examples
    --------
    >>> round(share_lower_bound(59, 59, 0.05), 4), share_lower_bound(0, 9, 0.05)
    (0.9505, 0.0)
    """
    from scipy.special import betaincinv  # here: importing evaluate imports no SciPy

    return float(betaincinv(n_right, n - n_right + 1, doubt)) if n_right else 0.0


def paired_test(
    first: ArrayLike,
    second: ArrayLike,
    *,
    n_resamples: int = 10_000,
    confidence: float = 0.95,
    random_state: Random = 0,
) -> Comparison:
    """Test whether two systems differ on the same queries.

    Parameters
    ----------
    first, second : array-like of shape (n_queries,)
        Outcome of each query under each system: whether it is correct (True, False, 1,
        0), or a real number such as its average precision.
    n_resamples : int, default=10_000
        Resamples of the interval, and sign flips of the test where there are too many
        to try them all.
    confidence : float, default=0.95
        Of the bootstrap interval around the difference.
    random_state : int, Generator or None, default=0

    Returns
    -------
    Comparison
        ``mean(first) - mean(second)`` with its interval, and the two-sided p-value.

    Raises
    ------
    ValueError
        If the columns are not 1-D numbers of one length, are empty or hold nan.

    Notes
    -----
    Under the null hypothesis the sign of each query's difference is a fair coin.

    Outcomes of 0 and 1 are tested by the exact McNemar test [2]_: of the d queries on
    which the systems disagree, the number won by the first is Binomial(d, 1/2), and the
    p-value is twice its smaller tail.

    Real outcomes are tested by the randomisation test [3]_ on the sum of the
    differences. If 2**d is at most ``n_resamples``, all sign flips of the d differences
    other than 0 are tried. Otherwise ``n_resamples`` random flips are tried, and the
    p-value is (1 + number at least as large) / (1 + ``n_resamples``), which is never 0.

    Examples
    --------
    >>> first, second = [1] * 9 + [0] * 2, [0] * 8 + [1] * 3
    >>> result = paired_test(first, second)
    >>> result.difference.value, result.p_value, result.test
    (0.55, 0.11, 'exact McNemar')
    """
    check_resampling(n_resamples, confidence)
    a, b = (_outcomes(column) for column in _columns((first, second)))
    rng = np.random.default_rng(random_state)
    difference = a - b
    if np.isin(np.concatenate([a, b]), [0.0, 1.0]).all():
        p_value, test = _mcnemar(difference), "exact McNemar"
    else:
        p_value, test = _sign_flips(difference, n_resamples, rng)
    interval = bootstrap(
        np.mean,
        difference,
        n_resamples=n_resamples,
        confidence=confidence,
        random_state=rng,
    )
    return Comparison(interval, p_value, test)


def _resampled(
    metric: Callable[..., object], rows: tuple[Array, ...]
) -> Callable[[Ints], Floats]:
    """Return the metric as a function of how often each distinct row came up.

    That function takes counts of shape (n_resamples, n_distinct), and returns one
    value a resample.
    """
    if metric is np.mean and len(rows) == 1 and rows[0].ndim == 1:
        return lambda counts: counts @ rows[0] / counts.sum(axis=1)

    def weighted(count: Ints) -> float:
        drawn = count > 0
        return _number(
            metric(*(row[drawn] for row in rows), sample_weight=count[drawn])
        )

    def repeated(count: Ints) -> float:
        return _number(metric(*(np.repeat(row, count, axis=0) for row in rows)))

    one = weighted if _takes_weights(metric) else repeated
    return lambda counts: np.array([one(count) for count in counts])


def _takes_weights(metric: Callable[..., object]) -> bool:
    try:
        parameters = inspect.signature(metric).parameters
    except ValueError:  # some compiled functions have no signature
        return False
    weight = parameters.get("sample_weight")
    return weight is not None and weight.default is None


def _distinct_rows(columns: tuple[Array, ...]) -> tuple[Ints, Ints]:
    """Return the first row of each group of equal rows, and the sizes of the groups."""
    group: Ints = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        axis = None if column.ndim == 1 else 0
        distinct, code = np.unique(column, return_inverse=True, axis=axis)
        # Renumbered after each column, so that the numbers cannot overflow.
        group = np.unique(group * len(distinct) + code, return_inverse=True)[1]
    _, first, frequency = np.unique(group, return_index=True, return_counts=True)
    return first, frequency


def _counts(
    frequency: Ints, n_resamples: int, rng: np.random.Generator
) -> Iterator[Ints]:
    """Yield how often each distinct row comes up, in blocks (n, n_distinct)."""
    n_samples, n_distinct = int(frequency.sum()), len(frequency)
    group = np.repeat(np.arange(n_distinct), frequency)
    few_distinct = 8 * n_distinct <= n_samples
    width = n_distinct if few_distinct else n_samples
    for n in blocks(n_resamples, width):
        if few_distinct:
            yield rng.multinomial(n_samples, frequency / n_samples, size=n)
        else:
            # Drawing every row is cheaper here: the multinomial draws a binomial for
            # each distinct row. The distribution of the counts is the same.
            drawn = group[rng.integers(n_samples, size=(n, n_samples))]
            drawn += n_distinct * np.arange(n)[:, None]
            counts = np.bincount(drawn.ravel(), minlength=n * n_distinct)
            yield counts.reshape(n, n_distinct)


def _mcnemar(difference: Floats) -> float:
    from scipy.special import bdtr

    won, lost = int((difference > 0).sum()), int((difference < 0).sum())
    return min(1.0, 2 * float(bdtr(min(won, lost), won + lost, 0.5)))


def _sign_flips(
    difference: Floats, n_resamples: int, rng: np.random.Generator
) -> tuple[float, str]:
    size = np.abs(difference[difference != 0])
    # Sums that are equal up to rounding are ties, and ties count.
    bar = abs(difference.sum()) - 1e-12 * size.sum()
    if 2 ** len(size) <= n_resamples:
        every = np.arange(2 ** len(size))[:, None] >> np.arange(len(size)) & 1
        return float(_reaches(every, size, bar).mean()), "all sign flips"
    extreme = 0
    for n in blocks(n_resamples, len(size)):
        bits = np.frombuffer(rng.bytes(-(-n * len(size) // 8)), dtype=np.uint8)
        flips = np.unpackbits(bits, count=n * len(size)).reshape(n, -1)
        extreme += int(_reaches(flips, size, bar).sum())
    return (1 + extreme) / (1 + n_resamples), "random sign flips"


def _reaches(flips: Array, size: Floats, bar: float) -> Array:
    """Whether the sum with these signs (1 plus, 0 minus) is as large as observed."""
    return np.abs(2 * (flips @ size) - size.sum()) >= bar


def _columns(arrays: tuple[ArrayLike, ...]) -> tuple[Array, ...]:
    columns = tuple(np.asarray(array) for array in arrays)
    lengths = [len(column) if column.ndim else 0 for column in columns]
    if not lengths or min(lengths) == 0:
        raise ValueError("At least one row is needed to resample from, got none.")
    if len(set(lengths)) > 1:
        raise ValueError(
            f"All columns must be of one length, got {', '.join(map(str, lengths))}."
        )
    if any(column.dtype.kind == "f" and np.isnan(column).any() for column in columns):
        raise ValueError("The columns must not hold nan: leave out these rows.")
    return columns


def _outcomes(column: Array) -> Floats:
    if column.ndim != 1 or column.dtype.kind not in "biuf":
        raise ValueError(
            "Outcomes must be one number a query, got shape "
            f"{column.shape} of {column.dtype}."
        )
    return column.astype(np.float64)


def _number(value: object) -> float:
    number = np.asarray(value)
    if number.size != 1 or number.dtype.kind not in "biuf" or np.isnan(number).any():
        raise ValueError(
            f"The metric must be one number on every resample, got {value!r}."
        )
    return float(number.reshape(()))
