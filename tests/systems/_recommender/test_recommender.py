"""Recommenders, games and films: lists, unknown users, rules, numbers, saving."""

import json
from dataclasses import replace
from pathlib import Path
from runpy import run_path

import numpy as np
import pytest

from lookalike.core import generation
from lookalike.core.generation import Damaged
from lookalike.datasets.interactions import Interactions, hold_out_random
from lookalike.systems import find_spec
from lookalike.systems.films.system import Films
from lookalike.systems.games.system import Games

WORLD = run_path(str(Path(__file__).with_name("world.py")))
world = WORLD["world"]
N_USERS, N_ITEMS, N_TASTES = (WORLD[f"N_{n}"] for n in ("USERS", "ITEMS", "TASTES"))


@pytest.fixture(scope="module", params=["games", "films"])
def made(request, small):
    each = small(request.param)
    return each.system, each.data, each.result


@pytest.fixture(scope="module")
def games(small):
    return small("games").system, small("games").data


def test_lists_are_of_the_users_taste_and_of_what_they_do_not_have(made):
    system, data, _ = made
    found = system.recommend(data.users, k=6)
    place = {item: at for at, item in enumerate(data.items.tolist())}
    right = 0
    for user, (ids, scores) in enumerate(found):
        assert len(set(ids)) == 6
        had = data.item[(data.user == user) & ~data.held_out]
        places = [place[item] for item in ids.tolist()]
        assert not set(places) & set(had.tolist())
        right += np.mean([at % N_TASTES == user % N_TASTES for at in places])
        assert (np.diff(scores) <= 0).all()
    assert right / N_USERS > 0.8


def test_an_unknown_user_gets_what_is_popular_with_the_reason(made):
    system, data, _ = made
    (shown,) = system.recommend_each(["nobody"], 3)
    counts = np.bincount(data.item[~data.held_out], minlength=N_ITEMS)
    best = data.items[np.argsort(-counts, kind="stable")[:3]]
    assert shown.ids == best.tolist()
    assert shown.known is False
    assert set(shown.reason_codes) == {"new_user"}
    assert "nothing is known" in shown.reasons[0]
    assert system.explain("nobody").answer["id"] == best[0]


def test_a_given_history_is_answered_without_learning(made):
    system, data, _ = made
    mine = {f"{data.titles[i]}": 5.0 for i in (1, 5, 9, 13)}
    found = system.recommend_from([mine, {}, {"unheard of": 1.0}], k=5)
    assert [slate.known for slate in found] == [True, False, False]
    words = [item.split()[0] for item in found[0].ids]
    assert words.count("tank") >= 4
    assert not set(mine) & set(found[0].ids)
    assert found[1].ids == found[2].ids == system.recommend_each(["nobody"], 5)[0].ids
    with pytest.raises(ValueError, match="finite and at least 0"):
        system.recommend_from([{str(data.titles[0]): -1.0}])


def test_the_history_of_a_user_gives_the_list_of_the_user(made):
    system, data, _ = made
    known = np.flatnonzero(~data.held_out)
    users = [0, 3]
    if data.time is not None:  # a history that is given is taken as of the latest time
        known = known[np.argsort(data.time[known], kind="stable")]
        users = data.user[known[-1:]].tolist()
    for who in users:
        mine = known[data.user[known] == who]
        names = data.items[data.item[mine]].tolist()
        history = dict(zip(names, data.value[mine].tolist(), strict=True))
        [given] = system.recommend_from([history], 8, exclude=["unheard of"])
        [expected] = system.recommend_each([data.users[who]], 8)
        assert given.records() == expected.records()


