"""An immutable snapshot of a catalogue: what a search reads.

Rows lie in two segments: those that were there when the index was built, and those that
were added since. A row that was removed or replaced stays where it is and is no longer
live. Every row has a *position*; the catalogue is the live rows in the order of their
positions.
"""

from collections.abc import Set
from dataclasses import dataclass, replace
from numbers import Integral, Real
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_array

from lookalike._typing import Array, Floats, Ints
from lookalike.search.filtered import floors_of, nearest_among, scanning_pays
from lookalike.search.ids import (
    NO_IDS,
    Ids,
    among,
    as_array,
    check_ids,
    check_kind,
    find,
    is_text,
    joined,
)
from lookalike.search.index import ExactIndex
from lookalike.search.rows import KINDS, check_rows


@dataclass(frozen=True)
class Found:
    """Answers to a batch of queries, nearest first, ties in catalogue order.

    Every query has the same number of answers: k, or all items if they are fewer.
    Within a radius it has its own: then both are arrays of objects of shape
    (n_queries,), which hold an array for each query.
    """

    ids: Array  # (n_queries, n_found), int64 or StringDType
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
    ids    : of the rows; a live row's id is on no other live row
    positions : (n_rows,) int64
    order  : (n_rows,) what sorts the ids, all different; None for rows that are few
    live   : (n_rows,) bool
    chosen : (n_live,) the live rows in the order of their positions
    floors : what hides the dead rows, None while there are none
    engine : answers where nothing is filtered, None for the index itself
    """

    index: ExactIndex
    ids: Ids
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
        ids: Ids,
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

    def find(self, ids: Ids) -> Ints:
        """The live row of each id, -1 where there is none."""
        if self.order is None:
            known = self.ids[self.chosen].tolist()
            row_of = dict(zip(known, self.chosen.tolist(), strict=True))
            return np.array([row_of.get(id, -1) for id in ids.tolist()], np.int64)
        rows = find(self.ids, self.order, ids)
        return np.where(self.live[rows], rows, -1)

    def rows_with(self, ids: Ids) -> Ints:
        """The live rows with these ids, in the order of their positions."""
        many = not is_text(ids) and 20 * len(ids) > len(self.ids)
        if self.order is None or many:
            rows = np.flatnonzero(among(self.ids, ids) & self.live)
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

    def within(
        self, Q: Array, radius: float, rows: Ints | None, n_jobs: int | None
    ) -> list[tuple[Floats, Ints]]:
        """The same for all that are no further away than ``radius``, query by query."""
        chosen = self.live
        if rows is not None:
            chosen = np.zeros(len(self.live), bool)
            chosen[rows] = True
        found = self.index.within(Q, radius, n_jobs)
        return [(d[chosen[near]], near[chosen[near]]) for d, near in found]

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
    no_ids : NO_IDS or NO_TEXTS
        Of the kind that the ids have.
    """

    def __init__(
        self,
        segments: tuple[Segment, ...],
        metric: str,
        n_features: int | None,
        no_ids: Ids,
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
        """The ids in catalogue order, int64 or ``StringDType``, shape (n_items,).

        That is the order in which they first came.
        """
        return as_array(self._ids_at(self.slots()))

    def _ids_at(self, slots: Ints) -> Ids:
        starts = self._starts()
        of = np.searchsorted(starts, slots, "right") - 1
        parts = [
            segment.ids[slots[of == at] - starts[at]]
            for at, segment in enumerate(self.segments)
        ]
        back = np.empty(len(slots), np.int64)
        back[np.argsort(of, kind="stable")] = np.arange(len(slots))
        return joined(parts, is_text(self.no_ids))[back]

    def _starts(self) -> Ints:
        """The first slot of each segment."""
        sizes = [len(segment.ids) for segment in self.segments]
        return np.cumsum([0, *sizes])[:-1]

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

    def search_radius(
        self,
        Q: ArrayLike,
        radius: float,
        where: ArrayLike | Set[Any] | None = None,
        n_jobs: int | None = None,
    ) -> Found:
        """All items no further than ``radius``, in units of the metric, nearest first.

        An item at exactly this distance is found. The other parameters, ties and errors
        are those of ``search``. Cost: a search, and a distance for each row that its
        bound lets through, those that ``where`` does not among them.

        Returns
        -------
        Found
            Of arrays of objects, shape (n_queries,): an array of ids and one of
            distances for each query.
        """
        if not isinstance(radius, Real) or isinstance(radius, bool) or radius != radius:
            raise ValueError(f"radius must be a number, got {radius!r}.")
        Q = check_vectors(Q, self.n_features, "Queries", self.metric)
        rows: list[Ints | None] = [None] * len(self.segments)
        if where is not None:
            rows = self._matching(where)
        answers = [
            segment.within(Q, float(radius), some, n_jobs)
            for segment, some in zip(self.segments, rows, strict=True)
        ]
        ids, distances = np.empty((2, len(Q)), object)
        for q in range(len(Q)):
            mine = [tuple(part[None] for part in answer[q]) for answer in answers]
            found = self._merged(mine, 1, sum(d.size for d, _ in mine))
            ids[q], distances[q] = found.ids[0], found.distances[0]
        return Found(ids, distances)

    def get(self, ids: ArrayLike) -> Floats:
        """The vectors of items, float64 (n_ids, n_features), as they were given.

        Raises
        ------
        ValueError
            If an id is not there.
        """
        wanted = check_ids(ids)
        vectors = np.empty((len(wanted), self.n_features or 0))
        missing = np.ones(len(wanted), bool)
        if len(wanted) and self.n_features is not None:
            check_kind(wanted, self.no_ids)
            for segment in self.segments:
                rows = segment.find(wanted)
                here = rows >= 0
                vectors[here] = segment.index.catalogue(rows[here])
                missing &= ~here
        if missing.any():
            raise ValueError(f"{wanted[missing].tolist()[0]!r} is not there.")
        return vectors

    def _merged(
        self, answers: list[tuple[Floats, Ints]], n_queries: int, k: int
    ) -> Found:
        if not answers:
            empty = np.empty((n_queries, 0))
            return Found(as_array(self.no_ids).reshape(empty.shape), empty)
        distances = np.hstack([d for d, _ in answers])
        segments = list(zip(self.segments, answers, strict=True))
        positions = np.hstack(
            [segment.positions[rows] for segment, (_, rows) in segments]
        )
        starts = self._starts()
        slots = np.hstack(
            [start + rows for start, (_, rows) in zip(starts, answers, strict=True)]
        )
        order = np.lexsort((positions, distances))[:, :k]
        distances = np.take_along_axis(distances, order, 1)
        if self.metric == "euclidean":
            np.sqrt(distances, out=distances)
        slots = np.take_along_axis(slots, order, 1)
        ids = as_array(self._ids_at(slots.ravel()))
        return Found(ids.reshape(slots.shape), distances)

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
