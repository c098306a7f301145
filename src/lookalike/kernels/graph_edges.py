"""The edges of a graph: few for each row, chosen so that they lead somewhere new."""

import numpy as np
from numba import njit, types
from numba.extending import overload

from lookalike.kernels.distances import SIGNED_OFFSET, dot_of_bytes
from lookalike.kernels.graph_codes import TAIL

RELAXED = 1.2  # how much nearer a kept neighbour has to be for an edge to be left out


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
