"""Rows of codes: the check that the rankers over declared columns share."""

import numpy as np

from lookalike._typing import Array

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


def checked_clicks(y: Array) -> Array:
    """Return labels that are 0 or 1 as float64.

    Raises
    ------
    ValueError
        If one is neither, or all are the same.
    """
    if not np.isin(y, (0, 1)).all():
        bad = y[~np.isin(y, (0, 1))][0]
        raise ValueError(f"A click must be 0 or 1, got {bad:g}.")
    if y.all() or not y.any():
        raise ValueError(
            f"y must hold clicks and others, got {int(y.sum())} clicks of {len(y)}."
        )
    return y.astype(np.float64)
