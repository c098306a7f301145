"""Games and films: funnel, cold start, rules, what is measured, saved and refused."""

import json

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from lookalike.core.card import STEPS
from lookalike.core.generation import Damaged
from lookalike.datasets.interactions import (
    Interactions,
    hold_out_latest,
    hold_out_random,
)
from lookalike.systems._recommender.history import History
from lookalike.systems.films.system import Films
from lookalike.systems.games.system import Games

N_USERS, N_ITEMS, N_TASTES = 160, 60, 4


def world(timed):
    """Users of four tastes; who likes an item's taste has it half of the time."""
    rng = np.random.default_rng(0)
    taste = np.arange(N_USERS) % N_TASTES
    kind = np.arange(N_ITEMS) % N_TASTES
    chance = np.where(taste[:, None] == kind, 0.6, 0.03)
    user, item = np.nonzero(rng.random((N_USERS, N_ITEMS)) < chance)
    time = rng.integers(10**9, 10**9 + 10**7, len(user)).astype(float)
    words = np.array(["orc", "tank", "farm", "puzzle"])[kind]
    titles = np.array([f"{word} {i}" for i, word in enumerate(words)])
    return Interactions(
        name="toy",
        checksum="0" * 64,
        users=np.array([f"user {i} 🎲" for i in range(N_USERS)]),
        items=titles,
        user=user,
        item=item,
        value=np.where(rng.random(len(user)) < 0.8, 5.0, 2.0),
        time=time if timed else None,
        held_out=hold_out_latest(user, time) if timed else hold_out_random(user),
        titles=titles,
        genres=words if timed else np.full(N_ITEMS, ""),
        years=np.where(timed & (kind > 0), 1990.0 + kind, np.nan),
    )


KINDS = {"games": (Games, False), "films": (Films, True)}


@pytest.fixture(scope="module", params=KINDS)
def made(request):
    kind, timed = KINDS[request.param]
    data = world(timed)
    system = kind(ranker="logistic").fit(data)
    return system, data, system.evaluate(data)


@pytest.fixture(scope="module")
def games():
    data = world(False)
    return Games(ranker="logistic").fit(data), data


def test_lists_are_of_the_users_taste_and_of_what_they_do_not_have(made):
    system, data, _ = made
    found = system.recommend(data.users, k=6)
    place = {item: at for at, item in enumerate(data.items.tolist())}
    right = 0
    for user, row in enumerate(found.ids):
        assert len(set(row)) == 6
        had = data.item[(data.user == user) & ~data.held_out]
        places = [place[item] for item in row]
        assert not set(places) & set(had.tolist())
        right += np.mean([at % N_TASTES == user % N_TASTES for at in places])
    assert right / N_USERS > 0.8
    assert (np.diff(found.scores, axis=1) <= 0).all()


def test_a_batch_answers_like_its_users_one_by_one(made):
    system, data, _ = made
    together = system.recommend(data.users, k=5)
    for row in (0, 7, N_USERS - 1):
        alone = system.recommend([data.users[row]], k=5)
        np.testing.assert_array_equal(alone.ids[0], together.ids[row])
        np.testing.assert_array_equal(alone.scores[0], together.scores[row])


def test_somebody_unknown_gets_what_is_popular_with_the_reason(made):
    system, data, _ = made
    answers = system.answer(["nobody"], ["nobody"], 3)
    counts = np.bincount(data.item[~data.held_out], minlength=N_ITEMS)
    best = data.items[np.argsort(-counts, kind="stable")[:3]]
    assert [answer["item"] for answer in answers] == best.tolist()
    assert {answer["reason_code"] for answer in answers} == {"new_user"}
    assert "nothing is known" in answers[0]["reason"]
    explained = system.explain("nobody", "nobody")
    assert explained.answer["item"] == best[0]


def test_a_history_that_was_just_told_is_answered_without_learning(made):
    system, data, _ = made
    mine = {f"{data.titles[i]}": 5.0 for i in (1, 5, 9, 13)}
    found = system.recommend_to([mine, {}, {"unheard of": 1.0}], k=5)
    words = [str(item).split()[0] for item in found.ids[0]]
    assert words.count("tank") >= 4
    np.testing.assert_array_equal(found.ids[1], found.ids[2])
    assert found.ids[1].tolist() == system.recommend(["nobody"], 5).ids[0].tolist()
    with pytest.raises(ValueError, match="finite and at least 0"):
        system.recommend_to([{str(data.titles[0]): -1.0}])


def test_what_is_blocked_is_not_shown(games):
    system, data = games
    who = str(data.users[0])
    first = system.recommend([who], k=3).ids[0]
    found = system.recommend([who], k=3, blocked={who: first[:2].tolist()})
    assert first[2] == found.ids[0][0]
    assert not set(first[:2]) & set(found.ids[0])


@pytest.mark.parametrize("k", [N_ITEMS, N_ITEMS + 1, 10**9])
def test_k_above_what_is_left_answers_with_what_is_left(made, k):
    system, data, _ = made
    users = [data.users[0], "nobody"]
    found = system.recommend(users, k=k)
    had = ((data.user == 0) & ~data.held_out).sum()
    assert [len(ids) for ids in found.ids] == [N_ITEMS - had, N_ITEMS]
    assert sorted(found.ids[1]) == sorted(data.items)
    for user, (ids, scores) in zip(users, found, strict=True):
        alone = system.recommend([user], k=k)
        np.testing.assert_array_equal(alone.ids[0], ids)
        np.testing.assert_array_equal(alone.scores[0], scores)


