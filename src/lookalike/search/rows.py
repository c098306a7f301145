"""How catalogue rows and queries are held for the exact distance.

Values are kept in the narrowest type that holds them all exactly: bytes for pixels
(also pixels that arrive as floats), float32 where that loses nothing, else float64.
Distances come out the same to the last bit, from a quarter or an eighth of the memory.
"""

from typing import Any

import numpy as np

from lookalike._typing import Array, Floats
from lookalike._validation import WHOLE, check_whole_numbers, largest_of
from lookalike.kernels.distances import COSINE, SIGNED_OFFSET, SQUARED_EUCLIDEAN
from lookalike.search.geometry import SHORTEST, inverse_norms, squared_norms

KINDS = (np.float64, np.float32, np.uint8)  # of rows, as they may be given
LONGEST = float(np.finfo(np.float64).max) / 4.001  # |q - x| is up to |q| + |x|
LONGEST_BYTES = 33_000  # a longer sum of products of bytes would leave 32 bits
STEP = 16


def check_rows(rows: Any, given: Any, metric: str, name: str = "X") -> None:
    """Refuse rows, or queries, whose distances float64 cannot hold.

    rows  : finite, of one of KINDS; dense, or csr_array without duplicate entries
    given : what they were made from: whole numbers are not rounded in silence

    Raises
    ------
    ValueError
        If squares overflow, or underflow where the cosine divides by them.
    """
    if rows.dtype != np.float64 or rows.size == 0:
        return
    largest = largest_of(rows)
    if largest >= WHOLE:
        check_whole_numbers(given, rows, name)
    # Most often the largest value shows that no row can be too long.
    bound = np.sqrt(LONGEST / rows.shape[1])
    if largest > bound and not squared_norms(rows).max() <= LONGEST:
        raise ValueError(
            f"{name} holds values whose squares overflow float64, such as "
            f"{largest:.3g}: scale them."
        )
    if metric == "cosine":
        short = squared_norms(rows) < SHORTEST
        if short.any() and largest_of(rows[short]) > 0:
            raise ValueError(
                f"{name} holds rows so short that their squares underflow float64: "
                "scale them."
            )


def narrowest(X: Array) -> Array:
    """X as uint8, float32 or float64, the first that holds every value exactly."""
    if X.dtype == np.uint8:
        return X if X.shape[1] <= LONGEST_BYTES else X.astype(np.float32)
    for kind in (np.uint8, np.float32):
        if kind == np.uint8 and X.shape[1] > LONGEST_BYTES:
            continue
        # The first rows usually decide, at almost no cost.
        if _holds(X[:8], kind) and _holds(X, kind):
            return X.astype(kind)
    return X.astype(np.float64, copy=False)


def _holds(X: Array, kind: type) -> bool:
    if X.dtype == kind:
        return True
    if kind == np.uint8 and not (X.min() >= 0 and X.max() <= 255):
        return False
    # Too large for float32 becomes infinite, which is not equal.
    with np.errstate(over="ignore"):
        return bool(np.array_equal(X.astype(kind), X))


def stored(X: Array, signed: bool) -> Array:
    """Rows as the kernel reads them, C-contiguous.

    Bytes are padded to multiples of 16, and with ``signed`` (the fast instruction)
    stored less 128; the padding is zero and meets only zeros of the queries.
    """
    if X.dtype != np.uint8:
        return np.ascontiguousarray(X)
    width = -(-X.shape[1] // STEP) * STEP
    rows = np.zeros((len(X), width), np.int8 if signed else np.uint8)
    if signed:
        np.bitwise_xor(X, SIGNED_OFFSET, out=rows[:, : X.shape[1]].view(np.uint8))
    else:
        rows[:, : X.shape[1]] = X
    return rows


def queries_for(rows: Array, Q: Array) -> tuple[Array, Floats]:
    """Queries in a type that the stored rows can be compared with, and their shifts."""
    no_shift = np.zeros(len(Q))
    narrow = narrowest(Q)
    if rows.itemsize == 1:
        if narrow.dtype != np.uint8:
            return np.ascontiguousarray(Q, np.float64), no_shift
        sums = narrow.sum(axis=1, dtype=np.float64)
        shift = SIGNED_OFFSET * sums if rows.dtype == np.int8 else no_shift
        return stored(narrow, signed=False), shift
    exact = rows.dtype == np.float32 and narrow.itemsize <= 4
    return np.ascontiguousarray(Q, np.float32 if exact else np.float64), no_shift


def norms_for(metric: int, X: Array) -> Floats:
    """Norms that the kernel's distance needs beside the values, shape (n,)."""
    parts = []
    for i in range(0, len(X), 4096):
        wide = X[i : i + 4096].astype(np.float64, copy=False)
        if metric == COSINE:
            parts.append(inverse_norms(wide))
        elif metric == SQUARED_EUCLIDEAN and X.dtype == np.uint8:
            parts.append(squared_norms(wide))
        else:
            parts.append(np.zeros(len(wide)))
    return np.concatenate(parts)
