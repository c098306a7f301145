"""Distances from a table: sums of one number for each piece of the code."""

from lookalike.kernels.compiled import njit


@njit(cache=True, nogil=True)
def table_sums(codes, table, start, stop, out):
    """``out[i] = sum(table[j, codes[i, j]] for j)`` for rows start to stop.

    codes : uint8 (n_rows, n_pieces)
    table : float32 (n_pieces, n_codes)
    out   : float32 (n_rows,)
    """
    for i in range(start, stop):
        total = table[0, codes[i, 0]]
        for j in range(1, codes.shape[1]):
            total += table[j, codes[i, j]]
        out[i] = total
