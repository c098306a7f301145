"""Boosted trees that score each candidate by itself (needs the rank extra)."""

from dataclasses import dataclass, field

import numpy as np

from lookalike._checks import check_choice
from lookalike._typing import Array, Floats, Ints
from lookalike.rank._forest_ranker import ForestRanker
from lookalike.rank.ranker import is_relevant

LOSSES = {"logistic": "binary", "squared": "regression"}


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
    LightGBM grows the trees; scoring does not need it. Cost of a score:
    O(n_estimators * depth).

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
    array([-2.7, 2.8, -2.7])
    """

    loss: str = field(default="logistic", kw_only=True)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_choice("loss", self.loss, tuple(LOSSES))

    def _learn(self, rows: Array, y: Floats, sizes: Ints, weight: Array) -> None:
        if self.loss == "logistic":
            y = is_relevant(y).astype(np.float64)
        self._grow({"objective": LOSSES[self.loss]}, rows, y, weight)
