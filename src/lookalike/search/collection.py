"""A catalogue that changes while it is searched.

A fast index is built for rows that stay. So keep one, mark in it what was removed, and
put what came since into a small *tail* that is simply compared. A search merges both
answers. When the tail has grown, or much is dead, a new index is built from what is
live, beside the old one, and swapped in whole.

Readers see a *view* that nothing ever changes; a change makes another view and puts it
in place by one assignment. So a reader waits for nobody and never sees half a change.
"""

import os
import threading
from collections.abc import Mapping, Set
from dataclasses import replace
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone

from lookalike._typing import Array, Ints
from lookalike.kernels import simd
from lookalike.search.approximate import ApproximateNeighbors
from lookalike.search.exact import ALGORITHMS, SMALL
from lookalike.search.index import METRICS, ExactIndex
from lookalike.search.storage import (
    engine_from_state,
    engine_state,
    index_from_state,
    index_state,
    read_folder,
    runs_here,
    write_folder,
)
from lookalike.search.tail import Tail
from lookalike.search.view import (
    NO_IDS,
    Engine,
    Found,
    Part,
    View,
    check_ids,
    check_kind,
    check_vectors,
)

_PARAMETERS = ("metric", "n_neighbors", "algorithm", "share")


class Collection:
    """Items with an id and a vector, which come, change and go, and are searched.

    Its answers are those of ``NearestNeighbors`` fitted to what is there, to the last
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
    share : float, default=0.02
        How large the tail may grow, as a share of the indexed rows, before the index is
        built again; 1,024 rows are always allowed. So it is when a quarter is dead.
    background : bool, default=False
        Build it in a thread of its own, or within the call that made it necessary.
    n_jobs : int or None, default=None
        Threads of a search, as in scikit-learn. The answer does not depend on it.
    engine : estimator, default=None
        Such as ``ApproximateNeighbors``, of the same metric: copied, fitted to the rows
        and asked in place of the exact index wherever nothing is filtered, which also
        covers for it where too many of its answers are dead. What an
        ``ApproximateNeighbors`` has built is saved and loaded with the rest; another
        engine has to be given to ``load`` again, and answers after the next rebuild.

    Notes
    -----
    A search costs that of the index, and a distance for each row of the tail. A change
    of m items copies one byte an item of the catalogue, and m rows.

    Examples
    --------
    >>> from lookalike.search import Collection
    >>> shop = Collection()
    >>> shop.add(["cup", "mug", "hat"], [[0.0, 1.0], [0.0, 2.0], [5.0, 5.0]])
    >>> shop.update(["hat"], [[0.0, 4.0]])
    >>> shop.remove(["mug"])
    >>> found = shop.search([[0.0, 3.0]], k=2)
    >>> found.ids, found.distances
    (array([['hat', 'cup']], dtype='<U3'), array([[1., 2.]]))
    >>> shop.search([[0.0, 3.0]], k=2, where={"cup", "mug"}).ids
    array([['cup']], dtype='<U3')
    """

    _view: View  # what readers see; the rest is a writer's
    _base: Part | None
    _tail: Tail
    _tail_live: Array
    _tail_row: dict[Any, int]  # of the ids that live in the tail
    _next: int  # the place of the next item that comes
    _n_features: int | None
    _no_ids: Array  # of the type that the ids have
    _writing: threading.Lock
    _rebuilding: threading.Lock

    def __init__(
        self,
        metric: str = "euclidean",
        n_neighbors: int = 10,
        algorithm: str = "auto",
        share: float = 0.02,
        background: bool = False,
        n_jobs: int | None = None,
        engine: Engine | None = None,
    ) -> None:
        _check_parameters(metric, n_neighbors, algorithm, share, engine)
        self.metric = metric
        self.n_neighbors = n_neighbors
        self.algorithm = algorithm
        self.share = share
        self.background = background
        self.n_jobs = n_jobs
        self.engine = engine
        self._writing = threading.Lock()
        self._rebuilding = threading.Lock()
        self._next = 0
        self._n_features = None
        self._no_ids = NO_IDS
        self._tail_row = {}
        self._publish(None, self._new_tail(), np.empty(0, bool))

    def __len__(self) -> int:
        """How many items there are."""
        return len(self._view)

    def __contains__(self, id: object) -> bool:
        return id in self._view

    @property
    def ids(self) -> Array:
        """The ids in catalogue order."""
        return self._view.ids

    def view(self) -> View:
        """The catalogue as it is now: several searches of a view see the same items.

        A mask over the catalogue belongs to the view whose ``ids`` it was made from.
        """
        return self._view

    def search(
        self, Q: ArrayLike, k: int, where: ArrayLike | Set[Any] | None = None
    ) -> Found:
        """The k nearest items of each query, see ``View.search``."""
        return self._view.search(Q, k, where, self.n_jobs)

    def add(self, ids: ArrayLike, X: ArrayLike) -> None:
        """Add items; none of the ids may be there yet, or nothing is added."""
        with self._writing:
            wanted, rows = self._checked(ids, X)
            known = self._find(wanted) >= 0
            if known.any():
                id = wanted[known].tolist()[0]
                raise ValueError(f"{id!r} is there already: update it instead.")
            places = self._next + np.arange(len(wanted))
            self._change(NO_IDS, wanted, rows, places)
            self._next += len(wanted)
        self._tidy()

    def update(self, ids: ArrayLike, X: ArrayLike) -> None:
        """Give items another vector; every id must be there, or nothing changes."""
        with self._writing:
            wanted, rows = self._checked(ids, X)
            slots = self._find_all(wanted)
            self._change(slots, wanted, rows, self._places(slots))
        self._tidy()

    def remove(self, ids: ArrayLike) -> None:
        """Remove items; every id must be there, or nothing is removed."""
        with self._writing:
            wanted = _distinct(ids)
            self._change(self._find_all(wanted))
        self._tidy()

    def rebuild(self) -> None:
        """Build the index again from what is there; readers and writers go on."""
        with self._rebuilding:
            self._rebuild()

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Arrays and a JSON document from which ``from_state`` makes this again.

        A system puts both into its generation: index and ids travel together, and
        nothing is fitted when they arrive.
        """
        with self._writing:
            base, tail, live = self._base, self._tail, self._tail_live
            arrays = {
                "tail_rows": self._tail_rows(np.flatnonzero(live)),
                "tail_ids": tail.ids[live],
                "tail_places": tail.places[live],
            }
            about = {
                "metric": self.metric,
                "n_neighbors": int(self.n_neighbors),
                "algorithm": self.algorithm,
                "share": float(self.share),
                "next": self._next,
                "n_features": self._n_features,
                "text": self._no_ids.dtype.kind == "U",
                "base": None,
            }
        if base is not None:
            assert base.order is not None
            held, about["base"] = index_state(base.index)
            held |= {"ids": base.ids, "places": base.places}
            held |= {"order": base.order, "live": base.live}
            arrays |= {f"base_{key}": array for key, array in held.items()}
            if isinstance(base.engine, ApproximateNeighbors):
                held, about["engine"] = engine_state(base.engine)
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
        collection._no_ids = np.empty(0, "U1" if about["text"] else np.int64)
        if about["base"] is not None:
            part = collection._restored(_named("base_", arrays), about["base"])
            if about.get("engine") is not None:
                held = _named("engine_", arrays)
                made = engine_from_state(held, about["engine"], part.index)
                part = replace(part, engine=made)
                if collection.engine is None:
                    parameters = about["engine"]["parameters"]
                    collection.engine = ApproximateNeighbors(**parameters)
            collection._base = part
        keys = ("tail_ids", "tail_rows", "tail_places")
        ids, rows, places = (arrays[key] for key in keys)
        if (
            len({len(ids), len(rows), len(places)}) > 1
            or (rows.shape[1] != collection._n_features and len(rows))
            or ids.dtype.kind != collection._no_ids.dtype.kind
        ):
            raise ValueError("vectors and ids do not belong together.")
        collection._change(NO_IDS, ids, rows, places)
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

    def _checked(self, ids: ArrayLike, X: ArrayLike) -> tuple[Array, Array]:
        wanted = _distinct(ids)
        rows = check_vectors(X, self._n_features, "Vectors")
        if len(wanted) != len(rows):
            raise ValueError(f"{len(wanted)} ids do not belong to {len(rows)} vectors.")
        return wanted, rows

    def _find(self, ids: Array) -> Ints:
        """Slot of each id, -1 where there is none: rows of the index, then the tail."""
        if len(ids) == 0:
            return NO_IDS
        if self._n_features is not None:
            check_kind(ids, self._no_ids)
        rows = [self._tail_row.get(id, -1) for id in ids.tolist()]
        slots = np.asarray(rows, np.int64)
        slots[slots >= 0] += self._n_base
        if self._base is not None:
            found = self._base.find(ids)
            slots = np.where(found >= 0, found, slots)
        return slots

    def _find_all(self, ids: Array) -> Ints:
        slots = self._find(ids)
        if (slots < 0).any():
            raise ValueError(f"{ids[slots < 0].tolist()[0]!r} is not there.")
        return slots

    @property
    def _n_base(self) -> int:
        return 0 if self._base is None else len(self._base.ids)

    def _places(self, slots: Ints) -> Ints:
        known = [] if self._base is None else [self._base.places]
        return np.concatenate([*known, self._tail.places])[slots]

    def _change(
        self,
        dead: Ints,
        ids: Array = NO_IDS,
        X: Array | None = None,
        places: Ints = NO_IDS,
    ) -> None:
        """Let slots die and append rows: readers see both or neither."""
        base, n_base = self._base, self._n_base
        if X is not None and len(ids):
            self._tail.append(X, ids, places)
            if self._n_features is None:
                self._no_ids = ids[:0]
                self._n_features = X.shape[1]
        live = np.zeros(len(self._tail), bool)
        live[: len(self._tail_live)] = self._tail_live
        live[len(live) - len(ids) :] = True
        gone = dead[dead >= n_base] - n_base
        live[gone] = False
        if base is not None and (dead < n_base).any():
            base = base.without(dead[dead < n_base])
        self._publish(base, self._tail, live)
        for id in self._tail.ids[gone].tolist():
            del self._tail_row[id]
        first = len(live) - len(ids)
        self._tail_row |= {id: first + i for i, id in enumerate(ids.tolist())}

    def _publish(self, base: Part | None, tail: Tail, live: Array) -> None:
        parts = () if base is None else (base,)
        if len(tail):
            part = Part.of(tail.index(), tail.ids, tail.places, None, live)
            parts = (*parts, part)
        view = View(parts, self.metric, self._n_features, self._no_ids)
        # Until here nobody has seen anything, and from here on nothing can fail.
        self._base, self._tail, self._tail_live = base, tail, live
        self._view = view

    def _tail_rows(self, rows: Ints) -> Array:
        if len(self._tail) == 0:
            return np.empty((0, self._n_features or 0), np.uint8)
        return self._tail.index().catalogue()[rows]

    def _is_due(self) -> bool:
        dead = 0 if self._base is None else self._n_base - len(self._base.chosen)
        allowed = max(SMALL, self.share * self._n_base)
        return len(self._tail) > allowed or dead > max(SMALL, self._n_base / 4)

    def _tidy(self) -> None:
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
            view, n_tail = self._view, len(self._tail)
        base = self._build(view)
        with self._writing:
            # What was written while the index was built still has to be said.
            old = [] if self._base is None else [self._base.live]
            live = np.concatenate([*old, self._tail_live])
            dead = np.flatnonzero(~live[view.slots()])
            if base is not None and len(dead):
                base = base.without(dead)
            late = n_tail + np.flatnonzero(self._tail_live[n_tail:])
            tail = self._new_tail()
            if len(late):
                places = self._tail.places[late]
                tail.append(self._tail_rows(late), self._tail.ids[late], places)
            self._publish(base, tail, np.ones(len(late), bool))
            self._tail_row = {id: row for row, id in enumerate(tail.ids.tolist())}

    def _build(self, view: View) -> Part | None:
        """The items of a view as one part, rows in catalogue order."""
        slots = view.slots()
        if len(slots) == 0:
            return None
        # Rows of bytes and of floats meet in the wider type, which holds both.
        X = np.concatenate([part.index.catalogue() for part in view.parts])[slots]
        ids = np.concatenate([part.ids for part in view.parts])[slots]
        places = np.concatenate([part.places for part in view.parts])[slots]
        engine: Engine | None = None
        if self.engine is not None and self._is_filtered(len(X)):
            engine = clone(self.engine).fit(X)
        if isinstance(engine, ApproximateNeighbors) and self.algorithm == "auto":
            index = engine._exact  # one is enough
            _ = index.filter  # learned now, not while somebody waits for an answer
        else:
            index = self._exact_index(X)
        order = np.argsort(ids, kind="stable")
        part = Part.of(index, ids, places, order, np.ones(len(ids), bool))
        return replace(part, engine=engine)

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

    def _restored(self, held: Mapping[str, Array], about: Mapping[str, Any]) -> Part:
        index = index_from_state(held, about, self.metric)
        if not runs_here(index):
            index = self._exact_index(index.catalogue())
        keys = ("ids", "places", "order", "live")
        ids, places, order, live = (held[key] for key in keys)
        n = len(index.rows)
        if (
            any(held[key].shape != (n,) for key in keys)
            or ids.dtype.kind != self._no_ids.dtype.kind
            or not (places.dtype == order.dtype == np.int64 and live.dtype == bool)
            or not 0 <= order.min() <= order.max() < n
        ):
            raise ValueError("index and ids do not belong together.")
        return Part.of(index, ids, places, order, live)

    def _new_tail(self) -> Tail:
        fast = simd.HAS_VNNI and self.algorithm != "portable"
        return Tail(self.metric, signed=fast and self.metric != "manhattan")


def _named(prefix: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """The arrays whose names begin so, by the rest of their names."""
    return {
        key.removeprefix(prefix): array
        for key, array in arrays.items()
        if key.startswith(prefix)
    }


def _check_parameters(
    metric: Any, n_neighbors: Any, algorithm: Any, share: Any, engine: Any
) -> None:
    if engine is not None and getattr(engine, "metric", None) != metric:
        raise ValueError(
            f"engine must have the metric {metric!r} of the collection, got {engine!r}."
        )
    if metric not in METRICS:
        raise ValueError(f"metric must be one of {METRICS}, got {metric!r}.")
    if algorithm not in ALGORITHMS:
        raise ValueError(f"algorithm must be one of {ALGORITHMS}, got {algorithm!r}.")
    if not isinstance(n_neighbors, Integral) or n_neighbors < 1:
        raise ValueError(
            f"n_neighbors must be a positive integer, got {n_neighbors!r}."
        )
    if not isinstance(share, Real) or not 0.0 <= float(share) <= 1.0:
        raise ValueError(f"share must lie between 0 and 1, got {share!r}.")


def _distinct(ids: ArrayLike) -> Array:
    """Checked ids, of which none comes twice."""
    array = check_ids(ids)
    values, counts = np.unique(array, return_counts=True)
    if len(values) < len(array):
        raise ValueError(f"{values[counts > 1].tolist()[0]!r} comes twice in one call.")
    return array
