"""Click models of users who go down a list one by one: cascade, dynamic Bayesian.

The first item is examined. One that is examined is clicked if it attracts; who clicked
may be satisfied, and stops; else goes on to the next item, or gives up. What the clicks
above say is one number, the probability that the next item is examined.
"""

from numbers import Real

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.rank.click_model import ClickModel, ShownLists
from lookalike.rank.clicks import Impressions


class _ChainModel(ClickModel):
    """Base: the step down a list by attractiveness, satisfaction and continuation."""

    satisfaction_: Floats
    continuation_: float
    _first_state = 1.0

    def _chance(self, position: int, items: Ints, state: Floats) -> Floats:
        return state * self.attractiveness_[items]

    def _next(
        self, position: int, items: Ints, state: Floats, clicked: Array
    ) -> Floats:
        chance = self._chance(position, items, state)
        passed = (state - chance) / np.maximum(1 - chance, 1e-300)
        unsatisfied = 1 - self.satisfaction_[items]
        return self.continuation_ * np.where(clicked, unsatisfied, passed)

    def _marginal(self, lists: ShownLists) -> Floats:
        found = np.empty(len(lists.item))
        examined = np.ones(len(lists))
        for _, rows in lists.down():
            of, items = lists.list[rows], lists.item[rows]
            found[rows] = examined[of] * self.attractiveness_[items]
            stopped = found[rows] * self.satisfaction_[items]
            examined[of] = self.continuation_ * (examined[of] - stopped)
        return found


class CascadeModel(_ChainModel):
    r"""Users go down the list to the first item that attracts, click it and stop.

    .. math:: P(C_k = 1) = \alpha_k \prod_{j < k} (1 - \alpha_j)

    with the attractiveness :math:`\alpha` of the items [1]_. All that stands above the
    first click was examined, so the maximum of the likelihood is counted: clicks over
    showings down to the first click.

    Parameters
    ----------
    n_items, prior
        As in :class:`~lookalike.rank.click_model.ClickModel`. There is no EM.

    Attributes
    ----------
    attractiveness_, objective_
        As in :class:`~lookalike.rank.click_model.ClickModel`.

    Notes
    -----
    Clicks below a list's first one are not learned from, and the model rules them out:
    the log-likelihood of such a list is -inf.

    References
    ----------
    .. [1] Craswell, Zoeter, Taylor and Ramsey (2008). "An experimental comparison of
       click position-bias models". WSDM (the cascade model).

    Examples
    --------
    Item 1 is seen by the three whom item 0 does not attract:

    >>> import numpy as np
    >>> query, item = np.arange(8) // 2, np.tile([0, 1], 4)
    >>> clicked = np.array([1, 0, 0, 1, 0, 1, 0, 0]) > 0
    >>> shown = Impressions(query, item, item, clicked, item < 0)
    >>> CascadeModel(2, prior=0).fit(shown).attractiveness_.round(2)
    array([0.25, 0.67])
    """

    _closed_form = True

    def __init__(self, n_items: int, *, prior: float = 1.0) -> None:
        super().__init__(n_items, prior=prior)

    def _start(self, lists: ShownLists) -> None:
        self.satisfaction_ = np.ones(self.n_items)
        self.continuation_ = 1.0

    def _improve(self, lists: ShownLists) -> None:
        clicks = np.where(lists.clicked, lists.position, lists.n_positions)
        first = np.minimum.reduceat(clicks, lists.begins)
        looked = lists.position <= first[lists.list]
        items, clicked = lists.item[looked], lists.clicked[looked]
        self.attractiveness_ = self._attracted(items, clicked, looked[looked])


class DynamicBayesianModel(_ChainModel):
    r"""Users go down the list, click what attracts, and stop once they are satisfied.

    .. math:: E_0 = 1, \quad C_k = E_k A_k, \quad
              P(E_{k+1} = 1) = \beta E_k (1 - S_k)

    where item i attracts (A) with probability :math:`\alpha_i`, satisfies (S) with
    probability :math:`\sigma_i` whoever clicked it, and :math:`\beta` is the
    probability of going on [1]_. So a click on a bad item, which users leave for the
    next, is told from one on a good item.

    Parameters
    ----------
    n_items, prior, max_iter, tol
        As in :class:`~lookalike.rank.click_model.ClickModel`.
    continuation : float, default=None
        The probability of going on, in (0, 1]; None learns it.

    Attributes
    ----------
    satisfaction_ : ndarray of shape (n_items,)
        Probability that who clicked an item is satisfied. For an item that was never
        clicked, or only as the last of its list, what ``prior`` says.
    continuation_ : float
    relevance_ : ndarray of shape (n_items,)
        Attractiveness times satisfaction.
    attractiveness_, objective_
        As in :class:`~lookalike.rank.click_model.ClickModel`.

    Notes
    -----
    EM goes down each list and up again (the forward-backward algorithm), O(n_rows).

    References
    ----------
    .. [1] Chapelle and Zhang (2009). "A dynamic Bayesian network click model for web
       search ranking". WWW.

    Examples
    --------
    Both items are clicked whenever they are examined. After item 0 on top half go on:

    >>> import numpy as np
    >>> query, item = np.arange(800) // 2, np.tile([0, 1], 400)
    >>> clicked = np.tile([1, 1, 1, 0], 200) > 0
    >>> shown = Impressions(query, item, item, clicked, item < 0)
    >>> model = DynamicBayesianModel(2, continuation=1.0, prior=0, max_iter=5000)
    >>> model.fit(shown).attractiveness_.round(2), model.satisfaction_[0].round(2)
    (array([1., 1.]), np.float64(0.5))
    """

    def __init__(
        self,
        n_items: int,
        *,
        continuation: float | None = None,
        prior: float = 1.0,
        max_iter: int = 200,
        tol: float = 1e-7,
    ) -> None:
        super().__init__(n_items, prior=prior, max_iter=max_iter, tol=tol)
        self.continuation = continuation

    @property
    def relevance_(self) -> Floats:
        """Probability that an item, once examined, satisfies, (n_items,)."""
        return self.attractiveness_ * self.satisfaction_

    def fit(self, shown: Impressions) -> "DynamicBayesianModel":
        """Learn from lists that were shown; see :meth:`ClickModel.fit`."""
        given = self.continuation
        if given is not None and not (isinstance(given, Real) and 0 < given <= 1):
            raise ValueError(f"continuation must be in (0, 1], got {given!r}.")
        return super().fit(shown)

    def _start(self, lists: ShownLists) -> None:
        self.satisfaction_ = np.full(self.n_items, 0.5)
        self.continuation_ = 0.9 if self.continuation is None else self.continuation

    def _improve(self, lists: ShownLists) -> None:
        examined, satisfied = self._posterior(lists)
        self.attractiveness_ = self._attracted(lists.item, lists.clicked, examined)
        # Below the last item nothing shows whether it satisfied.
        inner = lists.position < lists.sizes[lists.list] - 1
        seen = inner & lists.clicked
        items, n = lists.item[seen], self.n_items
        hits, clicks = (
            np.bincount(items, satisfied[seen], n),
            np.bincount(items, minlength=n),
        )
        self.satisfaction_ = self._share(hits, clicks, self.satisfaction_)
        if self.continuation is None:
            below = examined[lists.position > 0].sum()
            might = (examined - satisfied)[inner].sum()
            before = np.array([self.continuation_])
            found = self._share(np.array([below]), np.array([might]), before)
            self.continuation_ = float(found[0])

    def _log_prior(self) -> float:
        logs = super()._log_prior() + self._log_beta(self.satisfaction_)
        if self.continuation is None:
            logs += self._log_beta(np.array([self.continuation_]))
        return logs

    def _posterior(self, lists: ShownLists) -> tuple[Floats, Floats]:
        """Probability given all clicks that rows are examined, and that they satisfy.

        Both (n_rows,).
        """
        forward = np.empty(len(lists.item))
        for _, rows, state in self._states(lists):
            forward[rows] = state
        chance = forward * self.attractiveness_[lists.item]
        happened = np.where(lists.clicked, chance, 1 - chance)
        # Of the clicks from here on, their probability if this item is examined, and
        # if it is not, over their probability given the clicks above.
        seen, unseen = np.ones(len(lists)), np.ones(len(lists))
        examined, satisfied = np.empty(len(forward)), np.empty(len(forward))
        for _, rows in lists.up():
            of, items, clicked = lists.list[rows], lists.item[rows], lists.clicked[rows]
            attracts, satisfies = self.attractiveness_[items], self.satisfaction_[items]
            on = self.continuation_
            after = on * seen[of] + (1 - on) * unseen[of]
            stopped, went = satisfies * unseen[of], (1 - satisfies) * after
            either = np.maximum(stopped + went, 1e-300)
            likely = np.maximum(happened[rows], 1e-300)
            seen[of] = (
                np.where(clicked, attracts * either, (1 - attracts) * after) / likely
            )
            unseen[of] = np.where(clicked, 0.0, unseen[of] / likely)
            examined[rows] = np.clip(forward[rows] * seen[of], 0.0, 1.0)
            satisfied[rows] = np.where(clicked, stopped / either, 0.0)
        return examined, satisfied


