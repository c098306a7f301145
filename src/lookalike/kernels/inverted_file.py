"""Search in lists of codes, of which a query reads the few that are near to it.

Every row stands in the list of the centre that is nearest to it. Rows are compared by
*codes*: leading principal coordinates, one byte each. With c the code of a row and b
that of a query,

    key = start - 2 * sum((b + 128) * c) = |x|**2 - 2 b.c

orders rows like an estimate of their squared distance, the rounding of the codes
apart; start is |x|**2 + 256 * sum(c). With *own* the squared length of the query, both
from the mean, key + own estimates the squared distance itself.

The codes of 16 rows lie side by side, four bytes of each to a cache line: a *panel*. To
compare 64 rows the processor reads in sequence, and adds nothing across a register.

The type of the panels chooses the path: int8 for the processor's instruction, uint8
(the same code plus 128) for plain loops. Keys then differ by a number that is the same
for all rows, and so does no answer.
"""

from typing import NamedTuple

import numpy as np
from numba import types
from numba.extending import overload

from lookalike._typing import Array
from lookalike.kernels import simd
from lookalike.kernels.best import insert
from lookalike.kernels.byte_codes import as_code, own_of
from lookalike.kernels.compiled import njit
from lookalike.kernels.distances import LANES, SIGNED_OFFSET, distance, fetch
from lookalike.kernels.lowest_keys import NONE, empty, put
from lookalike.kernels.simd import SIDE

TILE = 4  # panels whose keys are found at once
AHEAD = 4  # rows, or lines of a list, prefetched before they are compared
FEW = 64  # rows that are put into order by counting
HIGHEST = 2.0**29  # above the key of every row, below that of positions without one
EMPTY = 2**30  # start of a position without a row


class InvertedFile(NamedTuple):
    """Codes of the rows, list by list, and of the centres of the lists.

    panels  : int8 or uint8 (n_panels, n_quads + 1, 16, 4), [panel, quad, row, byte];
        in place of a last quad each row has its start
    starts  : int32 (n_panels, n_quads + 1, 16), the same memory
    rows    : int32 (n_panels * 16,), the row of each position
    first   : int64 (n_lists + 1,), where each list begins among the panels
    centre_panels, centre_starts : the centres, in the order of the lists
    axes    : float32 (n_features, 64 * n_lines), codes are
        round(factor * q @ axes - centre), where factor is 1 or turns on |q|
    centre  : float32, one for each axis
    coded   : uint8, 255 for each axis, 0 for columns that are none
    steps   : int8 (n_lines, n_features / 4, 64, 4), the axes as multiples of units,
        four features side by side; (0, 0, 64, 4) where they are none
    units   : float32, one for each axis

    The last four columns are not axes, but hold the numbers for ``own``: the mean of
    the rows among the axes, and two numbers in ``centre``, all in the codes' units,
    squared. See ``kernels.byte_codes``.
    """

    panels: Array
    starts: Array
    rows: Array
    first: Array
    centre_panels: Array
    centre_starts: Array
    axes: Array
    centre: Array
    coded: Array
    steps: Array
    units: Array


def panel_keys(code, panels, starts, first, n, keys):
    """Keys of the rows of ``n`` panels from ``first`` on, int32, 16 to a panel."""
    last = panels.shape[1] - 1
    for p in range(n):
        mine = keys[SIDE * p : SIDE * (p + 1)]
        mine[:] = 0
        for i in range(last):
            quad = panels[first + p, i]
            b0, b1 = np.int32(code[4 * i]), np.int32(code[4 * i + 1])
            b2, b3 = np.int32(code[4 * i + 2]), np.int32(code[4 * i + 3])
            for r in range(SIDE):
                x = quad[r]
                mine[r] += b0 * x[0] + b1 * x[1] + b2 * x[2] + b3 * x[3]
        for r in range(SIDE):
            mine[r] = starts[first + p, last, r] - 2 * mine[r]


def _panel_keys_by_instruction(code, panels, starts, first, n, keys):
    n_quads = panels.shape[1]
    at = panels.ctypes.data + first * n_quads * SIDE * 4
    simd.panel_keys(code.ctypes.data, at, n_quads - 1, n, keys.ctypes.data)


@overload(panel_keys, jit_options={"forceinline": True})
def _panel_keys(code, panels, starts, first, n, keys):
    if panels.dtype == types.int8:
        return _panel_keys_by_instruction
    return panel_keys


def at_most(panels, keys, n, limit):
    """A bit for each of the first ``n`` keys, set if it is at most ``limit``."""
    bits = np.uint64(0)
    for j in range(n):
        bits |= np.uint64(keys[j] <= limit) << np.uint64(j)
    return bits


def _at_most_by_instruction(panels, keys, n, limit):
    bits = simd.at_most(keys.ctypes.data, np.int32(limit))
    return bits & (~np.uint64(0) >> np.uint64(64 - n))


@overload(at_most, jit_options={"forceinline": True})
def _at_most(panels, keys, n, limit):
    return _at_most_by_instruction if panels.dtype == types.int8 else at_most


