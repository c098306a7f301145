"""Rows of codes times weights: sums over the columns that are 1, and their transposes.

A row holds the numbers of its columns that are 1, all others are 0; a code below 0 is
no column. The matrix itself is never made.
"""

from lookalike.kernels.compiled import njit


@njit(cache=True, nogil=True)
def code_sums(codes, weights, out):
    """Add the weights of the codes of each row to ``out``.

    codes : int32 (n_rows, n_slots), below n_codes; below 0 is none
    weights : float64 (n_codes,)
    out : float64 (n_rows,), overwritten

    The product of the matrix with a vector. O(n_rows * n_slots).
    """
    for i in range(codes.shape[0]):
        total = 0.0
        for s in range(codes.shape[1]):
            code = codes[i, s]
            if code >= 0:
                total += weights[code]
        out[i] = total


@njit(cache=True, nogil=True)
def code_totals(codes, values, out):
    """Add the value of each row to all of its codes.

    codes : int32 (n_rows, n_slots), below n_codes; below 0 is none
    values : float64 (n_rows,)
    out : float64 (n_codes,), overwritten

    The product of the transposed matrix with a vector. O(n_rows * n_slots).
    """
    out[:] = 0.0
    for i in range(codes.shape[0]):
        for s in range(codes.shape[1]):
            code = codes[i, s]
            if code >= 0:
                out[code] += values[i]


@njit(cache=True, nogil=True)
def code_curvature(codes, curvature, vector, offset, out):
    """Multiply a vector by the second derivatives of the logistic loss.

    codes : int32 (n_rows, n_slots), below n_codes; below 0 is none
    curvature : float64 (n_rows,), of the loss in the score of each row
    vector : float64 (n_codes,)
    offset : float, the part of the vector that belongs to the intercept
    out : float64 (n_codes,), overwritten

    Returns the part of the product that belongs to the intercept. One pass over the
    rows, O(n_rows * n_slots).
    """
    out[:] = 0.0
    whole = 0.0
    for i in range(codes.shape[0]):
        total = offset
        for s in range(codes.shape[1]):
            code = codes[i, s]
            if code >= 0:
                total += vector[code]
        total *= curvature[i]
        whole += total
        for s in range(codes.shape[1]):
            code = codes[i, s]
            if code >= 0:
                out[code] += total
    return whole
