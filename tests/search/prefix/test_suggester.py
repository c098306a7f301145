"""Suggestions: who asked, how many people, where, when, and what never comes back."""

import numpy as np
import pytest

from lookalike.search.prefix import Asked, AskedCounts, Suggester
from lookalike.search.prefix.word_model import WordModel

DAY = 86_400.0
PEOPLE = [f"p{n}" for n in range(8)]


def asked_by(query, n, **more):
    return [Asked(query, user, **more) for user in PEOPLE[:n]]


def queries(suggestions):
    return [each.query for each in suggestions]


@pytest.fixture(scope="module")
def suggester():
    asked = [
        *asked_by("Hotel  Rome", 6, country="it"),
        *asked_by("hotel riga", 7, country="lv"),
        *asked_by("cheap hotel", 5, country="it"),
        *asked_by("hotel at 7 my street", 4, country="it"),
        *(Asked("hotel rio", user, "lv") for user in PEOPLE[:5] for _ in range(2)),
    ]
    return Suggester(min_people=5, country_weight=2.0, unseen=False).fit(asked)


def test_what_many_asked_comes_first_and_what_few_asked_not_at_all(suggester):
    found = suggester.suggest("hot")
    assert queries(found) == ["hotel rio", "hotel riga", "hotel rome", "cheap hotel"]
    assert [each.kind for each in found] == ["asked"] * 3 + ["within"]
    assert queries(suggester.suggest("hotel at 7")) == []
    near = ["hotel rio", "hotel riga", "hotel rome"]
    assert queries(suggester.suggest("hotle ri")) == near
    assert queries(suggester.suggest("", 2)) == ["hotel rio", "hotel riga"]
    [reason] = suggester.explain("hot", "hotel at 7 my street")
    assert reason.startswith("It is not suggested yet: 4 of the 5 people")


def test_country_and_user_back_off_as_the_formula_says(suggester):
    total = 6 + 7 + 5 + 4 + 10
    shares = {"hotel rome": 6, "hotel riga": 7, "hotel rio": 10, "cheap hotel": 5}
    in_italy = {"hotel rome": 6, "cheap hotel": 5}
    expected = {
        query: (in_italy.get(query, 0) + 2.0 * n / total) / (15 + 2.0)
        for query, n in shares.items()
    }
    found = dict(suggester.asked_before("", 10, country="it"))
    assert found == pytest.approx(expected)
    assert next(iter(found)) == "hotel rome"
    own = {"hotel rome": 1, "hotel riga": 1}
    alone = suggester.asked_before("", 10, "p5", "it")
    n_own = sum(suggester.counts_.of_user("p5").values())
    mine = {q: (own.get(q, 0) + 20 * p) / (n_own + 20) for q, p in expected.items()}
    assert dict(alone) == pytest.approx(mine)
    [(best, _)] = suggester.asked_before("", 1, country="it")
    assert best == "hotel rome"


@pytest.mark.parametrize("min_people", [1, 3, 5])
def test_as_many_people_as_told_make_a_suggestion(min_people):
    asked = [each for n in range(1, 8) for each in asked_by(f"asked by {n}", n)]
    model = Suggester(min_people=min_people, unseen=False).fit(asked)
    expected = [f"asked by {n}" for n in range(7, min_people - 1, -1)]
    assert queries(model.suggest("asked")) == expected


@pytest.mark.parametrize("user_weight", [0.5, 20.0])
def test_a_user_backs_off_to_all_by_the_weight(user_weight):
    asked = [*asked_by("hut", 6), *asked_by("hat", 5), *[Asked("hat", "p0")] * 3]
    model = Suggester(user_weight=user_weight, unseen=False).fit(asked)
    shares, own = {"hut": 6 / 14, "hat": 8 / 14}, {"hut": 1, "hat": 4}
    for query, found in model.asked_before("h", user="p0"):
        expected = (own[query] + user_weight * shares[query]) / (5 + user_weight)
        assert found == pytest.approx(expected)


