"""Approximate nearest neighbours with a guaranteed recall and no tuning parameters.

1. ``search.inverted_file`` puts every row into the list of one of some hundred centres;
   a query reads the lists whose centres are at most ``search_radius`` farther from it
   than the nearest one: a larger radius finds more and takes longer;
2. ``fit`` searches for some of the rows, and compares with the exact answer
   (``search.recall_guarantee``): the fastest search whose recall is *surely* high
   enough is chosen;
3. it is validated on other rows, which had no part in the choice; if its recall is not
   surely high enough there, one with a larger radius is validated, by a stricter rule;
4. if the exact search is faster, or no candidate passes, the exact search is used.
"""

import time
from collections.abc import Callable, Mapping
from functools import partial
from numbers import Real
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from lookalike._arrays import named
from lookalike._checks import check_whole
from lookalike._typing import Array, Floats, Ints
from lookalike.kernels import simd
from lookalike.search.exact import check_k, without_self
from lookalike.search.index import ExactIndex
from lookalike.search.inverted_file import BYTE, InvertedFile
from lookalike.search.recall_guarantee import HeldOut, Interval, hold_out, interval
from lookalike.search.rows import KINDS, check_rows
from lookalike.search.storage import saved_parameters

METRICS = ("euclidean", "sqeuclidean", "cosine", "inner_product")
SMALL = 8_192  # fewer rows than this are searched exactly
HELD_OUT = 6_000  # tuning rows, and as many validation rows; a tenth at most
TRIALS = 5  # candidates that are validated before the exact search is used instead
BATCH = 24  # queries that make a batch: the exact search shares work between them
# In units of codes, the widest of which are 127 from the mean.
WIDER = 1.04
SEARCH_RADII = (0.0, *(0.5 * WIDER**rung for rung in range(220)))
RERANK_RATIOS = tuple(1.0 + 0.02 * 1.25**rung for rung in range(20))
COMPARED = 1_024  # rows that are compared in full at most, or twice the neighbours
MOST_NEIGHBORS = 1_024  # more are found exactly
AXES = (92, 124, 188)  # coordinates of a code
LONGER = 1.5  # times as fast a longer code has to be: it takes memory
TIMED = 1_000  # queries by which plans are timed
PROBED = 100  # queries by which plans are left out
SLOWER = 2.0  # times as slow as the exact search one by one: no plan to be timed
GIVE_UP = 1.2  # times as slow as the best: larger ratios compare more rows still


class Plan(NamedTuple):
    """An inverted file, how it is searched, and what that was measured to give.

    ``kernels.inverted_file.search`` says what the numbers are.
    """

    lists: InvertedFile
    guaranteed: int  # neighbours, for which the recall was measured
    width: int
    search_radius: float
    rerank_ratio: float
    recall: Interval = Interval(0.0, 0.0, 1.0)

    def nearest(
        self, Q: Array, k: int, n_jobs: int | None = None
    ) -> tuple[Floats, Ints]:
        """The k nearest rows that are found."""
        return self.lists.nearest(
            Q, k, self.width, self.search_radius, self.rerank_ratio, n_jobs
        )


_NUMBERS = Plan._fields[1:-1]  # all but the lists and the recall


Ladder = list[Plan]
"""Plans of ascending search radius."""


