"""Convolution of images."""

from typing import Self

import numpy as np
from numpy.typing import DTypeLike
from sklearn.utils import check_random_state

from lookalike._typing import Array
from lookalike.learn.layers._layer import Layer
from lookalike.learn.layers._windows import (
    Windows,
    check_shape,
    correlate,
    correlate_backward,
)
from lookalike.learn.layers.initializers import draw


class Conv2D(Layer):
    r"""Every output is one weighted sum over a window and all its channels.

    .. math::

        Y_{r c f} = b_f + \sum_{i, j, k} W_{i j k f}\, X_{r s + i,\; c s + j,\; k}

    with stride :math:`s`, counting from the first row and column after padding. As in
    every network library the kernel is not flipped: mathematics calls this the
    cross-correlation.

    Parameters
    ----------
    weights : ndarray of shape (height, width, n_channels, n_filters)
        :math:`W`, kept as it is and changed in place by the optimiser.
    bias : ndarray of shape (n_filters,)
        :math:`b`.
    stride : int, default=1
        Steps between windows, in both directions.
    padding : {"valid", "same"}, default="valid"
        Only windows inside the image, or zeros around it so that there are
        ``ceil(side / stride)`` along each side.

    Notes
    -----
    The windows are copied into rows, so that the whole layer is a matrix product, of a
    few images at a time. Cost: O(n_windows * height * width * n_channels * n_filters),
    and room for the padded images.

    References
    ----------
    .. [1] LeCun, Bottou, Bengio and Haffner (1998). "Gradient-based learning applied to
       document recognition". Proceedings of the IEEE 86(11).
    .. [2] Chellapilla, Puri and Simard (2006). "High performance convolutional neural
       networks for document processing". IWFHR. (section 3.1)

    Examples
    --------
    >>> image = np.array([[1.0, 2.0, 4.0], [3.0, 5.0, 9.0]])[None, :, :, None]
    >>> down = np.array([[-1.0], [1.0]])[:, :, None, None]
    >>> layer = Conv2D(down, np.zeros(1))
    >>> layer.forward(image, training=True)[0, :, :, 0]
    array([[2., 3., 5.]])
    >>> layer.backward(np.ones((1, 1, 3, 1)))[0, :, :, 0]
    array([[-1., -1., -1.],
           [ 1.,  1.,  1.]])
    >>> layer.gradients[0].ravel()  # the sum of each row
    array([ 7., 17.])
    """

    def __init__(
        self, weights: Array, bias: Array, stride: int = 1, padding: str = "valid"
    ) -> None:
        super().__init__(weights, bias)
        height, width = weights.shape[:2]
        self._windows = Windows(height, width, stride, padding)

    @classmethod
    def random(
        cls,
        size: tuple[int, int],
        n_channels: int,
        n_filters: int,
        stride: int = 1,
        padding: str = "valid",
        initializer: str = "he",
        random_state: int | np.random.RandomState | None = None,
        dtype: DTypeLike = np.float32,
    ) -> Self:
        """Draw the weights by ``initializer`` ("he" or "xavier"); the bias is zero."""
        rng = check_random_state(random_state)
        area = size[0] * size[1]
        shape = (*size, n_channels, n_filters)
        weights = draw(
            initializer, rng, shape, area * n_channels, area * n_filters, dtype
        )
        return cls(weights, np.zeros(n_filters, dtype), stride, padding)

    def forward(self, X: Array, training: bool = False) -> Array:
        """(n, rows, columns, n_channels) to (n, out_rows, out_columns, n_filters)."""
        weights, bias = self.parameters
        axes = ("n_samples", "rows", "columns", "channels")
        check_shape("Conv2D", X, axes, weights.shape[2])
        padded = self._windows.pad(X)
        Y = correlate(self._windows, padded, weights, bias)
        if training:
            self._memory = padded, X.shape
        return Y

    def backward(self, G: Array, input_gradient: bool = True) -> Array:
        """(n, out_rows, out_columns, n_filters) to (n, rows, columns, n_channels)."""
        padded, shape = self._memory
        *self.gradients, back = correlate_backward(
            self._windows, padded, self.parameters[0], G, input_gradient
        )
        return self._windows.trim(back, shape) if input_gradient else G
