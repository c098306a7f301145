"""Shared by the linear models: class weights, centring, the linear decision."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import diags, issparse
from scipy.sparse.linalg import LinearOperator, aslinearoperator
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import gen_batches
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from lookalike._checks import check_class_weight, check_learned, is_balanced
from lookalike._typing import Array, Floats, Ints
from lookalike._validation import validate_data
from lookalike.kernels.centring import mark_varying

FLOATS = (np.float64, np.float32)
Matrix = Any  # dense or sparse, (n_samples, n_features)


def weight_of_classes(
    class_weight: object, classes: Array, labels: Array, weights: Array
) -> Array:
    """Weight of each class: given, or "balanced", with equal totals of all classes.

    A class whose rows have no weight stays without, and does not count.
    """
    check_class_weight(class_weight)
    mass = np.bincount(labels, weights, minlength=len(classes)).astype(np.float64)
    if is_balanced(class_weight):
        there = mass > 0
        factors = np.zeros(len(classes))
        with np.errstate(over="ignore"):
            factors[there] = mass.sum() / there.sum() / mass[there]
        if not np.isfinite(factors).all():
            rarest = classes[there][mass[there].argmin()]
            raise ValueError(
                f"class_weight='balanced' cannot make up for class {rarest}, whose "
                "rows weigh next to nothing beside the others."
            )
        return factors
    factors = compute_class_weight(class_weight, classes=classes, y=classes)
    if not (factors * mass).any():
        raise ValueError("class_weight must leave a row with a weight above zero.")
    return factors


def check_same_classes(classes: ArrayLike | None, known: Array) -> None:
    """Refuse other classes than those of the first call of ``partial_fit``."""
    if classes is not None and not np.array_equal(np.unique(classes), known):
        raise ValueError(
            f"classes must be those of the first call, {known.tolist()}, or None, got "
            f"{np.asarray(classes).tolist()}."
        )


def positions(y: Array, classes: Array) -> Array:
    """Position of each label of y among the sorted classes."""
    labels = np.searchsorted(classes, y)
    known = classes[np.minimum(labels, len(classes) - 1)] == y
    if not known.all():
        raise ValueError(f"y has labels not in classes: {np.unique(y[~known])}.")
    return labels


def weighted_means(
    X: Any, y: Array, sample_weight: Array | None, fit_intercept: bool
) -> tuple[Array, Array, Array | None]:
    """Means of X and y, zeros without an intercept, and the roots of the weights.

    All in double precision, whatever that of X.
    """
    x_mean, y_mean = np.zeros(X.shape[1]), np.zeros(y.shape[1:])
    if fit_intercept:
        share = np.ones(X.shape[0]) if sample_weight is None else sample_weight
        share = share / share.sum(dtype=np.float64)
        x_mean = _column_sums(X, share)
        y_mean = np.asarray(y.T @ share)
    root = None
    if sample_weight is not None:
        root = np.sqrt(sample_weight, dtype=np.float64)
    return x_mean, y_mean, root


def _column_sums(X: Any, share: Array) -> Floats:
    """X' share in double precision, without a double copy of all of a dense X."""
    if issparse(X) or X.dtype == np.float64:
        return np.asarray(X.T @ share)
    total = np.zeros(X.shape[1])
    for part in gen_batches(len(X), 1024):
        total += share[part] @ X[part].astype(np.float64)
    return total


def centre(
    X: Any, y: Array, sample_weight: Array | None, fit_intercept: bool, copy: bool
) -> tuple[Any, Array, Array, Array]:
    r"""Rows :math:`\sqrt{w_i}(x_i - \bar x)` and :math:`\sqrt{w_i}(y_i - \bar y)`.

    Least squares on them without an intercept is weighted least squares with one.
    A sparse X stays sparse: its centred form is a linear operator. All are in double
    precision: products of single precision lose the columns that spread least. Only a
    float64 X can be centred in place.

    Returns
    -------
    X, y, X_mean, y_mean
        The means are zero without an intercept.
    """
    x_mean, y_mean, root = weighted_means(X, y, sample_weight, fit_intercept)
    y = y - y_mean
    if root is not None:
        y = y * (root if y.ndim == 1 else root[:, None])
    if issparse(X):
        return SparseCentredRows(X, x_mean, root), y, x_mean, y_mean
    if fit_intercept:
        X = np.subtract(X, x_mean, out=None if copy or X.dtype != x_mean.dtype else X)
    X = X.astype(np.float64, copy=False)
    if root is not None:
        X = X * root[:, None]
    return X, y, x_mean, y_mean


