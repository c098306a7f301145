"""EASE: a linear model that predicts each item from all others, in closed form."""

from typing import Any, ClassVar, Self

import numpy as np
import scipy.sparse as sp
from scipy.linalg import lapack
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from lookalike._checks import check_positive
from lookalike._typing import Array, Float32s, Floats
from lookalike.rank.recommender import Recommends, check_user_items
from lookalike.rank.restorable import Restorable


class EASE(Restorable, Recommends, BaseEstimator):
    r"""Predict what a user does with an item from what they did with all others.

    The weights minimise the squared error with a zero diagonal, so that no item
    predicts itself:

    .. math:: \min_B \|X - X B\|^2 + \alpha \|B\|^2, \quad B_{jj} = 0
              \quad\Rightarrow\quad
              B = I - P \, \mathrm{diag}(1 / P_{jj}), \quad P = (X^T X + \alpha I)^{-1}

    Parameters
    ----------
    alpha : float, default=200.0
        Strength of the penalty, above 0. Larger values favour popular items.

    Attributes
    ----------
    weights_ : ndarray of shape (n_items, n_items), or (n_users, n_items)
        B; where there are fewer users than items, ``inv(X X' + alpha I) X``, which gives
        the same scores with less memory.
    rows_ : csr_array or None
        X, where there are fewer users than items.
    leverage_ : ndarray of shape (n_items,)
        x_j' inv(X X' + alpha I) x_j, where there are fewer users than items.

    Notes
    -----
    With M = inv(X X' + alpha I), P = (I - X' M X) / alpha, and the score of a user with
    row x for an item that they do not have is ``(x X' M X)_j / (1 - leverage_j)``.
    Cost: O(min(n_users, n_items)**3) once; memory as of ``weights_``.

    References
    ----------
    .. [1] Steck (2019). "Embarrassingly shallow autoencoders for sparse data". WWW,
       equation 8.

    Examples
    --------
    >>> user_items = [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 1, 1, 1], [1, 0, 0, 0]]
    >>> model = EASE(alpha=1.0).fit(user_items)
    >>> model.recommend([[1, 0, 0, 0], [0, 0, 0, 1]], k=1).ids
    [array([1]), array([2])]
    """  # noqa: E501

    fitted: ClassVar[tuple[tuple[str, int], ...]] = (
        ("weights_", 1),
        ("rows_", 1),
        ("leverage_", 0),
    )

    weights_: Float32s
    rows_: Any = None
    leverage_: Floats | None = None

    def __init__(self, alpha: float = 200.0) -> None:
        self.alpha = alpha

    def fit(self, user_items: Any, y: object = None) -> Self:
        """Solve for the weights."""
        X = check_user_items(self, user_items, reset=True)
        check_positive("alpha", self.alpha)
        wide = X.shape[0] < X.shape[1]
        X = X.astype(np.float64)
        P = _inverse((X @ X.T if wide else X.T @ X).toarray(), float(self.alpha))
        if wide:
            P = P @ X
            self.leverage_ = np.asarray(X.multiply(P).sum(axis=0)).ravel()
            self.rows_ = sp.csr_array(X, dtype=np.float32)
        else:
            P = -P / np.diag(P)
            np.fill_diagonal(P, 0.0)
            self.leverage_, self.rows_ = None, None
        self.weights_ = np.ascontiguousarray(P, np.float32)
        return self

    def score_items(self, user_items: Any) -> Float32s:
        """Return the scores of all items for each user, (n_users, n_items)."""
        check_is_fitted(self)
        X = check_user_items(self, user_items)
        # Sparse by dense is computed row by row: rows do not depend on the batch.
        if self.leverage_ is None:
            return np.asarray(X @ self.weights_)
        # No item may predict itself, so its own contribution is subtracted.
        overlap = sp.csr_array(X @ self.rows_.T)
        scores = np.asarray(overlap @ self.weights_)
        rows = np.repeat(np.arange(X.shape[0]), np.diff(X.indptr))
        scores[rows, X.indices] -= X.data * self.leverage_[X.indices]
        scores /= (1.0 - self.leverage_).astype(np.float32)
        return scores


def _inverse(gram: Array, alpha: float) -> Floats:
    """Return the inverse of ``gram + alpha I``, symmetric and positive definite."""
    gram[np.diag_indices_from(gram)] += alpha
    factor, failed = lapack.dpotrf(gram.T, lower=0, overwrite_a=1)
    inverse, also_failed = lapack.dpotri(factor, lower=0, overwrite_c=1)
    if failed or also_failed:
        raise ValueError("The matrix of items is singular: alpha must be larger.")
    upper = np.triu(inverse)
    whole: Floats = upper + np.triu(inverse, 1).T
    return whole
