"""Walks for a few queries of bytes, where handing things over is most of the work."""

import numpy as np
from numba import carray, njit

from lookalike.kernels import simd
from lookalike.kernels.distances import COSINE, SQUARED_EUCLIDEAN, offset_of
from lookalike.kernels.graph import Graph, search


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
