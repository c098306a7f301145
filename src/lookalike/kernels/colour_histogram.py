"""Colours of pixels in CIELAB, and their histograms, cell by cell of an image."""

import numpy as np

from lookalike.kernels.compiled import njit


@njit(cache=True, nogil=True)
def lab_of_roots(xyz, roots, lab):
    """Write CIELAB of each pixel; the roots of dark ones are replaced by lines.

    xyz   : float64 (h, w, 3), each divided by that of white
    roots : float64 (h, w, 3), their cubic roots
    lab   : float64 (h, w, 3), overwritten
    """
    dark = (6 / 29) ** 3
    f = np.empty(3)
    for r in range(xyz.shape[0]):
        for c in range(xyz.shape[1]):
            for axis in range(3):
                value = xyz[r, c, axis]
                line = value * (29 / 6) ** 2 / 3 + 4 / 29
                f[axis] = roots[r, c, axis] if value > dark else line
            lab[r, c, 0] = 116 * f[1] - 16
            lab[r, c, 1] = 500 * (f[0] - f[1])
            lab[r, c, 2] = 200 * (f[1] - f[2])


@njit(cache=True, nogil=True)
def cell_colours(pixels, ranges, bins, grid, out):
    """Add each pixel to the eight bins around its colour, by its nearness to each.

    pixels : float64 (h, w, 3)
    ranges : float64 (3, 2), from where to where the bins of each axis reach
    bins   : int64 (3,), how many an axis has
    grid   : (rows, columns) of cells; cell (i, j) has the pixel rows
             i h / rows <= r < (i + 1) h / rows, and columns likewise
    out    : float64 (rows * columns, bins[0] * bins[1] * bins[2]), overwritten

    Of each corner of the cubes around the colours all pixels are added before those of
    the next, so that the sums are of one order. Cost: O(h w).
    """
    height, width, _ = pixels.shape
    n_rows, n_columns = grid
    n = height * width
    # Of each pixel and axis, the bins below and above, as steps in ``out``, and shares.
    steps = np.empty((3, 2, n), np.int64)
    shares = np.empty((3, 2, n))
    stride = out.shape[1]
    for axis in range(3):
        low, high = ranges[axis]
        n_bins = bins[axis]
        stride //= n_bins
        for r in range(height):
            for c in range(width):
                place = (pixels[r, c, axis] - low) / (high - low) * n_bins - 0.5
                place = min(max(place, 0.0), n_bins - 1.0)
                below = min(int(place), max(n_bins - 2, 0))
                at = r * width + c
                steps[axis, 0, at] = below * stride
                steps[axis, 1, at] = min(below + 1, n_bins - 1) * stride
                shares[axis, 0, at] = 1 - (place - below)
                shares[axis, 1, at] = place - below
    for c in range(width):
        column = c * n_columns // width
        for r in range(height):
            cell = r * n_rows // height * n_columns + column
            steps[0, :, r * width + c] += cell * out.shape[1]
    out[:] = 0
    sums = out.reshape(-1)
    for corner in range(8):
        one, two, three = corner & 1, corner >> 1 & 1, corner >> 2
        for at in range(n):
            bin_ = steps[0, one, at] + steps[1, two, at] + steps[2, three, at]
            share = shares[0, one, at] * shares[1, two, at] * shares[2, three, at]
            sums[bin_] += share
