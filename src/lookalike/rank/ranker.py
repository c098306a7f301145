"""What every ranker can do, and how its rows are checked.

A ranker learns from rows of features, one for each candidate, and from how relevant
each was. Rows of one query stand together; ``groups`` says how many each query has.
"""

from collections.abc import Mapping
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

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
        """Learn from features (n_rows, n_features) and relevance (n_rows,).

        groups : sizes of the queries, whose rows stand together; None is one query
        """
        ...

    def score_rows(self, X: ArrayLike) -> Floats:
        """Scores (n_rows,), higher is better; a row's does not depend on the others."""
        ...

    def arrays(self) -> dict[str, Array]:
        """Return everything that ``score_rows`` needs, by name."""
        ...

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Return the ranker from which these arrays were taken."""
        ...


class NeedsTarget(BaseEstimator):
    """Nothing is learned without relevance: scikit-learn is told so."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags


def lessons(ranker: Any, X: ArrayLike, y: ArrayLike) -> tuple[Array, Floats]:
    """Rows as float32, relevance as float64, both checked for ``fit``."""
    rows, relevance = validate_data(
        ranker, X, y, dtype=np.float32, order="C", y_numeric=True
    )
    return rows, np.asarray(relevance, np.float64)


def relevant(relevance: Floats) -> Array:
    """Which rows are relevant at all, some of them and not all."""
    right = relevance > 0
    if right.all() or not right.any():
        raise ValueError(
            "y must hold relevant rows (above 0) and others, got "
            f"{right.sum()} relevant of {len(right)}: one class."
        )
    return right


def questions(ranker: Any, X: ArrayLike) -> Array:
    """Rows as float32, checked for ``score_rows``."""
    check_is_fitted(ranker)
    rows: Array = validate_data(ranker, X, dtype=np.float32, order="C", reset=False)
    return rows


def group_sizes(groups: ArrayLike | None, n_rows: int) -> Ints:
    """Sizes of the queries, which make up all rows; None is one query."""
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
