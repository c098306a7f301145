"""The gated recurrent unit forwards, one sequence after the other."""

import numpy as np

from lookalike.kernels.compiled import njit

# Added to a number below 2**51, this leaves the nearest whole number in the low bits.
_ROUNDS = 6755399441055744.0
_LOG2_E = 1.4426950408889634
# The logarithm of 2 in two parts: a small whole number times the first one is exact.
_LN_2 = 6.93147180369123816490e-01, 1.90821492927058770002e-10


@njit(cache=True, nogil=True)
def run_gru(input_terms, recurrent, recurrent_bias, states):
    """``states[i, t + 1]`` from ``states[i, t]`` and ``input_terms[i, t]``.

    input_terms    : float32 (n, length, 3 * n_units), inputs times their weights, with
                     the bias: reset gate, update gate, candidate
    recurrent      : float32 (n_units, 3 * n_units)
    recurrent_bias : float32 (3 * n_units,)
    states         : in and out, float32 (n, length + 1, n_units); the first is given

    The gates are those of ``learn.layers.GRU``. A sequence's states do not depend on
    the others. What is below float32 is held in float64. Cost: O(n * length *
    n_units**2).
    """
    n, length, wide = input_terms.shape
    units = wide // 3
    term = np.empty(wide, np.float32)
    falls, gates = np.empty(2 * units, np.float32), np.empty(2 * units)
    new, power = np.empty(units), np.empty(units)
    bits = power.view(np.int64)
    for i in range(n):
        for t in range(length):
            term[:] = recurrent_bias
            for j in range(units):
                h = states[i, t, j]
                for k in range(wide):
                    term[k] += h * recurrent[j, k]
            for k in range(2 * units):
                falls[k] = np.exp(-(input_terms[i, t, k] + term[k]))
            for k in range(2 * units):
                gates[k] = 1 / (1 + falls[k])
            for k in range(units):
                at = 2 * units + k
                new[k] = input_terms[i, t, at] + gates[k] * term[at]
            to_tanh(new, power, bits)
            for k in range(units):
                keep = gates[units + k]
                states[i, t + 1, k] = new[k] + keep * (states[i, t, k] - new[k])


@njit(cache=True, nogil=True)
def to_tanh(values, power, bits):
    """Replace values by their hyperbolic tangent, to about 4e-16.

    values : in and out, float64 (n,)
    power  : float64 (n,), overwritten; bits : the same memory as int64

    It is 1 - 2 / (exp(2 x) + 1), and exp(y) = 2**k exp(r), with a whole k and a
    polynomial in r, which is at most half the logarithm of 2. Nothing here is a call or
    a branch, so that the compiler takes several values at once.
    """
    high, low = _LN_2
    for at in range(values.shape[0]):
        y = 2 * min(max(values[at], -20.0), 20.0)
        power[at] = y * _LOG2_E + _ROUNDS
        whole = power[at] - _ROUNDS
        r = (y - whole * high) - whole * low
        total = 1 / 6227020800.0  # 13!, and so on down
        total = total * r + 1 / 479001600.0
        total = total * r + 1 / 39916800.0
        total = total * r + 1 / 3628800.0
        total = total * r + 1 / 362880.0
        total = total * r + 1 / 40320.0
        total = total * r + 1 / 5040.0
        total = total * r + 1 / 720.0
        total = total * r + 1 / 120.0
        total = total * r + 1 / 24.0
        total = total * r + 1 / 6.0
        total = total * r + 0.5
        total = total * r + 1.0
        values[at] = total * r + 1.0
    for at in range(values.shape[0]):
        bits[at] = (bits[at] + 1023) << 52
    for at in range(values.shape[0]):
        values[at] = 1 - 2 / (values[at] * power[at] + 1)
