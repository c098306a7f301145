"""Learning curves: parts of the data, a validation part, and never the test part."""

from dataclasses import replace

import numpy as np
import pytest

from lookalike.core.learning_curves import SHARES, shares_of
from lookalike.datasets.event_simulator import simulate_events
from lookalike.datasets.interactions import Interactions, hold_out_random
from lookalike.evaluate import Estimate, ndcg_at_k
from lookalike.evaluate.plots import learning_curve
from lookalike.rank import LogisticRanker
from lookalike.systems._recommender.learning_curves import curves_of_generators
from lookalike.systems.events.features import EventFeatures
from lookalike.systems.events.learning_curves import curves_of_lists
from lookalike.systems.events.system import Events
from lookalike.systems.games.system import Games


@pytest.fixture(scope="module")
def lists():
    data = simulate_events(n_people=120, n_events=150, n_days=20, random_state=3)
    return Events(compare="logistic").fit(data), data


@pytest.fixture(scope="module")
def plays():
    """Users of four tastes; few enough that a quarter of them teaches less."""
    rng = np.random.default_rng(0)
    taste, kind = np.arange(160) % 4, np.arange(80) % 4
    chance = np.where(taste[:, None] == kind, 0.3, 0.05)
    user, item = np.nonzero(rng.random(chance.shape) < chance)
    names = np.array([f"game {i}" for i in range(80)])
    data = Interactions(
        *("toy", "", np.arange(160).astype(str), names, user, item),
        *(rng.random(len(user)) + 1, None, hold_out_random(user)),
        *(names, np.full(80, ""), np.full(80, np.nan)),
    )
    return Games(ranker="logistic").fit(data), data


def test_a_larger_part_holds_the_smaller_ones_and_the_last_is_all():
    parts = shares_of(np.arange(10, 50), 0)
    assert [len(part) for part in parts] == [10, 20, 40]
    assert set(parts[0]) < set(parts[1]) < set(parts[2]) == set(range(10, 50))


def test_generators_learn_more_from_all_histories_than_from_a_quarter(plays):
    curves = curves_of_generators(*plays)
    assert list(curves) == ["EASE", "ALS"]
    for estimates in curves.values():
        assert len(estimates) == len(SHARES)
        assert all(each.low < each.value < each.high for each in estimates)
    assert curves["EASE"][0].value < curves["EASE"][2].value


def test_a_ranker_of_lists_has_an_estimate_for_each_share(lists):
    (estimates,) = curves_of_lists(*lists).values()
    assert len(estimates) == len(SHARES)
    assert all(0 < each.low < each.value < each.high < 1 for each in estimates)


def test_the_last_fifth_of_the_lists_before_the_split_validates(lists):
    system, data = lists
    n_before = data.lists[data.shown.time < data.split].max() + 1
    cut = round(0.8 * n_before)
    shown = data.shown
    X = EventFeatures(data).rows(shown.person, shown.event, shown.time)
    first = data.lists < cut
    score = LogisticRanker().fit(X[first], data.joined[first]).score_rows(X)
    found = []
    for number in range(cut, n_before):
        rows = np.flatnonzero(data.lists == number)
        gains = data.joined[rows[np.argsort(-score[rows], kind="stable")]]
        if gains.any():
            longer = np.pad(gains.astype(float), (0, 10))
            found.append(ndcg_at_k(longer[None], 10)[0])
    (estimates,) = curves_of_lists(system, data).values()
    np.testing.assert_allclose(estimates[-1].value, np.mean(found))


def test_what_is_for_testing_makes_no_difference(lists, plays):
    system, data = lists
    joined = np.where(data.shown.time < data.split, data.joined, ~data.joined)
    other = replace(data, joined=joined)
    assert curves_of_lists(system, other) == curves_of_lists(system, data)
    system, data = plays
    item = np.where(data.held_out, (data.item + 1) % 80, data.item)
    other = replace(data, item=item, value=data.value + 9 * data.held_out)
    assert curves_of_generators(system, other) == curves_of_generators(system, data)


def test_what_validates_does_make_a_difference(lists):
    system, data = lists
    before = data.shown.time < data.split
    last = np.flatnonzero(before)[-1]
    kept = data.lists == data.lists[last]
    other = replace(data, joined=np.where(kept, ~data.joined, data.joined))
    assert curves_of_lists(system, other) != curves_of_lists(system, data)


def test_too_little_data_gives_no_curve(lists, plays):
    system, data = lists
    assert curves_of_lists(system, replace(data, joined=data.joined & False)) == {}
    system, data = plays
    few = data.user < 1
    columns = {n: getattr(data, n)[few] for n in ("user", "item", "value", "held_out")}
    assert curves_of_generators(system, replace(data, **columns)) == {}


def test_the_figure_names_its_shares_and_its_curves():
    estimates = [Estimate(v, v - 0.01, v + 0.02) for v in (0.1, 0.2, 0.3)]
    figure = learning_curve(
        SHARES, {"EASE": estimates, "ALS": estimates}, "share of lists", "nDCG"
    )
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.get_xticklabels()] == [
        *("25%", "50%", "100%")
    ]
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert names == ["EASE", "ALS"]
    first, _, (bars,) = axes.containers[0].lines
    np.testing.assert_allclose(first.get_ydata(), [0.1, 0.2, 0.3])
    np.testing.assert_allclose(bars.get_segments()[2][:, 1], [0.29, 0.32])
