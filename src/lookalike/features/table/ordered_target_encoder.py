"""Ordered target encoding: the mean target of a category so far."""

from numbers import Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import OneToOneFeatureMixin
from sklearn.utils.validation import (
    check_array,
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
)

from lookalike._checks import check_number
from lookalike._typing import Array, Floats
from lookalike.features.table._categories import (
    CategoryEncoder,
    check_table,
    number_values,
)
from lookalike.kernels.running_means import running_means


class OrderedTargetEncoder(OneToOneFeatureMixin, CategoryEncoder):
    r"""Replace each category by its mean target in the rows before.

    Rows are in the order of time. Row i gets

    .. math:: \frac{\sum_{j < i,\, x_j = x_i} y_j + a \, m_i}
                   {|\{ j < i : x_j = x_i \}| + a} , \qquad
              m_i = \frac{1}{i} \sum_{j < i} y_j ,

    so neither its own target nor a later one enters, and a log of events is encoded as
    it would have been while it was written. A new row, in
    ``transform``, gets the same with all training rows before it. For rows without an
    order use ``sklearn.preprocessing.TargetEncoder``, which uses all other folds.

    Parameters
    ----------
    smooth : float, default=1.0
        Weight a of the mean over all categories, in rows; above 0.
    start : float, default=0.0
        Value of the first row, which has no row before it.

    Attributes
    ----------
    sums_ : list of length n_features of dict
        From each category to the sum of its targets and the number of its rows; a
        missing value has the key None.
    n_rows_ : int
        Rows so far.
    target_mean_ : float
        Their mean target.

    Notes
    -----
    ``partial_fit`` continues after the last rows; ``partial_fit_transform`` also
    encodes the new ones. Cost: O(n) for n rows.

    References
    ----------
    .. [1] Prokhorenkova et al. (2018). "CatBoost: unbiased boosting with categorical
       features". NeurIPS, section 3.2, equation 5 ("ordered TS"; with the mean of all
       rows in place of the rows before).

    Examples
    --------
    >>> from lookalike.features.table import OrderedTargetEncoder
    >>> model = OrderedTargetEncoder()
    >>> X, y = [["x"], ["x"], ["y"], ["x"]], [1, 0, 1, 1]
    >>> model.fit_transform(X, y).ravel().round(2)
    array([0.  , 1.  , 0.5 , 0.56])
    >>> model.transform([["x"], ["y"], ["z"]]).ravel().round(2)
    array([0.69, 0.88, 0.75])
    """

    sums_: list[dict[Any, tuple[float, float]]]
    n_rows_: int
    target_mean_: float

    def __init__(self, smooth: float = 1.0, start: float = 0.0) -> None:
        self.smooth = smooth
        self.start = start

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Sum up the targets of each category."""
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: ArrayLike, y: ArrayLike) -> Floats:
        """Sum up, and give each row the mean of its category in the rows before."""
        return self._encode_and_learn(X, y, reset=True)

    def partial_fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Sum up the targets of rows that follow those seen so far."""
        self.partial_fit_transform(X, y)
        return self

    def partial_fit_transform(self, X: ArrayLike, y: ArrayLike) -> Floats:
        """Encode rows that follow those seen so far, and sum them up."""
        return self._encode_and_learn(X, y, reset=not hasattr(self, "sums_"))

    def transform(self, X: ArrayLike) -> Floats:
        """Give each row the mean of its category in all training rows."""
        check_is_fitted(self)
        X = check_table(self, X, reset=False)
        columns = []
        for known, column in zip(self.sums_, X.T, strict=True):
            values, codes = number_values(column)
            sums, counts = _arrays(known, values)
            smoothed = sums + self.smooth * self.target_mean_
            columns.append((smoothed / (counts + self.smooth))[codes])
        return np.column_stack(columns)

    def _encode_and_learn(self, X: ArrayLike, y: ArrayLike, reset: bool) -> Floats:
        table, targets = self._check(X, y, reset)
        if reset:
            self.sums_ = [{} for _ in range(table.shape[1])]
            self.n_rows_, self._total = 0, 0.0
        before = self._total, self.n_rows_, float(self.smooth), float(self.start)
        columns = []
        for known, column in zip(self.sums_, table.T, strict=True):
            values, codes = number_values(column)
            sums, counts = _arrays(known, values)
            columns.append(running_means(codes, targets, sums, counts, *before))
            pairs = zip(sums.tolist(), counts.tolist(), strict=True)
            known.update(zip(values, pairs, strict=True))
        self.n_rows_ += len(targets)
        self._total += float(targets.sum())
        self.target_mean_ = self._total / self.n_rows_
        return np.column_stack(columns)

    def _check(self, X: ArrayLike, y: ArrayLike, reset: bool) -> tuple[Array, Floats]:
        if not (isinstance(self.smooth, Real) and self.smooth > 0):
            raise ValueError(f"smooth must be above 0, got {self.smooth!r}.")
        check_number("start", self.start)
        if y is None:
            raise ValueError(
                "This OrderedTargetEncoder estimator requires y to be passed, "
                "but the target y is None."
            )
        table = check_table(self, X, reset=reset)
        target = check_array(
            column_or_1d(y, warn=True), dtype=np.float64, ensure_2d=False, order="C"
        )
        check_consistent_length(table, target)
        return table, target

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags


def _arrays(
    known: dict[Any, tuple[float, float]], values: list[Any]
) -> tuple[Floats, Floats]:
    """Sums and numbers of rows so far of each value."""
    if not known:
        return np.zeros(len(values)), np.zeros(len(values))
    pairs = [known.get(value, (0.0, 0.0)) for value in values]
    sums, counts = np.array(pairs, dtype=np.float64).reshape(-1, 2).T.copy()
    return sums, counts
