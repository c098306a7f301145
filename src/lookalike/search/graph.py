"""A neighbour graph over short codes: approximate search by walking.

Built from the exact answer: the exact search is fast enough to find every row's
neighbours, so the graph needs no approximate construction. Of these the
relative-neighbourhood rule keeps the few that lead somewhere new, and edges are added
in reverse. A walk compares codes of a few cache lines (leading principal coordinates in
a byte each) and goes on while something promising is left; one line more orders what it
found, and the first few dozen are compared by the exact distance.

References
----------
.. [1] Toussaint (1980). "The relative neighbourhood graph of a finite planar set".
   Pattern Recognition 12(4).
.. [2] Fu, Xiang, Wang and Cai (2019). "Fast approximate nearest neighbor search with
   the navigating spreading-out graph". VLDB 12(5). (the rule, and walks with a beam)
.. [3] Al-Jazzazi, Diwan, Gou, Musco, Musco and Suel (2025). "Distance adaptive beam
   search for provably accurate graph-based nearest neighbor search". (when walks end)
"""

import numpy as np

from lookalike._parallel import blas_threads, run_slices
from lookalike._typing import Array, Floats, Ints
from lookalike.kernels.graph import ANY, Graph, search
from lookalike.kernels.graph_calls import search_bytes, search_bytes_at, table_of
from lookalike.kernels.graph_codes import LENGTH, MEAN, SCALE, TAIL
from lookalike.kernels.graph_edges import add_reverse, prune
from lookalike.search.geometry import (
    Euclidean,
    Geometry,
    InnerProduct,
    inverse_norms,
)
from lookalike.search.index import ExactIndex, _geometry
from lookalike.search.rotation import CHUNK, SAMPLE, aligned, principal_axes
from lookalike.search.rows import narrowest, norms_for, queries_for

NEIGHBORS = 32  # exact neighbours from which a row's edges are chosen
FORWARD = 24  # edges kept of these
DEGREE = 32  # with those added in reverse
ENTRIES = 256
LINE = 64
GRAIN = 64  # queries a slice
Plan = tuple[int, int, float, float]
"""Rows that a walk holds, rows compared at most, reach, near: see ``kernels.graph``."""
Answer = tuple[Floats, Ints]
"""Distances and rows, to be filled in; rows are -1 where no more were found."""


