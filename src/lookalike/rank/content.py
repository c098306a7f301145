"""Recommend what is described like the items that a user has."""

from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from lookalike._typing import Float32s
from lookalike.rank.recommender import tidy
from lookalike.rank.restorable import Restorable


class ContentSimilarity(Restorable, BaseEstimator):
    r"""Recommend by what items say of themselves: an item needs no user for it.

    .. math:: s_{uj} = \frac{f_j^T}{\|f_j\|} \sum_i x_{ui} \frac{f_i}{\|f_i\|}

    Attributes
    ----------
    vectors_ : csr_array of shape (n_items, n_features)
        Descriptions of length 1.

    Examples
    --------
    >>> model = ContentSimilarity().fit([[1, 1, 0], [0, 1, 0], [0, 0, 1]])
    >>> model.score_items([[1, 0, 0]]).round(2).tolist()
    [[1.0, 0.71, 0.0]]
    """

    fitted = (("vectors_", 0),)

    vectors_: Any

    def fit(self, X: Any, y: object = None) -> Self:
        """Take descriptions of the items, (n_items, n_features)."""
        given = validate_data(self, X, accept_sparse="csr", dtype=np.float32)
        rows = tidy(sp.csr_array(given))
        size = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
        scale = sp.diags_array(1 / np.where(size > 0, size, 1.0))
        self.vectors_ = sp.csr_array(scale @ rows, dtype=np.float32)
        return self

    def score_items(self, user_items: Any) -> Float32s:
        """Return the scores of all items for each user, (n_users, n_items)."""
        check_is_fitted(self)
        rows = sp.csr_array(user_items, dtype=np.float32)
        if rows.shape[1] != self.vectors_.shape[0]:
            raise ValueError(
                f"user_items must have {self.vectors_.shape[0]} columns, one an item, "
                f"got {rows.shape[1]}."
            )
        scores = (rows @ self.vectors_) @ sp.csr_array(self.vectors_.T)
        return np.ascontiguousarray(scores.toarray(), np.float32)

    def __sklearn_tags__(self) -> Any:
        """Tell that the input may be sparse."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
