"""The interface of rankers, and the checks of input that they share.

A ranker learns from rows of features, one row for each candidate of a query, and from
the relevance of each row. Rows of one query are adjacent; ``groups`` holds the number
of rows of each query.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from lookalike._checks import check_sample_weight
from lookalike._typing import Array, Floats, Ints


class Ranker(Protocol):
    """Anything that learns to put candidates in order."""

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        groups: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Learn from features and relevance; see :meth:`BaseRanker.fit`."""
        ...

    def score_rows(self, X: ArrayLike) -> Floats:
        """Return scores; see :meth:`BaseRanker.score_rows`."""
        ...

    def arrays(self) -> dict[str, Array]:
        """Return everything that ``score_rows`` needs, by name."""
        ...

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Return the ranker from which these arrays were taken.

        Raises
        ------
        ValueError
            If the arrays do not fit together.
        """
        ...


class BaseRanker(BaseEstimator, ABC):
    """Base of the rankers: checks the input of ``fit`` and of ``score_rows``.

    A ranker defines ``_learn`` and ``_score``, how it is saved as arrays, and, where it
    has parameters of its own to check, ``_check_parameters``.
    """

    n_features_in_: int

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        groups: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Learn from features and relevance.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
        y : array-like of shape (n_rows,)
            Relevance; higher is better.
        groups : array-like of int of shape (n_queries,), optional
            Number of rows of each query; rows of one query are adjacent. None is one
            query. Rankers that score each row by itself check and ignore it.
        sample_weight : array-like of shape (n_rows,), optional
            Weights, at least 0 and not all 0.

        Raises
        ------
        ValueError
            If a parameter, or what is given, cannot be learned from; the message names
            it.
        """
        rows, relevance = validate_data(
            self, X, y, dtype=np.float32, order="C", y_numeric=True
        )
        self._check_parameters()
        sizes = group_sizes(groups, len(rows))
        weight = check_sample_weight(sample_weight, rows)
        self._learn(rows, np.asarray(relevance, np.float64), sizes, weight)
        return self

    def score_rows(self, X: ArrayLike) -> Floats:
        """Return the score of each row, higher is better.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)

        Returns
        -------
        float64 ndarray of shape (n_rows,)
            The score of a row does not depend on the other rows, to the last digit.
        """
        check_is_fitted(self)
        rows = validate_data(self, X, dtype=np.float32, order="C", reset=False)
        return self._score(rows)

    def _check_parameters(self) -> None:
        """Refuse parameters that nothing can be learned with; by default none."""

    @abstractmethod
    def _learn(self, rows: Array, y: Floats, sizes: Ints, weight: Array) -> None:
        """Set the fitted attributes.

        rows : float32 (n_rows, n_features), C-contiguous
        y : (n_rows,)
        sizes : (n_queries,), rows of each query
        weight : float32 (n_rows,)
        """

    @abstractmethod
    def _score(self, rows: Array) -> Floats:
        """Scores (n_rows,) of float32 rows."""

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that ``fit`` needs y."""
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags


def is_relevant(y: Floats) -> Array:
    """Return which rows are relevant (above 0), bool (n_rows,).

    Raises
    ------
    ValueError
        If all rows are relevant, or none.
    """
    relevant = y > 0
    if relevant.all() or not relevant.any():
        raise ValueError(
            "y must hold relevant rows (above 0) and others, got "
            f"{relevant.sum()} relevant of {len(relevant)}: one class."
        )
    return relevant


def mean_and_scale(rows: Array) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of each column, 1 where a column is constant.

    rows : float32 (n_rows, n_features)
    """
    deviation = rows.std(axis=0, dtype=np.float64)
    mean: Floats = rows.mean(axis=0, dtype=np.float64)
    return mean, np.where(deviation > 0, deviation, 1.0)


def group_sizes(groups: ArrayLike | None, n_rows: int) -> Ints:
    """Return the number of rows of each query, (n_queries,); None is one query.

    Raises
    ------
    ValueError
        If they are not positive whole numbers that add up to the rows.
    """
    if groups is None:
        return np.array([n_rows], np.int64)
    sizes = np.asarray(groups)
    if sizes.ndim != 1 or sizes.dtype.kind not in "iu" or (sizes < 1).any():
        raise ValueError("groups must be a flat list of positive whole numbers.")
    if sizes.sum() != n_rows:
        raise ValueError(
            f"groups must add up to the {n_rows} rows of X, got {sizes.sum()}."
        )
    return sizes.astype(np.int64)
