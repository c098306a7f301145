"""Categories of a table as row numbers of look-up tables."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.preprocessing import OrdinalEncoder
from sklearn.utils.validation import validate_data

from lookalike._typing import Array, Ints

_UNKNOWN, _MISSING = -1, -2


def check_table(estimator: Any, X: ArrayLike, reset: bool) -> Array:
    """Check a table of categories: numbers, strings or both, NaN where missing."""
    given = None if hasattr(X, "dtype") or hasattr(X, "iloc") else object
    checked: Array = validate_data(
        estimator, X, dtype=None, ensure_all_finite="allow-nan", reset=reset
    )
    if given is object and checked.dtype.kind in "US":  # a list of mixed kinds
        checked = np.array(X, dtype=object)
    return checked


def learn_categories(X: Array) -> OrdinalEncoder:
    """Learn the categories of each column; a missing value is a category, too."""
    return OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=_UNKNOWN,
        encoded_missing_value=_MISSING,
        dtype=np.int64,
    ).fit(X)


def codes_of(categories: OrdinalEncoder, X: Array) -> Ints:
    """Number the categories of each column; one more number stands for the unknown.

    Shape of ``X``; column j has ``len(categories.categories_[j])`` for unknown.
    """
    codes: Ints = categories.transform(X)
    for column, names in zip(codes.T, categories.categories_, strict=True):
        column[column == _UNKNOWN] = len(names)
        column[column == _MISSING] = len(names) - 1  # NaN is sorted last
    return codes


def number_values(column: Array) -> tuple[list[Any], Ints]:
    """Find the distinct values of a column, missing as None, and number the rows."""
    if column.dtype == object:
        number_of: dict[Any, int] = {}
        codes = [
            number_of.setdefault(_key(value), len(number_of))
            for value in column.tolist()
        ]
        return list(number_of), np.array(codes, dtype=np.int64)
    values, inverse = np.unique(column, return_inverse=True)
    return [_key(value) for value in values.tolist()], inverse.astype(np.int64)


def _key(value: Any) -> Any:
    is_nan = isinstance(value, float) and value != value
    return None if is_nan else value
