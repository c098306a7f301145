"""A graph of neighbours, walked towards each query.

Rows are compared by *lines*: a few cache lines of 64 bytes that hold a short
code of the row, one byte a coordinate, and in their last four bytes a number, its
*start*. With c the code of a row and b that of a query,

    key = start - 2 * sum((b + 128) * c) = |x|**2 - 2 b.c

orders rows like an estimate of their squared distance, the rounding of the code apart.
The estimate leads the walk. One line *more*, with a start of its own, continues the
code: its key, added, orders what the walk has found, and the first of these are
compared by the exact distance.

An easy query needs a short walk, a hard one a long walk. With *own* the squared length
of the query, both from the mean, key + own estimates the squared distance itself. A
walk ends where the nearest row not yet walked from is ``reach`` times as far as the
k-th of those found; and none is compared that, by the longer code, is ``near`` times as
far as the k-th.

The type of the lines chooses the path: int8 for the processor's instruction, uint8
(the same code plus 128) for plain loops. Keys then differ by a number that is the same
for all rows, and so does no answer.
"""

from typing import NamedTuple

import numpy as np
from numba import njit, types
from numba.extending import overload

from lookalike._typing import Array
from lookalike.kernels import simd
from lookalike.kernels.best import insert
from lookalike.kernels.distances import (
    LANES,
    SIGNED_OFFSET,
    distance,
    dot_of_bytes,
)
from lookalike.kernels.graph_codes import as_code, own_of
from lookalike.kernels.sorted_list import (
    MARGIN,
    NONE,
    clear,
    empty,
    place_of,
    put_among,
)

FIRST = 4  # entry points from which a walk starts
TOGETHER = 4  # rows walked from at once: a search waits for all their edges together
WALKS = 6  # walks of a batch that take turns
AHEAD = 6  # rows asked for before they are compared
SURE = 3  # the first rows by the leading lines are asked for before they are ordered
HIGHEST = 2.0**31 - 2.0  # above every key
ANY = 1e9  # the reach of a walk that only its width ends
IDLE, WALKING, ORDERING, COMPARING = 0, 1, 2, 3  # what a walk does


class Graph(NamedTuple):
    """Codes and edges of the rows.

    lines   : int8 or uint8 (n_samples, 64 * n_lines)
    starts  : int32 (n_samples, 16 * n_lines), the same memory
    more, more_starts : one line more a row, or none: (n_samples, 0)
    edges   : int32 (n_samples, degree), neighbours of each row, then -1
    entries : int32 (n_entries,), rows that a walk may start from
    entry_lines, entry_starts : the lines of these, side by side
    axes    : float32 (n_features, width of lines and more), codes are
        round(factor * q @ axes - centre), where factor is 1 or turns on |q|
    centre  : float32, one for each axis
    coded   : uint8, 255 for each axis, 0 where a line has its start or ends early
    steps   : int8 (width / 64, n_features / 4, 64, 4), the axes as multiples of units,
        four features side by side; (0, 0, 64, 4) where they are none
    units   : float32, one for each axis

    Where the leading lines have their start there are no axes, but what ``own`` asks
    for: the mean of the rows among the axes, and two numbers in ``centre``, all in the
    codes' units, squared. See ``kernels.graph_codes``.
    """

    lines: Array
    starts: Array
    more: Array
    more_starts: Array
    edges: Array
    entries: Array
    entry_lines: Array
    entry_starts: Array
    axes: Array
    centre: Array
    coded: Array
    steps: Array
    units: Array


def ask_for(lines, rows, i):
    """Ask for a row before it is needed, on the path of the fast instruction."""


def _ask_for_lines(lines, rows, i):
    size = rows.shape[1] * rows.itemsize
    address = rows.ctypes.data + i * size
    for line in range(0, size, 64):
        simd.prefetch(address + line)


@overload(ask_for, jit_options={"forceinline": True})
def _ask_for(lines, rows, i):
    return _ask_for_lines if lines.dtype == types.int8 else ask_for