def lowest(panels, bits):
    """Position of the lowest bit that is set; one is."""
    j = 0
    while (bits >> np.uint64(j)) & np.uint64(1) == 0:
        j += 1
    return j


def _lowest_by_instruction(panels, bits):
    return simd.lowest_bit(bits)


@overload(lowest, jit_options={"forceinline": True})
def _lowest(panels, bits):
    return _lowest_by_instruction if panels.dtype == types.int8 else lowest


def turned(panels, code):
    """What keys lack where both codes have 128 added, instead of one."""
    total = np.int64(0)
    for j in range(code.shape[0]):
        total += code[j]
    return 2 * SIGNED_OFFSET * total


@overload(turned, jit_options={"forceinline": True})
def _turned(panels, code):
    return (lambda panels, code: np.int64(0)) if panels.dtype == types.int8 else turned


@njit(cache=True, nogil=True, forceinline=True)
def squared_of(key, own):
    """The estimate of a squared distance."""
    return np.float64(max(np.int64(key) + own, 0))


@njit(cache=True, nogil=True, forceinline=True)
def key_at(squared, own):
    """The highest key of a row whose squared distance is at most that."""
    return np.int32(min(squared - np.float64(own), HIGHEST))


@njit(cache=True, nogil=True)
def near_lists(index, code, own, search_radius, keys, lists):
    """The lists whose centres are at most ``search_radius`` farther than the nearest.

    keys  : scratch int32, one for each centre, and a tile
    lists : out, int64 (n_lists,), the nearest first, then in order

    Returns how many they are.
    """
    panels, n_lists = index.centre_panels, index.first.shape[0] - 1
    for first in range(0, panels.shape[0], TILE):
        n = min(TILE, panels.shape[0] - first)
        some = keys[SIDE * first :]
        panel_keys(code, panels, index.centre_starts, first, n, some)
    least = keys[0]
    for c in range(1, n_lists):
        least = min(least, keys[c])
    away = np.sqrt(squared_of(least, own)) + search_radius
    limit = max(key_at(away * away, own), least)
    held = 0
    for first in range(0, n_lists, SIDE * TILE):
        n = min(SIDE * TILE, n_lists - first)
        bits = at_most(panels, keys[first:], n, limit)
        while bits != 0:
            c = first + lowest(panels, bits)
            bits &= bits - np.uint64(1)
            lists[held] = c
            if keys[c] == least:
                lists[held], lists[0] = lists[0], c
            held += 1
    return held


@njit(cache=True, nogil=True, forceinline=True)
def pack(key, i):
    """One number that sorts by key, then by row."""
    return (np.int64(key) << 32) | np.int64(i)


@njit(cache=True, nogil=True, forceinline=True)
def row_of(packed):
    """The row of a packed number."""
    return packed & 0xFFFFFFFF


@njit(cache=True, nogil=True)
def narrow(found, n, limit, width):
    """Keep of ``n`` packed numbers those whose key is at most ``limit``.

    At most ``width``, the lowest; in no order. Returns how many they are, and the limit
    that leaves no more.
    """
    kept = 0
    for a in range(n):
        packed = found[a]
        found[kept] = packed
        kept += packed >> 32 <= limit
    if kept <= width:
        return kept, limit
    found[:kept].sort()
    return width, np.int32(found[width - 1] >> 32)


@njit(cache=True, nogil=True)
def read(index, code, lists, n_lists, keys):
    """Keys of all positions of some lists, one list after the other.

    lists : int64 (at least n_lists,)
    keys  : out, int32, one for each position and a tile

    Without a branch: one that is mispredicted would stop the stream of codes from
    memory, which costs more than all later decisions.
    """
    panels = index.panels
    at = 0
    for a in range(n_lists):
        if a + 1 < n_lists:
            prefetch_panel(panels, index.first[lists[a + 1]])
        last = index.first[lists[a] + 1]
        for first in range(index.first[lists[a]], last, TILE):
            n = min(TILE, last - first)
            panel_keys(code, panels, index.starts, first, n, keys[at:])
            at += SIDE * n


@njit(cache=True, nogil=True)
def select(index, own, lists, n_lists, keys, k, rerank_ratio, nearest, found, width):
    """The rows of some lists that are nearest by their keys.

    lists, keys : as for ``read``
    nearest : scratch int32, from ``lowest_keys.empty(k)``
    found   : out, int64 (2 * width + 64,), packed numbers in no order: at most
        ``width`` rows, none more than ``rerank_ratio`` times as far as the k-th,
        squared

    Returns how many they are.
    """
    nearest[:] = NONE
    held = at = 0
    limit = np.int32(HIGHEST)
    for a in range(n_lists):
        first = SIDE * index.first[lists[a]]
        end = at + SIDE * index.first[lists[a] + 1] - first
        for tile in range(at, end, SIDE * TILE):
            some = keys[tile:]
            bits = at_most(index.panels, some, min(SIDE * TILE, end - tile), limit)
            while bits != 0:
                j = lowest(index.panels, bits)
                bits &= bits - np.uint64(1)
                # Written and put without a branch: a row that does not count is
                # overwritten or falls out.
                key = some[j]
                found[held] = pack(key, index.rows[first + tile - at + j])
                held += key <= limit
                put(nearest, key)
                kth = nearest[k - 1]
                limit = min(
                    limit, max(key_at(rerank_ratio * squared_of(kth, own), own), kth)
                )
            if held > 2 * width:
                held, limit = narrow(found, held, limit, width)
        at = end
    return narrow(found, held, limit, width)[0]


