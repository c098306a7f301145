"""Categories of a table as row numbers of look-up tables."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import validate_data

from lookalike._typing import Array, Ints
from lookalike.kernels.slices import number_in_range, number_slices

DENSE = 16  # a range at most so many times as long as its values is a table


class CategoryEncoder(TransformerMixin, BaseEstimator):
    """A transformer of categories: numbers, strings or both, NaN where missing."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.input_tags.allow_nan = True
        return tags


def check_table(estimator: Any, X: ArrayLike, reset: bool) -> Array:
    """Check a table of categories: numbers, strings or both, NaN where missing."""
    checked: Array = validate_data(
        estimator, X, dtype=None, ensure_all_finite="allow-nan", reset=reset
    )
    is_list = not (hasattr(X, "dtype") or hasattr(X, "iloc"))
    if is_list and checked.dtype.kind in "US":  # NumPy made strings of mixed kinds
        return np.array(X, dtype=object)
    return checked


def number_values(column: Array) -> tuple[list[Any], Ints]:
    """Find the distinct values of a column, missing as None, and number the rows.

    Values are in order of first appearance. Cost: O(n_rows), no sort.
    """
    if column.dtype.kind == "i":
        low, high = int(column.min()), int(column.max())
        if high - low < DENSE * len(column):
            whole = column.astype(np.int64)
            numbers, distinct = number_in_range(whole, low, high - low + 1)
            return distinct.tolist(), numbers
    if column.dtype.kind in "iufb":
        halves = _bits_of(column).view(np.int32)
        starts = np.arange(0, len(halves), 2)
        numbers, first = number_slices(halves, starts, starts + 2)
        values = column[first].tolist()
        if column.dtype.kind == "f":
            values = list(map(_key, values))
        return values, numbers.astype(np.int64)
    number_of: dict[Any, int] = {}
    keys = map(_key, column.tolist())
    codes = np.fromiter(
        (number_of.setdefault(key, len(number_of)) for key in keys), np.int64
    )
    return list(number_of), codes


def _bits_of(column: Array) -> Array:
    """Write numbers in 64 bits each, equal numbers in equal bits."""
    if column.dtype.kind != "f":
        return column.astype(np.int64)
    wide = np.add(column, 0.0, dtype=np.float64)  # -0.0 becomes 0.0
    wide[np.isnan(wide)] = np.nan
    return wide


class Categories:
    """The categories of each column, and the number of each."""

    def __init__(self, values: list[list[Any]]) -> None:
        self.values = values
        self._number_of = [{v: i for i, v in enumerate(column)} for column in values]
        self._tables = [_table(column) for column in values]

    def numbers(self, X: Array) -> Ints:
        """Number the values of each column; len(values) stands for the unknown."""
        numbers = np.empty(X.shape, np.int64, order="F")
        for j, column in enumerate(X.T):
            number_of, table = self._number_of[j], self._tables[j]
            unknown = len(number_of)
            if table is not None and column.dtype.kind == "i":
                low, known = table
                position = column.astype(np.int64)
                np.clip(position, low, low + len(known) - 1, out=position)
                position -= low
            else:
                values, position = number_values(column)
                known = np.array([number_of.get(v, unknown) for v in values], int)
            numbers[:, j] = known[position]
        return numbers


def _table(values: list[Any]) -> tuple[int, Ints] | None:
    """Numbers of whole values by position in their range, if that is short.

    Returns the value of the first position and the numbers; the first and the last
    position stand for all values beyond the range, which are unknown.
    """
    if not values or any(type(value) is not int for value in values):
        return None
    low, high = min(values) - 1, max(values) + 1
    if high - low >= DENSE * len(values) or max(-low, high) >= 2**63:
        return None
    known: Ints = np.full(high - low + 1, len(values))
    known[np.array(values) - low] = np.arange(len(values))
    return low, known


def learn_categories(X: Array) -> tuple[Categories, Ints]:
    """Find the categories of each column; return them and the numbers of the rows."""
    numbered = [number_values(column) for column in X.T]
    codes = np.array([codes for _, codes in numbered]).T
    return Categories([values for values, _ in numbered]), codes


def _key(value: Any) -> Any:
    is_nan = isinstance(value, float) and value != value
    return None if is_nan else value
