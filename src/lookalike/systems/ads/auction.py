"""A page's places sold: who may stand there, who wins, and what a click costs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lookalike._checks import check_choice, check_whole
from lookalike._typing import Floats, Ints
from lookalike.rank.auctions import KINDS, run_auction
from lookalike.systems.ads.market import Market

MOST_PLACES = 50
FALL = 0.6
"""Clicks of a place beside those of the one above it."""


@dataclass(frozen=True)
class Sale:
    """What was sold: ready for JSON by ``record``.

    places : one mapping a place, the first first
    revenue : expected of the page
    rules : what was done, in sentences
    left_out : how many ads each rule kept out
    """

    places: list[dict[str, Any]]
    revenue: float
    rules: tuple[str, ...]
    left_out: dict[str, int]

    def record(self) -> dict[str, Any]:
        """Return everything, ready for JSON."""
        return {
            "places": self.places,
            "revenue": self.revenue,
            "rules": list(self.rules),
            "left_out": self.left_out,
        }


def sell(
    market: Market,
    ads: Ints,
    chances: Floats,
    hide_costs: Floats,
    k: int,
    kind: str,
    reserve: float,
    spent: Mapping[str, float],
    per_advertiser: int,
) -> Sale:
    """Sell k places to these ads.

    An ad bids what a click is worth to its advertiser, less what hides cost the seller
    for each click. Whose budget is spent is out; of an advertiser the best few bid.

    ads : positions of those that may stand there
    chances : of a click in the first place
    hide_costs : expected of each impression
    spent : by ad, what it has cost today

    Raises
    ------
    ValueError
        If k, kind, reserve or what is spent is out of its range.
    """
    check_whole("k", k)
    if k > MOST_PLACES:
        raise ValueError(f"k must be at most {MOST_PLACES}, got {k}.")
    check_choice("kind", kind, KINDS)
    left_out, rules = {}, []
    money = _left(market, spent)[ads]
    bids = market.ads.bid[ads] - hide_costs / chances
    able = money >= np.maximum(bids, 0) * chances
    left_out["budget spent"] = int((~able).sum())
    worthless = able & (bids <= 0)
    left_out["hides cost more than clicks bring"] = int(worthless.sum())
    able &= ~worthless
    ads, bids, chances = ads[able], bids[able], chances[able]
    some = _first_of_each(market.advertiser_of[ads], bids * chances, per_advertiser)
    left_out["other ads of the same advertiser"] = len(ads) - len(some)
    ads, bids, chances = ads[some], bids[some], chances[some]
    places = FALL ** np.arange(k)
    sold = run_auction(bids, chances, places, kind, reserve)
    left_out["bid below the reserve"] = sold.n_below_reserve
    rules += [f"{n} left out: {why}" for why, n in left_out.items() if n]
    rules.append(
        f"{kind.replace('_', ' ')} auction of {len(places)} places, reserve "
        f"{reserve:g}; each place has {FALL:g} of the clicks of the one above"
    )
    shown = [
        {
            "place": at + 1,
            "id": str(market.ads.ids[ads[w]]),
            "advertiser": str(market.ads.advertiser[ads[w]]),
            "bid": float(market.ads.bid[ads[w]]),
            "chance": float(chances[w] * places[at]),
            "price": float(price),
            "payment": float(payment),
        }
        for at, (w, price, payment) in enumerate(
            zip(sold.winners, sold.price, sold.payment, strict=True)
        )
    ]
    return Sale(shown, sold.revenue, tuple(rules), left_out)


def _left(market: Market, spent: Mapping[str, float]) -> Floats:
    """What is left of the budget of each ad."""
    left = market.ads.budget.astype(np.float64).copy()
    position = market.ad_position
    for id, cost in spent.items():
        if id not in position:
            raise ValueError(f"Something is spent by an ad that is not known: {id!r}.")
        if not 0 <= cost < np.inf:
            raise ValueError(
                f"What an ad has spent must be a number of at least 0, got {cost!r}."
            )
        left[position[id]] -= cost
    return left


def _first_of_each(group: Ints, worth: Floats, n: int) -> Ints:
    """Positions of the n best of each group, ascending."""
    order = np.lexsort((-worth, group))
    names = group[order]
    begin = np.flatnonzero(np.append(True, names[1:] != names[:-1])[: len(names)])
    sizes = np.diff(np.r_[begin, len(names)]).astype(np.int64)
    within = np.arange(len(names)) - np.repeat(begin, sizes)
    return np.sort(order[within < n])
