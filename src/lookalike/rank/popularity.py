"""Popular items, over all time or with recent interactions weighted more."""

from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from lookalike._checks import check_positive
from lookalike._typing import Float32s, Floats
from lookalike.rank.recommender import Recommends, check_user_items
from lookalike.rank.restorable import Restorable

DAY = 86_400.0


class Popularity(Restorable, Recommends, BaseEstimator):
    r"""Recommend the items that most users have, the same to every user.

    With times, the weight of an interaction halves with every ``half_life``, so that
    the list shows what is trending:

    .. math:: s_i = \sum_{u : x_{ui} > 0} 2^{-(t_{now} - t_{ui}) / half\_life}

    Parameters
    ----------
    half_life : float, default=30.0
        In days; used only with times.

    Attributes
    ----------
    scores_ : ndarray of shape (n_items,)
        Number of users of each item, weighted by age where times are given.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> user_items = sp.csr_array([[1.0, 1, 0], [1, 0, 0], [1, 1, 1]])
    >>> Popularity().fit(user_items).recommend([[1, 0, 0]], k=2).ids
    [array([1, 2])]
    >>> days_ago = sp.csr_array([[90.0, 90, 0], [90, 0, 0], [90, 90, 1]])
    >>> now = 1000 * DAY
    >>> times = user_items.multiply(now) - days_ago * DAY
    >>> Popularity().fit(user_items, times=times.tocsr(), now=now).scores_.round(2)
    array([0.38, 0.25, 0.98])
    """

    fitted: ClassVar[tuple[tuple[str, int], ...]] = (("scores_", 0),)

    scores_: Floats

    def __init__(self, half_life: float = 30.0) -> None:
        self.half_life = half_life

    def fit(
        self,
        user_items: Any,
        y: object = None,
        times: Any = None,
        now: float | None = None,
    ) -> Self:
        """Count the users of each item.

        Parameters
        ----------
        user_items : sparse matrix of shape (n_users, n_items)
        y : ignored
        times : sparse matrix of the same shape, optional
            Seconds since 1970 of each interaction.
        now : float, optional
            Time from which ages are counted; by default the latest time.
        """
        matrix = check_user_items(self, user_items, reset=True)
        check_positive("half_life", self.half_life)
        weights = np.ones(matrix.nnz)
        if times is not None:
            if times.shape != matrix.shape:
                raise ValueError(
                    f"times must be of shape {matrix.shape}, got {times.shape}."
                )
            rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
            at = np.asarray(times[rows, matrix.indices]).ravel()
            age = (at.max(initial=0.0) if now is None else now) - at
            weights = np.exp2(-np.maximum(age, 0.0) / (self.half_life * DAY))
        counts = np.bincount(matrix.indices, weights, matrix.shape[1])
        self.scores_ = np.asarray(counts, np.float64)
        return self

    def score_items(self, user_items: Any) -> Float32s:
        """Return the same scores for each user, (n_users, n_items)."""
        check_is_fitted(self)
        matrix = check_user_items(self, user_items)
        return np.tile(self.scores_.astype(np.float32), (matrix.shape[0], 1))
