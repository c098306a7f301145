"""Item-based collaborative filtering: items that occur with those of the user."""

from typing import Any, ClassVar, Self

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from lookalike._checks import check_choice, check_positive, check_whole
from lookalike._typing import Float32s
from lookalike.rank._weighting import WEIGHTINGS, weigh
from lookalike.rank.recommender import BLOCK, Recommends, check_user_items, pick, picked
from lookalike.rank.restorable import Restorable


class ItemNeighbors(Restorable, Recommends, BaseEstimator):
    r"""Recommend items that are similar to those of the user.

    .. math:: s_{uj} = \sum_i x_{ui} \, \mathrm{sim}(i, j), \qquad
              \mathrm{sim}(i, j) = w_i^T w_j

    over the ``n_neighbors`` items most similar to each i, with w_i the weighted column
    of item i.

    Parameters
    ----------
    n_neighbors : int, default=50
        Most similar items that are kept for each item.
    weighting : {"cosine", "bm25", "tfidf"}, default="bm25"
        Weights of entries: columns of length 1, the same after TF-IDF, or BM25 [2]_.
    k1, b : float, default=1.2 and 0.75
        Saturation and length normalisation of BM25.
    n_jobs : int or None, default=None

    Attributes
    ----------
    similarity_ : csr_array of shape (n_items, n_items)
        Row i holds the items most similar to i.

    References
    ----------
    .. [1] Deshpande and Karypis (2004). "Item-based top-N recommendation algorithms".
       ACM Transactions on Information Systems 22(1).
    .. [2] Robertson and Zaragoza (2009). "The probabilistic relevance framework: BM25
       and beyond". Foundations and Trends in Information Retrieval 3(4).

    Examples
    --------
    >>> user_items = [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 1, 1, 1]]
    >>> model = ItemNeighbors(2, weighting="cosine").fit(user_items)
    >>> model.recommend([[1, 0, 0, 0]], k=1).scores
    [array([0.82])]
    """

    fitted: ClassVar[tuple[tuple[str, int], ...]] = (("similarity_", 1),)

    similarity_: Any

    def __init__(
        self,
        n_neighbors: int = 50,
        weighting: str = "bm25",
        k1: float = 1.2,
        b: float = 0.75,
        n_jobs: int | None = None,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.weighting = weighting
        self.k1 = k1
        self.b = b
        self.n_jobs = n_jobs

    def fit(self, user_items: Any, y: object = None) -> Self:
        """Find the items most similar to each item."""
        X = check_user_items(self, user_items, reset=True)
        check_whole("n_neighbors", self.n_neighbors)
        check_choice("weighting", self.weighting, WEIGHTINGS)
        check_positive("k1", self.k1, zero=True)
        check_positive("b", self.b, zero=True)
        if self.b > 1:
            raise ValueError(f"b must lie in [0, 1], got {self.b!r}.")
        W = weigh(X, self.weighting, self.k1, self.b)
        self.similarity_ = _closest(W, min(self.n_neighbors, W.shape[1]), self.n_jobs)
        return self

    def score_items(self, user_items: Any) -> Float32s:
        """Return the scores of all items for each user, (n_users, n_items)."""
        check_is_fitted(self)
        X = check_user_items(self, user_items)
        scores = (X @ self.similarity_).toarray()
        return np.ascontiguousarray(scores, np.float32)


def _closest(W: Any, k: int, n_jobs: int | None) -> Any:
    """Return the k largest products of each column of W with the others."""
    columns = sp.csr_array(W.T)
    n = columns.shape[0]
    ids, values = np.empty((n, k), np.int64), np.empty((n, k), np.float32)
    itself = sp.csr_array(sp.eye_array(n, dtype=np.float32))
    for start in range(0, n, BLOCK):
        rows = slice(start, start + BLOCK)
        close = (columns[rows] @ W).toarray().astype(np.float32)
        ids[rows], values[rows] = pick(close, itself[rows], k, n_jobs)
    return picked(ids, values, n)