class ByteCodes:
    """Leading principal coordinates of lifted rows, one byte each.

    The axes are turned at random among themselves, so that all coordinates spread
    alike and one scale serves all.

    Parameters
    ----------
    exact : ExactIndex
    n_lines : int
        Cache lines that lead a walk: 60 coordinates, 124, or 188. If the rows have
        more, a line of 60 more orders what it finds.
    signed : bool
        Codes for the processor's instruction, else for plain loops.

    Attributes
    ----------
    lines, more : int8 or uint8 arrays of shape (n_samples, 64 * n_lines), (n_samples,
        64) or (n_samples, 0)
    starts, more_starts : int32 arrays, the same memory
    own : int32 array of shape (n_samples,), see ``kernels.graph_edges.prune``
    axes, centre, coded, steps, units : see ``kernels.graph.Graph``
    """

    own: Array

    def __init__(
        self,
        exact: ExactIndex,
        n_lines: int,
        signed: bool,
        rng: np.random.Generator,
        n_jobs: int | None,
    ) -> None:
        X = exact.catalogue()
        geometry = _geometry(exact.metric, X)
        assert geometry is not None
        self.geometry = geometry
        self._signed = signed
        self._bytes = exact.rows.itemsize == 1
        with blas_threads(n_jobs, len(X)):
            self._fit(X, LINE * n_lines, rng)

    @classmethod
    def of_parts(
        cls, geometry: Geometry, lines: Array, more: Array, axes: Array, centre: Array
    ) -> "ByteCodes":
        """The codes that others were, less what only building asks for."""
        codes = cls.__new__(cls)
        codes.geometry = geometry
        codes._take(lines, more, axes, centre)
        return codes

    def _take(self, lines: Array, more: Array, axes: Array, centre: Array) -> None:
        self.lines, self.starts = lines, lines.view(np.int32)
        self.more, self.more_starts = more, more.view(np.int32)
        self.axes, self.centre = axes, centre
        self.coded = np.where(axes.any(axis=0), 255, 0).astype(np.uint8)
        size = lines.shape[1]
        self.coded[size - TAIL : size] = 0
        self.steps, self.units = _in_steps(axes, size)

    def _fit(self, X: Array, size: int, rng: np.random.Generator) -> None:
        geometry = self.geometry
        sample = geometry.lift(X[:: -(-len(X) // SAMPLE)])
        mean = sample.mean(axis=0)
        sample -= mean
        n_led = min(size - TAIL, sample.shape[1])
        n_more = min(LINE - TAIL, sample.shape[1] - n_led)
        # Many small products gain little from threads, and where there are fewer cores
        # than threads these wait for each other longer than all the rest takes.
        with blas_threads(1, len(X)):
            found = principal_axes(sample, n_led + n_more)
            axes = np.zeros((len(found), size + LINE * (n_more > 0)))
            axes[:, :n_led] = found[:, :n_led] @ _turn(n_led, rng)
            axes[:, size : size + n_more] = found[:, n_led:] @ _turn(n_more, rng)
        largest = float(np.quantile(np.abs(sample @ axes[:, :n_led]), 0.9999))
        scale = 127.0 / largest if largest > 0.0 else 1.0
        axes *= scale
        if self._bytes:  # then queries can be encoded by integers
            unit = _unit(axes)
            axes = np.rint(axes / unit) * unit
        lines, more = self._encode_rows(X, mean, axes, scale, size)
        centre = mean @ axes
        axes[:, size + MEAN] = scale**2 * mean
        centre[size + SCALE] = scale**2
        centre[size + LENGTH] = scale**2 * (mean @ mean)
        # The coordinate that inner products are lifted by is zero for queries.
        short = np.ascontiguousarray(axes[: X.shape[1]], np.float32)
        self._take(lines, more, short, centre.astype(np.float32))

    def _encode_rows(
        self, X: Array, mean: Floats, axes: Floats, scale: float, size: int
    ) -> tuple[Array, Array]:
        codes = [
            aligned((len(X), width), np.int8) for width in (size, axes.shape[1] - size)
        ]
        self.own = np.empty(len(X), np.int32)
        for first in range(0, len(X), CHUNK):
            centred = self.geometry.lift(X[first : first + CHUNK]) - mean
            part = slice(first, first + len(centred))
            values = np.clip(np.rint(centred @ axes), -127, 127)
            # What the code leaves out counts as if it were square to the query's.
            full = np.einsum("ij,ij->i", centred, centred) * scale**2
            squared = np.minimum(np.rint(full), 2.0**28)
            for lines, some, start in zip(
                codes, np.split(values, [size], axis=1), (squared, 0.0), strict=True
            ):
                if some.shape[1]:
                    lines[part] = some
                    lines.view(np.int32)[part, -1] = start + 256 * some.sum(axis=1)
            if not self._signed:
                squared += 2 * 128**2 * (size - TAIL)
                squared += 256 * values[:, :size].sum(axis=1)
            self.own[part] = squared
        if not self._signed:
            for lines in codes:
                lines[:, :-TAIL] ^= -128
            codes = [lines.view(np.uint8) for lines in codes]
        return codes[0], codes[1]


def _turn(n: int, rng: np.random.Generator) -> Floats:
    """A random rotation of n coordinates."""
    turn: Floats = np.linalg.qr(rng.standard_normal((n, n)))[0]
    return turn


def _unit(axes: Array) -> float:
    """What all entries of the axes are multiples of once they are rounded to a byte."""
    return float(np.abs(axes).max()) / 127.0 or 1.0


def _in_steps(axes: Array, size: int) -> tuple[Array, Array]:
    """The axes as multiples, and of what; no multiples where they are none.

    The mean, which only tells how far a query is from it, is rounded to some.
    """
    units = np.zeros(axes.shape[1])
    mean = size + MEAN
    units[mean] = _unit(axes[:, mean])
    others = np.arange(len(units)) != mean
    units[others] = _unit(axes[:, others])
    steps = axes / units
    rounded = np.rint(steps)
    n_lines, n_quads = axes.shape[1] // LINE, -(-len(axes) // 4)
    if np.abs(steps - rounded)[:, others].max() > 1e-3:
        n_lines = n_quads = 0
    laid = aligned((n_lines, n_quads, LINE, 4), np.int8)
    if n_lines > 0:
        padded = np.zeros((4 * n_quads, axes.shape[1]))
        padded[: len(axes)] = rounded
        laid[:] = padded.reshape(n_quads, 4, n_lines, LINE).transpose(2, 0, 3, 1)
    return laid, units.astype(np.float32)


class Edges:
    """Which rows a walk may step to from each row.

    Parameters
    ----------
    codes : ByteCodes
        Which of two rows is nearer is judged by these.
    neighbors : ndarray of shape (n_samples, n)
        Nearest rows of each row, from ``neighbors_of_all``.
    kept : ndarray of shape (n_kept,)
        Rows that get edges, and that edges lead to.

    Attributes
    ----------
    edges : int32 array of shape (n_samples, DEGREE), then -1
    """

    def __init__(
        self, codes: ByteCodes, neighbors: Ints, kept: Ints, n_jobs: int | None
    ) -> None:
        self.edges = aligned((len(neighbors), DEGREE), np.int32)
        self.edges[:] = -1
        gone = np.ones(len(neighbors), bool)
        gone[kept] = False

        def choose(first: int, last: int) -> None:
            prune(
                codes.lines,
                codes.starts,
                codes.own,
                neighbors,
                gone,
                kept,
                FORWARD,
                first,
                last,
                self.edges,
            )

        run_slices(choose, len(kept), n_jobs, grain=1024)
        add_reverse(self.edges)


class NeighborGraph:
    """Approximate search over the rows of an exact index.

    Parameters
    ----------
    exact : ExactIndex
        Its rows are searched, and its distance decides in the end.
    codes : ByteCodes
    edges : ndarray of shape (n_samples, degree)
    entries : ndarray of shape (n_entries,)
        Rows from which a walk may start.
    """

    def __init__(
        self, exact: ExactIndex, codes: ByteCodes, edges: Array, entries: Ints
    ) -> None:
        self._exact = exact
        self.codes, self.edges, self.entries = codes, edges, entries
        graph = Graph(
            codes.lines,
            codes.starts,
            codes.more,
            codes.more_starts,
            edges,
            entries.astype(np.int32),
            codes.lines[entries],
            codes.starts[entries],
            codes.axes,
            codes.centre,
            codes.coded,
            codes.steps,
            codes.units,
        )
        self.graph = graph
        self._rows = (exact.rows, exact.norms)
        self._table = table_of(graph, *self._rows)
        self._by_address = codes.lines.dtype == exact.rows.dtype == np.int8
        self._length = _length(codes.geometry)

    @property
    def memory(self) -> int:
        """Bytes held beside the exact index."""
        twice = self.graph.starts.nbytes + self.graph.more_starts.nbytes
        return sum(part.nbytes for part in self.graph) - twice

    def nearest(
        self,
        Q: Array,
        k: int,
        width: int,
        n_refined: int,
        n_jobs: int | None,
        reach: float = ANY,
        near: float = ANY,
    ) -> tuple[Floats, Ints]:
        """The k nearest rows that walks find; Euclidean distances stay squared.

        ``kernels.graph.search`` says what the other parameters are.
        """
        distances, indices = np.empty((len(Q), k)), np.empty((len(Q), k), np.int64)
        answer = (distances, indices)
        plan = (width, n_refined, reach, near)
        if Q.dtype == np.uint8 and self._exact.rows.itemsize == 1:
            fewest = self._search_bytes(Q, plan, n_jobs, answer)
        else:
            fewest = self._search(Q, plan, n_jobs, answer)
        if fewest < k:
            short = np.flatnonzero(indices[:, -1] < 0)
            # The walk ended in a corner that no edge leaves.
            distances[short], indices[short] = self._exact.nearest(Q[short], k, n_jobs)
        return distances, indices

    def _search_bytes(
        self, Q: Array, plan: Plan, n_jobs: int | None, answer: Answer
    ) -> int:
        """Walk for queries of bytes, which the kernel reads as they are."""
        how = (self._length, self._exact._code, *plan)
        # A thread's start, and even a slice, is more than a walk.
        if len(Q) <= GRAIN and self._by_address and Q.flags.c_contiguous:
            return search_bytes_at(self._table, Q, *how, *answer)
        held = (*self.graph, *self._rows)

        def work(first: int, last: int) -> None:
            search_bytes(
                *held, Q[first:last], *how, *(out[first:last] for out in answer)
            )

        run_slices(work, len(Q), n_jobs, grain=GRAIN)
        return _fewest(answer)

    def _search(self, Q: Array, plan: Plan, n_jobs: int | None, answer: Answer) -> int:
        """Walk for queries of any type; returns the fewest that one has found."""
        exact = self._exact
        rows, shifts = queries_for(exact.rows, Q)
        norms = norms_for(exact._code, narrowest(Q))
        floats = Q.astype(np.float64)
        squares, factors = np.einsum("ij,ij->i", floats, floats), np.ones(len(Q))
        if self._length > 0.0:
            factors = self._length * inverse_norms(floats)
            squares = self._length**2 * (squares > 0.0)
        queries = (rows, norms, shifts, factors, squares)
        how = (exact._code, *plan)

        def work(first: int, last: int) -> None:
            search(self.graph, *self._rows, *queries, *how, first, last, *answer)

        run_slices(work, len(Q), n_jobs, grain=GRAIN)
        return _fewest(answer)


def _fewest(answer: Answer) -> int:
    """How many rows every query has found; k or, where one has fewer, less."""
    rows = answer[1]
    return rows.shape[1] if (rows[:, -1] >= 0).all() else 0


def _length(geometry: Geometry) -> float:
    """What queries are scaled to before they are encoded, 0 leaves them as they are."""
    if isinstance(geometry, InnerProduct):
        return float(np.sqrt(geometry.squared_length))
    return 0.0 if isinstance(geometry, Euclidean) else 1.0


def neighbors_of_all(
    exact: ExactIndex, n: int, n_jobs: int | None
) -> tuple[Floats, Ints]:
    """Distances and rows of the n lifted rows nearest to each, itself included."""
    X = exact.catalogue()
    if exact.metric == "inner_product":
        X = InnerProduct(X).lift(X).astype(np.float32)
        lifted = ExactIndex(X, "sqeuclidean", n, True, False, n_jobs)
        return lifted.nearest(X, n, n_jobs)
    return exact.nearest(X, n, n_jobs)