def test_events_count_as_the_history_that_they_make(made):
    system, data, _ = made
    who, stranger = str(data.users[3]), "a newcomer"
    orcs = [str(title) for title in data.titles if title.startswith("orc")]
    [before] = system.recommend_each([who], 6)
    taken, unwanted = before.ids[0], before.ids[2]
    events = {
        who: {taken: 4.0, unwanted: -1.0, "unheard of": 2.0},
        stranger: dict.fromkeys(orcs[:5], 1e300),
    }
    later = system.with_events(events)
    first, second, third = later.recommend_each([who, stranger, "nobody"], 6)
    assert not {taken, unwanted} & set(first.ids)
    assert second.known
    assert sum(id.startswith("orc") for id in second.ids) >= 4
    assert not set(orcs[:5]) & set(second.ids)
    assert third.ids == system.recommend_each(["nobody"], 6)[0].ids
    assert system.recommend_each([who], 6)[0].ids == before.ids
    given = dict.fromkeys(orcs[:5], later.most_value)
    [same] = system.recommend_from([given], 6)
    assert same.records() == second.records()
    ranked = later.rank_items(who, first.ids[::-1])
    assert ranked.ids == first.ids
    np.testing.assert_array_equal(ranked.scores, first.scores)
    assert later.explain(who).answer["id"] == first.ids[0]
    hits = later.recommend([who], 6).ids[0].tolist()
    assert hits == first.ids


def test_similar_items_are_of_one_kind_and_say_why(made):
    system, data, _ = made
    ids = data.items[:4].tolist()
    for id, answer in zip(ids, system.similar_each(ids, 5), strict=True):
        assert [name.split()[0] for name in answer.ids].count(id.split()[0]) >= 4
        assert answer.labels == answer.ids
        assert all("of its" in why for why in answer.columns["reason"])


def test_what_is_blocked_is_not_shown(games):
    system, data = games
    who = str(data.users[0])
    (first,) = system.recommend([who], k=3).ids
    blocked = {who: [*first[:2].tolist(), "unheard of"]}
    (mine,), (other,) = (system.recommend([u], 3, blocked).ids for u in (who, "nobody"))
    assert first[2] == mine[0]
    assert not set(first[:2]) & set(mine)
    np.testing.assert_array_equal(other, system.recommend(["nobody"], 3).ids[0])


def test_k_above_what_is_left_answers_with_what_is_left(made):
    system, data, _ = made
    had = ((data.user == 0) & ~data.held_out).sum()
    for k in (N_ITEMS, N_ITEMS + 1, 10**9):
        users = [str(data.users[0]), "nobody"]
        found = system.recommend(users, k=k)
        assert list(map(len, found.ids)) == [N_ITEMS - had, N_ITEMS]
        assert sorted(found.ids[1]) == sorted(data.items)
        shown = system.recommend_each(users, k)
        assert [each.ids for each in shown] == [ids.tolist() for ids in found.ids]
        for user, (ids, scores) in zip(users, found, strict=True):
            alone = system.recommend([user], k=k)
            np.testing.assert_array_equal(alone.ids[0], ids)
            np.testing.assert_array_equal(alone.scores[0], scores)
    for k in (0, 2.5):
        with pytest.raises(ValueError, match="k must be a whole number of at least 1"):
            system.recommend(["nobody"], k=k)


def test_a_user_who_has_everything_gets_an_empty_list():
    data = world(False)
    row = 0
    missing = np.setdiff1d(np.arange(N_ITEMS), data.item[data.user == row])
    n = len(missing)
    more = {
        "user": np.append(data.user, np.full(n, row)),
        "item": np.append(data.item, missing),
        "value": np.append(data.value, np.ones(n)),
        "held_out": np.append(data.held_out & (data.user != row), np.zeros(n, bool)),
    }
    system = Games(ranker="logistic").fit(type(data)(**{**vars(data), **more}))
    users = [str(data.users[row]), str(data.users[1])]
    (alone,), (together, other) = (
        system.recommend_each(u, 3) for u in (users[:1], users)
    )
    assert alone.ids == together.ids == []
    assert alone.records() == []
    assert alone.features.shape == together.features.shape
    assert len(other.ids) == 3
    assert system.explain(users[0]).answer == {}
    order = system.rank_items(users[0], data.items[:2].tolist())
    assert sorted(order.ids) == sorted(data.items[:2].tolist())


