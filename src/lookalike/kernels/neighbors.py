"""Exact nearest neighbours: compute a distance only where a lower bound allows it.

For a block of queries, stretch by stretch of the catalogue:

1. **bound** every row (``kernels.bounds``);
2. **probe** the few rows with the lowest bounds, which gives a distance to beat;
3. **collect** the rows whose bound is below it;
4. **refine**: the collected rows in the order of their bounds, until the bound itself
   is above the distance to beat.

Rows with equal distances come in the order of their index.
"""

from typing import NamedTuple

import numpy as np
from numba import types
from numba.extending import overload

from lookalike._typing import Array, Floats
from lookalike.kernels import simd
from lookalike.kernels.best import HEAP, insert, push, sort_heap
from lookalike.kernels.bounds import fill_keys
from lookalike.kernels.compiled import njit
from lookalike.kernels.distances import LANES, distance, fetch
from lookalike.kernels.simd import PANEL

BLOCK = 24  # queries that share a pass over the codes
STRETCH = 80  # panels that are bounded at a time: keys stay in the L2 cache
PROBES = 3  # rows probed in a stretch once k distances are known
MOST_PROBES = 48  # more neighbours than this are found without a first probe
BUCKETS = 32  # steps in which candidates are ordered by their bounds
HIDDEN = np.int32(2147483500)  # a key above every limit: such a row is not collected


class Catalogue(NamedTuple):
    """The rows that are searched, and their codes.

    rows   : (n_samples, n_features) int8 (bytes less 128) or uint8, padded to a
        multiple of 16 columns; or float32, float64
    norms  : (n_samples,) as for ``distances.distance``
    panels : (n_panels, n_steps, 64, pair) int16 or float32
    starts : (n_panels, 64) int32 or float32, half the squared norm of the code
    floors : (n_panels, 64) int32, HIDDEN for a row that may not be found, else -HIDDEN;
        or no panels at all where every row may be
    """

    rows: Array
    norms: Floats
    panels: Array
    starts: Array
    floors: Array


class Queries(NamedTuple):
    """A batch of queries, and their codes.

    rows   : (n_queries, n_features) uint8 (padded), float32 or float64
    norms, shifts : (n_queries,) as for ``distances.distance``
    codes  : (n_queries, n_steps * pair) int16 or float32, sign turned
    base, slope : (n_queries,) squared distance among codes = base + slope * distance
    error  : (n_queries,) how far the distance of two codes may exceed the true one
    limit_offset : (n_queries,) allowance for rounding less half the squared code norm
    """

    rows: Array
    norms: Floats
    shifts: Floats
    codes: Array
    base: Floats
    slope: Floats
    error: Floats
    limit_offset: Floats


@njit(cache=True, nogil=True, forceinline=True)
def key_limit(queries, q, worst):
    """The highest key a row can have whose distance is at most ``worst``."""
    squared = max(0.0, queries.base[q] + queries.slope[q] * worst)
    radius = np.sqrt(squared) + queries.error[q]
    limit = 0.5 * radius * radius + queries.limit_offset[q]
    # Below the start of the rows that pad the last panel, whatever the type of keys;
    # and no limit at all where the bound is no number.
    return limit if limit < 2147483000.0 else 2147483000.0


@njit(cache=True, nogil=True)
def hide(floors, first_panel, last_panel, n_queries, keys, minima):
    """Lift the keys of the rows that may not be found, and the minima with them."""
    if floors.shape[0] == 0:
        return
    for p in range(first_panel, last_panel):
        floor = floors[p]
        highest = floor[0]
        for j in range(PANEL):
            highest = max(highest, floor[j])
        if highest != HIDDEN:
            continue
        at = p - first_panel
        for r in range(n_queries):
            panel = keys[r, at * PANEL : (at + 1) * PANEL]
            low = HIDDEN
            for j in range(PANEL):
                key = max(panel[j], floor[j])
                panel[j] = key
                low = min(low, key)
            minima[r, at] = low


