"""The benchmark of ads: that its bars read what its jobs print, and what a job asks."""

import pytest

from lookalike_bench import ads
from lookalike_bench.ads import markets
from lookalike_bench.bars import checked


def test_bars_read_the_numbers_of_their_job():
    rows = [
        {"job": "thinned", "method": "all rows", "p/y": "1.02"},
        {"job": "thinned", "method": "shift alone", "off": 0.04},
        {"job": "thinned", "method": "lookalike", "off": 0.022},
        {"job": "movielens", "method": "lookalike fm", "loss / peer": 0.9},
        {"job": "movielens", "method": "lookalike logistic", "loss / peer": 1.02},
        {"job": "auctions", "method": "vcg", "most gained": 0.0},
        {"job": "auctions", "method": "gsp", "most gained": 0.8},
    ]
    found = {row["bar"]: row for row in checked(ads.BARS, rows)}
    assert found["thinned by 20: mean p/y off 1"]["value"] == 0.022
    assert not found["thinned by 20: mean p/y off 1"]["holds"]
    assert found["MovieLens: log loss over the peer's, the most"]["value"] == 1.02
    assert found["VCG: most gained by a lie"]["holds"]
    assert len(found) == 3


def test_a_job_that_is_none_is_refused_with_the_names_of_those_there_are():
    with pytest.raises(ValueError, match="movielens, upworthy, worlds, delays"):
        ads.run(only="no such job")


def test_a_lie_pays_in_gsp_and_not_in_vcg():
    found = {row["method"]: row for row in markets.auctions(60)}
    assert found["vcg"]["most gained"] < 1e-9
    assert found["gsp"]["most gained"] > 0.01
    assert 0 < found["gsp"]["share of markets with a gain"] < 0.5
