"""What the last days of a log hold against an ad, and who may bid for a page."""

from dataclasses import replace

import numpy as np
import pytest

from lookalike.systems.ads.auction import FALL, sell
from lookalike.systems.ads.market import COOL_DOWN, DAY, Market


@pytest.fixture
def slow(data):
    """The log spread over forty days, and the market that it leaves."""
    span = data.time - data.time[0]
    log = replace(data, time=span * (40 * DAY / span[-1]))
    return log, Market.of(log, ~log.is_test)


def test_only_the_last_day_counts_for_caps_and_a_fortnight_for_hides(slow):
    log, market = slow
    train = ~log.is_test
    now = log.time[train].max() + 1
    lately = train & (log.time >= now - DAY)
    late = train & (log.time >= now - COOL_DOWN) & (log.hidden > 0)
    assert 0 < lately.sum() < train.sum()
    assert 0 < late.sum() < (log.hidden[train] > 0).sum()
    advertiser = log.ads.advertiser
    for user in range(len(log.users.ids)):
        mine = lately & (log.user == user)
        n = [np.sum(log.ad[mine] == ad) for ad in range(len(log.ads.ids))]
        assert market.times_shown(user).tolist() == n
        hidden = np.unique(advertiser[log.ad[late & (log.user == user)]])
        expected = np.isin(advertiser, hidden)
        np.testing.assert_array_equal(market.is_hidden(user), expected)
    assert not market.times_shown(None).any()
    assert not market.is_hidden(None).any()


def test_a_bid_is_less_by_what_hides_cost_and_must_be_payable(slow):
    _, market = slow
    n = len(market.ads.ids)
    _, first = np.unique(market.ads.advertiser, return_index=True)
    a, b, c, d = first[:4]
    bid, budget = np.ones(n), np.full(n, np.inf)
    bid[[a, b, c, d]] = [2.0, 2.0, 2.0, 0.5]
    budget[c] = 0.15
    market = replace(market, ads=replace(market.ads, bid=bid, budget=budget))
    ads = np.array([a, b, c, d])
    chances, hides = np.full(4, 0.1), np.array([0.0, 0.05, 0.0, 0.06])
    sale = sell(market, ads, chances, hides, 3, "gsp", 0.0, {}, 1)
    # c's budget is less than a click's 0.2; d's hides cost more than its click brings.
    ids = market.ads.ids[[a, b]].tolist()
    assert [place["id"] for place in sale.places] == ids
    assert sale.left_out["budget spent"] == 1
    assert sale.left_out["hides cost more than clicks bring"] == 1
    assert sale.places[0]["price"] == pytest.approx(2.0 - 0.05 / 0.1)
    assert sale.places[1]["chance"] == pytest.approx(0.1 * FALL)
    spent = {str(market.ads.ids[c]): 0.15}
    assert sell(market, ads, chances, hides, 3, "gsp", 0.0, spent, 1) == sale


def test_an_advertiser_has_so_many_places_of_its_best_ads(slow):
    _, market = slow
    names, counts = np.unique(market.ads.advertiser, return_counts=True)
    most = names[counts.argmax()]
    ads = np.flatnonzero(market.ads.advertiser == most)
    assert len(ads) > 2
    market = replace(market, ads=replace(market.ads, bid=np.ones(len(market.ads.ids))))
    chances = 0.1 + 0.01 * np.arange(len(ads))
    nothing = np.zeros(len(ads))
    for n in (1, 2):
        sale = sell(market, ads, chances, nothing, 5, "gsp", 0.0, {}, n)
        best = market.ads.ids[ads[::-1][:n]].tolist()
        assert [place["id"] for place in sale.places] == best
        assert sale.left_out["other ads of the same advertiser"] == len(ads) - n
