"""Intervals and differences where rows come in clusters, such as a person's frames.

Rows of one cluster say nearly the same, so that resampling rows would state far too
little doubt: whole clusters are drawn instead.

References
----------
.. [1] Field and Welsh (2007). "Bootstrapping clustered data". Journal of the Royal
   Statistical Society B 69(3). (the randomised cluster bootstrap)
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import ArrayLike

from lookalike._typing import Array, Floats, Ints
from lookalike.evaluate._shared import check_resampling, percentile_interval
from lookalike.evaluate.interval import Comparison, Estimate

Metric = Callable[..., float]


def bootstrap_clusters(
    metric: Metric,
    clusters: ArrayLike,
    *arrays: ArrayLike,
    n_resamples: int = 500,
    confidence: float = 0.95,
    random_state: int = 0,
) -> Estimate:
    """Return a metric with an interval that resamples clusters [1]_.

    Parameters
    ----------
    metric : callable
        ``metric(*arrays)`` is one number.
    clusters : array-like of shape (n_rows,)
        Which cluster each row is of.
    *arrays : array-like of shape (n_rows, ...)

    Raises
    ------
    ValueError
        If the columns differ in length, or nearly no resample has a metric.

    Notes
    -----
    A resample on which the metric cannot be computed, such as the area of one class
    alone, is left out.

    Examples
    --------
    Ten people with a hundred equal rows each are ten observations, not a thousand.

    >>> person = np.repeat(np.arange(10), 100)
    >>> print(bootstrap_clusters(np.mean, person, person < 500 // 100))
    0.5000 [0.2000, 0.8000]
    """
    columns = tuple(np.asarray(each) for each in arrays)
    check_resampling(n_resamples, confidence)
    values = _resampled(metric, clusters, columns, n_resamples, random_state)
    return Estimate(float(metric(*columns)), *percentile_interval(values, confidence))


def clustered_difference(
    metric: Metric,
    clusters: ArrayLike,
    truth: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    *,
    n_resamples: int = 500,
    confidence: float = 0.95,
    random_state: int = 0,
) -> Comparison:
    """Return by how much a first score is better than a second one, cluster by cluster.

    The p-value is twice the smaller share of resamples on either side of 0.

    Examples
    --------
    >>> person = np.arange(200) // 2
    >>> truth = person % 2
    >>> def mean_of_right(truth, score): return float(np.mean(truth == score))
    >>> found = clustered_difference(mean_of_right, person, truth, truth, 1 - truth)
    >>> found.difference.value, found.p_value
    (1.0, 0.004)
    """
    check_resampling(n_resamples, confidence)
    columns = tuple(np.asarray(each) for each in (truth, first, second))

    def difference(y: Array, a: Array, b: Array) -> float:
        return float(metric(y, a)) - float(metric(y, b))

    values = _resampled(difference, clusters, columns, n_resamples, random_state)
    below = (1 + int((values <= 0).sum())) / (1 + len(values))
    above = (1 + int((values >= 0).sum())) / (1 + len(values))
    interval = percentile_interval(values, confidence)
    return Comparison(
        Estimate(difference(*columns), *interval),
        min(1.0, 2 * min(below, above)),
        "bootstrap of clusters",
    )


def resampled_rows(
    clusters: ArrayLike, n_resamples: int, random_state: int = 0
) -> Iterator[Ints]:
    """Yield the rows of as many clusters as there are, drawn with replacement.

    Examples
    --------
    >>> for rows in resampled_rows([4, 4, 9], 3):
    ...     print(rows)
    [2 2]
    [2 0 1]
    [0 1 0 1]
    """
    _, cluster = np.unique(np.asarray(clusters), return_inverse=True)
    order = np.argsort(cluster, kind="stable")
    sizes = np.bincount(cluster)
    starts = np.cumsum(sizes) - sizes
    rng = np.random.default_rng(random_state)
    for _ in range(n_resamples):
        drawn = rng.integers(len(sizes), size=len(sizes))
        taken = sizes[drawn]
        before = np.cumsum(taken) - taken
        yield order[np.repeat(starts[drawn] - before, taken) + np.arange(taken.sum())]


def _resampled(
    metric: Metric,
    clusters: ArrayLike,
    columns: tuple[Array, ...],
    n_resamples: int,
    random_state: int,
) -> Floats:
    """The metric of each resample that has one."""
    n = len(np.asarray(clusters))
    if not n or {len(column) for column in columns} != {n}:
        raise ValueError(
            "clusters and columns must have one value a row, got lengths "
            f"{[n, *map(len, columns)]}."
        )
    found = []
    for taken in resampled_rows(clusters, n_resamples, random_state):
        try:
            found.append(float(metric(*(column[taken] for column in columns))))
        except ValueError:
            continue
    values = np.array(found)
    values = values[np.isfinite(values)]
    if len(values) < n_resamples / 2:
        raise ValueError("The metric cannot be computed of most resamples.")
    return values
