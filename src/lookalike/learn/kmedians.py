"""k-medians: clustering by Manhattan distance, robust to outliers."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    ClusterMixin,
    TransformerMixin,
)
from sklearn.metrics.pairwise import manhattan_distances
from sklearn.utils import check_random_state, validation
from sklearn.utils.validation import check_is_fitted

from lookalike._checks import check_sample_weight
from lookalike._parallel import run_slices
from lookalike._typing import Array, Floats
from lookalike._validation import far_rows, validate_data
from lookalike.kernels.kmeans import (
    assign_manhattan,
    closer_manhattan,
    loosen,
)
from lookalike.learn._clusters import (
    FLOATS,
    check_clustering,
    check_init,
    check_tolerance,
    initial_centers,
    runs_of,
)
from lookalike.learn.kmeans import largest_of_others


class KMedians(
    ClassNamePrefixFeaturesOutMixin, ClusterMixin, TransformerMixin, BaseEstimator
):
    r"""Group samples around k centres, each the median of the samples nearest to it.

    Minimises, with weights :math:`w_i` and centres :math:`m_j`,

    .. math:: \sum_i w_i \min_j |x_i - m_j|_1,

    alternately: every sample is assigned to its nearest centre, every centre becomes
    the median of its samples, feature by feature. Outliers of less than half of a
    cluster's weight cannot move its centre far.

    Parameters
    ----------
    n_clusters : int, default=8
        Number of centres, k.
    init : {"k-means++", "random"}, array or callable, default="k-means++"
        Initial centres: samples drawn in proportion to their (absolute) distance to
        those drawn before; random samples; given centres of shape (k, n_features); or
        ``init(X, n_clusters, random_state=...)``.
    n_init : "auto" or int, default="auto"
        Number of runs; the one with the least inertia is kept. "auto" is 10 for
        "random" and callables, else 1. Given centres are used once.
    max_iter : int, default=300
        Most iterations of a run.
    tol : float, default=1e-4
        Stop when the moves of the centres sum to at most this times the mean absolute
        deviation of a sample from the overall median. It also stops when no sample
        changes its centre.
    random_state : int, RandomState instance or None, default=None
        Source of chance of the initial centres.
    n_jobs : int, default=None
        Threads over samples: None is one, -1 is every processor. Changes no answer.

    Attributes
    ----------
    cluster_centers_ : ndarray of shape (n_clusters, n_features)
        The centres.
    labels_ : ndarray of shape (n_samples,), int32
        Nearest centre of each sample; of equal ones the lowest.
    inertia_ : float
        Weighted sum of absolute distances to the nearest centre.
    n_iter_ : int
        Iterations of the run that was kept.

    Notes
    -----
    For an even number of samples the centre is the mean of the two middle ones, as in
    ``numpy.median``. A cluster that loses all its samples is moved to the sample
    farthest from its centre. Samples whose centre cannot have changed, by the triangle
    inequality, are skipped. Time per iteration is O(n_samples * n_clusters *
    n_features) at most for the distances, and a sort of the clusters that changed.

    References
    ----------
    .. [1] Jain and Dubes (1988). "Algorithms for Clustering Data", section 3.3.
       Prentice Hall.

    Examples
    --------
    >>> from lookalike.learn import KMedians
    >>> X = [[1, 2], [1, 4], [1, 0], [10, 2], [10, 4], [99, 0]]
    >>> model = KMedians(n_clusters=2, init=[[0, 0], [9, 9]]).fit(X)
    >>> model.cluster_centers_, model.inertia_
    (array([[ 1.,  2.],
           [10.,  2.]]), 97.0)
    """

    cluster_centers_: Array
    labels_: Array
    inertia_: float
    n_iter_: int

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        init: Any = "k-means++",
        n_init: Any = "auto",
        max_iter: int = 300,
        tol: float = 1e-4,
        random_state: Any = None,
        n_jobs: int | None = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.init = init
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(
        self, X: Any, y: object = None, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Find the centres of X."""
        X = validate_data(self, X, dtype=FLOATS, order="C", power=1)
        check_clustering(len(X), n_clusters=self.n_clusters, max_iter=self.max_iter)
        check_init(self.init)
        check_tolerance(self.tol)
        weight = check_sample_weight(sample_weight, X)
        random_state = check_random_state(self.random_state)
        points = ManhattanPoints(X, self.n_jobs)
        tol = 0.0
        if self.tol > 0:
            tol = self.tol * float(np.abs(X - np.median(X, axis=0)).sum(axis=1).mean())
        self.inertia_ = np.inf
        for trial in range(runs_of(self.n_init, self.init, 10)):
            start = initial_centers(
                points, X, self.init, self.n_clusters, weight, random_state
            )
            run = alternate(points, weight, start, self.max_iter, tol)
            if trial == 0 or run[0] < self.inertia_:
                self.inertia_, self.labels_, self.cluster_centers_, self.n_iter_ = run
        self._n_features_out = self.n_clusters
        return self

    def predict(self, X: Any) -> Array:
        """Nearest centre of each sample, int32 of shape (n_samples,).

        Samples may be so far away that their distance is no number of their type.
        """
        X = self._checked(X, far=True)
        far = far_rows(X, power=1)
        labels = self._nearest(X)[0]
        labels[far] = [nearest_to_far(x, self.cluster_centers_) for x in X[far]]
        return labels

    def transform(self, X: Any) -> Array:
        """Absolute distances to every centre, shape (n_samples, n_clusters)."""
        X = self._checked(X)
        return manhattan_distances(X, self.cluster_centers_).astype(X.dtype)

    def score(
        self, X: Any, y: object = None, sample_weight: ArrayLike | None = None
    ) -> float:
        """Minus the inertia of X: higher is better."""
        distances = self._nearest(self._checked(X))[1]
        return -float(check_sample_weight(sample_weight, distances) @ distances)

    def _nearest(self, X: Array) -> tuple[Array, Floats]:
        points = ManhattanPoints(X, self.n_jobs)
        labels, upper, lower = points.unassigned()
        rows = np.arange(len(labels))
        points.assign(self.cluster_centers_, rows, labels, upper, lower)
        return labels, upper

    def _checked(self, X: Any, far: bool = False) -> Array:
        check_is_fitted(self)
        how: Any = {"dtype": self.cluster_centers_.dtype, "order": "C", "reset": False}
        if far:
            return validation.validate_data(self, X, **how)
        return validate_data(self, X, power=1, **how)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def nearest_to_far(x: Array, centers: Array) -> int:
    """Nearest centre of a row whose distances overflow, by how much less than |x|."""
    x, C = x.astype(np.float64), centers.astype(np.float64)
    less = np.where(abs(x) > abs(C), -np.sign(x) * C, abs(x - C) - abs(x))
    return int(less.sum(axis=1).argmin())


