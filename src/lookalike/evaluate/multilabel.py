"""Tables of several labels a row: one column a label, 1 where the row has it."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lookalike._typing import Array, Ints


def is_table(y: Any) -> bool:
    """Whether y has several columns, one a label.

    Examples
    --------
    >>> is_table([[1, 0], [0, 1]]), is_table([1, 0])
    (True, False)
    """
    try:
        shape = y.shape if hasattr(y, "shape") else np.shape(y)
    except ValueError:
        return False  # lists of labels of several lengths, which a message refuses
    return len(shape) == 2 and shape[1] > 1


def label_tables(y_true: Any, y_pred: Any) -> tuple[Array, Array]:
    """Both as boolean arrays (n_samples, n_labels); sparse ones may come in."""
    true, pred = _table("y_true", y_true), _table("y_pred", y_pred)
    if true.shape != pred.shape:
        raise ValueError(
            "y_true and y_pred must be of one shape (n_samples, n_labels), got "
            f"{true.shape} and {pred.shape}."
        )
    return true, pred


def chosen_columns(labels: ArrayLike | None, n_labels: int) -> Ints:
    """Columns to score, all where ``labels`` is None."""
    chosen = np.arange(n_labels) if labels is None else np.asarray(labels)
    numbers = chosen.ndim == 1 and chosen.size > 0 and chosen.dtype.kind in "iu"
    if not numbers or not (chosen.min() >= 0 and chosen.max() < n_labels):
        raise ValueError(
            f"labels must be numbers of columns from 0 to {n_labels - 1}, "
            f"got {chosen.tolist()}."
        )
    return chosen


def label_counts(
    true: Array, pred: Array, weights: Array, by_row: bool
) -> tuple[Array, Array, Array]:
    """Labels that are right, predicted and true: of each column, or of each row."""
    if by_row:
        return (true & pred).sum(axis=1), pred.sum(axis=1), true.sum(axis=1)
    return weights @ (true & pred), weights @ pred, weights @ true


def _table(name: str, y: Any) -> Array:
    table = np.asarray(y.toarray() if hasattr(y, "toarray") else y)
    right = table.ndim == 2 and table.size > 0 and table.dtype.kind in "biuf"
    if not right or not np.isin(table, (0, 1)).all():
        raise ValueError(
            f"{name} must be a table (n_samples, n_labels) of zeros and ones, got "
            f"shape {table.shape} of {table.dtype}."
        )
    return table.astype(bool)
