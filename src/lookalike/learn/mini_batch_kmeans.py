"""Mini-batch k-means: centres learned from a stream of small samples."""

import logging
import warnings
from collections.abc import Callable
from functools import partial
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_matrix, issparse
from sklearn.utils import check_random_state

from lookalike._checks import check_sample_weight
from lookalike._typing import Array
from lookalike._validation import validate_data
from lookalike.learn._clusters import (
    FLOATS,
    SquaredDistanceClusters,
    check_clustering,
    check_init,
    check_tolerance,
    checked_centers,
    initial_centers,
    mean_variance,
    nearest,
    points_of,
    runs_of,
)

log: logging.Logger = logging.getLogger(__name__)


class MiniBatchKMeans(SquaredDistanceClusters):
    r"""k-means from small random batches, for large or streamed data.

    A batch moves each centre to the mean of all samples assigned to it so far. With
    :math:`n_j` the weight of those so far, and the samples B of the batch nearest to
    :math:`\mu_j`,

    .. math:: \mu_j \leftarrow \frac{n_j \mu_j + \sum_{i \in B} w_i x_i}
        {n_j + \sum_{i \in B} w_i}.

    Parameters
    ----------
    n_clusters : int, default=8
        Number of centres, k.
    init : {"k-means++", "random"}, array or callable, default="k-means++"
        Initial centres; see :class:`KMeans`.
    max_iter : int, default=100
        Most passes over X that ``fit`` draws.
    batch_size : int, default=1024
        Samples drawn for a step of ``fit``, with replacement, by their weight.
    verbose : int, default=0
        If positive, steps are logged at level INFO under this module's name.
    compute_labels : bool, default=True
        Whether to find ``labels_`` and ``inertia_`` of the whole X at the end.
    random_state : int, RandomState instance or None, default=None
        Source of chance. A number gives scikit-learn's draws.
    tol : float, default=0.0
        Stop when the squared moves of a step sum to at most this, times the mean
        variance of a feature. 0 switches this off.
    max_no_improvement : int or None, default=10
        Stop after so many steps in which the smoothed inertia of the batches found no
        new minimum. None switches this off.
    init_size : int, default=None
        Samples that initial centres are chosen from and compared on; None takes 3
        batches, or 3 k if that is fewer than k.
    n_init : "auto" or int, default="auto"
        Number of initialisations, of which the best on ``init_size`` samples is used.
        "auto" is 3 for "random" and callables, else 1.
    reassignment_ratio : float, default=0.01
        A centre with less than this share of the largest centre's weight is moved to a
        sample of the batch, once every 10 k samples and while any centre is unused.

    Attributes
    ----------
    cluster_centers_ : ndarray of shape (n_clusters, n_features)
        The centres.
    labels_ : ndarray of shape (n_samples,), int32
        Nearest centre of each sample of the last ``fit`` or ``partial_fit``.
    inertia_ : float
        Weighted sum of squared distances to the nearest centre; without
        ``compute_labels``, the smoothed estimate.
    n_iter_ : int
        Passes over X, of ``fit``.
    n_steps_ : int
        Batches seen.

    Notes
    -----
    Time per step O(batch_size * n_clusters * n_features) at most. Sums are float64.

    References
    ----------
    .. [1] Sculley (2010). "Web-scale k-means clustering". WWW.   (algorithm 1)

    Examples
    --------
    >>> import numpy as np
    >>> from lookalike.learn import MiniBatchKMeans
    >>> model = MiniBatchKMeans(2, init=np.array([[0.0], [10.0]]))
    >>> for batch in ([[1.0], [9.0]], [[3.0], [8.0]]):
    ...     model = model.partial_fit(batch)
    >>> model.cluster_centers_
    array([[2. ],
           [8.5]])
    """

    cluster_centers_: Array
    labels_: Array
    inertia_: float
    n_iter_: int
    n_steps_: int
    _counts: Array
    _batch_size: int
    _since_reassignment: int
    _random_state: np.random.RandomState

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        init: Any = "k-means++",
        max_iter: int = 100,
        batch_size: int = 1024,
        verbose: int = 0,
        compute_labels: bool = True,
        random_state: Any = None,
        tol: float = 0.0,
        max_no_improvement: int | None = 10,
        init_size: int | None = None,
        n_init: Any = "auto",
        reassignment_ratio: float = 0.01,
    ) -> None:
        self.n_clusters = n_clusters
        self.init = init
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.verbose = verbose
        self.compute_labels = compute_labels
        self.random_state = random_state
        self.tol = tol
        self.max_no_improvement = max_no_improvement
        self.init_size = init_size
        self.n_init = n_init
        self.reassignment_ratio = reassignment_ratio

    def fit(
        self, X: Any, y: object = None, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Find the centres of X, dense or sparse, from random batches of it."""
        X = validate_data(self, X, accept_sparse="csr", dtype=FLOATS, order="C")
        weight = self._start(X, sample_weight)
        random_state = self._random_state
        size = min(self.batch_size, X.shape[0])
        self.cluster_centers_ = self._best_start(X, weight)
        tol = self.tol * mean_variance(X) if self.tol else 0.0
        progress = _Progress(2 * size / (X.shape[0] + 1), self.max_no_improvement)
        # The draws of RandomState.choice, less its pass over all weights each time.
        cumulative = np.cumsum(weight / weight.sum())
        cumulative /= cumulative[-1]
        points, n = points_of(X), X.shape[0]  # the bounds are prepared once
        labels = np.full(n, -1, np.int32)
        nowhere = labels.copy()
        upper, lower = np.empty((2, n))
        ones = np.ones(n, X.dtype)
        for step in range(self.max_iter * X.shape[0] // size):
            drawn = cumulative.searchsorted(
                random_state.random_sample(size), side="right"
            )
            before = self.cluster_centers_
            points.assign(before, drawn, labels, upper, lower)
            inertia = float((upper[drawn] ** 2).sum()) / size
            sums, counts = np.zeros(before.shape), np.zeros(len(before), np.int64)
            points.move(drawn, nowhere, labels, ones, sums, counts)
            self._step(sums, counts, drawn, points.rows)
            if self.verbose:
                log.info("step %d: inertia %g a sample", step + 1, inertia)
            if step == 0:
                continue  # its inertia is that of the initial centres
            moved = ((self.cluster_centers_ - before) ** 2).sum()
            if (tol > 0 and moved <= tol) or progress.ended(inertia):
                break
        self.n_steps_ = step + 1
        self.n_iter_ = int(np.ceil(self.n_steps_ * size / X.shape[0]))
        if self.compute_labels:
            points.assign(
                self.cluster_centers_, np.arange(len(labels)), labels, upper, lower
            )
            squared = points.distances(self.cluster_centers_, labels)
            self._keep_labels(labels, squared, weight)
        else:
            self.inertia_ = float(progress.smoothed * weight.sum())
        return self

    def partial_fit(
        self, X: Any, y: object = None, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Use X, dense or sparse, as the next batch."""
        first = not hasattr(self, "cluster_centers_")
        dtype = FLOATS if first else self.cluster_centers_.dtype
        X = validate_data(
            self, X, accept_sparse="csr", dtype=dtype, order="C", reset=first
        )
        if first:
            weight = self._start(X, sample_weight)
            self.cluster_centers_ = self._one_start(X, weight)
            self.n_steps_ = 0
        weight = check_sample_weight(sample_weight, X)
        labels, _ = nearest(X, self.cluster_centers_)
        sums, mass = sums_of_clusters(X, weight, labels, len(self.cluster_centers_))
        self._step(sums, mass, np.arange(X.shape[0]), partial(_dense_rows, X))
        self.n_steps_ += 1
        if self.compute_labels:
            self._keep_labels(*nearest(X, self.cluster_centers_), weight)
        return self

    def _start(self, X: Any, sample_weight: ArrayLike | None) -> Array:
        """Check everything, reset what steps keep, and return the weights."""
        sizes: dict[str, Any] = {"max_iter": self.max_iter}
        sizes["batch_size"] = self.batch_size
        if self.init_size is not None:
            sizes["init_size"] = self.init_size
        check_clustering(X.shape[0], n_clusters=self.n_clusters, **sizes)
        check_init(self.init)
        check_tolerance(self.tol)
        patience, ratio = self.max_no_improvement, self.reassignment_ratio
        if patience is not None and not (
            isinstance(patience, Integral) and patience >= 0
        ):
            raise ValueError(
                f"max_no_improvement must be None or at least 0, got {patience!r}."
            )
        if not isinstance(ratio, Real) or not float(ratio) >= 0:
            raise ValueError(f"reassignment_ratio must be at least 0, got {ratio!r}.")
        self._batch_size = min(self.batch_size, X.shape[0])
        self._random_state = check_random_state(self.random_state)
        self._counts = np.zeros(self.n_clusters)
        self._since_reassignment = 0
        self._n_features_out = self.n_clusters
        return check_sample_weight(sample_weight, X)

    def _start_size(self, n_samples: int) -> int:
        size = 3 * self._batch_size if self.init_size is None else self.init_size
        if size < self.n_clusters:
            if self.init_size is not None:
                warnings.warn(
                    f"init_size={self.init_size} is less than n_clusters="
                    f"{self.n_clusters}: taking 3 * n_clusters.",
                    RuntimeWarning,
                    stacklevel=4,
                )
            size = 3 * self.n_clusters
        return min(size, n_samples)

    def _one_start(self, X: Any, weight: Array) -> Array:
        shape = (self.n_clusters, X.shape[1])
        if not isinstance(self.init, str) and not callable(self.init):
            return checked_centers(self.init, shape, X.dtype)
        size = self._start_size(X.shape[0])
        if size < X.shape[0]:
            some = self._random_state.randint(0, X.shape[0], size)
            X, weight = X[some], weight[some]
        return initial_centers(
            points_of(X), X, self.init, self.n_clusters, weight, self._random_state
        )

    def _best_start(self, X: Any, weight: Array) -> Array:
        size = self._start_size(X.shape[0])
        some = self._random_state.randint(0, X.shape[0], size)
        best, least = np.empty(0), np.inf
        for _ in range(runs_of(self.n_init, self.init, 3)):
            centers = self._one_start(X, weight)
            inertia = float(weight[some] @ nearest(X[some], centers)[1])
            if not inertia >= least:
                best, least = centers, inertia
        return best

    def _step(
        self, sums: Array, mass: Array, batch: Array, rows: Callable[[Array], Array]
    ) -> None:
        """Move the centres by the sums and weights of a batch's clusters."""
        reassign = self._time_to_reassign(self._batch_size)
        centers = self.cluster_centers_
        after = self._counts + mass
        updated = mass > 0
        moved = centers.copy()
        kept = centers[updated] * self._counts[updated, None]
        moved[updated] = (kept + sums[updated]) / after[updated, None]
        self.cluster_centers_, self._counts = moved, after
        if reassign and self.reassignment_ratio > 0:
            self._reassign(batch, rows)

    def _time_to_reassign(self, size: int) -> bool:
        self._since_reassignment += size
        due = self._since_reassignment >= 10 * self.n_clusters
        if due or (self._counts == 0).any():
            self._since_reassignment = 0
            return True
        return False

    def _reassign(self, batch: Array, rows: Callable[[Array], Array]) -> None:
        """Move centres of little weight to samples of the batch, at most half of it."""
        counts = self._counts
        weak = counts < self.reassignment_ratio * counts.max()
        weak[counts.argmax()] = False
        most = len(batch) // 2
        if weak.sum() > 0.5 * len(batch):
            weak[np.argsort(counts)[most:]] = False
        if weak.any():
            chosen = self._random_state.choice(len(batch), weak.sum(), replace=False)
            self.cluster_centers_[weak] = rows(batch[chosen])
            # The least weight of the rest, or they would be moved again at once.
            counts[weak] = counts[~weak].min()

    def _keep_labels(self, labels: Array, squared: Array, weight: Array) -> None:
        self.labels_ = labels
        self.inertia_ = float(weight.astype(np.float64) @ squared)


class _Progress:
    """Smoothed inertia of the batches, and the steps since its minimum."""

    def __init__(self, share: float, patience: int | None) -> None:
        self.share, self.patience = min(share, 1.0), patience
        self.smoothed, self.least, self.waited = np.nan, np.inf, 0

    def ended(self, inertia: float) -> bool:
        old = inertia if np.isnan(self.smoothed) else self.smoothed
        self.smoothed = old * (1 - self.share) + inertia * self.share
        self.waited = 0 if self.smoothed < self.least else self.waited + 1
        self.least = min(self.least, self.smoothed)
        return self.patience is not None and self.waited >= self.patience


def _dense_rows(X: Any, rows: Array) -> Array:
    some = X[rows]
    return some.toarray() if issparse(some) else some


def sums_of_clusters(
    X: Any, weight: Array, labels: Array, n_clusters: int
) -> tuple[Array, Array]:
    """Weighted sum of each cluster's samples and its weight, in double precision."""
    columns = np.arange(len(labels))
    shape = (n_clusters, len(labels))
    members = csr_matrix((weight.astype(np.float64), (labels, columns)), shape=shape)
    sums = members @ X
    mass = np.bincount(labels, weight, minlength=n_clusters)
    return (sums.toarray() if issparse(sums) else sums), mass
