"""Blocked phrases are found misspelt and inside others, and not inside words."""

import pytest

from lookalike.search.prefix import BlockedPhrases
from lookalike.search.prefix.edits import count_edits

BLOCKED = BlockedPhrases(["sex", "porn", "viagra", "black jack", "Größenwahn"])


@pytest.mark.parametrize(
    "text",
    [
        *("sex", "free SEX now", "s e x", "sex-shop", "s3x"),
        *("porn", "pron films", "poorn", "p0rn"),
        *("viagra", "viagara", "vaigra cheap", "buy v1agra", "viagras", "via gra"),
        *("black jack", "play blackjack", "blak jack online", "black  JACK"),
        *("grössenwahn", "GROSSENWAHN"),
    ],
)
def test_blocked_phrases_are_found(text):
    assert BLOCKED.found_in(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        *("essex", "sussex hotels", "sextant", "six", "sea", "corn", "born", "pork"),
        *("niagara falls", "black cat jack", "jack black", "", "?"),
        "as ex",
    ],
)
def test_what_only_looks_like_it_is_not(text):
    assert BLOCKED.found_in(text) is None


def test_spared_words_are_no_misspellings():
    assert BlockedPhrases(["casino"]).found_in("casinos") == "casino"
    assert BlockedPhrases(["casino"]).found_in("cassini") is None
    assert BlockedPhrases(["cabins"]).found_in("cabin") == "cabins"
    assert BlockedPhrases(["cabins"], spared=["Cabin"]).found_in("cabin") is None
    assert BlockedPhrases([]).found_in("anything") is None
    with pytest.raises(ValueError, match="must have a word, got '--'"):
        BlockedPhrases(["--"])


def test_edits_are_counted_up_to_a_most():
    assert count_edits("ab", "ba", 1) == 1
    assert count_edits("", "abc", 5) == 3
    assert count_edits("abcdef", "badcfe", 2) == 3
