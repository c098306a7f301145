"""User-based collaborative filtering: items of users with similar histories."""

from typing import Any, ClassVar, Self

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from lookalike._checks import check_choice, check_whole
from lookalike._typing import Float32s
from lookalike.rank._weighting import WEIGHTINGS, weigh
from lookalike.rank.recommender import Recommends, check_user_items, pick, picked
from lookalike.rank.restorable import Restorable


class UserNeighbors(Restorable, Recommends, BaseEstimator):
    r"""Recommend the items of the users whose histories are most similar.

    .. math:: s_{uj} = \sum_{v \in N(u)} \mathrm{sim}(u, v) \, x_{vj}

    Parameters
    ----------
    n_neighbors : int, default=100
        Number of most similar users whose items are summed.
    weighting : {"cosine", "bm25", "tfidf"}, default="tfidf"
        Weights of entries, as in :class:`~lookalike.rank.ItemNeighbors`, with users and
        items exchanged.
    n_jobs : int or None, default=None

    Attributes
    ----------
    rows_ : csr_array of shape (n_users, n_items)
        The users of ``fit``.
    weights_ : csr_array of shape (n_items, n_users)
        The weighted entries, transposed.

    Notes
    -----
    A user of ``fit`` is among their own neighbours. This adds only items that they
    have, which ``recommend`` leaves out.

    References
    ----------
    .. [1] Herlocker, Konstan, Borchers and Riedl (1999). "An algorithmic framework for
       performing collaborative filtering". SIGIR.

    Examples
    --------
    >>> user_items = [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 1, 1, 1]]
    >>> UserNeighbors(2).fit(user_items).recommend([[1, 0, 0, 0]], k=1).ids
    [array([1])]
    """

    fitted: ClassVar[tuple[tuple[str, int], ...]] = (("weights_", 0), ("rows_", 1))

    rows_: Any
    weights_: Any

    def __init__(
        self,
        n_neighbors: int = 100,
        weighting: str = "tfidf",
        n_jobs: int | None = None,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.weighting = weighting
        self.n_jobs = n_jobs

    def fit(self, user_items: Any, y: object = None) -> Self:
        """Store the histories of the users."""
        X = check_user_items(self, user_items, reset=True)
        check_whole("n_neighbors", self.n_neighbors)
        check_choice("weighting", self.weighting, WEIGHTINGS)
        # Users are columns here: lengths are those of histories, rarity that of items.
        self.weights_ = sp.csr_array(weigh(sp.csr_array(X.T), self.weighting))
        self.weights_.data = self.weights_.data.astype(np.float32)
        self.rows_ = X
        return self

    def score_items(self, user_items: Any) -> Float32s:
        """Return the scores of all items for each user, (n_users, n_items)."""
        check_is_fitted(self)
        X = check_user_items(self, user_items)
        close = np.ascontiguousarray((X @ self.weights_).toarray(), np.float32)
        k = min(self.n_neighbors, close.shape[1])
        ids, values = pick(close, None, k, self.n_jobs)
        near = picked(ids, values, self.rows_.shape[0])
        return np.ascontiguousarray((near @ self.rows_).toarray(), np.float32)
