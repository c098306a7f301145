"""Shared by the clustering algorithms: assignment to centres, seeding, prediction."""

from numbers import Integral, Real
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_matrix, issparse
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    ClusterMixin,
    TransformerMixin,
)
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.utils import check_array, gen_batches, validation
from sklearn.utils.validation import check_is_fitted

from lookalike._checks import check_sample_weight, check_whole
from lookalike._parallel import run_slices
from lookalike._typing import Array, Floats, Ints
from lookalike._validation import far_rows, validate_data
from lookalike.kernels import kmeans as kernels
from lookalike.learn._linear import squared_norms

FLOATS = [np.float64, np.float32]
N_AXES = 48  # principal axes of the bounds
WIDE = 128  # features from which on bounds are faster
AXES_COST = 10**6  # rows times centres for which finding the axes takes as long
NARROW = 16  # features up to which all distances cost no more than bounds
FAR = 1e12  # in units of the sample's spread; float32 holds its square
ROUNDING = float(np.finfo(np.float32).eps) / 2


class Seeds(Protocol):
    """Rows from which starting centres are drawn."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of rows, number of features."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the rows, and of centres."""
        ...

    def rows(self, indices: Array) -> Array:
        """Dense copy of some rows."""
        ...

    def closer(self, centers: Array, closest: Array) -> Array:
        """Smaller of ``closest`` and the distance, shape (n_centers, n_rows)."""
        ...


class Points(Seeds, Protocol):
    """Rows to be clustered, dense or sparse, and the distances that this takes."""

    def assign(
        self, centers: Array, rows: Array, labels: Array, upper: Floats, lower: Floats
    ) -> None:
        """Update, for ``rows``, the nearest centre, the distance to it, and a bound.

        The bound, ``lower``, is at most the distance to any other centre.
        """
        ...

    def distances(self, centers: Array, labels: Array) -> Array:
        """Squared distance of each row to the centre of its label."""
        ...

    def move(
        self,
        rows: Array,
        before: Array,
        after: Array,
        weight: Array,
        sums: Floats,
        counts: Ints,
    ) -> int:
        """Take rows whose label changed from one cluster's sum to another; how many."""
        ...


