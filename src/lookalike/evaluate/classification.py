"""Metrics of classifiers: accuracy, precision, recall, F1 and the confusion matrix.

All are counted from two columns of labels. For a class c, with

- tp(c): rows of class c that were predicted as c,
- predicted(c): rows that were predicted as c,
- actual(c): rows whose true class is c,

precision is tp / predicted, recall is tp / actual, and F1, their harmonic mean, is
2 tp / (predicted + actual). Names, options and results are those of scikit-learn.

Rows may have several labels each: both columns are then tables (n_samples, n_labels) of
zeros and ones, dense or sparse, and each column is a class.
"""

import warnings
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from lookalike._typing import Array, Floats, Ints
from lookalike.evaluate.multilabel import (
    chosen_columns,
    is_table,
    label_counts,
    label_tables,
)

Average = Literal["binary", "micro", "macro", "weighted", "samples"]


def accuracy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    normalize: bool = True,
    sample_weight: ArrayLike | None = None,
) -> float:
    """Return the share of rows whose predicted label is the true one.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_samples,) or (n_samples, n_labels)
        Labels: whole numbers or strings, or tables of zeros and ones, of which a row is
        right where all its labels are.
    normalize : bool, default=True
        False returns the (weighted) number of correct rows instead of their share.
    sample_weight : array-like of shape (n_samples,), optional
        Weights, at least 0 and not all 0.

    Examples
    --------
    >>> accuracy([0, 1, 2, 2], [0, 2, 2, 2])
    0.75
    >>> accuracy([0, 1, 2, 2], [0, 2, 2, 2], sample_weight=[1, 7, 1, 1])
    0.3
    """
    if is_table(y_true) and is_table(y_pred):
        true, pred = label_tables(y_true, y_pred)
        right = (true == pred).all(axis=1)
    else:
        true, pred = _label_columns(y_true, y_pred)
        right = true == pred
    weights = _weight_column(sample_weight, len(right))
    correct = float(weights[right].sum())
    return correct / float(weights.sum()) if normalize else correct


def precision(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    labels: ArrayLike | None = None,
    pos_label: object = 1,
    average: Average | None = "binary",
    sample_weight: ArrayLike | None = None,
    zero_division: float | Literal["warn"] = "warn",
) -> float | Floats:
    r"""Return the share of the rows predicted as a class that are of this class.

    .. math:: P(c) = \frac{tp(c)}{predicted(c)}

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_samples,) or (n_samples, n_labels)
        Labels: whole numbers or strings, or tables of zeros and ones.
    labels : array-like of shape (n_labels,), optional
        The classes to score, in this order; by default all that occur, sorted. A
        class that never occurs counts as undefined, see ``zero_division``. Not used
        when ``average="binary"``. Numbers of columns for tables.
    pos_label : label, default=1
        The class to score when ``average="binary"``, not used otherwise.
    average : {"binary", "micro", "macro", "weighted", "samples"} or None, \
default="binary"
        "binary" scores ``pos_label`` alone and needs at most two classes; "micro"
        sums the counts of all classes first; "macro" is the plain mean over classes;
        "weighted" is the mean weighted by ``actual(c)``; "samples", for tables, scores
        the labels of each row and takes the mean over rows; None returns every class.
    sample_weight : array-like of shape (n_samples,), optional
        Weights, at least 0 and not all 0.
    zero_division : {"warn", 0.0, 1.0, nan}, default="warn"
        The score of a class whose denominator is 0. "warn" is 0 with an
        ``UndefinedMetricWarning``; classes at nan are left out of the mean.

    Returns
    -------
    float, or ndarray of shape (n_labels,) when ``average`` is None

    Examples
    --------
    >>> y_true, y_pred = ["cat", "cat", "dog", "dog"], ["cat", "dog", "dog", "dog"]
    >>> precision(y_true, y_pred, average=None)
    array([1. , 0.67])
    >>> precision(y_true, y_pred, pos_label="dog")
    0.67
    """
    tp, predicted, _, shares = _counts(
        y_true, y_pred, labels, pos_label, average, sample_weight
    )
    return _score(tp, predicted, shares, average, zero_division)


