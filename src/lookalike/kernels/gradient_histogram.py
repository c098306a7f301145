"""Histograms of oriented gradients: grey images in, one histogram a cell out."""

import math

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
