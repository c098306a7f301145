"""Numbering of slices: equal slices get the same number."""

import numpy as np

from lookalike.kernels.compiled import njit


@njit(cache=True, nogil=True)
def number_slices(elements, starts, stops):
    """Give each slice ``elements[starts[i]:stops[i]]`` the number of its content.

    elements : int32 (n_elements,)
    starts, stops : int64 (n_slices,), 0 <= starts <= stops <= n_elements

    Returns ``numbers``, int32 (n_slices,), equal where the slices are equal, counted
    from 0 in order of first appearance, and ``first``, int64 (n_numbers,), the slice
    in which each number appeared first. A table with open addressing: cost
    O(elements in the slices), memory O(n_slices).
    """
    n_slices = len(starts)
    bits = 10
    while 1 << bits < 2 * n_slices:
        bits += 1
    mask = (1 << bits) - 1
    # A row holds a number and its hash side by side: most probes read one cache line.
    table = np.full((1 << bits, 2), -1, dtype=np.int32)
    numbers = np.empty(n_slices, dtype=np.int32)
    first = np.empty(n_slices, dtype=np.int64)
    n_numbers = 0
    for i in range(n_slices):
        start = starts[i]
        length = stops[i] - start
        code = 0
        for j in range(start, start + length):
            code = (code * 1000003 + int(elements[j]) + 1) % 2147483647
        # Fibonacci hashing: neighbouring codes, as of "ab" and "ac", go far apart.
        slot = (code * 2654435769 >> (32 - bits)) & mask
        while table[slot, 0] >= 0:
            if table[slot, 1] == code:
                known = first[table[slot, 0]]
                k = 0
                if stops[known] - starts[known] == length:
                    while (
                        k < length
                        and elements[starts[known] + k] == elements[start + k]
                    ):
                        k += 1
                    if k == length:
                        break
            slot = (slot + 1) & mask
        if table[slot, 0] < 0:
            table[slot, 0] = n_numbers
            table[slot, 1] = code
            first[n_numbers] = i
            n_numbers += 1
        numbers[i] = table[slot, 0]
    return numbers, first[:n_numbers].copy()


@njit(cache=True, nogil=True)
def number_in_range(values, low, span):
    """Give each whole number of a small range the number of its value.

    values : int64 (n,), each in [low, low + span)

    Returns ``numbers``, int64 (n,), equal where the values are, counted from 0 in order
    of first appearance, and ``distinct``, int64 (n_numbers,), the value of each.
    Cost: O(n + span).
    """
    table = np.full(span, -1, dtype=np.int64)
    numbers = np.empty(len(values), dtype=np.int64)
    distinct = np.empty(min(len(values), span), dtype=np.int64)
    n_numbers = 0
    for i in range(len(values)):
        slot = values[i] - low
        if table[slot] < 0:
            table[slot] = n_numbers
            distinct[n_numbers] = values[i]
            n_numbers += 1
        numbers[i] = table[slot]
    return numbers, distinct[:n_numbers].copy()
