"""A graph of neighbours: its edges are chosen, then walked towards each query.

Rows are compared by *lines*: one or two cache lines of 64 bytes that hold a short
code of the row, one byte a coordinate, and in their last four bytes a number, its
*start*. With c the code of a row and b that of a query,

    key = start - 2 * sum((b + 128) * c) = |x|**2 - 2 b.c

orders rows like an estimate of their squared distance, the rounding of the code apart.
The estimate leads the walk. One line *more*, with a start of its own, continues the
code: its key, added, orders what the walk has found, and the first of these are
compared by the exact distance.

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
    COSINE,
    LANES,
    SIGNED_OFFSET,
    SQUARED_EUCLIDEAN,
    distance,
    dot_of_bytes,
    offset_of,
)
from lookalike.kernels.sorted_list import MARGIN, NONE, clear, empty, place_of, put

FIRST = 4  # entry points from which a walk starts
TOGETHER = 4  # rows walked from at once: a search waits for all their edges together
WALKS = 6  # walks of a batch that take turns
AHEAD = 6  # rows asked for before they are compared
TAIL = 4  # bytes of a line that hold its start
IDLE, WALKING, ORDERING, COMPARING = 0, 1, 2, 3  # what a walk does
RELAXED = 1.2  # how much nearer a kept neighbour has to be for an edge to be left out


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


@njit(cache=True, nogil=True)
def encode(q, factor, axes, centre, coded, used, values, sums, code):
    """Write the code of a query plus 128, uint8, zeros where there is no axis.

    used, values : scratch (n_features,); coordinates that are zero are skipped
    sums : scratch float32, one for each byte of a code
    """
    width = axes.shape[1]
    n = 0
    for i in range(q.shape[0]):
        used[n] = i
        values[n] = np.float32(q[i] * factor)
        n += q[i] != 0
    while n % 4 != 0:
        used[n] = 0
        values[n] = 0.0
        n += 1
    for j in range(width):
        sums[j] = -centre[j]
    for a in range(0, n, 4):
        v0, v1, v2, v3 = values[a], values[a + 1], values[a + 2], values[a + 3]
        x0, x1, x2, x3 = (
            axes[used[a]],
            axes[used[a + 1]],
            axes[used[a + 2]],
            axes[used[a + 3]],
        )
        for j in range(width):
            sums[j] += (v0 * x0[j] + v1 * x1[j]) + (v2 * x2[j] + v3 * x3[j])
    for j in range(width):
        value = min(max(np.rint(sums[j]), np.float32(-127.0)), np.float32(127.0))
        code[j] = np.uint8(np.int32(value) + SIGNED_OFFSET) & coded[j]


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
            put(beam, first, packed)
    n = min(first, graph.entries.shape[0])
    for a in range(n):
        see(seen, row_of(beam[a]))
    return n


@njit(cache=True, nogil=True)
def gather(graph, seen, beam, n, at, todo):
    """Walk from the best rows not yet walked from: collect whom their edges lead to.

    n, at : rows in the beam; the first that may not have been walked from
    todo  : out, int64 (degree * (TOGETHER + 1),), rows not met before

    The codes of these are asked for. Returns how many they are (0: the walk has ended)
    and the new ``at``.
    """
    edges = graph.edges
    m = 0
    walked = 0
    while at < n and (walked < TOGETHER or m == 0):
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
def absorb(graph, code, todo, m, keys, beam, width, n, at):
    """Put the rows that were gathered into the beam, as far as they are good enough.

    Returns the new ``n`` and ``at``.
    """
    for e in range(m):
        i = todo[e]
        keys[e] = key_of(graph, code, graph.lines, graph.starts, i, i)
    least = NONE
    for e in range(m):
        packed = keys[e]
        if packed < beam[width - 1]:
            put(beam, width, packed)
            ask_for_edges(graph.lines, graph.edges, row_of(packed))
            least = min(least, packed)
            n += 1
    return min(n, width), min(at, place_of(beam, width, least - 1))


@njit(cache=True, nogil=True)
def search(
    graph,
    catalogue_rows,
    catalogue_norms,
    query_rows,
    query_norms,
    shifts,
    factors,
    metric,
    width,
    n_refined,
    first,
    last,
    distances,
    indices,
    found,
):
    """The nearest rows that a walk finds, for queries ``first`` to ``last - 1``.

    catalogue_rows, ..., shifts : what ``distances.distance`` asks for
    factors   : float64 (n_queries,), see ``Graph.axes``
    metric    : of ``kernels.distances``
    width     : how many rows a walk holds
    n_refined : how many of them are compared by the exact distance
    distances : out, float64 (n_queries, k)
    indices   : out, int64 (n_queries, k), ties by row
    found     : out, int64 (n_queries,), how many were found, at most k

    Several walks take turns: while what one has asked for is on its way, the others go
    on. No answer depends on the others.

    Returns the fewest that were found for a query.
    """
    n_features = graph.axes.shape[0]
    used = np.empty(n_features + 4, np.int64)
    values = np.empty(n_features + 4, np.float32)
    sums = np.empty(graph.axes.shape[1], np.float32)
    lanes = np.empty(LANES)
    n_walks = min(WALKS, last - first)
    codes = np.empty((n_walks, graph.axes.shape[1]), np.uint8)
    seen = np.empty((n_walks, (graph.lines.shape[0] + 63) >> 6), np.uint64)
    beams, chosen = empty(n_walks, width), empty(n_walks, n_refined)
    room = graph.edges.shape[1] * (TOGETHER + 1)
    todo = np.empty((n_walks, room), np.int64)
    keys = np.empty(room, np.int64)
    # Of each walk: what it does, its query, rows waiting, rows held, where it is.
    state = np.zeros((n_walks, 5), np.int64)
    fewest = distances.shape[1]
    following = first
    left = last - first
    while left > 0:
        for w in range(n_walks):
            beam, best = beams[w, MARGIN:], chosen[w, MARGIN:]
            doing, q, waiting = state[w, 0], state[w, 1], state[w, 2]
            n, at = state[w, 3], state[w, 4]
            if doing == WALKING:
                n, at = absorb(
                    graph, codes[w], todo[w], waiting, keys, beam, width, n, at
                )
            elif doing == ORDERING:
                n = order(graph, codes[w], beam, n, best, n_refined)
                for a in range(min(AHEAD, n)):
                    ask_for(graph.lines, catalogue_rows, row_of(best[a]))
                doing = COMPARING
            elif doing == COMPARING:
                found[q] = refine(
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
                fewest = min(fewest, found[q])
                left -= 1
                doing = IDLE
            if doing == IDLE and following < last:
                q = following
                following += 1
                encode(
                    query_rows[q][:n_features],
                    factors[q],
                    graph.axes,
                    graph.centre,
                    graph.coded,
                    used,
                    values,
                    sums,
                    codes[w],
                )
                n, at = begin(graph, codes[w], seen[w], beam, width), 0
                doing = WALKING
            if doing == WALKING:
                waiting, at = gather(graph, seen[w], beam, n, at, todo[w])
                if waiting == 0:
                    doing = ORDERING
                    for a in range(min(AHEAD, n)):
                        ask_for(graph.lines, graph.more, row_of(beam[a]))
            state[w, 0], state[w, 1], state[w, 2] = doing, q, waiting
            state[w, 3], state[w, 4] = n, at
    return fewest


@njit(cache=True, nogil=True)
def order(graph, code, beam, n, best, n_best):
    """Put the rows of a beam into the order of their whole codes.

    best : out, int64, from ``sorted_list.empty``: the first ``n_best`` of them

    Returns how many these are.
    """
    clear(best)
    more = graph.more
    code = code[graph.lines.shape[1] :]
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
            put(best, n_best, packed)
    return min(n, n_best)


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


@njit(cache=True, nogil=True)
def search_bytes(
    lines,
    starts,
    more,
    more_starts,
    edges,
    entries,
    entry_lines,
    entry_starts,
    axes,
    centre,
    coded,
    catalogue_rows,
    catalogue_norms,
    queries,
    length,
    metric,
    width,
    n_refined,
    distances,
    indices,
    found,
):
    """``search`` for a few queries of bytes, as they are: nothing else is prepared.

    The parts of a ``Graph`` come one by one: to hand over a tuple of them takes longer
    than all the rest of a call.

    queries : uint8 (n_queries, n_features)
    length  : see ``describe_bytes``
    """
    graph = Graph(
        lines,
        starts,
        more,
        more_starts,
        edges,
        entries,
        entry_lines,
        entry_starts,
        axes,
        centre,
        coded,
    )
    n = queries.shape[0]
    rows = np.empty((n, catalogue_rows.shape[1]), np.uint8)
    norms, shifts, factors = np.empty(n), np.empty(n), np.empty(n)
    offset = offset_of(catalogue_rows)
    describe_bytes(queries, metric, offset, length, rows, norms, shifts, factors)
    return search(
        graph,
        catalogue_rows,
        catalogue_norms,
        rows,
        norms,
        shifts,
        factors,
        metric,
        width,
        n_refined,
        0,
        n,
        distances,
        indices,
        found,
    )


@njit(cache=True, nogil=True)
def describe_bytes(rows, metric, offset, length, out, norms, shifts, factors):
    """Queries of bytes as ``distances.distance`` wants them: padded, norms, shifts.

    length  : what queries are scaled to before encoding, 0 leaves them as they are
    factors : out, float64 (n_queries,), see ``Graph.axes``
    """
    for q in range(rows.shape[0]):
        total = np.int32(0)
        squares = np.int32(0)
        row, padded = rows[q], out[q]
        for j in range(row.shape[0]):
            value = np.int32(row[j])
            padded[j] = row[j]
            total += value
            squares += value * value
        padded[row.shape[0] :] = 0
        inverse = 1.0 / np.sqrt(np.float64(squares)) if squares > 0 else 0.0
        shifts[q] = np.float64(total) * offset
        norms[q] = 0.0
        if metric == SQUARED_EUCLIDEAN:
            norms[q] = np.float64(squares)
        elif metric == COSINE:
            norms[q] = inverse
        factors[q] = length * inverse if length > 0.0 else 1.0


@njit(cache=True, nogil=True)
def prune(lines, starts, own, candidates, gone, rows, limit, first, last, edges):
    """Keep of a row's candidates those that no kept one is much nearer to.

    The relative-neighbourhood rule, a little relaxed: an edge i-j is left out where
    some kept l has RELAXED * d(l, j) < d(i, j), because a walk gets from i to j by l.

    lines, starts : see ``Graph``
    own        : int32 (n_samples,), d(i, j) = key of row j for the query i + own[i]
    candidates : int64 (n_samples, n), nearest first
    gone       : bool (n_samples,), candidates to leave out
    rows       : int64, of which ``first`` to ``last - 1`` get their edges
    limit      : most edges kept
    edges      : out, int32 (n_samples, at least limit)

    Cost: O(n_candidates * limit) products of codes a row.
    """
    tail = starts.shape[1] - 1
    mine = np.zeros(lines.shape[1], np.uint8)
    other = np.zeros(lines.shape[1], np.uint8)
    for r in range(first, last):
        i = rows[r]
        _as_query(lines[i], mine)
        kept = 0
        for a in range(candidates.shape[1]):
            j = candidates[i, a]
            if j == i or gone[j]:
                continue
            d = own[i] + starts[j, tail] - 2 * dot_of_bytes(mine, lines[j])
            _as_query(lines[j], other)
            keep = True
            for b in range(kept):
                via = edges[i, b]
                dot = dot_of_bytes(other, lines[via])
                if RELAXED * (own[j] + starts[via, tail] - 2 * dot) < d:
                    keep = False
                    break
            if keep:
                edges[i, kept] = j
                kept += 1
                if kept == limit:
                    break
        for b in range(kept, edges.shape[1]):
            edges[i, b] = -1


def _as_query(line, code):
    """The code of a row, plus 128, with zeros in place of its start."""
    for j in range(line.shape[0] - TAIL):
        code[j] = line[j]


def _signed_as_query(line, code):
    for j in range(line.shape[0] - TAIL):
        code[j] = np.uint8(np.int32(line[j]) + SIGNED_OFFSET)


@overload(_as_query, jit_options={"forceinline": True})
def _as_query_by_type(line, code):
    return _signed_as_query if line.dtype == types.int8 else _as_query


@njit(cache=True, nogil=True)
def add_reverse(edges):
    """Give j the edge to i where i has one to j, nearest first, while there is room."""
    n, most = edges.shape
    degrees = np.empty(n, np.int64)
    for i in range(n):
        degree = 0
        while degree < most and edges[i, degree] >= 0:
            degree += 1
        degrees[i] = degree
    own = degrees.copy()
    for a in range(most):
        for i in range(n):
            if a >= own[i]:
                continue
            j = edges[i, a]
            if degrees[j] == most:
                continue
            known = False
            for b in range(degrees[j]):
                known |= edges[j, b] == i
            if not known:
                edges[j, degrees[j]] = i
                degrees[j] += 1