def test_shown_lists_are_those_of_recommend_with_the_features_of_the_ranker(made):
    system, data, _ = made
    who = str(data.users[3])
    (shown,) = system.recommend_each([who], 5)
    assert shown.ids == system.recommend([who], 5).ids[0].tolist()
    assert shown.features.shape == (5, len(system.feature_names))
    again = system.funnel_.ranker.score_rows(shown.features)
    np.testing.assert_allclose(again, shown.scores)
    first = shown.records()[0]
    assert list(first) == ["rank", "id", "title", "score", "reason", "reason_code"]
    assert (first["rank"], first["id"]) == (1, shown.ids[0])
    assert json.loads(json.dumps(first)) == first


def test_an_item_is_explained_by_its_rank_its_features_and_its_reason(made):
    system, data, _ = made
    who = str(data.users[3])
    (shown,) = system.recommend_each([who], 5)
    second = system.explain_item(who, shown.ids[1], 5)
    assert second["rank"] == 2
    assert second["score"] == shown.scores[1]
    assert second["reasons"] == [shown.reasons[1]]
    assert list(second["features"]) == system.feature_names
    np.testing.assert_allclose(list(second["features"].values()), shown.features[1])
    had = str(data.items[data.item[(data.user == 3) & ~data.held_out][0]])
    absent = system.explain_item(who, had, 5)
    assert absent["rank"] is None
    assert absent["score"] == system.rank_items(who, [had]).scores[0]
    assert json.loads(json.dumps(absent)) == absent
    with pytest.raises(LookupError, match="no item of this id"):
        system.explain_item(who, "unheard of")


def test_an_explanation_names_where_each_item_comes_from_and_what_is_closest(made):
    system, data, _ = made
    who = str(data.users[0])
    (shown,) = system.recommend_each([who])
    found = system.explain(who)
    assert found.answer == shown.records()[0]
    had = data.titles[data.item[(data.user == 0) & ~data.held_out]].tolist()
    for line, title, reason in zip(
        found.reasons, shown.titles, shown.reasons, strict=False
    ):
        assert line.startswith(f"{title} (")
        assert reason in line
        assert line.partition("; closest to ")[2] in ["", *had]
    assert any("closest to" in line for line in found.reasons)


def test_the_funnel_beats_popularity_and_says_how_sure_it_is(made):
    _, _, result = made
    ours = result.metrics["ndcg_at_10"]
    popular = result.metrics["ndcg_at_10_of_popularity"]
    assert ours.low > 1.5 * popular.high
    assert result.comparisons["popularity"].p_value < 0.001
    assert set(result.details["slices"]) & {"10 to 29 known", "3 to 9 known"}
    shown = result.details["coverage"]
    assert shown["popularity"] < shown["funnel"] <= 1


def test_users_with_something_held_out_are_tested(made):
    system, data, result = made
    assert result.facts["n_test"] == len(np.unique(data.user[_tested(system, data)]))


def _tested(system, data):
    """Rows that are held out, and liked where that counts."""
    return data.held_out & ((data.value >= 4) | (system.name == "games"))


def test_what_is_held_out_has_no_part_in_the_answers(games):
    system, data = games
    swapped = data.item.copy()
    drawn = np.random.default_rng(1).permutation(swapped[data.held_out])
    swapped[data.held_out] = drawn
    other = type(data)(**{**vars(data), "item": swapped})
    again = Games(ranker="logistic").fit(other)
    np.testing.assert_array_equal(
        again.recommend(data.users, 5).ids, system.recommend(data.users, 5).ids
    )


