"""The benchmark of harmful posts, with little data and known truth."""

import numpy as np

from lookalike_bench import harmful
from lookalike_bench.bars import checked
from lookalike_bench.harmful import disguises, sets, statements


def test_worlds_are_covered_as_often_as_is_said():
    [row] = statements.worlds(200)
    assert 0.9 <= row["covers"] <= 0.99
    assert 0 < row["mean width"] < 0.1


def test_disguised_texts_hide_letters_inside_words_alone():
    text = "sea salt is stated at once"
    hidden = disguises.disguised(text)
    assert hidden != text
    assert len(hidden) == len(text)
    for one, other in zip(text.split(), hidden.split(), strict=True):
        assert (one[0], one[-1]) == (other[0], other[-1])


def test_heads_are_compared_on_the_same_resamples():
    rng = np.random.default_rng(0)
    truth = (rng.random(400) < 0.3).astype(float)
    good, bad = truth + rng.normal(0, 0.3, 400), rng.random(400)
    scores = {"alone": [bad, good], "shared": [good, bad]}
    row = sets._compared("shared", scores, [truth, truth], np.array([100, 900]))
    assert (row["heads"], row["better"], row["worse"]) == (2, 1, 1)
    assert row["small, gained"] > 0.3
    same = sets._compared("alone", scores, [truth, truth], np.array([100, 900]))
    assert (same["better"], same["worse"], same["gained"]) == (0, 0, 0)


def test_a_threshold_that_is_never_found_does_not_count_as_found():
    row = statements._resplits("of", [(True, 0.0), (True, 0.5), (False, 0.1)])
    assert row["holds"] == row["found"] == 2 / 3
    assert row["holds, of those found"] == 0.5
    assert statements._resplits("of", [(True, 0.0)])["holds, of those found"] is None


def test_bars_read_the_worst_row_of_their_job():
    rows = [
        {
            "job": "composed",
            "method": "early",
            "ap": "0.9 [0.8, 1.0]",
            "p": 0.01,
            "better, low": 0.1,
        },
        {"job": "precision", "method": "lookalike", "holds": 0.97},
        {"job": "precision", "method": "lookalike", "holds": 0.9},
        {"job": "http", "method": "lookalike", "p99 ms": 30.0},
    ]
    found = {row["bar"]: row for row in checked(harmful.BARS, rows)}
    assert found["composed world, early fusion: AP"]["holds"]
    assert found["stated precision holds, share"]["value"] == 0.9
    assert not found["stated precision holds, share"]["holds"]
    assert not found["over HTTP: p99, ms"]["holds"]
