"""One step of each optimiser, in place, in one pass over the arrays.

Every array is flat, contiguous and of one type; the numbers are of that type too, so
that single precision stays single. ``w`` holds the parameters, ``g`` the gradient.
NumPy's error model (x / 0 is infinite) leaves no branch in the loops, which are then
compiled to vector instructions.
"""

import math

from lookalike.kernels.compiled import njit


@njit(cache=True, nogil=True, error_model="numpy")
def momentum_step(w, g, velocity, rate, momentum, nesterov):
    """Take v = momentum * v - rate * g, then w += v, or with the new v once more."""
    for i in range(w.size):
        v = momentum * velocity[i] - rate * g[i]
        velocity[i] = v
        w[i] += momentum * v - rate * g[i] if nesterov else v


@njit(cache=True, nogil=True, error_model="numpy")
def adagrad_step(w, g, squares, rate, epsilon):
    """Take s += g * g, then w -= rate * g / (sqrt(s) + epsilon)."""
    for i in range(w.size):
        squares[i] += g[i] * g[i]
        w[i] -= rate * g[i] / (math.sqrt(squares[i]) + epsilon)


@njit(cache=True, nogil=True, error_model="numpy")
def rmsprop_step(w, g, squares, rate, keep, take, epsilon):
    """Take s = keep * s + take * g * g, then w -= rate * g / (sqrt(s) + epsilon)."""
    for i in range(w.size):
        squares[i] = keep * squares[i] + take * g[i] * g[i]
        w[i] -= rate * g[i] / (math.sqrt(squares[i]) + epsilon)


@njit(cache=True, nogil=True, error_model="numpy")
def adam_step(w, g, means, squares, rate, keep_1, take_1, keep_2, take_2, epsilon):
    """Update the running means of g and of g * g, then w -= rate * mean / root."""
    for i in range(w.size):
        means[i] = keep_1 * means[i] + take_1 * g[i]
        squares[i] = keep_2 * squares[i] + take_2 * g[i] * g[i]
        w[i] -= rate * means[i] / (math.sqrt(squares[i]) + epsilon)
