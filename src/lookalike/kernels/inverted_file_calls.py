"""Searches for a few queries of bytes, with little overhead of the call."""

import numpy as np
from numba import carray

from lookalike.kernels import simd
from lookalike.kernels.compiled import njit
from lookalike.kernels.distances import COSINE, SQUARED_EUCLIDEAN, offset_of
from lookalike.kernels.inverted_file import InvertedFile, search


def table_of(index, rows, norms):
    """Where the parts of an index are and how large, for ``search_bytes``.

    rows, norms : of the catalogue, int8 and float64
    """
    parts = (*index, rows, norms)
    sizes = [(part.ctypes.data, *part.shape) for part in parts]
    return np.array([(*size, 1, 1, 1)[:4] for size in sizes], np.int64)


@njit(cache=True, nogil=True, forceinline=True)
def _bytes(table, a):
    """A part of four dimensions, the last of which is 4."""
    shape = (table[a, 1], table[a, 2], table[a, 3], 4)
    return carray(simd.pointer(table[a, 0]), shape, np.int8)


@njit(cache=True, nogil=True, forceinline=True)
def _starts(table, a):
    shape = (table[a, 1], table[a, 2], table[a, 3])
    return carray(simd.pointer(table[a, 0]), shape, np.int32)


@njit(cache=True, nogil=True, forceinline=True)
def _list(table, a, kind):
    return carray(simd.pointer(table[a, 0]), (table[a, 1],), kind)


@njit(cache=True, nogil=True, forceinline=True)
def _matrix(table, a, kind):
    return carray(simd.pointer(table[a, 0]), (table[a, 1], table[a, 2]), kind)


@njit(cache=True, nogil=True)
def search_bytes(
    table,
    queries,
    length,
    metric,
    width,
    search_radius,
    rerank_ratio,
    distances,
    indices,
):
    """``search`` for queries of bytes, as they are, and codes of the instruction.

    Passing thirteen arrays takes longer than encoding the query, so addresses are
    passed.

    table   : from ``table_of``; its arrays must live
    queries : uint8 (n_queries, n_features)
    length  : see ``describe_bytes``
    """
    index = InvertedFile(
        _bytes(table, 0),
        _starts(table, 1),
        _list(table, 2, np.int32),
        _list(table, 3, np.int64),
        _bytes(table, 4),
        _starts(table, 5),
        _matrix(table, 6, np.float32),
        _list(table, 7, np.float32),
        _list(table, 8, np.uint8),
        _bytes(table, 9),
        _list(table, 10, np.float32),
    )
    catalogue_rows = _matrix(table, 11, np.int8)
    n = queries.shape[0]
    rows = np.empty((n, catalogue_rows.shape[1]), np.uint8)
    norms, shifts, factors, squares = np.empty((4, n))
    offset = offset_of(catalogue_rows)
    describe_bytes(
        queries, metric, offset, length, rows, norms, shifts, factors, squares
    )
    return search(
        index,
        catalogue_rows,
        _list(table, 12, np.float64),
        rows,
        norms,
        shifts,
        factors,
        squares,
        metric,
        width,
        search_radius,
        rerank_ratio,
        0,
        n,
        distances,
        indices,
    )


@njit(cache=True, nogil=True)
def describe_bytes(
    rows, metric, offset, length, out, norms, shifts, factors, squares_of
):
    """Queries of bytes as ``distances.distance`` takes them: padded, norms, shifts.

    length  : what queries are scaled to before encoding, 0 leaves them as they are
    factors : out, float64 (n_queries,), see ``InvertedFile.axes``
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
