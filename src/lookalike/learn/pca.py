"""Principal component analysis."""

from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import eigh, lu, qr, svd
from scipy.sparse import issparse
from scipy.sparse.linalg import svds
from scipy.special import gammaln
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_array, check_is_fitted

from lookalike._checks import check_choice, check_positive, check_whole
from lookalike._typing import Array, Floats
from lookalike._validation import validate_data
from lookalike.kernels.centring import centre_columns
from lookalike.learn._linear import (
    FLOATS,
    SparseCentredRows,
    squared_norms,
    varying_columns,
)

SOLVERS = ("auto", "full", "covariance_eigh", "arpack", "randomized")
NORMALIZERS = ("auto", "QR", "LU", "none")
ROWS_AT_ONCE = 2048  # centred rows that are still in cache when they are multiplied


class PCA(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    r"""Describe rows by the few directions in which they vary most.

    The components are the leading eigenvectors of the covariance of the centred rows,
    or their leading right singular vectors, which is the same:

    .. math::
        \frac{1}{n-1} \sum_i (x_i - \bar x)(x_i - \bar x)^\top
        = \sum_j \lambda_j v_j v_j^\top,
        \qquad z_{ij} = v_j^\top (x_i - \bar x)

    Parameters
    ----------
    n_components : int, float, 'mle' or None, default=None
        How many components to keep: a number of them, at most min(n_samples,
        n_features); a share of the variance in (0, 1), by which as few components are
        kept as exceed it; 'mle' for the number that Minka's Bayesian evidence prefers
        [2]_; None for all.
    copy : bool, default=True
        False lets 'full', 'arpack' and 'randomized' centre X in place.
    whiten : bool, default=False
        Divide each new feature by its standard deviation.
    svd_solver : {'auto', 'full', 'covariance_eigh', 'arpack', 'randomized'}, \
            default='auto'
        - 'full': all singular values and vectors of the centred rows;
        - 'covariance_eigh': eigenvectors of the covariance, only those that are kept;
          the fastest where there are many more rows than columns, but it squares the
          condition number;
        - 'arpack': the leading singular vectors by Lanczos iterations;
        - 'randomized': the leading singular vectors by random projection and power
          iterations [3]_, an approximation;
        - 'auto': 'covariance_eigh' for up to 1000 features and ten times as many
          samples, 'randomized' where some side exceeds 500 and less than 80% of the
          components are requested, else 'full'.
    tol : float, default=0.0
        Precision of the singular values for 'arpack'; 0 is machine precision.
    iterated_power : int or 'auto', default='auto'
        Power iterations of 'randomized'; 'auto' is 7 for less than a tenth of the
        components, else 4.
    n_oversamples : int, default=10
        Random directions of 'randomized' beyond ``n_components``.
    power_iteration_normalizer : {'auto', 'QR', 'LU', 'none'}, default='auto'
        What keeps the power iterations of 'randomized' from degenerating; 'auto' is
        'none' for up to two of them, else 'LU'.
    random_state : int, RandomState instance or None, default=None
        Source of chance of 'arpack' and 'randomized'.

    Attributes
    ----------
    components_ : ndarray of shape (n_components_, n_features)
        Directions :math:`v_j`, most variance first, of unit length. Their sign is
        such that the entry of largest magnitude is positive.
    explained_variance_ : ndarray of shape (n_components_,)
        :math:`\lambda_j`, with divisor n_samples - 1.
    explained_variance_ratio_ : ndarray of shape (n_components_,)
        The same as a share of the total variance.
    singular_values_ : ndarray of shape (n_components_,)
        :math:`\sqrt{(n - 1) \lambda_j}`.
    mean_ : ndarray of shape (n_features,)
        Mean of the rows.
    n_components_ : int
        Components kept.
    n_samples_ : int
        Rows seen in ``fit``.
    n_features_in_ : int
        Columns seen in ``fit``.
    noise_variance_ : float
        Mean of the min(n_samples, n_features) - n_components_ variances left out.

    Notes
    -----
    'covariance_eigh' takes O(n_samples * n_features^2), 'full' O(n_samples *
    n_features * min(n_samples, n_features)), the other two O(n_samples * n_features *
    n_components) a pass. The covariance is summed over blocks of centred rows, so that
    a mean far from zero costs no digits, and leaves out columns that are constant.
    float32 stays float32. What squares it is done in double precision: 'arpack' always,
    'covariance_eigh' where all components are found, or where the variances of those
    that are kept differ more than the digits of single precision allow.

    X may be sparse, for every solver but 'full': it is centred where it is multiplied,
    or block by block, and never as a whole.

    What is lost by keeping some components, :math:`\sum_i \lVert x_i - \hat x_i
    \rVert^2`, is n - 1 times the sum of the eigenvalues left out. As a mean over the
    rows it is (n - 1) / n times that sum: textbooks that put one divisor in the formula
    and the other in the numbers differ by that factor.

    References
    ----------
    .. [1] Pearson (1901). "On lines and planes of closest fit to systems of points in
       space". Philosophical Magazine 2(11).
    .. [2] Minka (2000). "Automatic choice of dimensionality for PCA". NIPS.
       (equations 30 and 31 of the technical report)
    .. [3] Halko, Martinsson and Tropp (2011). "Finding structure with randomness".
       SIAM Review 53(2). (algorithms 4.3 and 5.1)

    Examples
    --------
    >>> import numpy as np
    >>> from lookalike.learn import PCA
    >>> X = [[7, 4, 3], [4, 1, 8], [6, 3, 5], [8, 6, 1], [8, 5, 7],
    ...      [7, 2, 9], [5, 3, 3], [9, 5, 8], [7, 4, 5], [8, 2, 2]]
    >>> model = PCA(n_components=2).fit(X)
    >>> model.explained_variance_
    array([8.2739, 3.6761])
    >>> lost = X - model.inverse_transform(model.transform(X))
    >>> print(round((lost**2).sum() / len(X), 4))
    0.6749
    """

    components_: Array
    explained_variance_: Array
    explained_variance_ratio_: Array
    singular_values_: Array
    mean_: Array
    n_components_: int
    n_samples_: int
    noise_variance_: float

    def __init__(
        self,
        n_components: Any = None,
        *,
        copy: bool = True,
        whiten: bool = False,
        svd_solver: str = "auto",
        tol: float = 0.0,
        iterated_power: Any = "auto",
        n_oversamples: int = 10,
        power_iteration_normalizer: str = "auto",
        random_state: Any = None,
    ) -> None:
        self.n_components = n_components
        self.copy = copy
        self.whiten = whiten
        self.svd_solver = svd_solver
        self.tol = tol
        self.iterated_power = iterated_power
        self.n_oversamples = n_oversamples
        self.power_iteration_normalizer = power_iteration_normalizer
        self.random_state = random_state

    def fit(self, X: Any, y: object = None) -> Self:
        """Find the components of X (n_samples, n_features); y is ignored."""
        self._fit(X)
        return self

    def fit_transform(self, X: Any, y: object = None) -> Array:
        """``fit(X)``, and the coordinates of X, also where X is centred in place."""
        rows, centred = self._fit(X)
        return self._coordinates(rows, np.zeros_like(self.mean_) if centred else None)

    def _fit(self, X: Any) -> tuple[Any, bool]:
        """Set the fitted attributes; the rows, and whether they are centred now."""
        rows: Any = validate_data(
            self,
            X,
            accept_sparse=["csr", "csc"],
            dtype=FLOATS,
            ensure_min_samples=2,
            force_writeable=not self.copy,
        )
        sparse = issparse(rows)
        solver, requested = self._plan(rows.shape[0], rows.shape[1], sparse)
        self.n_samples_, limit = rows.shape[0], min(rows.shape)
        mean = np.asarray(rows.mean(axis=0, dtype=np.float64)).ravel()
        self.mean_ = mean.astype(rows.dtype)
        in_place = not sparse and solver != "covariance_eigh"
        if solver == "covariance_eigh":
            variance, V, total = _eigenvectors_of_covariance(rows, mean, requested)
        else:
            A: Any = SparseCentredRows(rows, mean, None) if sparse else rows
            if in_place:
                A = np.subtract(rows, self.mean_, out=None if self.copy else rows)
            lengths = A.lengths() if sparse else np.sqrt(squared_norms(A))
            total = float(lengths @ lengths) / (self.n_samples_ - 1)
            variance, V = self._decompose(A, solver, requested)
        variance = np.maximum(variance, 0)  # rounding may leave -1e-17
        if requested is None:
            variance, V = variance[:limit], V[:limit]
        k = requested or self._enough(variance, total)
        self._keep(variance[:k], V[:k], total, limit)
        return rows, in_place and not self.copy

    def transform(self, X: Any) -> Array:
        """Coordinates along the components, (n_samples, n_components_)."""
        return self._coordinates(self._checked(X, sparse=True))

    def _coordinates(self, rows: Any, mean: Array | None = None) -> Array:
        """Coordinates of rows less their mean, ``mean_`` unless another is given."""
        mean = self.mean_ if mean is None else mean
        if issparse(rows):
            Z = rows @ self.components_.T - mean @ self.components_.T
            return Z / self._deviations() if self.whiten else Z
        Z = np.empty((len(rows), self.n_components_), rows.dtype)
        for start in range(0, len(rows), ROWS_AT_ONCE):
            part = slice(start, start + ROWS_AT_ONCE)
            Z[part] = (rows[part] - mean) @ self.components_.T
        return Z / self._deviations() if self.whiten else Z

    def inverse_transform(self, X: ArrayLike) -> Array:
        """Points (n_samples, n_features) with these coordinates, zero elsewhere."""
        check_is_fitted(self)
        Z: Array = check_array(X, dtype=FLOATS)
        if Z.shape[1] != self.n_components_:
            raise ValueError(
                f"X has {Z.shape[1]} columns, but {self.n_components_} components "
                "are to be inverted."
            )
        scaled = Z * self._deviations() if self.whiten else Z
        return scaled @ self.components_ + self.mean_

    def get_covariance(self) -> Array:
        """Covariance of the model: the components' and equal noise elsewhere."""
        check_is_fitted(self)
        above = np.maximum(self.explained_variance_ - self.noise_variance_, 0)
        covariance = (self.components_.T * above) @ self.components_
        covariance.flat[:: len(covariance) + 1] += self.noise_variance_
        return covariance

    def get_precision(self) -> Array:
        """Inverse of ``get_covariance``."""
        return np.linalg.inv(self.get_covariance())

    def score_samples(self, X: ArrayLike) -> Array:
        """Log likelihood of each row under the normal law of ``get_covariance``."""
        centred = self._checked(X) - self.mean_
        covariance = self.get_covariance()
        explained = np.linalg.solve(covariance, centred.T).T
        squared = np.einsum("ij,ij->i", centred, explained)
        log_volume = np.linalg.slogdet(2 * np.pi * covariance)[1]
        return -0.5 * (squared + log_volume)

    def score(self, X: ArrayLike, y: object = None) -> float:
        """Mean of ``score_samples``; y is ignored."""
        return float(self.score_samples(X).mean())

    def _checked(self, X: Any, sparse: bool = False) -> Any:
        check_is_fitted(self)
        accept: Any = ["csr", "csc"] if sparse else False
        return validate_data(self, X, accept_sparse=accept, dtype=FLOATS, reset=False)

    def _plan(
        self, n_samples: int, n_features: int, sparse: bool
    ) -> tuple[str, int | None]:
        """Check the parameters; return the solver and, where it is known, k."""
        check_choice("svd_solver", self.svd_solver, SOLVERS)
        choice = self.power_iteration_normalizer
        check_choice("power_iteration_normalizer", choice, NORMALIZERS)
        check_positive("tol", self.tol, zero=True)
        check_whole("n_oversamples", self.n_oversamples)
        if self.iterated_power != "auto":
            check_whole("iterated_power", self.iterated_power, least=0)
        requested = self._requested(n_samples, n_features)
        solver = self.svd_solver
        if solver == "auto":
            # Few features have a small covariance, which sparse rows add up to as well.
            few = n_features <= 1000 or requested is None
            solver = _best_solver(n_samples, n_features, requested)
            if sparse:
                solver = "covariance_eigh" if few else "randomized"
        if sparse and solver == "full":
            raise ValueError(
                "svd_solver='full' needs dense rows: use 'covariance_eigh', "
                "'randomized' or 'arpack' instead for sparse ones."
            )
        limit = min(n_samples, n_features)
        if solver == "randomized" and self.n_components is None:
            requested = limit
        elif solver == "arpack" and self.n_components is None:
            requested = limit - 1
        if solver in ("arpack", "randomized") and requested is None:
            raise ValueError(
                f"svd_solver={solver!r} needs n_components as a whole number or None, "
                f"got {self.n_components!r}."
            )
        if solver == "arpack" and requested not in range(1, limit):
            raise ValueError(
                f"svd_solver='arpack' finds 1 to {limit - 1} components of such data, "
                f"got n_components={requested}."
            )
        return solver, requested

    def _requested(self, n_samples: int, n_features: int) -> int | None:
        """n_components as a number; None where it depends on the spectrum."""
        requested, limit = self.n_components, min(n_samples, n_features)
        if requested == "mle" and n_samples < n_features:
            raise ValueError(
                "n_components='mle' needs at least as many samples as features, "
                f"got {n_samples} and {n_features}."
            )
        if requested is None or requested == "mle":
            return None
        whole = isinstance(requested, Integral) and not isinstance(requested, bool)
        if whole and 1 <= requested <= limit:
            return int(requested)
        if not whole and isinstance(requested, Real) and 0 < float(requested) < 1:
            return None
        raise ValueError(
            "n_components must be a whole number in [1, min(n_samples, n_features)="
            f"{limit}], a share of variance in (0, 1), 'mle' or None, "
            f"got {requested!r}."
        )

    def _decompose(
        self, X: Any, solver: str, requested: int | None
    ) -> tuple[Array, Array]:
        """Variances of centred rows, most first, and their directions as rows."""
        if solver == "full":
            _, S, V = svd(X, full_matrices=False, check_finite=False)
        elif solver == "arpack":
            rng = check_random_state(self.random_state)
            v0 = rng.uniform(-1, 1, size=min(X.shape))
            if isinstance(X, np.ndarray):
                X = X.astype(np.float64, copy=False)  # each step squares it
            _, S, V = svds(X, k=requested, tol=self.tol, v0=v0)
            S, V = S[::-1], V[::-1]
        else:
            S, V = self._randomized(X, requested)
        return S**2 / (X.shape[0] - 1), V

    def _randomized(self, X: Array, k: Any) -> tuple[Array, Array]:
        """Take k leading singular values and right vectors, by random projection."""
        n_iter = self.iterated_power
        if n_iter == "auto":
            n_iter = 7 if k < 0.1 * min(X.shape) else 4
        normalize = _normalizer(self.power_iteration_normalizer, n_iter)
        A = X if X.shape[0] >= X.shape[1] else X.T
        rng = check_random_state(self.random_state)
        Q = rng.normal(size=(A.shape[1], k + self.n_oversamples)).astype(X.dtype)
        for _ in range(n_iter):
            Q = normalize(A.T @ normalize(A @ Q))
        Q = _orthonormal(A @ Q)
        projected = Q.T @ A if isinstance(A, np.ndarray) else (A.T @ Q).T
        left, S, right = svd(projected, full_matrices=False, check_finite=False)
        return S[:k], (right if A is X else (Q @ left).T)[:k]

    def _enough(self, variance: Array, total: float) -> int:
        """Number of components that n_components requires, given all variances."""
        if self.n_components is None:
            return len(variance)
        if self.n_components == "mle":
            return 1 + int(np.argmax(_log_evidence(variance, self.n_samples_)))
        shares = np.cumsum(variance, dtype=np.float64) / (total or 1.0)
        exceeding = int(np.searchsorted(shares, self.n_components, side="right"))
        return min(exceeding + 1, len(variance))

    def _keep(self, variance: Array, V: Array, total: float, limit: int) -> None:
        """Set the fitted attributes."""
        largest = np.take_along_axis(V, np.abs(V).argmax(axis=1)[:, None], axis=1)
        dtype = self.mean_.dtype
        self.components_ = np.where(largest < 0, -V, V).astype(dtype, order="C")
        self.n_components_ = k = len(variance)
        self.explained_variance_ = variance.astype(dtype)
        self.explained_variance_ratio_ = (variance / (total or 1.0)).astype(dtype)
        self.singular_values_ = np.sqrt(variance * (self.n_samples_ - 1)).astype(dtype)
        left_out = max(0.0, total - float(variance.sum(dtype=np.float64)))
        self.noise_variance_ = left_out / (limit - k) if k < limit else 0.0

    def _deviations(self) -> Array:
        """Deviations to whiten by, bounded below against rounding."""
        deviations = np.sqrt(self.explained_variance_)
        least = np.finfo(deviations.dtype).eps * (deviations[0] or 1)
        return np.maximum(deviations, least)

    @property
    def _n_features_out(self) -> int:
        return self.n_components_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = self.svd_solver != "full"
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _loses_digits(variance: Array) -> bool:
    """Whether squares in single precision leave the least, first, few digits."""
    return bool(variance[0] < 1e4 * np.finfo(np.float32).eps * variance[-1])


def _best_solver(n_samples: int, n_features: int, requested: int | None) -> str:
    if n_features <= 1000 and n_samples >= 10 * n_features:
        return "covariance_eigh"
    few = requested is not None and requested < 0.8 * min(n_samples, n_features)
    return "randomized" if few and max(n_samples, n_features) > 500 else "full"


def _eigenvectors_of_covariance(
    X: Array, mean: Floats, k: int | None
) -> tuple[Array, Array, float]:
    """Variances and directions of the k leading components, of all where k is None."""
    n_features = X.shape[1]
    columns = np.arange(n_features) if issparse(X) else varying_columns(X)
    if k is None or k > len(columns):  # the constant columns are components too
        k, columns = k or n_features, np.arange(n_features)
    n = len(columns)
    # In single precision, squares hide the components of little variance.
    for kind in (np.float64,) if k == n else (X.dtype, np.float64):
        covariance = _covariance(X, mean[columns], columns, kind)
        total = float(np.trace(covariance))
        variance, vectors = eigh(
            covariance,
            subset_by_index=[n - k, n - 1],
            driver="evr",
            overwrite_a=True,
            check_finite=False,
        )
        if kind == np.float64 or not _loses_digits(variance):
            break
    V = np.zeros((k, n_features), X.dtype)
    V[:, columns] = vectors.T[::-1]
    return variance[::-1], V, total


def _covariance(X: Any, mean: Floats, columns: Array, kind: Any) -> Floats:
    """Covariance of the columns: products of a float type, added in double precision.

    A block of rows is centred and multiplied at a time.
    """
    n = X.shape[0]
    X = X.tocsr() if issparse(X) else X
    total = np.zeros((len(columns), len(columns)))
    block = np.empty((min(n, ROWS_AT_ONCE), len(columns)), kind)
    for start in range(0, n, ROWS_AT_ONCE):
        rows = X[start : start + ROWS_AT_ONCE]
        rows = rows.toarray() if issparse(rows) else rows
        centred = block[: len(rows)]
        centre_columns(rows, columns, mean, centred)
        total += centred.T @ centred
    return total / (n - 1)


def _orthonormal(A: Array) -> Array:
    return qr(A, mode="economic", check_finite=False)[0]


def _normalizer(name: str, n_iter: int) -> Any:
    """The function that normalises after each half of a power iteration."""
    if name == "auto":
        name = "none" if n_iter <= 2 else "LU"
    if name == "QR":
        return _orthonormal
    if name == "LU":
        return lambda A: lu(A, permute_l=True, check_finite=False)[0]
    return lambda A: A


def _log_evidence(spectrum: Array, n: int) -> Floats:
    """Minka's log evidence for 1, 2, ... len(spectrum) - 1 components."""
    spectrum = spectrum.astype(np.float64)
    d = len(spectrum)
    evidence = np.full(max(d - 1, 1), -np.inf)
    for k in range(1, d):
        if spectrum[k - 1] < 1e-15:  # nothing left to explain
            break
        noise = max(1e-15, spectrum[k:].sum() / (d - k))
        sizes = (d - np.arange(k)) / 2.0
        m = d * k - k * (k + 1) / 2.0
        smoothed = np.append(spectrum[:k], np.full(d - k, noise))
        i, j = np.triu_indices(d, 1)
        i, j = i[i < k], j[i < k]
        gaps = (spectrum[i] - spectrum[j]) * (1 / smoothed[j] - 1 / smoothed[i])
        with np.errstate(divide="ignore"):  # equal eigenvalues: infinite evidence
            log_curvature = (np.log(gaps) + np.log(n)).sum()
        evidence[k - 1] = (
            (gammaln(sizes) - sizes * np.log(np.pi)).sum()
            - k * np.log(2.0)
            - 0.5 * n * np.log(spectrum[:k]).sum()
            - 0.5 * n * (d - k) * np.log(noise)
            + 0.5 * (m + k) * np.log(2 * np.pi)
            - 0.5 * log_curvature
            - 0.5 * k * np.log(n)
        )
    return evidence
