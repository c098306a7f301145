"""Alias tables: draws from a fixed discrete distribution in constant time."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lookalike._typing import Floats, Ints
from lookalike.features._random import as_generator
from lookalike.kernels.alias import build_alias, draw_alias


class AliasTable:
    r"""Draw numbers 0 to n - 1 with probabilities proportional to weights.

    The weights are cut and stacked into n columns of equal height that hold at most
    two numbers each. A draw chooses a column uniformly and then one of its two
    numbers, so it costs the same for ten weights as for ten million.

    Parameters
    ----------
    weights : array-like of shape (n,)
        Finite, not negative, not all 0.

    Attributes
    ----------
    probabilities : ndarray of shape (n,)
        The weights over their sum.

    Notes
    -----
    Building costs O(n), a draw O(1) and one random number. ``numpy``'s
    ``choice(n, size, p=p)`` costs O(n) a call and O(log n) a draw.

    References
    ----------
    .. [1] Walker (1977). "An efficient method for generating discrete random
       variables with general distributions". ACM TOMS 3(3).
    .. [2] Vose (1991). "A linear algorithm for generating random numbers with a given
       distribution". IEEE Transactions on Software Engineering 17(9), figure 2.

    Examples
    --------
    >>> from lookalike.features.sampling import AliasTable
    >>> table = AliasTable([0, 3, 1])
    >>> table.counts(8000, random_state=0) / 1000
    array([0.   , 5.976, 2.024])
    """

    def __init__(self, weights: ArrayLike) -> None:
        checked = np.ascontiguousarray(weights, dtype=np.float64)
        if checked.ndim != 1 or not len(checked):
            raise ValueError(
                f"weights must be a flat, non-empty list, got shape {checked.shape}."
            )
        if not (np.isfinite(checked).all() and (checked >= 0).all()):
            raise ValueError("weights must be finite and not negative.")
        largest = checked.max()
        if largest == 0:
            raise ValueError("weights must not all be 0.")
        checked = checked / largest  # sums of huge or tiny weights stay in range
        self.probabilities: Floats = checked / checked.sum()
        self._threshold, self._alias = build_alias(checked)

    def sample(self, size: int | tuple[int, ...], random_state: Any = None) -> Ints:
        """Draw with replacement: an int64 array of the given size."""
        uniforms = as_generator(random_state).random(size)
        draws = np.empty(uniforms.shape, dtype=np.int64)
        draw_alias(self._threshold, self._alias, uniforms.ravel(), draws.reshape(-1))
        return draws

    def counts(self, n_draws: int, random_state: Any = None) -> Ints:
        """Draw a multinomial: how often each number is drawn, shape (n,)."""
        draws = self.sample(n_draws, random_state)
        return np.bincount(draws, minlength=len(self.probabilities))
