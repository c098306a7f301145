"""Boosted trees that score each candidate by itself."""

from dataclasses import dataclass, field
from functools import partial

import numpy as np
from scipy.special import expit, logit

from lookalike._checks import check_choice
from lookalike._typing import Array, Floats, Ints
from lookalike.rank._forest_ranker import ForestRanker
from lookalike.rank.ranker import is_relevant

LOSSES = ("logistic", "squared")


@dataclass(eq=False, repr=False)
class BoostedRanker(ForestRanker):
    r"""Score a candidate by a sum of small trees, each fitted to the remaining error.

    .. math:: s_t(x) = s_{t-1}(x) + \eta\, h_t(x),

    where the tree :math:`h_t` takes a Newton step down the loss. With the logistic loss
    of "relevant or not", s is the log-odds of relevance; with the squared loss of y, s
    is the expected grade.

    Parameters
    ----------
    n_estimators : int, default=200
        Number of trees.
    loss : {"logistic", "squared"}, default="logistic"
        The logistic loss uses only whether y is above 0, the squared loss its value.
    learning_rate : float, default=0.05
        :math:`\eta`.
    num_leaves : int, default=31
        Maximum number of leaves of a tree.
    min_child_samples : int, default=20
        Minimum number of rows of a leaf.
    reg_lambda : float, default=1.0
        L2 penalty on the values of leaves.
    subsample, colsample : float, default=1.0
        Shares of the rows and of the features that each tree is grown from, in (0, 1].
    random_state : int, default=0
    n_jobs : int or None, default=None
        Threads, as in scikit-learn.

    Attributes
    ----------
    forest_ : Forest
        The trees, as arrays.
    n_features_in_ : int

    Notes
    -----
    Values are put into at most 256 bins a feature; a leaf also needs a sum of Hessians
    of 0.001. Cost of a tree: O(depth) additions for each value that is not its
    feature's most frequent one; of a score O(n_estimators * depth).

    References
    ----------
    .. [1] Friedman (2001). "Greedy function approximation: a gradient boosting
       machine". Annals of Statistics 29(5).
    .. [2] Ke et al. (2017). "LightGBM: a highly efficient gradient boosting decision
       tree". NIPS.

    Examples
    --------
    >>> import numpy as np
    >>> from lookalike.rank.boosted_ranker import BoostedRanker
    >>> X = np.linspace(-1, 1, 200)[:, None]
    >>> model = BoostedRanker(50).fit(X, abs(X[:, 0]) < 0.5)  # the middle is relevant
    >>> model.score_rows([[-0.9], [0.0], [0.9]]).round(1)
    array([-2.8,  3. , -2.8])
    """

    loss: str = field(default="logistic", kw_only=True)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_choice("loss", self.loss, LOSSES)

    def _learn(self, rows: Array, y: Floats, sizes: Ints, weight: Array) -> None:
        weight = weight.astype(np.float64)
        if self.loss == "logistic":
            y = is_relevant(y).astype(np.float64)
        mean = float(np.average(y, weights=weight))
        if self.loss == "squared":
            self._grow(rows, partial(_squared, y, weight), mean)
            return
        if not 0 < mean < 1:
            raise ValueError(
                "The weights of all relevant rows, or of all others, are 0."
            )
        self._grow(rows, partial(_logistic, y, weight), float(logit(mean)))


def _squared(
    y: Floats, weight: Floats, scores: Floats, gradients: Floats, hessians: Floats
) -> None:
    """Derivatives of half the weighted square of the error."""
    np.multiply(weight, scores - y, out=gradients)
    hessians[:] = weight


def _logistic(
    y: Floats, weight: Floats, scores: Floats, gradients: Floats, hessians: Floats
) -> None:
    """Derivatives of minus the weighted log-likelihood."""
    chance = expit(scores)
    np.multiply(weight, chance - y, out=gradients)
    np.multiply(weight, chance * (1 - chance), out=hessians)
