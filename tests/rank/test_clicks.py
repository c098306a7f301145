"""Click models: propensities, attractiveness, the ranker, the simulation, MMR."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.rank.click_ranker import ClickRanker
from lookalike.rank.clicks import (
    Impressions,
    attractiveness,
    examination,
    relevance_posterior,
)
from lookalike.rank.diversity import diversified
from lookalike.search.vector_index import VectorIndex
from lookalike.systems.images.click_simulation import ClickSimulator, evaluate
from lookalike.systems.images.encoders.linear import unit


def shown(rng, n, truth, examined, share=0.3):
    """Items of these chances, the likeliest on top unless shuffled."""
    k = len(truth)
    order = np.tile(np.argsort(-truth), (n, 1))
    shuffled = rng.random(n) < share
    order[shuffled] = rng.permuted(order[shuffled], axis=1)
    position = np.tile(np.arange(k), n)
    items = order.ravel()
    seen = rng.random(n * k) < np.asarray(examined)[position]
    clicked = seen & (rng.random(n * k) < truth[items])
    query = np.repeat(np.arange(n), k)
    return Impressions(query, items, position, clicked, np.repeat(shuffled, k))


def test_examination_is_learned_from_shuffled_showings_alone():
    rng = np.random.default_rng(0)
    truth, examined = np.array([0.8, 0.4, 0.2, 0.1]), 1 / np.arange(1.0, 5)
    rows = shown(rng, 40_000, truth, examined)
    np.testing.assert_allclose(examination(rows, 4), examined, atol=0.03)
    fooled = Impressions(
        rows.query, rows.item, rows.position, rows.clicked, np.ones(len(rows), bool)
    )
    assert examination(fooled, 4)[3] < 0.15  # 0.25 looked at, times what lies there


def test_appeal_is_free_of_the_position_and_a_plain_rate_is_not():
    rng = np.random.default_rng(1)
    truth, examined = np.array([0.5, 0.5, 0.5, 0.25]), 1 / np.arange(1.0, 5)
    rows = shown(rng, 40_000, truth, examined, share=0.0)
    fair = np.exp(attractiveness(rows, examined, 5))
    np.testing.assert_allclose(fair[:3] / fair[0], 1, atol=0.06)
    assert fair[3] / fair[0] == pytest.approx(0.5, abs=0.06)
    assert fair[4] == 1  # never shown: as good as any
    plain = np.exp(attractiveness(rows, np.ones(4), 5))
    assert plain[2] / plain[0] < 0.4


def test_no_click_says_little_where_nobody_looks():
    chance = np.linspace(0, 1, 11)
    no = np.zeros(11, bool)
    np.testing.assert_allclose(relevance_posterior(no, np.zeros(11), chance), chance)
    looked = relevance_posterior(no, np.ones(11), chance)
    np.testing.assert_allclose(looked[:-1], 0)
    assert (relevance_posterior(~no, np.zeros(11), chance) == 1).all()


def test_without_a_shuffled_click_positions_are_not_known():
    rows = shown(np.random.default_rng(0), 50, np.array([0.9, 0.1]), [1, 1], share=0)
    with pytest.raises(ValueError, match="No shuffled list was clicked"):
        examination(rows, 2)


def test_a_ranker_of_arrays_is_the_ranker():
    rng = np.random.default_rng(2)
    rows = shown(rng, 2000, np.array([0.8, 0.4, 0.2]), [1, 0.5, 0.3])
    alike = rng.uniform(0, 1, len(rows))
    ranker = ClickRanker(3).fit(alike, rows)
    again = ClickRanker.from_arrays(ranker.arrays())
    np.testing.assert_array_equal(
        ranker.score(alike, rows.item), again.score(alike, rows.item)
    )
    arrays = {**ranker.arrays(), "ranker_weights": np.zeros(4)}
    with pytest.raises(ValueError, match="not those of its features"):
        ClickRanker.from_arrays(arrays)


@pytest.mark.parametrize("prior", [0.5, 30.0])
def test_few_clicks_are_drawn_to_the_mean_by_the_prior(prior):
    rng = np.random.default_rng(2)
    rows = shown(rng, 2000, np.array([0.8, 0.4, 0.2]), [1, 0.5, 0.3])
    ranker = ClickRanker(4, prior=prior).fit(rng.uniform(0, 1, len(rows)), rows)
    looks = ranker.examination_[rows.position]
    for item in range(4):
        mine = rows.item == item
        expected = rows.clicked.sum() / looks.sum() * looks[mine].sum()
        appeal = np.log((rows.clicked[mine].sum() + prior) / (expected + prior))
        assert ranker.attractiveness_[item] == pytest.approx(appeal)


@pytest.fixture(scope="module")
def simulator():
    rng = np.random.default_rng(3)
    middles = rng.normal(size=(6, 12))
    labels, asked = rng.integers(0, 6, 900), rng.integers(0, 6, 400)
    vectors = unit(middles[labels] + rng.normal(size=(900, 12)))
    queries = unit(middles[asked] + rng.normal(size=(400, 12)))
    return ClickSimulator.of(vectors, labels, queries, asked)


def test_clicks_beat_similarity_only_if_positions_are_accounted_for(simulator):
    index = VectorIndex(simulator.vectors)
    found = evaluate(simulator, index, simulator.simulate(index, 20_000))
    gain = found.comparisons["corrected against similarity"]
    assert gain.difference.low > 0.1
    assert gain.p_value < 1e-3
    over = found.comparisons["corrected against not corrected"]
    assert over.difference.low > 0
    assert abs(found.position_learned["corrected"]) < 0.2
    assert found.position_learned["not corrected"] > 0.5
    np.testing.assert_allclose(found.examination, 1 / np.arange(1, 11), atol=0.06)


def test_too_short_a_month_cannot_tell_what_was_learned(simulator):
    index = VectorIndex(simulator.vectors)
    with pytest.raises(ValueError, match="Too few items were shown 100 times"):
        evaluate(simulator, index, simulator.simulate(index, 300))


# Maximal marginal relevance


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 9999), n=st.integers(1, 12), share=st.sampled_from([0, 0.5, 1])
)
def test_each_choice_is_the_best_of_its_definition(seed, n, share):
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 3, n) / 2
    vectors = np.eye(3)[rng.integers(0, 3, n)]  # many ties
    k = int(rng.integers(0, n + 1))
    chosen = diversified(scores, vectors, k, share).tolist()
    taken = []
    for place in chosen:
        values = {
            i: share * scores[i]
            - (1 - share) * max((vectors[i] @ vectors[j] for j in taken), default=0.0)
            for i in range(n)
            if i not in taken
        }
        best = max(values.values())
        assert place == min(i for i, v in values.items() if abs(v - best) < 1e-12)
        taken.append(place)
    assert len(chosen) == k


def test_diversity_out_of_range_is_refused():
    with pytest.raises(ValueError, match=r"relevance must be in \[0, 1\], got 2"):
        diversified(np.ones(2), np.eye(2), 1, 2)
    with pytest.raises(ValueError, match=r"k must be in \[0, 2\], got 3"):
        diversified(np.ones(2), np.eye(2), 3)