def test_diversity_and_exploration_are_rules_that_say_what_they_did(games):
    _, data = games
    rare = data.items[-1]
    kept = data.item != N_ITEMS - 1
    fewer = {n: getattr(data, n)[kept] for n in ("user", "item", "value", "held_out")}
    system = Games(ranker="logistic", diversity=0.4, exploration=1)
    system.fit(type(data)(**{**vars(data), **fewer}))
    found = np.array(system.recommend(data.users[:20], k=8).ids)
    assert (found == rare).any(axis=1).all()
    assert (found[:, 7] == rare).mean() > 0.7
    reasons = system.explain(str(data.users[0])).reasons
    assert any(reason.startswith("rule, exploration: 1 new item") for reason in reasons)
    (shown,) = system.recommend_each([str(data.users[0])], 8)
    assert "exploration" in shown.reason_codes


@pytest.mark.parametrize("part", ["history_item", "history_user", "EASE.weights_"])
def test_a_generation_whose_parts_do_not_fit_is_refused(games, tmp_path, part):
    system, _ = games
    found = generation.load(system.save(tmp_path / "whole"), "games")
    arrays = dict(found.arrays)
    wrong = np.array(arrays[part])
    arrays[part] = wrong[:-1, :-1] if wrong.ndim == 2 else wrong + 1000
    about = {k: v for k, v in found.about.items() if k not in ("files", "checksum")}
    for key in ("format", "name", "version", "created"):
        about.pop(key)
    generation.save(tmp_path / "bad", "games", arrays, about)
    with pytest.raises(Damaged, match="holds no system of games"):
        Games.load(tmp_path / "bad")


