"""Merging all occurrences of a pair of pieces, and all known pairs of a word."""

from heapq import heappop, heappush

import numpy as np

from lookalike.kernels.compiled import njit


@njit(cache=True, nogil=True)
def merge_pair(
    pair,
    new,
    pieces,
    before,
    after,
    pair_at,
    weight,
    positions,
    following,
    pairs,
    state,
    seen,
):
    """Make one piece of a pair at all its positions, from left to right.

    pair     : number of the pair
    new      : number of the piece that it becomes
    pieces   : int32 (n,), the piece that begins at each position, -1 within a piece
    before, after : int32 (n,), position of the neighbouring piece of the word, or -1
    pair_at  : int32 (n,), number of the pair of the piece here and the next, or -1
    weight   : int64 (n,), how often the word occurs
    positions, following : int32 (n_entries,), lists of the positions of each pair,
        which may have changed since; room for two more entries a merged position
    pairs    : int64 (n_pairs, 5), count, first and last entry, and both pieces of each
        pair; room for new ones
    state    : int64 (2,), number of entries and of pairs; updated
    seen     : int32 (2, n_pieces), -1; memory for the pairs of new with each piece

    Cost: O(positions of the pair).
    """
    left, right = pairs[pair, 3], pairs[pair, 4]
    entry = pairs[pair, 1]
    while entry >= 0:
        i = positions[entry]
        entry = following[entry]
        j = after[i]
        if pieces[i] != left or j < 0 or pieces[j] != right:
            continue
        w, near, far = weight[i], before[i], after[j]
        pairs[pair, 0] -= w
        pieces[i], pieces[j] = new, -1
        after[i] = far
        if near >= 0:
            pairs[pair_at[near], 0] -= w
            _add(
                near,
                pieces[near],
                new,
                w,
                seen[0],
                pieces[near],
                pair_at,
                positions,
                following,
                pairs,
                state,
            )
        pair_at[i] = -1
        if far >= 0:
            pairs[pair_at[j], 0] -= w
            before[far] = i
            _add(
                i,
                new,
                pieces[far],
                w,
                seen[1],
                pieces[far],
                pair_at,
                positions,
                following,
                pairs,
                state,
            )


@njit(cache=True, nogil=True)
def _add(i, left, right, w, seen, other, pair_at, positions, following, pairs, state):
    """Count a pair at position i; ``seen[other]`` is its number, or -1 if it is new."""
    p = seen[other]
    if p < 0:
        p = seen[other] = state[1]
        state[1] += 1
        pairs[p, 0], pairs[p, 1], pairs[p, 2] = 0, -1, -1
        pairs[p, 3], pairs[p, 4] = left, right
    entry = state[0]
    state[0] += 1
    positions[entry], following[entry] = i, -1
    if pairs[p, 2] < 0:
        pairs[p, 1] = entry
    else:
        following[pairs[p, 2]] = entry
    pairs[p, 2] = entry
    pairs[p, 0] += w
    pair_at[i] = p


@njit(cache=True, nogil=True, forceinline=True)
def _number_of(left, right, pairs, numbers):
    """What two pieces become, -1 where they are no known pair."""
    code = left << 32 | right
    at = np.searchsorted(pairs, code)
    return numbers[at] if at < pairs.shape[0] and pairs[at] == code else -1


@njit(cache=True, nogil=True)
def merge_word(pieces, pairs, numbers):
    """Merge the pairs of a word in the order of their numbers, each from left to right.

    pieces  : int64 (n,), below 2**31; the first of them become the pieces of the word
    pairs   : int64 (n_pairs,), ``left << 32 | right``, rising
    numbers : int64 (n_pairs,), what each pair becomes, above both

    Returns how many pieces the word has.

    Cost: O(n log n), a place in a heap for each pair that ever stood in the word.
    """
    n = pieces.shape[0]
    before, after = np.arange(-1, n - 1), np.arange(1, n + 1)
    waiting = [np.int64(0) for _ in range(0)]
    for i in range(n - 1):
        number = _number_of(pieces[i], pieces[i + 1], pairs, numbers)
        if number >= 0:
            heappush(waiting, number << 32 | i)
    while len(waiting) > 0:
        entry = heappop(waiting)
        number, i = entry >> 32, entry & 0xFFFFFFFF
        j = after[i]
        # One of the two may have become part of another piece since.
        if pieces[i] < 0 or j >= n:
            continue
        if _number_of(pieces[i], pieces[j], pairs, numbers) != number:
            continue
        pieces[i], pieces[j] = number, -1
        near, far = before[i], after[j]
        after[i] = far
        if far < n:
            before[far] = i
            other = _number_of(number, pieces[far], pairs, numbers)
            if other >= 0:
                heappush(waiting, other << 32 | i)
        if near >= 0:
            other = _number_of(pieces[near], number, pairs, numbers)
            if other >= 0:
                heappush(waiting, other << 32 | near)
    kept = 0
    for i in range(n):
        if pieces[i] >= 0:
            pieces[kept] = pieces[i]
            kept += 1
    return kept
