"""Reservoir sampling: a uniform sample of a stream of unknown length."""

import math
from collections.abc import Iterable
from typing import Any, Generic, Self, TypeVar

from lookalike._checks import check_whole
from lookalike.features._random import as_generator

T = TypeVar("T")
_BELOW_ONE = 1 - 2**-53  # the logarithm of 1 - w must exist


class Reservoir(Generic[T]):
    r"""Keep a uniform sample of everything seen so far.

    The first k items fill the reservoir; then item number i enters with probability
    :math:`k / i` and replaces one at random. Which items enter is not drawn item by
    item: the gap to the next one is geometric and drawn at once (algorithm L), with

    .. math:: w \leftarrow w \, U^{1/k}, \qquad
              \text{gap} = \lfloor \ln U / \ln (1 - w) \rfloor .

    Parameters
    ----------
    n_samples : int
        Size of the reservoir, k.
    random_state : int, Generator, RandomState or None, default=None
        Source of chance.

    Attributes
    ----------
    items : list
        The sample, at most k items: a uniform subset of the stream, in no particular
        order.
    n_seen : int
        Length of the stream so far.

    Notes
    -----
    :math:`O(k (1 + \ln(n / k)))` random numbers for a stream of n items.

    References
    ----------
    .. [1] Li (1994). "Reservoir-sampling algorithms of time complexity
       O(n(1 + log(N/n)))". ACM Transactions on Mathematical Software 20(4),
       algorithm L.

    Examples
    --------
    >>> from lookalike.features.sampling import Reservoir
    >>> reservoir = Reservoir(3, random_state=0).update(range(5)).update("abc")
    >>> reservoir.n_seen, len(reservoir.items)
    (8, 3)
    """

    def __init__(self, n_samples: int, random_state: Any = None) -> None:
        check_whole("n_samples", n_samples)
        self.n_samples = n_samples
        self.items: list[T] = []
        self.n_seen: int = 0
        self._rng = as_generator(random_state)
        self._w = 1.0
        self._next = n_samples - 1
        self._choose_next()

    def update(self, stream: Iterable[T]) -> Self:
        """Offer each item of ``stream`` to the reservoir."""
        for item in stream:
            self.add(item)
        return self

    def add(self, item: T) -> None:
        """Offer one item."""
        if self.n_seen < self.n_samples:
            self.items.append(item)
        elif self.n_seen == self._next:
            self.items[int(self._rng.integers(self.n_samples))] = item
            self._choose_next()
        self.n_seen += 1

    def _choose_next(self) -> None:
        """Draw the number, counted from 0, of the next item that enters."""
        self._w *= math.exp(-self._rng.exponential() / self.n_samples)
        all_stay_out = math.log1p(-min(self._w, _BELOW_ONE))
        gap = -self._rng.exponential() / all_stay_out
        self._next += 1 + math.floor(gap)
