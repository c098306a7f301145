"""Words a few edits away, found by what is left when letters are deleted.

Two words are within two edits if deleting two letters at most of each can leave the
same: Garbe (2012), "symmetric delete". Only the first letters take part in that.

letters : uint8, uint16 or uint32 (n_letters,), a 0 behind each word
starts  : int64 (n_words,), where each word begins
"""

import numpy as np

from lookalike.kernels.compiled import njit

FIRST = 7
"""Letters of a word that take part in deleting."""
_SEEN = 2048  # words of a search that are remembered, twice
_SHIFT = 15  # of a 32-bit hash: 2 ** 17 buckets
N_BUCKETS = 1 << 17


@njit(cache=True, nogil=True, forceinline=True)
def _hash_without(word, n, one, two):
    """A hash of the first n letters of a word but two."""
    state = 0x811C9DC5  # FNV-1a with a last mix, in 32 bits
    for at in range(n):
        if at != one and at != two:
            state = ((state ^ word[at]) * 0x01000193) & 0xFFFFFFFF
    state = ((state ^ (state >> 15)) * 0x2C1B3C6D) & 0xFFFFFFFF
    return state ^ (state >> 13)


@njit(cache=True, nogil=True)
def deletions(letters, starts, hashes, owners):
    """A hash for each word and each way to delete two of its first letters at most.

    hashes, owners : out, uint32, room for 29 a word

    Returns how many there are.
    """
    found = 0
    word = np.zeros(FIRST, np.int64)
    for row in range(starts.shape[0]):
        n = 0
        while n < FIRST and letters[starts[row] + n] != 0:
            word[n] = letters[starts[row] + n]
            n += 1
        for one in range(-1, n):
            for two in range(one, n):  # (one, one) is a single deletion
                if one < 0 and two >= 0:
                    continue
                hashes[found] = _hash_without(word, n, one, two)
                owners[found] = row
                found += 1
    return found


@njit(cache=True, nogil=True)
def buckets(hashes, first):
    """Where the hashes of each bucket begin among rising ones.

    first : out, int64 (N_BUCKETS + 1,)
    """
    at = 0
    for bucket in range(N_BUCKETS):
        while at < hashes.shape[0] and np.int64(hashes[at]) >> _SHIFT < bucket:
            at += 1
        first[bucket] = at
    first[N_BUCKETS] = hashes.shape[0]


@njit(cache=True, nogil=True)
def _cost(typed, n, letters, start, length, costs, sub, extra, missing, most, rows):
    """The least cost of a typed word for a right one; above ``most``: any such."""
    swap, first_cost = costs[0], costs[1]
    rows[0, 0] = 0.0
    last = np.int64(0)
    for j in range(1, length + 1):
        b = np.int64(letters[start + j - 1])
        rows[0, j] = rows[0, j - 1] + missing[last, b] + (first_cost if j == 1 else 0.0)
        last = b
    for i in range(1, n + 1):
        a = typed[i - 1]
        before = typed[i - 2] if i > 1 else np.int64(0)
        rows[i, 0] = rows[i - 1, 0] + extra[before, a] + (first_cost if i == 1 else 0.0)
        least = rows[i, 0]
        low, high = max(1, i - 3), min(length, i + 3)
        if low > 1:
            rows[i, low - 1] = most + 1.0
        for j in range(low, high + 1):
            b = np.int64(letters[start + j - 1])
            last = np.int64(letters[start + j - 2]) if j > 1 else np.int64(0)
            cost = rows[i - 1, j - 1]
            if a != b:
                cost += sub[a, b] + (first_cost if i == 1 and j == 1 else 0.0)
            if j < i + 3:
                cost = min(cost, rows[i - 1, j] + extra[before, a])
            cost = min(cost, rows[i, j - 1] + missing[last, b])
            if i > 1 and j > 1 and a == last and before == b:
                cost = min(cost, rows[i - 2, j - 2] + swap)
            rows[i, j] = cost
            least = min(least, cost)
        if high < length:
            rows[i, high + 1] = most + 1.0
        if least > most:
            return most + 1.0
    return rows[n, length]


