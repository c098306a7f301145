r"""Auctions of a page's places: second price, generalised second price, and VCG.

Bidder i would pay up to :math:`b_i` for a click and has the quality :math:`q_i`, its
probability of a click in the first place; place j has :math:`\alpha_j` as many clicks
as the first. Bidders below the reserve are out; the others stand in the order of
:math:`b_i q_i`, what a place is worth to whoever sells it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lookalike._checks import check_choice, check_positive
from lookalike._typing import Floats, Ints

KINDS = ("second_price", "gsp", "vcg")


@dataclass(frozen=True)
class Auction:
    """Who won which place, and what they pay.

    winners : int64 (n_won,), bidders by place, the first place first
    price : float64 (n_won,), of a click
    payment : float64 (n_won,), expected for the impression: price times clicks
    n_below_reserve : bidders that were out
    """

    winners: Ints
    price: Floats
    payment: Floats
    n_below_reserve: int

    @property
    def revenue(self) -> float:
        """Expected of all places."""
        return float(self.payment.sum())


def run_auction(
    bids: ArrayLike,
    quality: ArrayLike,
    places: ArrayLike = (1.0,),
    kind: str = "gsp",
    reserve: float = 0.0,
) -> Auction:
    r"""Sell the places of one page.

    In "second_price" one place is sold. In "gsp" the winner of each place pays for a
    click the least bid that would keep the place,

    .. math:: p_i = \max\!\left(r, \frac{b_{i+1} q_{i+1}}{q_i}\right) .

    In "vcg" it pays what its presence costs the others [1]_, which is the sum, over the
    places that it would fall through, of the clicks that it would lose times the bid at
    which it would fall [2]_,

    .. math::

       p_i = \frac{1}{\alpha_i} \sum_{j \ge i} (\alpha_j - \alpha_{j+1})
             \max\!\left(r, \frac{b_{j+1} q_{j+1}}{q_i}\right) .

    Then to bid what a click is worth is best whatever the others bid; in "gsp" it is
    not.

    Parameters
    ----------
    bids : array-like of shape (n_bidders,)
        For a click, at least 0.
    quality : array-like of shape (n_bidders,)
        Probability of a click in the first place, in (0, 1].
    places : array-like of shape (n_places,), default=(1,)
        Clicks of each place beside those of the first, falling, in (0, 1].
    kind : {"second_price", "gsp", "vcg"}, default="gsp"
    reserve : float, default=0
        Least bid, and least price of a click.

    Returns
    -------
    Auction
        Ties go to the bidder that comes first. O(n log n) for n bidders.

    Raises
    ------
    ValueError
        If a bid is negative or no number, or something else is out of its range.

    References
    ----------
    .. [1] Varian (2007). "Position auctions". International Journal of Industrial
       Organization 25.
    .. [2] Myerson (1981). "Optimal auction design". Mathematics of Operations Research
       6(1).   (what a bidder pays where more clicks go to higher bids)
    .. [3] Edelman, Ostrovsky and Schwarz (2007). "Internet advertising and the
       generalized second-price auction". American Economic Review 97(1).

    Examples
    --------
    Clicks of 200 and 100 an hour are sold to bidders of 10, 4 and 2 [3]_:

    >>> sold = run_auction([10, 4, 2], [1, 1, 1], [1, 0.5], "gsp")
    >>> sold.price * [200, 100]
    array([800., 200.])
    >>> run_auction([10, 4, 2], [1, 1, 1], [1, 0.5], "vcg").price * [200, 100]
    array([600., 200.])
    >>> run_auction([3, 2], [0.1, 0.2]).winners  # worth 0.3 and 0.4
    array([1])
    >>> run_auction([3, 2], [0.1, 0.2], reserve=1.8).price
    array([1.8])
    """
    check_choice("kind", kind, KINDS)
    check_positive("reserve", reserve, zero=True)
    if not np.isfinite(reserve):
        raise ValueError(f"reserve must be a finite number, got {reserve!r}.")
    bid, worth_of, share = _checked(bids, quality, places)
    if kind == "second_price":
        share = share[:1]
    able = np.flatnonzero(bid >= reserve)
    worth = bid[able] * worth_of[able]
    order = able[np.argsort(-worth, kind="stable")]
    n = min(len(order), len(share))
    winners = order[:n].astype(np.int64)
    ranked = np.append(bid[order] * worth_of[order], 0.0)
    following = np.zeros(len(share) + 1)
    following[: min(len(ranked) - 1, len(following))] = ranked[1 : len(following) + 1]
    # following[j] is the worth of the bidder behind place j, 0 where there is none.
    price = np.empty(n)
    lost = share - np.append(share[1:], 0.0)
    for i in range(n):
        threshold = np.maximum(reserve, following[:-1] / worth_of[winners[i]])
        price[i] = (
            lost[i:] @ threshold[i:] / share[i] if kind == "vcg" else threshold[i]
        )
    # Rounding must not ask for more than was bid.
    price = np.minimum(price, bid[winners])
    payment = price * worth_of[winners] * share[:n]
    return Auction(winners, price, payment, len(bid) - len(able))


def _checked(
    bids: ArrayLike, quality: ArrayLike, places: ArrayLike
) -> tuple[Floats, Floats, Floats]:
    bid, worth, share = (
        np.atleast_1d(np.asarray(each, np.float64)) for each in (bids, quality, places)
    )
    if bid.ndim != 1 or bid.shape != worth.shape:
        raise ValueError(
            f"Each bid needs a quality, got shapes {bid.shape} and {worth.shape}."
        )
    bad = ~(np.isfinite(bid) & (bid >= 0))
    if bad.any():
        raise ValueError(f"A bid must be a number of at least 0, got {bid[bad][0]}.")
    bad = ~((worth > 0) & (worth <= 1))
    if bad.any():
        raise ValueError(f"A quality must lie in (0, 1], got {worth[bad][0]}.")
    rising = share.ndim != 1 or not len(share) or (np.diff(share) > 0).any()
    if rising or not ((share > 0) & (share <= 1)).all():
        raise ValueError(
            "places must be clicks beside those of the first, falling and in (0, 1], "
            f"got {share.tolist()}."
        )
    return bid, worth, share
