"""Click models of positions: the position-based model and the user browsing model.

Both say how often a cell is examined, a position or a position with the last click
above it, and take the examination of a row to be independent of the other rows, given
that cell. So they share their EM: what is hidden is whether a row was examined.
"""

from abc import abstractmethod

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from lookalike._typing import Array, Floats, Ints
from lookalike.rank.click_model import ClickModel, ShownLists
from lookalike.rank.clicks import Impressions


class _CellModel(ClickModel):
    """Base: a click has the probability ``examination_[cell] * attractiveness_[item]``.

    The first cell, the first position without a click above it, is always examined:
    only products can be learned, and this sets the scale.
    """

    examination_: Floats  # nan in cells that cannot be

    def _start(self, lists: ShownLists) -> None:
        check_connected(lists)
        self.examination_ = self._first_examination(lists.n_positions)
        self._cell = np.empty(len(lists.item), np.int64)
        for position, rows, state in self._states(lists):
            self._cell[rows] = self._cell_of(position, state)

    def _improve(self, lists: ShownLists) -> None:
        clicked, cells = lists.clicked, self.examination_.ravel()
        examined = cells[self._cell]
        chance = examined * self.attractiveness_[lists.item]
        unseen = (examined - chance) / np.maximum(1 - chance, 1e-300)
        looked = np.where(clicked, 1.0, unseen)
        self.attractiveness_ = self._attracted(lists.item, clicked, looked)
        hits = np.bincount(self._cell, looked, len(cells))
        rows = np.bincount(self._cell, minlength=len(cells))
        share = self._share(hits, rows, cells)
        share[0] = 1.0
        share[np.isnan(cells)] = np.nan
        self.examination_ = share.reshape(self.examination_.shape)

    def _log_prior(self) -> float:
        cells = self.examination_.ravel()[1:]
        return super()._log_prior() + self._log_beta(cells[~np.isnan(cells)])

    def _lists(self, shown: Impressions) -> ShownLists:
        lists = super()._lists(shown)
        if lists.n_positions > len(self.examination_):
            raise ValueError(
                f"expected lists of at most {len(self.examination_)} items, as in fit, "
                f"got {lists.n_positions}."
            )
        return lists

    def _chance(self, position: int, items: Ints, state: Floats) -> Floats:
        examined = self.examination_.ravel()[self._cell_of(position, state)]
        return examined * self.attractiveness_[items]

    @abstractmethod
    def _first_examination(self, n_positions: int) -> Floats:
        """The examination of each cell with which EM begins."""

    @abstractmethod
    def _cell_of(self, position: int, state: Floats) -> Ints:
        """The cell at a position, given what is known of the clicks above, (n,)."""


class PositionBasedModel(_CellModel):
    r"""An item is clicked if its position is examined and it attracts.

    .. math:: P(C_k = 1) = \gamma_k \alpha_i, \qquad \gamma_0 = 1

    with the examination :math:`\gamma` of position k and the attractiveness
    :math:`\alpha` of item i [1]_. EM [2]_ takes a row without a click to be examined
    with probability

    .. math:: P(E = 1 \mid C = 0) = \frac{\gamma_k (1 - \alpha_i)}
              {1 - \gamma_k \alpha_i}

    and then :math:`\alpha_i` to be clicks over expected looks, :math:`\gamma_k` the
    mean of the looks.

    Parameters
    ----------
    n_items, prior, max_iter, tol
        As in :class:`~lookalike.rank.click_model.ClickModel`.

    Attributes
    ----------
    examination_ : ndarray of shape (n_positions,)
        Relative to the first position.
    attractiveness_, objective_
        As in :class:`~lookalike.rank.click_model.ClickModel`.

    Notes
    -----
    Items must have been shown in several positions, which links the positions; a log in
    which they were not is refused. Where they have features,
    :class:`~lookalike.rank.CounterfactualRanker` does without. A round costs O(n_rows).

    References
    ----------
    .. [1] Craswell, Zoeter, Taylor and Ramsey (2008). "An experimental comparison of
       click position-bias models". WSDM (the examination hypothesis).
    .. [2] Chuklin, Markov and de Rijke (2015). "Click models for web search". Morgan
       and Claypool (chapters 3 and 4).

    Examples
    --------
    Two items, each as often above as below, and 600 clicks on the better one above:

    >>> import numpy as np
    >>> query, position = np.arange(4000) // 2, np.tile([0, 1], 2000)
    >>> item = np.concatenate([np.tile([0, 1], 1000), np.tile([1, 0], 1000)])
    >>> n = {(0, 0): 600, (1, 0): 200, (0, 1): 300, (1, 1): 100}  # by item and position
    >>> clicked = np.zeros(4000, bool)
    >>> for (i, k), clicks in n.items():
    ...     clicked[np.flatnonzero((item == i) & (position == k))[:clicks]] = True
    >>> shown = Impressions(query, item, position, clicked, position < 0)
    >>> model = PositionBasedModel(2, prior=0, max_iter=2000, tol=0).fit(shown)
    >>> model.examination_, model.attractiveness_
    (array([1. , 0.5]), array([0.6, 0.2]))
    """

    def _first_examination(self, n_positions: int) -> Floats:
        return 1 / np.arange(1.0, n_positions + 1)

    def _cell_of(self, position: int, state: Floats) -> Ints:
        return np.full(len(state), position)

    def _next(
        self, position: int, items: Ints, state: Floats, clicked: Array
    ) -> Floats:
        return state

    def _marginal(self, lists: ShownLists) -> Floats:
        return self._conditional(lists)


