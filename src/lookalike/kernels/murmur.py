"""MurmurHash3: a fast, well spread, stable hash of bytes."""

import numpy as np

from lookalike.kernels.compiled import njit

_MASK = 0xFFFFFFFF


@njit(cache=True, nogil=True)
def _mix_word(word):
    word = (word * 0xCC9E2D51) & _MASK
    word = ((word << 15) | (word >> 17)) & _MASK
    return (word * 0x1B873593) & _MASK


@njit(cache=True, nogil=True)
def murmur_slices(data, starts, stops, seed):
    """MurmurHash3 (x86, 32 bits) of each slice ``data[starts[i]:stops[i]]``.

    data : int32 (n_bytes,), values 0 to 255 (wide, so that sums stay signed)
    starts, stops : int64 (n_slices,), 0 <= starts <= stops <= n_bytes
    seed : 0 <= seed < 2**32

    Returns int32 (n_slices,), the same numbers as ``sklearn.utils.murmurhash3_32``.
    Appleby (2008), ``MurmurHash3_x86_32``. Cost: O(bytes in the slices).
    """
    hashes = np.empty(len(starts), dtype=np.int32)
    for i in range(len(starts)):
        at, stop = int(starts[i]), int(stops[i])
        n_bytes = stop - at
        state = seed
        while at + 4 <= stop:
            word = (
                int(data[at])
                | int(data[at + 1]) << 8
                | int(data[at + 2]) << 16
                | int(data[at + 3]) << 24
            )
            state = state ^ _mix_word(word)
            state = ((state << 13) | (state >> 19)) & _MASK
            state = (state * 5 + 0xE6546B64) & _MASK
            at += 4
        tail = 0
        for j in range(stop - 1, at - 1, -1):
            tail = tail << 8 | int(data[j])
        state = state ^ _mix_word(tail) ^ n_bytes
        state = ((state ^ (state >> 16)) * 0x85EBCA6B) & _MASK
        state = ((state ^ (state >> 13)) * 0xC2B2AE35) & _MASK
        state = state ^ (state >> 16)
        hashes[i] = state if state < 2**31 else state - 2**32
    return hashes
