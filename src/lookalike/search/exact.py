"""Exact nearest neighbours at the speed of approximate ones.

A rotation preserves distances. So rows are rotated to principal axes once, and a few
leading coordinates are compared in small integers: a *proven lower bound* of the
distance. The full distance is computed only for the few rows whose bound allows it:

1. ``search.rotation`` learns the axes, measures how many of them pay, rounds the
   leading coordinates of every row to a short code, and proves the bound;
2. ``kernels.bounds`` compares the codes of a query with those of every row;
3. ``kernels.neighbors`` computes distances in the order of the bounds, until the bound
   itself exceeds the k-th best distance.

The answer is exact because the bound is proven. On real images a few hundred distances
are computed out of 60,000.
"""

from collections.abc import Mapping
from numbers import Real
from typing import Any, Self

import numpy as np
from scipy.sparse import csr_array, csr_matrix, issparse
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from lookalike._checks import check_choice, check_whole
from lookalike._typing import Array, Floats, Ints
from lookalike._validation import check_range, check_whole_numbers
from lookalike.search.index import METRICS, ExactIndex
from lookalike.search.pairwise import (
    Metric,
    PairwiseIndex,
    reading,
    resolved_metric,
    set_metric_tags,
)
from lookalike.search.rows import check_rows
from lookalike.search.storage import saved_parameters

ALGORITHMS = ("auto", "brute", "rotation", "portable")
TREES = ("kd_tree", "ball_tree")  # scikit-learn's, taken for "auto"
SMALL = 1_024  # fewer rows than this are all compared