def ask_for_edges(lines, edges, i):
    """The same for the first edges of a row, of which few have more."""


def _ask_for_first_line(lines, edges, i):
    simd.prefetch(edges.ctypes.data + i * edges.shape[1] * edges.itemsize)


@overload(ask_for_edges, jit_options={"forceinline": True})
def _ask_for_edges(lines, edges, i):
    return _ask_for_first_line if lines.dtype == types.int8 else ask_for_edges


def turned(lines, code):
    """What keys lack where both codes have 128 added, instead of one."""
    total = np.int64(0)
    for j in range(code.shape[0]):
        total += code[j]
    return 2 * SIGNED_OFFSET * total


@overload(turned, jit_options={"forceinline": True})
def _turned(lines, code):
    return (lambda lines, code: np.int64(0)) if lines.dtype == types.int8 else turned


@njit(cache=True, nogil=True, forceinline=True)
def allowed(reach, packed, own):
    """The highest packed number of a row that is at most ``reach`` times as far."""
    key = packed >> 32
    further = (reach - 1.0) * np.float64(max(key + own, 0))
    return (np.int64(min(key + further, HIGHEST)) + 1 << 32) - 1


def dot_of_lines(code, lines, i):
    """Product of a query's code and that of row i, exactly."""
    return dot_of_bytes(code[: lines.shape[1]], lines[i])


def _dot_of_lines_by_instruction(code, lines, i):
    n_lines = lines.shape[1] >> 6
    row = lines.ctypes.data + i * lines.shape[1]
    # With the number written out there is no loop.
    if n_lines == 1:
        return simd.dot_bytes(code.ctypes.data, row, 1)
    if n_lines == 2:
        return simd.dot_bytes(code.ctypes.data, row, 2)
    return simd.dot_bytes(code.ctypes.data, row, n_lines)


@overload(dot_of_lines, jit_options={"forceinline": True})
def _dot_of_lines(code, lines, i):
    if lines.dtype == types.int8:
        return _dot_of_lines_by_instruction
    return dot_of_lines


@njit(cache=True, nogil=True, forceinline=True)
def pack(key, i):
    """One number that sorts by key, then by row, with a bit to mark it walked."""
    return (np.int64(key) << 32) | (np.int64(i) << 1)


@njit(cache=True, nogil=True, forceinline=True)
def row_of(packed):
    """The row of a packed number."""
    return (packed & 0xFFFFFFFF) >> 1


@njit(cache=True, nogil=True, forceinline=True)
def key_of(graph, code, lines, starts, at, i):
    """The packed number of row i, whose line is ``lines[at]``."""
    dot = dot_of_lines(code, lines, at)
    return pack(starts[at, starts.shape[1] - 1] - 2 * dot, i)


@njit(cache=True, nogil=True, forceinline=True)
def see(seen, i):
    """Mark row i; returns 1 if it was not marked yet, else 0."""
    word = seen[i >> 6]
    bit = np.uint64(1) << np.uint64(i & 63)
    seen[i >> 6] = word | bit
    return np.int64((word & bit) == 0)


@njit(cache=True, nogil=True)
def begin(graph, code, seen, beam, width):
    """Put the entry points that are nearest to a query into an empty beam.

    seen : uint64 (n_samples / 64,), a bit for each row that was met; is written
    beam : int64, from ``sorted_list.empty``; receives packed numbers, best first

    Returns how many rows are in the beam.
    """
    seen[:] = 0
    clear(beam)
    first = min(FIRST, width)
    for e in range(graph.entries.shape[0]):
        packed = key_of(
            graph, code, graph.entry_lines, graph.entry_starts, e, graph.entries[e]
        )
        if packed < beam[first - 1]:
            put_among(beam, first, first, packed)
    n = min(first, graph.entries.shape[0])
    for a in range(n):
        see(seen, row_of(beam[a]))
    return n