def test_k_that_counts_nothing_is_refused(made):
    system, _, _ = made
    for k in (0, 2.5):
        with pytest.raises(ValueError, match="k must be a whole number of at least 1"):
            system.recommend(["nobody"], k=k)


def test_suggestions_are_those_of_recommend_with_the_features_the_ranker_saw(made):
    system, data, _ = made
    who = str(data.users[3])
    found = system.suggest(who, 5)
    assert found.ids == system.recommend([who], 5).ids[0].tolist()
    assert found.features.shape == (5, len(system.feature_names))
    again = system._funnel.ranker.score_rows(found.features)
    np.testing.assert_allclose(again, found.scores)
    assert system.suggest("nobody", 5).known is False
    some = data.items[[9, 4, 30]].tolist()
    among = system.suggest_among(who, some)
    assert sorted(among.ids) == sorted(some)
    assert (np.diff(among.scores) <= 0).all()
    assert sorted(system.suggest_among("nobody", some).ids) == sorted(some)
    with pytest.raises(ValueError, match="Expected one of the 60 items known"):
        system.suggest_among(who, ["unheard of"])


def test_the_funnel_beats_popularity_and_says_how_sure_it_is(made):
    _, _, measured = made
    ours = measured.metrics["ndcg_at_10"]
    popular = measured.metrics["ndcg_at_10_of_popularity"]
    assert ours.low > 1.5 * popular.high
    assert measured.comparisons["popularity"].p_value < 0.001
    assert set(measured.details["slices"]) & {"10 to 29 known", "3 to 9 known"}
    shown = measured.details["coverage"]
    assert shown["popularity"] < shown["funnel"] <= 1


def test_what_is_hidden_has_no_part_in_the_answers(games):
    system, data = games
    swapped = data.item.copy()
    swapped[data.held_out] = np.random.default_rng(1).permutation(
        swapped[data.held_out]
    )
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
    found = system.recommend(data.users[:20], k=8)
    assert (np.stack(found.ids) == rare).any(axis=1).all()
    assert (np.stack(found.ids)[:, 7] == rare).mean() > 0.7
    reasons = system.explain("a", str(data.users[0])).reasons
    assert any(reason.startswith("rule, exploration: 1 new item") for reason in reasons)
    codes = {a["reason_code"] for a in system.answer(["a"], [str(data.users[0])], 8)}
    assert "exploration" in codes


def test_a_saved_system_answers_the_same(made, tmp_path):
    system, data, _ = made
    folder = system.save(tmp_path / "saved")
    again = type(system).load(folder)
    users = [*data.users[:30], "nobody"]
    for k in (1, 10):
        before, after = system.recommend(users, k), again.recommend(users, k)
        np.testing.assert_array_equal(before.ids, after.ids)
        np.testing.assert_array_equal(before.scores, after.scores)
    assert again.about_ == json.loads(json.dumps(system.about_))
    assert tuple(again.card().steps) == STEPS


@pytest.mark.parametrize("part", ["history_item", "history_user", "EASE.weights_"])
def test_a_generation_whose_parts_do_not_fit_is_refused(games, tmp_path, part):
    from lookalike.core import generation

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


def test_the_card_and_the_report_tell_the_numbers(made, tmp_path):
    system, data, measured = made
    text = system.card().markdown()
    assert f"{measured.metrics['ndcg_at_10'].value:.4f}" in text
    page = system.report(data, measured).write(tmp_path / "page.html").read_text()
    assert "The long tail" in page
    assert "mostly" in page
    assert "share of histories learned from" in page


def test_only_fitted_systems_answer_and_only_on_their_own_data(games):
    system, data = games
    with pytest.raises(NotFittedError, match="Games must be fitted or loaded"):
        Games().recommend(["a"])
    other = type(data)(**{**vars(data), "users": data.users[::-1]})
    with pytest.raises(ValueError, match="users and 60 items that were learned from"):
        system.evaluate(other)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"ranker": "magic"}, "ranker must be one of auto, blend, lambda_mart"),
        ({"diversity": 1.0}, r"diversity must be in \[0, 1\), got 1.0"),
        ({"exploration": 10}, r"exploration must be in \[0, 9\], got 10"),
    ],
)
def test_options_out_of_range_are_refused(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        Games(**options).fit(world(False))


def test_users_with_one_play_are_answered_and_never_asked_about(games):
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


def test_histories_are_taken_by_row_also_empty_ones():
    user, item = np.array([0, 0, 2]), np.array([3, 1, 0])
    history = History(user, item, np.ones(3), np.arange(3.0), 3, 4)
    found = history.rows([2, -1, 0, 1, 0])
    assert found.user.tolist() == [0, 2, 2, 4, 4]
    assert found.item.tolist() == [0, 3, 1, 3, 1]
    assert found.items_of(1).tolist() == []
    assert found.matrix().toarray().sum(axis=1).tolist() == [1, 0, 2, 0, 2]


@pytest.mark.parametrize("ranker", ["blend", "lambda_mart", "boosted"])
def test_trees_rank_too_and_are_saved(ranker, tmp_path):
    pytest.importorskip("lightgbm")
    data = world(False)
    system = Games(ranker=ranker).fit(data)
    again = Games.load(system.save(tmp_path / "saved"))
    before, after = (each.recommend(data.users, 5) for each in (system, again))
    np.testing.assert_array_equal(before.ids, after.ids)
    measured = system.evaluate(data).metrics
    assert measured["ndcg_at_10"].low > measured["ndcg_at_10_of_popularity"].high
