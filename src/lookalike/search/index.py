"""Catalogue, codes and kernels put together: k nearest, or all within a radius."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from lookalike._parallel import blas_threads, run_slices
from lookalike._typing import Array, Floats, Ints
from lookalike.kernels import simd
from lookalike.kernels.best import k_smallest
from lookalike.kernels.distances import (
    COSINE,
    INNER_PRODUCT,
    MANHATTAN,
    SQUARED_EUCLIDEAN,
    chosen_distances,
)
from lookalike.kernels.neighbors import BLOCK, Catalogue, Queries, nearest, within
from lookalike.kernels.simd import PANEL
from lookalike.kernels.tiled_distances import tiled_distances
from lookalike.search.forks import ForkSafeLock
from lookalike.search.geometry import geometry_of
from lookalike.search.memory import attributes_for_kernels, for_kernels
from lookalike.search.rotation import RotationFilter
from lookalike.search.rows import STEP, narrowest, norms_for, queries_for, stored
from lookalike.search.selection import in_order

CODES = {
    "euclidean": SQUARED_EUCLIDEAN,
    "sqeuclidean": SQUARED_EUCLIDEAN,
    "cosine": COSINE,
    "inner_product": INNER_PRODUCT,
    "manhattan": MANHATTAN,
}
METRICS = tuple(CODES)
MANY = 1_024  # more neighbours than this are sorted, not inserted
HELD = 4_000_000  # distances held at once where all are computed
NO_FLOORS = np.empty((0, PANEL), np.int32)  # every row may be found
_learning = ForkSafeLock(awaited=False)  # one filter at a time is learned anew


class ExactIndex:
    """Exact search over fixed rows; Euclidean distances stay squared.

    Input is not checked here: ``NearestNeighbors`` and ``Collection`` check it.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features), uint8, float32 or float64
    metric : one of METRICS
    n_neighbors : int
        The k that the filter is planned for; any other is answered too.
    filtered : bool
        Skip rows by the rotation filter (never for Manhattan).
    portable : bool
        Do not use the processor's integer instructions.
    """

    def __init__(
        self,
        X: Array,
        metric: str,
        n_neighbors: int,
        filtered: bool,
        portable: bool,
        n_jobs: int | None,
    ) -> None:
        given, X = X, narrowest(X)
        if X is given and X.dtype != np.uint8:  # bytes are copied by ``stored``
            X = X.copy()  # or whoever gave it could change the answers
        fast = simd.HAS_VNNI and not portable and metric != "manhattan"
        geometry = geometry_of(metric, X)
        self.metric = metric
        self.n_features: Any = X.shape[1]
        self._filter: RotationFilter | None = None
        self._plan: tuple[int, bool] | None = None
        with blas_threads(n_jobs, len(X)):
            self.code: int = CODES[metric]
            self.norms: Floats = norms_for(self.code, X)
            if geometry is not None and filtered:
                self._plan = (n_neighbors, fast)
                self._filter = RotationFilter(geometry, fast).fit(X, n_neighbors)
        self.rows: Array = stored(X, signed=fast)

    @classmethod
    def of_parts(
        cls,
        metric: str,
        n_features: int,
        rows: Array,
        norms: Floats,
        filter: RotationFilter | None,
    ) -> "ExactIndex":
        """An index of what another one held: rows as ``rows.stored`` makes them."""
        index = cls.__new__(cls)
        index.metric = metric
        index.n_features = n_features
        index.rows, index.norms = rows, norms
        index._filter, index._plan = filter, None
        index.code = CODES[metric]
        return index

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Arrays and a JSON document from which ``from_state`` makes the index."""
        arrays = {"rows": self.rows, "norms": self.norms}
        about: dict[str, Any] = {
            "metric": self.metric,
            "n_features": self.n_features,
            "filter": None,
        }
        if self.filter is not None:
            held, about["filter"] = self.filter.state()
            arrays |= held
        return arrays, about

    @classmethod
    def from_state(
        cls, arrays: Mapping[str, Array], about: Mapping[str, Any]
    ) -> "ExactIndex":
        """The index whose ``state`` this is; arrays may be mapped, and stay so.

        It answers only where ``runs_here`` holds.

        Raises
        ------
        ValueError
            If the arrays do not belong together: kernels would read outside them.
        """
        held = {k: for_kernels(a, at_line=k == "panels") for k, a in arrays.items()}
        metric, n_features = about["metric"], about["n_features"]
        rows, norms = held["rows"], held["norms"]
        width = n_features
        if rows.dtype in (np.int8, np.uint8):
            width = -(-width // STEP) * STEP
        good = metric in METRICS
        good = good and rows.dtype in (np.int8, np.uint8, np.float32, np.float64)
        good = good and rows.ndim == 2 and rows.shape[1] == width and len(rows) > 0
        if not good or norms.dtype != np.float64 or norms.shape != rows.shape[:1]:
            raise ValueError("rows and norms do not belong together.")
        found = None
        if about["filter"] is not None:
            shape = (len(rows), n_features)
            found = RotationFilter.from_state(held, about["filter"], metric, shape)
        return cls.of_parts(metric, n_features, rows, norms, found)

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update(attributes_for_kernels(state))

    @property
    def runs_here(self) -> bool:
        """Whether this processor has the instruction that the index was made for."""
        signed = self.rows.dtype == np.int8
        integers = self._filter is not None and self._filter.integers
        return simd.HAS_VNNI or not (signed or integers)

    @property
    def filter(self) -> RotationFilter | None:
        """The rotation filter, learned again if its memory was freed."""
        found = self._filter
        if found is not None or self._plan is None:
            return found
        with _learning:
            if self._filter is None:
                n_neighbors, integers = self._plan
                X = self.catalogue()
                geometry = geometry_of(self.metric, X)
                assert geometry is not None
                with blas_threads(None, len(X)):
                    made = RotationFilter(geometry, integers).fit(X, n_neighbors)
                self._filter = made
            return self._filter

    def forget_filter(self) -> None:
        """Free its memory, until it is needed again."""
        if self._plan is not None:
            self._filter = None

    @property
    def memory(self) -> int:
        """Bytes held."""
        parts = [self.rows, self.norms]
        found = self._filter
        if found is not None:
            parts += [found.panels, found.starts, found.mean]
            parts += [] if found.axes is None else [found.axes]
        return sum(part.nbytes for part in parts)

    @property
    def n_axes(self) -> int | None:
        """Leading coordinates compared first, None where all are."""
        if self.filter is None or self.filter.axes is None:
            return None
        return self.filter.axes.shape[1]

    def catalogue(self, chosen: Ints | slice = slice(None)) -> Array:
        """The rows, or the ``chosen`` ones, in the type in which they are held."""
        rows = self.rows[chosen, : self.n_features]
        if rows.dtype == np.int8:
            return rows.view(np.uint8) ^ np.uint8(128)
        return np.ascontiguousarray(rows)

    def nearest(
        self,
        Q: Array,
        k: int,
        n_jobs: int | None,
        work: Ints | None = None,
        floors: Array = NO_FLOORS,
    ) -> tuple[Floats, Ints]:
        """The k nearest rows, 1 <= k <= n_samples: distances and indices (n, k).

        work : int64 (n_queries, 2), zeros, receives how many rows the bounds left and
            how many distances were computed
        floors : which rows may be found, see ``kernels.neighbors.Catalogue``; then k
            is at most their number, and ``can_skip(k)`` holds
        """
        if not self.can_skip(k):
            return self._nearest_of_all(Q, k, n_jobs)
        catalogue, queries = self._encoded(Q, n_jobs, floors)
        distances = np.empty((len(Q), k))
        indices = np.empty((len(Q), k), np.int64)
        counted = np.zeros((len(Q), 2), np.int64) if work is None else work

        def search(first: int, last: int) -> None:
            nearest(
                catalogue,
                queries,
                self.code,
                first,
                last,
                distances,
                indices,
                counted,
            )

        run_slices(search, len(Q), n_jobs, grain=10 * BLOCK)
        return distances, indices

    def can_skip(self, k: int) -> bool:
        """Whether k neighbours are found without computing every distance."""
        return self.filter is not None and k <= MANY

    def nearest_of(
        self, chosen: Ints, Q: Array, k: int, n_jobs: int | None
    ) -> tuple[Floats, Ints]:
        """The k nearest of the ``chosen`` rows, 1 <= k <= n_chosen, by comparing them.

        Returns positions in ``chosen``; rows at equal distance come in its order.
        """
        return self._nearest_of_all(Q, k, n_jobs, chosen)

    def within(
        self, Q: Array, radius: float, n_jobs: int | None
    ) -> list[tuple[Floats, Ints]]:
        """Rows no further than ``radius``, sorted: distances and indices per query."""
        root = self.metric == "euclidean"
        if self.filter is None:
            return self._within_of_all(Q, radius, root, n_jobs)
        catalogue, queries = self._encoded(Q, n_jobs)
        counts = np.zeros(len(Q), np.int64)
        found: dict[int, tuple[Floats, Ints]] = {}

        def search(first: int, last: int) -> None:
            found[first] = within(
                catalogue, queries, self.code, radius, root, first, last, counts
            )

        run_slices(search, len(Q), n_jobs, grain=10 * BLOCK)
        ordered = [found[first] for first in sorted(found)]
        ends = np.cumsum(counts)[:-1]
        distances = np.split(np.concatenate([d for d, _ in ordered]), ends)
        indices = np.split(np.concatenate([i for _, i in ordered]), ends)
        return [in_order(d, i) for d, i in zip(distances, indices, strict=True)]

    def _encoded(
        self, Q: Array, n_jobs: int | None, floors: Array = NO_FLOORS
    ) -> tuple[Catalogue, Queries]:
        assert self.filter is not None
        with blas_threads(n_jobs, len(Q)):
            codes = self.filter.encode_queries(Q)
        rows, shifts = queries_for(self.rows, Q)
        catalogue = Catalogue(
            self.rows, self.norms, self.filter.panels, self.filter.starts, floors
        )
        queries = Queries(
            rows,
            norms_for(self.code, narrowest(Q)),
            shifts,
            codes.codes,
            codes.base,
            codes.slope,
            codes.error,
            codes.limit_offset,
        )
        return catalogue, queries

    def _every_distance(
        self, Q: Array, n_jobs: int | None, chosen: Ints | None = None
    ) -> Floats:
        rows, shifts = queries_for(self.rows, Q)
        norms = norms_for(self.code, narrowest(Q))
        out = np.empty((len(Q), len(self.rows) if chosen is None else len(chosen)))

        every = np.arange(len(self.rows)) if chosen is None else chosen

        def search(first: int, last: int) -> None:
            task = self.rows, self.norms, every, rows, norms
            where = self.code, first, last, out[first:last]
            if rows.itemsize == 1:
                chosen_distances(*task, shifts, *where)
            else:
                tiled_distances(*task, *where)

        run_slices(search, len(Q), n_jobs, grain=max(1, BLOCK // 4))
        return out

    def _nearest_of_all(
        self, Q: Array, k: int, n_jobs: int | None, chosen: Ints | None = None
    ) -> tuple[Floats, Ints]:
        distances = np.empty((len(Q), k))
        indices = np.empty((len(Q), k), np.int64)
        step = max(1, HELD // (len(self.rows) if chosen is None else len(chosen)))
        for first in range(0, len(Q), step):
            some = slice(first, first + step)
            every = self._every_distance(Q[some], n_jobs, chosen)
            k_smallest(every, distances[some], indices[some])
        return distances, indices

    def _within_of_all(
        self, Q: Array, radius: float, root: bool, n_jobs: int | None
    ) -> list[tuple[Floats, Ints]]:
        found = []
        step = max(1, HELD // len(self.rows))
        for first in range(0, len(Q), step):
            for row in self._every_distance(Q[first : first + step], n_jobs):
                near = np.flatnonzero((np.sqrt(row) if root else row) <= radius)
                found.append(in_order(row[near], near))
        return found
