"""The documents with the highest sum of contributions of terms, most of them skipped.

MaxScore with block bounds. Lists are sorted by the most that they can contribute. While
the k-th best score so far is at least what the first of them contribute together, a
document that only they hold cannot enter: those lists are *optional*, the others are
*required* in the sense that every answer is in one of them. Only required lists are
read through; optional ones are looked up for the documents that can still enter.

Turtle and Flood (1995), "Query evaluation: strategies and optimizations"; Ding and Suel
(2011), "Faster top-k document retrieval using block-max indexes".

A contribution is rounded to a multiple of a small power of two, so that every sum is
exact in float64 and does not depend on the order of its terms.
"""

from typing import Any, NamedTuple

import numpy as np

from lookalike.kernels.added_terms import live_count
from lookalike.kernels.best import push, sort_heap
from lookalike.kernels.compiled import njit
from lookalike.kernels.postings import (
    BEGIN,
    BOUND,
    FIRST,
    LAST,
    SIZE,
    SPAN,
    length_of,
    tf_at,
)

SHORT = 255  # lengths for which divisions are done beforehand
WINDOW = 2048  # documents whose sums are in the cache at a time


ROW_BITS = 22  # of a key: position << ROW_BITS | row of an added document


class Asked(NamedTuple):
    """What is looked for, query after query.

    ends : int64 (n_queries,), where each query ends in the arrays below
    terms : int64 (n,), numbers of terms in the index, -1 where it has none
    added_terms : int64 (n,), their numbers among the added documents, or -1
    counts : float64 (n,), how often a query holds the term
    """

    ends: Any
    terms: Any
    added_terms: Any
    counts: Any


class Statistics(NamedTuple):
    """What weighs a term, of all live documents.

    n_documents : float64
    df : int32 (n_lists,), live documents of the index in each list
    field_weights : float64 (n_fields,), 0 where a field is not searched
    constants, factors : float64 (n_fields,); the norm of a document's field is
        constant + factor * length
    singles : float64 (n_fields, SHORT), what a document of each length gets that holds
        a term once: 1 / (1 + norm)
    slack : float64 (n_fields,), at least 1; a bound of a block times this is one now
    """

    n_documents: Any
    df: Any
    field_weights: Any
    constants: Any
    factors: Any
    singles: Any
    slack: Any


class Query(NamedTuple):
    """What one query looks for in the index.

    lists : int64 (n,), numbers of lists
    fields : int64 (n,), of each list
    weights : float64 (n,), above 0; a document contributes weight * tf / (tf + norm)
    constants, factors, singles, slack : see ``Statistics``
    big : what is added and taken away to round a contribution
    least : what contributions are multiples of
    """

    lists: Any
    fields: Any
    weights: Any
    constants: Any
    factors: Any
    singles: Any
    slack: Any
    big: Any
    least: Any


@njit(cache=True, nogil=True)
def idf(n_documents, df):
    """How rare a term is: ln(1 + (n_documents - df + 0.5) / (df + 0.5))."""
    return np.log(1.0 + (n_documents - df + 0.5) / (df + 0.5))


@njit(cache=True, nogil=True)
def rounding(total):
    """What rounds contributions, so that sums up to ``total`` are exact: big, least."""
    big, least = 1.5 * 2.0**20, 2.0**-32
    while 3.0 * total > big:
        big, least = 2.0 * big, 2.0 * least
    return big, least


@njit(cache=True, nogil=True, forceinline=True)
def contribution(q, j, tf, length):
    """What the j-th list contributes to a document whose field has this length."""
    field = q.fields[j]
    if tf == 1 and length < SHORT:
        exact = q.weights[j] * q.singles[field, length]  # a division takes longer
    else:
        norm = q.constants[field] + q.factors[field] * length
        exact = q.weights[j] * tf / (tf + norm)
    return max((exact + q.big) - q.big, q.least)