class NearestNeighbors(BaseEstimator):
    r"""The rows of a catalogue that are nearest to a query, exactly.

    For each query q the k rows x with the smallest

    .. math:: |q - x|_2,\quad |q - x|_2^2,\quad 1 - \frac{q \cdot x}{|q||x|},\quad
              -q \cdot x \quad\text{or}\quad |q - x|_1

    nearest first; rows at equal distance come in the order of the catalogue.

    Parameters
    ----------
    n_neighbors : int, default=5
        Rows returned per query unless the call says otherwise.
    radius : float, default=1.0
        Distance within which ``radius_neighbors`` looks unless the call says otherwise.
    algorithm : {"auto", "brute", "rotation", "portable", "kd_tree", "ball_tree"}, \
default="auto"
        All give the same answer. "brute" compares every row. "rotation" skips rows by
        the bound, with the fastest instructions of the processor; "portable" does so
        without them. "auto" takes "rotation" unless the catalogue is small, and without
        a rotation where a measurement on the data says that it does not pay. The names
        of scikit-learn's trees are taken for "auto".
    leaf_size : int, default=30
        Accepted for compatibility with scikit-learn; there are no leaves.
    metric : str or callable, default="minkowski"
        "euclidean" or "l2", "sqeuclidean", "cosine", "inner_product" (returned as minus
        the product: smaller is nearer), "manhattan", "l1" or "cityblock", "minkowski"
        with ``p``: searched fast. Slowly, every row compared: "chebyshev",
        "precomputed" (X holds distances: in ``fit`` between all rows, in a query to
        them), scikit-learn's other names, and a function of two rows.
    p : float, default=2
        Power of the Minkowski metric, at least 1.
    metric_params : dict, default=None
        Further parameters of the metric, such as ``{"w": weights}`` of "minkowski".
    n_jobs : int or None, default=None
        Threads, as in scikit-learn: None is one, -1 is one for every processor. The
        answer does not depend on it.

    Attributes
    ----------
    n_samples_fit_ : int
        Rows in the catalogue.
    n_features_in_ : int
        Values per row.
    effective_metric_ : str or callable
        The metric under one name, "minkowski" resolved by ``p``.
    effective_metric_params_ : dict
        Parameters of that metric.
    n_axes_ : int or None
        Leading coordinates compared first; None where every row is compared in full.

    Notes
    -----
    Values are kept in the narrowest type that holds them exactly. Distances are sums in
    float64 (of integers, for bytes), in an order that is part of the definition: every
    algorithm, thread count and batch size gives the same bits. A zero vector has cosine
    distance 1 to everything.

    Rows and queries, dense or sparse, are refused if their squares overflow float64 (a
    length above 6.7e153), or their powers of p, if they hold integers that float64
    would round (from 2**53 on), and, for the cosine, if they are shorter than 1e-150
    and not zero.

    Sparse X is compared entry by entry in the first metrics, without being opened: time
    of a query is O(entries of X). The other metrics take dense copies.

    Cost of ``fit``: O(n_samples * n_features * n_axes). Of a query: O(n_samples *
    n_axes) integer operations and a few hundred distances, or all of them where the
    rows have no structure.

    References
    ----------
    .. [1] Fukunaga and Narendra (1975). "A branch and bound algorithm for computing
       k-nearest neighbors". IEEE Transactions on Computers C-24(7).

    Examples
    --------
    >>> from lookalike.search import NearestNeighbors
    >>> index = NearestNeighbors(n_neighbors=2).fit([[0.0], [1.0], [3.0], [1.0]])
    >>> distances, rows = index.kneighbors([[1.5]])
    >>> rows
    array([[1, 3]])
    >>> distances
    array([[0.5, 0.5]])
    """

    n_samples_fit_: int
    effective_metric_: Metric
    effective_metric_params_: dict[str, Any]
    _index: ExactIndex | PairwiseIndex
    n_axes_: int | None

    def __init__(
        self,
        n_neighbors: int = 5,
        radius: float = 1.0,
        algorithm: str = "auto",
        leaf_size: int = 30,
        metric: Metric = "minkowski",
        p: float = 2,
        metric_params: dict[str, Any] | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.radius = radius
        self.algorithm = algorithm
        self.leaf_size = leaf_size
        self.metric = metric
        self.p = p
        self.metric_params = metric_params
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any = None) -> Self:
        """Index the rows of X, shape (n_samples, n_features), dense or sparse."""
        self._check_parameters()
        rows = self._read(X, reset=True)
        self.n_samples_fit_ = rows.shape[0]
        self._index = self._indexed(rows)
        self.n_axes_ = self._index.n_axes
        return self

    def _read(self, X: Any, reset: bool) -> Any:
        metric = self.effective_metric_
        rows: Any = validate_data(self, X, **reading(metric), reset=reset)
        if issparse(rows):
            rows = csr_array(rows, dtype=np.float64, copy=True)
            rows.sum_duplicates()
            rows = rows if metric in METRICS else rows.toarray()
        if metric in METRICS:
            check_rows(rows, X, str(metric))
            return rows
        check_whole_numbers(X, rows)
        if not callable(metric) and metric != "precomputed":
            p = self.effective_metric_params_.get("p", 2)
            values = rows[~np.isnan(rows)] if metric == "nan_euclidean" else rows
            check_range(values, power=max(2, p) if p < np.inf else 2)
        return rows

    def _indexed(self, rows: Any) -> ExactIndex | PairwiseIndex:
        metric = self.effective_metric_
        if issparse(rows) or metric not in METRICS:
            return PairwiseIndex(rows, metric, self.effective_metric_params_)
        return ExactIndex(
            rows,
            str(metric),
            n_neighbors=min(int(self.n_neighbors), len(rows)),
            filtered=len(rows) >= SMALL
            if self.algorithm in ("auto", *TREES)
            else self.algorithm != "brute",
            portable=self.algorithm == "portable",
            n_jobs=self.n_jobs,
        )

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Arrays and a JSON document from which ``from_state`` makes this again.

        Raises
        ------
        ValueError
            If X is sparse, or the metric is one that compares every row.
        """
        check_is_fitted(self)
        if isinstance(self._index, PairwiseIndex):
            raise ValueError(
                f"Only a search of dense rows by one of {METRICS} has a state, got "
                f"{self.metric!r}."
            )
        arrays, index = self._index.state()
        return arrays, {"parameters": saved_parameters(self), "index": index}

    @classmethod
    def from_state(cls, arrays: Mapping[str, Array], about: Mapping[str, Any]) -> Self:
        """The fitted search whose ``state`` this is: the same answers to the last bit.

        Arrays are used as they are and may be memory-mapped: processes that map the
        same files share their pages. Nothing is fitted, unless the index was made for
        instructions that this processor lacks.

        Raises
        ------
        ValueError
            If arrays and document do not belong together.
        """
        model = cls(**about["parameters"])
        model._check_parameters()
        index = ExactIndex.from_state(arrays, about["index"])
        if index.metric != model.effective_metric_:
            raise ValueError("index and parameters do not belong together.")
        if not index.runs_here:
            return model.fit(index.catalogue())
        model._index = index
        model.n_samples_fit_, model.n_features_in_ = len(index.rows), index.n_features
        model.n_axes_ = index.n_axes
        return model

    def _check_parameters(self) -> None:
        check_whole("n_neighbors", self.n_neighbors)
        check_choice("algorithm", self.algorithm, ALGORITHMS + TREES)
        check_whole("leaf_size", self.leaf_size)
        self.effective_metric_, self.effective_metric_params_ = resolved_metric(
            self.metric, self.p, self.metric_params
        )

    def kneighbors(
        self,
        X: Any = None,
        n_neighbors: int | None = None,
        return_distance: bool = True,
    ) -> tuple[Floats, Ints] | Ints:
        """The nearest rows of each query, nearest first.

        Parameters
        ----------
        X : array-like of shape (n_queries, n_features), default=None
            None finds the neighbours of every catalogue row, itself left out.
        n_neighbors : int, default=None
            Between 1 and ``n_samples_fit_`` (less one without X).
        return_distance : bool, default=True

        Returns
        -------
        distances : float64 array of shape (n_queries, n_neighbors)
            Left out unless ``return_distance``.
        indices : int64 array of shape (n_queries, n_neighbors)
        """
        check_is_fitted(self)
        k = self.n_neighbors if n_neighbors is None else n_neighbors
        check_k(k, self.n_samples_fit_ - (X is None), self.n_samples_fit_)
        Q = self._queries(X)
        distances, indices = self._index.nearest(Q, k + (X is None), self.n_jobs)
        if X is None:
            distances, indices = without_self(distances, indices)
        if self.effective_metric_ == "euclidean":
            np.sqrt(distances, out=distances)
        return (distances, indices) if return_distance else indices

    def radius_neighbors(
        self,
        X: Any = None,
        radius: float | None = None,
        return_distance: bool = True,
        sort_results: bool = True,
    ) -> tuple[Array, Array] | Array:
        """Every row within a radius of each query, nearest first.

        Parameters
        ----------
        X : array-like of shape (n_queries, n_features), default=None
            None finds the neighbours of every catalogue row, itself left out.
        radius : float, default=None
            In units of the metric; a row at exactly this distance is found.
        return_distance : bool, default=True
        sort_results : bool, default=True
            Accepted for compatibility with scikit-learn: rows are always sorted.

        Returns
        -------
        distances : object array of shape (n_queries,) of float64 arrays
            Left out unless ``return_distance``.
        indices : object array of shape (n_queries,) of int64 arrays
        """
        check_is_fitted(self)
        radius = self.radius if radius is None else radius
        if not isinstance(radius, Real) or np.isnan(radius):
            raise ValueError(f"radius must be a number, got {radius!r}.")
        found = self._index.within(self._queries(X), float(radius), self.n_jobs)
        distances = np.empty(len(found), dtype=object)
        indices = np.empty(len(found), dtype=object)
        for q, (d, i) in enumerate(found):
            if X is None:
                d, i = d[i != q], i[i != q]
            root = self.effective_metric_ == "euclidean"
            distances[q], indices[q] = np.sqrt(d) if root else d, i
        return (distances, indices) if return_distance else indices

    def kneighbors_graph(
        self,
        X: Any = None,
        n_neighbors: int | None = None,
        mode: str = "connectivity",
    ) -> csr_matrix:
        """Sparse matrix (n_queries, n_samples_fit_) of the nearest rows of each query.

        Its entries are 1 for ``mode="connectivity"`` and the distances for
        ``"distance"``. Parameters are those of ``kneighbors``.
        """
        distances, rows = self.kneighbors(X, n_neighbors)
        return neighbor_graph(list(distances), list(rows), self.n_samples_fit_, mode)

    def radius_neighbors_graph(
        self,
        X: Any = None,
        radius: float | None = None,
        mode: str = "connectivity",
        sort_results: bool = True,
    ) -> csr_matrix:
        """Sparse matrix (n_queries, n_samples_fit_) of the rows within a radius.

        Entries as in ``kneighbors_graph``, parameters as in ``radius_neighbors``.
        """
        distances, rows = self.radius_neighbors(X, radius)
        return neighbor_graph(list(distances), list(rows), self.n_samples_fit_, mode)

    def _queries(self, X: Any) -> Any:
        if X is None:
            return self._index.catalogue()
        rows = self._read(X, reset=False)
        if issparse(rows) and isinstance(self._index, ExactIndex):
            return rows.toarray()
        return rows

    def __sklearn_tags__(self) -> Any:
        return set_metric_tags(super().__sklearn_tags__(), self.metric)


def neighbor_graph(
    distances: list[Floats], rows: list[Ints], n_samples: int, mode: str
) -> csr_matrix:
    """Sparse matrix of found rows, one row a query, in the order found."""
    check_choice("mode", mode, ("connectivity", "distance"))
    starts = np.cumsum([0, *map(len, rows)])
    entries = np.concatenate(distances)
    if mode == "connectivity":
        entries = np.ones(len(entries))
    shape = len(rows), n_samples
    return csr_matrix((entries, np.concatenate(rows), starts), shape=shape)


def check_k(k: Any, most: int, n_samples: int) -> None:
    """Refuse a number of neighbours that is no integer from 1 to ``most``."""
    check_whole("n_neighbors", k)
    if k > most:
        raise ValueError(
            f"Expected n_neighbors <= n_samples_fit, but n_neighbors = {k}, "
            f"n_samples_fit = {n_samples}: at most {most} can be found."
        )


def without_self(distances: Floats, indices: Ints) -> tuple[Floats, Ints]:
    """Drop each row from its own neighbours, or the last one if copies crowd it out."""
    n, k = indices.shape
    own = indices == np.arange(n)[:, None]
    own[:, -1] |= ~own.any(axis=1)
    return distances[~own].reshape(n, k - 1), indices[~own].reshape(n, k - 1)
