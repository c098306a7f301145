"""The answers of everything that finds or ranks items for a batch of queries."""

from collections.abc import Iterator
from dataclasses import dataclass

from lookalike._typing import Array


@dataclass(frozen=True)
class Hits:
    """Ranked lists, one a query: best first, ties in the catalogue's order.

    A list is as long as there are items for its query, at most k: lists of a batch may
    differ in length, and a query is answered alike alone and in a batch.

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
