"""A graph of neighbours: its edges are chosen, then walked towards each query.

Rows are compared by *lines*: one to three cache lines of 64 bytes that hold a short
code of the row, one byte a coordinate, and in their last four bytes a number, its
*start*. With c the code of a row and b that of a query,

    key = start - 2 * sum((b + 128) * c) = |x|**2 - 2 b.c

orders rows like an estimate of their squared distance, the rounding of the code apart.
The estimate leads the walk; what it found is then compared by the exact distance.

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
from lookalike.kernels.distances import (
    COSINE,
    LANES,
    SIGNED_OFFSET,
    SQUARED_EUCLIDEAN,
    distance,
    dot_of_bytes,
)
from lookalike.kernels.neighbors import insert

FIRST = 4  # entry points from which a walk starts
TAIL = 4  # bytes of a line that hold its start


class Graph(NamedTuple):
    """Codes and edges of the rows.

    lines   : int8 or uint8 (n_samples, 64 * n_lines)
    starts  : int32 (n_samples, 16 * n_lines), the same memory
    edges   : int32 (n_samples, degree), neighbours of each row, then -1
    entries : int32 (n_entries,), rows that a walk may start from
    entry_lines, entry_starts : the lines of these, side by side
    axes    : float32 (n_features, n_axes padded to a multiple of 16), codes are
        round(factor * q @ axes - centre), where factor is 1 or turns on |q|
    centre  : float32 (n_axes padded,)
    """

    lines: Array
    starts: Array
    edges: Array
    entries: Array
    entry_lines: Array
    entry_starts: Array
    axes: Array
    centre: Array


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


@njit(cache=True, nogil=True)
def encode(q, factor, axes, centre, n_axes, used, values, sums, code):
    """Write the code of a query plus 128, uint8, zeros behind the last axis.

    used, values : scratch (n_features,); coordinates that are zero are skipped
    sums : scratch float32 (n_axes padded,)
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
    for j in range(n_axes):
        value = min(max(np.rint(sums[j]), np.float32(-127.0)), np.float32(127.0))
        code[j] = np.uint8(np.int32(value) + SIGNED_OFFSET)


@njit(cache=True, nogil=True, forceinline=True)
def pack(key, i):
    """One number that sorts by key, then by row, with a bit to mark it walked."""
    return (np.int64(key) << 32) | (np.int64(i) << 1)


@njit(cache=True, nogil=True, forceinline=True)
def row_of(packed):
    """The row of a packed number."""
    return (packed & 0xFFFFFFFF) >> 1


@njit(cache=True, nogil=True, forceinline=True)
def place(beam, n, packed):
    """Put a number in its place among the ``n`` smallest; returns count and place."""
    low, high = 0, n
    while low < high:
        middle = (low + high) >> 1
        if beam[middle] <= packed:
            low = middle + 1
        else:
            high = middle
    n = min(n + 1, beam.shape[0])
    for slot in range(n - 1, low, -1):
        beam[slot] = beam[slot - 1]
    beam[low] = packed
    return n, low


@njit(cache=True, nogil=True)
def walk(graph, code, seen, beam):
    """Walk the graph towards a query, always from the best row not yet walked from.

    code : uint8 (64 * n_lines,)
    seen : uint64 (n_samples / 64,), bits of rows to pass over; is written
    beam : out, int64 (width,), packed, best first

    Returns how many rows are in the beam.
    """
    last = graph.starts.shape[1] - 1
    width = beam.shape[0]
    n = 0
    first = min(FIRST, width)
    one = np.uint64(1)
    for e in range(graph.entries.shape[0]):
        dot = dot_of_bytes(code, graph.entry_lines[e])
        packed = pack(graph.entry_starts[e, last] - 2 * dot, graph.entries[e])
        if n < first or packed < beam[n - 1]:
            n, _ = place(beam[:first], n, packed)
    for a in range(n):
        i = row_of(beam[a])
        seen[i >> 6] |= one << np.uint64(i & 63)
    at = 0
    while at < n:
        if beam[at] & 1:
            at += 1
            continue
        edges = graph.edges[row_of(beam[at])]
        beam[at] |= 1
        best = n
        degree = 0
        while degree < edges.shape[0] and edges[degree] >= 0:
            ask_for(graph.lines, graph.lines, edges[degree])
            degree += 1
        for e in range(degree):
            i = edges[e]
            bit = one << np.uint64(i & 63)
            if seen[i >> 6] & bit:
                continue
            seen[i >> 6] |= bit
            dot = dot_of_bytes(code, graph.lines[i])
            packed = pack(graph.starts[i, last] - 2 * dot, i)
            if n < width or packed < beam[n - 1]:
                n, slot = place(beam, n, packed)
                best = min(best, slot)
        at = best if best <= at else at + 1
    return n


@njit(cache=True, nogil=True)
def search(
    graph,
    n_axes,
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

    Returns the fewest that were found for a query.
    """
    n_features = graph.axes.shape[0]
    used = np.empty(n_features + 4, np.int64)
    values = np.empty(n_features + 4, np.float32)
    sums = np.empty(graph.axes.shape[1], np.float32)
    code = np.zeros(graph.lines.shape[1], np.uint8)
    seen = np.empty((graph.lines.shape[0] + 63) >> 6, np.uint64)
    beam = np.empty(width, np.int64)
    lanes = np.empty(LANES)
    fewest = distances.shape[1]
    for q in range(first, last):
        row = query_rows[q]
        encode(
            row[:n_features],
            factors[q],
            graph.axes,
            graph.centre,
            n_axes,
            used,
            values,
            sums,
            code,
        )
        seen[:] = 0
        n = min(walk(graph, code, seen, beam), n_refined)
        for a in range(min(3, n)):
            ask_for(graph.lines, catalogue_rows, row_of(beam[a]))
        filled = 0
        for a in range(n):
            if a + 3 < n:
                ask_for(graph.lines, catalogue_rows, row_of(beam[a + 3]))
            i = row_of(beam[a])
            d = distance(
                metric,
                row,
                catalogue_rows[i],
                query_norms[q],
                catalogue_norms[i],
                shifts[q],
                lanes,
            )
            filled = insert(distances[q], indices[q], filled, d, i)
        found[q] = filled
        fewest = min(fewest, filled)
    return fewest


@njit(cache=True, nogil=True)
def describe_bytes(rows, metric, offset, width, out, norms, shifts):
    """Queries of bytes as ``distances.distance`` wants them: padded, norms, shifts."""
    for q in range(rows.shape[0]):
        total = np.int64(0)
        squares = np.int64(0)
        for j in range(rows.shape[1]):
            value = np.int64(rows[q, j])
            out[q, j] = rows[q, j]
            total += value
            squares += value * value
        for j in range(rows.shape[1], width):
            out[q, j] = 0
        shifts[q] = np.float64(total) * offset
        norms[q] = 0.0
        if metric == SQUARED_EUCLIDEAN:
            norms[q] = np.float64(squares)
        elif metric == COSINE and squares > 0:
            norms[q] = 1.0 / np.sqrt(np.float64(squares))


@njit(cache=True, nogil=True)
def prune(lines, starts, own, candidates, gone, rows, limit, first, last, edges):
    """Keep of a row's candidates those that no kept one is nearer to.

    The relative-neighbourhood rule: an edge i-j is left out where some kept l has
    d(l, j) < d(i, j), because a walk gets from i to j by l.

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
                if own[j] + starts[via, tail] - 2 * dot < d:
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
