r"""What a recall was measured to be: held-out rows as queries, and an interval.

The recall of a query is the share of its true k nearest rows that were found; rows at
equal distance count by their index, as everywhere. Of m queries with mean p and
variance :math:`s^2` the interval is Wilson's for

.. math:: m' = m \cdot \min\left(k, \frac{p (1 - p)}{s^2}\right)

independent trials: the number that would have the variance that was seen.

Whoever looks at several candidates until one pleases is likelier to be pleased by
chance. So the j-th that is judged has to be above the promise with an interval of
confidence :math:`1 - 0.05 / (j (j + 1))`: together they err as often as one of 95%.

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

DOUBT = 0.05  # an interval misses the truth this often


class Interval(NamedTuple):
    """A measured share and its 95% interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.4f} [{self.low:.4f}, {self.high:.4f}]"


class HeldOut(NamedTuple):
    """Rows that play the queries, and what they should find among the others.

    queries : (n_queries, n_features)
    truth   : int64 (n_queries, k), -1 where there are fewer others
    tied    : share of the queries with another row as near as the last one found
    """

    queries: Array
    truth: Ints
    tied: float

    def first(self, n: int) -> "HeldOut":
        """The first n queries."""
        return self._replace(queries=self.queries[:n], truth=self.truth[:n])

    def recall(self, indices: Ints, candidate: int = 0) -> Interval:
        """Recall of an answer, int64 (n_queries, k), see ``interval``."""
        there = self.truth >= 0
        hits = (indices[:, :, None] == self.truth[:, None, :]).any(axis=1) & there
        wanted = there.sum(axis=1)
        shares = hits[wanted > 0].sum(axis=1) / wanted[wanted > 0]
        return interval(shares, self.truth.shape[1], candidate)


def interval(shares: Floats, k: int, candidate: int = 0) -> Interval:
    """Mean of shares of k, shape (n,), and its interval.

    candidate : 0 for an interval of 95%; 1, 2, ... for the candidate that is judged

    Examples
    --------
    >>> print(interval(np.array([1.0, 0.9] * 50), k=10))
    0.9500 [0.9347, 0.9619]
    """
    p, spread = float(shares.mean()), float(shares.var())
    alike = p * (1.0 - p) / spread if spread > 0.0 else float(k)
    n = len(shares) * min(float(k), alike)
    doubt = DOUBT / max(1, candidate * (candidate + 1))
    z = NormalDist().inv_cdf(1.0 - doubt / 2.0)
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n * n))
    return Interval(p, float(middle - half), min(1.0, float(middle + half)))


def hold_out(
    exact: ExactIndex,
    rows: Ints,
    hidden: Ints,
    k: int,
    n_jobs: int | None,
    known: tuple[Floats, Ints] | None = None,
) -> HeldOut:
    """Make queries of ``rows``; all ``hidden`` rows are kept out of their answers.

    known : distances and rows (n_samples, n) of the nearest rows of every row, itself
        among them, where they are there already; asked for again where too few
    """
    queries = exact.catalogue()[rows]
    n_samples = len(exact.rows)
    share = len(hidden) / n_samples
    # A few more than k, so that k are left when the hidden ones are taken out.
    many = min(n_samples, k + 16 + int(3 * share * k))
    if known is None or known[0].shape[1] < many:
        distances, near = exact.nearest(queries, many, n_jobs)
    else:
        distances, near = known[0][rows], known[1][rows]
    last = min(k, near.shape[1] - 1)
    tied = distances[:, last] == distances[:, last - 1]
    gone = np.zeros(n_samples, bool)
    gone[hidden] = True
    order = np.argsort(gone[near], axis=1, kind="stable")[:, :k]
    truth = np.take_along_axis(near, order, axis=1)
    truth[gone[truth]] = -1
    return HeldOut(queries, truth, float(tied.mean()))
