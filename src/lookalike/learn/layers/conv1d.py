"""Convolution of sequences."""

from typing import Self

import numpy as np
from numpy.typing import DTypeLike
from sklearn.utils import check_random_state

from lookalike._typing import Array
from lookalike.learn.layers._layer import Layer
from lookalike.learn.layers._windows import Windows, check_shape
from lookalike.learn.layers.starts import draw


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
        start: str = "he",
        random_state: int | np.random.RandomState | None = None,
        dtype: DTypeLike = np.float32,
    ) -> Self:
        """Draw the weights by ``start`` ("he" or "xavier"); the bias is zero."""
        rng = check_random_state(random_state)
        shape = (width, n_channels, n_filters)
        fans = (width * n_channels, width * n_filters)
        weights = draw(start, rng, shape, *fans, dtype)
        return cls(weights, np.zeros(n_filters, dtype), stride, padding)

    def forward(self, X: Array, training: bool = False) -> Array:
        """(n, length, n_channels) to (n, out_length, n_filters)."""
        weights, bias = self.parameters
        axes = ("n_samples", "length", "channels")
        check_shape("Conv1D", X, axes, weights.shape[1])
        patches = self._windows.cut(X[:, None])
        if training:
            self._memory = patches, X[:, None].shape
        Y: Array = patches[:, 0] @ weights.reshape(-1, len(bias))
        Y += bias
        return Y

    def backward(self, G: Array, input_gradient: bool = True) -> Array:
        """(n, out_length, n_filters) to (n, length, n_channels)."""
        weights, bias = self.parameters
        patches, shape = self._memory
        rows = G.reshape(-1, len(bias))
        self.gradients = [
            (patches.reshape(len(rows), -1).T @ rows).reshape(weights.shape),
            rows.sum(axis=0),
        ]
        if not input_gradient:
            return G
        back = rows @ weights.reshape(-1, len(bias)).T
        return self._windows.add(back.reshape(patches.shape), shape)[:, 0]