class UserBrowsingModel(_CellModel):
    r"""As the position-based model, but what was clicked above moves the attention.

    .. math:: P(C_k = 1 \mid C_0, \dots, C_{k-1}) = \gamma_{k j} \alpha_i

    where j is the position of the last click above k [1]_. EM is that of
    :class:`PositionBasedModel`, with pairs of positions in place of positions.

    Parameters
    ----------
    n_items, prior, max_iter, tol
        As in :class:`~lookalike.rank.click_model.ClickModel`.

    Attributes
    ----------
    examination_ : ndarray of shape (n_positions, n_positions)
        In row k the examination of position k: first without a click above, then after
        a last click in position 0, 1, ..., k - 1; nan behind these. The first number is
        1. A pair that was never seen has what ``prior`` says.
    attractiveness_, objective_
        As in :class:`~lookalike.rank.click_model.ClickModel`.

    Notes
    -----
    A round costs O(n_rows), ``click_probabilities`` O(n_rows * n_positions).

    References
    ----------
    .. [1] Dupret and Piwowarski (2008). "A user browsing model to predict search engine
       click data from past observations". SIGIR.

    Examples
    --------
    Half click the first item, and of these half the second; the others leave:

    >>> import numpy as np
    >>> query, position = np.arange(800) // 2, np.tile([0, 1], 400)
    >>> item = np.concatenate([np.tile([0, 1], 200), np.tile([1, 0], 200)])
    >>> clicked = np.tile([1, 1, 1, 0, 0, 0, 0, 0], 100) > 0
    >>> shown = Impressions(query, item, position, clicked, position < 0)
    >>> model = UserBrowsingModel(2, prior=0, max_iter=2000).fit(shown)
    >>> model.conditional_click_probabilities(shown)[:6].round(2)
    array([0.5, 0.5, 0.5, 0.5, 0.5, 0. ])
    >>> model.click_probabilities(shown)[:2].round(2)
    array([0.5 , 0.25])
    """

    def _first_examination(self, n_positions: int) -> Floats:
        down = np.repeat(1 / np.arange(1.0, n_positions + 1)[:, None], n_positions, 1)
        below = np.triu_indices(n_positions, 1)
        down[below] = np.nan
        return down

    def _cell_of(self, position: int, state: Floats) -> Ints:
        return position * len(self.examination_) + state.astype(np.int64)

    def _next(
        self, position: int, items: Ints, state: Floats, clicked: Array
    ) -> Floats:
        return np.where(clicked, position + 1.0, state)

    def _marginal(self, lists: ShownLists) -> Floats:
        found = np.empty(len(lists.item))
        # Of each list, the probability of each state: 0, or 1 + the last click's place.
        states = np.zeros((len(lists), lists.n_positions + 1))
        states[:, 0] = 1.0
        for position, rows in lists.down():
            of, seen = lists.list[rows], np.arange(position + 1)
            chance = (
                self.examination_[position, seen]
                * self.attractiveness_[lists.item[rows], None]
            )
            before = states[of[:, None], seen]
            found[rows] = np.einsum("ij,ij->i", before, chance)
            states[of[:, None], seen] = before * (1 - chance)
            states[of, position + 1] = found[rows]
        return found


def check_connected(lists: ShownLists) -> None:
    """Refuse positions that share no item with the first, nor by way of others.

    There, more attention and more attractive items would explain the same clicks.
    """
    n_positions = lists.n_positions
    n = n_positions + int(lists.item.max()) + 1
    ones = np.ones(len(lists.item))
    pairs = coo_array((ones, (lists.position, n_positions + lists.item)), (n, n))
    part = connected_components(pairs, directed=False)[1][:n_positions]
    apart = np.flatnonzero(part != part[0]).tolist()
    if apart:
        some = ", ".join(map(str, apart[:5])) + (", ..." if len(apart) > 5 else "")
        raise ValueError(
            "expected items that were shown in several positions, got positions whose "
            f"items never stood in the others: {some}; whether they are examined or "
            "attract cannot be told apart without features."
        )
