"""Positions of the windows of a convolution, and the products over them.

The windows are copied into the rows of a matrix, so that a convolution is a product,
and a few images at a time, so that this matrix stays in the processor's cache.
"""

from collections.abc import Iterator

import numpy as np

from lookalike._checks import check_whole
from lookalike._typing import Array
from lookalike.kernels.convolution import add_patches, cut_patches

ROOM = 2**15  # numbers in the patches that are made at a time: 128 kB of floats


class Windows:
    """Cut images into one patch a window, and add patches back to images.

    ``padding="valid"`` takes only windows inside the image,
    ``(n - size) // stride + 1`` along a side of n. ``padding="same"`` puts zeros around
    the image so that there are ``ceil(n / stride)``; of an odd number of zeros the
    larger half comes after the image.
    """

    def __init__(self, height: int, width: int, stride: int, padding: str) -> None:
        check_stride(stride)
        if padding not in ("same", "valid"):
            raise ValueError(f"padding must be 'same' or 'valid', got {padding!r}.")
        self._size = (height, width)
        self._stride = int(stride)
        self._padding = padding

    def pad(self, images: Array) -> Array:
        """Put zeros around images of shape (n, rows, columns, channels)."""
        n, rows, columns, channels = images.shape
        (top, bottom), (left, right) = self._zeros(rows, columns)
        if not top + bottom + left + right:
            return np.ascontiguousarray(images)
        shape = (n, top + rows + bottom, left + columns + right, channels)
        padded = np.full(shape, 0, images.dtype)  # faster than new pages of zeros
        padded[:, top : top + rows, left : left + columns] = images
        return padded

    def trim(self, padded: Array, shape: tuple[int, ...]) -> Array:
        """Remove the zeros around images of ``shape``."""
        _, rows, columns, _ = shape
        (top, _), (left, _) = self._zeros(rows, columns)
        return padded[:, top : top + rows, left : left + columns]

    def sides(self, padded: Array) -> tuple[int, int]:
        """Count the windows, down and across."""
        height, width = self._size
        _, rows, columns, _ = padded.shape
        if rows < height or columns < width:
            raise ValueError(
                f"an image of {rows} by {columns} is smaller than a window of "
                f"{height} by {width}."
            )
        stride = self._stride
        return (rows - height) // stride + 1, (columns - width) // stride + 1

    def cut(self, padded: Array) -> Iterator[tuple[slice, Array]]:
        """Yield a few images at a time: which, and their patches (n, *sides, patch).

        A patch is its window row by row, and then a one, whose weight is the bias. The
        array is reused for the next images.
        """
        n, rows, _, channels = padded.shape
        height, width = self._size
        shape = (*self.sides(padded), height * width * channels + 1)
        step = max(1, ROOM // int(np.prod(shape)))
        patches = np.ones((min(step, n), *shape), padded.dtype)
        flat = padded.reshape(n, rows, -1)
        for start in range(0, n, step):
            part = slice(start, min(start + step, n))
            some = patches[: part.stop - start]
            cut_patches(flat[part], some, *self._runs(channels), 0, len(some))
            yield part, some

    def add(self, patches: Array, padded: Array) -> None:
        """Add patches back to the images they were cut from: the adjoint of ``cut``."""
        n, rows, _, channels = padded.shape
        flat = padded.reshape(n, rows, -1)
        add_patches(patches, flat, *self._runs(channels), 0, n)

    def _runs(self, channels: int) -> tuple[int, int, int, int]:
        """Rows of a window, numbers in each, rows and numbers between windows."""
        height, width = self._size
        return height, width * channels, self._stride, self._stride * channels

    def _zeros(self, rows: int, columns: int) -> tuple[tuple[int, int], ...]:
        """How many zeros come before and after the rows, and the columns."""
        if self._padding == "valid":
            return (0, 0), (0, 0)
        return tuple(
            _same(side, size, self._stride)
            for side, size in zip((rows, columns), self._size, strict=True)
        )


def correlate(windows: Windows, padded: Array, weights: Array, bias: Array) -> Array:
    """Weigh every window: (n, rows, columns, channels) to (n, *sides, filters)."""
    kernel = np.vstack([weights.reshape(-1, len(bias)), bias])
    dtype = np.result_type(padded, kernel)
    Y = np.empty((len(padded), *windows.sides(padded), len(bias)), dtype)
    for part, patches in windows.cut(padded):
        rows = patches.reshape(-1, len(kernel))
        np.matmul(rows, kernel, out=Y[part].reshape(-1, len(bias)))
    return Y


def correlate_backward(
    windows: Windows, padded: Array, weights: Array, G: Array, input_gradient: bool
) -> tuple[Array, Array, Array]:
    """Gradients in the weights, the bias and the padded images."""
    kernel = weights.reshape(-1, weights.shape[-1])
    slope = np.zeros((len(kernel) + 1, kernel.shape[1]), G.dtype)
    back = np.zeros_like(padded, G.dtype) if input_gradient else G
    for part, patches in windows.cut(padded):
        rows = G[part].reshape(-1, kernel.shape[1])
        slope += patches.reshape(len(rows), -1).T @ rows
        if input_gradient:
            spread = (rows @ kernel.T).reshape(*patches.shape[:3], -1)
            windows.add(spread, back[part])
    return slope[:-1].reshape(weights.shape), slope[-1], back


def check_stride(stride: int) -> None:
    """Refuse a stride that is not a positive integer."""
    check_whole("stride", stride)


def check_shape(name: str, X: Array, axes: tuple[str, ...], last: int) -> None:
    """Refuse an input of other axes: kernels would read past its end."""
    if X.ndim != len(axes) or X.shape[-1] != last:
        raise ValueError(
            f"{name} expects ({', '.join(axes)}) with {last} {axes[-1]}, got an array "
            f"of shape {X.shape}."
        )


def _same(side: int, size: int, stride: int) -> tuple[int, int]:
    n_windows = -(-side // stride)
    zeros = max((n_windows - 1) * stride + size - side, 0)
    return zeros // 2, zeros - zeros // 2