def test_only_known_items_are_ranked_and_only_own_data_evaluated(games):
    system, data = games
    with pytest.raises(ValueError, match="Expected one of the 60 items known"):
        system.rank_items("nobody", ["unheard of"])
    other = type(data)(**{**vars(data), "users": data.users[::-1]})
    with pytest.raises(ValueError, match="users and 60 items that were learned from"):
        find_spec("games").evaluate(system, other)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"ranker": "magic"}, "ranker must be one of blend, lambda_mart, boosted"),
        ({"diversity": 1.0}, r"diversity must be in \[0, 1\), got 1.0"),
        ({"exploration": 10}, r"exploration must be in \[0, 9\], got 10"),
    ],
)
def test_options_out_of_range_are_refused(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        Games(**options).fit(world(False))


def test_users_with_one_play_are_answered_and_never_tested(games):
    _, data = games
    lonely = np.array([0])
    more = {
        "users": np.append(data.users, "lonely"),
        "user": np.append(data.user, N_USERS),
        "item": np.append(data.item, lonely),
        "value": np.append(data.value, 1.0),
        "held_out": np.append(data.held_out, False),
    }
    system = Games(ranker="logistic").fit(type(data)(**{**vars(data), **more}))
    (row,) = system.recommend(["lonely"], 5).ids
    assert data.items[0] not in row
    words = [str(item).split()[0] for item in row]
    assert words.count("orc") >= 3


@pytest.mark.parametrize("ranker", ["blend", "lambda_mart", "boosted"])
def test_trees_rank_too_and_are_saved(ranker, tmp_path):
    pytest.importorskip("lightgbm")
    data = world(False)
    system = Games(ranker=ranker).fit(data)
    again = Games.load(system.save(tmp_path / "saved"))
    before, after = (each.recommend(data.users, 5) for each in (system, again))
    np.testing.assert_array_equal(before.ids, after.ids)
    metrics = find_spec("games").evaluate(system, data).metrics
    assert metrics["ndcg_at_10"].low > metrics["ndcg_at_10_of_popularity"].high


def test_nothing_that_a_user_has_is_suggested_by_the_system_that_answers(made):
    system, data, _ = made
    served = system.refit(data)
    has = [set(data.items[data.item[data.user == u]].tolist()) for u in range(N_USERS)]

    def suggested(by):
        rows = by.recommend(data.users, 10).ids
        return sum(len(has[user] & set(row)) for user, row in enumerate(rows))

    assert suggested(served) == 0
    assert suggested(system) > 100
    measured = served.before_refit(data)
    assert suggested(measured) == suggested(system)


def test_users_who_are_forgotten_are_answered_like_new_ones(made):
    system, data, _ = made
    users = data.users.tolist()
    numbers = replace(data, users=np.array([str(n) for n in range(len(users))]))
    without = Games(ranker="logistic").fit(numbers).without_users([3, "4"])
    assert not {"3", "4"} & set(without.known_users.tolist())
    slates = without.recommend_each(["3", "4", "5"], 5)
    assert [slate.known for slate in slates] == [False, False, True]
    nobody = system.without_users(users)
    assert not len(nobody.known_users)
    nobody.warm_up()
    assert not nobody.recommend_each(users[:1], 5)[0].known


def test_a_log_without_a_row_is_refused(made):
    _, data, _ = made
    none = {n: getattr(data, n)[:0] for n in ("user", "item", "value", "held_out")}
    with pytest.raises(ValueError, match="must hold what players did, got no rows"):
        Games().fit(replace(data, time=None, **none))


def _log(n_users, n_items, each):
    """A log in which user u has the items from u on, ``each`` of them."""
    user = np.repeat(np.arange(n_users), each)
    item = (user + np.tile(np.arange(each), n_users)) % n_items
    titles = np.array([chr(65 + i) for i in range(n_items)])  # no word of two letters
    names = np.array([f"u{u}" for u in range(n_users)])
    return Interactions(
        *("small", "", names, titles, user, item, 5.0 * np.ones(len(user)), None),
        *(hold_out_random(user), titles, np.full(n_items, ""), np.full(n_items, 1.0)),
    )


@pytest.mark.parametrize("kind", [Games, Films])
@pytest.mark.parametrize("shape", [(30, 8, 8), (30, 6, 6), (2, 25, 20), (40, 20, 8)])
def test_small_catalogues_and_titles_without_words_are_learned_from(kind, shape):
    data = _log(*shape)
    spec = find_spec(kind.name)
    served, result = spec.train(spec.new({"ranker": "logistic"}), data)
    assert result.metrics["ndcg_at_10"].value > 0
    assert served.rank_items("u0", data.items).ids
    assert served.recommend(["nobody"], 30).ids[0].tolist()


@pytest.mark.parametrize("kind", [Games, Films])
@pytest.mark.parametrize(
    ("shape", "sentence"),
    [
        ((1, 30, 20), r"must hold 2 \w+ and 2 \w+ or more, got 1 and 30\.$"),
        ((30, 1, 1), r"must hold 2 \w+ and 2 \w+ or more, got 30 and 1\.$"),
        ((30, 6, 4), r"log is too small: .* have 5 \w+ or more, .* the most are 4\.$"),
    ],
)
def test_a_log_that_is_too_small_is_refused_in_a_sentence(kind, shape, sentence):
    with pytest.raises(ValueError, match=sentence):
        kind(ranker="logistic").fit(_log(*shape))


@pytest.mark.parametrize(
    ("column", "wrong", "sentence"),
    [
        ("value", np.nan, "must lie between 0 and 1e\\+12"),
        ("value", 1e308, "must lie between 0 and 1e\\+12"),
        ("item", 20, "not one of its users and items"),
        ("user", -1, "not one of its users and items"),
    ],
)
def test_a_log_that_does_not_fit_is_refused(column, wrong, sentence):
    data = _log(40, 20, 8)
    getattr(data, column)[0] = wrong
    with pytest.raises(ValueError, match=sentence):
        Games(ranker="logistic").fit(data)


@pytest.mark.parametrize(("low", "high"), [(20, 100), (1, 3), (0, 1), (1, 10)])
def test_ratings_of_another_scale_are_refused(low, high):
    data = _log(40, 20, 8)
    data.value[:] = np.linspace(low, high, len(data.value))
    with pytest.raises(ValueError, match=f"Ratings .* from {low} to {high}: bring"):
        Films(ranker="logistic").fit(data)
