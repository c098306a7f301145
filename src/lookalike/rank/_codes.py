"""Rows of codes and clicks: the checks that the rankers over declared columns share."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import validate_data

from lookalike._checks import check_sample_weight
from lookalike._typing import Array, Floats

MOST_CODES = 1 << 24  # whole numbers up to it are exact in single precision


def checked_codes(rows: Array, n_codes: int) -> Array:
    """Return rows of codes as int32, C-contiguous; -1 stands for no code.

    rows : float32 (n_rows, n_slots)

    Raises
    ------
    ValueError
        If they are no whole numbers from -1 to below ``n_codes``.

    Examples
    --------
    >>> checked_codes(np.array([[0.0, -1.0, 2.0]], np.float32), 3)
    array([[ 0, -1,  2]], dtype=int32)
    """
    codes = rows.astype(np.int32)
    whole = (codes == rows).all()
    low, high = (codes.min(), codes.max()) if codes.size else (0, 0)
    if not whole or low < -1 or high >= n_codes:
        got = "others" if not whole else f"{low} to {high}"
        raise ValueError(
            f"Codes must be whole numbers from -1 (none) to {n_codes - 1}, got {got}."
        )
    return np.ascontiguousarray(codes)


def check_n_codes(n_codes: object) -> None:
    """Refuse a number of codes that rows of single precision cannot hold."""
    if (
        not isinstance(n_codes, int | np.integer)
        or isinstance(n_codes, bool)
        or not 1 <= n_codes <= MOST_CODES
    ):
        raise ValueError(
            f"n_codes must be a whole number from 1 to {MOST_CODES}, got {n_codes!r}."
        )


def checked_clicks(y: Array) -> Floats:
    """Return labels that are 0 or 1 as float64.

    Raises
    ------
    ValueError
        If one is neither, or all are the same.
    """
    clicked = _zeros_and_ones(y)
    if clicked.all() or not clicked.any():
        raise ValueError(
            f"y must hold clicks and others, got {int(y.sum())} clicks of {len(y)}."
        )
    return clicked


def checked_batch(
    ranker: Any, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None
) -> tuple[Array, Floats, Array]:
    """Return rows, clicks and weights that a fitted ranker is to learn on from.

    Other than in ``fit`` the clicks may all be of one class.

    Raises
    ------
    ValueError
        If they do not fit the ranker or each other.
    """
    rows, labels = validate_data(
        ranker, X, y, dtype=np.float32, order="C", y_numeric=True, reset=False
    )
    clicked = _zeros_and_ones(np.asarray(labels))
    return rows, clicked, check_sample_weight(sample_weight, rows)


def log_odds_of_rate(clicked: Floats, weight: Array) -> float:
    """Return the log-odds of the weighted rate of clicks.

    Raises
    ------
    ValueError
        If the weights of all clicks, or of all others, are 0.
    """
    rate = float(np.average(clicked, weights=weight))
    if not 0 < rate < 1:
        raise ValueError("The weights of all clicks, or of all others, are 0.")
    return float(np.log(rate / (1 - rate)))


def _zeros_and_ones(y: Array) -> Floats:
    bad = y[~np.isin(y, (0, 1))]
    if len(bad):
        raise ValueError(f"A click must be 0 or 1, got {bad[0]:g}.")
    return y.astype(np.float64)