@njit(cache=True, nogil=True)
def _edits(typed, n, letters, start, length, rows):
    """Optimal string alignment of a typed word and another, 3 for more than two."""
    if abs(n - length) > 2:
        return 3
    for j in range(length + 1):
        rows[0, j] = j
    for i in range(1, n + 1):
        a = typed[i - 1]
        rows[i, 0] = i
        least = 9.0
        low, high = max(1, i - 2), min(length, i + 2)
        if low > 1:
            rows[i, low - 1] = 9
        for j in range(low, high + 1):
            b = np.int64(letters[start + j - 1])
            cost = rows[i - 1, j - 1] + (a != b)
            if j < i + 2:
                cost = min(cost, rows[i - 1, j] + 1)
            cost = min(cost, rows[i, j - 1] + 1)
            if (
                i > 1
                and j > 1
                and typed[i - 2] == b
                and a == np.int64(letters[start + j - 2])
            ):
                cost = min(cost, rows[i - 2, j - 2] + 1)
            rows[i, j] = cost
            least = min(least, cost)
        if least > 2:
            return 3
    return int(min(rows[n, length], 3.0))


@njit(cache=True, nogil=True, forceinline=True)
def _more_than_two(bits):
    bits &= bits - 1
    bits &= bits - 1
    return bits != 0


@njit(cache=True, nogil=True)
def corrections(
    typed,
    letters,
    starts,
    lengths,
    masks,
    likely,
    hashes,
    owners,
    first,
    costs,
    sub,
    extra,
    missing,
    found,
    scores,
):
    """Fill ``found`` with the words that were likeliest meant, the best first.

    typed   : int64 (n,), letters; one of no word's is the last row of ``sub``
    lengths : int64 (n_words,)
    masks   : int64 (n_words,), a bit for each letter of a word, of its number modulo 64
    likely  : float64 (n_words,), the logarithm of each word's probability
    hashes, owners, first : from ``deletions``, rising, and ``buckets``
    costs   : float64 (2,), of an exchange, and what the first letter adds
    sub     : float64 (n_letters, n_letters), of a typed letter for a right one
    extra   : likewise, of typing a letter too much behind a typed one, 0 for none
    missing : likewise, of leaving one out behind a right one
    found   : out, int64 (k,); scores : out, float64 (k,)

    Returns how many there are. Only words within two edits are looked at. Of equal
    scores the first word comes first.
    """
    n, k, filled = typed.shape[0], found.shape[0], 0
    rows = np.empty((n + 1, n + 6))
    short = min(n, FIRST)
    own = np.int64(0)
    for at in range(n):
        own |= np.int64(1) << (typed[at] & 63)
    # Words that were looked at: most are reached by several ways of deleting.
    looked, n_looked = np.full(_SEEN, -1, np.int32), 0
    for one in range(-1, short):
        for two in range(one, short):
            if one < 0 and two >= 0:
                continue
            key = _hash_without(typed, short, one, two)
            bucket = key >> _SHIFT
            for at in range(first[bucket], first[bucket + 1]):
                if np.int64(hashes[at]) != key:
                    continue
                word = np.int64(owners[at])
                length = lengths[word]
                mask = masks[word]
                # An edit brings at most one letter that was not there, in each word.
                if (
                    abs(length - n) > 2
                    or _more_than_two(own & ~mask)
                    or _more_than_two(mask & ~own)
                ):
                    continue
                slot = (word * 0x9E3779B1 >> 7) & (_SEEN - 1)
                while looked[slot] >= 0 and looked[slot] != word:
                    slot = (slot + 1) & (_SEEN - 1)
                if looked[slot] == word:
                    continue
                if n_looked < _SEEN // 2:
                    looked[slot] = word
                    n_looked += 1
                else:
                    known = False
                    for other in range(filled):
                        known = known or found[other] == word
                    if known:
                        continue
                worst = scores[filled - 1] if filled == k else -np.inf
                most = likely[word] - worst if filled == k else 1e9
                if most < 0:
                    continue
                start = starts[word]
                if _edits(typed, n, letters, start, length, rows) > 2:
                    continue
                cost = _cost(
                    *(typed, n, letters, start, length, costs, sub, extra, missing),
                    *(most, rows),
                )
                score = likely[word] - cost
                if (
                    filled == k
                    and score <= worst
                    and (score < worst or word > found[k - 1])
                ):
                    continue
                slot = filled if filled < k else k - 1
                while slot > 0 and (
                    scores[slot - 1] < score
                    or (scores[slot - 1] == score and found[slot - 1] > word)
                ):
                    scores[slot], found[slot] = scores[slot - 1], found[slot - 1]
                    slot -= 1
                scores[slot], found[slot] = score, word
                filled = min(filled + 1, k)
    return filled
