"""Rules: each does what it says, says what it did, and nothing else."""

import numpy as np
import pytest

from lookalike.rank.rerank import (
    Blocked,
    Calibrated,
    Diverse,
    Explore,
    Fresh,
    Hidden,
    MaxAttribute,
    MaxPerGroup,
    Seen,
    UserContext,
    Within,
    rerank,
)
from lookalike.rank.slate import Slate

LINE = Slate(np.array([4, 2, 0, 3, 1]), np.array([0.9, 0.8, 0.5, 0.3, 0.1]))
NOBODY = UserContext(np.empty(0, np.int64))


def shown(*rules, user=NOBODY, k=5, line=LINE):
    found = rerank(line, rules, user, k)
    return found.items.tolist(), found.notes


def test_no_rule_cuts_and_says_nothing():
    assert shown(k=2) == ([4, 2], ())


def test_a_list_of_no_rows_is_taken_with_its_columns():
    line = Slate(LINE.items, LINE.scores, columns={"place": np.zeros((5, 2))})
    found = line.take([], note="all left out")
    assert len(found) == len(found.scores) == 0
    assert found.columns["place"].shape == (0, 2)
    assert found.notes == ("all left out",)


def test_what_was_seen_or_blocked_is_left_out():
    user = UserContext(np.array([2, 3]), blocked=np.array([4]))
    items, notes = shown(Seen(), Blocked(), user=user)
    assert items == [0, 1]
    assert notes == ("already seen: 2 left out", "blocked: 1 left out")


def test_a_rule_that_changes_nothing_says_nothing():
    rules = Seen(), Blocked(), MaxPerGroup(np.arange(5)), Diverse(np.eye(5), 0.9)
    assert shown(*rules) == (LINE.items.tolist(), ())


def test_ages_are_kept_to_and_unknown_ages_see_all():
    rule = MaxAttribute("age", np.array([0, 18, 0, 16, 12]))
    assert shown(rule)[0] == LINE.items.tolist()
    user = UserContext(np.empty(0, np.int64), facts={"age": 15})
    assert shown(rule, user=user) == ([4, 2, 0], ("age: 2 left out",))


def test_regions_are_kept_to_and_items_without_one_are_everywhere():
    rule = Within("region", np.array(["no", "", "se", "no", "se"]))
    user = UserContext(np.empty(0, np.int64), facts={"region": "se"})
    assert shown(rule, user=user) == ([4, 2, 1], ("region: 2 left out",))


def test_new_items_are_lifted():
    added = 100 - np.array([0.0, np.nan, 100, 100, 100])
    user = UserContext(now=100)
    items, notes = shown(Fresh(added, half_life=10, weight=0.5), user=user, k=1)
    assert items == [0]
    assert notes == ("freshness: 1 of the first 1 came up",)


def test_a_series_comes_once_and_its_best_stays():
    rule = MaxPerGroup(np.array(["a", "b", "a", "c", "a"]))
    assert shown(rule) == ([4, 3, 1], ("repeated: 2 left out",))
    assert shown(MaxPerGroup(rule.group, 2))[0] == [4, 2, 3, 1]


def test_diversity_takes_another_kind_before_more_of_the_same():
    kind = np.eye(2)[[1, 0, 0, 1, 0]]
    items, notes = shown(Diverse(kind, 0.5), k=2)
    assert items == [4, 0]
    assert notes == ("diversity: 1 of the first 2 came up",)


def test_calibration_shows_kinds_in_the_shares_of_the_history():
    kinds = np.eye(2)[[0, 1, 0, 1, 0, 1, 1, 1]]
    line = Slate(np.array([0, 2, 4, 1, 3, 5, 6]), np.linspace(1, 0.1, 7))
    user = UserContext(np.array([7, 5, 1, 0]))  # three of four are of the second kind
    found = rerank(line, [Calibrated(kinds, 0.9)], user, 4)
    assert kinds[found.items].sum(axis=0).tolist() == [1, 3]
    plain = rerank(line, [Calibrated(kinds, 0.0)], user, 4)
    assert plain.items.tolist() == [0, 2, 4, 1]


