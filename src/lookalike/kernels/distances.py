"""The distances by which exact answers are defined, to the last digit.

Every search, filtered or not, orders rows by these functions, so their rounding is
part of the definition: bytes are summed as integers, floats in 32 lanes of float64
that are folded in halves. Neither order depends on the processor.
"""

import numpy as np
from numba import types
from numba.extending import overload

from lookalike.kernels import simd
from lookalike.kernels.compiled import njit

SQUARED_EUCLIDEAN, COSINE, INNER_PRODUCT, MANHATTAN = 0, 1, 2, 3
LANES = 32
# The fast instruction needs one signed side: catalogue bytes are stored less 128.
SIGNED_OFFSET = 128


@njit(cache=True, nogil=True, forceinline=True)
def _fold(lanes):
    width = LANES // 2
    while width > 0:
        for lane in range(width):
            lanes[lane] += lanes[lane + width]
        width //= 2
    return lanes[0]


@njit(cache=True, nogil=True, forceinline=True)
def sum_of_squares(q, x, offset, lanes):
    """``sum((q - (x + offset)) ** 2)`` in float64; ``lanes`` is scratch of LANES."""
    for lane in range(LANES):
        lanes[lane] = 0.0
    whole = q.shape[0] // LANES * LANES
    for start in range(0, whole, LANES):
        for lane in range(LANES):
            d = np.float64(q[start + lane]) - (np.float64(x[start + lane]) + offset)
            lanes[lane] += d * d
    for lane in range(q.shape[0] - whole):
        d = np.float64(q[whole + lane]) - (np.float64(x[whole + lane]) + offset)
        lanes[lane] += d * d
    return _fold(lanes)


@njit(cache=True, nogil=True, forceinline=True)
def sum_of_products(q, x, offset, lanes):
    """``sum(q * (x + offset))`` in float64; ``lanes`` is scratch of LANES."""
    for lane in range(LANES):
        lanes[lane] = 0.0
    whole = q.shape[0] // LANES * LANES
    for start in range(0, whole, LANES):
        for lane in range(LANES):
            value = np.float64(x[start + lane]) + offset
            lanes[lane] += np.float64(q[start + lane]) * value
    for lane in range(q.shape[0] - whole):
        value = np.float64(x[whole + lane]) + offset
        lanes[lane] += np.float64(q[whole + lane]) * value
    return _fold(lanes)


@njit(cache=True, nogil=True, forceinline=True)
def sum_of_differences(q, x, lanes):
    """``sum(|q - x|)`` in float64; ``lanes`` is scratch of LANES."""
    for lane in range(LANES):
        lanes[lane] = 0.0
    whole = q.shape[0] // LANES * LANES
    for start in range(0, whole, LANES):
        for lane in range(LANES):
            d = np.float64(q[start + lane]) - np.float64(x[start + lane])
            lanes[lane] += abs(d)
    for lane in range(q.shape[0] - whole):
        lanes[lane] += abs(np.float64(q[whole + lane]) - np.float64(x[whole + lane]))
    return _fold(lanes)


@njit(cache=True, nogil=True, forceinline=True)
def differences_of_bytes(q, x):
    """``sum(|q - x|)`` of bytes, exactly."""
    total = np.int32(0)
    for j in range(q.shape[0]):
        total += abs(np.int32(q[j]) - np.int32(x[j]))
    return total


def dot_of_bytes(q, x):
    """``sum(q * x)`` of bytes, exactly.

    q, x : uint8 (n,); or, for the fast instruction, x int8. n is at most 33,000, or the
        sum leaves int32.
    """
    total = np.int32(0)
    for j in range(q.shape[0]):
        total += np.int32(q[j]) * np.int32(x[j])
    return total


def _dot_of_bytes_by_instruction(q, x):
    return simd.dot_bytes(q.ctypes.data, x.ctypes.data, q.shape[0])


@overload(dot_of_bytes, jit_options={"forceinline": True})
def _dot_of_bytes(q, x):
    return _dot_of_bytes_by_instruction if x.dtype == types.int8 else dot_of_bytes


def offset_of(x):
    """The number that was subtracted from the stored bytes."""
    return float(SIGNED_OFFSET) if x.dtype == np.int8 else 0.0


@overload(offset_of, jit_options={"forceinline": True})
def _offset_of(x):
    offset = float(SIGNED_OFFSET) if x.dtype == types.int8 else 0.0
    return lambda x: offset


@njit(cache=True, nogil=True, forceinline=True)
def distance(metric, q, x, q_norm, x_norm, q_shift, lanes):
    """The distance of one query and one stored row: smaller is nearer.

    ===================  =====================  =============================
    metric               value                  norms
    ===================  =====================  =============================
    SQUARED_EUCLIDEAN    ``|q - x|**2``         squared, used for bytes only
    COSINE               ``1 - q.x / |q||x|``   inverse, 0 for a zero vector
    INNER_PRODUCT        ``-q.x``               not used
    MANHATTAN            ``|q - x|_1``          not used; bytes must be unsigned
    ===================  =====================  =============================

    A COSINE distance lies between 0 and 2.

    q_shift : the sum of a query of bytes times what was subtracted from the row's
    """
    if metric == MANHATTAN:
        if q.itemsize == 1:
            return np.float64(differences_of_bytes(q, x))
        return sum_of_differences(q, x, lanes)
    if q.itemsize == 1:
        product = np.float64(dot_of_bytes(q, x)) + q_shift
        if metric == SQUARED_EUCLIDEAN:
            return q_norm + x_norm - 2.0 * product
    else:
        offset = offset_of(x)
        if metric == SQUARED_EUCLIDEAN:
            return sum_of_squares(q, x, offset, lanes)
        product = sum_of_products(q, x, offset, lanes)
    if metric == COSINE:
        d = 1.0 - product * (q_norm * x_norm)
        # Rounding leaves the bounds of a cosine by some 1e-16; NaN stays NaN.
        if d < 0.0:
            return 0.0
        return 2.0 if d > 2.0 else d
    return -product


def fetch(rows, i):
    """Prefetch a row; without the compiler, nothing."""


@overload(fetch, jit_options={"forceinline": True})
def _fetch(rows, i):
    def fetch_lines(rows, i):
        size = rows.shape[1] * rows.itemsize
        address = rows.ctypes.data + i * size
        for line in range(0, size, 64):
            simd.prefetch(address + line)

    return fetch_lines


@njit(cache=True, nogil=True)
def chosen_distances(
    rows, norms, chosen, query_rows, query_norms, shifts, metric, first, last, out
):
    """Distances of queries ``first`` to ``last - 1`` to the rows that are ``chosen``.

    chosen : int64 (n_chosen,), row numbers in any order
    out    : float64 (last - first, n_chosen)
    """
    lanes = np.empty(LANES)
    n = chosen.shape[0]
    for q in range(first, last):
        for a in range(n):
            if a + 3 < n:
                fetch(rows, chosen[a + 3])
            i = chosen[a]
            out[q - first, a] = distance(
                metric,
                query_rows[q],
                rows[i],
                query_norms[q],
                norms[i],
                shifts[q],
                lanes,
            )