@njit(cache=True, nogil=True, forceinline=True)
def lowest_panels(minima, n_panels, limit, n_best, values, panels):
    """The ``n_best`` panels with the lowest minima not above ``limit``, sorted."""
    n = 0
    for p in range(n_panels):
        value = minima[p]
        if value <= limit and (n < n_best or value < values[n - 1]):
            slot = n if n < n_best else n - 1
            n = min(n + 1, n_best)
            while slot > 0 and values[slot - 1] > value:
                values[slot] = values[slot - 1]
                panels[slot] = panels[slot - 1]
                slot -= 1
            values[slot] = value
            panels[slot] = p
    return n


def append_panel(panels, keys, at, limit, row, found_keys, found_rows, n):
    """Append the rows of one panel whose key is at most ``limit``; returns the count.

    The type of the codes, ``panels``, chooses the path here too.
    """
    for j in range(PANEL):
        # Always written, kept only if it counts: no branch to mispredict.
        found_keys[n] = keys[at + j]
        found_rows[n] = row + j
        n += keys[at + j] <= limit
    return n


def _append_panel_by_mask(panels, keys, at, limit, row, found_keys, found_rows, n):
    bits = simd.at_most(keys.ctypes.data + at * 4, limit)
    while bits != 0:
        j = simd.lowest_bit(bits)
        found_keys[n] = keys[at + j]
        found_rows[n] = row + j
        n += 1
        bits &= bits - np.uint64(1)
    return n


@overload(append_panel, jit_options={"forceinline": True})
def _append_panel(panels, keys, at, limit, row, found_keys, found_rows, n):
    return _append_panel_by_mask if panels.dtype == types.int16 else append_panel


@njit(cache=True, nogil=True, forceinline=True)
def probe(
    panels,
    keys,
    minima,
    n_panels,
    first_row,
    limit,
    n_best,
    found_keys,
    found_rows,
    other_keys,
    other_rows,
):
    """The row with the lowest key of each of the ``n_best`` lowest panels.

    Rows that are found are hidden, so that they are not collected again. Returns how
    many.
    """
    n = lowest_panels(minima, n_panels, limit, n_best, found_keys, found_rows)
    for a in range(n):
        at = found_rows[a] * PANEL
        append_panel(panels, keys, at, found_keys[a], at, other_keys, other_rows, 0)
        at = other_rows[0]
        found_rows[a] = first_row + at
        keys[at] = HIDDEN
    return n


@njit(cache=True, nogil=True, forceinline=True)
def collect(
    panels, keys, minima, n_panels, limit, first_row, found_keys, found_rows, n, p
):
    """Append the rows whose key is at most ``limit``, panel by panel from ``p`` on.

    Returns their count and the panel to go on from: the buffer may fill up.
    """
    room = found_rows.shape[0] - PANEL
    while p < n_panels and n <= room:
        if minima[p] <= limit:
            at = p * PANEL
            n = append_panel(
                panels, keys, at, limit, first_row + at, found_keys, found_rows, n
            )
        p += 1
    return n, p


@njit(cache=True, nogil=True)
def order_by_key(keys, rows, n, limit, counts, other_keys, other_rows):
    """Drop what is above ``limit`` and put the rest in nearly the order of the keys."""
    kept = 0
    low = limit
    for a in range(n):
        if keys[a] <= limit:
            keys[kept] = keys[a]
            rows[kept] = rows[a]
            low = min(low, keys[a])
            kept += 1
    step = (BUCKETS - 0.01) / (np.float64(limit) - np.float64(low) + 1.0)
    counts[:] = 0
    for a in range(kept):
        counts[np.int64((keys[a] - np.float64(low)) * step) + 1] += 1
    for b in range(BUCKETS):
        counts[b + 1] += counts[b]
    for a in range(kept):
        bucket = np.int64((keys[a] - np.float64(low)) * step)
        slot = counts[bucket]
        counts[bucket] = slot + 1
        other_keys[slot] = keys[a]
        other_rows[slot] = rows[a]
    for a in range(kept):
        keys[a] = other_keys[a]
        rows[a] = other_rows[a]
    return kept


