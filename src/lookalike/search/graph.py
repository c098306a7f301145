"""A neighbour graph over short codes: approximate search by walking.

Built from the exact answer: the exact search is fast enough to find every row's
neighbours, so the graph needs no approximate construction. Of these the
relative-neighbourhood rule keeps the few that lead somewhere new, and edges are added
in reverse. A walk compares codes of one or two cache lines (leading principal
coordinates in a byte each); one line more orders what it found, and the first few dozen
are compared by the exact distance.

References
----------
.. [1] Toussaint (1980). "The relative neighbourhood graph of a finite planar set".
   Pattern Recognition 12(4).
.. [2] Fu, Xiang, Wang and Cai (2019). "Fast approximate nearest neighbor search with
   the navigating spreading-out graph". VLDB 12(5). (the rule, and walks with a beam)
"""

import numpy as np

from lookalike._parallel import blas_threads, run_slices
from lookalike._typing import Array, Floats, Ints
from lookalike.kernels.graph import (
    TAIL,
    Graph,
    add_reverse,
    prune,
    search,
    search_bytes,
)
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
Answer = tuple[Floats, Ints, Ints]
"""Distances, rows and how many were found, to be filled in."""


class ByteCodes:
    """Leading principal coordinates of lifted rows, one byte each.

    The axes are turned at random among themselves, so that all coordinates spread
    alike and one scale serves all.

    Parameters
    ----------
    exact : ExactIndex
    n_lines : int
        Cache lines that lead a walk: 60 coordinates, or 124. If the rows have more, a
        line of 60 more orders what it finds.
    signed : bool
        Codes for the processor's instruction, else for plain loops.

    Attributes
    ----------
    lines, more : int8 or uint8 arrays of shape (n_samples, 64 * n_lines), (n_samples,
        64) or (n_samples, 0)
    starts, more_starts : int32 arrays, the same memory
    own : int32 array of shape (n_samples,), see ``kernels.graph.prune``
    axes, centre, coded : see ``kernels.graph.Graph``
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

    def _fit(self, X: Array, size: int, rng: np.random.Generator) -> None:
        geometry = self.geometry
        sample = geometry.lift(X[:: -(-len(X) // SAMPLE)])
        mean = sample.mean(axis=0)
        sample -= mean
        n_led = min(size - TAIL, sample.shape[1])
        n_more = min(LINE - TAIL, sample.shape[1] - n_led)
        found = principal_axes(sample, n_led + n_more)
        axes = np.zeros((len(found), size + LINE * (n_more > 0)))
        axes[:, :n_led] = found[:, :n_led] @ _turn(n_led, rng)
        axes[:, size : size + n_more] = found[:, n_led:] @ _turn(n_more, rng)
        largest = float(np.quantile(np.abs(sample @ axes[:, :n_led]), 0.9999))
        scale = 127.0 / largest if largest > 0.0 else 1.0
        axes *= scale
        lines, more = self._encode_rows(X, mean, axes, scale, size)
        # The coordinate that inner products are lifted by is zero for queries.
        short = np.ascontiguousarray(axes[: X.shape[1]], np.float32)
        self._take(lines, more, short, (mean @ axes).astype(np.float32))

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


class Edges:
    """Which rows a walk may step to from each row.

    Parameters
    ----------
    codes : ByteCodes
        Which of two rows is nearer is judged by these.
    neighbors : ndarray of shape (n_samples, n)
        Nearest rows of each row, from ``neighbors_of_all``.
    kept : ndarray of shape (n_kept,)
        Rows that get edges now; the others may follow by ``add``.

    Attributes
    ----------
    edges : int32 array of shape (n_samples, DEGREE), then -1
    """

    def __init__(
        self, codes: ByteCodes, neighbors: Ints, kept: Ints, n_jobs: int | None
    ) -> None:
        self._codes, self._neighbors, self._n_jobs = codes, neighbors, n_jobs
        self.edges = aligned((len(neighbors), DEGREE), np.int32)
        self.edges[:] = -1
        self._gone = np.ones(len(neighbors), bool)
        self.add(kept)

    def add(self, rows: Ints) -> None:
        """Link rows to those that are there, and these to them."""
        self._gone[rows] = False
        coded = self._codes

        def choose(first: int, last: int) -> None:
            prune(
                coded.lines,
                coded.starts,
                coded.own,
                self._neighbors,
                self._gone,
                rows,
                FORWARD,
                first,
                last,
                self.edges,
            )

        run_slices(choose, len(rows), self._n_jobs, grain=1024)
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
        )
        self.graph = graph
        self._rows = (exact.rows, exact.norms)
        self._length = _length(codes.geometry)

    @property
    def memory(self) -> int:
        """Bytes held beside the exact index."""
        twice = self.graph.starts.nbytes + self.graph.more_starts.nbytes
        return sum(part.nbytes for part in self.graph) - twice

    def nearest(
        self, Q: Array, k: int, width: int, n_refined: int, n_jobs: int | None
    ) -> tuple[Floats, Ints]:
        """The k nearest rows that walks find; Euclidean distances stay squared."""
        n = len(Q)
        distances, indices = np.empty((n, k)), np.empty((n, k), np.int64)
        found = np.empty(n, np.int64)
        answer = (distances, indices, found)
        if Q.dtype == np.uint8 and self._exact.rows.itemsize == 1:
            fewest = self._search_bytes(Q, width, n_refined, n_jobs, answer)
        else:
            fewest = self._search(Q, width, n_refined, n_jobs, answer)
        if fewest < k:
            short = np.flatnonzero(found < k)
            # The walk ended in a corner that no edge leaves.
            distances[short], indices[short] = self._exact.nearest(Q[short], k, n_jobs)
        return distances, indices

    def _search_bytes(
        self, Q: Array, width: int, n_refined: int, n_jobs: int | None, answer: Answer
    ) -> int:
        """Walk for queries of bytes, which the kernel reads as they are."""
        plan = (self._length, self._exact._code, width, n_refined)
        held = (*self.graph, *self._rows)

        def work(first: int, last: int) -> None:
            search_bytes(
                *held, Q[first:last], *plan, *(out[first:last] for out in answer)
            )

        if len(Q) <= GRAIN:  # a thread's start, and even a slice, is more than a walk
            return search_bytes(*held, Q, *plan, *answer)
        run_slices(work, len(Q), n_jobs, grain=GRAIN)
        return int(answer[2].min())

    def _search(
        self, Q: Array, width: int, n_refined: int, n_jobs: int | None, answer: Answer
    ) -> int:
        """Walk for queries of any type; returns the fewest that one has found."""
        exact = self._exact
        rows, shifts = queries_for(exact.rows, Q)
        norms = norms_for(exact._code, narrowest(Q))
        factors = np.ones(len(Q))
        if self._length > 0.0:
            factors = self._length * inverse_norms(Q.astype(np.float64))
        queries = (rows, norms, shifts, factors)
        plan = (exact._code, width, n_refined)

        def work(first: int, last: int) -> None:
            search(self.graph, *self._rows, *queries, *plan, first, last, *answer)

        run_slices(work, len(Q), n_jobs, grain=GRAIN)
        return int(answer[2].min(initial=answer[1].shape[1]))


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