class ManhattanPoints:
    """Rows of an array, with Manhattan distances to centres."""

    def __init__(self, X: Array, n_jobs: int | None = None) -> None:
        self.X, self.shape, self.dtype, self.n_jobs = X, X.shape, X.dtype, n_jobs

    def unassigned(self) -> tuple[Array, Floats, Floats]:
        """Labels and bounds before the first assignment."""
        n = len(self.X)
        return np.full(n, -1, np.int32), np.full(n, np.inf), np.zeros(n)

    def rows(self, indices: Array) -> Array:
        """Copy of some rows."""
        return self.X[indices]

    def assign(
        self, centers: Array, rows: Array, labels: Array, upper: Floats, lower: Floats
    ) -> None:
        """Update nearest centre, distance to it, and a bound of all others."""

        def work(start: int, stop: int) -> None:
            some = rows[start:stop]
            assign_manhattan(self.X, centers, some, labels, upper, lower)

        run_slices(work, len(rows), self.n_jobs, grain=1024)

    def closer(self, centers: Array, closest: Array) -> Array:
        """Smaller of ``closest`` and the distance, (n_centers, n_rows)."""
        out = np.empty((len(centers), len(closest)), closest.dtype)

        def work(start: int, stop: int) -> None:
            part = slice(start, stop)
            closer_manhattan(self.X[part], centers, closest[part], out[:, part])

        run_slices(work, len(closest), self.n_jobs, grain=1024)
        return out


def alternate(
    points: ManhattanPoints, weight: Array, centers: Array, max_iter: int, tol: float
) -> tuple[float, Array, Array, int]:
    """One run: inertia, labels, centres, iterations."""
    labels, upper, lower = points.unassigned()
    doubtful, n_doubtful = np.arange(len(labels)), len(labels)
    margin = 1 - 4 * np.finfo(points.dtype).eps * (points.shape[1] + 8)
    for n_iter in range(1, max_iter + 1):
        before = labels.copy()
        points.assign(centers, doubtful[:n_doubtful], labels, upper, lower)
        changed = np.flatnonzero(labels != before)
        if len(changed) == 0:
            break
        touched = np.union1d(before[changed], labels[changed])
        moved = medians(points, weight, labels, centers, touched[touched >= 0])
        shift = np.abs(moved - centers).sum(axis=1, dtype=np.float64)
        centers, others = moved, largest_of_others(shift)
        n_doubtful = loosen(shift, others, margin, labels, upper, lower, doubtful)
        if shift.sum() <= tol or n_iter == max_iter:
            points.assign(centers, doubtful[:n_doubtful], labels, upper, lower)
            break
    own = np.abs(points.X - centers[labels]).sum(axis=1)
    return float(weight.astype(np.float64) @ own), labels, centers, n_iter


def medians(
    points: ManhattanPoints, weight: Array, labels: Array, centers: Array, some: Array
) -> Array:
    """Centres, with new medians of the clusters ``some``; empty ones are moved."""
    moved = centers.copy()
    empty = np.bincount(labels, weight, minlength=len(centers)) == 0
    for j in some[~empty[some]]:
        moved[j] = weighted_median(points.X[labels == j], weight[labels == j])
    if empty.any():
        own = np.abs(points.X - centers[labels]).sum(axis=1)
        moved[empty] = points.X[np.argsort(-own, kind="stable")[: empty.sum()]]
    return moved


def weighted_median(X: Array, weight: Array) -> Array:
    """Weighted median of each column; the mean of two values at exactly half."""
    if weight.min() == weight.max():
        # Of short contiguous columns a sort costs less than numpy.median's partition.
        columns = np.sort(X.T, axis=1)
        low, high = columns[:, (len(X) - 1) // 2], columns[:, len(X) // 2]
        return (low + high) / 2 if len(X) % 2 == 0 else high
    order = X.argsort(axis=0, kind="stable")
    below = np.cumsum(weight[order], axis=0, dtype=np.float64)
    half = below[-1] / 2
    first, last = (below < half).sum(axis=0), (below <= half).sum(axis=0)
    columns = np.arange(X.shape[1])
    last = np.minimum(last, len(X) - 1)
    return (X[order[first, columns], columns] + X[order[last, columns], columns]) / 2
