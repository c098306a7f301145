"""An inverted file: rows in lists, of which a search reads the few that are near.

Some hundred centres are learned, and every row stands in the list of the centre that is
nearest to it. A query is compared with all centres, then with the rows of the lists
near to it, by *codes*: leading principal coordinates in a byte each, a fraction of the
row, laid out so that the processor reads 64 rows in one go. The first few dozen by
their codes are compared by the exact distance.

References
----------
.. [1] Sivic and Zisserman (2003). "Video Google: a text retrieval approach to object
   matching in videos". ICCV. (lists of centres)
.. [2] Jégou, Douze and Schmid (2011). "Product quantization for nearest neighbor
   search". IEEE TPAMI 33(1), section 4. (codes in these lists)
"""

from typing import Any

import numpy as np

from lookalike._parallel import blas_threads, run_slices
from lookalike._typing import Array, Floats, Ints
from lookalike.kernels import inverted_file as kernels
from lookalike.kernels.byte_codes import LENGTH, MEAN, SCALE, TAIL
from lookalike.kernels.inverted_file import EMPTY, search
from lookalike.kernels.inverted_file_calls import search_bytes, table_of
from lookalike.kernels.inverted_file_needs import needs
from lookalike.kernels.simd import SIDE
from lookalike.search.geometry import (
    Euclidean,
    Geometry,
    InnerProduct,
    inverse_norms,
)
from lookalike.search.index import ExactIndex, _geometry
from lookalike.search.lloyd import centres_of, move, nearest_centre
from lookalike.search.rotation import CHUNK, SAMPLE, aligned, principal_axes
from lookalike.search.rows import narrowest, norms_for, queries_for

BYTE, INDEX = np.dtype(np.uint8), np.dtype(np.int64)  # known faster than by name
LINE = 64
FACTOR = 2.0  # lists, for each row of the square root of all
LEARNED = 100  # rows from which a centre is learned
ROUNDS = 10  # of assigning and averaging
GRAIN = 64  # queries a slice
How = tuple[int, int, float, float]
"""Metric, width, reach, near: see ``kernels.inverted_file.search``."""