class SparseCentredRows(LinearOperator):
    """Sparse rows less their mean, each times a factor, without filling them in."""

    def __init__(self, X: Any, x_mean: Array, root: Array | None) -> None:
        super().__init__(np.float64, X.shape)
        self.root = np.ones(X.shape[0]) if root is None else root
        self.rows = X.multiply(self.root[:, None]).tocsr()
        self.x_mean = x_mean

    def _matmat(self, V: Array) -> Array:
        return self.rows @ V - np.outer(self.root, self.x_mean @ V)

    def _rmatmat(self, U: Array) -> Array:
        return self.rows.T @ U - np.outer(self.x_mean, self.root @ U)

    def _adjoint(self) -> LinearOperator:
        return LinearOperator(
            self.shape[::-1],
            matvec=lambda u: self._rmatmat(u.reshape(-1, 1)).ravel(),
            matmat=self._rmatmat,
            rmatvec=lambda v: self._matmat(v.reshape(-1, 1)).ravel(),
            rmatmat=self._matmat,
            dtype=self.dtype,
        )

    _transpose = _adjoint

    def lengths(self) -> Floats:
        """Euclidean norm of each column."""
        squares = self.rows.multiply(self.rows).sum(axis=0)
        squares = np.asarray(squares).ravel() - 2 * self.x_mean * (
            self.rows.T @ self.root
        )
        mass = self.root @ self.root
        return np.sqrt(np.maximum(squares + mass * self.x_mean**2, 0))

    def gram(self) -> Array:
        """A'A as a dense matrix."""
        inner = (self.rows.T @ self.rows).toarray()
        return _less_means(inner, self.rows.T @ self.root, self.x_mean, self.root)

    def outer_gram(self) -> Array:
        """AA' as a dense matrix."""
        inner = (self.rows @ self.rows.T).toarray()
        return _less_means(inner, self.rows @ self.x_mean, self.root, self.x_mean)


def _less_means(inner: Array, cross: Array, mean: Array, other: Array) -> Array:
    """(V - mean other')(V - mean other')' from inner = VV' and cross = V other."""
    outer = np.outer(cross, mean)
    inner -= outer + outer.T - (other @ other) * np.outer(mean, mean)
    return inner


def with_unit_columns(A: Any) -> tuple[Any, Floats]:
    """A with columns of length one, and their lengths before; one of zeros stays."""
    if isinstance(A, SparseCentredRows):
        lengths = A.lengths()
        check_small_columns(A.rows, np.arange(len(lengths)), lengths**2)
        lengths[lengths == 0] = 1
        return A @ aslinearoperator(diags(1 / lengths)), lengths
    lengths = np.linalg.norm(A, axis=0)
    lengths[lengths == 0] = 1
    return A / lengths, lengths


