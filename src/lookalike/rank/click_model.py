"""Click models: what they promise, and what all of them share.

A click has two causes: the item was examined, and it attracts. A click model says which
items of a list are examined, given where they stand and what was clicked above, and
learns both causes from a log in which neither is seen, only clicks. Models of positions
are in ``position_click_models``, models of users who go down the list one by one in
``chain_click_models``.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import replace
from typing import Self

import numpy as np
from scipy.special import xlog1py, xlogy

from lookalike._checks import check_positive, check_whole
from lookalike._typing import Array, Floats, Ints
from lookalike.rank.clicks import Impressions


class ShownLists:
    """Impressions in the order of lists, and down each list.

    Parameters
    ----------
    shown : Impressions
        Positions of a list are 0, 1, 2, ..., each once; rows may be in any order.
    n_items : int

    Attributes
    ----------
    order : ndarray of shape (n_rows,)
        The row of ``shown`` that each row here comes from.
    item, position, clicked : ndarray of shape (n_rows,)
    list : ndarray of shape (n_rows,)
        Number of each row's list, from 0.
    begins, sizes : ndarray of shape (n_lists,)
        First row of each list, and how many it has.
    """

    def __init__(self, shown: Impressions, n_items: int) -> None:
        if not len(shown):
            raise ValueError("expected at least one list that was shown, got none.")
        if shown.item.min() < 0 or shown.item.max() >= n_items:
            raise ValueError(
                f"items must be in [0, {n_items - 1}], got {shown.item.min()} to "
                f"{shown.item.max()}."
            )
        self.order = np.lexsort((shown.position, shown.query))
        self.item: Ints = shown.item[self.order]
        self.position: Ints = shown.position[self.order]
        self.clicked: Array = np.asarray(shown.clicked, bool)[self.order]
        query = shown.query[self.order]
        self.begins: Ints = np.flatnonzero(np.diff(query, prepend=query[0] - 1))
        self.sizes: Ints = np.diff(self.begins, append=len(query))
        self.list: Ints = np.repeat(np.arange(len(self.begins)), self.sizes)
        wrong = self.position != np.arange(len(query)) - self.begins[self.list]
        if wrong.any():
            at = int(wrong.argmax())
            raise ValueError(
                "positions of a list must be 0, 1, 2, ..., each once, got "
                f"{self.position[at]} in list {query[at]}."
            )
        by_position = np.argsort(self.position, kind="stable")
        ends = np.cumsum(np.bincount(self.position))[:-1]
        self._steps: list[Ints] = np.split(by_position, ends)

    def __len__(self) -> int:
        """Return the number of lists."""
        return len(self.sizes)

    @property
    def n_positions(self) -> int:
        """The length of the longest list."""
        return len(self._steps)

    def down(self) -> Iterator[tuple[int, Ints]]:
        """Each position and the rows that stand there, from the top."""
        return enumerate(self._steps)

    def up(self) -> Iterator[tuple[int, Ints]]:
        """The same, from the bottom."""
        return reversed(list(self.down()))

    def restored(self, values: Array) -> Array:
        """Values of the rows here in the order of the impressions, (n_rows,)."""
        found = np.empty_like(values)
        found[self.order] = values
        return found


class ClickModel(ABC):
    """Base of the click models.

    A model is a rule for one step down a list: the probability of a click given the
    clicks above, and what is kept of them for the next step. Likelihood, perplexity and
    simulation follow from it. Clicks of different lists are independent.

    Parameters
    ----------
    n_items : int
        What attracts: items, or pairs of query and document where it depends on the
        query (number the pairs, and give their numbers as ``Impressions.item``).
    prior : float, default=1
        Looks that are added to what was counted for each probability. They draw what
        was seldom seen to the click rate of the first position (attractiveness) or to
        1/2 (all else). 0 is maximum likelihood.
    max_iter : int, default=200
    tol : float, default=1e-7
        EM ends when a round gains less than this in log-likelihood a row.

    Attributes
    ----------
    attractiveness_ : ndarray of shape (n_items,)
        Probability of a click on each item if it is examined. For an item that was
        never shown what ``prior`` says.
    objective_ : ndarray of shape (n_rounds,)
        Log-likelihood, and logarithm of the prior, after each round of EM; it never
        falls. Of a closed form one number.
    """

    attractiveness_: Floats
    objective_: Floats

    def __init__(
        self,
        n_items: int,
        *,
        prior: float = 1.0,
        max_iter: int = 200,
        tol: float = 1e-7,
    ) -> None:
        self.n_items = n_items
        self.prior = prior
        self.max_iter = max_iter
        self.tol = tol

    def fit(self, shown: Impressions) -> Self:
        """Learn from lists that were shown; ``shuffled`` is not needed.

        Raises
        ------
        ValueError
            If a parameter is out of range, nothing was clicked, or positions or items
            are not those of lists; the message names which.
        """
        check_whole("n_items", self.n_items)
        check_whole("max_iter", self.max_iter)
        check_positive("prior", self.prior, zero=True)
        check_positive("tol", self.tol, zero=True)
        lists = ShownLists(shown, self.n_items)
        if not lists.clicked.any():
            raise ValueError(
                f"Nothing was clicked in {len(lists)} lists: there is nothing to learn."
            )
        top = lists.clicked[lists.position == 0]
        self._mean = (top.sum() + 1) / (len(top) + 2)
        self.attractiveness_ = np.full(self.n_items, self._mean)
        self._start(lists)
        history: list[float] = []
        for _ in range(self.max_iter):
            self._improve(lists)
            history.append(self._log_likelihood(lists).sum() + self._log_prior())
            gain = history[-1] - history[-2] if len(history) > 1 else np.inf
            if self._closed_form or gain < self.tol * len(shown):
                break
        self.objective_ = np.array(history)
        return self

    def conditional_click_probabilities(self, shown: Impressions) -> Floats:
        """Probability of each row's click given the clicks above it, (n_rows,)."""
        lists = self._lists(shown)
        return lists.restored(self._conditional(lists))

    def click_probabilities(self, shown: Impressions) -> Floats:
        """Probability of each row's click before anything is clicked, (n_rows,)."""
        lists = self._lists(shown)
        return lists.restored(self._marginal(lists))

    def log_likelihood(self, shown: Impressions) -> Floats:
        """Logarithm of the probability of all clicks and no clicks of each list.

        Returns
        -------
        ndarray of shape (n_lists,)
            In the order of their numbers; -inf where the model rules them out.
        """
        return self._log_likelihood(self._lists(shown))

    def perplexity(self, shown: Impressions) -> Floats:
        r"""Perplexity of the clicks of each position, (n_positions,).

        .. math:: 2^{-\frac{1}{N} \sum_i c_i \log_2 q_i + (1 - c_i) \log_2 (1 - q_i)}

        with q the probability of a click before anything is clicked [1]_: 1 is to know,
        2 to guess by tossing a coin.

        References
        ----------
        .. [1] Dupret and Piwowarski (2008). "A user browsing model to predict search
           engine click data from past observations". SIGIR (evaluation).
        """
        lists = self._lists(shown)
        bits = -_log_chance(lists.clicked, self._marginal(lists)) / np.log(2)
        found: Floats = np.exp2(_mean_of(lists.position, bits, lists.n_positions))
        return found

    def simulate(self, shown: Impressions, rng: np.random.Generator) -> Impressions:
        """Return the same lists with clicks that are drawn from the model."""
        lists = self._lists(shown)
        clicked = np.zeros(len(shown), bool)
        state = np.full(len(lists), self._first_state)
        for position, rows in lists.down():
            items, of = lists.item[rows], lists.list[rows]
            chance = self._chance(position, items, state[of])
            clicked[rows] = rng.random(len(rows)) < chance
            state[of] = self._next(position, items, state[of], clicked[rows])
        return replace(shown, clicked=lists.restored(clicked))

    # What a model defines

    _closed_form = False
    """Whether one round is all."""
    _first_state: float = 0.0
    """What is known at the top of a list."""

    @abstractmethod
    def _start(self, lists: ShownLists) -> None:
        """Set the parameters with which EM begins."""

    @abstractmethod
    def _improve(self, lists: ShownLists) -> None:
        """Do one round of EM."""

    @abstractmethod
    def _chance(self, position: int, items: Ints, state: Floats) -> Floats:
        """Probability of a click at this position, given what is known; all (n,)."""

    @abstractmethod
    def _next(
        self, position: int, items: Ints, state: Floats, clicked: Array
    ) -> Floats:
        """What is known after it, (n,)."""

    @abstractmethod
    def _marginal(self, lists: ShownLists) -> Floats:
        """Probability of each row's click before anything is clicked."""

    def _log_prior(self) -> float:
        """Logarithm of the prior of all parameters, without its constant."""
        return self._log_beta(self.attractiveness_, self._mean)

    # What models are made of

    def _lists(self, shown: Impressions) -> ShownLists:
        if not hasattr(self, "objective_"):
            raise ValueError(f"this {type(self).__name__} has not learned: call fit.")
        return ShownLists(shown, self.n_items)

    def _conditional(self, lists: ShownLists) -> Floats:
        chance = np.empty(len(lists.item))
        for position, rows, state in self._states(lists):
            chance[rows] = self._chance(position, lists.item[rows], state)
        return chance

    def _states(self, lists: ShownLists) -> Iterator[tuple[int, Ints, Floats]]:
        """Each position, the rows there, and what the clicks above them say."""
        state = np.full(len(lists), self._first_state)
        for position, rows in lists.down():
            of = lists.list[rows]
            here = state[of]
            yield position, rows, here
            state[of] = self._next(
                position, lists.item[rows], here, lists.clicked[rows]
            )

    def _log_likelihood(self, lists: ShownLists) -> Floats:
        logs = _log_chance(lists.clicked, self._conditional(lists))
        of_lists: Floats = np.add.reduceat(logs, lists.begins)
        return of_lists

    def _share(
        self, hits: Array, looks: Array, before: Floats, mean: float = 0.5
    ) -> Floats:
        """Hits among looks, with the prior; without looks what was before."""
        total = looks + self.prior
        share = (hits + self.prior * mean) / np.where(total > 0, total, 1.0)
        return np.where(total > 0, np.clip(share, 0.0, 1.0), before)

    def _attracted(self, items: Ints, clicked: Array, looks: Array) -> Floats:
        """Attractiveness by clicks among expected looks, (n_items,)."""
        n = self.n_items
        hits = np.bincount(items, clicked, n)
        seen = np.bincount(items, looks, n)
        return self._share(hits, seen, self.attractiveness_, self._mean)

    def _log_beta(self, chances: Floats, mean: float = 0.5) -> float:
        logs = xlogy(self.prior * mean, chances)
        return float((logs + xlog1py(self.prior * (1 - mean), -chances)).sum())


def _log_chance(clicked: Array, chance: Floats) -> Floats:
    """Logarithm of the probability of what happened, -inf where it was impossible."""
    with np.errstate(divide="ignore"):
        return np.log(np.where(clicked, chance, 1 - chance))


def _mean_of(numbers: Ints, values: Floats, n: int) -> Floats:
    return np.bincount(numbers, values, n) / np.bincount(numbers, minlength=n)
