"""Weighted reservoir sampling: heavier items of a stream are likelier to be kept."""

from collections.abc import Iterable, Sequence
from typing import Any, Generic, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from lookalike._checks import check_whole
from lookalike._typing import Floats
from lookalike.features._random import as_generator

T = TypeVar("T")


class WeightedReservoir(Generic[T]):
    r"""Keep a sample of a stream without replacement, drawn by weight.

    The sample is distributed as if items were drawn one after another, each time with
    probability proportional to weight among those not yet drawn. Each item gets a key,

    .. math:: T_i = E_i / w_i, \qquad E_i \sim \operatorname{Exp}(1),

    the time at which it would arrive at rate :math:`w_i`, and the k earliest are kept.

    Parameters
    ----------
    n_samples : int
        Size of the reservoir, k.
    random_state : int, Generator, RandomState or None, default=None
        Source of chance.

    Attributes
    ----------
    items : list
        The sample, in the order in which it would have been drawn. Items of weight 0
        are never in it.
    n_seen : int
        Length of the stream so far.

    Notes
    -----
    Reservoirs of two streams merge exactly. Cost: O(1) an item, in arrays.

    References
    ----------
    .. [1] Efraimidis and Spirakis (2006). "Weighted random sampling with a reservoir".
       Information Processing Letters 97(5), algorithm A-Res (keys
       :math:`U^{1/w} = e^{-T}`).

    Examples
    --------
    >>> from lookalike.features.sampling import WeightedReservoir
    >>> reservoir = WeightedReservoir(2, random_state=0)
    >>> reservoir.update("abcd", [1, 1, 1e9, 0]).items[0]
    'c'
    >>> reservoir.n_seen
    4
    """

    def __init__(self, n_samples: int, random_state: Any = None) -> None:
        check_whole("n_samples", n_samples)
        self.n_samples = n_samples
        self.items: list[T] = []
        self.n_seen: int = 0
        self._times: Floats = np.empty(0)
        self._rng = as_generator(random_state)

    def update(self, items: Iterable[T], weights: ArrayLike) -> Self:
        """Offer items with their weights, finite and not negative."""
        items = items if isinstance(items, Sequence) else list(items)
        rates = np.asarray(weights, dtype=np.float64)
        if rates.shape != (len(items),):
            raise ValueError(
                f"Expected {len(items)} weights, one an item, got shape {rates.shape}."
            )
        if not (np.isfinite(rates).all() and (rates >= 0).all()):
            raise ValueError("weights must be finite and not negative.")
        if rates.all():
            times = self._rng.standard_exponential(len(items)) / rates
        else:
            times = np.full(len(items), np.inf)
            heavy = rates > 0
            times[heavy] = self._rng.standard_exponential(heavy.sum()) / rates[heavy]
        self.n_seen += len(items)
        self._keep_earliest(items, times)
        return self

    def merge(self, other: "WeightedReservoir[T]") -> Self:
        """Merge with the reservoir of another stream."""
        if other.n_samples < self.n_samples:
            raise ValueError(
                f"The other reservoir keeps {other.n_samples} items, "
                f"fewer than the {self.n_samples} of this one."
            )
        self.n_seen += other.n_seen
        self._keep_earliest(other.items, other._times)
        return self

    def _keep_earliest(self, items: Sequence[T], times: Floats) -> None:
        soon = np.flatnonzero(times <= self._limit(times))
        both = np.concatenate([self._times, times[soon]])
        earliest = np.argsort(both, kind="stable")[: self.n_samples]
        earliest = earliest[np.isfinite(both[earliest])]
        m = len(self.items)
        self.items = [self.items[i] if i < m else items[soon[i - m]] for i in earliest]
        self._times = both[earliest]

    def _limit(self, times: Floats) -> float:
        """A time by which as many items have arrived as the reservoir keeps."""
        k = self.n_samples
        if len(self._times) == k:
            return float(self._times[-1])
        few = times[: 16 * k]
        return float(np.partition(few, k - 1)[k - 1]) if len(few) > k else np.inf