class ApproximateNeighbors(BaseEstimator):
    r"""Nearest rows with a stated recall, and nothing else to set.

    Recall is the share of the true nearest rows that are among those returned,
    :math:`|A \cap T| / k`, on average over queries like the rows of the catalogue.

    Parameters
    ----------
    n_neighbors : int, default=10
        Rows returned per query unless the call says otherwise. The recall is
        guaranteed for this number.
    recall : float, default=0.95
        The least recall, above 0 and at most 1. 1 is the exact search.
    metric : {"euclidean", "sqeuclidean", "cosine", "inner_product"}
        As for ``NearestNeighbors``; default="euclidean".
    n_jobs : int or None, default=None
        Threads, as in scikit-learn.
    random_state : int, RandomState instance or None, default=0
        Chooses the rows that serve as queries, those that centres are learned from, and
        the rotation of the codes.

    Attributes
    ----------
    method_ : str
        "lists", "exact", or "lists, exact in batches".
    recall_ : Interval
        ``value, low, high``: recall measured by rows of the catalogue that had no
        part in the choice, with its 95% interval. 1 where exact.
    queries_per_second_ : float
        Measured on a sample of the rows, one thread, processor time, as one batch.
    memory_ : int
        Bytes held. The exact search answers calls for more than ``n_neighbors`` and
        calls without X; the filter that it learns at the first of them adds to this.
    build_seconds_ : float
        Wall-clock time of ``fit``.
    search_radius_ : float or None
        Lists are read whose centre is at most so much farther than the nearest one, in
        units of codes, the widest of which are 127 from the mean; None where no lists
        are used.
    rerank_ratio_ : float or None
        Rows are compared in full that are, by their codes, at most so many times as far
        as the last neighbour, squared.
    n_samples_fit_, n_features_in_ : int
        Shape of the catalogue.

    Notes
    -----
    The guarantee holds for queries from the distribution of the catalogue. Queries of
    another kind (text for images) are better measured by the caller.

    Up to 12,000 rows, a fifth at most, serve as queries; no centre is learned from
    them. A plan is taken if the interval of its recall lies above ``recall``, by the
    half that it was chosen by and, measured, by the other half. Which of two methods is
    faster is measured too, so near a tie it may change from one ``fit`` to the next;
    both keep the guarantee.

    Catalogues of fewer than 8,192 rows are searched exactly. ``fit`` otherwise costs
    O(n_samples ** 1.5 * n_axes) to learn and to fill the lists, and an exact search for
    each of the rows that serve as queries.

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
    _plan: Plan | None
    _batch_plan: bool
    method_: str
    recall_: Interval
    queries_per_second_: float
    build_seconds_: float
    search_radius_: float | None
    rerank_ratio_: float | None
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
        rows: Array = validate_data(self, X, dtype=KINDS, order="C")
        self._check_parameters()
        check_rows(rows, X, self.metric)
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
        if self._plan is not None and self._batch_plan:
            self._exact.forget_filter()  # few calls still need it
        self.build_seconds_ = time.perf_counter() - start
        return self

    @property
    def exact_index(self) -> ExactIndex:
        """The exact index over the same rows."""
        check_is_fitted(self)
        return self._exact

    def state(self, with_index: bool = True) -> tuple[dict[str, Array], dict[str, Any]]:
        """Arrays and a JSON document from which ``from_state`` makes this again.

        with_index : whether they include the exact index, under names that begin with
            "index_"; else it has to be given to ``from_state``
        """
        check_is_fitted(self)
        about: dict[str, Any] = {"parameters": saved_parameters(self), "plan": None}
        measured = ("build_seconds_", "queries_per_second_")
        about["measured"] = {key: getattr(self, key) for key in measured}
        arrays: dict[str, Array] = {}
        if self._plan is not None:
            about["plan"] = {
                **{key: getattr(self._plan, key) for key in _NUMBERS},
                "recall": list(self._plan.recall),
                "batches": self._batch_plan,
            }
            arrays = self._plan.lists.state()
        if with_index:
            held, about["index"] = self._exact.state()
            arrays |= {f"index_{key}": array for key, array in held.items()}
        return arrays, about

    @classmethod
    def from_state(
        cls,
        arrays: Mapping[str, Array],
        about: Mapping[str, Any],
        index: ExactIndex | None = None,
    ) -> Self:
        """The fitted search whose ``state`` this is; arrays may be mapped, and stay so.

        Nothing is fitted, unless the index was made for instructions that this
        processor lacks. Where only the lists were, the exact search answers.

        Raises
        ------
        ValueError
            If arrays and document do not belong together.
        """
        model = cls(**about["parameters"])
        model._check_parameters()
        if index is None:
            index = ExactIndex.from_state(named("index_", arrays), about["index"])
            arrays = {k: a for k, a in arrays.items() if not k.startswith("index_")}
        if index.metric != model.metric:
            raise ValueError("index and parameters do not belong together.")
        if not index.runs_here:
            return model.fit(index.catalogue())
        model.build_seconds_ = about["measured"]["build_seconds_"]
        model.queries_per_second_ = about["measured"]["queries_per_second_"]
        model.n_samples_fit_, model.n_features_in_ = len(index.rows), index.n_features
        model._exact = index
        plan, saved = None, about["plan"]
        if saved is not None:
            lists = InvertedFile.from_state(arrays, index)
            if InvertedFile.runs_here(arrays):
                numbers = {key: saved[key] for key in _NUMBERS}
                plan = Plan(lists, **numbers, recall=Interval(*saved["recall"]))
        model._take(plan, plan is not None and bool(saved["batches"]))
        return model

    @property
    def memory_(self) -> int:
        """Bytes held."""
        lists = 0 if self._plan is None else self._plan.lists.memory
        return self._exact.memory + lists

    def _check_parameters(self) -> None:
        check_whole("n_neighbors", self.n_neighbors)
        if not isinstance(self.recall, Real) or not 0.0 < self.recall <= 1.0:
            raise ValueError(
                f"recall must be above 0 and at most 1, got {self.recall!r}."
            )
        if self.metric not in METRICS:
            raise ValueError(f"metric must be one of {METRICS}, got {self.metric!r}.")

    def _choose(self, k: int, rng: np.random.Generator) -> None:
        """Choose the method for a single query and for a batch."""
        self._take(None, False)
        rows = rng.permutation(self.n_samples_fit_)
        if len(rows) >= SMALL and self.recall < 1.0 and k <= MOST_NEIGHBORS:
            self._consider_lists(rows, k, rng)
        queries = self._exact.catalogue()[rows[:1_000]]
        taken = seconds(lambda: self._nearest(queries, k, None))
        self.queries_per_second_ = len(queries) / max(taken, 1e-9)

    def _consider_lists(self, rows: Ints, k: int, rng: np.random.Generator) -> None:
        """Search an inverted file, where that is faster and keeps the guarantee."""
        n_out = min(HELD_OUT, len(rows) // 10)
        tuning, validation = (
            hold_out(self._exact, some, k, self.n_jobs)
            for some in np.split(rows[: 2 * n_out], 2)
        )
        # Of many copies some are found, seldom those that come first.
        if tuning.tied > 0.5:
            return
        # A plan that takes longer than the exact search one by one is never taken.
        scanned = seconds(
            lambda: [
                self._exact.nearest(tuning.queries[q : q + 1], k, None)
                for q in range(PROBED)
            ]
        )
        # A centre is nearer to the rows it was learned from than to other queries.
        learned_from = rows[2 * n_out :]
        best: tuple[float, Ladder] = (np.inf, [])
        lists = None
        for n_axes in AXES:
            index = InvertedFile.build(
                self._exact,
                n_axes,
                simd.HAS_VNNI,
                learned_from,
                rng,
                self.n_jobs,
                lists,
            )
            lists = index.lists
            found = self._fastest(index, tuning, k, scanned)
            if best[1] and LONGER * found[0] > best[0]:
                break
            best = min(best, found, key=lambda one: one[0])
            if n_axes >= self.n_features_in_:
                break
        plan = self._validated(best[1], validation, k)
        if plan is not None:
            self._compare(plan, validation.queries[:200], k)

    def _fastest(
        self, index: InvertedFile, tuning: HeldOut, k: int, scanned: float
    ) -> tuple[float, Ladder]:
        """The fastest plan that keeps the guarantee, and those of larger radius.

        Plans that take much longer than ``scanned`` for the first PROBED queries are
        left out: to time them in full would take most of the time of a fit.
        """
        few = tuning.first(TIMED)
        usual = index.needs(few.queries, few.truth, k + 1, 0.0, self.n_jobs)[0]
        far = float(np.quantile(usual, (1.0 + self.recall) / 2))
        search_radii, rerank_ratios = index.needs(
            tuning.queries, tuning.truth, k + 1, far, self.n_jobs
        )
        width = max(COMPARED, 2 * k)
        best: tuple[float, Ladder] = (np.inf, [])
        for ratio in RERANK_RATIOS:

            def holds(rung: int, ratio: float = ratio) -> bool:
                found = (search_radii <= SEARCH_RADII[rung]) & (rerank_ratios <= ratio)
                return interval(found.mean(axis=1), k, 1).low >= self.recall

            rung = first_true(holds, len(SEARCH_RADII))
            if rung == len(SEARCH_RADII):
                continue
            plans = [
                Plan(index, k, width, radius, 1.0 + (ratio - 1.0) * WIDER**step)
                for step, radius in enumerate(SEARCH_RADII[rung:])
            ]
            if seconds(partial(plans[0].nearest, few.queries[:PROBED], k)) > (
                SLOWER * scanned
            ):
                continue
            taken = seconds(partial(plans[0].nearest, few.queries, k))
            if taken > GIVE_UP * best[0]:
                break
            best = min(best, (taken, plans), key=lambda one: one[0])
        return best

    def _validated(self, ladder: Ladder, validation: HeldOut, k: int) -> Plan | None:
        """The first plan whose recall is surely high enough on the validation rows.

        The radius of each grows by twice as many steps as that of the one before.
        """
        for trial in range(1, TRIALS + 1 if ladder else 1):
            plan = ladder[min(2 ** (trial - 1) - 1, len(ladder) - 1)]
            found = plan.nearest(validation.queries, k + 1, self.n_jobs)[1]
            if validation.recall(found, trial).low >= self.recall:
                return plan._replace(recall=validation.recall(found))
        return None

    def _compare(self, plan: Plan, Q: Array, k: int) -> None:
        """Take the plan where it is faster than the exact search."""

        def rates(search: Callable[[Array], Any]) -> tuple[float, float]:
            alone = seconds(lambda: [search(Q[q : q + 1]) for q in range(len(Q))])
            return alone, seconds(lambda: search(Q))

        listed = rates(lambda q: plan.nearest(q, k))
        scanned = rates(lambda q: self._exact.nearest(q, k, None))
        if listed[0] >= scanned[0]:
            return
        self._take(plan, listed[1] < scanned[1])

    def _take(self, plan: Plan | None, batches: bool) -> None:
        """Answer by a plan, in batches too or not, or exactly where there is none."""
        self._plan, self._batch_plan = plan, batches
        self.method_, self.recall_ = "exact", Interval(1.0, 1.0, 1.0)
        self.search_radius_ = self.rerank_ratio_ = None
        if plan is not None:
            self.method_ = "lists" if batches else "lists, exact in batches"
            self.recall_ = plan.recall
            self.search_radius_, self.rerank_ratio_ = (
                plan.search_radius,
                plan.rerank_ratio,
            )

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
            None finds the neighbours of every catalogue row, itself left out, by the
            exact search.
        n_neighbors : int, default=None
            Between 1 and ``n_samples_fit_`` (less one without X). The exact search
            finds more than the number that the recall is guaranteed for.
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
        most = self.n_samples_fit_ - (X is None)
        if type(k) is not int or not 0 < k <= most:  # the common case takes no call
            check_k(k, most, self.n_samples_fit_)
        if X is None:
            distances, indices = self._exact.nearest(
                self._exact.catalogue(), k + 1, self.n_jobs
            )
            distances, indices = without_self(distances, indices)
        else:
            distances, indices = self._nearest(self._queries(X), k, self.n_jobs)
        if not return_distance:
            return indices
        if self.metric == "euclidean":
            np.sqrt(distances, out=distances)
        return distances, indices

    def _nearest(self, Q: Array, k: int, n_jobs: int | None) -> tuple[Floats, Ints]:
        plan = self._plan
        if (
            plan is not None
            and k <= plan.guaranteed
            and (self._batch_plan or len(Q) < BATCH)
        ):
            # The rows that are compared depend on k: take the k of the guarantee.
            distances, indices = plan.nearest(Q, plan.guaranteed, n_jobs)
            if k == plan.guaranteed:
                return distances, indices
            return distances[:, :k].copy(), indices[:, :k].copy()
        return self._exact.nearest(Q, k, n_jobs)

    def _queries(self, X: ArrayLike) -> Array:
        # One query takes less time than scikit-learn's checks, and bytes need none.
        if (
            type(X) is np.ndarray
            and X.dtype == BYTE
            and X.ndim == 2
            and X.shape[1] == self.n_features_in_
            and len(X)
            and X.flags.c_contiguous
        ):
            return X
        Q: Array = validate_data(self, X, dtype=KINDS, order="C", reset=False)
        check_rows(Q, X, self.metric)
        return Q


def first_true(holds: Callable[[int], bool], n: int) -> int:
    """The first of 0 to n - 1 that ``holds``, which stays true once it is; else n.

    Steps double from 0 on, because ``holds`` costs more for larger numbers.
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
    """Processor time of this thread, the least of three calls after one."""
    call()
    taken = []
    for _ in range(3):
        start = time.thread_time()
        call()
        taken.append(time.thread_time() - start)
    return min(taken)