@njit(cache=True, nogil=True)
def refine(
    catalogue,
    queries,
    q,
    metric,
    keys,
    rows,
    n,
    best,
    indices,
    filled,
    limits,
    work,
    lanes,
):
    """Compute the distances of ``n`` candidates; returns how many neighbours are known.

    ``limits[0]`` is the key to beat, and is lowered as better neighbours are found.
    """
    k = best.shape[0]
    worst = 0 if k > HEAP else k - 1
    for a in range(n):
        if a + 3 < n:
            fetch(catalogue.rows, rows[a + 3])
        if keys[a] > limits[0]:
            continue
        i = rows[a]
        d = distance(
            metric,
            queries.rows[q],
            catalogue.rows[i],
            queries.norms[q],
            catalogue.norms[i],
            queries.shifts[q],
            lanes,
        )
        work[1] += 1
        if filled < k or d <= best[worst]:
            if k > HEAP:
                filled = push(best, indices, filled, d, i)
            else:
                filled = insert(best, indices, filled, d, i)
            if filled == k:
                limits[0] = key_limit(queries, q, best[worst])
    return filled


@njit(cache=True, nogil=True)
def nearest(catalogue, queries, metric, first, last, distances, indices, work):
    """The k nearest rows of queries ``first`` to ``last - 1``, nearest first.

    metric    : SQUARED_EUCLIDEAN, COSINE or INNER_PRODUCT of ``kernels.distances``
    distances : out, float64 (n_queries, k), 1 <= k <= n_samples
    indices   : out, int64 (n_queries, k)
    work      : out, int64 (n_queries, 2), rows collected and distances computed

    Cost: n_samples * n_steps multiply-adds a query for the bounds, n_features for each
    row that they leave.
    """
    k = distances.shape[1]
    n_panels = catalogue.starts.shape[0]
    room = 4096 + 2 * k
    keys = np.empty((BLOCK, STRETCH * PANEL), np.int32)
    minima = np.empty((BLOCK, STRETCH), np.int32)
    found_keys = np.empty((BLOCK, room), np.int32)
    found_rows = np.empty((BLOCK, room), np.int64)
    found = np.zeros(BLOCK, np.int64)
    other_keys, other_rows = np.empty_like(found_keys[0]), np.empty_like(found_rows[0])
    filled = np.zeros(BLOCK, np.int64)
    limits = np.zeros((BLOCK, 1), np.int32)
    probe_keys = np.empty(MOST_PROBES, np.int32)
    probe_rows = np.empty(MOST_PROBES, np.int64)
    counts = np.empty(BUCKETS + 1, np.int64)
    lanes = np.empty(LANES)
    for start in range(first, last, BLOCK):
        size = min(BLOCK, last - start)
        codes = queries.codes[start : start + size]
        found[:] = 0
        filled[:] = 0
        limits[:] = 2147483000
        for p0 in range(0, n_panels, STRETCH):
            p1 = min(p0 + STRETCH, n_panels)
            fill_keys(codes, catalogue.panels, catalogue.starts, p0, p1, keys, minima)
            hide(catalogue.floors, p0, p1, size, keys, minima)
            for r in range(size):
                q = start + r
                best, rows = distances[q], indices[q]
                if k <= MOST_PROBES:
                    n = probe(
                        catalogue.panels,
                        keys[r],
                        minima[r],
                        p1 - p0,
                        p0 * PANEL,
                        limits[r, 0],
                        PROBES if filled[r] == k else k,
                        probe_keys,
                        probe_rows,
                        other_keys,
                        other_rows,
                    )
                    work[q, 0] += n
                    filled[r] = refine(
                        catalogue,
                        queries,
                        q,
                        metric,
                        probe_keys,
                        probe_rows,
                        n,
                        best,
                        rows,
                        filled[r],
                        limits[r],
                        work[q],
                        lanes,
                    )
                p = 0
                while True:
                    found[r], p = collect(
                        catalogue.panels,
                        keys[r],
                        minima[r],
                        p1 - p0,
                        limits[r, 0],
                        p0 * PANEL,
                        found_keys[r],
                        found_rows[r],
                        found[r],
                        p,
                    )
                    if p == p1 - p0 and p1 < n_panels:
                        break
                    # The buffer is full, or this was the last stretch.
                    found[r] = order_by_key(
                        found_keys[r],
                        found_rows[r],
                        found[r],
                        limits[r, 0],
                        counts,
                        other_keys,
                        other_rows,
                    )
                    work[q, 0] += found[r]
                    filled[r] = refine(
                        catalogue,
                        queries,
                        q,
                        metric,
                        found_keys[r],
                        found_rows[r],
                        found[r],
                        best,
                        rows,
                        filled[r],
                        limits[r],
                        work[q],
                        lanes,
                    )
                    found[r] = 0
                    if p == p1 - p0:
                        break
        if k > HEAP:
            for r in range(size):
                sort_heap(distances[start + r], indices[start + r], filled[r])


