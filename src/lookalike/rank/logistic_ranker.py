"""Logistic regression that scores each candidate by itself."""

from collections.abc import Mapping
from typing import Self

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.learn import LogisticRegression
from lookalike.rank.ranker import BaseRanker, is_relevant, mean_and_scale

ARRAYS = ("mean", "scale", "weights", "intercept")


class LogisticRanker(BaseRanker):
    r"""Score a candidate by the log-odds that it is relevant.

    .. math:: s(x) = w'z + b, \qquad z_j = (x_j - \mu_j) / \sigma_j,

    and, where ``products`` is set, with the products :math:`z_i z_j` beside the
    :math:`z_j`, so that the weight of one feature may depend on another.

    Parameters
    ----------
    C : float, default=1.0
        Weight of the data against the L2 penalty on w.
    products : bool, default=False
        Whether to add all products of two features, including squares.
    max_iter : int, default=200
    tol : float, default=1e-4
        See :class:`lookalike.learn.LogisticRegression`.

    Attributes
    ----------
    mean_, scale_ : ndarray of shape (n_features,)
        Of the features in ``fit``.
    weights_ : ndarray of shape (n_columns,), float64
        Of the features, then of their products.
    intercept_ : float
    n_features_in_ : int

    Notes
    -----
    Rows with y above 0 are relevant. Cost of a score: O(n_columns).

    References
    ----------
    .. [1] Richardson, Dominowska and Ragno (2007). "Predicting clicks: estimating the
       click-through rate for new ads". WWW.

    Examples
    --------
    >>> import numpy as np
    >>> from lookalike.rank.logistic_ranker import LogisticRanker
    >>> X = np.array([[0.0, 1], [0, 0], [1, 1], [1, 0]] * 25)
    >>> either = X.sum(axis=1) == 1  # one of the two and not both
    >>> plain, crossed = (LogisticRanker(products=p).fit(X, either) for p in (0, 1))
    >>> abs(plain.score_rows(X[:4])).round(2) + 0
    array([0., 0., 0., 0.])
    >>> crossed.score_rows(X[:4]).round(1)
    array([ 3.4, -3.4, -3.4,  3.4])
    """

    mean_: Floats
    scale_: Floats
    weights_: Floats
    intercept_: float

    def __init__(
        self,
        C: float = 1.0,
        *,
        products: bool = False,
        max_iter: int = 200,
        tol: float = 1e-4,
    ) -> None:
        self.C = C
        self.products = products
        self.max_iter = max_iter
        self.tol = tol

    def _learn(self, rows: Array, y: Floats, sizes: Ints, weight: Array) -> None:
        self.mean_, self.scale_ = mean_and_scale(rows)
        model = LogisticRegression(C=self.C, max_iter=self.max_iter, tol=self.tol)
        model.fit(self._columns(rows), is_relevant(y), weight)
        self.weights_ = model.coef_[0].astype(np.float64)
        self.intercept_ = float(model.intercept_[0])

    def _score(self, rows: Array) -> Floats:
        columns = self._columns(rows).astype(np.float64)
        # Row by row: the rounding of a matrix product depends on the number of rows.
        scores: Floats = np.einsum("ij,j->i", columns, self.weights_) + self.intercept_
        return scores

    def arrays(self) -> dict[str, Array]:
        """Return everything that ``score_rows`` needs, by name."""
        return {
            "mean": self.mean_,
            "scale": self.scale_,
            "weights": self.weights_,
            "intercept": np.array([self.intercept_]),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Return the ranker from which these arrays were taken.

        Raises
        ------
        ValueError
            If the arrays do not fit together.
        """
        found = [np.asarray(arrays[name], np.float64) for name in ARRAYS]
        mean, scale, weights, intercept = found
        n = len(mean)
        products = len(weights) != n
        n_columns = n + n * (n + 1) // 2 if products else n
        shapes = [each.shape for each in found]
        whole = all(np.isfinite(each).all() for each in found) and (scale > 0).all()
        if shapes != [(n,), (n,), (n_columns,), (1,)] or not whole:
            raise ValueError("its weights are not those of its features.")
        ranker = cls(products=products)
        ranker.mean_, ranker.scale_, ranker.weights_ = mean, scale, weights
        ranker.intercept_, ranker.n_features_in_ = float(intercept[0]), n
        return ranker

    def _columns(self, rows: Array) -> Array:
        centred = ((rows - self.mean_) / self.scale_).astype(np.float32)
        if not self.products:
            return centred
        first, second = np.triu_indices(centred.shape[1])
        return np.hstack([centred, centred[:, first] * centred[:, second]])
