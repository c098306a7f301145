"""A linear score, learned from the order of lists."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from scipy.optimize import minimize

from lookalike._checks import check_choice, check_learned, check_positive, check_whole
from lookalike._typing import Array, Floats, Ints
from lookalike.rank._list_loss import SMOOTH, list_loss
from lookalike.rank.ranker import BaseRanker, mean_and_scale


class LinearRanker(BaseRanker):
    r"""Score candidates by a weighted sum of their features.

    .. math:: s(x) = w'z, \qquad z_j = (x_j - \mu_j) / \sigma_j.

    The weights minimise the mean loss of the lists plus :math:`\frac{\alpha}{2} w'w`.

    Parameters
    ----------
    loss : {"ranknet", "listnet", "listmle", "softmax"}, default="ranknet"
        Of a list; see :class:`~lookalike.rank.LambdaMART`.
    alpha : float, default=1e-4
        L2 penalty, at least 0.
    max_iter : int, default=200
        Iterations of L-BFGS.
    n_jobs : int or None, default=None
        Threads, as in scikit-learn.

    Attributes
    ----------
    mean_, scale_ : ndarray of shape (n_features,)
        Of the features in ``fit``.
    weights_ : ndarray of shape (n_features,)
    n_iter_ : int
    n_features_in_ : int

    Notes
    -----
    Grades are whole numbers from 0 to 30, with "softmax" any gains of at least 0. With
    the others, lists whose rows all have the same grade teach nothing. Scores are
    comparable within a query only. Cost of an iteration: O(n_rows * n_features), with
    "ranknet" and all pairs of each query.

    References
    ----------
    .. [1] Burges et al. (2005). "Learning to rank using gradient descent". ICML.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(300, 3))
    >>> grades = (X @ [2.0, -1, 0] > 0.5).astype(int)
    >>> model = LinearRanker(alpha=0.1).fit(X, grades, np.full(30, 10))
    >>> model.weights_.round(1) + 0
    array([ 1.2, -0.6,  0. ])
    """

    mean_: Floats
    scale_: Floats
    weights_: Floats
    n_iter_: int

    def __init__(
        self,
        loss: str = "ranknet",
        *,
        alpha: float = 1e-4,
        max_iter: int = 200,
        n_jobs: int | None = None,
    ) -> None:
        self.loss = loss
        self.alpha = alpha
        self.max_iter = max_iter
        self.n_jobs = n_jobs

    def _check_parameters(self) -> None:
        check_choice("loss", self.loss, SMOOTH)
        check_positive("alpha", self.alpha, zero=True)
        check_whole("max_iter", self.max_iter)

    def _learn(self, rows: Array, y: Floats, sizes: Ints, weight: Array) -> None:
        loss = list_loss(self.loss, y, sizes, weight, n_jobs=self.n_jobs)
        self.mean_, self.scale_ = mean_and_scale(rows)
        columns = (rows - self.mean_) / self.scale_
        gradients, hessians = np.empty(len(y)), np.empty(len(y))

        def objective(weights: Floats) -> tuple[float, Floats]:
            total = loss.derive(columns @ weights, gradients, hessians)
            value = total / len(sizes) + 0.5 * self.alpha * float(weights @ weights)
            return value, columns.T @ gradients / len(sizes) + self.alpha * weights

        start = np.zeros(rows.shape[1])
        options = {"maxiter": self.max_iter}
        found = minimize(objective, start, jac=True, method="L-BFGS-B", options=options)
        check_learned(found.x)
        self.weights_, self.n_iter_ = found.x, int(found.nit)

    def _score(self, rows: Array) -> Floats:
        columns = (rows - self.mean_) / self.scale_
        # Row by row: the rounding of a matrix product depends on the number of rows.
        scores: Floats = np.einsum("ij,j->i", columns, self.weights_)
        return scores

    def arrays(self) -> dict[str, Array]:
        """Return everything that ``score_rows`` needs, by name."""
        return {"mean": self.mean_, "scale": self.scale_, "weights": self.weights_}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Return the ranker from which these arrays were taken.

        Raises
        ------
        ValueError
            If the arrays do not fit together.
        """
        names = ("mean", "scale", "weights")
        mean, scale, weights = (np.asarray(arrays[name], np.float64) for name in names)
        whole = all(np.isfinite(each).all() for each in (mean, scale, weights))
        same = mean.ndim == 1 and mean.shape == scale.shape == weights.shape
        if not (whole and same and (scale > 0).all()):
            raise ValueError("its weights are not those of its features.")
        ranker = cls()
        ranker.mean_, ranker.scale_, ranker.weights_ = mean, scale, weights
        ranker.n_features_in_ = len(mean)
        return ranker

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that y must not be negative."""
        tags = super().__sklearn_tags__()
        tags.target_tags.positive_only = True
        return tags
