"""The loops of convolution and pooling: windows of a batch of images, and back.

The channels of a pixel lie side by side, so that a row of a window is one run of
numbers; the inner loops go along it, where the processor takes many at a time.
"""

from lookalike.kernels.compiled import njit


@njit(cache=True, nogil=True)
def cut_patches(images, patches, height, run, stride, step, start, stop):
    """Copy the window behind each output position of images[start:stop] into a row.

    images : (n, rows, columns * channels)
    patches : (n, out_rows, out_columns, at least height * run), written
    height, run : rows of a window, and numbers (width * channels) in each
    stride, step : rows from one window to the next, and numbers (stride * channels)

    Every window lies inside the image: (out_rows - 1) * stride + height <= rows, and
    (out_columns - 1) * step + run <= columns * channels. Cost: one copy of ``patches``.
    """
    for n in range(start, stop):
        for r in range(patches.shape[1]):
            for i in range(height):
                row = images[n, r * stride + i]
                for c in range(patches.shape[2]):
                    source = row[c * step : c * step + run]
                    target = patches[n, r, c, i * run : (i + 1) * run]
                    for k in range(source.size):
                        target[k] = source[k]


@njit(cache=True, nogil=True)
def add_patches(patches, images, height, run, stride, step, start, stop):
    """Add each row of patches back to the window it was cut from: the adjoint.

    The arguments are those of ``cut_patches`` with the roles exchanged: ``patches``
    is read, and ``images`` is added to.
    """
    for n in range(start, stop):
        for r in range(patches.shape[1]):
            for i in range(height):
                row = images[n, r * stride + i]
                for c in range(patches.shape[2]):
                    source = patches[n, r, c, i * run : (i + 1) * run]
                    target = row[c * step : c * step + run]
                    for k in range(source.size):
                        target[k] += source[k]


@njit(cache=True, nogil=True)
def pool_max(images, largest, winners, size, stride, start, stop):
    """Find the largest value of each channel in each window of images[start:stop].

    images : (n, rows, columns, channels)
    largest : (n, out_rows, out_columns, channels), written
    winners : int32, the shape of ``largest``, written: where in its window, row by
        row, the value was found

    The first of equal values counts as the largest, and a NaN as larger than every
    number. Every window lies inside the image. Cost: O(largest.size * size * size).
    """
    for n in range(start, stop):
        for r in range(largest.shape[1]):
            largest[n, r] = images[n, r * stride, : largest.shape[2] * stride : stride]
            winners[n, r] = 0
            for offset in range(1, size * size):
                row = images[n, r * stride + offset // size]
                for c in range(largest.shape[2]):
                    values = row[c * stride + offset % size]
                    best, winner = largest[n, r, c], winners[n, r, c]
                    for k in range(values.size):
                        value, old = values[k], best[k]
                        # No branches: both sides are numbers, chosen by a mask.
                        wins = (value > old) | (value != value)
                        best[k] = value if wins else old
                        winner[k] = offset if wins else winner[k]


@njit(cache=True, nogil=True)
def unpool_max(gradients, winners, images, size, stride, start, stop):
    """Add each gradient to the element of its window's maximum: the adjoint.

    gradients, winners : (n, out_rows, out_columns, channels)
    images : (n, rows, columns, channels), added to
    """
    for n in range(start, stop):
        for r in range(gradients.shape[1]):
            for offset in range(size * size):
                row = images[n, r * stride + offset // size]
                for c in range(gradients.shape[2]):
                    values = row[c * stride + offset % size]
                    gradient, winner = gradients[n, r, c], winners[n, r, c]
                    for k in range(values.size):
                        wins = winner[k] == offset
                        values[k] = values[k] + gradient[k] if wins else values[k]
