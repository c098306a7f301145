"""Weights of the entries of a user-item matrix: cosine, TF-IDF, BM25."""

from typing import Any

import numpy as np
import scipy.sparse as sp

WEIGHTINGS = ("cosine", "bm25", "tfidf")


def weigh(X: Any, weighting: str, k1: float = 1.2, b: float = 0.75) -> Any:
    r"""Return the matrix with each entry weighted.

    - cosine: columns of length 1;
    - tfidf: :math:`\sqrt{x} (1 + \ln((1 + n) / (1 + n_u)))`, then columns of length 1.
      :math:`n_u` is the number of items of the user: users with many items count less;
    - bm25: :math:`x (k_1 + 1) / (x + k_1 (1 - b + b\, l_i / \bar l))` times the same
      logarithm. :math:`l_i` is the sum of the item's column: popular items count less.

    Parameters
    ----------
    X : csr matrix of shape (n_users, n_items)
    weighting : {"cosine", "bm25", "tfidf"}
    k1, b : float
        Saturation and length normalisation of BM25.

    Examples
    --------
    >>> weigh(sp.csr_array([[3.0, 1], [4, 0]]), "cosine").toarray()
    array([[0.6, 1. ],
           [0.8, 0. ]])
    """
    rows = np.repeat(np.arange(X.shape[0]), np.diff(X.indptr))
    rare = 1 + np.log((1 + X.shape[1]) / (1 + np.diff(X.indptr)))[rows]
    data = X.data.astype(np.float64)
    if weighting == "tfidf":
        data = np.sqrt(data) * rare
    if weighting == "bm25":
        size = np.bincount(X.indices, data, X.shape[1])
        mean = size.mean() or 1.0
        long = (1 - b + b * size / mean)[X.indices]
        data = data * (k1 + 1) / (data + k1 * long) * rare
    else:
        norms = np.sqrt(np.bincount(X.indices, data**2, X.shape[1]))
        data = data / norms[X.indices]
    return sp.csr_array((data, X.indices, X.indptr), shape=X.shape)
