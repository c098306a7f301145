"""Approximate nearest neighbours that keep a promise: say the recall, not the tuning.

1. ``search.graph`` links every row to a few of its exact neighbours; a search walks
   the links until all it could still walk from is ``reach`` times as far as the answer
   it has: the further it looks, the better and the slower;
2. ``fit`` takes some rows out, searches for them, and compares with the exact answer
   (``search.promise``): the shortest walk whose recall is *surely* high enough wins;
3. it is judged on other rows taken out, which had no part in the choice: is its recall
   not surely high enough on these, a longer one is judged, by a stricter rule;
4. if the exact search is faster than that, or no walk will do, it is used instead.
"""

import time
from collections.abc import Callable, Iterable
from functools import partial
from numbers import Integral, Real
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from lookalike._typing import Array, Floats, Ints
from lookalike.kernels import simd
from lookalike.kernels.graph import ANY
from lookalike.kernels.graph_codes import TAIL
from lookalike.search.exact import _without_self
from lookalike.search.graph import (
    ENTRIES,
    LINE,
    NEIGHBORS,
    ByteCodes,
    Edges,
    NeighborGraph,
    neighbors_of_all,
)
from lookalike.search.index import ExactIndex
from lookalike.search.promise import HeldOut, Interval, hold_out

METRICS = ("euclidean", "sqeuclidean", "cosine", "inner_product")
SMALL = 8_192  # fewer rows than this are searched exactly
HELD_OUT = 6_000  # rows taken out to choose, and as many to judge; a tenth at most
RARE = 0.98  # from this recall on; below it, a twentieth
TRIALS = 4  # candidates that are judged before the exact search is taken instead
BATCH = 24  # queries that make a batch: the exact search shares work between them
WIDTHS = (*range(12, 32), *range(32, 64, 4), *range(64, 128, 8))
WIDTHS += (*range(128, 256, 16), *range(256, 512, 32), *range(512, 1025, 64))
# Squared distances, so a walk of the last looks half as far again as it needs.
REACHES = (*(1.0 + rung / 100 for rung in range(40)), *(1.4, 1.5, 1.6, 1.8, 2.0, 2.25))
HELD = 512  # rows that a walk holds which its reach ends
LINES = 3  # cache lines that lead a walk, where the rows have so many coordinates
SHARES = (1.0, 0.6, 0.3)  # of a walk's rows that are compared in full
SPARE = 2  # rows compared in full beyond those that are asked for, at least
GLANCE = 1_000  # of the rows that choose, asked first: most that fail fail here
MANY_ROWS = 400_000  # from here on the neighbours of all rows would cost minutes


class Walk(NamedTuple):
    """A graph, how far it is walked, and what that was measured to give.

    ``kernels.graph.search`` says what the numbers are.
    """

    graph: NeighborGraph
    width: int
    n_refined: int
    reach: float = ANY
    near: float = ANY
    recall: Interval = Interval(0.0, 0.0, 1.0)

    def nearest(
        self, Q: Array, k: int, n_jobs: int | None = None
    ) -> tuple[Floats, Ints]:
        """The k nearest rows that the walk finds."""
        return self.graph.nearest(
            Q, k, self.width, self.n_refined, n_jobs, self.reach, self.near
        )


Ladder = list[Walk]
"""Walks from short to long."""
Kind = Callable[[NeighborGraph, int, float], Ladder]
"""Makes a ladder of a graph, for k neighbours; a share of the rows is compared."""


def ladder_of_widths(graph: NeighborGraph, k: int, share: float) -> Ladder:
    """Walks that end when they have walked from all the best rows that they met."""
    return [
        Walk(graph, w, min(w, max(int(w * share), k + SPARE))) for w in WIDTHS if w >= k
    ]


def ladder_of_reaches(graph: NeighborGraph, k: int, share: float) -> Ladder:
    """Walks that end when what is left is too far, for each query where it is."""
    held = max(HELD, 2 * k)
    return [
        Walk(graph, held, held, reach, 1.0 + share * (reach - 1.0)) for reach in REACHES
    ]


