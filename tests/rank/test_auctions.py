"""Auctions: by hand, truthful where they must be, and what they refuse."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.rank.auctions import run_auction
from lookalike.rank.pacing import AdaptivePacing

NUMBER = st.floats(0, 10, allow_nan=False)
MARKET = st.lists(st.tuples(NUMBER, st.floats(0.01, 1)), min_size=2, max_size=6)


def surplus(bids, value, quality, places, kind, reserve):
    """What the first bidder has of its place, less what it pays."""
    sold = run_auction(bids, quality, places, kind, reserve)
    won = np.flatnonzero(sold.winners == 0)
    if not len(won):
        return 0.0
    return value * quality[0] * places[won[0]] - sold.payment[won[0]]


@given(MARKET, st.integers(1, 4), NUMBER, st.sampled_from([0.0, 0.5, 3.0]))
@settings(max_examples=300, deadline=None)
def test_the_truth_is_the_best_bid_in_vcg_and_second_price(market, n, lie, reserve):
    bids, quality = map(np.array, zip(*market, strict=True))
    for kind, places in (("vcg", 0.6 ** np.arange(n)), ("second_price", np.ones(1))):
        common = bids[0], quality, places, kind, reserve
        honest = surplus(bids, *common)
        tried = surplus(np.append(lie, bids[1:]), *common)
        assert honest >= -1e-12
        assert tried <= honest + 1e-9


@given(MARKET, st.integers(1, 4), st.sampled_from(["gsp", "vcg"]), NUMBER)
@settings(max_examples=200, deadline=None)
def test_nobody_pays_more_than_the_bid_or_less_than_the_reserve(m, n, kind, reserve):
    bids, quality = map(np.array, zip(*m, strict=True))
    sold = run_auction(bids, quality, 0.7 ** np.arange(n), kind, reserve)
    assert (sold.price <= bids[sold.winners] + 1e-12).all()
    assert (sold.price >= reserve - 1e-12).all()
    worth = (bids * quality)[sold.winners]
    assert (np.diff(worth) <= 0).all()
    assert sold.n_below_reserve == (bids < reserve).sum()
    gsp = run_auction(bids, quality, 0.7 ** np.arange(n), "gsp", reserve)
    if kind == "vcg":
        assert sold.revenue <= gsp.revenue + 1e-9


def test_vcg_charges_what_the_others_lose():
    # Welfare of the others without the first: 4 * 1 + 2 * 0.5; with it: 4 * 0.5.
    sold = run_auction([10, 4, 2], [1, 1, 1], [1, 0.5], "vcg")
    assert sold.payment.tolist() == [3.0, 1.0]
    # With qualities 0.5 and 0.1 the second would bring 0.4 a page, not 4.
    sold = run_auction([2, 4], [0.5, 0.1], [1.0], "vcg")
    assert sold.payment.tolist() == [0.4]
    assert sold.price.tolist() == [0.8]


def test_a_lie_pays_in_the_generalised_second_price():
    places = np.array([1.0, 0.9])
    values = np.array([10.0, 9.0, 1.0])
    truth = surplus(values, 10, np.ones(3), places, "gsp", 0.0)
    lower = surplus([8.0, 9.0, 1.0], 10, np.ones(3), places, "gsp", 0.0)
    assert lower > truth


def test_nobody_and_fewer_than_places():
    assert run_auction([], [], [1.0]).revenue == 0
    sold = run_auction([1, 2], [0.1, 0.1], [1, 0.5, 0.2], "gsp", reserve=1.5)
    assert sold.winners.tolist() == [1]
    assert sold.price.tolist() == [1.5]


@pytest.mark.parametrize(
    ("bids", "quality", "places", "said"),
    [
        ([-1], [0.5], [1], "A bid must be a number of at least 0, got -1"),
        ([np.nan], [0.5], [1], "A bid must be a number of at least 0, got nan"),
        ([1], [0], [1], "A quality must lie in"),
        ([1, 2], [0.5], [1], "Each bid needs a quality"),
        ([1], [0.5], [0.5, 1], "places must be clicks"),
        ([1], [0.5], [], "places must be clicks"),
    ],
)
def test_what_is_no_auction_is_refused(bids, quality, places, said):
    with pytest.raises(ValueError, match=said):
        run_auction(bids, quality, places)


def test_a_budget_lasts_and_is_never_overspent():
    pacing, spent = AdaptivePacing(50.0, 1000), []
    rng = np.random.default_rng(0)
    for price in rng.uniform(0, 0.5, 1000):
        cost = price if pacing.bid(1.0) > price else 0.0
        spent.append(cost)
        pacing.spend(cost)
    assert sum(spent) <= 50 + 1e-9
    assert sum(spent) > 45
    assert sum(spent[:500]) < 40
    for bad in (-1, 0, np.nan, np.inf):
        with pytest.raises(ValueError, match="budget must be"):
            AdaptivePacing(bad, 10)


def test_a_bid_is_shaded_by_the_step_and_never_above_what_is_left():
    pacing = AdaptivePacing(10.0, 100, step=2.0)
    assert pacing.bid(30.0) == 10.0  # no more than is left
    pacing.spend(0.6)  # 0.5 more than an even 0.1
    assert pacing.multiplier == pytest.approx(1.0)
    assert pacing.bid(1.0) == pytest.approx(0.5)
    pacing.spend(0.0)
    assert pacing.multiplier == pytest.approx(0.8)
    pacing.spend(50.0)
    assert (pacing.left, pacing.bid(1.0)) == (0.0, 0.0)
    assert pacing.multiplier == 20.0
    assert AdaptivePacing(10.0, 100).step == pytest.approx(1.0)  # 1 / 10 over 0.1
