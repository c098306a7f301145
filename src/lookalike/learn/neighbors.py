"""k-nearest-neighbour classification."""

from collections.abc import Callable
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from lookalike._typing import Array, Floats, Ints
from lookalike._validation import check_whole_numbers
from lookalike.search import NearestNeighbors

PARALLEL = 16 * np.finfo(np.float64).eps  # cosine distance of what may be parallel
Weights = str | Callable[[Floats], Floats] | None


class KNeighborsClassifier(ClassifierMixin, BaseEstimator):
    r"""Label a point by the vote of its k nearest training points.

    With weights :math:`w_i` of the neighbours :math:`N_k(x)`,

    .. math:: p(c \mid x) = \frac{\sum_{i \in N_k(x)} w_i [y_i = c]}
              {\sum_{i \in N_k(x)} w_i} .

    Parameters
    ----------
    n_neighbors : int, default=5
        Size of the neighbourhood, between 1 and ``n_samples``.
    weights : {"uniform", "distance"}, callable or None, default="uniform"
        "uniform": every neighbour has one vote. "distance": one over its distance;
        where neighbours lie exactly on the query, they alone vote. A callable turns
        distances (n_queries, n_neighbors) into weights of that shape. None is
        "uniform".
    algorithm : {"auto", "brute", "rotation", "portable"}, default="auto"
        How neighbours are found; the answer does not depend on it.
    p : {1, 2}, default=2
        Power of the Minkowski metric.
    metric : str, default="minkowski"
        See ``NearestNeighbors``; "inner_product" has no distances to weigh by.
    n_jobs : int or None, default=None
        Threads; None is one, -1 is one for every processor.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels seen in ``fit``, sorted.
    n_samples_fit_ : int
        Training points.

    Notes
    -----
    Cost per query as in ``NearestNeighbors``, which finds the neighbours exactly. Ties
    in distance go to the earlier training point, ties in the vote to the smallest
    label.

    References
    ----------
    .. [1] Cover and Hart (1967). "Nearest neighbor pattern classification".
       IEEE Transactions on Information Theory 13(1).
    .. [2] Dudani (1976). "The distance-weighted k-nearest-neighbor rule".
       IEEE Transactions on Systems, Man, and Cybernetics SMC-6(4).

    Examples
    --------
    >>> from lookalike.learn import KNeighborsClassifier
    >>> X, y = [[0.0], [1.0], [5.0], [6.0]], ["left", "left", "right", "right"]
    >>> model = KNeighborsClassifier(n_neighbors=3, weights="distance").fit(X, y)
    >>> model.predict([[2.0]])
    array(['left'], dtype='<U5')
    >>> model.predict_proba([[2.0]])  # 1/2 and 1/1 against 1/3
    array([[0.82, 0.18]])
    """

    classes_: Array
    n_samples_fit_: int
    _index: NearestNeighbors
    _labels: Ints

    def __init__(
        self,
        n_neighbors: int = 5,
        *,
        weights: Weights = "uniform",
        algorithm: str = "auto",
        p: float = 2,
        metric: str = "minkowski",
        n_jobs: int | None = None,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.weights = weights
        self.algorithm = algorithm
        self.p = p
        self.metric = metric
        self.n_jobs = n_jobs

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Index the training set: X (n_samples, n_features), y (n_samples,)."""
        given = X
        X, y = validate_data(self, X, y, dtype=[np.float64, np.float32, np.uint8])
        check_whole_numbers(given, X)
        check_classification_targets(y)
        self._check_weights()
        self._index = NearestNeighbors(
            self.n_neighbors,
            algorithm=self.algorithm,
            metric=self.metric,
            p=self.p,
            n_jobs=self.n_jobs,
        ).fit(X)
        self.classes_, self._labels = np.unique(y, return_inverse=True)
        self.n_samples_fit_ = len(self._labels)
        return self

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
        X: ArrayLike | None = None,
        n_neighbors: int | None = None,
        return_distance: bool = True,
    ) -> tuple[Floats, Ints] | Ints:
        """Distances and rows of the nearest training points; see NearestNeighbors."""
        check_is_fitted(self)
        if X is not None:
            X = self._checked(X)
        return self._index.kneighbors(X, n_neighbors, return_distance)

    def predict_proba(self, X: ArrayLike | None) -> Floats:
        """Weighted share of each class, shape (n_queries, n_classes).

        None predicts the training points, each left out of its own vote.
        """
        distances, rows = self.kneighbors(X)
        weights = self._weigh(distances)
        n_queries, n_classes = len(rows), len(self.classes_)
        # One sum per query and class: the votes fall into bins q * n_classes + label.
        bins = np.arange(n_queries)[:, None] * n_classes + self._labels[rows]
        votes = np.bincount(bins.ravel(), weights.ravel(), n_queries * n_classes)
        votes = votes.reshape(n_queries, n_classes)
        totals = votes.sum(axis=1, keepdims=True)
        if (totals == 0).any():
            raise ValueError("All neighbours of some query have weight zero.")
        if not np.isfinite(totals).all():
            raise ValueError("The weights of the neighbours of some query overflow.")
        shares: Floats = votes / totals
        return shares

    def predict(self, X: ArrayLike | None) -> Array:
        """Most voted label, shape (n_queries,)."""
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]

    def _checked(self, X: ArrayLike) -> Array:
        Q: Array = validate_data(
            self, X, dtype=[np.float64, np.float32, np.uint8], reset=False
        )
        check_whole_numbers(X, Q)
        return Q

    def _weigh(self, distances: Floats) -> Floats:
        # Rounding may leave a distance next to zero on either side of it.
        distances = np.maximum(distances, 0.0)
        if callable(self.weights):
            weights: Any = np.asarray(self.weights(distances), dtype=np.float64)
            if weights.shape != distances.shape:
                raise ValueError(
                    f"weights gave shape {weights.shape} for distances of shape "
                    f"{distances.shape}."
                )
            if not (weights >= 0).all() or not np.isfinite(weights).all():
                raise ValueError(
                    "weights gave a number that is negative or not finite."
                )
            return weights
        if self.weights != "distance":
            return np.ones_like(distances)
        # A cosine is not known better than this, and parallel rows are equally near.
        least = PARALLEL if self.metric == "cosine" else 0.0
        on_query = distances <= least
        exact = on_query.any(axis=1)
        distances[exact] = 1.0
        weights = distances.min(axis=1, keepdims=True) / distances  # never overflows
        weights[exact] = on_query[exact]
        return weights
