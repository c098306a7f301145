"""A graph of neighbours: its edges are chosen, then walked towards each query.

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
from numba import carray, njit, types
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
TAIL = 4  # bytes of a line that hold its start
MEAN, SCALE, LENGTH = -4, -3, -2  # columns before the end of the leading lines
HIGHEST = 2.0**31 - 2.0  # above every key
ANY = 1e9  # the reach of a walk that only its width ends
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
    steps   : int8 (width / 64, n_features / 4, 64, 4), the axes as multiples of units,
        four features side by side; (0, 0, 64, 4) where they are none
    units   : float32, one for each axis

    Where the leading lines have their start there are no axes, but what ``own`` asks
    for: the mean of the rows among the axes, and two numbers in ``centre``, all in the
    codes' units, squared. See ``MEAN``, ``SCALE`` and ``LENGTH``.
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


@njit(cache=True, nogil=True)
def encode(graph, q, factor, used, values, sums, code):
    """Write the code of a query plus 128, uint8, zeros where there is no axis.

    used, values : scratch (n_features,); coordinates that are zero are skipped
    sums : out, float32, the products of the query with the axes
    """
    axes = graph.axes
    width = axes.shape[1]
    n = 0
    for i in range(axes.shape[0]):
        used[n] = i
        values[n] = np.float32(q[i] * factor)
        n += q[i] != 0
    while n % 4 != 0:
        used[n] = 0
        values[n] = 0.0
        n += 1
    sums[:] = 0.0
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
    round_code(graph, sums, code)


@njit(cache=True, nogil=True, forceinline=True)
def round_code(graph, sums, code):
    """The code of a query from its products with the axes."""
    for j in range(sums.shape[0]):
        value = np.rint(sums[j] - graph.centre[j])
        value = min(max(value, np.float32(-127.0)), np.float32(127.0))
        code[j] = np.uint8(np.int32(value) + SIGNED_OFFSET) & graph.coded[j]


@njit(cache=True, nogil=True)
def encode_bytes(graph, q, factor, used, totals, sums, code):
    """``encode`` for a query of bytes, padded, by integers, four features at once.

    totals : scratch int32, one for each byte of a code
    """
    fours = q.view(np.uint32)
    n = 0
    for quad in range(graph.steps.shape[1]):
        used[n] = quad
        n += fours[quad] != 0
    for block in range(graph.steps.shape[0]):
        part = totals[64 * block : 64 * block + 64]
        project(graph.lines, q, graph.steps[block], used, n, part)
    for j in range(sums.shape[0]):
        sums[j] = np.float32(totals[j]) * (graph.units[j] * np.float32(factor))
    round_code(graph, sums, code)


def project(lines, q, steps, used, n, totals):
    """Products of a query of bytes with 64 axes, exactly.

    steps : int8 (n_quads, 64, 4)
    used  : int64, the first ``n`` say which quads of the query are not zero
    """
    totals[:] = 0
    for a in range(n):
        x = steps[used[a]]
        at = 4 * used[a]
        q0, q1 = np.int32(q[at]), np.int32(q[at + 1])
        q2, q3 = np.int32(q[at + 2]), np.int32(q[at + 3])
        for j in range(64):
            totals[j] += q0 * x[j, 0] + q1 * x[j, 1] + q2 * x[j, 2] + q3 * x[j, 3]


def _project_by_instruction(lines, q, steps, used, n, totals):
    simd.project(
        q.ctypes.data, steps.ctypes.data, used.ctypes.data, n, totals.ctypes.data
    )


@overload(project, jit_options={"forceinline": True})
def _project(lines, q, steps, used, n, totals):
    return _project_by_instruction if lines.dtype == types.int8 else project


def as_code(graph, q, factor, used, values, totals, sums, code):
    """Encode a query; by integers where it has bytes and the axes are multiples."""
    if q.itemsize == 1 and graph.steps.shape[0] > 0:
        encode_bytes(graph, q, factor, used, totals, sums, code)
    else:
        encode(graph, q, factor, used, values, sums, code)


def _as_code_of_floats(graph, q, factor, used, values, totals, sums, code):
    encode(graph, q, factor, used, values, sums, code)


@overload(as_code)
def _as_code(graph, q, factor, used, values, totals, sums, code):
    return as_code if q.dtype == types.uint8 else _as_code_of_floats


@njit(cache=True, nogil=True, forceinline=True)
def own_of(graph, square, sums):
    """The squared distance of a query from the mean, see ``encode``."""
    last = graph.lines.shape[1]
    product = np.float64(sums[last + MEAN])
    scale, length = graph.centre[last + SCALE], graph.centre[last + LENGTH]
    return np.int64(square * scale - 2.0 * product + length)


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
    steps,
    units,
    catalogue_rows,
    catalogue_norms,
    queries,
    length,
    metric,
    width,
    n_refined,
    reach,
    near,
    distances,
    indices,
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
        steps,
        units,
    )
    n = queries.shape[0]
    rows = np.empty((n, catalogue_rows.shape[1]), np.uint8)
    norms, shifts, factors, squares = np.empty((4, n))
    offset = offset_of(catalogue_rows)
    describe_bytes(
        queries, metric, offset, length, rows, norms, shifts, factors, squares
    )
    return search(
        graph,
        catalogue_rows,
        catalogue_norms,
        rows,
        norms,
        shifts,
        factors,
        squares,
        metric,
        width,
        n_refined,
        reach,
        near,
        0,
        n,
        distances,
        indices,
    )


def table_of(graph, rows, norms):
    """Where the parts of a graph are and how large, for ``search_bytes_at``.

    rows, norms : of the catalogue, int8 and float64
    """
    parts = (*graph, rows, norms)
    sizes = [(part.ctypes.data, *part.shape[:2]) for part in parts]
    return np.array([(*size, 1)[:3] for size in sizes], np.int64)


@njit(cache=True, nogil=True, forceinline=True)
def _part(table, a, kind):
    return carray(simd.pointer(table[a, 0]), (table[a, 1], table[a, 2]), kind)


@njit(cache=True, nogil=True, forceinline=True)
def _list(table, a, kind):
    return carray(simd.pointer(table[a, 0]), (table[a, 1],), kind)


@njit(cache=True, nogil=True)
def search_bytes_at(
    table,
    queries,
    length,
    metric,
    width,
    n_refined,
    reach,
    near,
    distances,
    indices,
):
    """``search_bytes`` for codes of the instruction.

    It takes longer to hand over fifteen arrays than to encode the query.

    table : from ``table_of``; its arrays must live
    """
    shape = (table[11, 1], table[11, 2], 64, 4)
    steps = carray(simd.pointer(table[11, 0]), shape, np.int8)
    return search_bytes(
        _part(table, 0, np.int8),
        _part(table, 1, np.int32),
        _part(table, 2, np.int8),
        _part(table, 3, np.int32),
        _part(table, 4, np.int32),
        _list(table, 5, np.int32),
        _part(table, 6, np.int8),
        _part(table, 7, np.int32),
        _part(table, 8, np.float32),
        _list(table, 9, np.float32),
        _list(table, 10, np.uint8),
        steps,
        _list(table, 12, np.float32),
        _part(table, 13, np.int8),
        _list(table, 14, np.float64),
        queries,
        length,
        metric,
        width,
        n_refined,
        reach,
        near,
        distances,
        indices,
    )


@njit(cache=True, nogil=True)
def describe_bytes(
    rows, metric, offset, length, out, norms, shifts, factors, squares_of
):
    """Queries of bytes as ``distances.distance`` wants them: padded, norms, shifts.

    length  : what queries are scaled to before encoding, 0 leaves them as they are
    factors : out, float64 (n_queries,), see ``Graph.axes``
    squares_of : out, float64 (n_queries,), squared lengths of queries times factors
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
        squares_of[q] = np.float64(squares) * factors[q] ** 2


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
