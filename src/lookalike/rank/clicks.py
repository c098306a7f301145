"""A position-based click model: attractiveness of items, examination of positions.

The top positions of a list are examined more often and therefore clicked more often.
The answers to a small share of the queries are shuffled: there every item is equally
likely in every position, and the click rate by position is proportional to the
*examination* of the position. An item's clicks are then divided by how often it was
probably examined, not by how often it was shown.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lookalike._typing import Array, Floats, Ints


@dataclass(frozen=True)
class Impressions:
    """One row for every item that was shown."""

    query: Ints
    """Number of the list that was shown."""
    item: Ints
    """Row of the catalogue."""
    position: Ints
    """From 0, the top."""
    clicked: Array
    """bool"""
    shuffled: Array
    """bool: whether the list was shown in random order."""

    def __len__(self) -> int:
        return len(self.item)

    def among(self, chosen: Array) -> "Impressions":
        """The impressions of this mask, or with these numbers."""
        parts = (self.query, self.item, self.position, self.clicked, self.shuffled)
        return Impressions(*(part[chosen] for part in parts))


def examination(shown: Impressions, n_positions: int, prior: float = 1.0) -> Floats:
    r"""Examination probability of each position, relative to the top one.

    .. math:: p_k = \frac{c_k + a}{n_k + a / \bar{c}} \Big/
              \frac{c_0 + a}{n_0 + a / \bar{c}}

    from the clicks :math:`c_k` and impressions :math:`n_k` of shuffled showings [1]_;
    ``prior`` (a) draws positions that were seldom shown to the mean rate
    :math:`\bar c`.

    References
    ----------
    .. [1] Joachims, Swaminathan and Schnabel (2017). "Unbiased learning-to-rank with
       biased feedback". WSDM (section 5).

    Examples
    --------
    >>> import numpy as np
    >>> position = np.tile([0, 1], 1000)
    >>> clicked = np.tile([1, 1, 1, 0], 500) > 0  # always on top, half the time below
    >>> showing = np.repeat(np.arange(1000), 2)
    >>> every = np.ones(2000, bool)
    >>> rows = Impressions(showing, showing, position, clicked, every)
    >>> examination(rows, 2)
    array([1. , 0.5])
    """
    some = shown.among(shown.shuffled)
    if not some.clicked.any():
        raise ValueError(
            "No shuffled list was clicked: the examination of positions is unknown."
        )
    n_shown = np.bincount(some.position, minlength=n_positions)
    n_clicks = np.bincount(some.position, some.clicked, n_positions)
    mean = n_clicks.sum() / n_shown.sum()
    rate = (n_clicks + prior) / (n_shown + prior / mean)
    return np.minimum(rate / rate[0], 1.0)


def attractiveness(
    shown: Impressions, examined: ArrayLike, n_items: int, prior: float = 4.0
) -> Floats:
    r"""Log of each item's clicks over the clicks expected in its positions.

    .. math:: a_i = \ln \frac{c_i + m}{\bar r \sum_{k \in K_i} p_k + m}

    with :math:`c_i` clicks, the positions :math:`K_i` in which it stood, their
    examination :math:`p`, and the mean rate :math:`\bar r` [1]_. ``prior`` (m), in
    clicks, draws items that were seldom shown to 0, the average.

    With p = 1 everywhere this is the plain click-through rate, which
    overrates items that were shown on top.

    References
    ----------
    .. [1] Zhang and Jones (2007). "Comparing click logs and editorial labels for
       training query rewriting". WWW workshop (clicks over expected clicks).

    Examples
    --------
    Ten clicks in twenty looks, on top or not:

    >>> import numpy as np
    >>> position = np.repeat([0, 1], [20, 40])
    >>> clicked = np.concatenate([np.arange(20) < 10, np.arange(40) < 10])
    >>> rows = np.zeros(60, int)
    >>> shown = Impressions(rows, position, position, clicked, rows > 0)
    >>> attractiveness(shown, [1.0, 0.5], 2)
    array([0., 0.])
    >>> attractiveness(shown, [1.0, 1.0], 2)
    array([ 0.27, -0.21 ])
    """
    looks = np.asarray(examined, np.float64)[shown.position]
    n_clicks = np.bincount(shown.item, shown.clicked, n_items)
    n_looks = np.bincount(shown.item, looks, n_items)
    total = n_looks.sum()
    mean = n_clicks.sum() / total if total > 0 else 0.0
    return np.log((n_clicks + prior) / (mean * n_looks + prior))


def relevance_posterior(clicked: Array, examined: Floats, chance: Floats) -> Floats:
    r"""Posterior probability that each shown item is relevant, given its clicks.

    A clicked item is relevant. An item without a click is irrelevant only as far as it
    was examined:

    .. math:: P(relevant \mid no\ click) = \frac{r (1 - p)}{1 - r p}

    with r the prior probability of relevance, and p the examination of its position
    (the E-step of [1]_).

    References
    ----------
    .. [1] Wang et al. (2018). "Position bias estimation for unbiased learning to rank
       in personal search". WSDM (equation 4).

    Examples
    --------
    >>> import numpy as np
    >>> relevance_posterior(
    ...     np.array([True, False, False]), np.array([0.5, 1.0, 0.0]), np.full(3, 0.4)
    ... )
    array([1. , 0. , 0.4])
    """
    unseen = chance * (1 - examined) / np.maximum(1 - chance * examined, 1e-12)
    return np.where(clicked, 1.0, unseen)
