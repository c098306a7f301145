"""Interleaving: fair between equals, and right about who is better."""

from collections import Counter

import numpy as np
import pytest
from scipy import stats

from lookalike.experiment import (
    Interleaved,
    balanced,
    balanced_credit,
    credit,
    preference,
    team_draft,
)


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def test_teams_are_drafted_in_pairs(rng):
    first, second = list(range(10)), list(range(5, 15))
    for _ in range(50):
        shown = team_draft(first, second, 8, rng)
        assert len(set(shown.items)) == 8
        for pair in zip(shown.teams[::2], shown.teams[1::2], strict=True):
            assert sorted(pair) == [0, 1]
        for team, items in ((0, first), (1, second)):
            mine = [
                i for i, t in zip(shown.items, shown.teams, strict=True) if t == team
            ]
            assert mine == sorted(mine, key=items.index)


def test_what_both_would_show_next_is_nobodys(rng):
    assert team_draft("abc", "abc", 3, rng) == Interleaved(tuple("abc"), (-1, -1, -1))
    shown = team_draft("xabc", "xbac", 4, rng)
    assert shown.teams[0] == shown.teams[3] == -1
    assert sorted(shown.teams[1:3]) == [0, 1]
    assert credit(shown, [0, 3]) == 0


def test_two_lists_have_the_outcomes_of_the_coin(rng):
    found = Counter(team_draft("ab", "ba", 2, rng) for _ in range(2000))
    assert set(found) == {
        Interleaved(("a", "b"), (0, 1)),
        Interleaved(("b", "a"), (1, 0)),
    }
    assert abs(found.most_common()[0][1] - 1000) < 150


def test_what_one_ranker_lacks_the_other_gives(rng):
    shown = team_draft("a", "bcd", 10, rng)
    assert sorted(shown.items) == list("abcd")
    assert team_draft("", "", 3, rng).items == ()
    assert sorted(balanced("a", "bcd", 10, rng)) == list("abcd")


def test_a_balanced_list_begins_with_the_best_of_both(rng):
    first, second = "abcdef", "badfec"
    seen = set()
    for _ in range(20):
        shown = balanced(first, second, 6, rng)
        seen.add(shown)
        for n in range(1, 7):
            depths = [
                max(d for d in range(7) if set(each[:d]) <= set(shown[:n]))
                for each in (first, second)
            ]
            assert abs(depths[0] - depths[1]) <= 1
    assert len(seen) == 2


def test_random_clicks_prefer_nobody(rng):
    first, second = list(range(10)), list(rng.permutation(10))
    credits = []
    for _ in range(4000):
        shown = team_draft(first, second, 5, rng)
        credits.append(credit(shown, np.flatnonzero(rng.random(5) < 0.3)))
    assert preference(credits).p_value > 0.01


def test_clicks_on_what_is_relevant_prefer_who_ranks_it_higher(rng):
    better, worse = "rab", "abr"
    drafted, shown_balanced = [], []
    for _ in range(200):
        shown = team_draft(better, worse, 2, rng)
        at = [n for n, item in enumerate(shown.items) if item == "r"]
        drafted.append(credit(shown, at))
        items = balanced(better, worse, 2, rng)
        at = [n for n, item in enumerate(items) if item == "r"]
        shown_balanced.append(balanced_credit(better, worse, items, at))
    for credits in (drafted, shown_balanced):
        assert preference(credits).p_value < 0.001
        assert preference(credits).share.value > 0.5


def test_the_sign_test_is_the_exact_one():
    found = preference([1] * 30 + [-1] * 17 + [0] * 9)
    expected = stats.binomtest(30, 47)
    interval = expected.proportion_ci()
    assert (found.wins, found.losses, found.ties) == (30, 17, 9)
    assert found.p_value == pytest.approx(expected.pvalue)
    assert found.share.low == pytest.approx(interval.low)
    assert found.share.high == pytest.approx(interval.high)
    assert preference([1, 1]).share.high == 1.0
    assert preference([-1, -1]).share.low == 0.0


def test_bad_input_is_refused(rng):
    shown = Interleaved(("a", "b"), (0, 1))
    with pytest.raises(ValueError, match="clicked position must be from 0 to 1, got 2"):
        credit(shown, [2])
    with pytest.raises(ValueError, match="from 0 to 1, got -1"):
        balanced_credit("ab", "ba", "ab", [-1])
    with pytest.raises(ValueError, match="the second ranker has an item twice"):
        team_draft("ab", "aa", 2, rng)
    with pytest.raises(ValueError, match="k must be a whole number of at least 1"):
        balanced("ab", "ba", 0, rng)
    with pytest.raises(ValueError, match="credits must be 1, -1 or 0"):
        preference([2])
    with pytest.raises(ValueError, match="no query has a winner"):
        preference([0, 0])
    assert balanced_credit("ab", "ba", "ab", []) == 0
