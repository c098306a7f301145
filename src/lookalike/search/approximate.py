"""Approximate nearest neighbours that keep a promise: say the recall, not the tuning.

1. ``search.graph`` links every row to a few of its exact neighbours; a search walks
   the links and holds the best ``width`` rows it has met: the wider, the better and
   the slower;
2. ``fit`` takes some rows out, searches for them, and compares with the exact answer
   (``search.promise``): the narrowest walk whose recall is *surely* high enough wins;
3. if the exact search is faster than that, or no walk will do, it is used instead;
4. what was chosen is measured once more, on other rows taken out, and reported.
"""

import time
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from lookalike._typing import Array, Floats, Ints
from lookalike.kernels import simd
from lookalike.search.exact import _without_self
from lookalike.search.graph import (
    ENTRIES,
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
TUNING, JUDGING = 1_500, 1_000  # rows taken out to choose, and to measure
BATCH = 24  # queries that make a batch: the exact search shares work between them
WIDTHS: tuple[int, ...] = (
    12,
    16,
    20,
    24,
    28,
    32,
    40,
    48,
    56,
    64,
    80,
    96,
    112,
    128,
    160,
    192,
    224,
)
WIDTHS += (256, 320, 384, 448, 512, 640, 768, 1024)


LINES = (1, 2)  # cache lines of a code that are tried
SHARES = (1.0, 0.5)  # shares of the rows held by a walk that are compared in full


class Walk(NamedTuple):
    """A graph, how wide it is walked, and what that was measured to give."""

    graph: NeighborGraph
    width: int
    n_refined: int
    recall: Interval = Interval(0.0, 0.0, 1.0)

    def nearest(
        self, Q: Array, k: int, n_jobs: int | None = None
    ) -> tuple[Floats, Ints]:
        """The k nearest rows that the walk finds."""
        return self.graph.nearest(Q, k, self.width, self.n_refined, n_jobs)


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
        Rows that a walk holds; None where no graph is used.
    n_refined_ : int or None
        How many of these are compared by the full distance.
    n_samples_fit_, n_features_in_ : int
        Shape of the catalogue.

    Notes
    -----
    The promise holds for queries from where the catalogue came from. Queries of
    another kind (text for images) are better measured by the caller.

    The narrowest width is taken whose recall on the tuning rows has a 95% interval
    above ``recall``. The graph in which they are looked for is built without them; they
    are linked in when it is settled. Which of two methods is faster is measured too, so
    near a tie it may change from one ``fit`` to the next; both keep the promise.

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

    method_: str
    recall_: Interval
    queries_per_second_: float
    memory_: int
    build_seconds_: float
    width_: int | None
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
        self._graph: Walk | None = None
        self._batch_graph = False
        self.width_ = self.n_refined_ = None
        self.method_, self.recall_ = "exact", Interval(1.0, 1.0, 1.0)
        rows = rng.permutation(n)
        if n >= SMALL and self.recall < 1.0 and k <= WIDTHS[-1]:
            self._consider_walk(rows, k, rng)
        queries = self._exact.catalogue()[rows[:JUDGING]]
        taken = seconds(lambda: self._nearest(queries, k, None))
        self.queries_per_second_ = len(queries) / max(taken, 1e-9)

    def _consider_walk(self, rows: Ints, k: int, rng: np.random.Generator) -> None:
        """Walk a graph, where that is faster and keeps the promise."""
        n_judging, n_tuning = (min(m, len(rows) // 20) for m in (JUDGING, TUNING))
        out, left = np.split(rows, [n_judging + n_tuning])
        judging = hold_out(self._exact, out[:n_judging], out, k, self.n_jobs)
        tuning = hold_out(self._exact, out[n_judging:], out, k, self.n_jobs)
        # Of many copies a walk finds some, seldom those that come first.
        if tuning.tied > 0.5:
            return
        walk = self._plan_walk(tuning, judging, k, left, out, rng)
        if walk is not None:
            self._compare(walk, judging.queries[:200], k)

    def _plan_walk(
        self,
        tuning: HeldOut,
        judging: HeldOut,
        k: int,
        left: Ints,
        out: Ints,
        rng: np.random.Generator,
    ) -> Walk | None:
        """The fastest walk that keeps the promise on rows taken out, if there is one.

        The graph is built without these rows, and they are linked in afterwards.
        """
        exact, n_jobs = self._exact, self.n_jobs
        codes = [ByteCodes(exact, n, simd.HAS_VNNI, rng, n_jobs) for n in LINES]
        neighbors = neighbors_of_all(exact, NEIGHBORS + 1, n_jobs)
        edges = Edges(codes[-1], neighbors, left, n_jobs)
        entries = rng.choice(left, ENTRIES, replace=False)
        graphs = [NeighborGraph(exact, c, edges.edges, entries) for c in codes]
        walks = [
            walk
            for graph in graphs
            for share in SHARES
            if (walk := self._narrowest(graph, share, tuning, judging, k)) is not None
        ]
        if not walks:
            return None
        best = min(walks, key=lambda w: seconds(lambda: w.nearest(tuning.queries, k)))
        edges.add(out)
        return best

    def _narrowest(
        self,
        graph: NeighborGraph,
        share: float,
        tuning: HeldOut,
        judging: HeldOut,
        k: int,
    ) -> Walk | None:
        """The narrowest walk over a graph that keeps the promise."""
        widths = [w for w in WIDTHS if w * share >= k]

        def measured(rung: int, rows: HeldOut) -> Interval:
            walk = Walk(graph, widths[rung], int(widths[rung] * share))
            return rows.recall(walk.nearest(rows.queries, k, self.n_jobs)[1])

        def holds(rung: int) -> bool:
            return measured(rung, tuning).low >= self.recall

        # The second sample may be less kind than the one that chose.
        for rung in range(first_true(holds, len(widths)), len(widths)):
            recall = measured(rung, judging)
            if recall.value >= self.recall:
                width = widths[rung]
                return Walk(graph, width, int(width * share), recall)
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
        self._graph = walk
        self._batch_graph = walked[1] < scanned[1]
        self.width_, self.n_refined_ = walk.width, walk.n_refined
        self.recall_ = walk.recall
        self.method_ = "graph" if self._batch_graph else "graph, exact in batches"

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
        if self.metric == "euclidean":
            np.sqrt(distances, out=distances)
        return (distances, indices) if return_distance else indices

    def _nearest(self, Q: Array, k: int, n_jobs: int | None) -> tuple[Floats, Ints]:
        wanted = self._graph is not None and k <= self.n_neighbors
        if wanted and (self._batch_graph or len(Q) < BATCH):
            assert self._graph is not None
            return self._graph.nearest(Q, k, n_jobs)
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
    """The first of 0 to n - 1 that ``holds``, which stays true once it is; else n."""
    low, high = 0, n
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