class SimplifiedDynamicBayesianModel(_ChainModel):
    r"""The dynamic Bayesian model of users who never give up, by counting.

    With :math:`\beta = 1`, all down to a list's last click was examined; the last click
    is taken to have satisfied [1]_. So attractiveness is clicks over showings down to
    the last click, and satisfaction is last clicks over clicks. Where nothing was
    clicked, all was examined.

    Parameters
    ----------
    n_items, prior
        As in :class:`~lookalike.rank.click_model.ClickModel`. There is no EM.

    Attributes
    ----------
    satisfaction_, continuation_, relevance_
        As in :class:`DynamicBayesianModel`.
    attractiveness_, objective_
        As in :class:`~lookalike.rank.click_model.ClickModel`.

    Notes
    -----
    The counts are not the maximum of the likelihood: who was not satisfied by the last
    click and found nothing below counts as satisfied. The likelihood, which is that of
    :class:`DynamicBayesianModel` with ``continuation=1``, shows what that costs.

    References
    ----------
    .. [1] Chapelle and Zhang (2009). "A dynamic Bayesian network click model for web
       search ranking". WWW (the simplified model).

    Examples
    --------
    >>> import numpy as np
    >>> query, position = np.arange(9) // 3, np.arange(9) % 3
    >>> clicked = np.array([1, 0, 1, 0, 1, 0, 1, 0, 0]) > 0
    >>> shown = Impressions(query, position, position, clicked, position < 0)
    >>> model = SimplifiedDynamicBayesianModel(3, prior=0).fit(shown)
    >>> model.attractiveness_, model.satisfaction_
    (array([0.67, 0.5 , 1.  ]), array([0.5, 1. , 1. ]))
    """

    _closed_form = True

    def __init__(self, n_items: int, *, prior: float = 1.0) -> None:
        super().__init__(n_items, prior=prior)

    @property
    def relevance_(self) -> Floats:
        """Probability that an item, once examined, satisfies, (n_items,)."""
        return self.attractiveness_ * self.satisfaction_

    def _start(self, lists: ShownLists) -> None:
        self.satisfaction_ = np.full(self.n_items, 0.5)
        self.continuation_ = 1.0

    def _improve(self, lists: ShownLists) -> None:
        clicks = np.where(lists.clicked, lists.position, -1)
        last = np.maximum.reduceat(clicks, lists.begins)
        ends = np.where(last < 0, lists.n_positions, last)[lists.list]
        looked = lists.position <= ends
        items, clicked, n = lists.item[looked], lists.clicked[looked], self.n_items
        self.attractiveness_ = self._attracted(items, clicked, looked[looked])
        final = lists.position == last[lists.list]
        hits = np.bincount(lists.item[final], minlength=n)
        total = np.bincount(lists.item[lists.clicked], minlength=n)
        self.satisfaction_ = self._share(hits, total, self.satisfaction_)
