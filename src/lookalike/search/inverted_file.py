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

from collections.abc import Mapping
from typing import Any

import numpy as np

from lookalike._parallel import run_slices
from lookalike._typing import Array, Floats, Ints
from lookalike.kernels import inverted_file as kernels
from lookalike.kernels import simd
from lookalike.kernels.byte_codes import TAIL
from lookalike.kernels.inverted_file import EMPTY, search
from lookalike.kernels.inverted_file_calls import search_bytes, table_of
from lookalike.kernels.inverted_file_needs import needs
from lookalike.kernels.simd import SIDE
from lookalike.search.byte_codes import LINE, ByteCodes
from lookalike.search.geometry import (
    Euclidean,
    Geometry,
    InnerProduct,
    inverse_norms,
)
from lookalike.search.index import ExactIndex
from lookalike.search.lloyd import centres_of, move, nearest_centre
from lookalike.search.memory import aligned, for_kernels
from lookalike.search.rows import narrowest, norms_for, queries_for

BYTE, INDEX = np.dtype(np.uint8), np.dtype(np.int64)  # known faster than by name
FACTOR = 2.0  # lists, for each row of the square root of all
LEARNED = 100  # rows from which a centre is learned
ROUNDS = 10  # of assigning and averaging
GRAIN = 64  # queries a slice
How = tuple[int, int, float, float]
"""Metric, width, search_radius, rerank_ratio: see ``kernels.inverted_file.search``."""


