"""Completion of sorted texts: the best of a range, also of ranges a few edits away.

letters : uint8, uint16 or uint32 (n_letters,), characters as numbers from 1 on that
    rise with the characters, and a 0 behind each text
starts  : uint32 (n,), where each entry begins in ``letters``, sorted by what follows
    there; an entry ends before the next 0
ranks   : uint32 (n,), of what an entry belongs to, 0 is the best; ``GONE``: left out
tree    : uint32 (2 * n_blocks,), from ``build_tree``

An entry is a whole text, or begins at a word within one. Entries of one text share its
rank, all others differ.
"""

from heapq import heapify, heappop, heappush, heapreplace

import numpy as np

from lookalike.kernels.compiled import njit

GONE = 0xFFFFFFFF
"""Rank of an entry that is left out."""
_BLOCK = 16  # entries that are looked at one by one


# --- sorting and building -------------------------------------------------------------


@njit(cache=True, nogil=True, forceinline=True)
def _is_before(letters, one, two):
    """Whether the text at one comes before that at two; of equal ones the first."""
    first, second = one, two
    while letters[one] == letters[two] and letters[one] != 0:
        one += 1
        two += 1
    if letters[one] == letters[two]:
        return first < second
    return letters[one] < letters[two]


@njit(cache=True, nogil=True)
def sort(letters, starts):
    """Sort starts by what follows them, in place; equal texts by where they begin.

    Bentley and Sedgewick (1997), "Fast algorithms for sorting and searching strings".
    Cost: O(n log n) letters and the letters that neighbours share.
    """
    waiting = [(np.int64(0), np.int64(starts.shape[0]), np.int64(0))]
    while len(waiting) > 0:
        low, high, depth = waiting.pop()
        if high - low < 10:
            for at in range(low + 1, high):
                own, to = np.int64(starts[at]), at
                while to > low and _is_before(
                    letters, own + depth, np.int64(starts[to - 1]) + depth
                ):
                    starts[to] = starts[to - 1]
                    to -= 1
                starts[to] = own
            continue
        a = letters[np.int64(starts[low]) + depth]
        b = letters[np.int64(starts[(low + high) // 2]) + depth]
        c = letters[np.int64(starts[high - 1]) + depth]
        pivot = max(min(a, b), min(max(a, b), c))
        less, at, more = low, low, high
        while at < more:
            own = starts[at]
            letter = letters[np.int64(own) + depth]
            if letter < pivot:
                starts[at], starts[less] = starts[less], own
                less += 1
                at += 1
            elif letter > pivot:
                more -= 1
                starts[at], starts[more] = starts[more], own
            else:
                at += 1
        waiting.append((low, less, depth))
        waiting.append((more, high, depth))
        if pivot == 0:
            starts[less:more].sort()
        else:
            waiting.append((less, more, depth + 1))


@njit(cache=True, nogil=True)
def shared_lengths(letters, starts, shared):
    """How many letters each entry shares with the one before it.

    shared : out, uint16 (n,); the first is 0, and none is above 65,535
    """
    shared[:1] = 0
    for i in range(1, starts.shape[0]):
        one, two = np.int64(starts[i - 1]), np.int64(starts[i])
        length = 0
        while letters[one + length] == letters[two + length] != 0 and length < 65_535:
            length += 1
        shared[i] = length


@njit(cache=True, nogil=True)
def next_smaller(shared, following):
    """The next entry that shares fewer letters than this one, n where there is none.

    following : out, uint32 (n,)
    """
    n = shared.shape[0]
    for i in range(n - 1, -1, -1):
        j = i + 1
        while j < n and shared[j] >= shared[i]:
            j = np.int64(following[j])
        following[i] = j


@njit(cache=True, nogil=True)
def build_tree(ranks, tree):
    """In which entry of each block, of two blocks, of four, ... the best rank is.

    tree : out, uint32 (2 * n_blocks,), n_blocks = n entries over 16, rounded up
    """
    n, n_blocks = ranks.shape[0], tree.shape[0] // 2
    for block in range(n_blocks):
        tree[n_blocks + block] = _best_of_few(
            ranks, block * _BLOCK, min(n, (block + 1) * _BLOCK)
        )
    for node in range(n_blocks - 1, 0, -1):
        one, two = tree[2 * node], tree[2 * node + 1]
        tree[node] = one if ranks[one] <= ranks[two] else two


@njit(cache=True, nogil=True)
def leave_out(ranks, tree, entry):
    """Let an entry be of no rank any more. Cost: O(log n)."""
    n, n_blocks = ranks.shape[0], tree.shape[0] // 2
    ranks[entry] = GONE
    block = entry // _BLOCK
    node = n_blocks + block
    tree[node] = _best_of_few(ranks, block * _BLOCK, min(n, (block + 1) * _BLOCK))
    node //= 2
    while node >= 1:
        one, two = tree[2 * node], tree[2 * node + 1]
        tree[node] = one if ranks[one] <= ranks[two] else two
        node //= 2


@njit(cache=True, nogil=True)
def large_nodes(shared, least, lows, highs):
    """Ranges of entries that share a beginning which the ones around them lack.

    shared : uint16 (n,), from ``shared_lengths``
    least  : entries that a range must have
    lows, highs : out, int64 (n_ranges,), as many as there is room for

    Returns how many there are, at most n. Cost: O(n).
    """
    n, found = shared.shape[0], 0
    open_ = [(np.int64(0), np.int64(0))]  # length that is shared, and first entry
    for i in range(1, n + 1):
        length = np.int64(shared[i]) if i < n else np.int64(-1)
        low = np.int64(i - 1)
        while len(open_) > 0 and open_[-1][0] > length:
            _, low = open_.pop()
            if i - low >= least:
                if found < lows.shape[0]:
                    lows[found], highs[found] = low, i
                found += 1
        if len(open_) == 0 or open_[-1][0] < length:
            open_.append((length, low))
    return found


@njit(cache=True, nogil=True)
def best_of_nodes(ranks, tree, lows, highs, best):
    """The best ranks of each range, best first, ``GONE`` where there are fewer.

    best : out, uint32 (n_ranges, k)
    """
    best[:] = GONE
    found = np.empty(best.shape[1], np.uint32)
    for at in range(lows.shape[0]):
        n = _best_of_range(ranks, tree, lows[at], highs[at], found)
        for k in range(n):
            best[at, k] = found[k]


# --- the best of a range --------------------------------------------------------------


@njit(cache=True, nogil=True, forceinline=True)
def _best_of_few(ranks, low, high):
    best = low
    for at in range(low + 1, high):
        if ranks[at] < ranks[best]:
            best = at
    return best


@njit(cache=True, nogil=True)
def _best_entry(ranks, tree, low, high):
    """The entry of the best rank in ``[low, high)``, which is not empty."""
    first, last = (low + _BLOCK - 1) // _BLOCK, high // _BLOCK
    if first >= last:
        return _best_of_few(ranks, low, high)
    n_blocks = tree.shape[0] // 2
    best = np.int64(tree[n_blocks + first])
    if low < first * _BLOCK:
        other = _best_of_few(ranks, low, first * _BLOCK)
        best = other if ranks[other] < ranks[best] else best
    if last * _BLOCK < high:
        other = _best_of_few(ranks, last * _BLOCK, high)
        best = other if ranks[other] < ranks[best] else best
    one, two = first + n_blocks, last + n_blocks
    while one < two:
        if one & 1:
            other = np.int64(tree[one])
            best = other if ranks[other] < ranks[best] else best
            one += 1
        if two & 1:
            two -= 1
            other = np.int64(tree[two])
            best = other if ranks[other] < ranks[best] else best
        one //= 2
        two //= 2
    return best


@njit(cache=True, nogil=True)
def _best_of_ranges(ranks, tree, waiting, found):
    """Fill ``found`` with the best ranks of some ranges, each once; return how many.

    waiting : list of (rank, entry, low, high), the best entry of each range; emptied
    """
    n, last = 0, np.int64(-1)
    heapify(waiting)
    while len(waiting) > 0 and n < found.shape[0]:
        rank, entry, low, high = heappop(waiting)
        if rank == GONE:
            break
        if rank != last:  # a text may be in the range with several of its words
            found[n] = rank
            n += 1
            last = rank
        if low < entry:
            best = _best_entry(ranks, tree, low, entry)
            heappush(waiting, (np.int64(ranks[best]), best, low, entry))
        if entry + 1 < high:
            best = _best_entry(ranks, tree, entry + 1, high)
            heappush(waiting, (np.int64(ranks[best]), best, entry + 1, high))
    return n


@njit(cache=True, nogil=True)
def _best_of_range(ranks, tree, low, high, found):
    if low >= high:
        return 0
    best = np.int64(_best_entry(ranks, tree, low, high))
    waiting = [(np.int64(ranks[best]), best, np.int64(low), np.int64(high))]
    return _best_of_ranges(ranks, tree, waiting, found)


# --- completion -----------------------------------------------------------------------


@njit(cache=True, nogil=True, forceinline=True)
def _compared(letters, start, query):
    """-1, 0, 1: the text comes before, begins with, or comes after the query."""
    for j in range(query.shape[0]):
        letter = np.int64(letters[start + j])
        if letter != query[j]:  # a text that is shorter has a 0 here
            return -1 if letter < query[j] else 1
    return 0


@njit(cache=True, nogil=True)
def find_range(letters, starts, query):
    """The entries that begin with the query, ``[low, high)``.

    query : int64 (n,), letters; one of no text's is -1

    Cost: O(log n) comparisons.
    """
    low, high = 0, starts.shape[0]
    while low < high:
        middle = (low + high) // 2
        if _compared(letters, np.int64(starts[middle]), query) < 0:
            low = middle + 1
        else:
            high = middle
    first, high = low, starts.shape[0]
    step = 1
    while low + step < high:  # most ranges are short
        if _compared(letters, np.int64(starts[low + step]), query) > 0:
            high = low + step
            break
        low += step
        step *= 2
    low = max(low, first)
    while low < high:
        middle = (low + high) // 2
        if _compared(letters, np.int64(starts[middle]), query) <= 0:
            low = middle + 1
        else:
            high = middle
    return first, low


@njit(cache=True, nogil=True)
def complete(
    letters, starts, ranks, tree, node_keys, node_best, by_rank, whole, query, found
):
    """Fill ``found`` with the best ranks of the entries that begin with the query.

    node_keys : uint64 (n_nodes,), ``low << 32 | high`` of the large nodes, rising
    node_best : uint32 (n_nodes, k), from ``best_of_nodes``, of when none was left out
    by_rank   : uint32 (n_texts,), the text of each rank
    whole     : uint32 (n_texts,), the rank of each text now, or ``GONE``
    found     : out, uint32 (k,)

    Returns how many there are. Cost: O(log n) comparisons, and k looks at the node; if
    some were left out or more are wanted than it has, O(k log n).
    """
    low, high = find_range(letters, starts, query)
    k = found.shape[0]
    if k <= node_best.shape[1] and node_keys.shape[0] > 0:
        key = np.uint64(low) << np.uint64(32) | np.uint64(high)
        node = np.searchsorted(node_keys, key)
        if node < node_keys.shape[0] and node_keys[node] == key:
            n = 0
            for at in range(node_best.shape[1]):
                rank = node_best[node, at]
                if rank == GONE:
                    return n
                if whole[by_rank[rank]] == rank:
                    found[n] = rank
                    n += 1
                    if n == k:
                        return n
    return _best_of_range(ranks, tree, low, high, found)


@njit(cache=True, nogil=True, forceinline=True)
def _end_of_node(shared, following, entry, depth):
    """The first entry behind this one that shares fewer letters than depth with it."""
    end = entry + 1
    while end < shared.shape[0] and shared[end] >= depth:
        end = np.int64(following[end])
    return end


@njit(cache=True, nogil=True)
def complete_near(letters, starts, ranks, tree, shared, following, query, edits, found):
    """Fill ``found`` with the best ranks of texts that begin with nearly the query.

    shared    : uint16 (n,), from ``shared_lengths``
    following : uint32 (n,), from ``next_smaller``
    query     : int64 (n,), letters; one of no text's is -1
    edits     : a beginning of the text is at most so many insertions, deletions,
        substitutions and exchanges of neighbours away (optimal string alignment)
    found     : out, uint32 (k,), k >= 1

    Returns how many there are. The texts are walked like the tree of their beginnings,
    in order, with a row of distances a letter; whole ranges are passed over once a row
    has no distance within the edits, or one with all of the query. Ukkonen (1985); Ji,
    Li, Li and Feng (2009), "Efficient interactive fuzzy keyword search".
    """
    n, m, k = starts.shape[0], query.shape[0], found.shape[0]
    if n == 0:
        return 0
    if m <= edits:
        return _best_of_range(ranks, tree, 0, n, found)
    far = edits + 1
    rows = np.full((m + edits + 2, m + 2), far, np.int64)
    for j in range(min(m, edits) + 1):
        rows[0, j] = j
    path = np.zeros(m + edits + 2, np.int64)
    # The k ranges of the best ranks so far, the worst one first.
    best = [(np.int64(0), np.int64(0), np.int64(0), np.int64(0)) for _ in range(0)]
    entry = 0
    while entry < n:
        depth = np.int64(shared[entry])
        start = np.int64(starts[entry])
        end = entry + 1
        while letters[start + depth] != 0:
            letter = np.int64(letters[start + depth])
            depth += 1
            path[depth] = letter
            row, above = rows[depth], rows[depth - 1]
            row[0] = min(depth, far)
            first, last = max(1, depth - edits), min(m, depth + edits)
            if first > 1:
                row[first - 1] = far
            row[last + 1] = far
            nearest = row[0]
            for j in range(first, last + 1):
                cost = above[j - 1] + (query[j - 1] != letter)
                cost = min(cost, above[j] + 1, row[j - 1] + 1)
                if (
                    j > 1
                    and depth > 1
                    and query[j - 2] == letter
                    and query[j - 1] == path[depth - 1]
                ):
                    cost = min(cost, rows[depth - 2, j - 2] + 1)
                row[j] = min(cost, far)
                nearest = min(nearest, row[j])
            if nearest > edits:
                end = _end_of_node(shared, following, entry, depth)
                break
            if last == m and row[m] <= edits:
                end = _end_of_node(shared, following, entry, depth)
                at = np.int64(_best_entry(ranks, tree, entry, end))
                rank = np.int64(ranks[at])
                if rank != GONE:
                    own = (-rank, at, np.int64(entry), np.int64(end))
                    if len(best) < k:
                        heappush(best, own)
                    elif own[0] > best[0][0]:
                        heapreplace(best, own)
                break
        entry = end
    for at in range(len(best)):
        rank, own, low, high = best[at]
        best[at] = (-rank, own, low, high)
    return _best_of_ranges(ranks, tree, best, found)


@njit(cache=True, nogil=True)
def gather(letters, starts, rows, alphabet):
    """The characters of some texts, a 0 between two; uint32.

    rows     : uint32 (n_rows,), of texts
    alphabet : uint32 (n_characters,), the character of each letter
    """
    n = 0
    for row in rows:
        at = np.int64(starts[row])
        while letters[at] != 0:
            at += 1
        n += at - np.int64(starts[row]) + 1
    found = np.zeros(max(n - 1, 0), np.uint32)
    n = 0
    for row in rows:
        at = np.int64(starts[row])
        while letters[at] != 0:
            found[n] = alphabet[letters[at]]
            n += 1
            at += 1
        n += 1
    return found