class ApproximateNeighbors(BaseEstimator):
    r"""Nearest rows with a stated recall, and nothing else to set.

    Recall is the share of the true nearest rows that are among those returned,
    :math:`|A \cap T| / k`, on average over queries like the rows of the catalogue.

    Parameters
    ----------
    n_neighbors : int, default=10
        Rows returned per query unless the call says otherwise. The promise is made for
        this number.
    recall : float, default=0.95
        The least recall, above 0 and at most 1. 1 is the exact search.
    metric : {"euclidean", "sqeuclidean", "cosine", "inner_product"}
        As for ``NearestNeighbors``; default="euclidean".
    n_jobs : int or None, default=None
        Threads, as in scikit-learn.
    random_state : int, RandomState instance or None, default=0
        Chooses the rows that are taken out, and the entry points.

    Attributes
    ----------
    method_ : str
        "graph", "exact", or "graph, exact in batches".
    recall_ : Interval
        ``value, low, high``: recall measured on rows of the catalogue that were taken
        out and had no part in the choice, with its 95% interval. 1 where exact.
    queries_per_second_ : float
        Measured on a sample of the rows, one thread, processor time, as one batch.
    memory_ : int
        Bytes held.
    build_seconds_ : float
        Wall-clock time of ``fit``.
    width_ : int or None
        Most rows that a walk holds; None where no graph is used.
    reach_ : float or None
        Where a walk ends before it has walked from all of these: when the nearest that
        is left is, in squared distance, so many times as far as the answer so far.
    n_refined_ : int or None
        Most rows that are compared by the full distance.
    n_samples_fit_, n_features_in_ : int
        Shape of the catalogue.

    Notes
    -----
    The promise holds for queries from where the catalogue came from. Queries of
    another kind (text for images) are better measured by the caller.

    Up to 12,000 rows are taken out, a fifth at most, and looked for in a graph that is
    built without them; then one of all rows takes its place. A walk is taken if the
    interval of its recall lies above ``recall`` both on the half that it was chosen on
    and on the other half. Which of two methods is faster is measured too, so near a tie
    it may change from one ``fit`` to the next; both keep the promise.

    Catalogues of fewer than 8,192 rows are searched exactly. ``fit`` otherwise costs
    one exact search for every row.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(9000, 3))
    >>> index = ApproximateNeighbors(n_neighbors=1, recall=0.9).fit(X)
    >>> index.recall_.low > 0.85
    True
    >>> distances, rows = index.kneighbors(X[[17]] + 1e-9)
    >>> rows
    array([[17]])
    """

    _exact: ExactIndex
    _graph: Walk | None
    _batch_graph: bool
    method_: str
    recall_: Interval
    queries_per_second_: float
    memory_: int
    build_seconds_: float
    width_: int | None
    reach_: float | None
    n_refined_: int | None
    n_samples_fit_: int

    def __init__(
        self,
        n_neighbors: int = 10,
        recall: float = 0.95,
        metric: str = "euclidean",
        n_jobs: int | None = None,
        random_state: Any = 0,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.recall = recall
        self.metric = metric
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Index the rows of X, shape (n_samples, n_features), and choose a method."""
        start = time.perf_counter()
        rows: Array = validate_data(
            self, X, dtype=[np.float64, np.float32, np.uint8], order="C"
        )
        self._check_parameters()
        self.n_samples_fit_ = len(rows)
        k = min(int(self.n_neighbors), len(rows))
        self._exact = ExactIndex(
            rows,
            self.metric,
            n_neighbors=k,
            filtered=len(rows) >= 1_024,
            portable=False,
            n_jobs=self.n_jobs,
        )
        rng = np.random.default_rng(
            check_random_state(self.random_state).randint(2**31 - 1)
        )
        self._choose(k, rng)
        self.memory_ = self._exact_memory()
        if self._graph is not None:
            self.memory_ += self._graph.graph.memory
        self.build_seconds_ = time.perf_counter() - start
        return self

    def _check_parameters(self) -> None:
        if not isinstance(self.n_neighbors, Integral) or self.n_neighbors < 1:
            raise ValueError(
                f"n_neighbors must be a positive integer, got {self.n_neighbors!r}."
            )
        if not isinstance(self.recall, Real) or not 0.0 < self.recall <= 1.0:
            raise ValueError(
                f"recall must be above 0 and at most 1, got {self.recall!r}."
            )
        if self.metric not in METRICS:
            raise ValueError(f"metric must be one of {METRICS}, got {self.metric!r}.")

    def _choose(self, k: int, rng: np.random.Generator) -> None:
        """Settle what answers a single query and what answers a batch."""
        n = self.n_samples_fit_
        self._take(None, False)
        rows = rng.permutation(n)
        if SMALL <= n <= MANY_ROWS and self.recall < 1.0 and k <= WIDTHS[-1]:
            self._consider_walk(rows, k, rng)
        queries = self._exact.catalogue()[rows[:1_000]]
        taken = seconds(lambda: self._nearest(queries, k, None))
        self.queries_per_second_ = len(queries) / max(taken, 1e-9)

    def _consider_walk(self, rows: Ints, k: int, rng: np.random.Generator) -> None:
        """Walk a graph, where that is faster and keeps the promise.

        The graph that is measured is built without the rows that are taken out, and
        when the walk is settled one with all rows takes its place.
        """
        exact, n_jobs = self._exact, self.n_jobs
        known = neighbors_of_all(exact, NEIGHBORS + 1, n_jobs)
        # The rarer the misses, the more rows it takes to count them.
        n_out = min(HELD_OUT, len(rows) // (10 if self.recall >= RARE else 20))
        out, left = np.split(rows, [2 * n_out])
        own = None if exact.metric == "inner_product" else known
        tuning, judging = (
            hold_out(exact, some, out, k, n_jobs, own) for some in np.split(out, 2)
        )
        # Of many copies a walk finds some, seldom those that come first.
        if tuning.tied > 0.5:
            return
        n_lines = min(LINES, -(-(self.n_features_in_ + TAIL) // LINE))
        codes = ByteCodes(exact, n_lines, simd.HAS_VNNI, rng, n_jobs)
        edges = Edges(codes, known[1], left, n_jobs)
        entries = rng.choice(left, ENTRIES, replace=False)
        graph = NeighborGraph(exact, codes, edges.edges, entries)
        walk = self._plan_walk(graph, tuning, judging, k)
        if walk is not None:
            edges = Edges(codes, known[1], rows, n_jobs)
            graph = NeighborGraph(exact, codes, edges.edges, entries)
            self._compare(walk._replace(graph=graph), judging.queries[:200], k)

    def _plan_walk(
        self, graph: NeighborGraph, tuning: HeldOut, judging: HeldOut, k: int
    ) -> Walk | None:
        """The fastest walk that keeps the promise on rows taken out, if any."""
        some = tuning.queries[:1_000]

        def fastest(kinds: Iterable[Kind], share: float) -> tuple[float, Ladder, Kind]:
            """Of the kinds that hold, from the rung on where they do."""
            best: tuple[float, Ladder, Kind] = (np.inf, [], ladder_of_reaches)
            for kind in kinds:
                walks = kind(graph, k, share)
                walks = walks[self._first_that_holds(walks, tuning, k) :]
                if walks:
                    taken = seconds(partial(walks[0].nearest, some, k))
                    best = min(best, (taken, walks, kind), key=lambda one: one[0])
            return best

        best = fastest((ladder_of_reaches, ladder_of_widths), SHARES[0])
        others = [fastest(best[2:], share) for share in SHARES[1:]]
        walks = min(best, *others, key=lambda one: one[0])[1]
        return self._judged(walks, judging, k)

    def _first_that_holds(self, walks: Ladder, tuning: HeldOut, k: int) -> int:
        """The shortest walk that keeps the promise where it is chosen."""

        def holds(rung: int) -> bool:
            few = tuning.first(GLANCE)
            found = walks[rung].nearest(few.queries, k, self.n_jobs)[1]
            if few.recall(found).high < self.recall:
                return False
            found = walks[rung].nearest(tuning.queries, k, self.n_jobs)[1]
            return tuning.recall(found, 1).low >= self.recall

        return first_true(holds, len(walks))

    def _judged(self, ladder: Ladder, judging: HeldOut, k: int) -> Walk | None:
        """The first walk whose recall is surely high enough where it is judged.

        Each that is judged is longer by twice as many steps as the one before.
        """
        for trial in range(1, TRIALS + 1 if ladder else 1):
            walk = ladder[min(2 ** (trial - 1) - 1, len(ladder) - 1)]
            found = walk.nearest(judging.queries, k, self.n_jobs)[1]
            if judging.recall(found, trial).low >= self.recall:
                return walk._replace(recall=judging.recall(found))
        return None

    def _compare(self, walk: Walk, Q: Array, k: int) -> None:
        """Take the walk where it is faster than the exact search."""

        def rates(search: Callable[[Array], Any]) -> tuple[float, float]:
            alone = seconds(lambda: [search(Q[q : q + 1]) for q in range(len(Q))])
            return alone, seconds(lambda: search(Q))

        walked = rates(lambda q: walk.nearest(q, k))
        scanned = rates(lambda q: self._exact.nearest(q, k, None))
        if walked[0] >= scanned[0]:
            return
        self._take(walk, walked[1] < scanned[1])

    def _restore(self, exact: ExactIndex, walk: Walk | None, batches: bool) -> Self:
        """Become fitted with parts that were built before."""
        self.n_samples_fit_, self.n_features_in_ = len(exact.rows), exact.n_features
        self._exact = exact
        self._take(walk, batches)
        return self

    def _take(self, walk: Walk | None, batches: bool) -> None:
        """Answer by a walk, in batches too or not, or exactly where there is none."""
        self._graph, self._batch_graph = walk, batches
        self.method_, self.recall_ = "exact", Interval(1.0, 1.0, 1.0)
        self.width_ = self.n_refined_ = self.reach_ = None
        if walk is not None:
            self.method_ = "graph" if batches else "graph, exact in batches"
            self.recall_ = walk.recall
            self.width_, self.n_refined_ = walk.width, walk.n_refined
            self.reach_ = walk.reach if walk.reach < ANY else None

    def _exact_memory(self) -> int:
        parts = [self._exact.rows, self._exact.norms]
        if self._exact.filter is not None:
            parts += [self._exact.filter.panels, self._exact.filter.starts]
        return sum(part.nbytes for part in parts)

    def kneighbors(
        self,
        X: ArrayLike | None = None,
        n_neighbors: int | None = None,
        return_distance: bool = True,
    ) -> tuple[Floats, Ints] | Ints:
        """The nearest rows of each query that were found, nearest first.

        Parameters
        ----------
        X : array-like of shape (n_queries, n_features), default=None
            None asks for the neighbours of every catalogue row, itself left out: they
            are found exactly.
        n_neighbors : int, default=None
            Between 1 and ``n_samples_fit_`` (less one without X). More than were
            promised for are found by the exact search.
        return_distance : bool, default=True

        Returns
        -------
        distances : float64 array of shape (n_queries, n_neighbors)
            True distances, not estimates. Left out unless ``return_distance``.
        indices : int64 array of shape (n_queries, n_neighbors)
            Rows at equal distance in the order of the catalogue.
        """
        if not hasattr(self, "build_seconds_"):  # a tenth of the time of the check
            check_is_fitted(self)
        k = self.n_neighbors if n_neighbors is None else n_neighbors
        self._check_k(k, self.n_samples_fit_ - (X is None))
        if X is None:
            distances, indices = self._exact.nearest(
                self._exact.catalogue(), k + 1, self.n_jobs
            )
            distances, indices = _without_self(distances, indices)
        else:
            distances, indices = self._nearest(self._queries(X), k, self.n_jobs)
        if not return_distance:
            return indices
        if self.metric == "euclidean":
            np.sqrt(distances, out=distances)
        return distances, indices

    def _nearest(self, Q: Array, k: int, n_jobs: int | None) -> tuple[Floats, Ints]:
        wanted = self._graph is not None and k <= self.n_neighbors
        if wanted and (self._batch_graph or len(Q) < BATCH):
            assert self._graph is not None
            # A walk ends by the answer it has: it is walked for what was promised.
            promised = min(self.n_neighbors, self.n_samples_fit_)
            distances, indices = self._graph.nearest(Q, promised, n_jobs)
            if k == promised:
                return distances, indices
            return distances[:, :k].copy(), indices[:, :k].copy()
        return self._exact.nearest(Q, k, n_jobs)

    def _check_k(self, k: Any, most: int) -> None:
        if not isinstance(k, (int, np.integer)) or isinstance(k, bool) or k < 1:
            raise ValueError(f"n_neighbors must be a positive integer, got {k!r}.")
        if k > most:
            raise ValueError(
                f"Expected n_neighbors <= n_samples_fit, but n_neighbors = {k}, "
                f"n_samples_fit = {self.n_samples_fit_}: at most {most} can be found."
            )

    def _queries(self, X: ArrayLike) -> Array:
        # One query takes less time than scikit-learn's checks, and bytes need none.
        if (
            type(X) is np.ndarray
            and X.dtype == np.uint8
            and X.ndim == 2
            and X.shape[1] == self.n_features_in_
            and len(X)
            and X.flags.c_contiguous
        ):
            return X
        return validate_data(
            self, X, dtype=[np.float64, np.float32, np.uint8], order="C", reset=False
        )


def first_true(holds: Callable[[int], bool], n: int) -> int:
    """The first of 0 to n - 1 that ``holds``, which stays true once it is; else n.

    Begins at 0, in steps that double: what comes late costs more to ask.
    """
    low, high, step = 0, 0, 1
    while high < n and not holds(high):
        low, high, step = high + 1, high + step, 2 * step
    high = min(high, n)
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low


def seconds(call: Callable[[], object]) -> float:
    """Processor time of this thread, the second of two calls."""
    call()
    start = time.thread_time()
    call()
    return time.thread_time() - start
