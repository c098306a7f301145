r"""A measured recall: held-out rows as queries, and a confidence interval.

The recall of a query is the share of its true k nearest rows that were found; rows at
equal distance count by their index, as everywhere. Of m queries with mean p and
variance :math:`s^2` the interval is Wilson's for

.. math:: m' = m \cdot \min\left(k, \frac{p (1 - p)}{s^2}\right)

independent trials: so many would have the observed variance.

Validating several candidates until one passes makes a pass by chance likelier. So the
interval of the j-th candidate has confidence :math:`1 - 0.001 / (j (j + 1))`, and its
low end must reach the guaranteed recall: together the candidates err as often as one
interval of 99.9%.

References
----------
.. [1] Wilson (1927). "Probable inference, the law of succession, and statistical
   inference". JASA 22(158).
"""

from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.search.index import ExactIndex

ERROR_RATE = 0.05  # how often a reported interval misses the truth
FAMILY_ERROR_RATE = 0.001  # the same for all intervals of a guarantee together


class Interval(NamedTuple):
    """A measured share and its 95% interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.4f} [{self.low:.4f}, {self.high:.4f}]"


class HeldOut(NamedTuple):
    """Rows that serve as queries, and their true neighbours among all others.

    rows    : int64 (n_queries,)
    queries : (n_queries, n_features)
    truth   : int64 (n_queries, k)
    tied    : share of the queries with another row as near as the last one found
    """

    rows: Ints
    queries: Array
    truth: Ints
    tied: float

    def first(self, n: int) -> "HeldOut":
        """The first n queries."""
        return HeldOut(self.rows[:n], self.queries[:n], self.truth[:n], self.tied)

    def recall(self, indices: Ints, candidate: int = 0) -> Interval:
        """Recall of an answer, int64 (n_queries, k + 1), see ``interval``.

        Each query is itself a row: that row does not count, nor does the last row of
        an answer without it.
        """
        found = others(indices, self.rows)
        hits = (found[:, :, None] == self.truth[:, None, :]).any(axis=1)
        return interval(hits.mean(axis=1), self.truth.shape[1], candidate)


def others(indices: Ints, rows: Ints) -> Ints:
    """Answers less the query's own row, or less the last, int64 (n_queries, k - 1).

    Examples
    --------
    >>> others(np.array([[7, 2, 3], [4, 5, 6]]), np.array([2, 9]))
    array([[7, 3],
           [4, 5]])
    """
    dropped = indices == rows[:, None]
    dropped[:, -1] |= ~dropped.any(axis=1)
    return indices[~dropped].reshape(len(rows), -1)


def interval(shares: Floats, k: int, candidate: int = 0) -> Interval:
    """Mean of shares of k, shape (n,), and its interval.

    candidate : 0 for an interval of 95%; 1, 2, ... for the candidate that is validated

    Examples
    --------
    >>> print(interval(np.array([1.0, 0.9] * 50), k=10))
    0.9500 [0.9347, 0.9619]
    """
    p, spread = float(shares.mean()), float(shares.var())
    alike = p * (1.0 - p) / spread if spread > 0.0 else float(k)
    n = len(shares) * min(float(k), alike)
    error_rate = ERROR_RATE
    if candidate > 0:
        error_rate = FAMILY_ERROR_RATE / (candidate * (candidate + 1))
    z = NormalDist().inv_cdf(1.0 - error_rate / 2.0)
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n * n))
    return Interval(p, float(middle - half), min(1.0, float(middle + half)))


def hold_out(exact: ExactIndex, rows: Ints, k: int, n_jobs: int | None) -> HeldOut:
    """Make queries of ``rows``; k is less than the number of all rows."""
    queries = exact.catalogue()[rows]
    distances, near = exact.nearest(queries, k + 1, n_jobs)
    tied = distances[:, k] == distances[:, k - 1]
    return HeldOut(rows, queries, others(near, rows), float(tied.mean()))
