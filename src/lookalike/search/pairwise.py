"""Search by any metric, and over sparse rows: every distance is computed."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy.sparse import csr_array, issparse
from sklearn.metrics.pairwise import (
    PAIRWISE_BOOLEAN_FUNCTIONS,
    pairwise_distances,
)

from lookalike._checks import check_positive
from lookalike._parallel import run_slices
from lookalike._typing import Array, Floats, Ints
from lookalike.kernels.sparse_distances import sparse_distances
from lookalike.search.index import CODES, METRICS
from lookalike.search.selection import in_order, nearest_in

Metric = str | Callable[[Array, Array], float]
ALIASES = {"l1": "manhattan", "cityblock": "manhattan", "l2": "euclidean"}
ALIASES |= {"infinity": "chebyshev", "p": "minkowski"}
ALIASES |= {"sokalmichener": "rogerstanimoto"}  # the same formula
# Compared by SciPy or scikit-learn, row with row.
OTHERS = (
    *("braycurtis", "canberra", "chebyshev", "correlation", "dice", "hamming"),
    *("haversine", "jaccard", "mahalanobis", "minkowski", "nan_euclidean"),
    *("precomputed", "rogerstanimoto", "russellrao", "seuclidean"),
    *("sokalsneath", "yule"),
)
HELD = 4_000_000  # distances held at once


def resolved_metric(
    metric: Metric, p: float, params: Mapping[str, Any] | None
) -> tuple[Metric, dict[str, Any]]:
    """The metric under one name, with its parameters; refuse what is none.

    Examples
    --------
    >>> resolved_metric("minkowski", 2, None), resolved_metric("l1", 2, None)
    (('euclidean', {}), ('manhattan', {}))
    >>> resolved_metric("minkowski", 3, None)
    ('minkowski', {'p': 3})
    """
    given = dict(params or {})
    if callable(metric):
        return metric, given
    name = ALIASES.get(metric, metric) if isinstance(metric, str) else metric
    if name == "minkowski":
        power = given.setdefault("p", p)
        check_positive("p", power)
        if power < 1:
            raise ValueError(f"p must be at least 1, got {power!r}.")
        plain = {1: "manhattan", 2: "euclidean", np.inf: "chebyshev"}
        if len(given) == 1 and power in plain:
            return plain[power], {}
    if name not in METRICS + OTHERS:
        known = ", ".join(map(repr, sorted({*METRICS, *OTHERS, *ALIASES})))
        raise ValueError(
            f"metric must be a function of two rows or one of {known}, got {metric!r}."
        )
    if given and name in (*METRICS, "precomputed"):
        raise ValueError(f"metric {metric!r} takes no metric_params, got {given!r}.")
    return name, given


def reading(metric: Metric) -> dict[str, Any]:
    """How ``validate_data`` is to read rows that a metric compares."""
    holes = callable(metric) or metric == "nan_euclidean"
    own = not callable(metric) and metric not in OTHERS
    return {
        "accept_sparse": False if metric == "precomputed" else "csr",
        "dtype": [np.float64, np.float32, np.uint8] if own else np.float64,
        "order": "C",
        "ensure_all_finite": "allow-nan" if holes else True,
    }


def set_metric_tags(tags: Any, metric: Metric) -> Any:
    """Say to scikit-learn what rows a search by this metric reads."""
    tags.input_tags.sparse = metric != "precomputed"
    tags.input_tags.pairwise = metric == "precomputed"
    tags.input_tags.positive_only = metric == "precomputed"
    tags.input_tags.allow_nan = metric == "nan_euclidean"
    return tags


class PairwiseIndex:
    """Exact search by comparing all rows; Euclidean distances stay squared.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features), or csr_array for one of METRICS
        Without duplicate entries. Distances (n_samples, n_samples) for "precomputed".
    metric, params : as ``resolved_metric`` gives them
    """

    n_axes = None

    def __init__(self, X: Any, metric: Metric, params: Mapping[str, Any]) -> None:
        self.metric, self.params = metric, dict(params)
        self._own = issparse(X) and metric in METRICS
        if metric == "precomputed" and X.shape[0] != X.shape[1]:
            raise ValueError(
                "metric='precomputed' needs the distances between all rows, a square "
                f"matrix, got shape {X.shape}."
            )
        self.rows = self._prepared(X)

    def catalogue(self) -> Any:
        """The rows as they are compared."""
        return self.rows

    def nearest(self, Q: Any, k: int, n_jobs: int | None) -> tuple[Floats, Ints]:
        """The k nearest rows, 1 <= k <= n_samples: distances and indices (n, k)."""
        distances = np.empty((Q.shape[0], k))
        indices = np.empty((Q.shape[0], k), np.int64)

        def search(first: int, last: int) -> None:
            for q, row in enumerate(self._distances(queries, first, last), first):
                indices[q] = nearest_in(row, k)
                distances[q] = row[indices[q]]

        queries = self._prepared(Q)
        run_slices(search, Q.shape[0], n_jobs, self._grain())
        return distances, indices

    def within(
        self, Q: Any, radius: float, n_jobs: int | None
    ) -> list[tuple[Floats, Ints]]:
        """Rows no further than ``radius``, sorted: distances and indices per query."""
        found: list[Any] = [None] * Q.shape[0]
        root = self.metric == "euclidean"

        def search(first: int, last: int) -> None:
            for q, row in enumerate(self._distances(queries, first, last), first):
                near = np.flatnonzero((np.sqrt(row) if root else row) <= radius)
                found[q] = in_order(row[near], near)

        queries = self._prepared(Q)
        run_slices(search, Q.shape[0], n_jobs, self._grain())
        return found

    def _grain(self) -> int:
        return max(1, min(256, HELD // self.rows.shape[0]))

    def _prepared(self, X: Any) -> Any:
        if self.metric == "precomputed":
            if X.shape[0] and X.min() < 0:
                raise ValueError(
                    "Negative values in data passed to metric='precomputed': distances "
                    f"of at least 0 are needed, got {X.min()}."
                )
            return X
        if self._own:
            return csr_array(X, dtype=np.float64)
        return X.astype(bool) if self.metric in PAIRWISE_BOOLEAN_FUNCTIONS else X

    def _distances(self, queries: Any, first: int, last: int) -> Floats:
        if self.metric == "precomputed":
            return np.asarray(queries[first:last], dtype=np.float64)
        if self._own:
            out = np.empty((last - first, self.rows.shape[0]))
            rows, asked = _parts(self.rows), _parts(queries)
            sparse_distances(rows, asked, CODES[str(self.metric)], first, last, out)
            return out
        distances = pairwise_distances(
            queries[first:last],
            self.rows,
            metric=self.metric,
            ensure_all_finite=reading(self.metric)["ensure_all_finite"],
            **self.params,
        ).astype(np.float64)
        unknown = np.isnan(distances)
        # Named metrics divide 0 by 0 where rows have nothing in common.
        if unknown.any() and callable(self.metric):
            q, i = np.argwhere(unknown)[0] + (first, 0)
            raise ValueError(f"The metric gives NaN for query {q} and row {i}.")
        return np.where(unknown, np.inf, distances)


def _parts(sparse: Any) -> tuple[Array, Array, Array]:
    indices = sparse.indices.astype(np.int32, copy=False)
    return sparse.data, indices, sparse.indptr.astype(np.int64, copy=False)
