"""k-d tree: the rows are halved along their widest direction, recursively.

Exact, and fast in a few dimensions; in many, every box is near every query and all are
visited. ``NearestNeighbors`` is the search to use; this is the classic to compare with.
"""

from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_array

from lookalike._checks import check_whole
from lookalike._parallel import run_slices
from lookalike._typing import Array, Floats, Ints
from lookalike.kernels.kd_tree import search
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
        Q: Array = check_array(X, dtype=np.float64, order="C")
        check_rows(Q, X, "euclidean")
        n_samples, n_features = self.data.shape
        if Q.shape[1] != n_features:
            raise ValueError(f"X must have {n_features} features, got {Q.shape[1]}.")
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
