"""Multi-channel convolution: each channel has its own slice of the kernel."""

from typing import Self

import numpy as np
from numpy.typing import DTypeLike
from sklearn.utils import check_random_state

from lookalike._typing import Array
from lookalike.kernels.depthwise import weigh_channels, weigh_channels_back
from lookalike.learn.layers._layer import Layer
from lookalike.learn.layers._windows import Windows, check_shape
from lookalike.learn.layers.initializers import draw


class DepthwiseConv2D(Layer):
    r"""Convolve each channel by itself; the channels do not mix.

    .. math::

        Y_{r c k} = b_k + \sum_{i, j} W_{i j k}\, X_{r s + i,\; c s + j,\; k}

    with stride :math:`s`, counting from the first row and column after padding; the
    kernel is not flipped. ``Conv2D`` also sums over the channels.

    Parameters
    ----------
    weights : ndarray of shape (height, width, n_channels)
        :math:`W`, kept as it is and changed in place by the optimiser.
    bias : ndarray of shape (n_channels,)
        :math:`b`.
    stride : int, default=1
        Steps between windows, in both directions.
    padding : {"valid", "same"}, default="valid"
        Only windows inside the image, or zeros around it so that there are
        ``ceil(side / stride)`` along each side.

    References
    ----------
    .. [1] Chollet (2017). "Xception: deep learning with depthwise separable
       convolutions". CVPR.

    Examples
    --------
    >>> image = np.array([[[1.0, 2], [3, 4]], [[5, 6], [7, 8]], [[9, 10], [11, 12]]])
    >>> kernel = np.array([[[1.0, 0], [0, -1]], [[0, 1], [-1, 0]]])
    >>> DepthwiseConv2D(kernel, np.zeros(2)).forward(image[None])[0, :, 0]
    array([[-6.,  2.],
           [-6.,  2.]])
    """

    def __init__(
        self, weights: Array, bias: Array, stride: int = 1, padding: str = "valid"
    ) -> None:
        super().__init__(weights, bias)
        self._windows = Windows(weights.shape[0], weights.shape[1], stride, padding)
        self._stride = stride

    @classmethod
    def random(
        cls,
        size: tuple[int, int],
        n_channels: int,
        stride: int = 1,
        padding: str = "valid",
        initializer: str = "he",
        random_state: int | np.random.RandomState | None = None,
        dtype: DTypeLike = np.float32,
    ) -> Self:
        """Draw the weights by ``initializer`` ("he" or "xavier"); the bias is zero."""
        rng = check_random_state(random_state)
        area = size[0] * size[1]
        weights = draw(initializer, rng, (*size, n_channels), area, area, dtype)
        return cls(weights, np.zeros(n_channels, dtype), stride, padding)

    def forward(self, X: Array, training: bool = False) -> Array:
        """(n, rows, columns, n_channels) to (n, out_rows, out_columns, n_channels)."""
        bias = self.parameters[1]
        axes = ("n_samples", "rows", "columns", "channels")
        check_shape("DepthwiseConv2D", X, axes, len(bias))
        padded = self._windows.pad(X)
        Y = np.empty((len(X), *self._windows.sides(padded), len(bias)), X.dtype)
        Y[...] = bias
        runs = self._runs(Y.shape[2])
        weigh_channels(
            _rows(padded), runs, _rows(Y), self._stride, len(bias), 0, len(X)
        )
        if training:
            self._memory = padded, X.shape
        return Y

    def backward(self, G: Array, input_gradient: bool = True) -> Array:
        """(n, out_rows, out_columns, n_channels) to (n, rows, columns, n_channels)."""
        padded, shape = self._memory
        n, *sides, channels = G.shape
        if (n, *sides, channels) != (
            len(padded),
            *self._windows.sides(padded),
            shape[3],
        ):
            raise ValueError(f"G must have the shape of the output, got {G.shape}.")
        runs = self._runs(sides[1])
        slopes, back = np.zeros_like(runs), np.zeros_like(padded)
        weigh_channels_back(
            _rows(padded),
            runs,
            _rows(np.ascontiguousarray(G)),
            slopes,
            _rows(back),
            self._stride,
            channels,
            0,
            n,
        )
        slopes = slopes.reshape(*runs.shape[:2], -1, channels).sum(axis=2)
        self.gradients: list[Array] = [slopes, G.sum(axis=(0, 1, 2))]
        return self._windows.trim(back, shape)

    def _runs(self, out_columns: int) -> Array:
        """Repeat the weights along the pixels that lie side by side."""
        return np.tile(self.parameters[0], 1 if self._stride > 1 else out_columns)


def _rows(images: Array) -> Array:
    return images.reshape(*images.shape[:2], -1)
