"""How likely words are after others: counts of two and three words, interpolated."""

import numpy as np

from lookalike.kernels.compiled import njit


@njit(cache=True, nogil=True, forceinline=True)
def _position(keys, key):
    """Where a key stands among rising ones, -1 if it does not."""
    low, high = 0, keys.shape[0]
    while low < high:
        middle = (low + high) // 2
        if keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low if low < keys.shape[0] and keys[low] == key else -1


@njit(cache=True, nogil=True, forceinline=True)
def _interpolated(keys, counts, totals, context, word, discount, shorter):
    """How likely a word is after a context, and where both stand in keys, or -1.

    totals  : (n_contexts, 2), the sum of the counts, and how many different ones
    context : its row, -1 for none; then, and where it was never followed, the
        probability is that after the shorter context
    """
    if context < 0 or totals[context, 0] <= 0:
        return shorter, np.int64(-1)
    at, count = np.int64(-1), 0.0
    if word >= 0:
        at = np.int64(_position(keys, context << 21 | word))
        if at >= 0:
            count = max(counts[at] - discount, 0.0)
    total, different = totals[context, 0], totals[context, 1]
    return (count + min(discount * different, total) * shorter) / total, at


@njit(cache=True, nogil=True)
def text_probabilities(
    ids,
    ends,
    single,
    pair_keys,
    pair_counts,
    pair_of,
    triple_keys,
    triple_counts,
    triple_of,
    discount,
    found,
):
    """The probability of texts of words, each with its end.

    ids    : int64 (n_ids,), of all words one after the other, 2 and more; -1: unknown
    ends   : int64 (n_texts,), where each text ends in ids
    single : float64 (n_words,), the probability of each word; 0 is the beginning of a
        text, 1 its end
    pair_keys : int64, ``before << 21 | word``, rising; pair_counts : float64
    pair_of   : float64 (n_words, 2), the sum of the counts after each word, and how
        many different ones there are
    triple_keys : int64, ``pair << 21 | word``, rising, where pair is the position of
        the first two words in pair_keys; triple_counts : float64
    triple_of : float64 (n_pairs, 2), likewise, after each pair
    discount  : taken off every count, and given to the shorter context
    found     : out, float64 (n_texts,)

    Absolute discounting: Ney, Essen and Kneser (1994). Cost: O(log n) a word.
    """
    start = 0
    for text in range(ends.shape[0]):
        product, before, pair = 1.0, np.int64(0), np.int64(-1)
        for at in range(start, ends[text] + 1):
            word = ids[at] if at < ends[text] else np.int64(1)
            likely = single[word] if word >= 0 else 1e-9
            likely, here = _interpolated(
                pair_keys, pair_counts, pair_of, before, word, discount, likely
            )
            likely, _ = _interpolated(
                triple_keys, triple_counts, triple_of, pair, word, discount, likely
            )
            product *= likely
            before, pair = word, here
        found[text] = product
        start = ends[text]
