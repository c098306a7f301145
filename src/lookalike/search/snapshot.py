"""An immutable snapshot of a catalogue: what a search reads.

Rows lie in two segments: those that were there when the index was built, and those that
were added since. A row that was removed or replaced stays where it is and is no longer
live. Every row has a *position*; the catalogue is the live rows in the order of their
positions.
"""

from collections.abc import Set
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_array

from lookalike._typing import Array, Floats, Ints
from lookalike.search.filtered import floors_of, nearest_among, scanning_pays
from lookalike.search.index import ExactIndex
from lookalike.search.rows import KINDS, check_rows

NO_IDS = np.empty(0, np.int64)


@dataclass(frozen=True)
class Found:
    """Answers to a batch of queries, nearest first, ties in catalogue order.

    Every query has the same number of answers: k, or all items if they are fewer.
    """

    ids: Array  # (n_queries, n_found)
    distances: Floats  # (n_queries, n_found)


class Engine(Protocol):
    """An index of another kind over the same rows, such as ``ApproximateNeighbors``."""

    def fit(self, X: Array) -> Any:
        """Index rows."""
        ...

    def kneighbors(self, X: Array, n_neighbors: int) -> tuple[Floats, Ints]:
        """Distances and rows of as many neighbours, nearest first."""
        ...


@dataclass(frozen=True)
class Segment:
    """Rows that share an index.

    index  : over the rows, dead ones among them
    ids    : (n_rows,) int64 or text; a live row's id is on no other live row
    positions : (n_rows,) int64
    order  : (n_rows,) what sorts the ids, all different; None for rows that are few
    live   : (n_rows,) bool
    chosen : (n_live,) the live rows in the order of their positions
    floors : what hides the dead rows, None while there are none
    engine : answers where nothing is filtered, None for the index itself
    """

    index: ExactIndex
    ids: Array
    positions: Ints
    order: Ints | None
    live: Array
    chosen: Ints
    floors: Array | None = None
    engine: Engine | None = None

    @classmethod
    def of(
        cls,
        index: ExactIndex,
        ids: Array,
        positions: Ints,
        order: Ints | None,
        live: Array,
    ) -> "Segment":
        """A segment; ``chosen`` and ``floors`` follow from the rest."""
        chosen = np.flatnonzero(live)
        chosen = chosen[np.argsort(positions[chosen], kind="stable")]
        some_dead = index.filter is not None and len(chosen) < len(live)
        floors = floors_of(index, chosen) if some_dead else None
        return cls(index, ids, positions, order, live, chosen, floors)

    def without(self, rows: Ints) -> "Segment":
        """The segment with these rows no longer live."""
        live = self.live.copy()
        live[rows] = False
        segment = Segment.of(self.index, self.ids, self.positions, self.order, live)
        return replace(segment, engine=self.engine)

    def find(self, ids: Array) -> Ints:
        """The live row of each id, -1 where there is none; ids without repetition."""
        assert self.order is not None
        at = np.searchsorted(self.ids, ids, sorter=self.order)
        rows = self.order[np.minimum(at, len(self.ids) - 1)]
        return np.where((self.ids[rows] == ids) & self.live[rows], rows, -1)

    def rows_with(self, ids: Array) -> Ints:
        """The live rows with these ids, in the order of their positions."""
        if self.order is None or 20 * len(ids) > len(self.ids):
            rows = np.flatnonzero(np.isin(self.ids, ids) & self.live)
        else:
            rows = np.unique(self.find(ids))
            rows = rows[rows >= 0]
        return rows[np.argsort(self.positions[rows], kind="stable")]

    def nearest(
        self, Q: Array, k: int, rows: Ints | None, n_jobs: int | None
    ) -> tuple[Floats, Ints]:
        """Distances and rows of the nearest of ``rows``, None for all live ones."""
        if rows is not None:
            return nearest_among(self.index, Q, rows, k, n_jobs)
        k = min(k, len(self.chosen))
        if self.engine is not None and k > 0 and len(Q) > 0:
            return self._by_engine(self.engine, Q, k, n_jobs)
        return self._by_index(Q, k, n_jobs)

    def _by_engine(
        self, engine: Engine, Q: Array, k: int, n_jobs: int | None
    ) -> tuple[Floats, Ints]:
        """Search for spare rows if some are dead; exactly where too few are live."""
        # An engine guarantees its recall for a number of rows, and may be slow beyond.
        most = getattr(engine, "n_neighbors", 2 * k)
        spare = max(0, min(k, most - k)) if self.floors is not None else 0
        distances, rows = engine.kneighbors(Q, min(k + spare, len(self.ids)))
        if self.index.metric == "euclidean":
            distances = distances**2  # of which the root is the same again
        dead = ~self.live[rows]
        order = np.argsort(dead, axis=1, kind="stable")[:, :k]
        short = np.take_along_axis(dead, order, 1).any(axis=1)
        distances = np.take_along_axis(distances, order, 1)
        rows = np.take_along_axis(rows, order, 1)
        if short.any():
            distances[short], rows[short] = self._by_index(Q[short], k, n_jobs)
        return distances, rows

    def _by_index(self, Q: Array, k: int, n_jobs: int | None) -> tuple[Floats, Ints]:
        if k == 0 or scanning_pays(self.index, len(self.chosen), len(Q), k):
            return nearest_among(self.index, Q, self.chosen, k, n_jobs)
        if self.floors is None:
            return self.index.nearest(Q, k, n_jobs)
        return self.index.nearest(Q, k, n_jobs, floors=self.floors)


