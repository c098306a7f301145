"""Crossed features: combinations of categories, in hashed columns."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from lookalike._typing import Array, Ints
from lookalike.features._hashing import hash_names
from lookalike.features.table._categories import (
    CategoryEncoder,
    check_table,
    number_values,
)


class HashedCrosses(CategoryEncoder):
    r"""One column for each combination of categories, chosen by a hash function.

    A linear model with ``(city, hour)`` crossed can learn that this city is busy at
    that hour, which it cannot from city and hour apart. Combinations are many and most
    are rare, so they are not listed: the combination :math:`(x_a, x_b)` of cross c is
    a 1 in column

    .. math:: h(c, x_a, x_b) \bmod n ,

    and two of them share a column with probability 1/n. Nothing is learned from the
    rows, so a combination that is new in service has its column already.

    Parameters
    ----------
    crosses : "pairs" or list of tuples, default="pairs"
        Columns to combine, by position or by name in a data frame. A tuple of one
        column hashes it as it is.
    n_features : int, default=2**18
        Number of hashed columns, n.

    Attributes
    ----------
    crosses_ : list of tuples of int
        Positions of the columns of each cross.

    Notes
    -----
    A value is hashed by its text; 3, 3.0 and "3" are the same value, NaN and None are
    one value of their own. Each distinct value is hashed once a call.

    References
    ----------
    .. [1] Weinberger, Dasgupta, Langford, Smola and Attenberg (2009). "Feature hashing
       for large scale multitask learning". ICML.
    .. [2] Cheng et al. (2016). "Wide & deep learning for recommender systems". DLRS,
       equation 1 (cross-product transformation).

    Examples
    --------
    >>> from lookalike.features.table import HashedCrosses
    >>> rows = [["Bonn", 8, "rain"], ["Bonn", 9, "sun"], ["Bonn", 8, "sun"]]
    >>> X = HashedCrosses([(0, 1)], n_features=1000).fit_transform(rows)
    >>> X.shape, X.indices[0] == X.indices[2], X.indices[0] == X.indices[1]
    ((3, 1000), np.True_, np.False_)
    """

    crosses_: list[tuple[int, ...]]

    def __init__(self, crosses: Any = "pairs", n_features: int = 2**18) -> None:
        self.crosses = crosses
        self.n_features = n_features

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Find the columns to combine."""
        n = self.n_features
        if not (isinstance(n, int | np.integer) and 1 <= n < 2**31):
            raise ValueError(f"n_features must be an integer in [1, 2**31), got {n!r}.")
        n_columns = check_table(self, X, reset=True).shape[1]
        if isinstance(self.crosses, str):
            self.crosses_ = self._pairs(n_columns)
        else:
            self.crosses_ = [self._positions(cross) for cross in self.crosses]
        if not self.crosses_:
            raise ValueError("crosses must name at least one combination of columns.")
        return self

    def transform(self, X: ArrayLike) -> sp.csr_array:
        """Mark the combinations of each row: (n_rows, n_features), float64.

        Combinations of one row that share a column add up.
        """
        check_is_fitted(self)
        X = check_table(self, X, reset=False)
        hashes = [_hash_column(column) for column in X.T]
        columns = np.column_stack(
            [
                _mix(number, [hashes[j] for j in cross]) % self.n_features
                for number, cross in enumerate(self.crosses_)
            ]
        )
        starts = np.arange(len(X) + 1) * len(self.crosses_)
        ones = np.ones(columns.size)
        marked = sp.csr_array(
            (ones, columns.ravel(), starts), shape=(len(X), self.n_features)
        )
        marked.sum_duplicates()
        return marked

    def _pairs(self, n_columns: int) -> list[tuple[int, ...]]:
        if self.crosses != "pairs":
            raise ValueError(
                f"crosses must be 'pairs' or a list of tuples, got {self.crosses!r}."
            )
        if n_columns < 2:
            raise ValueError(
                "Pairs need at least 2 columns, got an X with 1 feature(s)."
            )
        return list(combinations(range(n_columns), 2))

    def _positions(self, cross: Sequence[Any]) -> tuple[int, ...]:
        names = list(getattr(self, "feature_names_in_", []))
        known: dict[Any, int] = {name: j for j, name in enumerate(names)}
        known |= {j: j for j in range(self.n_features_in_)}
        unknown = [column for column in cross if column not in known]
        if isinstance(cross, str) or unknown or not len(cross):
            raise ValueError(
                f"A cross must be a tuple of columns of X, got {cross!r}; X has "
                f"{names or list(range(self.n_features_in_))}."
            )
        return tuple(known[column] for column in cross)


def _hash_column(column: Array) -> Ints:
    """Hash the text of each value: 0 to 2**32 - 1."""
    values, codes = number_values(column)
    hashes = hash_names(map(_text_of, values)).astype(np.int64) % 2**32
    return hashes[codes]


def _text_of(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # a column of integers turns to floats when one is missing
    return "" if value is None else str(value)


def _mix(seed: int, parts: list[Ints]) -> Ints:
    """Mix the hashes of the parts of a combination, in order: 0 to 2**31 - 1.

    The mixing rounds of MurmurHash3 (64 bits), in arithmetic that wraps around.
    """
    state = np.full(len(parts[0]), seed, dtype=np.uint64)
    for part in parts:
        state = (state + np.uint64(0x9E3779B97F4A7C15)) ^ part.astype(np.uint64)
        for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
            state = (state ^ (state >> np.uint64(33))) * np.uint64(factor)
        state ^= state >> np.uint64(33)
    return (state & np.uint64(2**31 - 1)).astype(np.int64)