def prefetch_panel(panels, p):
    """Prefetch the beginning of a panel, on the fast path."""


def _prefetch_lines(panels, p):
    if p < panels.shape[0]:
        at = panels.ctypes.data + p * panels.shape[1] * SIDE * 4
        for line in range(AHEAD):
            simd.prefetch(at + 64 * line)


@overload(prefetch_panel, jit_options={"forceinline": True})
def _prefetch_panel(panels, p):
    return _prefetch_lines if panels.dtype == types.int8 else prefetch_panel


@njit(cache=True, nogil=True)
def refine(
    rows, norms, row, norm, shift, metric, found, n, lanes, measured, near, indices
):
    """Compare ``n`` packed rows exactly; returns how many are known.

    measured : scratch float64 (n,)
    near, indices : out, (k,), distances and rows, nearest first, ties by row
    """
    for a in range(min(AHEAD, n)):
        fetch(rows, row_of(found[a]))
    for a in range(n):
        if a + AHEAD < n:
            fetch(rows, row_of(found[a + AHEAD]))
        i = row_of(found[a])
        measured[a] = distance(metric, row, rows[i], norm, norms[i], shift, lanes)
        found[a] = i
    if n > FEW:
        filled = 0
        for a in range(n):
            filled = insert(near, indices, filled, measured[a], found[a])
        return filled
    # How many are nearer is counted without a branch that could be mispredicted.
    for a in range(n):
        d, i = measured[a], found[a]
        rank = 0
        for b in range(n):
            rank += (measured[b] < d) | ((measured[b] == d) & (found[b] < i))
        if rank < near.shape[0]:
            near[rank] = d
            indices[rank] = i
    return min(n, near.shape[0])


@njit(cache=True, nogil=True)
def search(
    index,
    catalogue_rows,
    catalogue_norms,
    query_rows,
    query_norms,
    shifts,
    factors,
    squares,
    metric,
    width,
    search_radius,
    rerank_ratio,
    first,
    last,
    distances,
    indices,
):
    """The nearest rows in the lists near to queries ``first`` to ``last - 1``.

    catalogue_rows, ..., shifts : as for ``distances.distance``
    factors   : float64 (n_queries,), see ``InvertedFile.axes``
    squares   : float64 (n_queries,), the squared length of queries times factors
    metric    : of ``kernels.distances``
    width     : how many rows are compared by the exact distance at most; at least k
    search_radius : how much farther than the nearest centre that of a list may be
    rerank_ratio : how much further than the k-th by code a row is compared, squared; at
        least 1
    distances : out, float64 (n_queries, k)
    indices   : out, int64 (n_queries, k), ties by row; -1 where no more were found

    No answer depends on the other queries. Returns the fewest that were found for one.
    """
    n_features, n_axes = index.axes.shape
    k = distances.shape[1]
    used = np.empty(n_features + 4, np.int64)
    values = np.empty(n_features + 4, np.float32)
    totals, sums = np.empty(n_axes, np.int32), np.empty(n_axes, np.float32)
    code = np.empty(n_axes, np.uint8)
    lanes = np.empty(LANES)
    n_lists = index.first.shape[0] - 1
    lists = np.empty(n_lists, np.int64)
    nearest, found = empty(k), np.empty(2 * width + SIDE * TILE, np.int64)
    measured = np.empty(width)
    keys = np.empty(SIDE * (index.centre_panels.shape[0] + TILE), np.int32)
    fewest = k
    for q in range(first, last):
        row = query_rows[q]
        as_code(index, row, factors[q], used, values, totals, sums, code)
        own = own_of(index, squares[q], sums) + turned(index.panels, code)
        n = near_lists(index, code, own, search_radius, keys, lists)
        n_panels = TILE  # a tile reads 64 keys, whether or not there are as many
        for a in range(n):
            n_panels += index.first[lists[a] + 1] - index.first[lists[a]]
        if keys.shape[0] < SIDE * n_panels:
            keys = np.empty(2 * SIDE * n_panels, np.int32)
        read(index, code, lists, n, keys)
        n = select(index, own, lists, n, keys, k, rerank_ratio, nearest, found, width)
        indices[q] = -1
        filled = refine(
            catalogue_rows,
            catalogue_norms,
            row,
            query_norms[q],
            shifts[q],
            metric,
            found,
            n,
            lanes,
            measured,
            distances[q],
            indices[q],
        )
        fewest = min(fewest, filled)
    return fewest