def test_new_items_get_their_slots_and_the_same_user_the_same_ones():
    rule = Explore(np.arange(100, 120), slots=(1, 4))
    items, notes = shown(rule)
    assert [item >= 100 for item in items] == [False, True, False, False, True]
    assert notes == ("exploration: 2 new items tried",)
    assert shown(rule)[0] == items
    others = {
        tuple(shown(rule, user=UserContext(items[:0], number=n))[0]) for n in range(9)
    }
    assert len(others) > 5


def test_what_somebody_has_is_not_tried_on_them():
    rule = Explore(np.array([100, 101]), slots=(0,))
    user = UserContext(np.array([100]))
    assert shown(rule, user=user)[0][0] == 101
    everything = UserContext(np.array([100, 101]))
    assert shown(rule, user=everything) == (LINE.items.tolist(), ())


@pytest.mark.parametrize(
    "rule",
    [
        Seen(),
        Blocked(),
        MaxAttribute("age", np.zeros(5)),
        MaxPerGroup(np.zeros(5)),
        Hidden(np.full(8, "")),
        Fresh(np.zeros(5), 1.0, 1.0),
        Diverse(np.eye(5), 0.5),
        Calibrated(np.eye(5), 0.5),
        Explore(np.array([7]), (0,)),
    ],
    ids=lambda rule: type(rule).__name__,
)
def test_an_empty_list_stays_a_list(rule):
    empty = Slate(np.empty(0, np.int64), np.empty(0))
    user = UserContext(np.array([1]), facts={"age": 9})
    assert len(rerank(empty, [rule], user, 3).items) <= 1


def test_what_is_hidden_is_left_out_for_everybody_with_its_mark():
    found = rerank(LINE, [Hidden(np.array(["", "", "private", "", ""]))], NOBODY, 5)
    assert found.items.tolist() == [4, 0, 3, 1]
    assert found.notes == ("hidden: 1 left out",)
    assert found.item_notes == {2: ("left out: private",)}


def test_an_item_of_a_group_that_is_left_out_names_the_one_that_stays():
    rule = MaxPerGroup(np.array([0, 1, 0, 3, 0]), reason="like", name="item {}".format)
    found = rerank(LINE, [rule], NOBODY, 5)
    assert found.item_notes == {
        2: ("left out: like item 4",),
        0: ("left out: like item 4",),
    }


def test_diversity_of_comparable_scores_lets_them_travel_and_says_what_moved():
    rule = Diverse(np.eye(2)[[1, 0, 0, 1, 0]], 0.5, rescale=False)
    found = rerank(LINE, [rule], NOBODY, 2)
    assert found.items.tolist() == [4, 0]
    assert found.scores.tolist() == [0.9, 0.5]
    assert found.item_notes == {0: ("diversity: from position 3 to 2",)}


ONE_OF_EACH = [
    Seen(),
    Blocked(),
    Hidden(np.where(np.arange(40) == 21, "private", "")),
    MaxAttribute("age", np.arange(40) % 20),
    Within("region", np.array(["no", "se"] * 20)),
    MaxPerGroup(np.arange(40) % 13),
    Fresh(np.arange(40.0), 10.0, 30.0),
    Diverse(np.eye(3)[np.arange(40) % 3], 0.5),
    Diverse(np.eye(3)[np.arange(40) % 3], 0.1, rescale=False),
    Calibrated(np.eye(3)[np.arange(40) % 3], 0.5),
    Explore(np.arange(25, 40), (1, 3)),
]


@pytest.mark.parametrize("rule", ONE_OF_EACH, ids=lambda rule: type(rule).__name__)
def test_columns_travel_with_their_items_through_every_rule(rule):
    items = np.random.default_rng(0).permutation(30)
    columns = {"row": items.copy(), "pair": np.stack([items, -items], axis=1)}
    slate = Slate(items, -np.arange(30.0), columns=columns, fills={"pair": [7, 8]})
    facts = {"age": 12, "region": "se"}
    user = UserContext(np.array([2, 4]), np.array([11]), facts, now=40)
    found = rerank(slate, [rule], user, 8)
    assert found.items.tolist() != items[:8].tolist()
    there = found.items < 30  # the others are explored, and were on no list
    np.testing.assert_array_equal(found.columns["row"], np.where(there, found.items, 0))
    pairs = np.stack([found.items, -found.items], axis=1)
    pairs[~there] = [7, 8]
    np.testing.assert_array_equal(found.columns["pair"], pairs)