def recall(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    labels: ArrayLike | None = None,
    pos_label: object = 1,
    average: Average | None = "binary",
    sample_weight: ArrayLike | None = None,
    zero_division: float | Literal["warn"] = "warn",
) -> float | Floats:
    r"""Return the share of the rows of a class that are predicted as this class.

    .. math:: R(c) = \frac{tp(c)}{actual(c)}

    Parameters and shapes are those of :func:`precision`.

    Examples
    --------
    >>> y_true, y_pred = ["cat", "cat", "dog", "dog"], ["cat", "dog", "dog", "dog"]
    >>> recall(y_true, y_pred, average=None)
    array([0.5, 1. ])
    """
    tp, _, actual, shares = _counts(
        y_true, y_pred, labels, pos_label, average, sample_weight
    )
    return _score(tp, actual, shares, average, zero_division)


def f1(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    labels: ArrayLike | None = None,
    pos_label: object = 1,
    average: Average | None = "binary",
    sample_weight: ArrayLike | None = None,
    zero_division: float | Literal["warn"] = "warn",
) -> float | Floats:
    r"""Return the harmonic mean of precision and recall.

    .. math:: F_1(c) = \frac{2 P(c) R(c)}{P(c) + R(c)}
                     = \frac{2\, tp(c)}{predicted(c) + actual(c)}

    The second form is the one computed: it is defined whenever the class occurs in
    either column. Parameters and shapes are those of :func:`precision`.

    Examples
    --------
    >>> y_true, y_pred = ["cat", "cat", "dog", "dog"], ["cat", "dog", "dog", "dog"]
    >>> f1(y_true, y_pred, average=None)
    array([0.67, 0.8 ])
    >>> f1(y_true, y_pred, average="macro")
    0.73
    """
    tp, predicted, actual, shares = _counts(
        y_true, y_pred, labels, pos_label, average, sample_weight
    )
    return _score(2 * tp, predicted + actual, shares, average, zero_division)


def confusion_matrix(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    labels: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    normalize: Literal["true", "pred", "all"] | None = None,
) -> Array:
    """Count the rows of each true class (down) by predicted class (across).

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_samples,)
        Labels: whole numbers or strings.
    labels : array-like of shape (n_labels,), optional
        Which classes, in which order; by default all that occur, sorted. Rows with a
        label outside the list are left out; at least one must be in ``y_true``.
    sample_weight : array-like of shape (n_samples,), optional
        Weights, at least 0 and not all 0.
    normalize : {"true", "pred", "all"} or None, default=None
        Divide by the sum of each row ("true": recall on the diagonal), of each column
        ("pred": precision on the diagonal), or of the matrix. An empty row or column
        stays 0.

    Returns
    -------
    ndarray of shape (n_labels, n_labels)
        int64 counts; float64 when normalised or when the weights are.

    Examples
    --------
    >>> confusion_matrix([0, 0, 1, 2], [0, 2, 1, 1])
    array([[1, 0, 1],
           [0, 1, 0],
           [0, 1, 0]])
    """
    y_true, y_pred = _label_columns(y_true, y_pred)
    weights = _weight_column(sample_weight, len(y_true))
    chosen = _chosen_labels(y_true, y_pred, labels)
    true, pred = _codes(y_true, chosen), _codes(y_pred, chosen)
    n = len(chosen)
    if labels is not None and np.all(true == n):
        raise ValueError("At least one of labels must occur in y_true, none does.")
    inside = (true < n) & (pred < n)
    matrix = _weighted_counts((true * n + pred)[inside], weights[inside], n * n)
    return _normalised(matrix.reshape(n, n), normalize)


