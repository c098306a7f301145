r"""Clicks that are still to come: labels of rows that are younger than the delay.

A row without a click so far is no row without a click. With F the distribution of the
delay, a row of age a that has the probability p of a click ever, and none so far, will
still be clicked with the probability [1]_

.. math:: \frac{p\,(1 - F(a))}{1 - p\,F(a)} .
"""

from collections.abc import Callable

import numpy as np
from scipy.optimize import brentq

from lookalike._typing import Array, Floats

TAIL = 0.25
"""Share of the delays, the longest, by which those that were not seen are judged."""


class DelayDistribution:
    r"""How long clicks take, learned from those that came before now.

    Long delays of young rows are not seen yet, so that a plain count makes clicks too
    quick. The product-limit estimate for what is cut off on the right [2]_ compares
    each delay only with rows old enough to have shown it,

    .. math::

       F(d) = \prod_{d_k > d} \left(1 - \frac{\#\{i: d_i = d_k\}}
              {\#\{i: d_i \le d_k \le a_i\}}\right) ,

    with :math:`d_i` the delay and :math:`a_i` the age of the row of click i. This is F
    over F(A), with A the age of the oldest row: longer delays cannot have been seen.
    They are taken to go on as the longest quarter does, exponentially: with d the lower
    end of that quarter, :math:`\lambda` is the rate with which delays between d and A
    have the mean that was found, and

    .. math:: 1 - F(A) = (1 - F(d))\, e^{-\lambda (A - d)} .

    Where the quarter does not fall off within A, :math:`\lambda (A - d) < 1`, nothing
    can be said of what lies beyond, and F(A) is taken to be 1.

    References
    ----------
    .. [1] Chapelle (2014). "Modeling delayed feedback in display advertising". KDD.
    .. [2] Lynden-Bell (1971). "A method of allowing for known observational selection
       in small samples applied to 3CR quasars". MNRAS 155.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> delay, age = rng.exponential(3.0, 20_000), rng.uniform(0, 12, 20_000)
    >>> seen = delay < age
    >>> F = DelayDistribution().fit(delay[seen], age[seen])
    >>> F(np.array([1.0, 3.0])).round(2), (1 - np.exp([-1 / 3, -1])).round(2)
    (array([0.28, 0.62]), array([0.28, 0.63]))
    """

    def fit(self, delay: Floats, age: Floats) -> "DelayDistribution":
        """Learn from clicks that came: their delays, and how old their rows are now.

        Raises
        ------
        ValueError
            If there is no click, or a delay is negative or longer than the age.
        """
        if not len(delay) or not ((delay >= 0) & (delay <= age)).all():
            raise ValueError(
                "Delays of clicks must lie between 0 and the age of their row, and "
                f"there must be one; got {len(delay)} clicks."
            )
        self.delays, n_same = np.unique(delay, return_counts=True)
        at_most = np.searchsorted(np.sort(delay), self.delays, side="right")
        younger = np.searchsorted(np.sort(age), self.delays, side="left")
        at_risk = np.maximum(at_most - younger, n_same)
        keep = 1 - n_same / at_risk
        keep[0] = 1.0  # nothing is quicker than the quickest
        # F at the k-th delay is the product over the later ones.
        self.shares = np.append(np.cumprod(keep[::-1])[::-1][1:], 1.0)
        self.oldest, self.decay = float(np.max(age)), 0.0
        beyond = self._fit_tail()
        self.shares /= 1 + beyond
        self.unseen = beyond / (1 + beyond)
        return self

    def _fit_tail(self) -> float:
        """Learn how long delays decay; return the unseen over what was seen."""
        share = np.diff(self.shares, prepend=0.0)
        first = self.delays[np.searchsorted(self.shares, 1 - TAIL)]
        late = self.delays > first
        length, mass = self.oldest - first, float(share[late].sum())
        if not mass > 0:
            return 0.0
        mean = float(share[late] @ (self.delays[late] - first)) / mass

        def excess(decay: float) -> float:
            """Mean of an exponential delay that is cut off at the length, less ours."""
            return 1 / decay - length * _beyond(decay * length) - mean

        # The mean lies below 1 / decay, so that at the upper end it is below ours.
        if not mean > 0 or excess(1 / length) < 0:
            return 0.0
        self.decay = float(brentq(excess, 1 / length, max(1 / mean, 1 / length)))
        return mass * _beyond(self.decay * length)

    def __call__(self, age: Floats) -> Floats:
        """Return the share of clicks that came within this age."""
        at = np.searchsorted(self.delays, age, side="right") - 1
        found: Floats = np.where(at >= 0, self.shares[np.maximum(at, 0)], 0.0)
        later = np.maximum(age - self.oldest, 0.0)
        old: Floats = 1 - self.unseen * np.exp(-self.decay * later)
        return np.where(age > self.oldest, old, found)


def _beyond(length: float) -> float:
    """What of an exponential variable lies beyond this length, over what does not."""
    return float(np.exp(-length) / -np.expm1(-length))


def still_to_come(chance: Floats, share: Floats) -> Floats:
    """Return the probability of a click yet, of rows that have none so far.

    chance : of a click ever
    share : of clicks that come within the age of the row

    Examples
    --------
    >>> still_to_come(np.array([0.5, 0.5, 0.5]), np.array([0.0, 0.5, 1.0]))
    array([0.5 , 0.333, 0. ])
    """
    found: Floats = chance * (1 - share) / (1 - chance * share)
    return found


def fit_delayed(
    fit: Callable[[Array, Floats, Floats], Floats],
    clicked: Array,
    share: Floats,
    n_rounds: int = 12,
) -> Floats:
    """Learn from rows some of whose clicks are still to come.

    Each row without a click counts as both, by the chance that it still comes; the
    chances are those of the model of the round before, and what is learned is the
    likeliest of all (expectation and maximisation [1]_).

    Parameters
    ----------
    fit : callable
        Learns from rows (their numbers, which repeat), labels and weights, and returns
        the probability of each of the n rows.
    clicked : (n,), 0 or 1, as known now
    share : (n,), of clicks that come within the age of each row
    n_rounds : int, default=12

    Returns
    -------
    float64 ndarray of shape (n,)
        The probabilities of the last round.
    """
    waiting = np.flatnonzero((np.asarray(clicked) == 0) & (share < 1))
    rows = np.concatenate([np.arange(len(clicked)), waiting])
    y = np.concatenate([np.asarray(clicked, np.float64), np.ones(len(waiting))])
    known = np.clip(share, 0.05, 1.0)
    start = float(np.sum(clicked) / np.sum(known))
    chance = np.full(len(clicked), min(max(start, 1e-6), 0.999))
    for _ in range(n_rounds):
        weight = np.ones(len(clicked))
        come = still_to_come(chance[waiting], share[waiting])
        weight[waiting] = 1 - come
        chance = fit(rows, y, np.concatenate([weight, come]))
    return chance