@pytest.mark.parametrize("asked_weight", [0.1, 0.5, 1.0])
def test_askings_are_weighed_against_words(asked_weight):
    counts = {"old hut": 7, "old hat": 5, "new hat": 5}
    asked = [each for query, n in counts.items() for each in asked_by(query, n)]
    model = Suggester(asked_weight=asked_weight).fit(asked)
    words = WordModel(counts)
    found = {each.query: each.score for each in model.suggest("old") if each.score}
    assert {"old hut", "old hat"} <= set(found)
    for query, score in found.items():
        asked_share = counts.get(query, 0) / 17
        [of_words] = words.probabilities([query])
        expected = asked_weight * asked_share + (1 - asked_weight) * of_words
        assert score == pytest.approx(expected)


def test_newer_askings_count_more():
    asked = [Asked("old", u, time=0.0) for u in PEOPLE for _ in range(2)]
    asked += [Asked("often", u, time=3 * DAY) for u in PEOPLE[:5]]
    slow, fast = (Suggester(half_life=h, unseen=False).fit(asked) for h in (100, 1))
    assert queries(slow.suggest("o")) == ["old", "often"]
    assert queries(fast.suggest("o")) == ["often", "old"]
    assert fast.weight("old") == 16 / 8


def test_live_askings_equal_counting_all_of_them_anew(suggester):
    more = [
        *asked_by("hotel vilnius", 5),
        *asked_by("hotel at 7 my street", 5, country="it"),
        *[Asked("hotel rome", "p7")] * 9,
        Asked("hotel nobody"),
    ]
    live = Suggester(min_people=5, unseen=False).fit(asked_by("hotel rome", 6))
    live.add(more[:3])
    assert "hotel vilnius" not in queries(live.suggest("hotel v"))
    live.add(more[3:])
    whole = Suggester(min_people=5, unseen=False).fit(asked_by("hotel rome", 6) + more)
    for typed in ("", "h", "hotel v", "hotel at", "htoel vi", "rome"):
        for one, other in zip(live.suggest(typed), whole.suggest(typed), strict=True):
            assert (one.query, one.kind) == (other.query, other.kind)
            assert one.score == pytest.approx(other.score)
    assert live.people("hotel rome") == 7
    assert "hotel nobody" not in queries(live.suggest("hotel"))
    assert live.n_live == 4


def test_a_blocked_phrase_never_comes_again():
    asked = (
        asked_by("casino royale", 5) + asked_by("casa", 5) + asked_by("cassino x", 5)
    )
    model = Suggester(blocked=["royale"]).fit(asked)
    assert "casino royale" not in queries(model.suggest("cas"))
    model.block(["casino"])
    assert queries(model.suggest("cas")) == ["casa"]
    model.add(asked_by("online casinos", 8))
    for typed in ("online", "onlnie cas", "casino", "cas"):
        assert not [q for q in queries(model.suggest(typed)) if "sino" in q]
    assert "blocked phrase 'casino'" in model.explain("cas", "casinos")[0]


def test_a_deleted_person_leaves_no_count(suggester):
    left = suggester.without_users(["p4", "nobody"])
    assert queries(left.suggest("hotel")) == ["hotel riga", "hotel rome"]
    assert left.people("hotel rome") == 5
    assert left.counts_.of_user("p4") == {}
    assert "p4" not in left.counts_.users
    assert suggester.people("hotel rome") == 6
    fewer = [e for e in asked_by("a b", 6) if e.user != "p0"]
    without = Suggester().fit(asked_by("a b", 6)).without_users(["p0"])
    anew = Suggester().fit(fewer)
    for name, array in anew.arrays().items():
        np.testing.assert_array_equal(array, without.arrays()[name])