class Snapshot:
    """The catalogue between two changes: immutable.

    Parameters
    ----------
    segments : tuple of Segment
        The indexed rows, and those added since; either may be missing.
    metric : str
    n_features : int or None
        None before the first row.
    no_ids : ndarray of shape (0,)
        Of the type that the ids have.
    """

    def __init__(
        self,
        segments: tuple[Segment, ...],
        metric: str,
        n_features: int | None,
        no_ids: Array,
    ) -> None:
        self.segments = segments
        self.metric = metric
        self.n_features = n_features
        self.no_ids = no_ids
        self._slots: Ints | None = None

    def __len__(self) -> int:
        """How many items there are."""
        return sum(len(segment.chosen) for segment in self.segments)

    def __contains__(self, id: object) -> bool:
        try:
            ids = check_ids([id])
            check_kind(ids, self.no_ids)
        except ValueError:
            return False
        return any(len(segment.rows_with(ids)) > 0 for segment in self.segments)

    @property
    def ids(self) -> Array:
        """The ids in catalogue order, the order in which they first came."""
        ids: Array = np.concatenate(
            [self.no_ids, *(segment.ids for segment in self.segments)]
        )
        return ids[self.slots()]

    def slots(self) -> Ints:
        """The slot of each item in catalogue order: its row, over all segments."""
        if self._slots is None:
            slots, positions, start = [NO_IDS], [NO_IDS], 0
            for segment in self.segments:
                slots.append(start + segment.chosen)
                positions.append(segment.positions[segment.chosen])
                start += len(segment.ids)
            order = np.argsort(np.concatenate(positions), kind="stable")
            # Two readers may both get here; they store the same.
            self._slots = np.concatenate(slots)[order]
        return self._slots

    def search(
        self,
        Q: ArrayLike,
        k: int,
        where: ArrayLike | Set[Any] | None = None,
        n_jobs: int | None = None,
    ) -> Found:
        """The k nearest items of each query, or of those that ``where`` lets through.

        Parameters
        ----------
        Q : array-like of shape (n_queries, n_features)
        k : int
            At least 0. If fewer items match, all of them are returned.
        where : array-like or set, default=None
            Booleans, one for each of ``ids``; or the ids that may be found, of which
            unknown ones are ignored.
        n_jobs : int or None, default=None
            Threads, as in scikit-learn. The answer does not depend on it.

        Returns
        -------
        Found
            With min(k, matches) columns.

        Raises
        ------
        ValueError
            If a parameter is not as described, or Q holds NaN or infinity.
        """
        if not isinstance(k, Integral) or isinstance(k, bool) or k < 0:
            raise ValueError(f"k must be an integer of at least 0, got {k!r}.")
        Q = check_vectors(Q, self.n_features, "Queries", self.metric)
        rows: list[Ints | None] = [None] * len(self.segments)
        if where is not None:
            rows = self._matching(where)
        answers = [
            segment.nearest(Q, int(k), some, n_jobs)
            for segment, some in zip(self.segments, rows, strict=True)
        ]
        return self._merged(answers, len(Q), int(k))

    def _merged(
        self, answers: list[tuple[Floats, Ints]], n_queries: int, k: int
    ) -> Found:
        if not answers:
            empty = np.empty((n_queries, 0))
            return Found(empty.astype(self.no_ids.dtype), empty)
        distances = np.hstack([d for d, _ in answers])
        segments = list(zip(self.segments, answers, strict=True))
        positions = np.hstack(
            [segment.positions[rows] for segment, (_, rows) in segments]
        )
        ids = np.hstack([segment.ids[rows] for segment, (_, rows) in segments])
        order = np.lexsort((positions, distances))[:, :k]
        distances = np.take_along_axis(distances, order, 1)
        if self.metric == "euclidean":
            np.sqrt(distances, out=distances)
        return Found(np.take_along_axis(ids, order, 1), distances)

    def _matching(self, where: ArrayLike | Set[Any]) -> list[Ints | None]:
        """The rows of each segment that ``where`` lets through, by their positions."""
        if isinstance(where, Set):
            where = list(where)
        mask = np.asarray(where)
        if mask.dtype == bool:
            if mask.shape != (len(self),):
                raise ValueError(
                    f"A mask must have one boolean for each of the {len(self)} items, "
                    f"got shape {mask.shape}."
                )
            return self._by_segment(self.slots()[mask])
        ids = check_ids(where)
        if len(ids) == 0:
            return [NO_IDS for _ in self.segments]
        check_kind(ids, self.no_ids)
        return [segment.rows_with(ids) for segment in self.segments]

    def _by_segment(self, slots: Ints) -> list[Ints | None]:
        rows: list[Ints | None] = []
        start = 0
        for segment in self.segments:
            stop = start + len(segment.ids)
            rows.append(slots[(slots >= start) & (slots < stop)] - start)
            start = stop
        return rows


