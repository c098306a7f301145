"""A dense layer, row by row: a row's output does not depend on the batch."""

from lookalike.kernels.compiled import njit


@njit(cache=True, nogil=True)
def dense_rows(X, weights, bias, first, last, out):
    """``out[i] = X[i] @ weights + bias`` for rows ``first`` to ``last - 1``.

    X       : float64 (n_rows, n_inputs), C-contiguous
    weights : float64 (n_inputs, n_outputs), C-contiguous
    bias    : float64 (n_outputs,)
    out     : out, float64 (n_rows, n_outputs)

    Inputs are added in their order, one row at a time: a product of matrices would
    round in an order that depends on the number of rows.
    """
    for i in range(first, last):
        for k in range(weights.shape[1]):
            out[i, k] = bias[k]
        for j in range(weights.shape[0]):
            value = X[i, j]
            for k in range(weights.shape[1]):
                out[i, k] += value * weights[j, k]
