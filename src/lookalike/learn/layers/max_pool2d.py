"""Max pooling: the largest value of each window."""

import numpy as np

from lookalike._checks import check_whole
from lookalike._typing import Array
from lookalike.kernels.convolution import pool_max, unpool_max
from lookalike.learn.layers._layer import Layer
from lookalike.learn.layers._windows import check_stride


class MaxPool2D(Layer):
    r"""Keep the largest value of each channel in each window.

    .. math:: Y_{r c k} = \max_{0 \le i, j < p} X_{r s + i,\; c s + j,\; k}

    Backward passes the gradient to the element of the maximum.

    Parameters
    ----------
    size : int, default=2
        :math:`p`, rows and columns of a window.
    stride : int or None, default=None
        :math:`s`, steps between windows; None takes ``size``, so that they do not
        overlap. Rows and columns at the end that fill no window are left out.

    Notes
    -----
    Of equal values in a window the first, row by row, is the maximum.

    Examples
    --------
    >>> image = np.array([[1.0, 5, 2, 0], [3, 4, 9, 9]])[None, :, :, None]
    >>> layer = MaxPool2D()
    >>> layer.forward(image, training=True)[0, :, :, 0]
    array([[5., 9.]])
    >>> layer.backward(np.array([[[[10.0], [20.0]]]]))[0, :, :, 0]
    array([[ 0., 10.,  0.,  0.],
           [ 0.,  0., 20.,  0.]])
    """

    def __init__(self, size: int = 2, stride: int | None = None) -> None:
        super().__init__()
        check_whole("size", size)
        check_stride(size if stride is None else stride)
        self._size: int = int(size)
        self._stride: int = int(size if stride is None else stride)

    def forward(self, X: Array, training: bool = False) -> Array:
        """(n, rows, columns, channels) to (n, out_rows, out_columns, channels)."""
        if X.ndim != 4 or min(X.shape[1:3]) < self._size:
            raise ValueError(
                "MaxPool2D expects (n_samples, rows, columns, channels) of at least "
                f"{self._size} by {self._size}, got an array of shape {X.shape}."
            )
        X = np.ascontiguousarray(X)
        sides = [(side - self._size) // self._stride + 1 for side in X.shape[1:3]]
        largest = np.empty((len(X), *sides, X.shape[3]), X.dtype)
        winners = np.empty(largest.shape, np.int32)
        pool_max(X, largest, winners, self._size, self._stride, 0, len(X))
        if training:
            self._memory = winners, X.shape
        return largest

    def backward(self, G: Array, input_gradient: bool = True) -> Array:
        """Pass the gradient of each window to the element of its maximum."""
        winners, shape = self._memory
        if G.shape != winners.shape:
            raise ValueError(
                f"G must have the shape {winners.shape} of the output, got {G.shape}."
            )
        images = np.full(shape, 0, G.dtype)  # faster than new pages of zeros
        G = np.ascontiguousarray(G)
        unpool_max(G, winners, images, self._size, self._stride, 0, len(G))
        return images
