"""Content-based recommendation: items that are described like those of the user."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from lookalike._typing import Array, Float32s
from lookalike.rank.recommender import tidy
from lookalike.rank.restorable import Restorable


class ContentSimilarity(Restorable, BaseEstimator):
    r"""Recommend items by their descriptions, also items that no user has yet.

    .. math:: s_{uj} = \frac{f_j^T}{\|f_j\|} \sum_i x_{ui} \frac{f_i}{\|f_i\|}

    Attributes
    ----------
    vectors_ : csr_array of shape (n_items, n_features)
        Descriptions, scaled to length 1.
    n_features_in_ : int
        Columns of the descriptions.

    References
    ----------
    .. [1] Lops, de Gemmis and Semeraro (2011). "Content-based recommender systems:
       state of the art and trends". Recommender Systems Handbook, chapter 3.

    Examples
    --------
    >>> model = ContentSimilarity().fit([[1, 1, 0], [0, 1, 0], [0, 0, 1]])
    >>> model.score_items([[1, 0, 0]]).round(2).tolist()
    [[1.0, 0.71, 0.0]]
    """

    fitted: ClassVar[tuple[tuple[str, int], ...]] = (("vectors_", 0),)

    vectors_: Any

    def fit(self, X: Any, y: object = None) -> Self:
        """Learn the descriptions X of the items, (n_items, n_features)."""
        given = validate_data(self, X, accept_sparse="csr", dtype=np.float32)
        rows = tidy(sp.csr_array(given))
        size = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
        scale = sp.diags_array(1 / np.where(size > 0, size, 1.0))
        self.vectors_ = sp.csr_array(scale @ rows, dtype=np.float32)
        return self

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], **parameters: Any) -> Self:
        """Return the recommender of these arrays; see :class:`Restorable`."""
        model = super().from_arrays(arrays, **parameters)
        model.n_features_in_ = model.vectors_.shape[1]
        return model

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
        """Tell scikit-learn that the input may be sparse."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