def check_vectors(
    X: ArrayLike, n_features: int | None, name: str, metric: str
) -> Array:
    """A finite matrix as the index reads it, or a ValueError that says what is wrong.

    The kernels check neither for NaN and infinity nor for squares that overflow.
    """
    rows: Array = check_array(X, dtype=KINDS, order="C", ensure_min_samples=0)
    check_rows(rows, X, metric, name)
    if n_features is not None and rows.shape[1] != n_features:
        raise ValueError(
            f"{name} must have {n_features} features like the items, "
            f"got {rows.shape[1]}."
        )
    return rows


def check_ids(ids: Any) -> Array:
    """Ids as int64 or text, or a ValueError that says what is wrong with them."""
    array = np.asarray(ids)
    if array.ndim != 1:
        raise ValueError(f"Ids must come in one dimension, got shape {array.shape}.")
    if len(array) == 0:
        return NO_IDS
    if array.dtype.kind == "U":
        return _check_text(array, ids)
    if array.dtype.kind not in "iu":
        raise ValueError(
            f"Ids must be integers from -2**63 to 2**63 - 1, or text; "
            f"got {array.dtype} such as {array.flat[0]!r}."
        )
    if array.dtype.kind == "u" and array.max() > np.iinfo(np.int64).max:
        raise ValueError(f"Ids must be below 2**63, got {array.max()}.")
    return array.astype(np.int64)


def _check_text(array: Array, ids: Any) -> Array:
    # NumPy turns numbers beside text into text, and drops what ends in NUL.
    if not isinstance(ids, np.ndarray):
        for id in ids:
            if not isinstance(id, str):
                raise ValueError(f"Ids must be all integers or all text, got {id!r}.")
            if id.endswith("\0"):
                raise ValueError(f"An id must not end in NUL, got {id!r}.")
    return array


def check_kind(ids: Array, known: Array) -> None:
    """Refuse text among integers, and integers among text."""
    if ids.dtype.kind != known.dtype.kind:
        kinds = {"i": "integers", "U": "text"}
        raise ValueError(
            f"The ids here are {kinds[known.dtype.kind]}, "
            f"got {kinds[ids.dtype.kind]} such as {ids.tolist()[0]!r}."
        )
