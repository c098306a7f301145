"""Ranked lists of items, one for each query of a batch."""

from collections.abc import Iterator
from dataclasses import dataclass

from lookalike._typing import Array


@dataclass(frozen=True)
class Hits:
    """Ranked lists, one for each query, best first; ties in the order of the catalogue.

    A list holds at most k items, fewer where fewer are left. Lists of a batch may
    differ in length, so that a query has the same list alone and in a batch.

    ids : n_queries arrays, rows or names of items
    scores : n_queries arrays of the same lengths, higher is better

    Examples
    --------
    >>> import numpy as np
    >>> hits = Hits([np.array([7, 3]), np.array([5])], [np.ones(2), np.ones(1)])
    >>> len(hits), [ids.tolist() for ids, scores in hits]
    (2, [[7, 3], [5]])
    """

    ids: list[Array]
    scores: list[Array]

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[tuple[Array, Array]]:
        return zip(self.ids, self.scores, strict=True)