def line_through_means(
    W: Array, x_mean: Array, y_mean: Array, dtype: Any, fit_intercept: bool
) -> tuple[Array, Any]:
    """``coef_`` and ``intercept_`` of weights (n_features, n_targets), in a precision.

    ``y_mean`` has no dimension for a single column of targets.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # refused below
        coef = np.ascontiguousarray(W[:, 0] if y_mean.ndim == 0 else W.T, dtype)
        intercept = y_mean - coef.astype(np.float64) @ x_mean  # of the rounded ones
        intercept = intercept.astype(dtype)
    check_learned(coef, intercept)
    return coef, intercept if fit_intercept else 0.0


def predict_linear(model: Any, X: Any) -> Array:
    """X @ coef_.T + intercept_ for a fitted linear regression.

    Terms that overflow single precision are added in double.

    Raises
    ------
    ValueError
        If a prediction is too large for the type of X.
    """
    check_is_fitted(model)
    X = validate_data(model, X, accept_sparse=["csr", "csc"], dtype=FLOATS, reset=False)
    with np.errstate(over="ignore", invalid="ignore"):
        found = safe_sparse_dot(X, model.coef_.T) + model.intercept_
        if np.isfinite(found).all():
            return found
        kind = found.dtype
        wide = X.astype(np.float64), model.coef_.T.astype(np.float64)
        found = (safe_sparse_dot(*wide) + model.intercept_).astype(kind)
    if not np.isfinite(found).all():
        raise ValueError(
            f"A prediction is too large for {kind}: scale X and the targets, or learn "
            "in double precision."
        )
    return found


def row_for_each_class(coef: Array, intercept: Array) -> tuple[Array, Array]:
    """Weights and offset of each class: two classes share one row, the second's.

    Examples
    --------
    >>> row_for_each_class(np.array([[3.0, 1.0]]), np.array([0.5]))
    (array([[0., 0.],
           [3., 1.]]), array([0. , 0.5]))
    """
    if len(coef) > 1:
        return coef, intercept
    return np.vstack([0 * coef, coef]), np.append(0.0, intercept)


class LinearClassifier(ClassifierMixin, BaseEstimator):
    """A classifier that decides by linear scores, one column a class.

    ``fit`` of the subclass leaves ``coef_`` of shape (n_classes, n_features),
    ``intercept_`` of shape (n_classes,) and ``classes_``; for two classes both have
    one row, whose score is that of ``classes_[1]``.
    """

    coef_: Array
    intercept_: Array
    classes_: Array

    def _validate(self, X: Matrix, y: Any, reset: bool = True) -> tuple[Matrix, Array]:
        """Rows, dense or CSR, and labels, checked."""
        X, y = validate_data(
            self, X, y, accept_sparse="csr", dtype=FLOATS, order="C", reset=reset
        )
        check_classification_targets(y)
        return X, y

    def decision_function(self, X: ArrayLike) -> Array:
        """Scores of shape (n_samples, n_classes); (n_samples,) for two classes."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=FLOATS, reset=False)
        scores = safe_sparse_dot(X, self.coef_.T) + self.intercept_
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def predict(self, X: ArrayLike) -> Array:
        """Label with the highest score, shape (n_samples,)."""
        scores = self.decision_function(X)
        best = (scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)
        return self.classes_[best]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def squared_norms(X: Any) -> Array:
    """Squared Euclidean norm of each row, dense or sparse, in double precision."""
    if issparse(X):
        return np.asarray(X.multiply(X).sum(axis=1), np.float64).ravel()
    return np.einsum("ij,ij->i", X, X, dtype=np.float64)


def varying_columns(X: Array) -> Ints:
    """Columns of X that do not hold one number only, in order."""
    vary = np.zeros(X.shape[1], bool)
    mark_varying(X, vary)
    return np.flatnonzero(vary)


def check_small_columns(X: Matrix, columns: Ints, squares: Floats) -> None:
    """Refuse columns whose values are too small to be squared.

    ``squares`` are the sums of squares of the columns, centred or weighed: some of them
    are small, too, because rows have no weight, and those columns are not refused.
    """
    limits = np.finfo(np.float64)
    few = columns[squares < limits.tiny / limits.eps]
    if len(few) == 0:
        return
    largest: Any = abs(X[:, few]).max(axis=0)
    largest = largest.toarray().ravel() if issparse(largest) else largest
    lost = (largest > 0) & (largest < np.sqrt(limits.tiny / limits.eps))
    if lost.any():
        raise ValueError(
            f"Column {few[lost][0]} of X holds values whose squares underflow float64, "
            f"such as {largest[lost][0]:.3g}: scale it."
        )


def row_entries(X: Matrix) -> tuple[Array, Array, Array]:
    """Rows of a dense or CSR matrix in one form, without copying the values.

    Entry e of row i is ``values[begin + e]`` in column ``columns[first + e]`` for e
    below ``count``, where ``begin, first, count = spans[i]``. A dense row has an
    entry for each column.
    """
    if issparse(X):
        begin = X.indptr[:-1]
        spans = np.stack([begin, begin, np.diff(X.indptr)], axis=1)
        return X.data, X.indices.astype(np.int32, copy=False), spans.astype(np.int64)
    n, d = X.shape
    spans = np.zeros((n, 3), np.int64)
    spans[:, 0] = np.arange(n) * d
    spans[:, 2] = d
    return np.ascontiguousarray(X).ravel(), np.arange(d, dtype=np.int32), spans
