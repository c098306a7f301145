"""Local binary patterns: grey images in, pattern codes or their histograms out."""

import numpy as np

from lookalike.kernels.compiled import njit


@njit(cache=True, nogil=True)
def pad(image, margin, edge, padded):
    """Copy ``image`` (h, w) into ``padded`` (h + 2 margin, w + 2 margin).

    Outside the image stands zero, or the nearest pixel if ``edge``.
    """
    height, width = image.shape
    for i in range(padded.shape[0]):
        r = min(max(i - margin, 0), height - 1)
        if edge or r == i - margin:
            for c in range(width):
                padded[i, margin + c] = image[r, c]
            left = image[r, 0] if edge else image[r, 0] * 0
            right = image[r, width - 1] if edge else image[r, 0] * 0
            for c in range(margin):
                padded[i, c] = left
                padded[i, margin + width + c] = right
        else:
            padded[i] = 0


@njit(cache=True, nogil=True)
def row_codes(padded, row, margin, offsets, weights, codes):
    """Pattern codes of one image row: bit p is set where point p is not darker.

    offsets : int64 (P, 2), upper left pixel of each point's square, from the centre
    weights : float64 (P, 4), bilinear weights of the square's four pixels, any scale
    padded  : float64
    codes   : int32 (w,), overwritten

    The weighted sum is of *differences* to the centre: in a flat region it is exactly
    zero, however the weights were rounded.
    """
    width = codes.shape[0]
    centre = padded[row + margin, margin : margin + width]
    codes[:] = 0
    for p in range(offsets.shape[0]):
        bit = np.int32(1 << p)
        top = row + margin + offsets[p, 0]
        left = margin + offsets[p, 1]
        a = padded[top, left : left + width]
        if weights[p, 1] == 0 and weights[p, 2] == 0:  # the point falls on a pixel
            for c in range(width):
                codes[c] |= bit * np.int32(a[c] >= centre[c])
        else:
            b = padded[top, left + 1 : left + 1 + width]
            d = padded[top + 1, left : left + width]
            e = padded[top + 1, left + 1 : left + 1 + width]
            wa, wb, wd, we = weights[p]
            for c in range(width):
                m = centre[c]
                s = (wa * (a[c] - m) + we * (e[c] - m)) + (
                    wb * (b[c] - m) + wd * (d[c] - m)
                )
                codes[c] |= bit * np.int32(s >= 0)


@njit(cache=True, nogil=True)
def code_images(images, margin, edge, offsets, weights, out):
    """Write the pattern code of every pixel of ``images`` (n, h, w) to ``out``.

    Cost: O(n h w P).
    """
    n_images, height, width = images.shape
    shape = (height + 2 * margin, width + 2 * margin)
    padded = np.empty(shape)
    for i in range(n_images):
        pad(images[i], margin, edge, padded)
        for r in range(height):
            row_codes(padded, r, margin, offsets, weights, out[i, r])


@njit(cache=True, nogil=True)
def cell_histograms(images, margin, edge, offsets, weights, table, grid, out):
    """Count ``table[code]`` over a grid of cells, in one pass over each image.

    table : (2**P,), bin of each code
    grid  : (rows, columns) of cells; cell (i, j) has the pixel rows
            i h / rows <= r < (i + 1) h / rows, and columns likewise
    out   : int32 (n, rows * columns, n_bins), overwritten

    Cost: O(n h w P).
    """
    n_images, height, width = images.shape
    n_rows, n_columns = grid
    shape = (height + 2 * margin, width + 2 * margin)
    padded = np.empty(shape)
    codes = np.empty(width, np.int32)
    out[:] = 0
    for i in range(n_images):
        pad(images[i], margin, edge, padded)
        for r in range(height):
            row_codes(padded, r, margin, offsets, weights, codes)
            for j in range(n_columns):
                counts = out[i, r * n_rows // height * n_columns + j]
                start = -(-j * width // n_columns)
                stop = -(-(j + 1) * width // n_columns)
                for c in range(start, stop):
                    counts[table[codes[c]]] += 1


@njit(cache=True, nogil=True)
def pattern_table(P, rotations, uniform):
    """Bin of each of the ``2**P`` codes, and the number of bins.

    rotations : codes that are rotations of each other share a bin
    uniform   : codes with more than two changes around the circle share the last bin

    Bins are numbered: by the smallest code (rotations only); by the number of ones
    (both); by the number of ones, then rotation (uniform only); by the code (neither).
    """
    n_codes = 1 << P
    table = np.empty(n_codes, np.int32)
    n_bins = 0
    for code in range(n_codes):
        ones, changes, first_one, first_zero = 0, 0, P, P
        for p in range(P - 1, -1, -1):
            bit = (code >> p) & 1
            changes += bit != (code >> ((p + 1) % P)) & 1
            ones += bit
            if bit:
                first_one = p
            else:
                first_zero = p
        if uniform and changes > 2:
            table[code] = P + 1 if rotations else P * (P - 1) + 2
        elif uniform and rotations:
            table[code] = ones
        elif uniform and ones == 0:
            table[code] = 0
        elif uniform:
            turn = ones - first_zero if first_one == 0 else P - first_one
            table[code] = P * (P - 1) + 1 if ones == P else 1 + (ones - 1) * P + turn
        elif rotations:
            smallest, turned = code, code
            for _ in range(P - 1):
                turned = (turned >> 1) | ((turned & 1) << (P - 1))
                smallest = min(smallest, turned)
            table[code] = n_bins if smallest == code else table[smallest]
        else:
            table[code] = code
        n_bins = max(n_bins, table[code] + 1)
    return table, n_bins
