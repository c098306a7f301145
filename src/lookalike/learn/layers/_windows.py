"""Where the windows of a convolution lie: padding, stride, and the patches they cut."""

from numbers import Integral

import numpy as np

from lookalike._typing import Array
from lookalike.kernels.convolution import add_patches, cut_patches


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

    def cut(self, images: Array) -> Array:
        """(n, rows, columns, channels) to (n, out_rows, out_columns, patch)."""
        n, rows, columns, channels = images.shape
        zeros = self._zeros(rows, columns)
        padded = np.pad(images, zeros) if np.any(zeros) else images
        out_rows = (padded.shape[1] - self._size[0]) // self._stride + 1
        out_columns = (padded.shape[2] - self._size[1]) // self._stride + 1
        if out_rows < 1 or out_columns < 1:
            raise ValueError(
                f"an image of {rows} by {columns} is smaller than a window of "
                f"{self._size[0]} by {self._size[1]}."
            )
        shape = (n, out_rows, out_columns, self._size[0] * self._size[1] * channels)
        patches = np.empty(shape, images.dtype)
        flat = np.ascontiguousarray(padded).reshape(n, padded.shape[1], -1)
        cut_patches(flat, patches, *self._runs(channels), 0, n)
        return patches

    def add(self, patches: Array, shape: tuple[int, ...]) -> Array:
        """Add the patches back to images of ``shape``: the adjoint of ``cut``."""
        n, rows, columns, channels = shape
        _, (top, bottom), (left, right), _ = self._zeros(rows, columns)
        padded = (n, top + rows + bottom, left + columns + right, channels)
        images = np.zeros(padded, patches.dtype)
        flat = images.reshape(n, padded[1], -1)
        add_patches(patches, flat, *self._runs(channels), 0, n)
        return images[:, top : top + rows, left : left + columns]

    def _runs(self, channels: int) -> tuple[int, int, int, int]:
        """Rows of a window, numbers in each, rows and numbers between windows."""
        height, width = self._size
        return height, width * channels, self._stride, self._stride * channels

    def _zeros(self, rows: int, columns: int) -> tuple[tuple[int, int], ...]:
        """How many zeros come before and after each axis of a batch of images."""
        around = [
            _same(side, size, self._stride) if self._padding == "same" else (0, 0)
            for side, size in zip((rows, columns), self._size, strict=True)
        ]
        return (0, 0), *around, (0, 0)


def check_stride(stride: int) -> None:
    """Refuse a stride that is not a positive integer."""
    if not isinstance(stride, Integral) or stride < 1:
        raise ValueError(f"stride must be a positive integer, got {stride!r}.")


def check_shape(name: str, X: Array, axes: tuple[str, ...], last: int) -> None:
    """Refuse an input whose axes are not those; kernels would read past its end."""
    if X.ndim != len(axes) or X.shape[-1] != last:
        raise ValueError(
            f"{name} expects ({', '.join(axes)}) with {last} {axes[-1]}, got an array "
            f"of shape {X.shape}."
        )


def _same(side: int, size: int, stride: int) -> tuple[int, int]:
    n_windows = -(-side // stride)
    zeros = max((n_windows - 1) * stride + size - side, 0)
    return zeros // 2, zeros - zeros // 2
