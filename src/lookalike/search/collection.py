"""A catalogue that changes while it is searched.

A fast index is built for rows that do not change. So one index is kept, removed rows
are marked in it, and rows added since lie in a small *delta*, searched by brute force.
A search merges both answers. When the delta has grown, or many rows are dead, a new
index is built from the live rows beside the old one, and replaces it as a whole.

Readers see an immutable *snapshot*; a change makes another snapshot and publishes it by
one assignment. So a reader never waits and never sees half a change.
"""

import os
import threading
from collections.abc import Mapping, Set
from dataclasses import replace
from functools import partial
from numbers import Real
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone

from lookalike._arrays import named
from lookalike._checks import check_choice, check_whole
from lookalike._typing import Array, Floats, Ints
from lookalike.kernels import simd
from lookalike.search.approximate import ApproximateNeighbors
from lookalike.search.delta import Delta
from lookalike.search.exact import ALGORITHMS, SMALL
from lookalike.search.forks import ForkSafeLock
from lookalike.search.ids import (
    NO_IDS,
    NO_TEXTS,
    Ids,
    arrays_of,
    check_distinct,
    check_kind,
    from_arrays,
    is_text,
    joined,
    order_of,
)
from lookalike.search.index import METRICS, ExactIndex
from lookalike.search.snapshot import Engine, Found, Segment, Snapshot, check_vectors
from lookalike.search.storage import read_folder, write_folder

_PARAMETERS = ("metric", "n_neighbors", "algorithm", "rebuild_share")


