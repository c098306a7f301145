"""Lists: popular items after too few candidates, rules, given items in order."""

from dataclasses import replace

import numpy as np
import pytest

from lookalike.rank import LogisticRanker
from lookalike.rank.ease import EASE
from lookalike.rank.funnel import CandidateGenerator, Funnel, TrainingBatch
from lookalike.systems._recommender.history import InteractionHistory
from lookalike.systems._recommender.lists import ListBuilder

N_ITEMS = 20
QUOTA = 4


def history_of(table):
    user, item = np.nonzero(table)
    columns = np.ones(len(user)), np.zeros(len(user))
    return InteractionHistory(user, item, *columns, *table.shape)


@pytest.fixture(scope="module")
def made():
    """Users of two tastes; one generator, which proposes four items."""
    rng = np.random.default_rng(0)
    taste = np.repeat([0, 1], 100)
    likes = taste[:, None] == np.arange(N_ITEMS) // 10
    table = likes & (rng.random(likes.shape) < 0.6)
    shown = table & (rng.random(table.shape) < 0.7)
    held_out = history_of(table & ~shown).matrix()
    known = history_of(shown)
    matrices = {"plain": known.matrix()}
    generator = CandidateGenerator("EASE", EASE(5.0), QUOTA, "goes with yours")
    funnel = Funnel([generator], LogisticRanker())
    funnel.fit([TrainingBatch(matrices, held_out)]).refit_generators(matrices)
    nothing = np.empty(0, np.int64)
    return ListBuilder(funnel, None, likeness, nothing, 0.0, 0, 0), known


def likeness(items, others):
    return (items[:, None] // 10 == others // 10).astype(float)


def matrices_of(history):
    return {"plain": history.matrix()}


def test_popular_items_stand_below_candidates_that_are_too_few(made):
    builder, known = made
    history = known.rows([0])
    (slate,) = builder.lists(matrices_of(history), history, N_ITEMS)
    positions = slate.columns["positions"][:, 0]
    assert (positions[:QUOTA] < QUOTA).all()
    assert (positions[QUOTA:] == QUOTA).all()
    assert (np.diff(slate.scores) < 0).all()
    popular = builder.funnel.popular()
    absent = np.concatenate([history.items_of(0), slate.items[:QUOTA]])
    expected = popular[~np.isin(popular, absent)]
    np.testing.assert_array_equal(slate.items[QUOTA:], expected)


def test_a_list_is_filled_as_soon_as_rules_could_leave_it_short(made):
    builder, known = made
    history = known.rows([0])
    matrices = matrices_of(history)
    (slate,) = builder.lists(matrices, history, QUOTA)
    (other,) = builder.lists(matrices, history, QUOTA, [slate.items])
    assert len(slate) == len(other) == QUOTA
    assert not set(slate.items) & set(other.items)
    assert "blocked: 4 left out" in other.notes


def test_an_unknown_user_gets_items_by_popularity(made):
    builder, known = made
    history = known.rows([-1])
    popular = builder.funnel.popular()
    (slate,) = builder.lists(matrices_of(history), history, 7, features=True)
    assert slate.known is False
    np.testing.assert_array_equal(slate.items, popular[:7])
    np.testing.assert_array_equal(slate.scores, -np.arange(7.0))
    assert len(slate.columns["features"]) == 7
    items = np.array([1, 5, 17])
    (order,) = builder.orders(matrices_of(history), history, items)
    np.testing.assert_array_equal(order.items, popular[np.isin(popular, items)])


def test_given_items_are_ordered_by_score_also_those_that_a_user_has(made):
    builder, known = made
    history = known.rows([0, 150])
    items = np.union1d(history.items_of(0)[:2], [15, 16])
    slates = builder.orders(matrices_of(history), history, items)
    for user, slate in enumerate(slates):
        assert sorted(slate.items) == items.tolist()
        assert (np.diff(slate.scores) <= 0).all()
        assert slate.notes == ()
        assert (slate.items[:2] // 10 == user).all()


def test_a_score_does_not_depend_on_what_else_is_asked_for(made):
    builder, known = made
    history = known.rows([0, 150])
    matrices = matrices_of(history)
    whole = builder.lists(matrices, history, N_ITEMS, features=True)
    for user, slate in enumerate(whole):
        own = history.items_of(user)
        for items in (slate.items[:3], slate.items[2:], np.append(own, slate.items)):
            found = builder.orders(matrices, history, np.sort(items))[user]
            assert len(found) == len(items)
            mine = np.isin(found.items, slate.items)
            kept = np.isin(slate.items, items)
            np.testing.assert_array_equal(found.items[mine], slate.items[kept])
            np.testing.assert_array_equal(found.scores[mine], slate.scores[kept])
            for name in ("features", "positions"):
                expected = slate.columns[name][kept]
                np.testing.assert_array_equal(found.columns[name][mine], expected)


def test_what_is_like_disliked_items_sinks_and_is_ranked_so_too(made):
    builder, _ = made
    seen = {"1": 1.0, "2": 1.0, "12": 1.0, "13": 1.0}
    rows = {str(n): n for n in range(N_ITEMS)}
    history = InteractionHistory.given([seen] * 2, rows, N_ITEMS)
    history = history.rows([0, 1, -1])
    matrices = matrices_of(history)
    disliked = [np.array([5]), np.empty(0, np.int64), np.array([5])]
    nothing = replace(builder, likeness=lambda a, b: np.zeros((len(a), len(b))))
    before = nothing.lists(matrices, history, 6, disliked)
    # As if the user's own were like nothing, so that dislikes of their kind count.
    odd = replace(builder, likeness=lambda a, b: likeness(a, b) * ~np.isin(b, [1, 2]))
    after = odd.lists(matrices, history, 6, disliked, disliked=disliked)
    places = [np.flatnonzero(each[0].items[:QUOTA] < 10) for each in (before, after)]
    assert len(places[0]) == len(places[1]) > 0
    assert places[1].sum() > places[0].sum()
    assert (after[2].items >= 10).all()
    np.testing.assert_array_equal(before[1].items, after[1].items)
    np.testing.assert_array_equal(before[1].scores, after[1].scores)
    ranked = odd.orders(matrices, history, np.arange(N_ITEMS), disliked)
    for slate, order, hidden in zip(after, ranked, disliked, strict=True):
        shown = ~np.isin(order.items, np.append(slate.items, hidden))
        assert set(slate.items) & set(order.items[~shown])
        at = [order.items.tolist().index(item) for item in slate.items]
        np.testing.assert_array_equal(slate.scores, order.scores[at])
