"""How much an entry of a user-item matrix says: cosine, TF-IDF, BM25."""

from typing import Any

import numpy as np
import scipy.sparse as sp

WEIGHTINGS = ("cosine", "bm25", "tfidf")


def weigh(X: Any, how: str, k1: float = 1.2, b: float = 0.75) -> Any:
    r"""Return the matrix with each entry weighted.

    - cosine: columns of length 1;
    - tfidf: :math:`\sqrt{x} (1 + \ln((1 + n) / (1 + n_u)))`, n_u being the items that
      the user has, then columns of length 1: a user of everything says little;
    - bm25: :math:`x (k_1 + 1) / (x + k_1 (1 - b + b\, l_i / \bar l))` times the same
      logarithm, l_i being the sum of the item's column: popular items are discounted.

    Examples
    --------
    >>> weigh(sp.csr_array([[3.0, 1], [4, 0]]), "cosine").toarray()
    array([[0.6, 1. ],
           [0.8, 0. ]])
    """
    rows = np.repeat(np.arange(X.shape[0]), np.diff(X.indptr))
    rare = 1 + np.log((1 + X.shape[1]) / (1 + np.diff(X.indptr)))[rows]
    data = X.data.astype(np.float64)
    if how == "tfidf":
        data = np.sqrt(data) * rare
    if how == "bm25":
        size = np.bincount(X.indices, data, X.shape[1])
        mean = size.mean() or 1.0
        long = (1 - b + b * size / mean)[X.indices]
        data = data * (k1 + 1) / (data + k1 * long) * rare
    else:
        norms = np.sqrt(np.bincount(X.indices, data**2, X.shape[1]))
        data = data / norms[X.indices]
    return sp.csr_array((data, X.indices, X.indptr), shape=X.shape)
