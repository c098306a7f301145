"""Class counts: how often each class occurred with a category, without leakage."""

from collections.abc import Iterable
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.model_selection import KFold
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
)

from lookalike._typing import Array, Floats, Ints
from lookalike.features.table._categories import (
    CategoryEncoder,
    check_table,
    learn_categories,
)


class ClassCountEncoder(CategoryEncoder):
    r"""Replace each category by how often each class occurred with it.

    A category becomes one number a class, such as views and clicks of an ad. Unlike
    the mean target of ``sklearn.preprocessing.TargetEncoder`` the counts also say how
    much is known: 1 of 2 is not 500 of 1,000. Counts use the target, so a training row
    must not count its own. In ``fit_transform`` the rows of each fold get the counts of
    the other folds, scaled up to all rows,

    .. math:: \frac{n}{n - n_{\text{fold}}}
              \bigl( N_{c,y} - N_{c,y}^{\text{fold}} \bigr) ,

    and ``transform`` gives :math:`N_{c,y}`. Leaving out only the row itself would
    leak: among the rows of a category the count of a class is then one less exactly
    where the row is of that class, which reveals the target.

    Parameters
    ----------
    cv : int, splitter or iterable of (rows, rows), default=5
        Folds: a number of shuffled ones, or a splitter of scikit-learn, whose test
        rows must be all rows, each once.
    random_state : int, RandomState instance or None, default=None
        Shuffles the folds when ``cv`` is a number.

    Attributes
    ----------
    counts_ : list of length n_features of ndarray (n_categories + 1, n_classes)
        Rows of each category and class; a last row of zeros for unknown.
    categories_ : list of length n_features of list
        Categories of each column in order of first appearance; a missing value is one,
        written None.
    classes_ : ndarray of shape (n_classes,)
        Classes, sorted.

    References
    ----------
    .. [1] Micci-Barreca (2001). "A preprocessing scheme for high-cardinality
       categorical attributes in classification and prediction problems". SIGKDD
       Explorations 3(1).
    .. [2] Prokhorenkova et al. (2018). "CatBoost: unbiased boosting with categorical
       features". NeurIPS, section 3.2 (why leaving one out leaks).

    Examples
    --------
    >>> from lookalike.features.table import ClassCountEncoder
    >>> X, y = [["x"], ["x"], ["x"], ["y"]], [0, 1, 1, 0]
    >>> model = ClassCountEncoder(cv=[([2, 3], [0, 1]), ([0, 1], [2, 3])])
    >>> model.fit_transform(X, y)
    array([[0., 2.],
           [0., 2.],
           [2., 2.],
           [0., 0.]])
    >>> model.transform([["x"], ["z"]])
    array([[1., 2.],
           [0., 0.]])
    """

    counts_: list[Floats]
    categories_: list[list[Any]]
    classes_: Array

    def __init__(self, cv: Any = 5, random_state: Any = None) -> None:
        self.cv = cv
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Count the rows of each category and class."""
        self._learn(X, y)
        return self

    def fit_transform(self, X: ArrayLike, y: ArrayLike) -> Floats:
        """Count, and give each training row the scaled counts of the other folds."""
        codes, labels = self._learn(X, y)
        n_rows = len(codes)
        found = np.empty((n_rows, codes.shape[1] * len(self.classes_)))
        times = np.zeros(n_rows, dtype=np.int64)
        for _, fold in self._folds(codes, labels):
            times[fold] += 1
            within = self._count(codes[fold], labels[fold])
            others = [
                (all_rows - of_fold) * (n_rows / (n_rows - len(fold)))
                for all_rows, of_fold in zip(self.counts_, within, strict=True)
            ]
            found[fold] = self._look_up(codes[fold], others)
        if (times != 1).any():
            raise ValueError("The test rows of cv must be all rows, each once.")
        return found

    def transform(self, X: ArrayLike) -> Floats:
        """Counts of all training rows: shape (n_rows, n_features * n_classes)."""
        check_is_fitted(self)
        X = check_table(self, X, reset=False)
        return self._look_up(self._categories.numbers(X), self.counts_)

    def get_feature_names_out(self, input_features: Any = None) -> Array:
        """Name the columns: feature and class, classes of a feature side by side."""
        check_is_fitted(self)
        known = getattr(self, "feature_names_in_", None)
        if input_features is None:
            names = [f"x{j}" for j in range(self.n_features_in_)]
            input_features = names if known is None else known
        elif known is not None and list(input_features) != list(known):
            raise ValueError("input_features is not equal to feature_names_in_")
        if len(input_features) != self.n_features_in_:
            raise ValueError(
                "input_features should have length equal to number of features "
                f"({self.n_features_in_}), got {len(input_features)}"
            )
        pairs = [f"{f}_{c}" for f in input_features for c in self.classes_]
        return np.array(pairs, dtype=object)

    def _learn(self, X: ArrayLike, y: ArrayLike) -> tuple[Ints, Ints]:
        if y is None:
            raise ValueError(
                "This ClassCountEncoder estimator requires y to be passed, "
                "but the target y is None."
            )
        table = check_table(self, X, reset=True)
        target = column_or_1d(y, warn=True)
        check_consistent_length(table, target)
        check_classification_targets(target)
        self.classes_, labels = np.unique(target, return_inverse=True)
        self._categories, codes = learn_categories(table)
        self.categories_ = self._categories.values
        self.counts_ = self._count(codes, labels)
        return codes, labels

    def _count(self, codes: Ints, labels: Ints) -> list[Floats]:
        n_classes = len(self.classes_)
        shapes = [(len(names) + 1, n_classes) for names in self.categories_]
        return [
            np.bincount(column * n_classes + labels, minlength=rows * columns)
            .reshape(rows, columns)
            .astype(np.float64)
            for column, (rows, columns) in zip(codes.T, shapes, strict=True)
        ]

    def _folds(self, codes: Ints, labels: Ints) -> Any:
        if isinstance(self.cv, Iterable) and not isinstance(self.cv, str):
            return self.cv
        if hasattr(self.cv, "split") and not isinstance(self.cv, str):
            return self.cv.split(codes, labels)
        if not isinstance(self.cv, int | np.integer):
            raise ValueError(
                "cv must be a whole number, a splitter or pairs of rows, got "
                f"{self.cv!r}."
            )
        if not 2 <= self.cv <= len(codes):
            raise ValueError(
                f"cv must be in [2, {len(codes)}], the number of samples, "
                f"got {self.cv}."
            )
        folds = KFold(self.cv, shuffle=True, random_state=self.random_state)
        return folds.split(codes)

    @staticmethod
    def _look_up(codes: Ints, counts: list[Floats]) -> Floats:
        return np.hstack([c[column] for c, column in zip(counts, codes.T, strict=True)])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags
