"""Multi-channel convolution: each channel has its own slice of the kernel."""

from typing import Self

import numpy as np
from numpy.typing import DTypeLike
from sklearn.utils import check_random_state

from lookalike._typing import Array
from lookalike.learn.layers._layer import Layer
from lookalike.learn.layers._windows import Windows, check_shape
from lookalike.learn.layers.starts import draw


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

    @classmethod
    def random(
        cls,
        size: tuple[int, int],
        n_channels: int,
        stride: int = 1,
        padding: str = "valid",
        start: str = "he",
        random_state: int | np.random.RandomState | None = None,
        dtype: DTypeLike = np.float32,
    ) -> Self:
        """Draw the weights by ``start`` ("he" or "xavier"); the bias is zero."""
        rng = check_random_state(random_state)
        area = size[0] * size[1]
        weights = draw(start, rng, (*size, n_channels), area, area, dtype)
        return cls(weights, np.zeros(n_channels, dtype), stride, padding)

    def forward(self, X: Array, training: bool = False) -> Array:
        """(n, rows, columns, n_channels) to (n, out_rows, out_columns, n_channels)."""
        bias = self.parameters[1]
        axes = ("n_samples", "rows", "columns", "channels")
        check_shape("DepthwiseConv2D", X, axes, len(bias))
        padded = self._windows.pad(X)
        Y = np.empty((len(X), *self._windows.sides(padded), len(bias)), X.dtype)
        for part, patches in self._windows.cut(padded):
            np.einsum("nrcik,ik->nrck", *self._split(patches), out=Y[part])
        if training:
            self._memory = padded, X.shape
        Y += bias
        return Y

    def backward(self, G: Array, input_gradient: bool = True) -> Array:
        """(n, out_rows, out_columns, n_channels) to (n, rows, columns, n_channels)."""
        padded, shape = self._memory
        slope = np.zeros_like(self.parameters[0])
        back = np.zeros_like(padded)
        for part, patches in self._windows.cut(padded):
            values, kernel = self._split(patches)
            slope += np.einsum("nrcik,nrck->ik", values, G[part]).reshape(slope.shape)
            spread = np.einsum("nrck,ik->nrcik", G[part], kernel)
            self._windows.add(spread.reshape(*spread.shape[:3], -1), back[part])
        self.gradients = [slope, G.sum(axis=(0, 1, 2))]
        return self._windows.trim(back, shape)

    def _split(self, patches: Array) -> tuple[Array, Array]:
        """Patches and kernel with one axis for the place and one for the channel."""
        kernel = self.parameters[0].reshape(-1, len(self.parameters[1]))
        values = patches[..., :-1]  # the last number of a patch is a one
        return values.reshape(*values.shape[:3], *kernel.shape), kernel
