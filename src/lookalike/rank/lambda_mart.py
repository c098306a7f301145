"""LambdaMART: boosted trees that order whole lists."""

from dataclasses import dataclass, field
from typing import Any

from lookalike._checks import check_choice, check_whole
from lookalike._typing import Array, Floats, Ints
from lookalike.rank._forest_ranker import ForestRanker
from lookalike.rank._list_loss import LOSSES, list_loss


@dataclass(eq=False, repr=False)
class LambdaMART(ForestRanker):
    r"""Score candidates so that the nDCG of their lists is high.

    The trees are boosted on gradients that come from pairs of rows of the same query.
    For a row i that is more relevant than a row j,

    .. math:: \lambda_{ij} = \frac{|\Delta nDCG_{ij}|}{1 + e^{s_i - s_j}}

    is added to the gradient of i and subtracted from that of j. It is largest where the
    two are in the wrong order and where exchanging them would change the nDCG the most.
    Grades y are whole numbers from 0 to 30, with gains :math:`2^{y} - 1`. Other losses
    of lists can be boosted instead.

    Parameters
    ----------
    n_estimators : int, default=200
        Number of trees.
    loss : str, default="lambdarank"
        What the trees lower, in each query:

        - "lambdarank": the gradients above [1]_;
        - "xendcg": the cross-entropy of softmax(s) from shares of :math:`2^y` less a
          random number, drawn anew for each tree, which bounds nDCG [2]_;
        - "ranknet": the mean of :math:`\log(1 + e^{s_j - s_i})` over all pairs [3]_;
        - "listnet": the cross-entropy of softmax(s) from softmax(y) [4]_;
        - "listmle": minus the log-likelihood of the order of the grades [5]_;
        - "softmax": the cross-entropy of softmax(s), each row times y, which is any
          gain from 0, such as clicks over examination [6]_.
    truncation : int, default=30
        Of "lambdarank": a pair is compared only if one of its rows is among this many
        best scores of its query.
    learning_rate, num_leaves, min_child_samples, reg_lambda, subsample, colsample
        As in :class:`~lookalike.rank.BoostedRanker`.
    random_state, n_jobs
        As in :class:`~lookalike.rank.BoostedRanker`.

    Attributes
    ----------
    forest_ : Forest
        The trees, as arrays.
    n_features_in_ : int

    Notes
    -----
    Scores are comparable within a query only. A query may have 10,000 rows. Cost of a
    tree: O(truncation) pairs a row, and its growth as in
    :class:`~lookalike.rank.BoostedRanker`.

    References
    ----------
    .. [1] Burges (2010). "From RankNet to LambdaRank to LambdaMART: an overview".
       Microsoft Research MSR-TR-2010-82.
    .. [2] Bruch (2021). "An alternative cross entropy loss for learning-to-rank". WWW.
    .. [3] Burges et al. (2005). "Learning to rank using gradient descent". ICML.
    .. [4] Cao, Qin, Liu, Tsai and Li (2007). "Learning to rank: from pairwise approach
       to listwise approach". ICML.
    .. [5] Xia, Liu, Wang, Zhang and Li (2008). "Listwise approach to learning to rank:
       theory and algorithm". ICML.
    .. [6] Ai, Bi, Luo, Guo and Croft (2018). "Unbiased learning to rank with unbiased
       propensity estimation". SIGIR.

    Examples
    --------
    >>> import numpy as np
    >>> from lookalike.rank.lambda_mart import LambdaMART
    >>> X = np.random.default_rng(0).uniform(-1, 1, (100, 8))
    >>> grades = (-abs(X)).argsort(axis=1).argsort(axis=1)  # best in the middle
    >>> model = LambdaMART(60).fit(X.reshape(-1, 1), grades.ravel(), np.full(100, 8))
    >>> scores = model.score_rows(X.reshape(-1, 1)).reshape(100, 8)
    >>> float((scores.argmax(axis=1) == grades.argmax(axis=1)).mean())
    1.0
    """

    loss: str = field(default="lambdarank", kw_only=True)
    truncation: int = field(default=30, kw_only=True)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_choice("loss", self.loss, tuple(LOSSES))
        check_whole("truncation", self.truncation)

    def _learn(self, rows: Array, y: Floats, sizes: Ints, weight: Array) -> None:
        loss = list_loss(
            self.loss,
            y,
            sizes,
            weight,
            truncation=self.truncation,
            n_jobs=self.n_jobs,
            random_state=self.random_state,
        )
        self._grow(rows, loss.derive)

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that y must not be negative."""
        tags = super().__sklearn_tags__()
        tags.target_tags.positive_only = True
        return tags
