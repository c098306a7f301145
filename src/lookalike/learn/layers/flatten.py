"""Flatten each sample to one row."""

from lookalike._typing import Array
from lookalike.learn.layers._layer import Layer


class Flatten(Layer):
    """Lay out each sample as one row, its last axis running fastest.

    Examples
    --------
    >>> import numpy as np
    >>> layer = Flatten()
    >>> layer.forward(np.arange(8).reshape(2, 2, 2), training=True)
    array([[0, 1, 2, 3],
           [4, 5, 6, 7]])
    >>> layer.backward(np.zeros((2, 4))).shape
    (2, 2, 2)
    """

    def __init__(self) -> None:
        super().__init__()

    def forward(self, X: Array, training: bool = False) -> Array:
        """(n_samples, ...) to (n_samples, n_features)."""
        if training:
            self._memory = X.shape
        return X.reshape(len(X), -1)

    def backward(self, G: Array, input_gradient: bool = True) -> Array:
        """Reshape the gradient to the shape of the input."""
        return G.reshape(self._memory)
