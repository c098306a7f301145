"""Words are put right as the definition says, and queries by what stands together."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.search.prefix.edits import count_edits
from lookalike.search.spelling import EditCosts, SpellingCorrector

WORDS = st.dictionaries(
    st.text("abé", min_size=1, max_size=9), st.integers(1, 50), min_size=1, max_size=30
)


@settings(deadline=None)
@given(words=WORDS, typed=st.text("abéz", min_size=1, max_size=9))
def test_all_words_within_two_edits_are_found_and_no_other(words, typed):
    corrector = SpellingCorrector(words, prior=1.0)
    found = corrector.suggest(typed, 50)
    near = {word for word in words if count_edits(typed, word, 2) <= 2}
    assert {word for word, _ in found} == near
    scores = [score for _, score in found]
    assert scores == sorted(scores, reverse=True)
    for word, score in found:
        if word == typed:
            assert score == pytest.approx(np.log(words[word] / sum(words.values())))


def test_the_likelier_edit_and_the_more_frequent_word_win():
    corrector = SpellingCorrector({"from": 900, "form": 100, "farm": 90, "frog": 90})
    assert corrector.correct("fomr") == "form"
    assert corrector.correct("frmo") == "from"
    assert corrector.correct("form") == "form"
    assert corrector.correct("frum") == "from"
    assert corrector.correct("zzzzzz") == "zzzzzz"
    assert "farm" in corrector
    assert "fram" not in corrector


def test_costs_are_learned_from_pairs():
    pairs = [("recieve", "receive"), ("beleive", "believe")] * 20
    pairs += [("seperate", "separate")] * 20 + [("comit", "commit")] * 5
    costs = EditCosts(pairs)
    extra, missing, _, single, swap, first = costs.edits
    assert swap < min(extra, missing)
    assert single < missing
    assert first > 0
    assert costs.substitutions["e", "a"] < costs.other
    # 470 letters in right words, 5 doubled ones among them: one more is counted of
    # each, and half an edit more of each kind.
    chances = [0.5 / 471, 0.5 / 471, 0.5 / 471, 5.5 / 6, 40.5 / 471]
    np.testing.assert_allclose(costs.edits[:5], -np.log(chances))
    assert first == pytest.approx(np.log((65 / 470) / (0.5 / 66)))
    other = 21 / 470 / 13 / 4  # of 13 letters
    assert costs.other == pytest.approx(-np.log(other))
    own = (20 + 50 * other) / (40 + 50)  # of 40 letters a 20 became e
    assert costs.substitutions["e", "a"] == pytest.approx(-np.log(own))


PAIRS = [("bern", "barn"), ("babn", "barn"), ("recieve", "receive")] * 9


@pytest.mark.parametrize("prior", [0.6, 0.0, 2.0])
@pytest.mark.parametrize("pairs", [(), PAIRS], ids=["guessed", "learned"])
def test_a_score_is_the_share_of_a_word_less_the_costs_of_the_edits(pairs, prior):
    words = {"barn": 3, "settle": 1}
    used = EditCosts(pairs)
    costs = used if pairs else None
    extra, missing, double, single, swap, first = used.edits
    substitution = lambda *letters: used.substitutions.get(letters, used.other)  # noqa: E731
    cost_of = {
        "barn": 0.0,
        "barno": used.extra.get(("n", "o"), extra),
        "bar": used.missing.get(("r", "n"), missing),
        "barrn": used.extra.get(("r", "r"), double),
        "setle": used.missing.get(("t", "t"), single),
        "bran": swap,
        "bern": substitution("e", "a"),
        "babn": substitution("b", "r"),
        "darn": substitution("d", "b") + first,
    }
    corrector = SpellingCorrector(words, costs=costs, prior=prior)
    for typed, cost in cost_of.items():
        [(word, score)] = corrector.suggest(typed)
        share = np.log(words[word] / 4)
        assert score == pytest.approx(prior * share - cost), typed


@pytest.mark.parametrize(("known", "meant"), [(2.0, "from"), (4.0, "form")])
def test_a_known_word_gives_way_to_one_that_is_likelier_by_more_than_known(
    known, meant
):
    words = {"form": 1.0, "from": np.exp(8.0)}  # an exchange costs 5
    assert SpellingCorrector(words, known=known).correct_query("form") == meant


@pytest.mark.parametrize(("unknown", "meant"), [(7.0, "frmo"), (9.0, "from")])
def test_an_unknown_word_is_kept_where_that_costs_less_than_its_edits(unknown, meant):
    # Kept: unknown and 1.5 a letter. Put right: an exchange, 5, and the share, 9.2.
    words = {"from": 1.0, "data": 9999.0}
    corrector = SpellingCorrector(words, unknown=unknown)
    assert corrector.correct_query("frmo") == meant


def test_a_query_is_put_right_by_what_stands_together():
    words = {"new": 50, "york": 20, "fork": 30, "hotels": 20, "work": 40, "data": 9}
    pairs = {("new", "york"): 18, ("york", "hotels"): 5, ("data", "work"): 3}
    corrector = SpellingCorrector(words, pairs)
    assert corrector.correct_query("new yrok hotles") == "new york hotels"
    assert corrector.correct_query("datawork") == "data work"
    assert corrector.correct_query("new york 2005 xyzzyx") == "new york 2005 xyzzyx"
    assert corrector.correct_query("") == ""


@pytest.mark.parametrize(
    ("words", "sentence"),
    [({}, "must have words"), ({"a": 0}, "must be finite numbers above 0")],
)
def test_a_vocabulary_without_words_or_counts_is_refused(words, sentence):
    with pytest.raises(ValueError, match=sentence):
        SpellingCorrector(words)
