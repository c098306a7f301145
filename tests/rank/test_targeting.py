"""Targeting: bitmaps against the definition, and rules that are none."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.rank.targeting import Targeting
from lookalike.rank.targeting_rules import parsed

PLACES = st.sampled_from(["de", "at", "New York", "18"])
COMPARISONS = st.one_of(
    st.builds(
        "age {} {}".format,
        st.sampled_from(["<", "<=", ">", ">=", "=", "!="]),
        st.integers(16, 22),
    ),
    st.builds("place = {}".format, PLACES.map('"{}"'.format)),
    st.builds('place in (de, "{}")'.format, PLACES),
    st.builds("lists has {}".format, st.sampled_from("ab5")),
    st.just("age has 18"),
)
RULES = st.recursive(
    COMPARISONS,
    lambda inner: st.one_of(
        inner.map("not ({})".format),
        st.builds("({}) and ({})".format, inner, inner),
        st.builds("({}) or ({})".format, inner, inner),
    ),
    max_leaves=5,
)
USERS = st.fixed_dictionaries(
    {},
    optional={
        "age": st.one_of(
            st.integers(15, 23), st.sampled_from([17.5, float("nan"), "18", "x"])
        ),
        "place": st.sampled_from(["de", "at", "ch", "New York", "", "18", 18.0]),
        "lists": st.sampled_from(["", "a", "a|b", "c|5", ["a", 5.0], []]),
    },
)


@given(st.lists(RULES, min_size=1, max_size=6), st.lists(USERS, min_size=1))
@settings(max_examples=150, deadline=None)
def test_bitmaps_find_what_the_definition_finds(rules, users):
    targeting = Targeting(rules)
    arrays, document = targeting.state()
    again = Targeting.restored(rules, arrays, json.loads(json.dumps(document)))
    for user in users:
        found = targeting.wanted(user).tolist()
        assert again.wanted(user).tolist() == found
        expected = [
            at
            for at, rule in enumerate(rules)
            if any(all(each.holds(user) for each in way) for way in parsed(rule))
        ]
        assert found == expected
        for at in range(len(rules)):
            assert (targeting.reason(at, user) == "") == (at in expected)


def test_and_binds_before_or_and_not_before_and():
    [first, second] = parsed("a = 1 or not b = 2 and c has x")
    assert list(map(str, first)) == ["a = 1"]
    assert list(map(str, second)) == ["not b = 2", "c has x"]


def test_entries_of_lists_are_read_as_rules_write_them():
    targeting = Targeting(["lists has 5", "age has 20"])
    assert targeting.wanted({"lists": "5|6"}).tolist() == [0]
    assert targeting.wanted({"lists": [5.0], "age": 20.0}).tolist() == [0, 1]
    assert targeting.wanted({"lists": "55", "age": 21.0}).tolist() == []


def test_an_empty_rule_is_for_everybody_and_no_ad_is_refused():
    assert Targeting(["", "age > 5"]).wanted({}).tolist() == [0]
    with pytest.raises(ValueError, match="There must be an ad to target, got none"):
        Targeting([])


@pytest.mark.parametrize(
    "rule",
    ["age", "age >", "age >= old", "and", "(age > 1", "age > 1)", "in (1)", "a in ()"],
)
def test_what_is_no_rule_is_refused(rule):
    with pytest.raises(ValueError, match=r"A rule is comparisons .* got '"):
        parsed(rule)


def test_a_rule_of_too_many_ways_is_refused():
    rule = " and ".join(f"(a{n} = 1 or b{n} = 1)" for n in range(7))
    with pytest.raises(ValueError, match="at most 64 alternatives, got 128"):
        parsed(rule)


def test_it_says_what_keeps_an_ad_from_a_user():
    targeting = Targeting(["age >= 18 and place = de or lists has vip"])
    reason = targeting.reason(0, {"age": 20, "place": "at"})
    assert reason == "place = de does not hold"
    assert not np.any(targeting.wanted({"age": 20, "place": "at"}))


def test_bitmaps_that_are_not_of_these_ads_are_refused():
    rules = ["age >= 18 or place = de", "lists has vip"]
    arrays, document = Targeting(rules).state()
    with pytest.raises(ValueError, match="its targeting is not that of its ads"):
        Targeting.restored([*rules, ""], arrays, document)
    short = {**arrays, "bits": arrays["bits"][1:]}
    with pytest.raises(ValueError, match="its targeting is not that of its ads"):
        Targeting.restored(rules, short, document)
    first, *others = document["tables"]
    other = {"tables": [{**first, "limits": [1.0, 2.0]}, *others]}
    with pytest.raises(ValueError, match="its targeting is not that of its values"):
        Targeting.restored(rules, arrays, other)


def test_compiled_rules_are_not_read_again():
    arrays, document = Targeting(["age >= 18"]).state()
    again = Targeting.restored(["no rule"], arrays, document)
    assert again.wanted({"age": 20}).tolist() == [0]
    assert again.wanted({"age": 17}).tolist() == []