def in_panels(
    codes: Array, squares: Array, positions: Ints, n: int, signed: bool
) -> Array:
    """Codes and starts as ``kernels.inverted_file.InvertedFile.panels`` has them.

    positions : int64, of each code, below 16 * n
    n      : panels
    """
    n_quads = -(-codes.shape[1] // 4)
    laid = np.zeros((SIDE * n, n_quads + 1, 4), np.int8)
    laid.view(np.int32)[:, -1, 0] = EMPTY
    flat = laid.reshape(len(laid), -1)
    flat[positions, : codes.shape[1]] = codes
    starts = squares + 256 * codes.sum(axis=1, dtype=np.int32)
    laid.view(np.int32)[positions, -1, 0] = starts
    if not signed:
        laid[:, :-1] ^= -128
        laid[np.setdiff1d(np.arange(len(laid)), positions), :-1] = 0
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
        self._exact, self._geometry = exact, codes.geometry
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
        self._about = (table, length, exact.code)
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
        # The positions of a list begin with its first panel.
        before = np.cumsum(sizes) - sizes
        positions = np.arange(len(X)) + np.repeat(SIDE * first[:-1] - before, sizes)
        rows = np.zeros(SIDE * first[-1], np.int32)
        rows[positions] = order
        n_panels = int(first[-1])
        panels = in_panels(coded[order], squares[order], positions, n_panels, signed)
        rounded = np.clip(np.rint(centres), -127, 127).astype(np.int8)
        lengths = np.rint((centres.astype(np.float64) ** 2).sum(axis=1))
        every = np.arange(n_lists)
        n_panels = -(-n_lists // SIDE)
        kept = in_panels(rounded, lengths.astype(np.int32), every, n_panels, signed)
        return cls(exact, codes, panels, rows, first, kept)

    def __reduce__(self) -> tuple[Any, ...]:
        # Made again: addresses do not outlive a copy, nor do two views of one memory.
        return _of_state, (self.state(), self._exact, self._geometry)

    def state(self) -> dict[str, Array]:
        """Arrays from which ``from_state`` makes this again over the same index."""
        parts = self.parts
        arrays = {"panels": parts.panels, "rows": parts.rows, "first": parts.first}
        arrays |= {"centres": parts.centre_panels}
        return arrays | {"axes": parts.axes, "centre": parts.centre}

    @classmethod
    def from_state(
        cls, arrays: Mapping[str, Array], exact: ExactIndex
    ) -> "InvertedFile":
        """The inverted file whose ``state`` this is; it answers where ``runs_here``.

        Raises
        ------
        ValueError
            If the arrays do not belong together: kernels would read outside them.
        """
        held = _for_kernels(arrays)
        _check(held, exact)
        if exact.filter is None:
            raise ValueError("index and lists do not belong together.")
        return _of_state(held, exact, exact.filter.geometry)

    @staticmethod
    def runs_here(arrays: Mapping[str, Array]) -> bool:
        """Whether the codes of a ``state`` are for the instructions used here."""
        elsewhere = np.uint8 if simd.HAS_VNNI else np.int8
        return bool(arrays["panels"].dtype != elsewhere)

    @property
    def memory(self) -> int:
        """Bytes held beside the exact index."""
        twice = self.parts.starts.nbytes + self.parts.centre_starts.nbytes
        return sum(part.nbytes for part in self.parts) - twice

    @property
    def positions(self) -> Ints:
        """Where each row stands among the panels, int64 (n_samples,)."""
        positions = np.empty(len(self._exact.rows), np.int64)
        taken = np.flatnonzero(self.parts.starts[:, -1].ravel() != EMPTY)
        positions[self.parts.rows[taken]] = taken
        return positions

    @property
    def lists(self) -> Ints:
        """In which list each row stands, int64 (n_samples,)."""
        panels = self.positions // SIDE
        return np.searchsorted(self.parts.first, panels, "right") - 1

    def nearest(
        self,
        Q: Array,
        k: int,
        width: int,
        search_radius: float,
        rerank_ratio: float,
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
                table,
                Q,
                length,
                metric,
                width,
                search_radius,
                rerank_ratio,
                distances,
                indices,
            )
            if fewest == k:
                return distances, indices
        else:
            how = (self._about[2], width, search_radius, rerank_ratio)
            self._search(Q, how, n_jobs, distances, indices)
        short = np.flatnonzero(indices[:, -1] < 0)
        if len(short) > 0:  # the lists read hold too few rows
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
        self, Q: Array, truth: Ints, k: int, search_radius: float, n_jobs: int | None
    ) -> tuple[Floats, Floats]:
        """The search radius and rerank ratio with which a search for k finds each row.

        ``kernels.inverted_file_needs.needs`` says what that is.
        """
        rows, _, _, factors, squares = self._queries(Q)
        search_radii, rerank_ratios = np.empty(truth.shape), np.empty(truth.shape)
        given = (
            self.parts,
            self.positions,
            truth,
            rows,
            factors,
            squares,
            k,
            search_radius,
        )

        def work(first: int, last: int) -> None:
            needs(*given, first, last, search_radii, rerank_ratios)

        run_slices(work, len(Q), n_jobs, grain=GRAIN)
        return search_radii, rerank_ratios

    def _queries(self, Q: Array) -> tuple[Array, Floats, Floats, Floats, Floats]:
        """Queries of any type as ``kernels.inverted_file.search`` takes them."""
        exact = self._exact
        rows, shifts = queries_for(exact.rows, Q)
        norms = norms_for(exact.code, narrowest(Q))
        floats = Q.astype(np.float64)
        squares, factors = np.einsum("ij,ij->i", floats, floats), np.ones(len(Q))
        length = self._about[1]
        if length > 0.0:
            factors = length * inverse_norms(floats)
            squares = length**2 * (squares > 0.0)
        return rows, norms, shifts, factors, squares


def _for_kernels(arrays: Mapping[str, Array]) -> dict[str, Array]:
    at_line = ("panels", "centres")
    return {k: for_kernels(a, at_line=k in at_line) for k, a in arrays.items()}


def _of_state(
    arrays: Mapping[str, Array], exact: ExactIndex, geometry: Geometry
) -> InvertedFile:
    """The inverted file of these arrays, which belong together."""
    held = _for_kernels(arrays)
    codes = ByteCodes.of_parts(geometry, held["axes"], held["centre"])
    keys = ("panels", "rows", "first", "centres")
    return InvertedFile(exact, codes, *(held[key] for key in keys))


def _check(held: Mapping[str, Array], index: ExactIndex) -> None:
    panels, centres, first = held["panels"], held["centres"], held["first"]
    rows, axes = held["rows"], held["axes"]
    good = (
        panels.dtype in (np.int8, np.uint8)
        and panels.ndim == centres.ndim == 4
        and panels.shape[2:] == centres.shape[2:] == (SIDE, 4)
        and panels.dtype == centres.dtype
        and 2 <= panels.shape[1] == centres.shape[1]
        and first.dtype == np.int64
        and first.ndim == 1
        and first[0] == 0
        and first[-1] == len(panels)
        and bool((np.diff(first) >= 0).all())
        and 0 < len(first) - 1 <= SIDE * len(centres) < len(first) - 1 + SIDE
        and rows.dtype == np.int32
        and rows.shape == (SIDE * len(panels),)
        and 0 <= rows.min() <= rows.max() < len(index.rows)
        and axes.dtype == held["centre"].dtype == np.float32
        and axes.ndim == 2
        and len(axes) == index.n_features
        and axes.shape[1] % LINE == 0
        and 4 * (panels.shape[1] - 1) <= axes.shape[1] - TAIL
        and held["centre"].shape == axes.shape[1:]
    )
    if not good:
        raise ValueError("index and lists do not belong together.")


def _starts(panels: Array) -> Array:
    """The same memory, read four bytes at a time."""
    return panels.view(np.int32)[..., 0]


def _length(geometry: Geometry) -> float:
    """The length to which queries are scaled before encoding; 0 is none."""
    if isinstance(geometry, InnerProduct):
        return float(np.sqrt(geometry.squared_length))
    return 0.0 if isinstance(geometry, Euclidean) else 1.0