@njit(cache=True, nogil=True, forceinline=True)
def _find(p, block, end, document):
    """The first block from ``block`` on that ends at the document or after it."""
    if block == end or p.heads[block, LAST] >= document:
        return block
    step = 1
    while block + step < end and p.heads[block + step, LAST] < document:
        block += step
        step *= 2
    low, high = block + 1, min(block + step, end)
    while low < high:
        middle = (low + high) // 2
        if p.heads[middle, LAST] < document:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True, nogil=True, forceinline=True)
def _place(p, block, document):
    """Where in its block a document is, -1 if it is not there.

    The block's last document must not lie before it.
    """
    wanted = document - p.heads[block, FIRST]
    if wanted < 0:
        return -1
    begin, size = p.heads[block, BEGIN], p.heads[block, SIZE] >> 3
    low = begin
    while size > 1:
        half = size >> 1
        if p.data[low + half - 1] < wanted:
            low += half
        size -= half
    return low - begin if p.data[low] == wanted else -1


@njit(cache=True, nogil=True)
def tf_in(p, which, document):
    """How often a document holds the term of a list."""
    end = p.first_block[which + 1]
    block = _find(p, p.first_block[which], end, document)
    if block == end:
        return np.int64(0)
    i = _place(p, block, document)
    if i < 0:
        return np.int64(0)
    return tf_at(p, p.heads[block, BEGIN], p.heads[block, SIZE], i)


@njit(cache=True, nogil=True)
def _looked_up(p, q, j, blocks, ends, document):
    """What an optional list contributes to a document; documents come rising."""
    block = _find(p, blocks[j], ends[j], document)
    blocks[j] = block
    if block == ends[j]:
        return 0.0
    i = _place(p, block, document)
    if i < 0:
        return 0.0
    tf = tf_at(p, p.heads[block, BEGIN], p.heads[block, SIZE], i)
    return contribution(q, j, tf, length_of(p, q.fields[j], document))


@njit(cache=True, nogil=True)
def best(p, q, allowed, scores, rows):
    """Find the documents with the highest scores, ties in their order.

    p : ``Postings``
    q : ``Query``
    allowed : uint8 (n_documents,), whether a document may be found, or (0,) for all
    scores, rows : float64 and int64 (k,), out: minus the scores, and the documents

    Returns how many there are. Documents without any of the terms are not found.
    """
    n, k = q.lists.shape[0], scores.shape[0]
    bounds = np.empty(n)
    for j in range(n):
        bounds[j] = q.weights[j] * p.list_bound[q.lists[j]] * q.slack[q.fields[j]]
    order = np.argsort(bounds)
    blocks, ends = np.empty(n, np.int64), np.empty(n, np.int64)
    places, sums = np.zeros(n, np.int64), np.empty(n + 1)
    sums[0] = 0.0
    for a in range(n):
        j = order[a]
        blocks[a], ends[a] = p.first_block[q.lists[j]], p.first_block[q.lists[j] + 1]
        sums[a + 1] = sums[a] + bounds[j] + q.least  # contributions are rounded
    lists = Query(
        q.lists[order],
        q.fields[order],
        q.weights[order],
        q.constants,
        q.factors,
        q.singles,
        q.slack,
        q.big,
        q.least,
    )
    if n == 1:
        return _read(p, lists, allowed, 0, blocks, ends, places, sums, scores, rows, 0)
    found, required = 0, 0
    held = np.zeros(WINDOW)
    touched = np.empty(WINDOW, np.int64)
    while True:
        threshold = -scores[0] if found == k else 0.0
        while required < n and sums[required + 1] <= threshold:
            required += 1
        if required == n:
            break
        if required == n - 1:
            found = _read(
                p,
                lists,
                allowed,
                required,
                blocks,
                ends,
                places,
                sums,
                scores,
                rows,
                found,
            )
            return found
        low = np.int64(1) << 40
        for a in range(required, n):
            if blocks[a] < ends[a]:
                head = p.heads[blocks[a]]
                document = head[FIRST] + np.int64(p.data[head[BEGIN] + places[a]])
                low = min(low, document)
        if low == np.int64(1) << 40:
            break
        n_touched = 0
        for a in range(required, n):
            n_touched = _add(
                p,
                lists,
                a,
                low,
                blocks,
                ends,
                places,
                held,
                touched,
                n_touched,
                threshold - (sums[n] - (sums[a + 1] - sums[a])),
            )
        for t in range(n_touched):
            offset = touched[t]
            document, score = low + offset, held[offset]
            held[offset] = 0.0
            if found == k:
                threshold = -scores[0]
            if score + sums[required] < threshold:
                continue
            if allowed.shape[0] > 0 and allowed[document] == 0:
                continue
            for a in range(required - 1, -1, -1):
                if score + sums[a + 1] < threshold:
                    break
                block = blocks[a]
                # Documents of a window come in no order: begin at the window's block.
                score += _looked_up(p, lists, a, blocks, ends, document)
                blocks[a] = block
            if score >= threshold:
                found = push(scores, rows, found, -score, document)
        for a in range(required):
            blocks[a] = _find(p, blocks[a], ends[a], low)
    sort_heap(scores, rows, found)
    return found