@njit(cache=True, nogil=True)
def gather(graph, seen, beam, n, at, limit, todo):
    """Walk from the best rows not yet walked from: collect whom their edges lead to.

    n, at : rows in the beam; the first that may not have been walked from
    limit : the highest packed number of a row that is walked from
    todo  : out, int64 (degree * (TOGETHER + 1),), rows not met before

    The codes of these are asked for. Returns how many they are (0: the walk has ended)
    and the new ``at``.
    """
    edges = graph.edges
    m = 0
    walked = 0
    while at < n and beam[at] <= limit and (walked < TOGETHER or m == 0):
        if beam[at] & 1 == 0:
            row = row_of(beam[at])
            beam[at] |= 1
            for e in range(edges.shape[1]):
                i = np.int64(edges[row, e])
                if i < 0:
                    break
                # Written always, kept only if it counts: no branch to mispredict.
                todo[m] = i
                m += see(seen, i)
            walked += 1
        at += 1
    for e in range(m):
        ask_for(graph.lines, graph.lines, todo[e])
    return m, at


@njit(cache=True, nogil=True)
def absorb(graph, code, todo, m, keys, beam, width, n, at, limit):
    """Put the rows that were gathered into the beam, as far as they are good enough.

    limit : the highest packed number of a row that is

    Returns the new ``n`` and ``at``.
    """
    good = 0
    bound = min(beam[width - 1] - 1, limit)
    for e in range(m):
        i = todo[e]
        packed = key_of(graph, code, graph.lines, graph.starts, i, i)
        keys[good] = packed
        good += packed <= bound
    least = NONE
    for e in range(good):
        packed = keys[e]
        if packed < beam[width - 1]:
            put_among(beam, n, width, packed)
            ask_for_edges(graph.lines, graph.edges, row_of(packed))
            least = min(least, packed)
            n = min(n + 1, width)
    return n, min(at, place_of(beam, n, least - 1))


