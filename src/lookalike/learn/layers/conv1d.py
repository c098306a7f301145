"""Convolution of sequences."""

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


class Conv1D(Layer):
    r"""Every output is one weighted sum over a stretch of a sequence.

    .. math:: Y_{t f} = b_f + \sum_{i, k} W_{i k f}\, X_{t s + i,\; k}

    with stride :math:`s`, counting from the first step after padding. As in every
    network library the kernel is not flipped.

    Parameters
    ----------
    weights : ndarray of shape (width, n_channels, n_filters)
        :math:`W`, kept as it is and changed in place by the optimiser.
    bias : ndarray of shape (n_filters,)
        :math:`b`.
    stride : int, default=1
        Steps between windows.
    padding : {"valid", "same"}, default="valid"
        Only windows inside the sequence, or zeros around it so that there are
        ``ceil(length / stride)``.

    Examples
    --------
    >>> kernel = np.array([1.0, 0.0, -1.0])[:, None, None]
    >>> layer = Conv1D(kernel, np.zeros(1), padding="same")
    >>> layer.forward(np.arange(1.0, 7.0)[None, :, None])[0, :, 0]
    array([-2., -2., -2., -2., -2.,  5.])
    """

    def __init__(
        self, weights: Array, bias: Array, stride: int = 1, padding: str = "valid"
    ) -> None:
        super().__init__(weights, bias)
        # A sequence is an image of one row.
        self._windows = Windows(1, weights.shape[0], stride, padding)

    @classmethod
    def random(
        cls,
        width: int,
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
        shape = (width, n_channels, n_filters)
        fans = (width * n_channels, width * n_filters)
        weights = draw(initializer, rng, shape, *fans, dtype)
        return cls(weights, np.zeros(n_filters, dtype), stride, padding)

    def forward(self, X: Array, training: bool = False) -> Array:
        """(n, length, n_channels) to (n, out_length, n_filters)."""
        weights, bias = self.parameters
        axes = ("n_samples", "length", "channels")
        check_shape("Conv1D", X, axes, weights.shape[1])
        padded = self._windows.pad(X[:, None])
        Y = correlate(self._windows, padded, weights[None], bias)
        if training:
            self._memory = padded, X[:, None].shape
        return Y[:, 0]

    def backward(self, G: Array, input_gradient: bool = True) -> Array:
        """(n, out_length, n_filters) to (n, length, n_channels)."""
        padded, shape = self._memory
        *self.gradients, back = correlate_backward(
            self._windows, padded, self.parameters[0], G[:, None], input_gradient
        )
        return self._windows.trim(back, shape)[:, 0] if input_gradient else G
