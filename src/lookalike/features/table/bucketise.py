"""Buckets: numbers to the number of the interval that they fall into."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from lookalike._typing import Floats, Ints


class Bucketiser(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    r"""Replace numbers by the number of the bucket they fall into.

    With boundaries :math:`b_1 < \dots < b_m`, bucket k holds
    :math:`b_k \le x < b_{k+1}`, bucket 0 everything below :math:`b_1` and bucket m
    everything from :math:`b_m` up. The boundaries are given, such as the ages at which
    a price changes; ``sklearn.preprocessing.KBinsDiscretizer`` learns them from data.

    Parameters
    ----------
    boundaries : array-like of shape (m,) or list of n_features such, default=(0.0,)
        Rising boundaries, the same for all columns or one list a column.
    missing : {"error", "bucket"}, default="error"
        Refuse NaN, or give it bucket m + 1.

    Attributes
    ----------
    boundaries_ : list of length n_features of ndarray
        Boundaries of each column.

    Notes
    -----
    Cost: O(log m) a number.

    Examples
    --------
    >>> from lookalike.features.table import Bucketiser
    >>> ages = [[17], [18], [64.9], [80], [float("nan")]]
    >>> Bucketiser([18, 30, 65], missing="bucket").fit_transform(ages).ravel()
    array([0, 1, 2, 3, 4])
    """

    boundaries_: list[Floats]

    def __init__(
        self, boundaries: ArrayLike | list[ArrayLike] = (0.0,), missing: str = "error"
    ) -> None:
        self.boundaries = boundaries
        self.missing = missing

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Check the boundaries against the columns."""
        if self.missing not in ("error", "bucket"):
            raise ValueError(
                f"missing must be 'error' or 'bucket', got {self.missing!r}."
            )
        X = self._check(X, reset=True)
        given: Any = self.boundaries
        lists = given if len(given) and np.ndim(given[0]) == 1 else [given] * X.shape[1]
        if len(lists) != X.shape[1]:
            raise ValueError(
                f"{len(lists)} lists of boundaries for {X.shape[1]} columns."
            )
        self.boundaries_ = [np.array(one, dtype=np.float64) for one in lists]
        for one in self.boundaries_:
            rises = bool((np.diff(one) > 0).all())
            if one.ndim != 1 or not len(one) or np.isnan(one).any() or not rises:
                raise ValueError(
                    f"boundaries must be a rising list of numbers, got {one.tolist()}."
                )
        return self

    def transform(self, X: ArrayLike) -> Ints:
        """Number of the bucket of each number, int64, shape of ``X``."""
        check_is_fitted(self)
        X = self._check(X, reset=False)
        buckets = np.empty(X.shape, dtype=np.int64)
        for j, boundaries in enumerate(self.boundaries_):
            column = np.ascontiguousarray(X[:, j])
            buckets[:, j] = np.searchsorted(boundaries, column, side="right")
            if self.missing == "bucket":  # NaN was sorted behind all else, to m
                buckets[:, j] += np.isnan(column)
        return buckets

    def _check(self, X: ArrayLike, reset: bool) -> Floats:
        finite = "allow-nan" if self.missing == "bucket" else True
        checked: Floats = validate_data(
            self, X, dtype=np.float64, ensure_all_finite=finite, reset=reset
        )
        return checked

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.missing == "bucket"
        tags.transformer_tags.preserves_dtype = []
        return tags
