"""The gated recurrent unit forwards, one sequence after the other."""

import numpy as np

from lookalike.kernels.compiled import njit


@njit(cache=True, nogil=True)
def run_gru(input_terms, recurrent, recurrent_bias, states):
    """``states[i, t + 1]`` from ``states[i, t]`` and ``input_terms[i, t]``.

    input_terms    : float32 (n, length, 3 * n_units), inputs times their weights, with
                     the bias: reset gate, update gate, candidate
    recurrent      : float32 (n_units, 3 * n_units)
    recurrent_bias : float32 (3 * n_units,)
    states         : in and out, float32 (n, length + 1, n_units); the first is given

    The gates are those of ``learn.layers.GRU``. A sequence's states do not depend on
    the others. Cost: O(n * length * n_units**2).
    """
    n, length, wide = input_terms.shape
    units = wide // 3
    term = np.empty(wide, np.float32)
    for i in range(n):
        for t in range(length):
            term[:] = recurrent_bias
            for j in range(units):
                h = states[i, t, j]
                for k in range(wide):
                    term[k] += h * recurrent[j, k]
            for k in range(units):
                reset = 1 / (1 + np.exp(-(input_terms[i, t, k] + term[k])))
                at = units + k
                keep = 1 / (1 + np.exp(-(input_terms[i, t, at] + term[at])))
                at = 2 * units + k
                new = np.tanh(input_terms[i, t, at] + reset * term[at])
                states[i, t + 1, k] = new + keep * (states[i, t, k] - new)
