"""Classification by attributes whose combinations are the classes."""

from collections.abc import Hashable, Mapping
from typing import Any, Self

import numpy as np
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.utils import Tags, get_tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from lookalike._typing import Array
from lookalike._validation import validate_data
from lookalike.learn.logistic_regression import LogisticRegression


class AttributeComposedClassifier(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    r"""Learn each attribute from all samples, and combine attributes into classes.

    Where classes are combinations (sex by hair length), a class with one sample still
    shares each of its attributes with many. One classifier per attribute learns
    :math:`p_a(v \mid x)` from all samples; an output layer that is not trained
    multiplies the values that make a class c,

    .. math:: p(c \mid x) \propto \prod_a p_a(v_a(c) \mid x),

    which is a softmax of the logarithms times a fixed matrix of zeros and ones.

    Parameters
    ----------
    estimator : classifier with ``predict_proba``, default=None
        Learns one attribute; a copy is fitted for each. None is
        :class:`LogisticRegression`.
    attributes : mapping from label to sequence, default=None
        The values that make up each class, in the same order of attributes for all.
        Labels that are not in y may be given: they can be predicted if each of their
        values was seen in other classes. None makes the label itself the only
        attribute.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels of ``attributes`` (or seen in ``fit``), sorted.
    estimators_ : list of (classifier or None)
        One an attribute; None for an attribute with a single value.
    values_ : list of ndarray
        Values of each attribute, sorted.
    composition_ : ndarray of shape (n_values, n_classes)
        The fixed output layer: 1 where the class has the value, all values of all
        attributes one below the other.

    Notes
    -----
    The product is exact where the attributes are independent given x. Where an
    attribute differs by combination, a classifier of the combinations is better once
    each has enough samples. Cost: that of one fit per attribute.

    References
    ----------
    .. [1] Lampert, Nickisch and Harmeling (2014). "Attribute-based classification for
       zero-shot visual object categorization". TPAMI 36(3). (equation 2)

    Examples
    --------
    No training sample is tall and dark; the class is predicted from its attributes.

    >>> from lookalike.learn import AttributeComposedClassifier
    >>> X = [[0.0, 0.0], [0.1, 0.0], [2.0, 0.1], [2.1, 0.0], [0.0, 2.0], [0.1, 2.1]]
    >>> y = ["low, pale", "low, pale", "tall, pale", "tall, pale"] + 2 * ["low, dark"]
    >>> attributes = {label: label.split(", ") for label in [*y, "tall, dark"]}
    >>> model = AttributeComposedClassifier(attributes=attributes).fit(X, y)
    >>> print(*model.predict([[2.0, 2.0], [0.0, 0.0]]), sep="; ")
    tall, dark; low, pale
    """

    classes_: Array
    estimators_: list[Any]
    values_: list[Array]
    composition_: Array

    def __init__(
        self,
        estimator: Any = None,
        attributes: Mapping[Hashable, Any] | None = None,
    ) -> None:
        self.estimator = estimator
        self.attributes = attributes

    def fit(self, X: Any, y: Any) -> Self:
        """Fit one classifier for each attribute.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.
        y : array-like of shape (n_samples,)
            Labels, each a key of ``attributes``.
        """
        X, y = validate_data(self, X, y, accept_sparse="csr")
        check_classification_targets(y)
        table = self._table(y)
        number = {label: k for k, label in enumerate(self.classes_.tolist())}
        rows = [number[label] for label in y.tolist()]
        base = LogisticRegression() if self.estimator is None else self.estimator
        if not hasattr(base, "predict_proba"):
            raise ValueError(f"estimator must have predict_proba, got {base!r}.")
        self.estimators_, self.values_ = [], []
        for column in table.T:
            values = column[rows]
            self.values_.append(np.unique(values))
            model = None
            if len(self.values_[-1]) > 1:
                model = clone(base).fit(X, values)
            self.estimators_.append(model)
        self.composition_ = self._compose(table)
        return self

    def predict_proba(self, X: Any) -> Array:
        """Probability of each class, shape (n_samples, n_classes)."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", reset=False)
        shares = [
            np.ones((X.shape[0], 1)) if model is None else model.predict_proba(X)
            for model in self.estimators_
        ]
        probabilities = np.hstack(shares)
        if not np.isfinite(probabilities).all():
            raise ValueError(
                f"{self.estimator!r} gave probabilities that are not finite; "
                "scale the features."
            )
        # A probability that rounds to zero must not make all classes impossible.
        logarithms = np.log(np.maximum(probabilities, np.finfo(np.float64).tiny))
        return softmax(logarithms @ self.composition_, axis=1)

    def predict(self, X: Any) -> Array:
        """Most likely label of each sample."""
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]

    def _table(self, y: Array) -> Array:
        """Values of each class, shape (n_classes, n_attributes); sets ``classes_``."""
        seen = np.unique(y)
        if self.attributes is None:
            self.classes_ = seen
            return seen[:, None]
        given = {label: list(values) for label, values in self.attributes.items()}
        unknown = [label for label in seen.tolist() if label not in given]
        if unknown:
            raise ValueError(f"attributes has no entry for the labels {unknown}.")
        if len({len(values) for values in given.values()}) != 1:
            raise ValueError("attributes must give every label as many values.")
        self.classes_ = np.unique(np.array(list(given)))
        table = np.array([given[label] for label in self.classes_.tolist()])
        if len(np.unique(table, axis=0)) < len(table):
            raise ValueError("attributes gives two labels the same values.")
        return table

    def _compose(self, table: Array) -> Array:
        """Make the output layer: a one for each value of each class."""
        blocks = []
        for values, column in zip(self.values_, table.T, strict=True):
            missing = np.setdiff1d(column, values)
            if len(missing):
                raise ValueError(f"no sample has the attribute values {missing}.")
            blocks.append((values[:, None] == column).astype(np.float64))
        return np.vstack(blocks)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        base = LogisticRegression() if self.estimator is None else self.estimator
        tags.input_tags.sparse = get_tags(base).input_tags.sparse
        return tags
