"""The gated recurrent unit."""

from typing import Self

import numpy as np
from numpy.typing import DTypeLike
from sklearn.utils import check_random_state

from lookalike._typing import Array
from lookalike.learn.layers._layer import Layer
from lookalike.learn.layers._windows import check_shape
from lookalike.learn.layers.initializers import draw


class GRU(Layer):
    r"""A recurrent layer whose gates keep or replace each unit of the state.

    .. math::

        r_t &= \sigma(x_t W_r + h_{t-1} U_r + b_r + c_r) \\
        z_t &= \sigma(x_t W_z + h_{t-1} U_z + b_z + c_z) \\
        n_t &= \tanh(x_t W_n + b_n + r_t \odot (h_{t-1} U_n + c_n)) \\
        h_t &= (1 - z_t) \odot n_t + z_t \odot h_{t-1}, \qquad h_0 = 0

    Where :math:`z_t` is near one the state passes unchanged, and so does its gradient,
    so that information is kept over more steps than in a plain recurrent layer.

    Parameters
    ----------
    weights : ndarray of shape (n_inputs, 3 * n_units)
        :math:`W_r, W_z, W_n` side by side.
    recurrent : ndarray of shape (n_units, 3 * n_units)
        :math:`U_r, U_z, U_n` side by side.
    bias : ndarray of shape (3 * n_units,)
        :math:`b_r, b_z, b_n` one after the other.
    recurrent_bias : ndarray of shape (3 * n_units,)
        :math:`c_r, c_z, c_n` one after the other.

    Notes
    -----
    The output holds the state after every step; the last is ``Y[:, -1]``. The reset
    gate acts after the product with :math:`U_n`, so that one product a step serves all
    three gates; [1]_ has it before.

    References
    ----------
    .. [1] Cho et al. (2014). "Learning phrase representations using RNN encoder-decoder
       for statistical machine translation". EMNLP. (section 2.3)

    Examples
    --------
    One unit whose gates are 1/2: half of tanh(1), then half of that.

    >>> weights = np.array([[0.0, 0.0, 1.0]])
    >>> layer = GRU(weights, np.zeros((1, 3)), np.zeros(3), np.zeros(3))
    >>> layer.forward(np.array([[[1.0], [0.0]]]))[0, :, 0]
    array([0.38, 0.19])
    """

    def __init__(
        self, weights: Array, recurrent: Array, bias: Array, recurrent_bias: Array
    ) -> None:
        super().__init__(weights, recurrent, bias, recurrent_bias)

    @classmethod
    def random(
        cls,
        n_inputs: int,
        n_units: int,
        initializer: str = "xavier",
        random_state: int | np.random.RandomState | None = None,
        dtype: DTypeLike = np.float32,
    ) -> Self:
        """Draw weights by ``initializer`` ("he" or "xavier"); the biases are zero."""
        rng = check_random_state(random_state)
        wide = 3 * n_units
        weights = draw(initializer, rng, (n_inputs, wide), n_inputs, n_units, dtype)
        recurrent = draw(initializer, rng, (n_units, wide), n_units, n_units, dtype)
        return cls(weights, recurrent, np.zeros(wide, dtype), np.zeros(wide, dtype))

    def forward(self, X: Array, training: bool = False) -> Array:
        """(n, length, n_inputs) to (n, length, n_units): the state after each step."""
        weights, recurrent, bias, recurrent_bias = self.parameters
        check_shape("GRU", X, ("n_samples", "length", "features"), len(weights))
        input_term = _rows_times(X, weights)
        input_term += bias
        n_samples, length, wide = input_term.shape
        states = np.zeros((n_samples, length + 1, wide // 3), input_term.dtype)
        steps = []
        for t in range(length):
            state_term = states[:, t] @ recurrent
            state_term += recurrent_bias
            r, z, n = _gates(input_term[:, t], state_term)
            states[:, t + 1] = n + z * (states[:, t] - n)
            steps.append((r, z, n, state_term[:, -n.shape[1] :]))
        if training:
            self._memory = X, states, steps
        return states[:, 1:]

    def backward(self, G: Array, input_gradient: bool = True) -> Array:
        """Gradients in all states to gradients in all inputs."""
        weights, recurrent, _, _ = self.parameters
        X, states, steps = self._memory
        input_terms = np.empty((*G.shape[:2], weights.shape[1]), G.dtype)
        state_terms = np.empty_like(input_terms)
        later = np.zeros_like(G[:, 0])
        for t in reversed(range(G.shape[1])):
            r, z, n, state_term = steps[t]
            state = G[:, t] + later
            input_term = input_terms[:, t]
            in_r, in_z, in_n = np.split(
                input_term, 3, axis=1
            )  # views, filled one by one
            rest = state * (1 - z)
            in_n[...] = rest * (1 - n * n)
            in_z[...] = rest * (states[:, t] - n) * z
            in_r[...] = in_n * state_term * r * (1 - r)
            state_terms[:, t] = input_term
            state_terms[:, t, -n.shape[1] :] *= r
            later = state * z + state_terms[:, t] @ recurrent.T
        self.gradients: list[Array] = [
            np.tensordot(X, input_terms, axes=((0, 1), (0, 1))),
            np.tensordot(states[:, :-1], state_terms, axes=((0, 1), (0, 1))),
            input_terms.sum(axis=(0, 1)),
            state_terms.sum(axis=(0, 1)),
        ]
        return _rows_times(input_terms, weights.T)


def _rows_times(A: Array, B: Array) -> Array:
    """``A @ B`` for A (n, length, k), as one product and not one a sample."""
    return (A.reshape(-1, A.shape[2]) @ B).reshape(*A.shape[:2], B.shape[1])


def _gates(input_term: Array, state_term: Array) -> tuple[Array, Array, Array]:
    """Reset gate, update gate and candidate from the terms of input and state."""
    n_units = input_term.shape[1] // 3
    # The sigmoid through tanh, which NumPy computes many at a time.
    both = input_term[:, :-n_units] + state_term[:, :-n_units]
    both *= 0.5
    np.tanh(both, out=both)
    both *= 0.5
    both += 0.5
    r, z = both[:, :n_units], both[:, n_units:]
    n = r * state_term[:, -n_units:]
    n += input_term[:, -n_units:]
    return r, z, np.tanh(n, out=n)
