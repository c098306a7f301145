"""The loops of convolution and pooling: windows of a batch of images, and back."""

from numba import njit


@njit(cache=True, nogil=True)
def cut_patches(images, patches, height, width, stride, start, stop):
    """Copy the window behind each output position of images[start:stop] into a row.

    images : (n, rows, columns, channels)
    patches : (n, out_rows, out_columns, height * width * channels), written
    stride : steps between windows, the same in both directions

    Every window lies inside the image: (out_rows - 1) * stride + height <= rows, and
    the same for columns. Cost: one copy of ``patches``.
    """
    channels = images.shape[3]
    for n in range(start, stop):
        for r in range(patches.shape[1]):
            for c in range(patches.shape[2]):
                at = 0
                for i in range(r * stride, r * stride + height):
                    for j in range(c * stride, c * stride + width):
                        for k in range(channels):
                            patches[n, r, c, at] = images[n, i, j, k]
                            at += 1


@njit(cache=True, nogil=True)
def add_patches(patches, images, height, width, stride, start, stop):
    """Add each row of patches back to the window it was cut from: the adjoint.

    The arguments are those of ``cut_patches`` with the roles exchanged: ``patches``
    is read, and ``images`` is added to.
    """
    channels = images.shape[3]
    for n in range(start, stop):
        for r in range(patches.shape[1]):
            for c in range(patches.shape[2]):
                at = 0
                for i in range(r * stride, r * stride + height):
                    for j in range(c * stride, c * stride + width):
                        for k in range(channels):
                            images[n, i, j, k] += patches[n, r, c, at]
                            at += 1


@njit(cache=True, nogil=True)
def pool_max(images, largest, winners, size, stride, start, stop):
    """Find the largest value of each channel in each window of images[start:stop].

    images : (n, rows, columns, channels)
    largest : (n, out_rows, out_columns, channels), written
    winners : integers, the shape of ``largest``, written: where in its window, row by
        row, the value was found

    The first of equal values wins, and a NaN wins over every number. Every window
    lies inside the image. Cost: O(largest.size * size * size).
    """
    for n in range(start, stop):
        for r in range(largest.shape[1]):
            for c in range(largest.shape[2]):
                for k in range(largest.shape[3]):
                    best = images[n, r * stride, c * stride, k]
                    winner = 0
                    for y in range(size):
                        for x in range(size):
                            value = images[n, r * stride + y, c * stride + x, k]
                            if value > best or (value != value and best == best):
                                best = value
                                winner = y * size + x
                    largest[n, r, c, k] = best
                    winners[n, r, c, k] = winner


@njit(cache=True, nogil=True)
def unpool_max(gradients, winners, images, size, stride, start, stop):
    """Add each gradient to the one element of its window that had won: the adjoint.

    gradients, winners : (n, out_rows, out_columns, channels)
    images : (n, rows, columns, channels), added to
    """
    for n in range(start, stop):
        for r in range(gradients.shape[1]):
            for c in range(gradients.shape[2]):
                for k in range(gradients.shape[3]):
                    i = r * stride + winners[n, r, c, k] // size
                    j = c * stride + winners[n, r, c, k] % size
                    images[n, i, j, k] += gradients[n, r, c, k]
