"""Shared by the predictors from neighbours: parameters, the index, and the weights."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from lookalike._typing import Array, Floats, Ints
from lookalike._validation import check_whole_numbers, validate_data
from lookalike.search import NearestNeighbors
from lookalike.search.pairwise import (
    Metric,
    reading,
    resolved_metric,
    set_metric_tags,
)

PARALLEL = 16 * np.finfo(np.float64).eps  # cosine distance of what may be parallel
Weights = str | Callable[[Floats], Floats] | None


class NeighborsPredictor(BaseEstimator):
    """What classifier and regressor have in common."""

    n_samples_fit_: int
    effective_metric_: Metric
    effective_metric_params_: dict[str, Any]
    _index: NearestNeighbors

    def __init__(
        self,
        n_neighbors: int = 5,
        *,
        weights: Weights = "uniform",
        algorithm: str = "auto",
        leaf_size: int = 30,
        p: float = 2,
        metric: Metric = "minkowski",
        metric_params: dict[str, Any] | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.weights = weights
        self.algorithm = algorithm
        self.leaf_size = leaf_size
        self.p = p
        self.metric = metric
        self.metric_params = metric_params
        self.n_jobs = n_jobs

    def _validate(self, X: Any, y: Any, **options: Any) -> tuple[Any, Array]:
        """Parameters that the index does not check, rows and targets."""
        self._check_weights()
        self.effective_metric_, self.effective_metric_params_ = resolved_metric(
            self.metric, self.p, self.metric_params
        )
        how = reading(self.effective_metric_)
        rows, y = validate_data(self, X, y, power=None, **how, **options)
        check_whole_numbers(X, rows)
        return rows, y

    def _keep(self, X: Any) -> None:
        """Index checked rows."""
        self._index = NearestNeighbors(
            n_neighbors=self.n_neighbors,
            algorithm=self.algorithm,
            leaf_size=self.leaf_size,
            metric=self.metric,
            p=self.p,
            metric_params=self.metric_params,
            n_jobs=self.n_jobs,
        ).fit(X)
        self.n_samples_fit_ = X.shape[0]

    def _check_weights(self) -> None:
        if callable(self.weights) or self.weights in ("uniform", "distance", None):
            if self.weights == "distance" and self.metric == "inner_product":
                raise ValueError(
                    "weights='distance' needs a distance, and an inner product is none."
                )
            return
        raise ValueError(
            "weights must be 'uniform', 'distance', a callable or None, "
            f"got {self.weights!r}."
        )

    def kneighbors(
        self,
        X: Any = None,
        n_neighbors: int | None = None,
        return_distance: bool = True,
    ) -> tuple[Floats, Ints] | Ints:
        """Distances and rows of the nearest training points; see NearestNeighbors."""
        rows = self._read(X)
        return self._index.kneighbors(rows, n_neighbors, return_distance)

    def kneighbors_graph(
        self,
        X: Any = None,
        n_neighbors: int | None = None,
        mode: str = "connectivity",
    ) -> csr_matrix:
        """Sparse matrix of the nearest training points; see NearestNeighbors."""
        rows = self._read(X)
        return self._index.kneighbors_graph(rows, n_neighbors, mode)

    def _read(self, X: Any) -> Any:
        check_is_fitted(self)
        if X is None:
            return None
        how = reading(self.effective_metric_)
        rows: Any = validate_data(self, X, power=None, **how, reset=False)
        check_whole_numbers(X, rows)
        return rows

    def _relative_weights(self, distances: Floats) -> Floats:
        """Weights of the neighbours, divided by the largest of the query.

        They add up to a finite number above zero, so that shares of them exist.
        """
        # Rounding may leave a distance next to zero on either side of it.
        distances = np.maximum(distances, 0.0)
        if callable(self.weights):
            return self._own_weights(distances)
        if self.weights != "distance":
            return np.ones_like(distances)
        nearest = distances.min(axis=1, keepdims=True)
        if not np.isfinite(nearest).all():
            raise ValueError(
                "weights='distance' needs a neighbour at a finite distance: a query "
                "has none."
            )
        # A cosine is not known better than this, and parallel rows are equally near.
        least = PARALLEL if self.metric == "cosine" else 0.0
        on_query = distances <= least
        exact = on_query.any(axis=1)
        distances[exact] = 1.0
        weights = nearest / distances
        weights[exact] = on_query[exact]
        return weights

    def _own_weights(self, distances: Floats) -> Floats:
        assert callable(self.weights)
        weights = np.asarray(self.weights(distances), dtype=np.float64)
        if weights.shape != distances.shape:
            raise ValueError(
                f"weights gave shape {weights.shape} for distances of shape "
                f"{distances.shape}."
            )
        if not (weights >= 0).all() or not np.isfinite(weights).all():
            raise ValueError("weights gave a number that is negative or not finite.")
        largest = weights.max(axis=1, keepdims=True)
        if (largest == 0).any():
            raise ValueError("All neighbours of some query have weight zero.")
        return weights / largest

    def __sklearn_tags__(self) -> Any:
        return set_metric_tags(super().__sklearn_tags__(), self.metric)
