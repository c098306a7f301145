"""Matches of true and found boxes, frame by frame, for the measures of tracking.

The overlaps of all frames lie one after the other: those of frame t begin at
``starts[t]``, row by row; its true boxes are ``true_starts[t]`` up to
``true_starts[t + 1]``, its found ones likewise.
"""

import numpy as np

from lookalike.kernels.assignment import assign
from lookalike.kernels.boxes import fill_overlaps
from lookalike.kernels.compiled import njit


@njit(cache=True, nogil=True)
def fill_all_overlaps(truth, found, true_starts, found_starts, starts, out):
    """Write the overlaps of all frames.

    truth, found : float64 (n, 4) and (m, 4), by frame
    true_starts, found_starts, starts : int64 (n_frames + 1,)
    out : float64 (starts[-1],)
    """
    for t in range(starts.size - 1):
        a, b = true_starts[t], true_starts[t + 1]
        c, d = found_starts[t], found_starts[t + 1]
        part = out[starts[t] : starts[t + 1]].reshape((b - a, d - c))
        fill_overlaps(truth[a:b], found[c:d], False, part)


@njit(cache=True, nogil=True)
def match_by_frame(
    overlaps, starts, true_ids, found_ids, true_starts, found_starts, least, never, last
):
    """Count the matches of MOTA; return them, switches, and the sum of overlaps.

    overlaps : float64 (starts[-1],)
    starts, true_starts, found_starts : int64 (n_frames + 1,)
    true_ids, found_ids : int64 (n,) and (m,), from 0
    least : float, overlap of a match
    never : float, cost of a pair that must not be matched
    last : int64 (n_true,), all -1; the found identity of each last match; written
    """
    matches, switches, total = 0, 0, 0.0
    for t in range(starts.size - 1):
        n = true_starts[t + 1] - true_starts[t]
        m = found_starts[t + 1] - found_starts[t]
        part = overlaps[starts[t] : starts[t + 1]].reshape((n, m))
        rows, columns = np.empty(n, np.int64), np.empty(m, np.int64)
        free = np.ones(m, np.bool_)
        n_rows, n_columns, n_good = 0, 0, 0
        for i in range(n):
            before, kept = last[true_ids[true_starts[t] + i]], False
            for j in range(m):
                same = free[j] and found_ids[found_starts[t] + j] == before
                if same and part[i, j] >= least:
                    free[j], kept = False, True
                    matches += 1
                    total += part[i, j]
                    break
            if not kept:
                rows[n_rows] = i
                n_rows += 1
        for j in range(m):
            if free[j]:
                columns[n_columns] = j
                n_columns += 1
        cost = np.empty((n_rows, n_columns))
        for a in range(n_rows):
            for b in range(n_columns):
                overlap = part[rows[a], columns[b]]
                cost[a, b] = 1 - overlap if overlap >= least else never
                n_good += overlap >= least
        if n_good == 0:
            continue
        column_of = np.empty(n_rows, np.int64)
        assign(cost, column_of)
        for a in range(n_rows):
            b = column_of[a]
            if b < 0 or cost[a, b] == never:
                continue
            id = true_ids[true_starts[t] + rows[a]]
            other = found_ids[found_starts[t] + columns[b]]
            switches += last[id] >= 0 and last[id] != other
            last[id] = other
            matches += 1
            total += part[rows[a], columns[b]]
    return matches, switches, total


@njit(cache=True, nogil=True)
def add_likely(
    overlaps, starts, true_ids, found_ids, true_starts, found_starts, least, likely
):
    """Add how much each pair of identities overlaps, against all that they overlap.

    likely : float64 (n_true, n_found), zeros; written. The rest is as above.
    """
    for t in range(starts.size - 1):
        n = true_starts[t + 1] - true_starts[t]
        m = found_starts[t + 1] - found_starts[t]
        part = overlaps[starts[t] : starts[t + 1]].reshape((n, m))
        of_columns = np.zeros(m)
        for i in range(n):
            for j in range(m):
                of_columns[j] += part[i, j]
        for i in range(n):
            of_row = 0.0
            for j in range(m):
                of_row += part[i, j]
            for j in range(m):
                either = of_row + of_columns[j] - part[i, j]
                if either > least:
                    a, b = true_ids[true_starts[t] + i], found_ids[found_starts[t] + j]
                    likely[a, b] += part[i, j] / either


@njit(cache=True, nogil=True)
def align(
    overlaps,
    starts,
    true_ids,
    found_ids,
    true_starts,
    found_starts,
    alignment,
    pairs,
    shared,
):
    """Match each frame by what the whole sequence makes likely; return the pairs.

    alignment : float64 (n_true, n_found)
    pairs : int64 (n_pairs, 2), identities of each match; written
    shared : float64 (n_pairs,), overlap of each match; written
    n_pairs is at least the sum of min(n, m) over frames. The rest is as above.
    """
    n_pairs = 0
    for t in range(starts.size - 1):
        n = true_starts[t + 1] - true_starts[t]
        m = found_starts[t + 1] - found_starts[t]
        if n == 0 or m == 0:
            continue
        part = overlaps[starts[t] : starts[t + 1]].reshape((n, m))
        cost, column_of = np.empty((n, m)), np.empty(n, np.int64)
        for i in range(n):
            for j in range(m):
                a, b = true_ids[true_starts[t] + i], found_ids[found_starts[t] + j]
                cost[i, j] = -alignment[a, b] * part[i, j]
        assign(cost, column_of)
        for i in range(n):
            if column_of[i] >= 0:
                pairs[n_pairs, 0] = true_ids[true_starts[t] + i]
                pairs[n_pairs, 1] = found_ids[found_starts[t] + column_of[i]]
                shared[n_pairs] = part[i, column_of[i]]
                n_pairs += 1
    return n_pairs