def _counts(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    labels: ArrayLike | None,
    pos_label: object,
    average: Average | None,
    sample_weight: ArrayLike | None,
) -> tuple[Array, Array, Array, Array | None]:
    """tp, predicted and actual of each scored class; of all as one for "micro".

    Also what the scores weigh in their mean, None for a plain one.
    """
    if average not in ("binary", "micro", "macro", "weighted", "samples", None):
        raise ValueError(
            "average must be 'binary', 'micro', 'macro', 'weighted', 'samples' or "
            f"None, got {average!r}."
        )
    if is_table(y_true) and is_table(y_pred):
        return _counts_of_tables(y_true, y_pred, labels, average, sample_weight)
    if average == "samples":
        raise ValueError(
            "average must be 'binary', 'micro', 'macro', 'weighted' or None for one "
            "label a row, got 'samples', which is for tables of labels."
        )
    y_true, y_pred = _label_columns(y_true, y_pred)
    weights = _weight_column(sample_weight, len(y_true))
    if average == "binary":
        chosen = _positive_label(y_true, y_pred, pos_label)
    else:
        chosen = _chosen_labels(y_true, y_pred, labels)
    true, pred, n = _codes(y_true, chosen), _codes(y_pred, chosen), len(chosen)
    correct = true == pred
    # One more bin, for the rows of classes that are not scored.
    tp = _weighted_counts(true[correct], weights[correct], n + 1)[:n]
    predicted = _weighted_counts(pred, weights, n + 1)[:n]
    actual = _weighted_counts(true, weights, n + 1)[:n]
    return _summed(tp, predicted, actual, average)


def _counts_of_tables(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    labels: ArrayLike | None,
    average: Average | None,
    sample_weight: ArrayLike | None,
) -> tuple[Array, Array, Array, Array | None]:
    if average == "binary":
        raise ValueError(
            "average='binary' needs one label a row; choose 'micro', 'macro', "
            "'weighted', 'samples' or None for tables of labels."
        )
    true, pred = label_tables(y_true, y_pred)
    weights = _weight_column(sample_weight, len(true))
    columns = chosen_columns(labels, true.shape[1])
    true, pred = true[:, columns], pred[:, columns]
    counts = label_counts(true, pred, weights, by_row=average == "samples")
    if average == "samples":
        return *counts, weights
    return _summed(*counts, average)


def _summed(
    tp: Array, predicted: Array, actual: Array, average: Average | None
) -> tuple[Array, Array, Array, Array | None]:
    if average == "micro":
        tp, predicted, actual = (x.sum(keepdims=True) for x in (tp, predicted, actual))
    return tp, predicted, actual, actual if average == "weighted" else None


def _score(
    numerator: Array,
    denominator: Array,
    shares: Array | None,
    average: Average | None,
    zero_division: float | Literal["warn"],
) -> float | Floats:
    scores = _divide(numerator, denominator, zero_division)
    if average is None:
        return scores
    return _mean_of_defined(scores, shares)


def _divide(
    numerator: Array, denominator: Array, zero_division: float | Literal["warn"]
) -> Floats:
    # Only nan is unequal to itself.
    if zero_division not in ("warn", 0, 1) and zero_division == zero_division:
        raise ValueError(
            f"zero_division must be 'warn', 0, 1 or nan, got {zero_division!r}."
        )
    undefined = denominator == 0
    if zero_division == "warn" and undefined.any():
        _warn_undefined(int(undefined.sum()))
    default = 0.0 if zero_division == "warn" else float(zero_division)
    return np.where(undefined, default, numerator / np.where(undefined, 1, denominator))


def _warn_undefined(n: int) -> None:
    # Imported here: scikit-learn takes longer to import than this whole room.
    from sklearn.exceptions import UndefinedMetricWarning

    message = (
        f"The score of {n} of the classes divides by 0 rows and is taken as 0; "
        "zero_division says what to take instead."
    )
    warnings.warn(message, UndefinedMetricWarning, stacklevel=5)


def _mean_of_defined(scores: Floats, weights: Array | None) -> float:
    defined = ~np.isnan(scores)
    if not defined.any():
        return float("nan")
    if weights is None or not weights[defined].any():
        return float(scores[defined].mean())
    return float(np.average(scores[defined], weights=weights[defined]))


