"""k-d tree: the rows are halved along their widest direction, recursively.

Exact, and fast in a few dimensions; in many, every box is near every query and all are
visited. ``NearestNeighbors`` is the search to use; this is the classic to compare with.
"""

from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_array

from lookalike._checks import check_whole
from lookalike._parallel import run_slices
from lookalike._typing import Array, Floats, Ints
from lookalike.kernels.kd_tree import search, within
from lookalike.search.rows import check_rows


class KDTree:
    """Exact Euclidean neighbours from a tree of boxes.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
    leaf_size : int, default=40
        Rows that a box may hold without being halved.
    metric : {"euclidean", "l2"}, default="euclidean"

    Attributes
    ----------
    data : float64 array of shape (n_samples, n_features)
    n_nodes : int

    Notes
    -----
    O(n_samples log n_samples) comparisons to build. A query visits every box that is
    not further away than the k-th best row: about log n_samples of them in few
    dimensions, all of them in many.

    References
    ----------
    .. [1] Bentley (1975). "Multidimensional binary search trees used for associative
       searching". Communications of the ACM 18(9).
    .. [2] Friedman, Bentley and Finkel (1977). "An algorithm for finding best matches
       in logarithmic expected time". ACM TOMS 3(3). (the widest direction)

    Examples
    --------
    >>> tree = KDTree([[0.0, 0.0], [3.0, 4.0], [1.0, 1.0]], leaf_size=1)
    >>> tree.query([[0.0, 0.0]], k=2)
    (array([[0.        , 1.41421356]]), array([[0, 2]]))
    """

    leaf_size: int

    def __init__(
        self, X: ArrayLike, leaf_size: int = 40, metric: str = "euclidean"
    ) -> None:
        check_whole("leaf_size", leaf_size)
        if metric not in ("euclidean", "l2"):
            raise ValueError(f"metric must be 'euclidean' or 'l2', got {metric!r}.")
        # A copy: what the caller does with X later changes no answer.
        self.data: Floats = check_array(X, dtype=np.float64, order="C", copy=True)
        check_rows(self.data, X, "euclidean")
        self.leaf_size = int(leaf_size)
        self._build()

    def _build(self) -> None:
        self._order: Ints = np.arange(len(self.data))
        lower: list[Floats] = []
        upper: list[Floats] = []
        left, spans = [-1], [(0, len(self.data))]
        node = 0
        while node < len(spans):
            start, stop = spans[node]
            rows = self.data[self._order[start:stop]]
            lower.append(rows.min(axis=0))
            upper.append(rows.max(axis=0))
            wide = int(np.argmax(upper[node] - lower[node]))
            if stop - start > self.leaf_size and upper[node][wide] > lower[node][wide]:
                middle = (stop - start) // 2
                halves = np.argpartition(rows[:, wide], middle)
                self._order[start:stop] = self._order[start:stop][halves]
                left[node] = len(spans)
                spans += [(start, start + middle), (start + middle, stop)]
                left += [-1, -1]
            node += 1
        self._left: Ints = np.array(left)
        self._lower, self._upper = np.array(lower), np.array(upper)
        self._start, self._stop = np.array(spans).T.copy()

    @property
    def n_nodes(self) -> int:
        """Boxes, the halved ones included."""
        return len(self._left)

    def query(
        self,
        X: ArrayLike,
        k: int = 1,
        return_distance: bool = True,
        n_jobs: int | None = None,
    ) -> tuple[Floats, Ints] | Ints:
        """The k nearest rows of each query, nearest first, ties by row.

        Returns ``distances``, float64 (n_queries, k), left out unless
        ``return_distance``, and ``indices``, int64 (n_queries, k).
        """
        Q = self._queries(X)
        n_samples = len(self.data)
        if not isinstance(k, Integral) or not 1 <= k <= n_samples:
            raise ValueError(f"k must be in [1, {n_samples}], got {k!r}.")
        distances = np.empty((len(Q), k))
        indices = np.empty((len(Q), k), np.int64)

        def work(first: int, last: int) -> None:
            search(
                self.data,
                self._order,
                self._lower,
                self._upper,
                self._left,
                self._start,
                self._stop,
                Q,
                first,
                last,
                distances,
                indices,
            )

        run_slices(work, len(Q), n_jobs, grain=64)
        np.sqrt(distances, out=distances)
        return (distances, indices) if return_distance else indices

    def query_radius(
        self,
        X: ArrayLike,
        r: ArrayLike,
        return_distance: bool = False,
        count_only: bool = False,
        sort_results: bool = False,
        n_jobs: int | None = None,
    ) -> Any:
        """The rows no further than r from each query; one at that distance is found.

        Parameters
        ----------
        X : array-like of shape (n_queries, n_features)
        r : float, or array-like of shape (n_queries,)
        return_distance : bool, default=False
        count_only : bool, default=False
            Return how many they are, int64 (n_queries,), and nothing else.
        sort_results : bool, default=False
            Nearest first, ties by row; else by row. It needs ``return_distance``.
        n_jobs : int or None, default=None

        Returns
        -------
        indices : array of objects, (n_queries,), an int64 array for each query
        distances : the same of float64 arrays; with ``return_distance``, after indices
        """
        Q = self._queries(X)
        radii = np.asarray(r, np.float64)
        if (
            radii.ndim > 1
            or radii.shape not in ((), (len(Q),))
            or np.isnan(radii).any()
        ):
            raise ValueError(
                f"r must be a number, or one for each of {len(Q)} queries, got {r!r}."
            )
        if sort_results and not return_distance:
            raise ValueError("sort_results needs return_distance.")
        if count_only and return_distance:
            raise ValueError("count_only and return_distance exclude each other.")
        radii = np.ascontiguousarray(np.broadcast_to(radii, len(Q)))
        counts = np.empty(len(Q), np.int64)
        self._within(Q, radii, counts, np.empty(0), np.empty(0, np.int64), n_jobs)
        if count_only:
            return counts
        ends = np.cumsum(counts)
        distances, rows = np.empty(ends[-1]), np.empty(ends[-1], np.int64)
        if len(rows):
            self._within(Q, radii, ends, distances, rows, n_jobs)
        queries = np.repeat(np.arange(len(Q)), counts)
        keys = (rows, distances, queries) if sort_results else (rows, queries)
        order = np.lexsort(keys)
        found = np.empty((2, len(Q)), object)
        for q, (start, end) in enumerate(zip(ends - counts, ends, strict=True)):
            mine = order[start:end]
            found[0, q], found[1, q] = rows[mine], distances[mine]
        return (found[0], found[1]) if return_distance else found[0]

    def _within(
        self,
        Q: Array,
        radii: Floats,
        ends: Ints,
        distances: Floats,
        rows: Ints,
        n_jobs: int | None,
    ) -> None:
        tree = (self.data, self._order, self._lower, self._upper)
        nodes = (self._left, self._start, self._stop)

        def work(first: int, last: int) -> None:
            within(*tree, *nodes, Q, radii, first, last, ends, distances, rows)

        run_slices(work, len(Q), n_jobs, grain=64)

    def _queries(self, X: ArrayLike) -> Array:
        Q: Array = check_array(X, dtype=np.float64, order="C")
        check_rows(Q, X, "euclidean")
        n_features = self.data.shape[1]
        if Q.shape[1] != n_features:
            raise ValueError(f"X must have {n_features} features, got {Q.shape[1]}.")
        return Q
