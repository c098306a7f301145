"""Lower bounds for a block of queries against a stretch of the catalogue.

Catalogue codes lie in panels of 64 rows, coordinate by coordinate, so that one load
fetches the same coordinate of many rows. With c the code of a row and -b that of a
query (stored with its sign turned), a *key*

    key = |c|**2 / 2 - b.c = (|b - c|**2 - |b|**2) / 2

orders the rows like their distances to the query among the codes.
"""

import numpy as np
from numba import types
from numba.extending import overload

from lookalike.kernels import simd
from lookalike.kernels.compiled import njit
from lookalike.kernels.simd import PANEL, ROWS

WIDE = 8  # panels that the portable path takes at once
WIDTH = WIDE * PANEL  # their rows: a constant, so that the compiler sees no overlap


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
    n, n_steps = codes.shape
    sums = np.empty(4 * WIDTH, np.float32)
    for p in range(first_panel // WIDE, last_panel // WIDE):
        at = p * WIDE - first_panel
        start = starts[p * WIDE : (p + 1) * WIDE].reshape(WIDTH)
        fours = panels[p].reshape(n_steps // 4, 4 * WIDTH)
        r = 0
        while r < n:
            several = n - r >= 4
            if several:
                _keys_of_four(codes[r : r + 4], fours, start, sums)
            else:
                _keys_of_one(codes[r], fours, start, sums)
            for i in range(4 if several else 1):
                for v in range(WIDE):
                    o = i * WIDTH + v * PANEL
                    minima[r + i, at + v] = _as_integers(
                        sums[o : o + PANEL],
                        keys[r + i, (at + v) * PANEL : (at + v + 1) * PANEL],
                    )
            r += 4 if several else 1


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
# choose it. Four coordinates of a row are loaded once for four queries. All sums lie in
# one array at constant distances, so that the compiler can prove that nothing overlaps,
# and vectorises.
@njit(cache=True, nogil=True, fastmath=True)
def _keys_of_four(codes, fours, start, sums):
    for j in range(WIDTH):
        s = start[j]
        sums[j] = s
        sums[WIDTH + j] = s
        sums[2 * WIDTH + j] = s
        sums[3 * WIDTH + j] = s
    for f in range(fours.shape[0]):
        x, i = fours[f], 4 * f
        a0, a1, a2, a3 = codes[0, i], codes[0, i + 1], codes[0, i + 2], codes[0, i + 3]
        b0, b1, b2, b3 = codes[1, i], codes[1, i + 1], codes[1, i + 2], codes[1, i + 3]
        c0, c1, c2, c3 = codes[2, i], codes[2, i + 1], codes[2, i + 2], codes[2, i + 3]
        d0, d1, d2, d3 = codes[3, i], codes[3, i + 1], codes[3, i + 2], codes[3, i + 3]
        for j in range(WIDTH):
            x0, x1 = x[j], x[WIDTH + j]
            x2, x3 = x[2 * WIDTH + j], x[3 * WIDTH + j]
            sums[j] += (a0 * x0 + a1 * x1) + (a2 * x2 + a3 * x3)
            sums[WIDTH + j] += (b0 * x0 + b1 * x1) + (b2 * x2 + b3 * x3)
            sums[2 * WIDTH + j] += (c0 * x0 + c1 * x1) + (c2 * x2 + c3 * x3)
            sums[3 * WIDTH + j] += (d0 * x0 + d1 * x1) + (d2 * x2 + d3 * x3)


@njit(cache=True, nogil=True, fastmath=True)
def _keys_of_one(code, fours, start, sums):
    for j in range(WIDTH):
        sums[j] = start[j]
    for f in range(fours.shape[0]):
        x, i = fours[f], 4 * f
        a0, a1, a2, a3 = code[i], code[i + 1], code[i + 2], code[i + 3]
        for j in range(WIDTH):
            sums[j] += (a0 * x[j] + a1 * x[WIDTH + j]) + (
                a2 * x[2 * WIDTH + j] + a3 * x[3 * WIDTH + j]
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
