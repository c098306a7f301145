"""Queries as codes: a byte for each leading coordinate.

A query is multiplied by the axes of an ``InvertedFile``, moved by its centre and
rounded. Where queries have bytes and the axes are multiples of a unit, the products
are integers, and the processor has an instruction for them.
"""

import numpy as np
from numba import types
from numba.extending import overload

from lookalike.kernels import simd
from lookalike.kernels.compiled import njit
from lookalike.kernels.distances import SIGNED_OFFSET

TAIL = 4  # columns after the axes, of which three are for ``own_of``
FARTHEST = 2.0**52  # squared distance in units of codes: sums with a key stay exact
MEAN, SCALE, LENGTH = -4, -3, -2  # columns of the axes


@njit(cache=True, nogil=True)
def encode(index, q, factor, used, values, sums, code):
    """Write the code of a query plus 128, uint8, zeros where there is no axis.

    used, values : scratch (n_features,); coordinates that are zero are skipped
    sums : out, float32, the products of the query with the axes
    """
    axes = index.axes
    width = axes.shape[1]
    n = 0
    for i in range(axes.shape[0]):
        used[n] = i
        values[n] = np.float32(q[i] * factor)
        n += q[i] != 0
    while n % 4 != 0:
        used[n] = 0
        values[n] = 0.0
        n += 1
    sums[:] = 0.0
    for a in range(0, n, 4):
        v0, v1, v2, v3 = values[a], values[a + 1], values[a + 2], values[a + 3]
        x0, x1, x2, x3 = (
            axes[used[a]],
            axes[used[a + 1]],
            axes[used[a + 2]],
            axes[used[a + 3]],
        )
        for j in range(width):
            sums[j] += (v0 * x0[j] + v1 * x1[j]) + (v2 * x2[j] + v3 * x3[j])
    round_code(index, sums, code)


@njit(cache=True, nogil=True, forceinline=True)
def round_code(index, sums, code):
    """The code of a query from its products with the axes."""
    for j in range(sums.shape[0]):
        value = np.rint(sums[j] - index.centre[j])
        value = min(max(value, np.float32(-127.0)), np.float32(127.0))
        code[j] = np.uint8(np.int32(value) + SIGNED_OFFSET) & index.coded[j]


@njit(cache=True, nogil=True)
def encode_bytes(index, q, factor, used, totals, sums, code):
    """``encode`` for a query of bytes, padded, by integers, four features at once.

    totals : scratch int32, one for each byte of a code
    """
    fours = q.view(np.uint32)
    n = 0
    for quad in range(index.steps.shape[1]):
        used[n] = quad
        n += fours[quad] != 0
    for block in range(index.steps.shape[0]):
        part = totals[64 * block : 64 * block + 64]
        project(index.panels, q, index.steps[block], used, n, part)
    for j in range(sums.shape[0]):
        sums[j] = np.float32(totals[j]) * (index.units[j] * np.float32(factor))
    round_code(index, sums, code)


def project(panels, q, steps, used, n, totals):
    """Products of a query of bytes with 64 axes, exactly.

    steps : int8 (n_quads, 64, 4)
    used  : int64, the first ``n`` say which quads of the query are not zero
    """
    totals[:] = 0
    for a in range(n):
        x = steps[used[a]]
        at = 4 * used[a]
        q0, q1 = np.int32(q[at]), np.int32(q[at + 1])
        q2, q3 = np.int32(q[at + 2]), np.int32(q[at + 3])
        for j in range(64):
            totals[j] += q0 * x[j, 0] + q1 * x[j, 1] + q2 * x[j, 2] + q3 * x[j, 3]


def _project_by_instruction(panels, q, steps, used, n, totals):
    simd.project(
        q.ctypes.data, steps.ctypes.data, used.ctypes.data, n, totals.ctypes.data
    )


@overload(project, jit_options={"forceinline": True})
def _project(panels, q, steps, used, n, totals):
    return _project_by_instruction if panels.dtype == types.int8 else project


def as_code(index, q, factor, used, values, totals, sums, code):
    """Encode a query; by integers where it has bytes and the axes are multiples."""
    if q.itemsize == 1 and index.steps.shape[0] > 0:
        encode_bytes(index, q, factor, used, totals, sums, code)
    else:
        encode(index, q, factor, used, values, sums, code)


def _as_code_of_floats(index, q, factor, used, values, totals, sums, code):
    encode(index, q, factor, used, values, sums, code)


@overload(as_code)
def _as_code(index, q, factor, used, values, totals, sums, code):
    return as_code if q.dtype == types.uint8 else _as_code_of_floats


@njit(cache=True, nogil=True, forceinline=True)
def own_of(index, square, sums):
    """The squared distance of a query from the mean, see ``encode``."""
    product = np.float64(sums[MEAN])
    scale, length = index.centre[SCALE], index.centre[LENGTH]
    own = square * scale - 2.0 * product + length
    # A query so far away that it is no number here is as far as can be.
    return np.int64(own if abs(own) < FARTHEST else FARTHEST)
