"""Running sums that restart with each key."""

from lookalike.kernels.compiled import njit


@njit(cache=True, nogil=True)
def running_totals(values, is_first, totals):
    """``totals[i]`` = ``values[i]`` and all before it back to the last ``is_first``.

    values   : float64 (n_entries, n_values)
    is_first : bool (n_entries,), where a key's entries begin
    totals   : out, float64 (n_entries, n_values)

    A key's sums depend on its own entries alone, down to the last digit: sums over all
    keys, minus what came before, would be rounded by the others.
    """
    for i in range(values.shape[0]):
        for j in range(values.shape[1]):
            before = 0.0 if is_first[i] else totals[i - 1, j]
            totals[i, j] = before + values[i, j]