class Collection:
    """Items with an id and a vector that are added, updated, removed and searched.

    Its answers are those of ``NearestNeighbors`` fitted to the live items, to the last
    bit. Catalogue order is that of a dictionary: an item that is updated stays where it
    was, one that is removed and added again comes last.

    Parameters
    ----------
    metric : str, default="euclidean"
        As for ``NearestNeighbors``, without "minkowski".
    n_neighbors : int, default=10
        The k that the index is planned for; any other is answered too.
    algorithm : {"auto", "brute", "rotation", "portable"}, default="auto"
        As for ``NearestNeighbors``.
    rebuild_share : float, default=0.02
        Most rows of the delta, as a share of the indexed rows, before the index is
        built again; 1,024 rows are always allowed. The index is also built again when
        a quarter of its rows is dead.
    background : bool, default=False
        Build it in a thread of its own, or within the call that made it necessary.
    n_jobs : int or None, default=None
        Threads of a search, as in scikit-learn. The answer does not depend on it.
    engine : estimator, default=None
        Such as ``ApproximateNeighbors``, of the same metric: copied, fitted to the rows
        and searched in place of the exact index wherever nothing is filtered. Where
        too many of its answers are dead, the exact index answers. What an
        ``ApproximateNeighbors`` has built is saved and loaded with the rest; another
        engine has to be given to ``load`` again, and answers after the next rebuild.

    Notes
    -----
    A search costs that of the index, and a distance for each row of the delta. A change
    of m items copies one byte an item of the catalogue, m rows, and the ids in the
    delta.

    Ids are integers of 64 bits or texts of at most 10,000 letters, of which each takes
    its own length. Lists and arrays hold them, and columns of a table. Texts come back
    as NumPy's ``StringDType``.

    It can be pickled, copied, and used on both sides of a fork. A copy has a fitted
    ``engine`` of another kind than ``ApproximateNeighbors`` only after its next
    rebuild.

    Examples
    --------
    >>> from lookalike.search import Collection
    >>> shop = Collection()
    >>> shop.add(["cup", "mug", "hat"], [[0.0, 1.0], [0.0, 2.0], [5.0, 5.0]])
    >>> shop.update(["hat"], [[0.0, 4.0]])
    >>> shop.remove(["mug"])
    >>> found = shop.search([[0.0, 3.0]], k=2)
    >>> found.ids, found.distances
    (array([['hat', 'cup']], dtype=StringDType()), array([[1., 2.]]))
    >>> shop.search([[0.0, 3.0]], k=2, where={"cup", "mug"}).ids.tolist()
    [['cup']]
    """

    _snapshot: Snapshot  # what readers see; the rest is a writer's
    _base: Segment | None
    _delta: Delta
    _delta_live: Array
    _delta_row: dict[Any, int]  # row of each id that is live in the delta
    _next: int  # the position of the next item that is added
    _n_features: int | None
    _no_ids: Ids  # of the kind that the ids have
    _writing: ForkSafeLock
    _rebuilding: ForkSafeLock

    def __init__(
        self,
        metric: str = "euclidean",
        n_neighbors: int = 10,
        algorithm: str = "auto",
        rebuild_share: float = 0.02,
        background: bool = False,
        n_jobs: int | None = None,
        engine: Engine | None = None,
    ) -> None:
        _check_parameters(metric, n_neighbors, algorithm, rebuild_share, engine)
        self.metric = metric
        self.n_neighbors = n_neighbors
        self.algorithm = algorithm
        self.rebuild_share = rebuild_share
        self.background = background
        self.n_jobs = n_jobs
        self.engine = engine
        self._writing = ForkSafeLock(awaited=True)
        self._rebuilding = ForkSafeLock(awaited=False)
        self._next = 0
        self._n_features = None
        self._no_ids = NO_IDS
        self._delta_row = {}
        self._publish(None, self._new_delta(), np.empty(0, bool))

    def __len__(self) -> int:
        """How many items there are."""
        return len(self._snapshot)

    def __contains__(self, id: object) -> bool:
        return id in self._snapshot

    @property
    def ids(self) -> Array:
        """The ids in catalogue order, int64 or ``StringDType``, shape (n_items,)."""
        return self._snapshot.ids

    def snapshot(self) -> Snapshot:
        """The catalogue as it is now: all searches of a snapshot see the same items.

        A mask over the catalogue belongs to the snapshot whose ``ids`` it was made
        from.
        """
        return self._snapshot

    def search(
        self, Q: ArrayLike, k: int, where: ArrayLike | Set[Any] | None = None
    ) -> Found:
        """The k nearest items of each query, see ``Snapshot.search``."""
        return self._snapshot.search(Q, k, where, self.n_jobs)

    def search_radius(
        self, Q: ArrayLike, radius: float, where: ArrayLike | Set[Any] | None = None
    ) -> Found:
        """All items within a radius of each query, see ``Snapshot.search_radius``."""
        return self._snapshot.search_radius(Q, radius, where, self.n_jobs)

    def get(self, ids: ArrayLike) -> Floats:
        """The vectors of items, see ``Snapshot.get``."""
        return self._snapshot.get(ids)

    def add(self, ids: ArrayLike, X: ArrayLike) -> None:
        """Add items; none of the ids may be there yet, or nothing is added."""
        with self._writing:
            new_ids, rows = self._checked(ids, X)
            known = self._find(new_ids) >= 0
            if known.any():
                id = new_ids[known].tolist()[0]
                raise ValueError(f"{id!r} is there already: update it instead.")
            positions = self._next + np.arange(len(new_ids))
            self._change(NO_IDS, new_ids, rows, positions)
            self._next += len(new_ids)
        self._rebuild_if_due()

    def update(self, ids: ArrayLike, X: ArrayLike) -> None:
        """Give items another vector; every id must be there, or nothing changes."""
        with self._writing:
            new_ids, rows = self._checked(ids, X)
            slots = self._find_all(new_ids)
            self._change(slots, new_ids, rows, self._positions(slots))
        self._rebuild_if_due()

    def upsert(self, ids: ArrayLike, X: ArrayLike) -> None:
        """Add the items that are not there, and update the others, all at once."""
        with self._writing:
            new_ids, rows = self._checked(ids, X)
            slots = self._find(new_ids)
            known = slots >= 0
            n_new = int((~known).sum())
            positions = np.empty(len(new_ids), np.int64)
            positions[known] = self._positions(slots[known])
            positions[~known] = self._next + np.arange(n_new)
            self._change(slots[known], new_ids, rows, positions)
            self._next += n_new
        self._rebuild_if_due()

    def remove(self, ids: ArrayLike) -> None:
        """Remove items; every id must be there, or nothing is removed."""
        with self._writing:
            self._change(self._find_all(check_distinct(ids)))
        self._rebuild_if_due()

    def rebuild(self) -> None:
        """Build the index again from what is there; readers and writers go on."""
        with self._rebuilding:
            self._rebuild()

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Arrays and a JSON document from which ``from_state`` makes this again.

        A system saves both in its generation: index and ids stay together, and loading
        fits nothing.
        """
        with self._writing:
            base, delta, live = self._base, self._delta, self._delta_live
            arrays = {
                "delta_rows": self._delta_rows(np.flatnonzero(live)),
                "delta_positions": delta.positions[live],
            }
            text = is_text(self._no_ids)
            ids = joined([delta.ids[live]], text)
            arrays |= arrays_of(ids, "delta_ids")
            about = {
                "metric": self.metric,
                "n_neighbors": int(self.n_neighbors),
                "algorithm": self.algorithm,
                "rebuild_share": float(self.rebuild_share),
                "next": self._next,
                "n_features": self._n_features,
                "text": text,
                "base": None,
            }
        if base is not None:
            assert base.order is not None
            held, about["base"] = base.index.state()
            held |= arrays_of(base.ids, "ids")
            held |= {"positions": base.positions, "order": base.order}
            held |= {"live": base.live}
            arrays |= {f"base_{key}": array for key, array in held.items()}
            if isinstance(base.engine, ApproximateNeighbors):
                held, about["engine"] = base.engine.state(with_index=False)
                arrays |= {f"engine_{key}": array for key, array in held.items()}
        return arrays, about

    @classmethod
    def from_state(
        cls,
        arrays: Mapping[str, Array],
        about: Mapping[str, Any],
        background: bool = False,
        n_jobs: int | None = None,
        engine: Engine | None = None,
    ) -> Self:
        """Make the collection again; arrays may be memory-mapped and stay so.

        Raises
        ------
        ValueError
            If arrays and document do not belong together.
        """
        parameters = {key: about[key] for key in _PARAMETERS}
        collection = cls(
            **parameters, background=background, n_jobs=n_jobs, engine=engine
        )
        collection._next = int(about["next"])
        collection._n_features = about["n_features"]
        text = bool(about["text"])
        collection._no_ids = NO_TEXTS if text else NO_IDS
        if about["base"] is not None:
            segment = collection._restored(named("base_", arrays), about["base"])
            if about.get("engine") is not None:
                made = ApproximateNeighbors.from_state(
                    named("engine_", arrays), about["engine"], segment.index
                )
                segment = replace(segment, engine=made)
                if collection.engine is None:
                    collection.engine = clone(made)
            collection._base = segment
        rows, positions = arrays["delta_rows"], arrays["delta_positions"]
        ids = from_arrays("delta_ids", arrays, text)
        if len({len(ids), len(rows), len(positions)}) > 1 or (
            rows.shape[1] != collection._n_features and len(rows)
        ):
            raise ValueError("vectors and ids do not belong together.")
        collection._change(NO_IDS, ids, rows, positions)
        return collection

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write the collection to a new folder, complete or not at all."""
        return write_folder(folder, *self.state())

    @classmethod
    def load(
        cls,
        folder: str | os.PathLike[str],
        background: bool = False,
        n_jobs: int | None = None,
        engine: Engine | None = None,
    ) -> Self:
        """Read what ``save`` wrote: every file checked, memory-mapped, nothing fitted.

        Raises
        ------
        ValueError
            If a file is missing, damaged, or not what lookalike wrote.
        """
        arrays, about = read_folder(folder)
        try:
            return cls.from_state(arrays, about, background, n_jobs, engine)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise ValueError(f"{folder} holds no collection: {error}") from None

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle and copy by values: locks, and what is not in ``state``, stay here."""
        made = partial(
            self.from_state,
            background=self.background,
            n_jobs=self.n_jobs,
            engine=self.engine,
        )
        return made, self.state()

    def _checked(self, ids: ArrayLike, X: ArrayLike) -> tuple[Ids, Array]:
        checked = check_distinct(ids)
        rows = check_vectors(X, self._n_features, "Vectors", self.metric)
        if len(checked) != len(rows):
            raise ValueError(
                f"{len(checked)} ids do not belong to {len(rows)} vectors."
            )
        return checked, rows

    def _find(self, ids: Ids) -> Ints:
        """Slot of each id, or -1: the rows of the index, then those of the delta."""
        if len(ids) == 0:
            return NO_IDS
        if self._n_features is not None:
            check_kind(ids, self._no_ids)
        rows = [self._delta_row.get(id, -1) for id in ids.tolist()]
        slots = np.asarray(rows, np.int64)
        slots[slots >= 0] += self._n_base
        if self._base is not None:
            found = self._base.find(ids)
            slots = np.where(found >= 0, found, slots)
        return slots

    def _find_all(self, ids: Ids) -> Ints:
        slots = self._find(ids)
        if (slots < 0).any():
            raise ValueError(f"{ids[slots < 0].tolist()[0]!r} is not there.")
        return slots

    @property
    def _n_base(self) -> int:
        return 0 if self._base is None else len(self._base.ids)

    def _positions(self, slots: Ints) -> Ints:
        known = [] if self._base is None else [self._base.positions]
        return np.concatenate([*known, self._delta.positions])[slots]

    def _change(
        self,
        dead: Ints,
        ids: Ids = NO_IDS,
        X: Array | None = None,
        positions: Ints = NO_IDS,
    ) -> None:
        """Mark slots dead and append rows: readers see both or neither."""
        base, n_base = self._base, self._n_base
        if X is not None and len(ids):
            self._delta.append(X, ids, positions)
            if self._n_features is None:
                self._no_ids = ids[:0]
                self._n_features = X.shape[1]
        live = np.zeros(len(self._delta), bool)
        live[: len(self._delta_live)] = self._delta_live
        live[len(live) - len(ids) :] = True
        dead_rows = dead[dead >= n_base] - n_base
        live[dead_rows] = False
        if base is not None and (dead < n_base).any():
            base = base.without(dead[dead < n_base])
        self._publish(base, self._delta, live)
        for id in self._delta.ids[dead_rows].tolist():
            del self._delta_row[id]
        first = len(live) - len(ids)
        self._delta_row |= {id: first + i for i, id in enumerate(ids.tolist())}

    def _publish(self, base: Segment | None, delta: Delta, live: Array) -> None:
        segments = () if base is None else (base,)
        if len(delta):
            segment = Segment.of(delta.index(), delta.ids, delta.positions, None, live)
            segments = (*segments, segment)
        snapshot = Snapshot(segments, self.metric, self._n_features, self._no_ids)
        # Nothing is visible to readers until here, and from here on nothing can fail.
        self._base, self._delta, self._delta_live = base, delta, live
        self._snapshot = snapshot

    def _delta_rows(self, rows: Ints) -> Array:
        if len(self._delta) == 0:
            return np.empty((0, self._n_features or 0), np.uint8)
        return self._delta.index().catalogue()[rows]

    def _is_due(self) -> bool:
        dead = 0 if self._base is None else self._n_base - len(self._base.chosen)
        allowed = max(SMALL, self.rebuild_share * self._n_base)
        return len(self._delta) > allowed or dead > max(SMALL, self._n_base / 4)

    def _rebuild_if_due(self) -> None:
        """Build the index again where that is due, here or in the background."""
        if not self._is_due():
            return
        if not self.background:
            with self._rebuilding:
                if self._is_due():
                    self._rebuild()
        elif self._rebuilding.acquire(blocking=False):
            threading.Thread(target=self._rebuild_and_release).start()

    def _rebuild_and_release(self) -> None:
        try:
            while self._is_due():
                self._rebuild()
        finally:
            self._rebuilding.release()

    def _rebuild(self) -> None:
        with self._writing:
            snapshot, n_delta = self._snapshot, len(self._delta)
        base = self._build(snapshot)
        with self._writing:
            # Changes made while the index was built still have to be applied.
            old = [] if self._base is None else [self._base.live]
            live = np.concatenate([*old, self._delta_live])
            dead = np.flatnonzero(~live[snapshot.slots()])
            if base is not None and len(dead):
                base = base.without(dead)
            late = n_delta + np.flatnonzero(self._delta_live[n_delta:])
            delta = self._new_delta()
            if len(late):
                positions = self._delta.positions[late]
                delta.append(self._delta_rows(late), self._delta.ids[late], positions)
            self._publish(base, delta, np.ones(len(late), bool))
            self._delta_row = {id: row for row, id in enumerate(delta.ids.tolist())}

    def _build(self, snapshot: Snapshot) -> Segment | None:
        """The items of a snapshot as one segment, rows in catalogue order."""
        slots = snapshot.slots()
        if len(slots) == 0:
            return None
        # Rows of bytes and of floats meet in the wider type, which holds both.
        X = np.concatenate(
            [segment.index.catalogue() for segment in snapshot.segments]
        )[slots]
        every = [segment.ids for segment in snapshot.segments]
        ids = joined(every, is_text(snapshot.no_ids))[slots]
        positions = np.concatenate(
            [segment.positions for segment in snapshot.segments]
        )[slots]
        engine: Engine | None = None
        if self.engine is not None and self._is_filtered(len(X)):
            engine = clone(self.engine).fit(X)
        if isinstance(engine, ApproximateNeighbors) and self.algorithm == "auto":
            index = engine.exact_index  # one is enough
            _ = index.filter  # learned now, not during the first query
        else:
            index = self._exact_index(X)
        order = order_of(ids)
        segment = Segment.of(index, ids, positions, order, np.ones(len(ids), bool))
        return replace(segment, engine=engine)

    def _exact_index(self, X: Array) -> ExactIndex:
        return ExactIndex(
            X,
            self.metric,
            n_neighbors=min(self.n_neighbors, len(X)),
            filtered=self._is_filtered(len(X)),
            portable=self.algorithm == "portable",
            n_jobs=self.n_jobs,
        )

    def _is_filtered(self, n_rows: int) -> bool:
        """Whether rows are skipped by their bounds, or all are compared."""
        if self.algorithm == "auto":
            return n_rows >= SMALL and self.metric != "manhattan"
        return self.algorithm != "brute" and self.metric != "manhattan"

    def _restored(self, held: Mapping[str, Array], about: Mapping[str, Any]) -> Segment:
        index = ExactIndex.from_state(held, about)
        if index.metric != self.metric:
            raise ValueError("index and metric do not belong together.")
        if not index.runs_here:
            index = self._exact_index(index.catalogue())
        keys = ("positions", "order", "live")
        positions, order, live = (held[key] for key in keys)
        ids = from_arrays("ids", held, is_text(self._no_ids))
        n = len(index.rows)
        if (
            any(held[key].shape != (n,) for key in keys)
            or len(ids) != n
            or not (positions.dtype == order.dtype == np.int64 and live.dtype == bool)
            or not 0 <= order.min() <= order.max() < n
        ):
            raise ValueError("index and ids do not belong together.")
        return Segment.of(index, ids, positions, order, live)

    def _new_delta(self) -> Delta:
        fast = simd.HAS_VNNI and self.algorithm != "portable"
        return Delta(self.metric, signed=fast and self.metric != "manhattan")


def _check_parameters(
    metric: Any, n_neighbors: Any, algorithm: Any, rebuild_share: Any, engine: Any
) -> None:
    if engine is not None and getattr(engine, "metric", None) != metric:
        raise ValueError(
            f"engine must have the metric {metric!r} of the collection, got {engine!r}."
        )
    check_choice("metric", metric, METRICS)
    check_choice("algorithm", algorithm, ALGORITHMS)
    check_whole("n_neighbors", n_neighbors)
    if not isinstance(rebuild_share, Real) or not 0.0 <= float(rebuild_share) <= 1.0:
        raise ValueError(
            f"rebuild_share must lie between 0 and 1, got {rebuild_share!r}."
        )
