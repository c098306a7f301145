"""A ranker learned from clicks whose examination nobody knows.

Clicks teach a ranker its own order: what stands on top is clicked because it is seen.
Here the share of clicks that the position explains is estimated from the same log, no
list shuffled, and taken out; then any ranker learns from what is left.
"""

from copy import deepcopy
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_array

from lookalike._checks import check_positive, check_whole
from lookalike._typing import Floats
from lookalike.rank._additive_clicks import ClickCells, additive_fit
from lookalike.rank.click_model import ShownLists
from lookalike.rank.clicks import Impressions
from lookalike.rank.linear_ranker import LinearRanker
from lookalike.rank.ranker import Ranker, group_sizes, mean_and_scale


class CounterfactualRanker:
    r"""Learn to rank from clicks, and how often positions are examined, together.

    Clicks on item i of query q in position k, shown :math:`n_{ik}` times, are taken to
    come at the rate

    .. math:: n_{ik} \, \gamma_k \, e^{w'z_i + u_q}

    with the examination :math:`\gamma` relative to the first position, and z the
    features over their spread. Given a query's number of clicks the level
    :math:`u_q` of its relevance falls out, and what remains is a softmax over its items
    and positions, convex in w and :math:`\log \gamma` (the additive form of two towers
    [3]_; its dual learning is [2]_). A penalty :math:`\frac{1}{2} \sum_k (\log \gamma_k
    - \log \gamma_{k-1})^2` holds positions together that are seldom clicked.

    The relevance of an item is then its clicks over how often it was probably examined
    [1]_, drawn to what the features say by ``prior`` (m) looks:

    .. math:: r_i = \frac{\sum_k c_{ik} + m \, e^{w'z_i + u_q}}
              {\sum_k n_{ik} \gamma_k + m}

    and ``ranker`` learns from it as if it had been judged; a query weighs as much as it
    was asked.

    Parameters
    ----------
    ranker : Ranker, default=None
        What learns from the relevance, a real number; it is copied. None is
        ``LinearRanker("softmax", alpha=0.4)``.
    examination : array-like of shape (n_positions,), default=None
        The examination of positions where it is known, above 0; all ones takes clicks
        as they are. None learns it.
    prior : float, default=4
        Looks by which relevance is drawn to what the features say, above 0. They do
        what clipping of weights does elsewhere: a click far below counts for much, but
        not for more than there is to know.
    max_iter : int, default=500
    tol : float, default=1e-3
        The estimate stops when it is about this share of its standard error from the
        best one.

    Attributes
    ----------
    examination_ : ndarray of shape (n_positions,)
        Relative to the first position, as learned or given.
    relevance_ : ndarray of shape (n_items,)
        Probability of a click if it is examined, up to the scale of the first
        position's examination. nan for items that were never shown.
    ranker_ : Ranker
        Give its ``arrays()`` to whoever is to serve.

    Notes
    -----
    A log of one ranker, every query in the same order each time, is enough, as long as
    features do not determine the position: items that are alike must stand in different
    positions of different queries. A log in which the position is a linear function of
    the features is refused. Relevance that features do not show, and the logging ranker
    used, is taken for examination. Rounds cost O(n_items * n_features) and O(1) for
    each item and position that was shown.

    References
    ----------
    .. [1] Joachims, Swaminathan and Schnabel (2017). "Unbiased learning-to-rank with
       biased feedback". WSDM.
    .. [2] Ai, Bi, Luo, Guo and Croft (2018). "Unbiased learning to rank with unbiased
       propensity estimation". SIGIR.
    .. [3] Yan, Qin, Zhuang, Wang, Bendersky and Najork (2022). "Revisiting two-tower
       models for unbiased learning to rank". SIGIR.

    Examples
    --------
    Every list is in the order of feature 0, and what attracts is feature 1:

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X, sizes = rng.normal(size=(300 * 4, 2)), np.full(300, 4)
    >>> order = np.lexsort((-X[:, 0], np.arange(1200) // 4))
    >>> item, position = np.tile(order, 50), np.tile([0, 1, 2, 3], 15_000)
    >>> seen = rng.random(len(item)) < np.array([1.0, 0.5, 0.33, 0.25])[position]
    >>> clicked = seen & (rng.random(len(item)) < np.exp(X[item, 1] - 4))
    >>> shown = Impressions(np.arange(60_000) // 4, item, position, clicked, item < 0)
    >>> model = CounterfactualRanker().fit(X, shown, sizes)
    >>> model.examination_.round(1)
    array([1. , 0.5, 0.3, 0.2])
    >>> fooled = CounterfactualRanker(examination=np.ones(4)).fit(X, shown, sizes)
    >>> for each in (model, fooled):
    ...     w = each.ranker_.weights_
    ...     print(abs(w[0] / w[1]) < 0.1)
    True
    False
    """

    examination_: Floats
    relevance_: Floats
    ranker_: Ranker

    def __init__(
        self,
        ranker: Ranker | None = None,
        *,
        examination: ArrayLike | None = None,
        prior: float = 4.0,
        max_iter: int = 500,
        tol: float = 1e-3,
    ) -> None:
        self.ranker = ranker
        self.examination = examination
        self.prior = prior
        self.max_iter = max_iter
        self.tol = tol

    def fit(
        self, X: ArrayLike, shown: Impressions, groups: ArrayLike | None = None
    ) -> Self:
        """Learn from features and clicks.

        Parameters
        ----------
        X : array-like of shape (n_items, n_features)
            Features of each pair of query and item.
        shown : Impressions
            What was shown: ``item`` is a row of X, ``query`` the number of the list,
            which may show a query again. ``shuffled`` is not needed.
        groups : array-like of int of shape (n_queries,), optional
            Number of rows of X of each query; rows of one query are adjacent. None is
            one query.

        Raises
        ------
        ValueError
            If a parameter, or what is given, cannot be learned from; the message names
            it.
        """
        check_positive("prior", self.prior)
        check_whole("max_iter", self.max_iter)
        check_positive("tol", self.tol)
        rows: Floats = check_array(X, dtype=np.float64)
        sizes = group_sizes(groups, len(rows))
        cells = ClickCells.of(ShownLists(shown, len(rows)), sizes)
        mean, scale = mean_and_scale(rows)
        Z = (rows - mean) / scale
        known = self._examined(cells.n_positions)
        score, logs = additive_fit(Z, cells, known, self.max_iter, self.tol)
        self.examination_ = np.exp(logs)
        self.relevance_ = cells.relevance(score, self.examination_, self.prior)
        seen = ~np.isnan(self.relevance_)
        query = np.repeat(np.arange(len(sizes)), sizes)
        kept = np.bincount(query[seen], minlength=len(sizes))
        weight = cells.n_lists[query] / cells.n_lists[kept > 0].mean()
        ranker = (
            LinearRanker("softmax", alpha=0.4) if self.ranker is None else self.ranker
        )
        self.ranker_ = deepcopy(ranker).fit(
            rows[seen], self.relevance_[seen], kept[kept > 0], weight[seen]
        )
        return self

    def score_rows(self, X: ArrayLike) -> Floats:
        """Return the score of each row, higher is better, of shape (n_rows,)."""
        if not hasattr(self, "ranker_"):
            raise ValueError("this CounterfactualRanker has not learned: call fit.")
        return self.ranker_.score_rows(X)

    def _examined(self, n_positions: int) -> Floats | None:
        """Logarithm of the examination that was given."""
        if self.examination is None:
            return None
        given = np.asarray(self.examination, np.float64)
        if given.ndim != 1 or not (np.isfinite(given).all() and (given > 0).all()):
            raise ValueError("examination must be a flat list of numbers above 0.")
        if len(given) < n_positions:
            raise ValueError(
                f"examination must have a number for each of {n_positions} positions, "
                f"got {len(given)}."
            )
        return np.log(given[:n_positions])
