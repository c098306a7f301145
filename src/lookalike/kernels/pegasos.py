"""Pegasos: stochastic sub-gradient steps for linear support vector machines."""

import numpy as np

from lookalike.kernels.compiled import njit


@njit(cache=True, nogil=True)
def pegasos_pass(
    values, columns, spans, signs, costs, ridge, squared, bias, order, start, W
):
    r"""Visit the rows of ``order`` once, stepping after each, for many machines.

    The objective of machine k is, with c the ``costs`` and n rows,

    .. math:: \frac{\lambda}{2} \lVert w_k \rVert^2 + \frac1n \sum_i c_{ik}
              \max(0, 1 - y_{ik} w_k' [x_i, bias])^p, \quad p = 1 \text{ or } 2

    values, columns, spans : rows of X, see ``lookalike.learn._linear.row_entries``
    signs, costs : float (n_samples, n_machines)
    ridge : float, lambda above
    squared : bool, p = 2
    bias : float, value of the constant feature, whose weights are W[-1]
    order : int64 (n_steps,), rows to visit
    start : float, number of steps made before; step t has length 1 / (ridge * t), which
        for the squared hinge is safe where it is at most 1 / (2 c (|x|^2 + bias^2))
    W : float (n_features + 1, n_machines), so that an entry meets the weights of all
        machines side by side; moved

    Returns the mean of the weights after each step, of the shape of W, which varies
    much less than the last. O(n_machines * n_entries).
    """
    n_features, n_machines = W.shape[0] - 1, W.shape[1]
    # The weights are scale * W, so that the factor 1 - 1 / t of a step is one number;
    # their sum over the steps is total + scales * W - early, where `early` holds what
    # moved W times the scales that had passed before it moved.
    scale, scales = 1.0, 0.0
    total, early = np.zeros(W.shape), np.zeros(W.shape)
    steps = np.empty(n_machines)
    for visit in range(len(order)):
        i, t = order[visit], start + visit + 1.0
        begin, first, count = spans[i]
        for k in range(n_machines):
            steps[k] = W[n_features, k] * bias
        for e in range(count):
            j, x = columns[first + e], values[begin + e]
            for k in range(n_machines):
                steps[k] += W[j, k] * x
        rate = 1 / (ridge * t)
        shrunk = scale * (1 - 1 / t)
        for k in range(n_machines):
            slack = 1 - signs[i, k] * steps[k] * scale
            steps[k] = 0.0
            if slack > 0:
                slope = 2 * slack if squared else 1.0
                steps[k] = rate * costs[i, k] * slope * signs[i, k]
        if shrunk < 1e-9:
            total += scales * W - early
            early[:] = 0
            W *= W.dtype.type(shrunk)
            shrunk, scales = 1.0, 0.0
        scale = shrunk
        if steps.any():
            steps /= scale
            for k in range(n_machines):
                W[n_features, k] += steps[k] * bias
                early[n_features, k] += scales * steps[k] * bias
            for e in range(count):
                j, x = columns[first + e], values[begin + e]
                for k in range(n_machines):
                    W[j, k] += steps[k] * x
                    early[j, k] += scales * steps[k] * x
        scales += scale
    total += scales * W - early
    W *= W.dtype.type(scale)
    return total / len(order)
