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
    r"""A state that each step may keep, forget or replace, unit by unit.

    .. math::

        r_t &= \sigma(x_t W_r + h_{t-1} U_r + b_r + c_r) \\
        z_t &= \sigma(x_t W_z + h_{t-1} U_z + b_z + c_z) \\
        n_t &= \tanh(x_t W_n + b_n + r_t \odot (h_{t-1} U_n + c_n)) \\
        h_t &= (1 - z_t) \odot n_t + z_t \odot h_{t-1}, \qquad h_0 = 0

    Where :math:`z_t` is near one the state passes unchanged, and so does its gradient:
    the gates keep information that a plain recurrent layer loses within ten steps.

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
    The answer holds the state after every step; the last is ``Y[:, -1]``. The reset
    gate acts after the product with :math:`U_n`, so that one product a step serves all
    three gates; [1]_ has it before.

    References
    ----------
    .. [1] Cho et al. (2014). "Learning phrase representations using RNN encoder-decoder
       for statistical machine translation". EMNLP. (section 2.3)

    Examples
    --------
    One unit whose gates stand half open: half of tanh(1), then half of that.

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
        drive = _rows_times(X, weights)
        drive += bias
        n_samples, length, wide = drive.shape
        states = np.zeros((n_samples, length + 1, wide // 3), drive.dtype)
        steps = []
        for t in range(length):
            pull = states[:, t] @ recurrent
            pull += recurrent_bias
            r, z, n = _gates(drive[:, t], pull)
            states[:, t + 1] = n + z * (states[:, t] - n)
            steps.append((r, z, n, pull[:, -n.shape[1] :]))
        if training:
            self._memory = X, states, steps
        return states[:, 1:]

    def backward(self, G: Array, input_gradient: bool = True) -> Array:
        """Gradients in all states to gradients in all inputs."""
        weights, recurrent, _, _ = self.parameters
        X, states, steps = self._memory
        drives = np.empty((*G.shape[:2], weights.shape[1]), G.dtype)
        pulls = np.empty_like(drives)
        later = np.zeros_like(G[:, 0])
        for t in reversed(range(G.shape[1])):
            r, z, n, pull = steps[t]
            state = G[:, t] + later
            drive = drives[:, t]
            in_r, in_z, in_n = np.split(drive, 3, axis=1)  # views, filled one by one
            rest = state * (1 - z)
            in_n[...] = rest * (1 - n * n)
            in_z[...] = rest * (states[:, t] - n) * z
            in_r[...] = in_n * pull * r * (1 - r)
            pulls[:, t] = drive
            pulls[:, t, -n.shape[1] :] *= r
            later = state * z + pulls[:, t] @ recurrent.T
        self.gradients: list[Array] = [
            np.tensordot(X, drives, axes=((0, 1), (0, 1))),
            np.tensordot(states[:, :-1], pulls, axes=((0, 1), (0, 1))),
            drives.sum(axis=(0, 1)),
            pulls.sum(axis=(0, 1)),
        ]
        return _rows_times(drives, weights.T)


def _rows_times(A: Array, B: Array) -> Array:
    """``A @ B`` for A (n, length, k), as one product and not one a sample."""
    return (A.reshape(-1, A.shape[2]) @ B).reshape(*A.shape[:2], B.shape[1])


def _gates(drive: Array, pull: Array) -> tuple[Array, Array, Array]:
    """Reset gate, update gate and candidate from the input's and the state's share."""
    n_units = drive.shape[1] // 3
    # The sigmoid through tanh, which NumPy computes many at a time.
    both = drive[:, :-n_units] + pull[:, :-n_units]
    both *= 0.5
    np.tanh(both, out=both)
    both *= 0.5
    both += 0.5
    r, z = both[:, :n_units], both[:, n_units:]
    n = r * pull[:, -n_units:]
    n += drive[:, -n_units:]
    return r, z, np.tanh(n, out=n)
