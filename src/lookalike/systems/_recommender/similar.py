"""Items that are like an item: had by the same users, or described alike."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import scipy.sparse as sp

from lookalike._typing import Array, Floats, Ints
from lookalike.systems._recommender.history import InteractionHistory

SHRINK = 10.0
"""Users whom two items must share for half of their cosine to count."""


@dataclass(frozen=True)
class SimilarItems:
    r"""Finds similar items by the users that two items share.

    .. math:: s_{ij} = \frac{n_{ij}}{\sqrt{n_i n_j}} \frac{n_{ij}}{n_{ij} + 10}

    of the numbers of users: a cosine, shrunk where few users speak for it [1]_. Items
    that share no user follow by the cosine of their descriptions, less 1.

    item_users : csr (n_items, n_users), 1 where a user has an item
    vectors : csr (n_items, n_features), descriptions, rows of length 1

    References
    ----------
    .. [1] Koren and Bell (2015). "Advances in collaborative filtering". Recommender
       Systems Handbook, section 3.4.1.
    """

    item_users: Any
    vectors: Any

    @classmethod
    def of(cls, history: InteractionHistory, vectors: Any) -> Self:
        """Return what finds similar items of these histories and descriptions."""
        return cls(sp.csr_array(history.matrix().T), vectors)

    def nearest(
        self, item: int, k: int, allowed: Array | None = None
    ) -> tuple[Ints, Floats, Ints]:
        """Return at most k items, their scores, and how many users each shares.

        allowed : bool (n_items,), the others are left out

        Best first, ties by row. Items that neither share a user nor a feature are left
        out.
        """
        shared = _products(self.item_users, item)
        n_users = np.maximum(np.diff(self.item_users.indptr), 1)
        scores = shared / np.sqrt(n_users[item] * n_users) * shared / (shared + SHRINK)
        alike = _products(self.vectors, item)
        scores = np.where(shared > 0, scores, alike - 1)
        found = np.flatnonzero((shared > 0) | (alike > 0))
        found = found[found != item]
        if allowed is not None:
            found = found[allowed[found]]
        found = found[np.argsort(-scores[found], kind="stable")[:k]]
        return found, scores[found], shared[found].astype(np.int64)

    def likeness(self, items: Ints, others: Ints) -> Floats:
        """Return how alike items are to others, (n_items, n_others), from 0 to 1.

        The larger of the shrunk cosine of their users and the cosine of their
        descriptions.
        """
        mine, theirs = self.item_users[items], self.item_users[others]
        shared = (mine @ theirs.T.astype(np.float64)).toarray()
        size = np.sqrt(np.maximum(np.diff(mine.indptr), 1))[:, None]
        size = size * np.sqrt(np.maximum(np.diff(theirs.indptr), 1))
        alike = (self.vectors[items] @ self.vectors[others].T).toarray()
        found: Floats = np.maximum(shared / size * shared / (shared + SHRINK), alike)
        return np.clip(found, 0.0, 1.0)

    def closest(self, items: Ints, item: int) -> int | None:
        """Return which of some items shares most users with an item, by the cosine.

        None where none of them has a user in common with it.
        """
        if not len(items):
            return None
        shared = _products(self.item_users, item)[items]
        size = np.sqrt(np.maximum(np.diff(self.item_users.indptr)[items], 1))
        best = int(np.argmax(shared / size))
        return int(items[best]) if shared[best] > 0 else None


def _products(rows: Any, row: int) -> Floats:
    """Inner products of one row with all, (n_rows,)."""
    found = rows @ rows[[row]].T.astype(np.float64)
    return np.asarray(found.todense()).ravel()