@njit(cache=True, nogil=True)
def within(catalogue, queries, metric, radius, root, first, last, counts):
    """Every row no further than ``radius`` from queries ``first`` to ``last - 1``.

    radius : in units of the metric; with ``root`` of its square root
    counts : out, int64 (n_queries,), rows found for each query

    Returns their distances and indices, flat, query by query, in no order.
    """
    n_panels = catalogue.starts.shape[0]
    keys = np.empty((BLOCK, STRETCH * PANEL), np.int32)
    minima = np.empty((BLOCK, STRETCH), np.int32)
    found_keys = np.empty(STRETCH * PANEL + PANEL, np.int32)
    found_rows = np.empty(STRETCH * PANEL + PANEL, np.int64)
    limit = np.zeros(1, np.int32)
    lanes = np.empty(LANES)
    # Slightly above the square: the root of a value above it may round down to it.
    worst = radius * radius * (1.0 + 1e-14) if root else radius
    owners = np.empty(1024, np.int64)
    distances = np.empty(1024)
    indices = np.empty(1024, np.int64)
    total = 0
    for start in range(first, last, BLOCK):
        size = min(BLOCK, last - start)
        codes = queries.codes[start : start + size]
        for p0 in range(0, n_panels, STRETCH):
            p1 = min(p0 + STRETCH, n_panels)
            fill_keys(codes, catalogue.panels, catalogue.starts, p0, p1, keys, minima)
            hide(catalogue.floors, p0, p1, size, keys, minima)
            for r in range(size):
                q = start + r
                limit[0] = key_limit(queries, q, worst)
                n, _ = collect(
                    catalogue.panels,
                    keys[r],
                    minima[r],
                    p1 - p0,
                    limit[0],
                    p0 * PANEL,
                    found_keys,
                    found_rows,
                    0,
                    0,
                )
                if total + n > distances.shape[0]:
                    room = max(2 * distances.shape[0], total + n)
                    owners = np.concatenate((owners, np.empty(room, np.int64)))
                    distances = np.concatenate((distances, np.empty(room)))
                    indices = np.concatenate((indices, np.empty(room, np.int64)))
                for a in range(n):
                    i = found_rows[a]
                    d = distance(
                        metric,
                        queries.rows[q],
                        catalogue.rows[i],
                        queries.norms[q],
                        catalogue.norms[i],
                        queries.shifts[q],
                        lanes,
                    )
                    if (np.sqrt(d) if root else d) <= radius:
                        owners[total] = q
                        distances[total] = d
                        indices[total] = i
                        total += 1
                        counts[q] += 1
    order = np.argsort(owners[:total], kind="mergesort")
    return distances[:total][order], indices[:total][order]
