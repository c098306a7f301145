"""Rows less their mean, written where the next step wants them."""

from numba import njit


@njit(cache=True, nogil=True)
def centre_columns(X, columns, mean, out):
    """Write X[:, columns] - mean to out, in one pass over memory.

    X : float (n_rows, n_features), any memory order
    columns : int64 (n_columns,), each in [0, n_features)
    mean : float (n_columns,)
    out : float (n_rows, n_columns), C-contiguous

    NumPy takes two passes and a temporary array for it. Cost: O(n_rows * n_columns).
    """
    for i in range(X.shape[0]):
        for j in range(columns.size):
            out[i, j] = X[i, columns[j]] - mean[j]
