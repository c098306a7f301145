"""Numbers that users give to estimators, checked before they reach a kernel.

Kernels check nothing, and a square that is infinite turns into NaN in the next
difference: a comparison with it never holds, and what depends on it has no answer.
"""

from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils import validation

from lookalike._typing import Array

WHOLE = 2**53  # below it float64 holds every whole number


def validate_data(
    estimator: Any,
    X: Any,
    y: Any = "no_validation",
    *,
    reset: bool = True,
    power: float | None = 2,
    target_dtype: Any = None,
    **how: Any,
) -> Any:
    """scikit-learn's ``validate_data``, which also refuses what overflows when squared.

    Values that are too small to be squared are refused where something is learned from
    them, with ``reset``. ``power=None`` is for rows that are not added. Targets that
    ``how`` lets be numbers are held to the same in ``target_dtype``, in which they are
    added; None is the type of X, and no check if that has none. Cost: one pass over X.
    """
    found = validation.validate_data(estimator, X, y, reset=reset, **how)
    rows, targets = found if isinstance(found, tuple) else (found, None)
    if power is not None:
        check_range(rows, power=power, underflow=reset)
    if target_dtype is None and power is not None:
        target_dtype = _values(rows).dtype
    numbers = how.get("y_numeric") or how.get("multi_output")
    if targets is not None and numbers and target_dtype is not None:
        check_range(targets, "y", dtype=target_dtype)
    return found


def check_range(
    X: Any,
    name: str = "X",
    power: float = 2,
    underflow: bool = False,
    dtype: Any = None,
) -> None:
    """Refuse numbers whose squares, summed over all of X, are no numbers any more.

    Parameters
    ----------
    X : array or sparse matrix, finite
    name : str
        What the sentence calls it.
    power : float
        1 if values are added as they are, 3 if it is their third powers, and so on.
    underflow : bool
        Refuse X, too, if all its squares are zero, or nearly, and X is not.
    dtype : float type, default=None
        In which sums are taken; None is the type of X.

    Raises
    ------
    ValueError

    Examples
    --------
    >>> check_range(np.array([[3e37]]))
    >>> check_range(np.array([[3e37]], np.float32))
    Traceback (most recent call last):
    ValueError: X holds values whose squares overflow float32, such as 3e+37: scale \
them.
    """
    values = _values(X)
    if values.size == 0 or values.dtype.kind not in "fiu" or values.dtype == np.uint8:
        return
    limits = _limits(values.dtype if dtype is None else dtype)
    largest = largest_of(values)
    if largest > _most(limits, values.size, power):
        problem = "overflow"
    elif underflow and 0 < largest < (float(limits.tiny / limits.eps)) ** (1 / power):
        problem = "underflow"
    else:
        return
    what = {1.0: "sums", 2.0: "squares"}.get(power, f"powers of {power:g}")
    raise ValueError(
        f"{name} holds values whose {what} {problem} {limits.dtype}, such as "
        f"{largest:.3g}: scale them."
    )


def far_rows(X: Any, power: float = 2) -> Array:
    """Rows of X that ``check_range`` would refuse, a row alone, int64 (n_far,)."""
    values = _values(X)
    limit = _most(_limits(values.dtype), max(X.shape[1], 1), power)
    if largest_of(values) <= limit:
        return np.empty(0, np.int64)
    largest: Any = abs(X).max(axis=1)
    return np.flatnonzero(
        (largest.toarray() if hasattr(largest, "tocsr") else largest) > limit
    )


def largest_of(X: Any) -> float:
    """The largest absolute value of an array or a sparse matrix, 0 of an empty one."""
    values = _values(X)
    return max(float(values.max()), -float(values.min())) if values.size else 0.0


def _values(X: Any) -> Array:
    values: Array = X.data if hasattr(X, "tocsr") else X
    return values


def _limits(dtype: Any) -> "np.finfo[Any]":
    """Of a type, which is float64 for whole numbers."""
    return np.finfo(dtype if np.dtype(dtype).kind == "f" else np.float64)


def _most(limits: "np.finfo[Any]", n: int, power: float) -> float:
    """The largest number so that n powers of differences can be added."""
    return float(limits.max) ** (1 / power) / 2 / n ** (1 / power)


def check_whole_numbers(given: Any, rows: Any, name: str = "X") -> None:
    """Refuse integers that became float64, ``rows``, and were rounded.

    Where answers are exact they would be those of other numbers. ``rows`` is dense or
    sparse and may hold NaN, ``given`` is what it was made from.
    """
    if rows.dtype != np.float64 or largest_of(rows) < WHOLE:
        return
    kind = getattr(getattr(given, "dtype", None), "kind", "O")
    if kind in "iu" or (kind == "O" and _holds_far_integer(given)):
        raise ValueError(
            f"{name} holds whole numbers from 2**53 on, which float64 would round: "
            "subtract what they have in common."
        )


def _holds_far_integer(given: Any) -> bool:
    """Whether an integer of a list, a table or an array of objects is WHOLE or more."""
    # As one array, a table would be of decimal numbers if one of its columns is.
    columns = [given[name] for name in getattr(given, "columns", ())] or [given]
    return any(
        isinstance(value, Integral) and not -WHOLE < int(value) < WHOLE
        for column in columns
        for value in np.asarray(column, object).ravel()
    )
