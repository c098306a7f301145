r"""Where each metric is a Euclidean distance.

The rotation filter bounds Euclidean distances. Other metrics order rows like the
Euclidean distance of *lifted* vectors:

- cosine: :math:`|u_q - u_x|^2 = 2 (1 - \cos)` for vectors of length one;
- inner product: give every row one more coordinate :math:`\sqrt{M^2 - |x|^2}`, so that
  all have length M, and scale the query to length M too:
  :math:`|q' - x'|^2 = 2 M^2 - 2 \alpha\, q \cdot x` (Bachrach et al. 2014, theorem 1).
"""

from typing import Any, Protocol

import numpy as np
from scipy.sparse import issparse

from lookalike._typing import Array, Floats
from lookalike.kernels.distances import COSINE, INNER_PRODUCT, SQUARED_EUCLIDEAN

UNIT = 2.0**-53
SHORTEST = 1e-300  # a squared length below it has lost digits


def geometry_of(metric: str, X: Array) -> "Geometry | None":
    """The geometry of a metric over rows X; None for Manhattan, which has none."""
    if metric == "cosine":
        return Cosine()
    if metric == "inner_product":
        return InnerProduct(X)
    return None if metric == "manhattan" else Euclidean()


class Geometry(Protocol):
    """A metric as the rotation filter uses it."""

    code: int

    def lift(self, X: Array) -> Floats:
        """Rows to float64 vectors of which distances are taken, a fresh array."""
        ...

    def lift_queries(self, Q: Array) -> Floats:
        """The same for queries."""
        ...

    def to_squared(self, Q: Array) -> tuple[Floats, Floats]:
        """Intercept and slope, per query: squared distance = base + slope * metric.

        Rounding of the metric's own value is included: the line lies above the truth.
        """
        ...


class Euclidean:
    """Squared Euclidean distance: nothing to lift."""

    code = SQUARED_EUCLIDEAN

    def lift(self, X: Array) -> Floats:
        """Rows as float64."""
        return X.astype(np.float64)

    lift_queries = lift

    def to_squared(self, Q: Array) -> tuple[Floats, Floats]:
        """A sum of d squares of rounded differences errs by gamma_(d + 3)."""
        return np.zeros(len(Q)), np.full(len(Q), 1.0 + 2 * (Q.shape[1] + 8) * UNIT)


class Cosine:
    """One less the cosine: rows of length one. A zero vector stays where it is."""

    code = COSINE

    def lift(self, X: Array) -> Floats:
        """Rows divided by their length."""
        lifted = X.astype(np.float64)
        lifted *= inverse_norms(lifted)[:, None]
        return lifted

    lift_queries = lift

    def to_squared(self, Q: Array) -> tuple[Floats, Floats]:
        """Lengths, product and quotient err by gamma_(2 d) each; a dozen fit."""
        allowance = 24 * (Q.shape[1] + 8) * UNIT
        return np.full(len(Q), allowance), np.full(len(Q), 2.0)


class InnerProduct:
    """Minus the inner product: rows lifted to one length M, queries scaled to it."""

    code = INNER_PRODUCT

    def __init__(self, X: Array) -> None:
        longest = max(
            float(squared_norms(X[i : i + 4096]).max()) for i in range(0, len(X), 4096)
        )
        self.squared_length = longest * (1.0 + 4 * (X.shape[1] + 8) * UNIT)

    @classmethod
    def of_length(cls, squared_length: float) -> "InnerProduct":
        """The geometry whose lifted rows have this squared length."""
        found = cls.__new__(cls)
        found.squared_length = squared_length
        return found

    def lift(self, X: Array) -> Floats:
        """Rows with one more coordinate."""
        lifted = np.empty((len(X), X.shape[1] + 1))
        lifted[:, :-1] = X
        rest = self.squared_length - squared_norms(lifted[:, :-1])
        lifted[:, -1] = np.sqrt(np.maximum(rest, 0.0))
        return lifted

    def lift_queries(self, Q: Array) -> Floats:
        """Queries of length M, with a zero for the added coordinate."""
        lifted = np.zeros((len(Q), Q.shape[1] + 1))
        lifted[:, :-1] = Q
        lifted *= self._factors(Q)[:, None]
        return lifted

    def _factors(self, Q: Array) -> Floats:
        return np.sqrt(self.squared_length) * inverse_norms(Q.astype(np.float64))

    def to_squared(self, Q: Array) -> tuple[Floats, Floats]:
        """|q'|^2 + M^2 + 2 alpha (-q.x); the root of the lift errs most."""
        factors = self._factors(Q)
        both = np.where(factors > 0.0, 2.0, 1.0) * self.squared_length
        allowance = 48 * (Q.shape[1] + 8) * UNIT * self.squared_length
        return both + allowance, 2.0 * factors


def squared_norms(X: Any) -> Floats:
    """Squared length of each row, dense or csr_array, shape (n,), in float64."""
    if issparse(X):
        squares: Floats = X.multiply(X).sum(axis=1)
        return squares
    wide = X.astype(np.float64, copy=False)
    total: Floats = np.einsum("ij,ij->i", wide, wide)
    return total


def inverse_norms(X: Floats) -> Floats:
    """One over the length of each row; zero for a zero row, or one next to it."""
    squares = squared_norms(X)
    inverse = np.zeros_like(squares)
    return np.divide(1.0, np.sqrt(squares), out=inverse, where=squares > SHORTEST)
