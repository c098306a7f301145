"""Rows less their mean, and which features vary."""

import numpy as np

from lookalike.kernels.compiled import njit


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


@njit(cache=True, nogil=True)
def mark_varying(X, vary):
    """Set vary[j] for each feature j that does not hold one number only.

    X : float (n_rows, n_features), any memory order, n_rows > 0
    vary : bool (n_features,), all False; written

    Only features that have not varied yet are read: O(n_rows * n_constant) in the end.
    """
    constant = np.arange(X.shape[1])
    n_constant = len(constant)
    for i in range(1, X.shape[0]):
        kept = 0
        for k in range(n_constant):
            j = constant[k]
            if X[i, j] == X[0, j]:
                constant[kept] = j
                kept += 1
            else:
                vary[j] = True
        n_constant = kept
