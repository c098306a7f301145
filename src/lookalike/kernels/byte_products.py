"""Products of images: exact, and four times as fast as in floating point.

Pixels are whole numbers from 0 to 255, whatever type they arrive in. Multiplied as
bytes (see ``simd.byte_tile``) they give exact integers. Their columns are laid out in
*panels* of 64, four values of each column side by side, as the instruction reads them.
"""

import numpy as np

from lookalike.kernels import simd
from lookalike.kernels.compiled import njit
from lookalike.kernels.simd import PANEL, ROWS

HAS_BYTE_PRODUCTS = simd.HAS_VNNI
TOP_BITS = np.uint32(0x80808080)  # changed, they take 128 from each byte, now signed
LONGEST = 2**15  # products of two bytes whose sum is sure to fit in 31 bits


@njit(cache=True, nogil=True)
def fill_bytes(X, factor, tolerance, out):
    """Write X * factor to out, and whether it is whole numbers from 0 to 255.

    X : float (n_rows, n_columns), C-contiguous
    tolerance : share of a number by which it may miss a whole one
    out : uint8 (n_rows, n_columns), C-contiguous; in part undefined if False

    Stops at the first row that is not. Cost: O(n_rows * n_columns).
    """
    for i in range(X.shape[0]):
        misses = 0
        for j in range(X.shape[1]):
            x = X[i, j] * factor
            whole = np.int32(min(max(x, X.dtype.type(0)), X.dtype.type(255)) + 0.5)
            misses += not abs(x - whole) <= tolerance * whole  # so that NaN counts
            out[i, j] = whole
        if misses > 0:
            return False
    return True


@njit(cache=True, nogil=True)
def pack_rows(X, panels):
    """Lay out the rows of X as the columns of panels.

    X : uint8 (n_rows, n_columns)
    panels : uint32 (ceil(n_rows / 64), ceil(n_columns / 4), 64), zeros; written
    """
    for i in range(X.shape[0]):
        panel, column = panels[i // PANEL], i % PANEL
        for j in range(X.shape[1]):
            panel[j >> 2, column] |= np.uint32(X[i, j]) << np.uint32(8 * (j & 3))


@njit(cache=True, nogil=True)
def pack_columns(X, panels):
    """Lay out the columns of X as the columns of panels.

    X : uint8 (n_rows, n_columns), n_rows a multiple of 4
    panels : uint32 (ceil(n_columns / 64), n_rows / 4, 64), zeros; written
    """
    for q in range(X.shape[0] >> 2):
        a, b, c, d = X[4 * q], X[4 * q + 1], X[4 * q + 2], X[4 * q + 3]
        for p in range(panels.shape[0]):
            first = p * PANEL
            out = panels[p, q]
            for j in range(min(PANEL, X.shape[1] - first)):
                z = first + j
                low = np.uint32(a[z]) | (np.uint32(b[z]) << np.uint32(8))
                high = np.uint32(c[z]) | (np.uint32(d[z]) << np.uint32(8))
                out[j] = low | (high << np.uint32(16))


@njit(cache=True, nogil=True)
def _panel_sums(panel, sums):
    """128 times the sum of the bytes of each column."""
    sums[:] = 0
    mask = np.uint32(255)
    for q in range(panel.shape[0]):
        for j in range(PANEL):
            x = panel[q, j]
            pair = (x & mask) + ((x >> np.uint32(8)) & mask)
            pair += ((x >> np.uint32(16)) & mask) + (x >> np.uint32(24))
            sums[j] += np.int32(pair) << 7


@njit(cache=True, nogil=True)
def _add_tile(tile, from_row, sums, row, column):
    """Add rows of a tile, from ``from_row`` on, to sums where they fit."""
    for r in range(from_row, min(ROWS, sums.shape[0] - row)):
        for j in range(min(PANEL, sums.shape[1] - column)):
            sums[row + r, column + j] += tile[r, j]


@njit(cache=True, nogil=True)
def add_scatter(panels, sums):
    """Add the product of each two columns to sums.

    panels : uint32 (n_panels, n_quads, 64), at most LONGEST rows
    sums : int64 (n_columns, n_columns); complete at and above the diagonal
    """
    start = np.empty(PANEL, np.int32)
    tile = np.empty((ROWS, PANEL), np.int32)
    n_quads = panels.shape[1]
    signed = panels ^ TOP_BITS
    for p in range(panels.shape[0]):
        _panel_sums(panels[p], start)
        for other in range(p + 1):
            for first in range(0, PANEL, ROWS):
                at = min(first, PANEL - ROWS)  # the last tile repeats a few rows
                simd.byte_tile(
                    signed[other].ctypes.data + 4 * at,
                    panels[p].ctypes.data,
                    n_quads,
                    start.ctypes.data,
                    tile.ctypes.data,
                )
                _add_tile(tile, first - at, sums, other * PANEL + at, p * PANEL)


@njit(cache=True, nogil=True)
def _write_distances(tile, from_row, row, column, A2, B2, factor, out):
    """Turn rows of a tile of products into squared distances times ``factor``."""
    for r in range(from_row, min(ROWS, out.shape[0] - row)):
        a = A2[row + r]
        line = out[row + r]
        for j in range(min(PANEL, out.shape[1] - column)):
            squared = np.int32(a + B2[column + j] - 2 * tile[r, j])
            line[column + j] = out.dtype.type(squared) * factor


@njit(cache=True, nogil=True)
def fill_distances(A, B, A2, B2, factor, out):
    """``out[i, j] = factor * sum((a_i - b_j) ** 2)`` for columns of panels.

    A, B : uint32 (n_panels, n_quads, 64), at most LONGEST bytes
    A2, B2 : int32, squared norms of the columns
    factor : of the type of out
    out : float (n_a, n_b)

    Distances are exact before the factor. Cost: O(n_a * n_b * n_quads).
    """
    start = np.empty(PANEL, np.int32)
    tile = np.empty((ROWS, PANEL), np.int32)
    n_quads = A.shape[1]
    signed = A ^ TOP_BITS
    for p in range(B.shape[0]):
        _panel_sums(B[p], start)
        for other in range(A.shape[0]):
            for first in range(0, min(PANEL, len(A2) - other * PANEL), ROWS):
                at = min(first, PANEL - ROWS)
                simd.byte_tile(
                    signed[other].ctypes.data + 4 * at,
                    B[p].ctypes.data,
                    n_quads,
                    start.ctypes.data,
                    tile.ctypes.data,
                )
                row, column = other * PANEL + at, p * PANEL
                _write_distances(tile, first - at, row, column, A2, B2, factor, out)


@njit(cache=True, nogil=True)
def add_to_classes(X, labels, sums):
    """Add each row to the sum of its class: sums int64 (n_classes, n_columns)."""
    for i in range(X.shape[0]):
        total = sums[labels[i]]
        for j in range(X.shape[1]):
            total[j] += X[i, j]


@njit(cache=True, nogil=True)
def squared_byte_norms(X, out):
    """``out[i] = sum(X[i] ** 2)``, int32, for at most LONGEST columns."""
    for i in range(X.shape[0]):
        total = np.int32(0)
        for j in range(X.shape[1]):
            x = np.int32(X[i, j])
            total += x * x
        out[i] = total