def test_unseen_queries_end_as_others_do():
    asked = [
        Asked("cheap flights to rome"),
        Asked("cheap hotels"),
        Asked("hotels to go"),
    ]
    model = Suggester().fit(asked)  # nobody is named: each asking is another person's
    assert queries(model.suggest("cheap hotels t"))[0].startswith("cheap hotels to")
    assert "flights" in queries(model.suggest("fligh"))
    kinds = {each.query: each.kind for each in model.suggest("fligh")}
    assert kinds["flights to rome"] == "unseen"
    for named in (["a"] * 5, list("abcde")):
        secret = [Asked("my secretword", user) for user in named]
        known = Suggester().fit(secret + asked_by("my house", 5))
        assert bool(known.suggest("secretw")) == (len(set(named)) == 5)


def test_saved_and_restored_it_answers_alike(suggester):
    arrays = {name: array.copy() for name, array in suggester.arrays().items()}
    again = Suggester(min_people=5, country_weight=2.0, unseen=False)
    again.restore(arrays, suggester.counts_.reference)
    for typed in ("", "hot", "htoel", "ri"):
        for country in ("", "it"):
            answers = [s.suggest(typed, 5, "p5", country) for s in (again, suggester)]
            assert answers[0] == answers[1]
    arrays["counts_query"] = arrays["counts_query"] + 100
    with pytest.raises(ValueError, match="names none of the queries"):
        again.restore(arrays, 0.0)


@pytest.mark.parametrize("reference", [None, 5 * DAY])
def test_askings_count_half_after_the_half_life(reference):
    asked = [
        Asked("a", "x", "it", 1 * DAY, 3),
        Asked("a", "x", "lv", 2 * DAY),
        Asked("b", "y", "it", 4 * DAY),
        Asked("b", "x", "it"),  # at the reference
    ]
    counts = AskedCounts(asked, 2, reference)
    end = 5 if reference else 4
    ages = np.array([end - 1, end - 2, end - 4, 0])
    weights = [3, 1, 1, 1] * 0.5 ** (ages / 2)
    found = {
        (counts.queries[q], counts.users[u], counts.countries[c]): (n, w)
        for q, u, c, n, w in zip(
            *(counts.query, counts.user, counts.country),
            *(counts.times, counts.weights),
            strict=True,
        )
    }
    assert found == {
        (each.query, each.user, each.country): (each.times, pytest.approx(weight))
        for each, weight in zip(asked, weights, strict=True)
    }


def test_counts_of_people_with_and_without_names():
    counts = AskedCounts([Asked("a", "x"), Asked("a", "x"), Asked("a", times=3)], 1)
    assert counts.people().tolist() == [4]
    assert counts.totals().tolist() == [5.0]
    assert counts.users_of("a") == {"x", ""}
    assert counts.users_of("b") == set()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"min_people": 0}, "min_people must be a whole number"),
        ({"half_life": 0}, "half_life must be a number above 0"),
        ({"asked_weight": 0}, "asked_weight must be above 0 and at most 1"),
    ],
)
def test_bad_options_are_refused(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        Suggester(**options).fit([])


def test_an_order_is_learned_and_a_new_query_of_new_words_comes_before_unseen_ones():
    rng = np.random.default_rng(0)
    towns = [f"town{n}" for n in range(40)]
    # What is sought in a town follows no count: it is always "hotels in" some town.
    asked = [
        Asked(f"hotels in {towns[at]}") for at in rng.integers(0, 40, 6000).tolist()
    ]
    suggester = Suggester(min_people=2).fit(asked)
    assert suggester.order_.shape == (9,)
    assert np.count_nonzero(suggester.order_) > 1
    suggester.add(Asked("hotels in qqqq", user) for user in PEOPLE)
    found = suggester.suggest("hotels in q")
    assert (found[0].query, found[0].kind) == ("hotels in qqqq", "asked")
    assert "hotels in" not in queries(suggester.suggest("hotels in"))