def _normalised(matrix: Array, normalize: str | None) -> Array:
    if normalize is None:
        return matrix
    axes: dict[str, int | None] = {"true": 1, "pred": 0, "all": None}
    if normalize not in axes:
        raise ValueError(
            f"normalize must be 'true', 'pred', 'all' or None, got {normalize!r}."
        )
    total = matrix.sum(axis=axes[normalize], keepdims=True)
    return matrix / np.where(total == 0, 1, total)


def _chosen_labels(y_true: Array, y_pred: Array, labels: ArrayLike | None) -> Array:
    if labels is None:
        return np.union1d(y_true, y_pred)
    chosen = _label_column("labels", labels)
    if _is_text(chosen) != _is_text(y_true):
        raise ValueError("labels must be of the same kind as y_true and y_pred.")
    if len(np.unique(chosen)) < len(chosen):
        raise ValueError(f"labels must differ from each other, got {chosen.tolist()}.")
    return chosen


def _positive_label(y_true: Array, y_pred: Array, pos_label: object) -> Array:
    present = np.union1d(y_true, y_pred)
    if len(present) > 2:
        raise ValueError(
            f"average='binary' needs at most two labels, got {len(present)}; choose "
            "'micro', 'macro', 'weighted' or None."
        )
    chosen = np.atleast_1d(np.asarray(pos_label))
    # A sample of one class only (a resample, say) need not hold the positive one.
    if len(present) == 2 and pos_label not in present.tolist():
        raise ValueError(
            f"pos_label must be one of {present.tolist()}, got {pos_label!r}."
        )
    return chosen


def _codes(y: Array, labels: Array) -> Ints:
    """Position of each entry of y in labels, ``len(labels)`` where it is not there."""
    order = np.argsort(labels, kind="stable")
    position = np.searchsorted(labels, y, sorter=order).clip(max=len(labels) - 1)
    codes = order[position]
    return np.where(labels[codes] == y, codes, len(labels))


def _weighted_counts(codes: Ints, weights: Array, n: int) -> Array:
    kind = np.int64 if weights.dtype.kind in "biu" else np.float64
    return np.bincount(codes, weights, minlength=n).astype(kind)


def _weight_column(sample_weight: ArrayLike | None, n_samples: int) -> Array:
    if sample_weight is None:
        return np.ones(n_samples, dtype=np.int64)
    weights = np.asarray(sample_weight)
    if weights.shape != (n_samples,) or weights.dtype.kind not in "biuf":
        raise ValueError(
            f"sample_weight must hold {n_samples} numbers, one a row, got shape "
            f"{weights.shape} of {weights.dtype}."
        )
    if not (np.isfinite(weights).all() and weights.min() >= 0 and weights.any()):
        raise ValueError("sample_weight must be finite, at least 0 and not all 0.")
    return weights


def _label_columns(y_true: ArrayLike, y_pred: ArrayLike) -> tuple[Array, Array]:
    true, pred = _label_column("y_true", y_true), _label_column("y_pred", y_pred)
    if len(true) != len(pred):
        raise ValueError(
            f"y_true and y_pred must be of one length, got {len(true)} and {len(pred)}."
        )
    if _is_text(true) != _is_text(pred):
        raise ValueError("y_true and y_pred must both be numbers or both be strings.")
    return true, pred


def _label_column(name: str, y: ArrayLike) -> Array:
    column = np.asarray(y)
    if column.ndim != 1 or column.size == 0:
        raise ValueError(f"{name} must be 1-D and not empty, got shape {column.shape}.")
    if column.dtype == object:
        column = _from_objects(column)
    kind = column.dtype.kind
    whole = kind in "biuU" or (kind == "f" and bool(np.all(column == np.rint(column))))
    if not whole or (kind == "f" and not np.isfinite(column).all()):
        raise ValueError(f"{name} must hold whole numbers or strings, and only these.")
    return column


def _from_objects(column: Array) -> Array:
    """Convert a column of only Python strings or only numbers to that type."""
    pure = len({isinstance(entry, str) for entry in column}) == 1
    return np.array(column.tolist()) if pure else column


def _is_text(column: Array) -> bool:
    return column.dtype.kind == "U"