class DensePoints:
    r"""Rows of an array, with bounds from their leading principal coordinates.

    For an orthonormal basis V of a few axes and r the length of what V leaves over,

    .. math:: |x - c|^2 \geq |V^\top x - V^\top c|^2 + (r_x - r_c)^2,

    which costs a product of a few columns. Any V will do; that of a sample's principal
    axes makes the bound tight. Bounds are float32, with an allowance for rounding.
    """

    def __init__(
        self,
        X: Array,
        sample: Array | None = None,
        n_jobs: Any = None,
        n_axes: int = N_AXES,
    ):
        self.X = X
        self.shape, self.dtype, self.n_jobs = X.shape, X.dtype, n_jobs
        if sample is None:
            sample = X[:: len(X) // 2000 + 1]
        self.origin = sample.mean(axis=0)
        self._fit_scale(sample)
        self.axes = None
        if X.shape[1] >= WIDE and n_axes:
            self.axes = leading_axes(self._centred(sample), n_axes)
        with np.errstate(over="ignore", invalid="ignore"):
            self.P, self.P2 = self._project(X)
        if not self.P2.max() < FAR**2:  # rows far outside the sample
            self._fit_scale(X)
            self.P, self.P2 = self._project(X)

    def _fit_scale(self, X: Array) -> None:
        spread = float(np.abs(X - self.origin).max())
        self.scale = 1 / spread if spread > 0 else 1.0

    def _centred(self, X: Array) -> Array:
        return ((X - self.origin) * self.scale).astype(np.float32)

    def _project(self, X: Array) -> tuple[Array, Array]:
        """Projections of rows, with what is left over last, and squared norms."""
        if self.axes is None:
            P = self._centred(X)
            return P, np.einsum("ij,ij->i", P, P)
        n_axes = self.axes.shape[1]
        P = np.empty((len(X), n_axes + 1), np.float32)
        P2 = np.empty(len(X), np.float32)
        for part in gen_batches(len(X), 512):
            centred = self._centred(X[part])
            inside = np.matmul(centred, self.axes, out=P[part, :n_axes])
            P2[part] = np.einsum("ij,ij->i", centred, centred)
            left = P2[part] - np.einsum("ij,ij->i", inside, inside)
            P[part, n_axes] = np.sqrt(np.maximum(left, 0))
        return P, P2

    def _against(self, centers: Array) -> tuple[Array, Array, Array, float]:
        """Projected centres, their squared norms, allowance by row, unit of bounds."""
        # Given initial centres may lie anywhere: moving a centre into a box around all
        # rows only brings it nearer to them, so bounds remain bounds.
        limit = min(FAR / self.scale, float(np.finfo(self.dtype).max) / 4)
        inside = np.clip(centers, self.origin - limit, self.origin + limit)
        R, R2 = self._project(inside)
        longest = np.sqrt(R2.max())
        terms = self.shape[1] + self.P.shape[1] + 8
        slack = np.float32(terms * ROUNDING) * (np.sqrt(self.P2) + longest) ** 2
        return R, R2, slack, self.scale**2

    def rows(self, indices: Array) -> Array:
        return self.X[indices]

    def assign(
        self, centers: Array, rows: Array, labels: Array, upper: Floats, lower: Floats
    ) -> None:
        if self.shape[1] <= NARROW:
            return self._assign_narrow(centers, rows, labels, upper, lower)
        R, R2, slack, unit = self._against(centers)
        size = min(max(16, 2**18 // len(R)), 4096)

        def work(start: int, stop: int) -> None:
            memory = np.empty((size, len(R)), np.float32)
            for first in range(start, stop, size):
                some = rows[first : min(first + size, stop)]
                products = np.matmul(self.P[some], R.T, out=memory[: len(some)])
                kernels.assign(
                    products,
                    self.P2,
                    R2,
                    slack,
                    unit,
                    some,
                    self.X,
                    centers,
                    labels,
                    upper,
                    lower,
                )

        run_slices(work, len(rows), self.n_jobs, grain=max(size, 2048))

    def _assign_narrow(
        self, centers: Array, rows: Array, labels: Array, upper: Floats, lower: Floats
    ) -> None:
        def work(start: int, stop: int) -> None:
            some = rows[start:stop]
            kernels.assign_narrow(self.X, centers, some, labels, upper, lower)

        run_slices(work, len(rows), self.n_jobs, grain=4096)

    def closer(self, centers: Array, closest: Array) -> Array:
        R, R2, slack, unit = self._against(centers)
        out = np.empty((len(centers), len(closest)), closest.dtype)

        def work(start: int, stop: int) -> None:
            for first in range(start, stop, 2048):
                products = self.P[first : min(first + 2048, stop)] @ R.T
                kernels.closer(
                    products,
                    self.P2,
                    R2,
                    slack,
                    unit,
                    first,
                    self.X,
                    centers,
                    closest,
                    out,
                )

        run_slices(work, len(closest), self.n_jobs, grain=4096)
        return out

    def distances(self, centers: Array, labels: Array) -> Array:
        out = np.empty(len(self.X), self.dtype)

        def work(start: int, stop: int) -> None:
            part = slice(start, stop)
            kernels.distances_to_own(self.X[part], centers, labels[part], out[part])

        run_slices(work, len(out), self.n_jobs, grain=2048)
        return out

    def move(
        self,
        rows: Array,
        before: Array,
        after: Array,
        weight: Array,
        sums: Floats,
        counts: Ints,
    ) -> int:
        return kernels.move(self.X, rows, before, after, weight, sums, counts)


class SparsePoints:
    """Rows of a CSR matrix, with distances from products with every centre."""

    def __init__(self, X: csr_matrix, n_jobs: Any = None):
        self.X = X
        self.shape, self.dtype, self.n_jobs = X.shape, X.dtype, n_jobs
        self.X2 = np.asarray(X.multiply(X).sum(axis=1), np.float64).ravel()

    def _slack(self, C2: Floats) -> Floats:
        longest_row = np.diff(self.X.indptr).max(initial=0)
        rounding = (longest_row + 8) * np.finfo(self.dtype).eps
        return rounding * (np.sqrt(self.X2) + np.sqrt(C2.max())) ** 2

    def rows(self, indices: Array) -> Array:
        return self.X[indices].toarray()

    def assign(
        self, centers: Array, rows: Array, labels: Array, upper: Floats, lower: Floats
    ) -> None:
        columns = np.ascontiguousarray(centers.T)
        C2 = squared_norms(centers)
        slack = self._slack(C2)
        size = max(64, 2**20 // len(centers))

        def work(start: int, stop: int) -> None:
            for first in range(start, stop, size):
                some = rows[first : min(first + size, stop)]
                products = self.X[some] @ columns
                kernels.two_nearest(
                    products, self.X2, C2, slack, some, labels, upper, lower
                )

        run_slices(work, len(rows), self.n_jobs, grain=size)

    def closer(self, centers: Array, closest: Array) -> Array:
        products = (self.X @ centers.T).T
        squared = self.X2 + squared_norms(centers)[:, None] - 2 * products
        return np.clip(squared, 0, closest).astype(closest.dtype)

    def distances(self, centers: Array, labels: Array) -> Array:
        out = np.empty(self.shape[0], self.dtype)
        X, C2 = self.X, squared_norms(centers)
        kernels.sparse_distances_to_own(
            X.data, X.indices, X.indptr, self.X2, centers, C2, labels, out
        )
        return out

    def move(
        self,
        rows: Array,
        before: Array,
        after: Array,
        weight: Array,
        sums: Floats,
        counts: Ints,
    ) -> int:
        X = (self.X.data, self.X.indices, self.X.indptr)
        return kernels.sparse_move(*X, rows, before, after, weight, sums, counts)


def points_of(X: Any, n_jobs: int | None = None) -> Points:
    """Points of a checked array or CSR matrix."""
    return SparsePoints(X, n_jobs) if issparse(X) else DensePoints(X, n_jobs=n_jobs)


def nearest(X: Any, centers: Array, n_jobs: int | None = None) -> tuple[Array, Array]:
    """Nearest centre of each row, int32, and the squared distance to it."""
    if issparse(X):
        points: Points = SparsePoints(X, n_jobs)
    else:  # axes of the centres: the bounds separate these
        is_faster = len(X) * (len(centers) - N_AXES) > AXES_COST
        points = DensePoints(X, centers, n_jobs, N_AXES if is_faster else 0)
    labels = np.full(X.shape[0], -1, np.int32)
    unused = np.empty((2, X.shape[0]))
    points.assign(centers, np.arange(X.shape[0]), labels, unused[0], unused[1])
    return labels, points.distances(centers, labels)


def nearest_to_far(X: Any, centers: Array) -> Array:
    """Nearest centre of rows whose squares overflow, from ``|c|^2 - 2 x.c``.

    Rows are measured in units of their largest value.
    """
    X = X.toarray() if issparse(X) else X
    wide, C = X.astype(np.float64), centers.astype(np.float64)
    unit = np.abs(wide).max(axis=1, keepdims=True)
    less: Array = squared_norms(C) / unit - 2 * (wide / unit) @ C.T
    return less.argmin(axis=1)


def leading_axes(sample: Array, n_axes: int) -> Array:
    """Approximate leading principal axes of centred rows, orthonormal columns.

    Three rounds of subspace iteration from a few of the rows: enough for bounds.
    """
    n_axes = min(n_axes, len(sample))
    Q = np.linalg.qr(sample[:: len(sample) // n_axes][:n_axes].T)[0]
    for _ in range(3):
        Q = np.linalg.qr(sample.T @ (sample @ Q))[0]
    return np.ascontiguousarray(Q)


def initial_centers(
    points: Seeds,
    X: Any,
    init: Any,
    n_clusters: int,
    weight: Array,
    random_state: np.random.RandomState,
) -> Array:
    """Starting centres, (n_clusters, n_features), of X's type."""
    if isinstance(init, str) and init == "k-means++":
        chosen = kmeans_plusplus(points, n_clusters, weight, random_state)
        return points.rows(chosen)
    if isinstance(init, str):
        n_positive = np.count_nonzero(weight)
        if n_positive < n_clusters:
            raise ValueError(
                f"init='random' needs n_clusters={n_clusters} rows of positive "
                f"weight, got {n_positive}."
            )
        share = weight / weight.sum()
        size = (n_clusters,)
        chosen = random_state.choice(len(weight), size=size, replace=False, p=share)
        return points.rows(chosen)
    if callable(init):
        init = init(X, n_clusters, random_state=random_state)
    return checked_centers(init, (n_clusters, points.shape[1]), points.dtype)


def checked_centers(init: Any, shape: tuple[int, int], dtype: np.dtype[Any]) -> Array:
    """Copy of given centres, once they have the right shape."""
    if issparse(init):
        init = init.toarray()
    centers = check_array(init, dtype=dtype, order="C", copy=True, input_name="init")
    if centers.shape != shape:
        raise ValueError(
            f"The initial centers must have shape {shape} (n_clusters, n_features), "
            f"got {centers.shape}."
        )
    return centers


def kmeans_plusplus(
    points: Seeds,
    n_clusters: int,
    weight: Array,
    random_state: np.random.RandomState,
) -> Array:
    r"""Rows that start the clusters: far from each other, drawn at random.

    Each next row is the best of :math:`2 + \lfloor \log k \rfloor` draws, each in
    proportion to its weight and its distance (squared for k-means) to the nearest row
    so far [1]_; scikit-learn makes the same draws.

    References
    ----------
    .. [1] Arthur and Vassilvitskii (2007). "k-means++: the advantages of careful
       seeding". SODA.   (section 2.2; several draws: section 5)
    """
    n_trials = 2 + int(np.log(n_clusters))
    first = random_state.choice(len(weight), p=weight / weight.sum())
    chosen = np.full(n_clusters, first)
    nowhere = np.full(len(weight), np.inf, points.dtype)
    closest = points.closer(points.rows(chosen[:1]), nowhere)[0]
    for c in range(1, n_clusters):
        mass = np.cumsum(weight * closest, dtype=np.float64)
        draws = random_state.uniform(size=n_trials) * mass[-1]
        candidates = np.minimum(np.searchsorted(mass, draws), len(weight) - 1)
        after = points.closer(points.rows(candidates), closest)
        best = (after @ weight).argmin()
        chosen[c], closest = candidates[best], after[best]
    return chosen


def check_clustering(n_samples: int, **parameters: Any) -> None:
    """Refuse invalid numbers of clusters, runs and iterations."""
    for name, value in parameters.items():
        check_whole(name, value)
    if n_samples < parameters["n_clusters"]:
        raise ValueError(
            f"n_samples={n_samples} should be >= n_clusters={parameters['n_clusters']}."
        )


def check_init(init: Any) -> None:
    """Refuse an unknown initialisation."""
    if isinstance(init, str) and init not in ("k-means++", "random"):
        raise ValueError(
            f"init must be 'k-means++', 'random', an array or a callable, got {init!r}."
        )


def check_tolerance(tol: Any) -> None:
    """Refuse a tolerance that is no number from 0 up."""
    if not isinstance(tol, Real) or not float(tol) >= 0:
        raise ValueError(f"tol must be at least 0, got {tol!r}.")


def runs_of(n_init: Any, init: Any, runs_if_random: int) -> int:
    """Number of runs: for 'auto' several only where the initialisation is random."""
    if isinstance(n_init, str) and n_init == "auto":
        is_random = callable(init) or (isinstance(init, str) and init == "random")
        return runs_if_random if is_random else 1
    if not isinstance(n_init, Integral) or n_init < 1:
        raise ValueError(
            f"n_init must be 'auto' or a positive integer, got {n_init!r}."
        )
    fixed = not isinstance(init, str) and not callable(init)
    return 1 if fixed else int(n_init)


def mean_variance(X: Any) -> float:
    """Variance of a feature, on average over the features."""
    if issparse(X):
        mean = np.asarray(X.mean(axis=0, dtype=np.float64)).ravel()
        square = X.multiply(X).mean(axis=0, dtype=np.float64)
        return float((np.asarray(square).ravel() - mean**2).mean())
    mean = X.mean(axis=0, dtype=np.float64).astype(X.dtype)
    parts = (
        ((X[part] - mean) ** 2).sum(dtype=np.float64)
        for part in gen_batches(len(X), 1024)
    )
    return float(sum(parts) / X.size)


class SquaredDistanceClusters(
    ClassNamePrefixFeaturesOutMixin, ClusterMixin, TransformerMixin, BaseEstimator
):
    """Prediction by the nearest of ``cluster_centers_``, in squared distance."""

    cluster_centers_: Array
    n_jobs: int | None = None

    def predict(self, X: Any) -> Array:
        """Nearest centre of each sample, int32 of shape (n_samples,).

        Samples may be so far away that their distance is no number of their type.
        """
        X, centers = self._checked(X, far=True), self.cluster_centers_
        far = far_rows(X)
        if len(far) == 0:
            return nearest(X, centers, self.n_jobs)[0]
        labels = np.empty(X.shape[0], np.int32)
        near = np.setdiff1d(np.arange(X.shape[0]), far)
        if len(near):
            labels[near] = nearest(X[near], centers, self.n_jobs)[0]
        labels[far] = nearest_to_far(X[far], centers)
        return labels

    def transform(self, X: Any) -> Array:
        """Distances to every centre, shape (n_samples, n_clusters)."""
        return euclidean_distances(self._checked(X), self.cluster_centers_)

    def score(
        self, X: Any, y: object = None, sample_weight: ArrayLike | None = None
    ) -> float:
        """Minus the inertia of X: higher is better."""
        X = self._checked(X)
        _, squared = nearest(X, self.cluster_centers_, self.n_jobs)
        return -float(check_sample_weight(sample_weight, X) @ squared)

    def _checked(self, X: Any, far: bool = False) -> Any:
        check_is_fitted(self)
        dtype = self.cluster_centers_.dtype
        read = validation.validate_data if far else validate_data
        return read(self, X, accept_sparse="csr", dtype=dtype, order="C", reset=False)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
