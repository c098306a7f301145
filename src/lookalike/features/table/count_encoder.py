"""Count encoding: how common a category is."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import OneToOneFeatureMixin
from sklearn.utils.validation import check_is_fitted

from lookalike._typing import Floats, Ints
from lookalike.features.table._categories import (
    CategoryEncoder,
    check_table,
    learn_categories,
)


class CountEncoder(OneToOneFeatureMixin, CategoryEncoder):
    r"""Replace each category by the number of other rows that have it.

    A new row gets the number of training rows of its category, 0 if it is unknown. A
    training row, in ``fit_transform``, does not count itself,

    .. math:: \text{fit\_transform}: \; n_c - 1, \qquad \text{transform}: \; n_c ,

    so that both give the number of rows of the category *besides* the row. If training
    rows counted themselves, none would be 0, and a model could not learn what to do
    with an unknown category.

    Parameters
    ----------
    normalize : bool, default=False
        Divide by the number of other rows.

    Attributes
    ----------
    counts_ : list of length n_features of ndarray
        Training rows of each category of ``categories_``, and a last 0 for unknown.
    categories_ : list of length n_features of list
        Categories of each column in order of first appearance; a missing value is one,
        written None.

    Notes
    -----
    The target is not used, so nothing of it can leak. ``fit(X).transform(X)`` is not
    ``fit_transform(X)``: the rows count themselves there.

    Examples
    --------
    >>> from lookalike.features.table import CountEncoder
    >>> model = CountEncoder()
    >>> model.fit_transform([["x"], ["y"], ["x"], ["x"]]).ravel()
    array([2., 0., 2., 2.])
    >>> model.transform([["x"], ["y"], ["z"]]).ravel()
    array([3., 1., 0.])
    """

    counts_: list[Ints]
    categories_: list[list[Any]]

    def __init__(self, normalize: bool = False) -> None:
        self.normalize = normalize

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Count the rows of each category."""
        self._learn(X)
        return self

    def fit_transform(self, X: ArrayLike, y: Any = None) -> Floats:
        """Count, and give each training row the number of other rows."""
        return self._look_up(self._learn(X), others=1)

    def transform(self, X: ArrayLike) -> Floats:
        """Give each row the number of training rows: shape of ``X``."""
        check_is_fitted(self)
        X = check_table(self, X, reset=False)
        return self._look_up(self._categories.numbers(X), others=0)

    def _learn(self, X: ArrayLike) -> Ints:
        X = check_table(self, X, reset=True)
        self._categories, codes = learn_categories(X)
        self.categories_ = self._categories.values
        self.counts_ = [
            np.bincount(column, minlength=len(names) + 1)
            for column, names in zip(codes.T, self.categories_, strict=True)
        ]
        self._n_rows = len(X)
        return codes

    def _look_up(self, codes: Ints, others: int) -> Floats:
        found = np.empty(codes.shape)
        for j, counts in enumerate(self.counts_):
            found[:, j] = (counts - float(others))[codes[:, j]]
        return found / max(self._n_rows - others, 1) if self.normalize else found
