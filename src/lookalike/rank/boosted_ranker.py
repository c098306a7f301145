"""Boosted trees that judge each candidate on its own (needs the rank extra)."""

from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from lookalike._checks import check_choice, check_sample_weight
from lookalike.rank._forest import ForestRanker, learn_forest
from lookalike.rank._growth import check_growth, growth
from lookalike.rank.ranker import group_sizes, lessons, relevant

LOSSES = {"logistic": "binary", "squared": "regression"}


class BoostedRanker(ForestRanker):
    r"""Score a candidate by a sum of small trees, each mending what is still wrong.

    .. math:: s_t(x) = s_{t-1}(x) + \eta\, h_t(x),

    where the tree :math:`h_t` takes a Newton step down the loss: the logistic one of
    "relevant or not", so that s is the log-odds of relevance, or the squared one of the
    grade itself.

    Parameters
    ----------
    n_estimators : int, default=200
        Trees.
    loss : {"logistic", "squared"}, default="logistic"
        Whether y is asked only if it is above 0, or for its value.
    learning_rate : float, default=0.05
        :math:`\eta`.
    num_leaves : int, default=31
        Most leaves of a tree.
    min_child_samples : int, default=20
        Fewest rows of a leaf.
    reg_lambda : float, default=1.0
        L2 penalty on the values of leaves.
    subsample, colsample : float, default=1.0
        Shares of the rows and of the features that a tree sees.
    random_state : int, default=0
    n_jobs : int or None, default=None

    Attributes
    ----------
    forest_ : Forest
        The trees, as arrays.
    n_features_in_ : int

    Notes
    -----
    LightGBM grows the trees; answering needs it no more. Scores are log-odds of
    relevance, or expected grades. Cost of an answer: O(n_estimators * depth) a row.

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
    >>> model = BoostedRanker(50).fit(X, abs(X[:, 0]) < 0.5)  # the middle is wanted
    >>> model.score_rows([[-0.9], [0.0], [0.9]]).round(1)
    array([-2.7, 2.8, -2.7])
    """

    def __init__(
        self,
        n_estimators: int = 200,
        *,
        loss: str = "logistic",
        learning_rate: float = 0.05,
        num_leaves: int = 31,
        min_child_samples: int = 20,
        reg_lambda: float = 1.0,
        subsample: float = 1.0,
        colsample: float = 1.0,
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.n_estimators = n_estimators
        self.loss = loss
        self.learning_rate = learning_rate
        self.num_leaves = num_leaves
        self.min_child_samples = min_child_samples
        self.reg_lambda = reg_lambda
        self.subsample = subsample
        self.colsample = colsample
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        groups: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Learn from features X (n_rows, n_features) and relevance y (n_rows,).

        ``groups`` is checked and then ignored: each row is judged on its own.
        """
        rows, relevance = lessons(self, X, y)
        check_growth(self)
        check_choice("loss", self.loss, tuple(LOSSES))
        group_sizes(groups, len(rows))
        weight = check_sample_weight(sample_weight, rows)
        if self.loss == "logistic":
            relevance = relevant(relevance).astype(np.float64)
        params = {"objective": LOSSES[self.loss], **growth(self)}
        self.forest_ = learn_forest(params, self.n_estimators, rows, relevance, weight)
        return self