@njit(cache=True, nogil=True, forceinline=True)
def _add(p, q, a, low, blocks, ends, places, held, touched, n_touched, needed):
    """Add what a list contributes to the documents of a window.

    needed : a document cannot enter to which the list contributes less
    """
    block, place, field = blocks[a], places[a], q.fields[a]
    weight = q.weights[a] * q.slack[field]
    high = low + WINDOW
    while block < ends[a]:
        first, last = np.int64(p.heads[block, FIRST]), p.heads[block, LAST]
        if first >= high:
            break
        if last < high and weight * p.bounds[block, BOUND] + q.least < needed:
            block += 1
            place = 0
            continue
        begin, size = np.int64(p.heads[block, BEGIN]), p.heads[block, SIZE]
        n, ones = size >> 3, size & 7 == 0
        limit = high - first if last >= high else np.int64(SPAN)
        while place < n:
            distance = np.int64(p.data[begin + place])
            if distance >= limit:
                break
            document = first + distance
            offset = document - low
            tf = np.int64(1) if ones else tf_at(p, begin, size, place)
            touched[n_touched] = offset
            n_touched += held[offset] == 0.0
            held[offset] += contribution(q, a, tf, length_of(p, field, document))
            place += 1
        if place < n:
            break
        block += 1
        place = 0
    blocks[a], places[a] = block, place
    return n_touched


@njit(cache=True, nogil=True)
def _read(p, q, allowed, last, blocks, ends, places, sums, scores, rows, found):
    """Go on with one required list, the last; all others are optional."""
    k = scores.shape[0]
    field = q.fields[last]
    weight = q.weights[last] * q.slack[field]
    others = sums[last]
    threshold = -scores[0] if found == k else 0.0
    for block in range(blocks[last], ends[last]):
        if sums[last + 1] <= threshold:
            break
        if weight * p.bounds[block, BOUND] + q.least + others <= threshold:
            continue
        start = places[last] if block == blocks[last] else 0
        first = np.int64(p.heads[block, FIRST])
        begin, size = np.int64(p.heads[block, BEGIN]), p.heads[block, SIZE]
        ones = size & 7 == 0
        for i in range(start, size >> 3):
            document = first + np.int64(p.data[begin + i])
            tf = np.int64(1) if ones else tf_at(p, begin, size, i)
            score = contribution(q, last, tf, length_of(p, field, document))
            if score + others <= threshold:
                continue
            if allowed.shape[0] > 0 and allowed[document] == 0:
                continue
            for a in range(last - 1, -1, -1):
                if score + sums[a + 1] <= threshold:
                    break
                score += _looked_up(p, q, a, blocks, ends, document)
            if score > threshold:
                found = push(scores, rows, found, -score, document)
                if found == k:
                    threshold = -scores[0]
    sort_heap(scores, rows, found)
    return found


