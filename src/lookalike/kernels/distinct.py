"""Distinct draws: Floyd's choice of a random subset."""

import numpy as np

from lookalike.kernels.compiled import njit


@njit(cache=True, nogil=True)
def distinct_draws(draws, first):
    """Turn draws into distinct ones: a number drawn before becomes ``first + i``.

    draws : int64 (n_draws,), draw i uniform from 0 to ``first + i``; changed in place
    first : the size of the population less n_draws

    The draws become a uniform subset of ``range(first + n_draws)``. Bentley and Floyd
    (1987), algorithm F2, the set a table with open addressing. Cost: O(n_draws).
    """
    bits = 4
    while 1 << bits < 2 * len(draws):
        bits += 1
    mask = (1 << bits) - 1
    table = np.full(1 << bits, -1, dtype=np.int64)
    for i in range(len(draws)):
        draw = int(draws[i])
        for _ in range(2):
            # Fibonacci hashing of the lower 31 bits keeps the product in 63 bits.
            slot = ((draw & 0x7FFFFFFF) * 2654435769 >> 16) & mask
            while table[slot] >= 0 and table[slot] != draw:
                slot = (slot + 1) & mask
            if table[slot] < 0:
                break
            draw = first + i  # larger than all draws before: surely new
        table[slot] = draw
        draws[i] = draw
