"""Popularity among users with the same features: for those whose history is short."""

from typing import Any, ClassVar, Self

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from lookalike._checks import check_positive, check_whole
from lookalike._typing import Float32s
from lookalike.rank.restorable import Restorable


class ProfilePopularity(Restorable, BaseEstimator):
    r"""Recommend what users with the same features take, by naive Bayes.

    .. math:: s_{uj} = \log q_j + \sum_f p_{uf} \log \frac{q_{j|f}}{q_j}, \qquad
       q_{j|f} = \frac{n_{fj} + \alpha q_j}{\sum_j n_{fj} + \alpha}

    of the share q of an item in all interactions, and in those of users with a feature.

    Parameters
    ----------
    n_profile : int, default=1
        Features of users: so many columns stand before the items in ``fit``.
    alpha : float, default=50.0
        Interactions that a feature must have to count by half.

    Attributes
    ----------
    lifts_ : float32 ndarray of shape (n_profile + 1, n_items)
        Logarithms of the items' shares, then what each feature adds to them.

    References
    ----------
    .. [1] Manning, Raghavan and Schütze (2008). "Introduction to Information
       Retrieval". Chapter 13, equation 13.3.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> young, old = [1, 0], [0, 1]
    >>> users = [[*young, 1, 1, 0], [*young, 1, 0, 0], [*old, 0, 1, 1], [*old, 0, 0, 1]]
    >>> model = ProfilePopularity(n_profile=2, alpha=1.0).fit(sp.csr_array(users))
    >>> model.score_items(sp.csr_array([young, old])).argmax(axis=1).tolist()
    [0, 2]
    """

    fitted: ClassVar[tuple[tuple[str, int], ...]] = (("lifts_", 1),)

    lifts_: Float32s

    def __init__(self, n_profile: int = 1, alpha: float = 50.0) -> None:
        self.n_profile = n_profile
        self.alpha = alpha

    def fit(self, X: Any, y: object = None) -> Self:
        """Count what users with each feature have.

        Parameters
        ----------
        X : sparse matrix of shape (n_users, n_profile + n_items)
            Features of the users, at least 0, then 1 where a user has an item.
        """
        given = validate_data(
            *(self, X), accept_sparse="csr", dtype=np.float64, ensure_non_negative=True
        )
        check_whole("n_profile", self.n_profile)
        check_positive("alpha", self.alpha)
        if self.n_profile >= given.shape[1]:
            raise ValueError(
                f"X must have items after its {self.n_profile} features, got "
                f"{given.shape[1]} columns."
            )
        whole = sp.csr_array(given)
        profile, items = whole[:, : self.n_profile], whole[:, self.n_profile :]
        counts = np.asarray((profile.T @ items).todense())
        total = np.asarray(items.sum(axis=0)).ravel() + 0.5  # nothing is impossible
        share = total / total.sum()
        size = counts.sum(axis=1, keepdims=True)
        lift = np.log((counts + self.alpha * share) / (size + self.alpha) / share)
        self.lifts_ = np.vstack([np.log(share), lift]).astype(np.float32)
        return self

    def score_items(self, profiles: Any) -> Float32s:
        """Return the scores of all items for users of these features.

        profiles : csr (n_users, n_profile)
        """
        check_is_fitted(self)
        rows = sp.csr_array(profiles, dtype=np.float32)
        if rows.shape[1] != len(self.lifts_) - 1:
            raise ValueError(
                f"profiles must have {len(self.lifts_) - 1} columns, got "
                f"{rows.shape[1]}."
            )
        return np.asarray(rows @ self.lifts_[1:] + self.lifts_[0], np.float32)

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that the input may be sparse and must not be negative."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.positive_only = True
        return tags