class ByteCodes:
    """Leading principal coordinates of lifted rows, one byte each.

    The axes are turned at random among themselves, so that all coordinates spread
    alike and one scale serves all.

    Parameters
    ----------
    exact : ExactIndex
    n_axes : int
        Coordinates of a code, if the rows have so many.

    Attributes
    ----------
    axes, centre, coded, steps, units : see ``kernels.inverted_file.InvertedFile``
    """

    def __init__(
        self, exact: ExactIndex, n_axes: int, rng: np.random.Generator
    ) -> None:
        X = exact.catalogue()
        geometry = _geometry(exact.metric, X)
        assert geometry is not None
        self.geometry = geometry
        sample = geometry.lift(X[:: -(-len(X) // SAMPLE)])
        self._mean = sample.mean(axis=0)
        sample -= self._mean
        n_axes = min(n_axes, sample.shape[1])
        # Many small products gain little from threads, and where there are fewer cores
        # than threads these wait for each other longer than all the rest takes.
        with blas_threads(1, len(X)):
            axes = principal_axes(sample, n_axes) @ _turn(n_axes, rng)
        largest = float(np.quantile(np.abs(sample @ axes), 0.9999))
        self._scale = 127.0 / largest if largest > 0.0 else 1.0
        axes *= self._scale
        if exact.rows.itemsize == 1:  # then queries can be encoded by integers
            unit = _unit(axes)
            axes = np.rint(axes / unit) * unit
        self._long = axes
        self._finish(X.shape[1])

    def _finish(self, n_features: int) -> None:
        """What queries are encoded by."""
        mean, squared = self._mean, self._scale**2
        n_axes = self._long.shape[1]
        n_lines = -(-(n_axes + TAIL) // LINE)
        axes = np.zeros((len(mean), LINE * n_lines))
        axes[:, :n_axes] = self._long
        centre = mean @ axes
        axes[:, MEAN] = squared * mean
        centre[SCALE], centre[LENGTH] = squared, squared * (mean @ mean)
        # The coordinate that inner products are lifted by is zero for queries.
        short = np.ascontiguousarray(axes[:n_features], np.float32)
        self._take(short, centre.astype(np.float32))

    @classmethod
    def of_parts(cls, geometry: Geometry, axes: Array, centre: Array) -> "ByteCodes":
        """The codes that others were, less what encodes rows."""
        codes = cls.__new__(cls)
        codes.geometry = geometry
        codes._take(axes, centre)
        return codes

    def _take(self, axes: Array, centre: Array) -> None:
        self.axes, self.centre = axes, centre
        self.coded = np.where(axes.any(axis=0), 255, 0).astype(np.uint8)
        self.coded[-TAIL:] = 0
        self.steps, self.units = _in_steps(axes)

    def of(self, X: Array) -> tuple[Array, Array]:
        """Codes int8 (n, n_axes) of rows, and squared lengths int32 in their units."""
        codes = np.empty((len(X), self._long.shape[1]), np.int8)
        squares = np.empty(len(X), np.int32)
        for first in range(0, len(X), CHUNK):
            part = slice(first, first + CHUNK)
            centred = self.geometry.lift(X[part]) - self._mean
            codes[part] = np.clip(np.rint(centred @ self._long), -127, 127)
            # What the code leaves out counts as if it were square to the query's.
            full = np.einsum("ij,ij->i", centred, centred) * self._scale**2
            squares[part] = np.minimum(np.rint(full), 2.0**28)
        return codes, squares


def _turn(n: int, rng: np.random.Generator) -> Floats:
    """A random rotation of n coordinates."""
    turn: Floats = np.linalg.qr(rng.standard_normal((n, n)))[0]
    return turn


def _unit(axes: Array) -> float:
    """What all entries of the axes are multiples of once they are rounded to a byte."""
    return float(np.abs(axes).max()) / 127.0 or 1.0


def _in_steps(axes: Array) -> tuple[Array, Array]:
    """The axes as multiples, and of what; no multiples where they are none.

    The mean, which only tells how far a query is from it, is rounded to some.
    """
    units = np.zeros(axes.shape[1])
    others = np.ones(len(units), bool)
    others[MEAN] = False
    units[MEAN] = _unit(axes[:, MEAN])
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


def in_panels(
    codes: Array, squares: Array, places: Ints, n: int, signed: bool
) -> Array:
    """Codes and starts as ``kernels.inverted_file.InvertedFile.panels`` has them.

    places : int64, of each code, below 16 * n
    n      : panels
    """
    n_quads = -(-codes.shape[1] // 4)
    laid = np.zeros((SIDE * n, n_quads + 1, 4), np.int8)
    laid.view(np.int32)[:, -1, 0] = EMPTY
    flat = laid.reshape(len(laid), -1)
    flat[places, : codes.shape[1]] = codes
    starts = squares + 256 * codes.sum(axis=1, dtype=np.int32)
    laid.view(np.int32)[places, -1, 0] = starts
    if not signed:
        laid[:, :-1] ^= -128
        laid[np.setdiff1d(np.arange(len(laid)), places), :-1] = 0
    panels = aligned((n, n_quads + 1, SIDE, 4), np.int8 if signed else np.uint8)
    kind = panels.dtype
    panels[:] = laid.view(kind).reshape(n, SIDE, n_quads + 1, 4).transpose(0, 2, 1, 3)
    return panels


class InvertedFile:
    """Approximate search over the rows of an exact index.

    Parameters
    ----------
    exact : ExactIndex
        Its rows are searched, and its distance decides in the end.
    codes : ByteCodes
    panels : int8 or uint8 array of shape (n_panels, n_quads + 1, 16, 4)
    rows : int32 array of shape (n_panels * 16,)
    first : int64 array of shape (n_lists + 1,)
    centres : array like panels
        See ``kernels.inverted_file.InvertedFile`` for all of these.
    """

    def __init__(
        self,
        exact: ExactIndex,
        codes: ByteCodes,
        panels: Array,
        rows: Array,
        first: Ints,
        centres: Array,
    ) -> None:
        self._exact = exact
        self.codes = codes
        self.parts = kernels.InvertedFile(
            panels,
            _starts(panels),
            rows,
            first,
            centres,
            _starts(centres),
            codes.axes,
            codes.centre,
            codes.coded,
            codes.steps,
            codes.units,
        )
        self._rows = (exact.rows, exact.norms)
        table, length = table_of(self.parts, *self._rows), _length(codes.geometry)
        self._about = (table, length, exact._code)
        self._by_address = panels.dtype == exact.rows.dtype == np.int8

    @classmethod
    def build(
        cls,
        exact: ExactIndex,
        n_axes: int,
        signed: bool,
        learned_from: Ints,
        rng: np.random.Generator,
        n_jobs: int | None,
        lists: Ints | None = None,
    ) -> "InvertedFile":
        """Learn codes and centres, and put every row into its list.

        signed : codes for the processor's instruction, else for plain loops
        learned_from : rows that centres may be learned from
        lists : of each row, where they are known, from ``lists``
        """
        X = exact.catalogue()
        codes = ByteCodes(exact, n_axes, rng)
        coded, squares = codes.of(X)
        n_lists = min(round(FACTOR * len(X) ** 0.5), len(learned_from))
        learned_from = learned_from[: LEARNED * n_lists]
        some = coded[learned_from].astype(np.float32)
        if lists is None:
            centres = centres_of(some, n_lists, ROUNDS, n_jobs)
            lists = nearest_centre(coded.astype(np.float32), centres, n_jobs)
        else:
            centres = np.zeros((n_lists, some.shape[1]), np.float32)
            move(centres, some, lists[learned_from])
        order = np.argsort(lists, kind="stable")
        sizes = np.bincount(lists, minlength=n_lists)
        first = np.concatenate([[0], np.cumsum(-(-sizes // SIDE))])
        # The places of a list begin with its first panel.
        before = np.cumsum(sizes) - sizes
        places = np.arange(len(X)) + np.repeat(SIDE * first[:-1] - before, sizes)
        rows = np.zeros(SIDE * first[-1], np.int32)
        rows[places] = order
        n_panels = int(first[-1])
        panels = in_panels(coded[order], squares[order], places, n_panels, signed)
        rounded = np.clip(np.rint(centres), -127, 127).astype(np.int8)
        lengths = np.rint((centres.astype(np.float64) ** 2).sum(axis=1))
        every = np.arange(n_lists)
        n_panels = -(-n_lists // SIDE)
        kept = in_panels(rounded, lengths.astype(np.int32), every, n_panels, signed)
        return cls(exact, codes, panels, rows, first, kept)

    @property
    def memory(self) -> int:
        """Bytes held beside the exact index."""
        twice = self.parts.starts.nbytes + self.parts.centre_starts.nbytes
        return sum(part.nbytes for part in self.parts) - twice

    @property
    def places(self) -> Ints:
        """Where each row stands among the panels, int64 (n_samples,)."""
        places = np.empty(len(self._exact.rows), np.int64)
        taken = np.flatnonzero(self.parts.starts[:, -1].ravel() != EMPTY)
        places[self.parts.rows[taken]] = taken
        return places

    @property
    def lists(self) -> Ints:
        """In which list each row stands, int64 (n_samples,)."""
        panels = self.places // SIDE
        return np.searchsorted(self.parts.first, panels, "right") - 1

    def nearest(
        self,
        Q: Array,
        k: int,
        width: int,
        reach: float,
        near: float,
        n_jobs: int | None,
    ) -> tuple[Floats, Ints]:
        """The k nearest rows that are found; Euclidean distances stay squared.

        Q is C-contiguous, uint8, float32 or float64.
        ``kernels.inverted_file.search`` says what the other parameters are.
        """
        shape = (len(Q), k)
        distances, indices = np.empty(shape), np.empty(shape, INDEX)
        if len(Q) <= GRAIN and self._by_address and Q.dtype == BYTE:
            # A thread's start, and even a slice, is more than a search.
            table, length, metric = self._about
            fewest = search_bytes(
                table, Q, length, metric, width, reach, near, distances, indices
            )
            if fewest == k:
                return distances, indices
        else:
            how = (self._about[2], width, reach, near)
            self._search(Q, how, n_jobs, distances, indices)
        short = np.flatnonzero(indices[:, -1] < 0)
        if len(short) > 0:  # lists that are near hold too few rows
            distances[short], indices[short] = self._exact.nearest(Q[short], k, n_jobs)
        return distances, indices

    def _search(
        self, Q: Array, how: How, n_jobs: int | None, distances: Floats, indices: Ints
    ) -> None:
        """Search in slices; bytes are read as they are."""
        as_bytes = self._by_address and Q.dtype == BYTE
        prepared: Any = ()
        if not as_bytes:
            prepared = (self.parts, *self._rows, *self._queries(Q), *how)

        def work(first: int, last: int) -> None:
            some = slice(first, last)
            if as_bytes:
                table, length, _ = self._about
                given = (table, Q[some], length, *how)
                search_bytes(*given, distances[some], indices[some])
            else:
                search(*prepared, first, last, distances, indices)

        run_slices(work, len(Q), n_jobs, grain=GRAIN)

    def needs(
        self, Q: Array, truth: Ints, k: int, reach: float, n_jobs: int | None
    ) -> tuple[Floats, Floats]:
        """How far a search for k must reach to find rows, and how near compare.

        ``kernels.inverted_file_needs.needs`` says what that is.
        """
        rows, _, _, factors, squares = self._queries(Q)
        reaches, nears = np.empty(truth.shape), np.empty(truth.shape)
        given = (self.parts, self.places, truth, rows, factors, squares, k, reach)

        def work(first: int, last: int) -> None:
            needs(*given, first, last, reaches, nears)

        run_slices(work, len(Q), n_jobs, grain=GRAIN)
        return reaches, nears

    def _queries(self, Q: Array) -> tuple[Array, Floats, Floats, Floats, Floats]:
        """Queries of any type as ``kernels.inverted_file.search`` asks for them."""
        exact = self._exact
        rows, shifts = queries_for(exact.rows, Q)
        norms = norms_for(exact._code, narrowest(Q))
        floats = Q.astype(np.float64)
        squares, factors = np.einsum("ij,ij->i", floats, floats), np.ones(len(Q))
        length = self._about[1]
        if length > 0.0:
            factors = length * inverse_norms(floats)
            squares = length**2 * (squares > 0.0)
        return rows, norms, shifts, factors, squares


def _starts(panels: Array) -> Array:
    """The same memory, read four bytes at a time."""
    return panels.view(np.int32)[..., 0]


def _length(geometry: Geometry) -> float:
    """What queries are scaled to before they are encoded, 0 leaves them as they are."""
    if isinstance(geometry, InnerProduct):
        return float(np.sqrt(geometry.squared_length))
    return 0.0 if isinstance(geometry, Euclidean) else 1.0
