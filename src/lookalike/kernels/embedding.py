"""The gradient of a table of vectors."""

from lookalike.kernels.compiled import njit


@njit(cache=True, nogil=True)
def add_rows(table, rows, gradients):
    """Add each gradient to its row of the table, in order.

    table : (n_rows, n_components), added to
    rows : integers (n,), each in [0, n_rows); repeated ones add up
    gradients : (n, n_components)
    """
    for i in range(rows.size):
        target, gradient = table[rows[i]], gradients[i]
        for k in range(target.size):
            target[k] += gradient[k]