@njit(cache=True, nogil=True)
def search(p, a, asked, statistics, allowed, added_allowed, positions, scores, keys, n):
    """Answer queries: the documents with the highest scores, ties by position.

    p : ``Postings``
    a : ``Added``
    asked, statistics : ``Asked``, ``Statistics``
    allowed, added_allowed : uint8, whether a document may be found; (0,) for all of the
        index, but one for each added document
    positions : int64 (n_documents,), of the index, rising
    scores, keys : float64 and int64 (n_queries, k), out: minus the scores, and
        position << ROW_BITS | row, of which the row is that of an added document, or
        all ones for a document of the index
    n : int64 (n_queries,), out, how many were found
    """
    n_fields = statistics.field_weights.shape[0]
    n_terms = statistics.df.shape[0] // n_fields
    begin = 0
    for query in range(asked.ends.shape[0]):
        m = (asked.ends[query] - begin) * n_fields
        lists, fields, weights = (
            np.empty(m, np.int64),
            np.empty(m, np.int64),
            np.empty(m),
        )
        added = np.empty(m, np.int64)
        used, total = 0, 0.0
        for i in range(begin, asked.ends[query]):
            for field in range(n_fields):
                weight = statistics.field_weights[field] * asked.counts[i]
                df, which, chain = 0, -1, -1
                if asked.terms[i] >= 0:
                    which = field * n_terms + asked.terms[i]
                    df += statistics.df[which]
                if asked.added_terms[i] >= 0:
                    chain = asked.added_terms[i] * n_fields + field
                    df += live_count(a, chain)
                if weight == 0.0 or df == 0:
                    continue
                lists[used], fields[used], added[used] = which, field, chain
                weights[used] = weight * idf(statistics.n_documents, df)
                total += weights[used]
                used += 1
        begin = asked.ends[query]
        big, least = rounding(total)
        in_index = lists[:used] >= 0
        q = Query(
            lists[:used][in_index],
            fields[:used][in_index],
            weights[:used][in_index],
            statistics.constants,
            statistics.factors,
            statistics.singles,
            statistics.slack,
            big,
            least,
        )
        found = 0
        if q.lists.shape[0] > 0:
            found = best(p, q, allowed, scores[query], keys[query])
        if a.live.shape[0] > 0:
            for i in range(found):
                row = keys[query, i]
                keys[query, i] = (positions[row] << ROW_BITS) | (1 << ROW_BITS) - 1
            _as_heap(scores[query], keys[query], found)
            q = Query(
                added[:used],
                fields[:used],
                weights[:used],
                statistics.constants,
                statistics.factors,
                statistics.singles,
                statistics.slack,
                big,
                least,
            )
            found = _best_added(a, q, added_allowed, scores[query], keys[query], found)
        n[query] = found


@njit(cache=True, nogil=True)
def _as_heap(scores, keys, n):
    """Turn n pairs that are in order, best first, into a heap, worst first."""
    for i in range(n // 2):
        j = n - 1 - i
        scores[i], scores[j] = scores[j], scores[i]
        keys[i], keys[j] = keys[j], keys[i]


@njit(cache=True, nogil=True)
def _best_added(a, q, allowed, scores, keys, found):
    """Put the added documents among the best so far, a heap; sorts it."""
    n = a.live.shape[0]
    held = np.zeros(n)
    touched = np.empty(n, np.int64)
    n_touched = 0
    for j in range(q.lists.shape[0]):
        if q.lists[j] < 0:
            continue
        entry = a.heads[q.lists[j]]
        while entry >= 0 and a.rows[entry] < n:
            row = a.rows[entry]
            if a.live[row] and allowed[row]:
                if held[row] == 0.0:
                    touched[n_touched] = row
                    n_touched += 1
                held[row] += contribution(
                    q, j, np.int64(a.tfs[entry]), a.lengths[q.fields[j], row]
                )
            entry = a.following[entry]
    for t in range(n_touched):
        row = touched[t]
        key = (a.positions[row] << ROW_BITS) | row
        found = push(scores, keys, found, -held[row], key)
    sort_heap(scores, keys, found)
    return found
