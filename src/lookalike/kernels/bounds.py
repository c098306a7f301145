"""Lower bounds for a block of queries against a stretch of the catalogue.

Catalogue codes lie in panels of 64 rows, coordinate by coordinate, so that one load
fetches the same coordinate of many rows. With c the code of a row and -b that of a
query (stored with its sign turned), a *key*

    key = |c|**2 / 2 - b.c = (|b - c|**2 - |b|**2) / 2

orders the rows like their distances to the query among the codes.
"""

import numpy as np
from numba import njit, types
from numba.extending import overload

from lookalike.kernels import simd
from lookalike.kernels.simd import PANEL, ROWS

WIDE = 8  # panels that the portable path takes at once


def fill_keys(codes, panels, starts, first_panel, last_panel, keys, minima):
    """Keys of every query against panels ``first_panel`` to ``last_panel - 1``.

    The type of the codes chooses the path:

    ======  ==============================  ================================
    codes   int16 (n_queries, 2 * n_pairs)  float32 (n_queries, n_steps)
    panels  int16 (n_panels, n_pairs, 64, 2)  float32 (n_panels / 8, n_steps, 512)
    keys    int32, exact                    int32, rounded towards zero
    by      the processor's instruction     plain loops; n_steps a multiple of 8
    ======  ==============================  ================================

    starts : (n_panels, 64), half the squared norm of each catalogue code
    keys   : out, (n_queries, at least 64 * (last_panel - first_panel))
    minima : out, (n_queries, at least last_panel - first_panel), lowest key per panel

    Cost: 64 multiply-adds for each query, panel and coordinate.
    """
    width = PANEL * WIDE
    sums = np.empty(width, np.float32)
    for p in range(first_panel // WIDE, last_panel // WIDE):
        at = p * WIDE - first_panel
        start = starts[p * WIDE : (p + 1) * WIDE].reshape(width)
        for r in range(codes.shape[0]):
            _float_keys(codes[r], panels[p], start, sums)
            for v in range(at, at + WIDE):
                minima[r, v] = _as_integers(
                    sums[(v - at) * PANEL : (v - at + 1) * PANEL],
                    keys[r, v * PANEL : (v + 1) * PANEL],
                )


def _fill_int16_keys(codes, panels, starts, first_panel, last_panel, keys, minima):
    for p in range(first_panel, last_panel):
        _panel_of_int16(codes, panels[p], starts[p], p - first_panel, keys, minima)


@overload(fill_keys)
def _fill_keys(codes, panels, starts, first_panel, last_panel, keys, minima):
    return _fill_int16_keys if codes.dtype == types.int16 else fill_keys


@njit(cache=True, nogil=True)
def _panel_of_int16(codes, panel, start, column, keys, minima):
    n, stride = codes.shape[0], codes.shape[1] * 2
    q, x, s = codes.ctypes.data, panel.ctypes.data, start.ctypes.data
    out = keys.ctypes.data + column * PANEL * 4
    low = minima.ctypes.data + column * 4
    out_stride, low_stride = keys.shape[1] * 4, minima.shape[1] * 4
    r = 0
    while r + ROWS <= n:
        simd.tile_of_six(
            q + r * stride,
            stride,
            x,
            panel.shape[0],
            s,
            out + r * out_stride,
            out_stride,
            low + r * low_stride,
            low_stride,
        )
        r += ROWS
    while r < n:
        simd.tile_of_one(
            q + r * stride,
            stride,
            x,
            panel.shape[0],
            s,
            out + r * out_stride,
            out_stride,
            low + r * low_stride,
            low_stride,
        )
        r += 1


# The allowance for rounding holds for any order of the sums, so the compiler may
# choose it. Eight coordinates share a pass over the keys; with more outputs in the
# loop it can no longer prove that nothing overlaps, and stops vectorising.
@njit(cache=True, nogil=True, fastmath=True)
def _float_keys(a, panel, start, sums):
    width = sums.shape[0]
    for j in range(width):
        sums[j] = start[j]
    for i in range(0, a.shape[0], 8):
        a0, a1, a2, a3 = a[i], a[i + 1], a[i + 2], a[i + 3]
        a4, a5, a6, a7 = a[i + 4], a[i + 5], a[i + 6], a[i + 7]
        x0, x1, x2, x3 = panel[i], panel[i + 1], panel[i + 2], panel[i + 3]
        x4, x5, x6, x7 = panel[i + 4], panel[i + 5], panel[i + 6], panel[i + 7]
        for j in range(width):
            sums[j] += ((a0 * x0[j] + a1 * x1[j]) + (a2 * x2[j] + a3 * x3[j])) + (
                (a4 * x4[j] + a5 * x5[j]) + (a6 * x6[j] + a7 * x7[j])
            )


# The minimum of integers runs in vector registers; that of floats does not.
@njit(cache=True, nogil=True)
def _as_integers(sums, keys):
    low = np.int32(2147483647)
    for j in range(PANEL):
        key = np.int32(sums[j])
        keys[j] = key
        low = min(low, key)
    return low
