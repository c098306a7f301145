"""Numbers, means and products of columns: all that an analysis keeps of the units.

They add up: the moments of two parts give those of the whole, so that a running
experiment needs one small row a variant and metric, and no unit is read twice.

References
----------
.. [1] Chan, Golub and LeVeque (1983). "Algorithms for computing the sample variance".
   The American Statistician 37(3). (equation 2.1, to merge two parts)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lookalike._typing import Floats


@dataclass(frozen=True)
class Moments:
    """Moments of d columns over n units.

    n : number of units
    mean : float64 (d,)
    products : float64 (d, d), sums over units of the products of what two columns
        differ from their means
    """

    n: int
    mean: Floats
    products: Floats

    @classmethod
    def of(cls, *columns: ArrayLike) -> "Moments":
        """Return the moments of columns of one length.

        Raises
        ------
        ValueError
            If they are not 1-D numbers of one length, are empty or not finite.

        Examples
        --------
        >>> whole = Moments.of([1.0, 2.0, 3.0, 6.0])
        >>> whole.n, whole.mean.tolist(), whole.covariance.tolist()
        (4, [3.0], [[4.666666666666667]])
        >>> parts = Moments.of([1.0, 2.0]).merged(Moments.of([3.0, 6.0]))
        >>> parts.covariance.tolist() == whole.covariance.tolist()
        True
        """
        rows = [np.asarray(column, np.float64) for column in columns]
        if len({row.shape for row in rows}) != 1 or rows[0].ndim != 1:
            shapes = ", ".join(str(row.shape) for row in rows)
            raise ValueError(f"expected columns of one length, got shapes {shapes}.")
        stacked = np.stack(rows)
        if not stacked.shape[1]:
            raise ValueError("at least one unit is needed, got none.")
        if not np.isfinite(stacked).all():
            raise ValueError("columns must hold finite numbers: leave out other units.")
        mean = stacked.mean(axis=1)
        centred = stacked - mean[:, None]
        return cls(stacked.shape[1], mean, centred @ centred.T)

    def merged(self, other: "Moments") -> "Moments":
        """Return the moments of both parts together."""
        n = self.n + other.n
        apart = other.mean - self.mean
        mean = self.mean + apart * (other.n / n)
        products = self.products + other.products
        return Moments(
            n, mean, products + np.outer(apart, apart) * (self.n * other.n / n)
        )

    @property
    def covariance(self) -> Floats:
        """Sample covariance (d, d), with n - 1; zeros for one unit."""
        found: Floats = self.products / max(1, self.n - 1)
        return found

    def chosen(self, columns: Sequence[int]) -> "Moments":
        """Return the moments of some columns."""
        at = list(columns)
        return Moments(self.n, self.mean[at], self.products[np.ix_(at, at)])

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object, for ``from_json``."""
        return {
            "n": self.n,
            "mean": self.mean.tolist(),
            "products": self.products.tolist(),
        }

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> "Moments":
        """Return the moments of a JSON object."""
        return cls(
            int(found["n"]),
            np.array(found["mean"], np.float64),
            np.array(found["products"], np.float64),
        )
