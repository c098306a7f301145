"""Linear discriminant analysis: the directions that separate the classes best."""

from numbers import Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import svd
from scipy.special import expit, log_softmax, softmax
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    clone,
)
from sklearn.utils import gen_batches
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from lookalike._checks import check_whole
from lookalike._typing import Array, Floats, Ints
from lookalike._validation import validate_data
from lookalike.kernels.centring import centre_columns
from lookalike.learn._bytes import as_bytes, class_sums, scatter_of_bytes
from lookalike.learn._linear import check_small_columns, varying_columns

FLOATS = [np.float64, np.float32]


class LinearDiscriminantAnalysis(
    ClassNamePrefixFeaturesOutMixin, ClassifierMixin, TransformerMixin, BaseEstimator
):
    r"""Classify by normal distributions of one covariance, or reduce dimensions.

    With class means :math:`\mu_k`, priors :math:`\pi_k` and the covariance
    :math:`\Sigma = \sum_k \pi_k \Sigma_k` within the classes, a sample goes to the
    class with the highest score

    .. math:: \delta_k(x) = x^\top \Sigma^{-1} \mu_k
        - \tfrac{1}{2} \mu_k^\top \Sigma^{-1} \mu_k + \log \pi_k,

    and ``transform`` projects on the directions :math:`v` with the greatest ratio
    :math:`v^\top \Sigma_b v / v^\top \Sigma v` of scatter between to scatter within.

    Parameters
    ----------
    solver : {"svd", "lsqr", "eigen"}, default="svd"
        How a :math:`\Sigma` that cannot be inverted is treated, and what is offered:

        - ``"svd"``: principal axes of the within-class scatter; those with no spread
          are dropped. Takes more features than samples without forming a matrix of
          n_features by n_features. No shrinkage.
        - ``"lsqr"``: scores only, no ``transform``. If :math:`\Sigma` is singular, the
          samples are first projected on as many principal axes of the total scatter
          as :math:`\Sigma` has rank [2]_.
        - ``"eigen"``: like lsqr, with ``transform``.
    shrinkage : "auto" or float, default=None
        Move each covariance S towards :math:`\operatorname{tr}(S)/p \, I`, by a share
        from 0 to 1, or by that of Ledoit and Wolf [3]_ for the standardised features
        of each class ("auto"). Not for svd.
    priors : array-like of shape (n_classes,), default=None
        Shares of the classes; None takes those of the training set.
    n_components : int, default=None
        Directions of ``transform``, at most min(n_classes - 1, n_features), which is
        also what None means.
    store_covariance : bool, default=False
        Keep ``covariance_`` with the svd solver too.
    tol : float, default=1e-4
        svd only: an axis of the within-class scatter counts as without spread when its
        singular value, features scaled to unit variance, is at most this.
    covariance_estimator : estimator, default=None
        Fitted on each class (and for eigen on the total) instead of the sample
        covariance; has ``fit`` and ``covariance_``. Not for svd.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels, sorted.
    coef_, intercept_ : ndarray of shape (n_classes, n_features) and (n_classes,)
        Weights of the scores; for two classes one row, the second class's score less
        the first's.
    means_ : ndarray of shape (n_classes, n_features)
        Class means.
    priors_ : ndarray of shape (n_classes,)
        Class shares; they sum to 1.
    covariance_ : ndarray of shape (n_features, n_features)
        :math:`\Sigma`, after ``shrinkage``.
    scalings_ : ndarray of shape (n_features, at least n_components)
        Columns span the directions, best first; svd and eigen only.
    xbar_ : ndarray of shape (n_features,)
        Mean of the class means, which ``transform`` subtracts; svd only.
    explained_variance_ratio_ : ndarray of shape (n_components,)
        Share of the scatter between the classes that each direction has.

    Notes
    -----
    The scatter is one matrix product over shifted rows, in blocks; time
    O(n_samples * n_features**2 + n_features**3). Products are in double precision:
    single precision loses the features that spread least. For float32 X, lsqr and eigen
    give scores less what those of a row have in common, which is large where means are
    far from zero; ``coef_`` and ``intercept_`` have it. Answers are scikit-learn's,
    except where it inverts a singular matrix (eigen) or takes the pseudo-inverse
    of one whose null space the total scatter does not share (lsqr).

    References
    ----------
    .. [1] Hastie, Tibshirani and Friedman (2009). "The Elements of Statistical
       Learning", 2nd ed., section 4.3.   (equation 4.10)
    .. [2] Belhumeur, Hespanha and Kriegman (1997). "Eigenfaces vs. Fisherfaces". IEEE
       TPAMI 19(7).   (section 2.4: PCA first)
    .. [3] Ledoit and Wolf (2004). "A well-conditioned estimator for large-dimensional
       covariance matrices". Journal of Multivariate Analysis 88(2).

    Examples
    --------
    >>> from lookalike.learn import LinearDiscriminantAnalysis
    >>> X = [[1, 2], [2, 3], [3, 3], [4, 5], [5, 5], [1, 0], [2, 1], [3, 1], [5, 3]]
    >>> lda = LinearDiscriminantAnalysis().fit(X, [0, 0, 0, 0, 0, 1, 1, 1, 1])
    >>> lda.coef_
    array([[ 13.07142857, -17.35714286]])
    """

    classes_: Array
    coef_: Array
    intercept_: Array
    means_: Array
    priors_: Array
    covariance_: Array
    scalings_: Array
    xbar_: Array
    explained_variance_ratio_: Array
    _near: tuple[Floats, Floats, Floats] | None = None  # mean, and scores around it

    def __init__(
        self,
        solver: str = "svd",
        shrinkage: Any = None,
        priors: ArrayLike | None = None,
        n_components: int | None = None,
        store_covariance: bool = False,
        tol: float = 1e-4,
        covariance_estimator: Any = None,
    ) -> None:
        self.solver = solver
        self.shrinkage = shrinkage
        self.priors = priors
        self.n_components = n_components
        self.store_covariance = store_covariance
        self.tol = tol
        self.covariance_estimator = covariance_estimator

    def fit(self, X: Any, y: Any) -> Self:
        """Estimate the class means and the common covariance."""
        self._check_parameters()
        X, y = validate_data(self, X, y, dtype=FLOATS, ensure_min_samples=2)
        check_classification_targets(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        counts = np.bincount(labels)
        if len(counts) < 2:
            raise ValueError("y must have at least 2 classes, got 1 class.")
        if len(X) == len(counts):
            raise ValueError(
                f"There must be more samples than classes, got {len(X)} of each."
            )
        priors = self._shares(counts)
        self._n_features_out = self._number_of_components(X.shape[1])
        if self.solver == "svd":
            means, origin, W = self._fit_svd(X, labels, priors)
        else:
            means, origin, W = self._fit_covariance(X, labels, priors)
        if W.shape[1] == 0:
            raise ValueError("There is no scatter within the classes: samples repeat.")
        coef, intercept = _scores(means - origin, W, priors)
        intercept -= coef @ origin
        # What all scores have in common would leave single precision no digits.
        if self.solver != "svd" and X.dtype == np.float32:
            middle = priors @ means
            self._near = (middle, *_scores(means - middle, W, priors))
        else:
            self._near = None
        self.coef_, self.intercept_ = coef.astype(X.dtype), intercept.astype(X.dtype)
        self.means_, self.priors_ = means.astype(X.dtype), priors.astype(X.dtype)
        return self

    def _fit_svd(
        self, X: Array, labels: Ints, priors: Floats
    ) -> tuple[Floats, Floats, Floats]:
        if X.shape[1] < len(X):
            means, pooled = scatter(X, labels)
            W, _ = whitening_and_null(pooled, self.tol**2)
        else:
            means, W = whitening_of_few_samples(X, labels, self.tol)
        if self.store_covariance:
            weight = None if self.priors is None else priors
            self.covariance_ = scatter(X, labels, weight)[1].astype(X.dtype)
        xbar = priors @ means
        between = np.sqrt(priors)[:, None] * (means - xbar) @ W
        if W.shape[1] == 0:
            return means, xbar, W
        _, spread, axes = svd(between, full_matrices=False, check_finite=False)
        W = W @ axes[spread > self.tol * spread[0]].T
        self._keep_directions(W, spread**2, (spread**2).sum(), X.dtype)
        self.xbar_ = xbar.astype(X.dtype)
        return means, xbar, W

    def _fit_covariance(
        self, X: Array, labels: Ints, priors: Floats
    ) -> tuple[Floats, Floats, Floats]:
        means, within, total = self._covariances(X, labels, priors)
        self.covariance_ = within.astype(X.dtype)
        W = whitening(within, total)
        if self.solver == "eigen" and W.shape[1]:
            ratios, vectors = np.linalg.eigh(W.T @ (total - within) @ W)
            scalings = W @ vectors[:, ::-1]
            self._keep_directions(scalings, ratios[::-1], ratios.sum(), X.dtype)
        return means, np.zeros(X.shape[1]), W

    def _covariances(
        self, X: Array, labels: Ints, priors: Floats
    ) -> tuple[Floats, Floats, Floats]:
        """Class means, covariance within the classes, total covariance."""
        shares = np.bincount(labels) / len(X)
        if self.shrinkage == "auto" or self.covariance_estimator is not None:
            groups = [X[labels == k] for k in range(len(priors))]
            means = np.array([group.mean(axis=0, dtype=np.float64) for group in groups])
            each = [self._covariance(group) for group in groups]
            return means, np.tensordot(priors, each, axes=1), self._covariance(X)
        means, pooled = scatter(X, labels)
        apart = means - shares @ means
        total = shrunk(pooled + (apart.T * shares) @ apart, self.shrinkage)
        if self.priors is None:
            return means, shrunk(pooled, self.shrinkage), total
        within = scatter(X, labels, priors)[1]
        return means, shrunk(within, self.shrinkage), total

    def _covariance(self, X: Array) -> Floats:
        if self.covariance_estimator is None:
            return ledoit_wolf(X)
        estimator = clone(self.covariance_estimator).fit(X)
        if not hasattr(estimator, "covariance_"):
            raise ValueError(
                f"{type(estimator).__name__} has no covariance_ after fit, so it "
                "cannot be the covariance_estimator."
            )
        return np.atleast_2d(estimator.covariance_)

    def _keep_directions(
        self, scalings: Floats, ratios: Floats, total: float, dtype: np.dtype[Any]
    ) -> None:
        self.scalings_ = scalings.astype(dtype)
        shares = ratios[: self._n_features_out] / total
        self.explained_variance_ratio_ = shares.astype(dtype)

    def transform(self, X: ArrayLike) -> Array:
        """Project on the best directions, shape (n_samples, n_components)."""
        if self.solver == "lsqr":
            raise NotImplementedError(
                "transform not implemented for 'lsqr' solver (use 'svd' or 'eigen')."
            )
        check_is_fitted(self)
        X = validate_data(self, X, dtype=FLOATS, reset=False)
        directions = self.scalings_[:, : self._n_features_out]
        return (X - self.xbar_ if self.solver == "svd" else X) @ directions

    def decision_function(self, X: ArrayLike) -> Array:
        """Scores (n_samples, n_classes); for two classes their difference, 1-D."""
        check_is_fitted(self)
        rows: Array = validate_data(self, X, dtype=FLOATS, reset=False)
        if self._near is not None:
            middle, coef, intercept = self._near
            scores = ((rows - middle) @ coef.T + intercept).astype(rows.dtype)
        else:
            scores = rows @ self.coef_.T + self.intercept_
        return scores[:, 0] if len(self.classes_) == 2 else scores

    def predict(self, X: ArrayLike) -> Array:
        """Label with the highest score, shape (n_samples,)."""
        scores = self.decision_function(X)
        best = (scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)
        return self.classes_[best]

    def predict_proba(self, X: ArrayLike) -> Array:
        """Probability of each class, shape (n_samples, n_classes)."""
        scores = self.decision_function(X)
        if scores.ndim == 1:
            return np.column_stack([expit(-scores), expit(scores)])
        return softmax(scores, axis=1)

    def predict_log_proba(self, X: ArrayLike) -> Array:
        """Logarithm of the probabilities, finite far from the data."""
        scores = self.decision_function(X)
        if scores.ndim == 1:
            scores = np.column_stack([np.zeros_like(scores), scores])
        return log_softmax(scores, axis=1)

    def _shares(self, counts: Ints) -> Floats:
        if self.priors is None:
            return counts / counts.sum()
        priors = np.asarray(self.priors, dtype=np.float64)
        if priors.shape != counts.shape:
            raise ValueError(
                f"priors must have one entry for each of the {len(counts)} classes, "
                f"got shape {priors.shape}."
            )
        if not (priors >= 0).all() or not 0 < priors.sum() < np.inf:
            raise ValueError(f"priors must be non-negative, got {priors}.")
        return priors / priors.sum()

    def _number_of_components(self, n_features: int) -> int:
        most = min(len(self.classes_) - 1, n_features)
        if self.n_components is None:
            return most
        if self.n_components > most:
            raise ValueError(
                "n_components cannot be larger than min(n_features, n_classes - 1) = "
                f"{most}, got {self.n_components}."
            )
        return self.n_components

    def _check_parameters(self) -> None:
        if self.solver not in ("svd", "lsqr", "eigen"):
            raise ValueError(
                f"solver must be 'svd', 'lsqr' or 'eigen', got {self.solver!r}."
            )
        share: Any = self.shrinkage
        if not (
            share is None
            or (isinstance(share, str) and share == "auto")
            or (isinstance(share, Real) and 0 <= float(share) <= 1)
        ):
            raise ValueError(
                f"shrinkage must be None, 'auto' or in [0, 1], got {share!r}."
            )
        if self.n_components is not None:
            check_whole("n_components", self.n_components)
        if not isinstance(self.tol, Real) or not self.tol >= 0:
            raise ValueError(f"tol must be at least 0, got {self.tol!r}.")
        if self.solver == "svd" and share is not None:
            raise NotImplementedError("shrinkage not supported with 'svd' solver.")
        if self.covariance_estimator is not None:
            if self.solver == "svd":
                raise ValueError("covariance_estimator is not supported with 'svd'.")
            if share not in (None, 0):
                raise ValueError(
                    "Only one of covariance_estimator and shrinkage can be set."
                )


def _scores(means: Floats, W: Floats, priors: Floats) -> tuple[Floats, Floats]:
    """Weights and offsets of the classes; of two, those of their difference."""
    white = means @ W
    coef = white @ W.T
    with np.errstate(divide="ignore"):  # a class that cannot be has score -inf
        intercept = np.log(priors) - 0.5 * (white**2).sum(axis=1)
    if len(priors) == 2:
        return coef[1:] - coef[:1], intercept[1:] - intercept[:1]
    return coef, intercept


def scatter(
    X: Array, labels: Ints, class_weight: Floats | None = None
) -> tuple[Floats, Floats]:
    r"""Class means and :math:`\sum_k w_k C_k`, where C_k is the covariance of class k.

    One product over all rows, each scaled by :math:`\sqrt{w_k / n_k}`, then
    :math:`\sum_k w_k m_k m_k^\top` is taken away. To lose no digits there, rows are
    first moved close to zero; a feature that does not vary moves exactly to zero.
    Where no weights are given each class has that of its samples, so that all rows
    weigh alike, and images of 8 bits are multiplied as whole numbers, which loses none.
    """
    counts = np.bincount(labels)
    shares = counts / len(X) if class_weight is None else class_weight
    if class_weight is None and (images := as_bytes(X)) is not None:
        return scatter_of_images(images, labels, counts)
    some = X[:: len(X) // 1000 + 1].astype(np.float64)
    shift = X[0] + (some - X[0]).mean(axis=0)
    one_hot = np.eye(len(counts))
    columns = varying_columns(X)
    sums = np.zeros((len(counts), len(columns)))
    products = np.zeros((len(columns), len(columns)))
    memory = np.empty((4096, len(columns)))
    for rows in gen_batches(len(X), len(memory)):
        block = memory[: rows.stop - rows.start]
        centre_columns(X[rows], columns, shift[columns], block)
        sums += one_hot[labels[rows]].T @ block
        if class_weight is not None:
            block *= np.sqrt(class_weight / counts)[labels[rows], None]
        products += block.T @ block
    check_small_columns(X, columns, products.diagonal())
    if class_weight is None:
        products /= len(X)
    moved = sums / counts[:, None]
    spread = products.diagonal() * (10 * np.finfo(np.float64).eps)
    products -= (moved.T * shares) @ moved
    constant = products.diagonal() <= spread  # rounding only
    products[constant] = 0
    products[:, constant] = 0
    means = np.tile(shift, (len(counts), 1))
    means[:, columns] += moved
    return means, spread_out(products, columns, X.shape[1])


def scatter_of_images(
    images: Array, labels: Ints, counts: Ints
) -> tuple[Floats, Floats]:
    """``scatter`` of bytes of equal weight: exact but for the last steps."""
    sums = class_sums(images, labels, len(counts))
    means = sums / counts[:, None]
    products = scatter_of_bytes(images).astype(np.float64)
    spread = products.diagonal() * (10 * np.finfo(np.float64).eps)
    products -= means.T @ sums
    constant = products.diagonal() <= spread
    products[constant] = 0
    products[:, constant] = 0
    return means, products / len(images)


def spread_out(S: Floats, columns: Ints, n_features: int) -> Floats:
    """Square matrix of all features: S at some columns, zero elsewhere."""
    whole = np.zeros((n_features, n_features))
    whole[np.ix_(columns, columns)] = S
    return whole


def shrunk(S: Floats, share: float | None) -> Floats:
    """S moved by ``share`` towards a multiple of the identity of the same trace."""
    if share is None:
        return S
    return (1 - share) * S + share * np.trace(S) / len(S) * np.eye(len(S))


def ledoit_wolf(X: Array) -> Floats:
    r"""Covariance of X, shrunk after scaling the features to unit variance.

    The share is :math:`\min(b^2, d^2) / d^2` (Ledoit and Wolf, lemma 3.4), where
    :math:`d^2` is the squared distance of S to its target and :math:`b^2` the mean
    squared distance of :math:`x x^\top` to S, divided by n.
    """
    X = X - X.mean(axis=0, dtype=np.float64)
    scale = X.std(axis=0)
    scale[scale == 0] = 1
    X /= scale
    n, p = X.shape
    S = X.T @ X / n
    d2 = (S**2).sum() - np.trace(S) ** 2 / p
    b2 = ((X**2).sum(axis=1) ** 2).mean() - (S**2).sum()
    share = min(b2 / n, d2) / d2 if d2 > 0 else 0.0
    return shrunk(S, share) * np.outer(scale, scale)


def whitening(within: Floats, total: Floats) -> Floats:
    """W with W'SW = I for the covariance S within classes; PCA first if singular."""
    vary = np.flatnonzero(total.diagonal())
    if 0 < len(vary) < len(total):
        square = np.ix_(vary, vary)
        narrow = whitening(within[square], total[square])
        W = np.zeros((len(total), narrow.shape[1]))
        W[vary] = narrow
        return W
    W, null = whitening_and_null(within, 0.0)
    if W.shape[1] == 0:
        return W
    size = np.abs(null.T) @ np.sqrt(total.diagonal())
    rounding = size**2 * rounding_of(total)
    if (np.einsum("ij,ij->j", null, total @ null) <= rounding).all():
        return W  # the dropped axes have no scatter at all
    _, axes = scaled_axes(total)
    axes = axes[:, : W.shape[1]]
    return axes @ whitening_and_null(axes.T @ within @ axes, 0.0)[0]


def whitening_and_null(S: Floats, floor: float) -> tuple[Floats, Floats]:
    """W with W'SW = I over the axes of spread above ``floor``, and the other axes.

    Eigenvalues within the rounding of S are zero.
    """
    values, axes = scaled_axes(S)
    rank = (values > max(floor, values[0] * rounding_of(S))).sum()
    return axes[:, :rank] / np.sqrt(values[:rank]), axes[:, rank:]


def scaled_axes(S: Floats) -> tuple[Floats, Floats]:
    """Eigenvalues of S scaled to unit diagonal, largest first, and their axes.

    The axes are for unscaled features: with columns A, A'SA is diagonal.
    """
    scale = np.sqrt(S.diagonal())
    scale[scale == 0] = 1
    values, vectors = np.linalg.eigh(S / np.outer(scale, scale))
    return values[::-1], vectors[:, ::-1] / scale[:, None]


def rounding_of(S: Floats) -> float:
    """Share of its largest eigenvalue that the rounding of S may reach."""
    return float(np.finfo(np.float64).eps * max(10, len(S) ** 0.5))


def whitening_of_few_samples(
    X: Array, labels: Ints, tol: float
) -> tuple[Floats, Floats]:
    """Class means and W, without a matrix of n_features by n_features."""
    counts = np.bincount(labels)
    means = np.array(
        [X[labels == k].mean(axis=0, dtype=np.float64) for k in range(len(counts))]
    )
    rest = X - means[labels]
    scale = rest.std(axis=0)
    constant = scale <= 10 * np.finfo(X.dtype).eps * np.abs(X).max(axis=0)
    rest[:, constant], scale[constant] = 0, 1
    rest /= scale * np.sqrt(len(X))
    _, values, axes = svd(rest, full_matrices=False, check_finite=False)
    kept = values > max(tol, values[0] * np.finfo(X.dtype).eps * 10)
    return means, (axes[kept] / scale).T / values[kept]
