"""The plain recurrent layer."""

from typing import Self

import numpy as np
from numpy.typing import DTypeLike
from sklearn.utils import check_random_state

from lookalike._typing import Array
from lookalike.learn.layers._layer import Layer
from lookalike.learn.layers._windows import check_shape
from lookalike.learn.layers.initializers import draw


class RNN(Layer):
    r"""A recurrent layer: the state is computed from the input and the state before.

    .. math:: h_t = \tanh(x_t W + h_{t-1} U + b), \qquad h_0 = 0

    Backpropagation runs from the last step to the first: the gradient in :math:`h_t` is
    that of the output plus that through :math:`h_{t+1}`.

    Parameters
    ----------
    weights : ndarray of shape (n_inputs, n_units)
        :math:`W`.
    recurrent : ndarray of shape (n_units, n_units)
        :math:`U`.
    bias : ndarray of shape (n_units,)
        :math:`b`.

    Notes
    -----
    The output holds the state after every step; the last is ``Y[:, -1]``. The term of
    the input is one matrix product over all steps; :math:`h_{t-1} U` is one a step.

    References
    ----------
    .. [1] Elman (1990). "Finding structure in time". Cognitive Science 14(2).
    .. [2] Werbos (1990). "Backpropagation through time: what it does and how to do it".
       Proceedings of the IEEE 78(10).

    Examples
    --------
    >>> layer = RNN(np.array([[1.0]]), np.array([[2.0]]), np.array([0.0]))
    >>> layer.forward(np.array([[[0.5], [0.0]]])).round(2)[0, :, 0]  # tanh(2 * 0.46)
    array([0.46, 0.73])
    """

    def __init__(self, weights: Array, recurrent: Array, bias: Array) -> None:
        super().__init__(weights, recurrent, bias)

    @classmethod
    def random(
        cls,
        n_inputs: int,
        n_units: int,
        initializer: str = "xavier",
        random_state: int | np.random.RandomState | None = None,
        dtype: DTypeLike = np.float32,
    ) -> Self:
        """Draw the weights by ``initializer`` ("he" or "xavier"); the bias is zero."""
        rng = check_random_state(random_state)
        weights = draw(initializer, rng, (n_inputs, n_units), n_inputs, n_units, dtype)
        recurrent = draw(initializer, rng, (n_units, n_units), n_units, n_units, dtype)
        return cls(weights, recurrent, np.zeros(n_units, dtype))

    def forward(self, X: Array, training: bool = False) -> Array:
        """(n, length, n_inputs) to (n, length, n_units): the state after each step."""
        weights, recurrent, bias = self.parameters
        check_shape("RNN", X, ("n_samples", "length", "features"), len(weights))
        input_term = X @ weights + bias
        states = np.empty_like(input_term)
        state = np.zeros_like(input_term[:, 0])
        for t in range(X.shape[1]):
            state = np.tanh(input_term[:, t] + state @ recurrent)
            states[:, t] = state
        if training:
            self._memory = X, states
        return states

    def backward(self, G: Array, input_gradient: bool = True) -> Array:
        """Gradients in all states to gradients in all inputs."""
        weights, recurrent, _ = self.parameters
        X, states = self._memory
        slopes = np.empty_like(G)  # in the argument of tanh
        later = np.zeros_like(G[:, 0])
        for t in reversed(range(G.shape[1])):
            slopes[:, t] = (G[:, t] + later) * (1 - states[:, t] ** 2)
            later = slopes[:, t] @ recurrent.T
        self.gradients: list[Array] = [
            np.tensordot(X, slopes, axes=((0, 1), (0, 1))),
            np.tensordot(states[:, :-1], slopes[:, 1:], axes=((0, 1), (0, 1))),
            slopes.sum(axis=(0, 1)),
        ]
        back: Array = slopes @ weights.T
        return back