@njit(cache=True, nogil=True)
def search(
    graph,
    catalogue_rows,
    catalogue_norms,
    query_rows,
    query_norms,
    shifts,
    factors,
    squares,
    metric,
    width,
    n_refined,
    reach,
    near,
    first,
    last,
    distances,
    indices,
):
    """The nearest rows that a walk finds, for queries ``first`` to ``last - 1``.

    catalogue_rows, ..., shifts : what ``distances.distance`` asks for
    factors   : float64 (n_queries,), see ``Graph.axes``
    squares   : float64 (n_queries,), the squared length of queries times factors
    metric    : of ``kernels.distances``
    width     : how many rows a walk holds at most
    n_refined : how many of them are compared by the exact distance at most
    reach     : how much further than the k-th a walk looks, squared; at least 1
    near      : how much further than the k-th rows are compared, squared; at least 1
    distances : out, float64 (n_queries, k)
    indices   : out, int64 (n_queries, k), ties by row; -1 where no more were found

    Several walks take turns: while what one has asked for is on its way, the others go
    on. No answer depends on the others.

    Returns the fewest that were found for a query.
    """
    n_features, width_of = graph.axes.shape
    k = distances.shape[1]
    used = np.empty(n_features + 4, np.int64)
    values = np.empty(n_features + 4, np.float32)
    totals, sums = np.empty(width_of, np.int32), np.empty(width_of, np.float32)
    lanes = np.empty(LANES)
    n_walks = min(WALKS, last - first)
    codes = np.empty((n_walks, graph.axes.shape[1]), np.uint8)
    seen = np.empty((n_walks, (graph.lines.shape[0] + 63) >> 6), np.uint64)
    beams, chosen = empty(n_walks, width), empty(n_walks, n_refined)
    room = graph.edges.shape[1] * (TOGETHER + 1)
    todo = np.empty((n_walks, room), np.int64)
    keys = np.empty(room, np.int64)
    # Of each walk: what it does, its query, rows waiting, rows held, where it is, the
    # query's squared length, the limit.
    state = np.zeros((n_walks, 7), np.int64)
    fewest = k
    following = first
    left = last - first
    while left > 0:
        for w in range(n_walks):
            beam, best = beams[w, MARGIN:], chosen[w, MARGIN:]
            doing, q, waiting = state[w, 0], state[w, 1], state[w, 2]
            n, at, own, limit = state[w, 3], state[w, 4], state[w, 5], state[w, 6]
            if doing == WALKING:
                n, at = absorb(
                    graph, codes[w], todo[w], waiting, keys, beam, width, n, at, limit
                )
                if n >= k:
                    limit = allowed(reach, beam[k - 1], own)
                    # What lies behind stays, above all that will be put.
                    n = place_of(beam, n, limit)
            elif doing == ORDERING:
                n = order(graph, codes[w], own, beam, n, best, n_refined, k, near)
                for a in range(min(AHEAD, n)):
                    ask_for(graph.lines, catalogue_rows, row_of(best[a]))
                doing = COMPARING
            elif doing == COMPARING:
                filled = refine(
                    graph.lines,
                    catalogue_rows,
                    catalogue_norms,
                    query_rows[q],
                    query_norms[q],
                    shifts[q],
                    metric,
                    best,
                    n,
                    lanes,
                    distances[q],
                    indices[q],
                )
                indices[q, filled:] = -1
                fewest = min(fewest, filled)
                left -= 1
                doing = IDLE
            if doing == IDLE and following < last:
                q = following
                following += 1
                code = codes[w]
                as_code(
                    graph, query_rows[q], factors[q], used, values, totals, sums, code
                )
                own = own_of(graph, squares[q], sums)
                own += turned(graph.lines, code[: graph.lines.shape[1]])
                n, at, limit = begin(graph, code, seen[w], beam, width), 0, NONE
                doing = WALKING
            if doing == WALKING:
                waiting, at = gather(graph, seen[w], beam, n, at, limit, todo[w])
                if waiting == 0:
                    doing = ORDERING
                    for a in range(min(AHEAD, n)):
                        ask_for(graph.lines, graph.more, row_of(beam[a]))
                    for a in range(min(SURE, n)):
                        ask_for(graph.lines, catalogue_rows, row_of(beam[a]))
            state[w, 0], state[w, 1], state[w, 2] = doing, q, waiting
            state[w, 3], state[w, 4], state[w, 5], state[w, 6] = n, at, own, limit
    return fewest


@njit(cache=True, nogil=True)
def order(graph, code, own, beam, n, best, n_best, k, near):
    """Put the rows of a beam into the order of their whole codes.

    best  : out, int64, from ``sorted_list.empty``: the first ``n_best`` of them, less
        those that are more than ``near`` times as far as the k-th

    Returns how many these are.
    """
    clear(best)
    more = graph.more
    code = code[graph.lines.shape[1] :]
    held = 0
    for a in range(n):
        packed = beam[a]
        i = row_of(packed)
        if more.shape[1] > 0:
            if a + AHEAD < n:
                ask_for(graph.lines, more, row_of(beam[a + AHEAD]))
            dot = dot_of_lines(code, more, i)
            start = graph.more_starts[i, graph.more_starts.shape[1] - 1]
            packed = pack((packed >> 32) + start - 2 * dot, i)
        if packed < best[n_best - 1]:
            put_among(best, held, n_best, packed)
            held = min(held + 1, n_best)
    if held > k:
        own += turned(graph.lines, code)
        held = place_of(best, held, allowed(near, best[k - 1], own))
    return held


@njit(cache=True, nogil=True)
def refine(lines, rows, norms, row, norm, shift, metric, best, n, lanes, near, indices):
    """Compare the first ``n`` rows of a list exactly; returns how many are known.

    near, indices : out, (k,), distances and rows, nearest first, ties by row
    """
    filled = 0
    for a in range(n):
        if a + AHEAD < n:
            ask_for(lines, rows, row_of(best[a + AHEAD]))
        i = row_of(best[a])
        d = distance(metric, row, rows[i], norm, norms[i], shift, lanes)
        filled = insert(near, indices, filled, d, i)
    return filled
