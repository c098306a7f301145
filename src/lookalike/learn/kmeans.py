"""k-means: Lloyd's algorithm, with bounds that avoid most distances."""

import logging
import warnings
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from lookalike._checks import check_sample_weight
from lookalike._typing import Array, Floats, Ints
from lookalike._validation import validate_data
from lookalike.kernels.kmeans import loosen
from lookalike.learn._clusters import (
    FLOATS,
    Points,
    SquaredDistanceClusters,
    check_clustering,
    check_init,
    check_tolerance,
    initial_centers,
    mean_variance,
    points_of,
    runs_of,
)

log: logging.Logger = logging.getLogger(__name__)


class KMeans(SquaredDistanceClusters):
    r"""Group samples around k centres, each the mean of the samples nearest to it.

    Minimises the inertia, with weights :math:`w_i` and centres :math:`\mu_j`,

    .. math:: \sum_i w_i \min_j |x_i - \mu_j|^2,

    alternately: every sample is assigned to its nearest centre, every centre becomes
    the mean of its samples. Neither step increases the inertia, so it converges to a
    local minimum.

    Parameters
    ----------
    n_clusters : int, default=8
        Number of centres, k.
    init : {"k-means++", "random"}, array or callable, default="k-means++"
        Initial centres: samples far apart; random samples; given centres of shape
        (k, n_features); or ``init(X, n_clusters, random_state=...)``.
    n_init : "auto" or int, default="auto"
        Number of runs; the one with the least inertia is kept. "auto" is 10 for
        "random" and callables, else 1. Given centres are used once.
    max_iter : int, default=300
        Most iterations of a run.
    tol : float, default=1e-4
        Stop when the squared moves of the centres sum to at most this, times the mean
        variance of a feature. It also stops when no sample changes its centre.
    verbose : int, default=0
        If positive, iterations are logged at level INFO under this module's name.
    random_state : int, RandomState instance or None, default=None
        Source of chance of the initial centres. A number gives scikit-learn's.
    copy_x : bool, default=True
        Accepted for compatibility with scikit-learn: X is never written to.
    algorithm : {"lloyd", "elkan"}, default="lloyd"
        Accepted for compatibility with scikit-learn: both are Lloyd with bounds.
    n_jobs : int, default=None
        Threads over samples: None is one, -1 is every processor. Changes no answer.

    Attributes
    ----------
    cluster_centers_ : ndarray of shape (n_clusters, n_features)
        The centres.
    labels_ : ndarray of shape (n_samples,), int32
        Nearest centre of each sample; of equal ones the lowest.
    inertia_ : float
        Weighted sum of squared distances to the nearest centre.
    n_iter_ : int
        Iterations of the run that was kept.

    Notes
    -----
    Each iteration has the result of Lloyd's. A sample is skipped if the distance to its
    centre, plus that centre's moves since, stays below a lower bound of all others less
    theirs [2]_. For the rest, lower bounds of all distances come from one product of 48
    principal coordinates, and only centres whose bound is below the best distance so
    far are compared in full. Only samples that change their centre enter the new sums,
    which are float64.

    A cluster that loses all its samples is moved to the sample farthest from its
    centre, as in scikit-learn. Time per iteration is O(n_samples * n_clusters * 48) at
    most, plus the distances.

    References
    ----------
    .. [1] Lloyd (1982). "Least squares quantization in PCM". IEEE Transactions on
       Information Theory 28(2).
    .. [2] Hamerly (2010). "Making k-means even faster". SIAM Data Mining.

    Examples
    --------
    >>> from lookalike.learn import KMeans
    >>> X = [[1, 2], [1, 4], [1, 0], [10, 2], [10, 4], [10, 0]]
    >>> model = KMeans(n_clusters=2, random_state=0).fit(X)
    >>> model.labels_, model.inertia_
    (array([1, 1, 1, 0, 0, 0], dtype=int32), 16.0)
    >>> model.cluster_centers_
    array([[10.,  2.],
           [ 1.,  2.]])
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
        verbose: int = 0,
        random_state: Any = None,
        copy_x: bool = True,
        algorithm: str = "lloyd",
        n_jobs: int | None = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.init = init
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.verbose = verbose
        self.random_state = random_state
        self.copy_x = copy_x
        self.algorithm = algorithm
        self.n_jobs = n_jobs

    def fit(
        self, X: Any, y: object = None, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Find the centres of X, dense or sparse."""
        X = validate_data(self, X, accept_sparse="csr", dtype=FLOATS, order="C")
        check_clustering(X.shape[0], n_clusters=self.n_clusters, max_iter=self.max_iter)
        check_init(self.init)
        check_tolerance(self.tol)
        if self.algorithm not in ("lloyd", "elkan"):
            raise ValueError(
                f"algorithm must be 'lloyd' or 'elkan', got {self.algorithm!r}."
            )
        weight = check_sample_weight(sample_weight, X)
        random_state = check_random_state(self.random_state)
        points = points_of(X, self.n_jobs)
        tol = self.tol * mean_variance(X) if self.tol else 0.0
        self.inertia_ = np.inf
        # Runs that differ by rounding have the same clusters, perhaps in other order.
        gain = 1 - 100 * np.finfo(X.dtype).eps
        for trial in range(runs_of(self.n_init, self.init, 10)):
            start = initial_centers(
                points, X, self.init, self.n_clusters, weight, random_state
            )
            run = lloyd(points, weight, start, self.max_iter, tol, bool(self.verbose))
            if trial == 0 or run[0] < gain * self.inertia_:
                self.inertia_, self.labels_, self.cluster_centers_, self.n_iter_ = run
        self._n_features_out = self.n_clusters
        n_found = len(np.unique(self.labels_))
        if n_found < self.n_clusters:
            warnings.warn(
                f"Found {n_found} distinct clusters, fewer than n_clusters="
                f"{self.n_clusters}: X may hold repeated samples.",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self


def lloyd(
    points: Points,
    weight: Array,
    centers: Array,
    max_iter: int,
    tol: float,
    verbose: bool = False,
) -> tuple[float, Array, Array, int]:
    """One run of Lloyd's algorithm: inertia, labels, centres, iterations."""
    n_samples, n_clusters = len(weight), len(centers)
    labels = np.full(n_samples, -1, np.int32)
    upper, lower = np.full(n_samples, np.inf), np.zeros(n_samples)
    doubtful, n_doubtful = np.arange(n_samples), n_samples
    sums, counts = np.zeros(centers.shape), np.zeros(n_clusters, np.int64)
    margin = 1 - 4 * np.finfo(points.dtype).eps * (points.shape[1] + 8)
    for n_iter in range(1, max_iter + 1):
        before, rows = labels.copy(), doubtful[:n_doubtful]
        points.assign(centers, rows, labels, upper, lower)
        changed = points.move(rows, before, labels, weight, sums, counts)
        if verbose:
            log.info("iteration %d: %d samples changed their centre", n_iter, changed)
        if changed == 0:
            break
        moved = means(points, weight, labels, sums, counts, centers)
        shift = np.sqrt(((moved - centers).astype(np.float64) ** 2).sum(axis=1))
        centers, others = moved, largest_of_others(shift)
        n_doubtful = loosen(shift, others, margin, labels, upper, lower, doubtful)
        if (shift**2).sum() <= tol or n_iter == max_iter:
            points.assign(centers, doubtful[:n_doubtful], labels, upper, lower)
            break
    inertia = float(weight.astype(np.float64) @ points.distances(centers, labels))
    return inertia, labels, centers, n_iter


def means(
    points: Points,
    weight: Array,
    labels: Array,
    sums: Floats,
    counts: Ints,
    centers: Array,
) -> Array:
    """New centres; an empty cluster takes the sample farthest from its centre."""
    sums[counts == 0] = 0  # no trace of rounding
    mass: Any = counts * float(weight[0])
    if weight.min() != weight.max():
        mass = np.bincount(labels, weight, minlength=len(counts))
    empty = np.flatnonzero(mass == 0)
    if len(empty):
        sums = sums.copy()
        squared = points.distances(centers, labels)
        far = np.argpartition(squared, -len(empty))[: -len(empty) - 1 : -1]
        if squared.max() > 0:
            rows = points.rows(far) * weight[far, None].astype(np.float64)
            for j, row, i in zip(empty, rows, far, strict=True):
                sums[labels[i]] -= row
                mass[labels[i]] -= weight[i]
                sums[j], mass[j] = row, weight[i]
        still_empty = mass == 0  # more clusters than distinct samples: put together
        sums[still_empty], mass[still_empty] = sums[mass.argmax()], mass.max()
    return (sums / mass[:, None]).astype(centers.dtype)


def largest_of_others(shift: Floats) -> Floats:
    """For each centre, the largest move of any other one."""
    others = np.full(len(shift), shift.max())
    farthest = shift.argmax()
    others[farthest] = np.delete(shift, farthest).max(initial=0.0)
    return others
