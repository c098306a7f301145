"""Histograms of oriented gradients: grey images in, one histogram a cell out."""

import math

import numpy as np

from lookalike.kernels.compiled import njit


@njit(cache=True, nogil=True)
def cell_gradients(images, cell, n_orientations, out):
    """Sum the gradient of every pixel into its cell's bin of directions.

    images : float64 (n, h, w)
    cell   : (rows, columns) of pixels; pixels beyond the last whole cell are left out
    out    : float64 (n, h // rows, w // columns, n_orientations), overwritten

    The gradient is the difference of the neighbours on either side, zero along the
    border; its direction counts modulo 180 degrees, bin k holds [k, k + 1) * 180 / n.
    Cost: O(n h w).
    """
    n_images, height, width = images.shape
    rows, columns = out.shape[1], out.shape[2]
    out[:] = 0
    for i in range(n_images):
        image = images[i]
        for r in range(rows * cell[0]):
            for c in range(columns * cell[1]):
                down = across = 0.0
                if 0 < r < height - 1:
                    down = image[r + 1, c] - image[r - 1, c]
                if 0 < c < width - 1:
                    across = image[r, c + 1] - image[r, c - 1]
                size = math.hypot(down, across)
                if size > 0:
                    angle = math.degrees(math.atan2(down, across)) % 180
                    k = bin_of(angle, n_orientations)
                    out[i, r // cell[0], c // cell[1], k] += size
    out /= cell[0] * cell[1]


@njit(cache=True, nogil=True)
def gradient_tables(n_orientations, sizes, bins):
    """Write size and bin of every gradient that two differences of bytes may make.

    sizes : float64 (511, 511), overwritten; [down + 255, across + 255]
    bins  : int16 of the same shape, overwritten

    The same numbers as ``cell_gradients`` computes.
    """
    for down in range(-255, 256):
        for across in range(-255, 256):
            size = math.hypot(float(down), float(across))
            angle = math.degrees(math.atan2(float(down), float(across))) % 180
            sizes[down + 255, across + 255] = size
            bins[down + 255, across + 255] = bin_of(angle, n_orientations)


@njit(cache=True, nogil=True)
def cell_byte_gradients(images, cell, sizes, bins, out):
    """Do what ``cell_gradients`` does with images of bytes, uint8 (n, h, w), by tables.

    sizes, bins : as ``gradient_tables`` writes them

    The sums are the same to the last bit.
    """
    n_images, height, width = images.shape
    rows, columns = out.shape[1], out.shape[2]
    out[:] = 0
    for i in range(n_images):
        image = images[i]
        for r in range(rows * cell[0]):
            for c in range(columns * cell[1]):
                down = across = 255
                if 0 < r < height - 1:
                    down += np.int64(image[r + 1, c]) - np.int64(image[r - 1, c])
                if 0 < c < width - 1:
                    across += np.int64(image[r, c + 1]) - np.int64(image[r, c - 1])
                k = bins[down, across]
                out[i, r // cell[0], c // cell[1], k] += sizes[down, across]
    out /= cell[0] * cell[1]


@njit(cache=True, nogil=True)
def bin_of(angle, n):
    """Bin of an angle in [0, 180]; a remainder that rounded up to 180 is the last's."""
    step = 180.0 / n
    k = min(max(int(angle / step), 0), n - 1)
    # The division may round across an edge: the edges themselves decide.
    while k > 0 and angle < step * k:
        k -= 1
    while k < n - 1 and angle >= step * (k + 1):
        k += 1
    return k
