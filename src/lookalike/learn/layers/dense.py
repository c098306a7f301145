"""The fully connected layer."""

from typing import Self

import numpy as np
from numpy.typing import DTypeLike
from sklearn.utils import check_random_state

from lookalike._typing import Array
from lookalike.learn.layers._layer import Layer
from lookalike.learn.layers.initializers import draw


class Dense(Layer):
    r"""Every output is a weighted sum of every input.

    .. math::

        Y = X W + b, \qquad
        \frac{\partial L}{\partial W} = X^T G, \quad
        \frac{\partial L}{\partial b} = \sum_i G_i, \quad
        \frac{\partial L}{\partial X} = G W^T

    Parameters
    ----------
    weights : ndarray of shape (n_inputs, n_outputs)
        :math:`W`, kept as it is and changed in place by the optimiser.
    bias : ndarray of shape (n_outputs,)
        :math:`b`.

    Notes
    -----
    The input may be a SciPy sparse matrix; its gradient is then not available. Both
    directions cost O(n_samples * n_inputs * n_outputs).

    Examples
    --------
    >>> layer = Dense(np.array([[1.0, 0.0], [2.0, -1.0]]), np.array([0.5, 0.0]))
    >>> layer.forward(np.array([[3.0, 4.0]]), training=True)
    array([[11.5, -4. ]])
    >>> layer.backward(np.array([[1.0, 2.0]]))
    array([[1., 0.]])
    >>> layer.gradients[0]
    array([[3., 6.],
           [4., 8.]])
    """

    def __init__(self, weights: Array, bias: Array) -> None:
        super().__init__(weights, bias)

    @classmethod
    def random(
        cls,
        n_inputs: int,
        n_outputs: int,
        initializer: str = "he",
        random_state: int | np.random.RandomState | None = None,
        dtype: DTypeLike = np.float32,
    ) -> Self:
        """Draw the weights by ``initializer`` ("he" or "xavier"); the bias is zero."""
        rng = check_random_state(random_state)
        shape = (n_inputs, n_outputs)
        weights = draw(initializer, rng, shape, n_inputs, n_outputs, dtype)
        return cls(weights, np.zeros(n_outputs, dtype))

    def forward(self, X: Array, training: bool = False) -> Array:
        """(n_samples, n_inputs) to (n_samples, n_outputs)."""
        weights, bias = self.parameters
        if training:
            self._memory = X
        Y: Array = X @ weights
        Y += bias
        return Y

    def backward(self, G: Array, input_gradient: bool = True) -> Array:
        """(n_samples, n_outputs) to (n_samples, n_inputs)."""
        self.gradients: list[Array] = [self._memory.T @ G, G.sum(axis=0)]
        return G @ self.parameters[0].T if input_gradient else G
