"""Click models: likelihoods by enumeration, EM, recovery of what is known, refusals."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from lookalike.rank.chain_click_models import (
    CascadeModel,
    DynamicBayesianModel,
    SimplifiedDynamicBayesianModel,
)
from lookalike.rank.clicks import Impressions
from lookalike.rank.position_click_models import PositionBasedModel, UserBrowsingModel

N_ITEMS = 8
ATTRACTIVENESS = np.array([0.8, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.6])
SATISFACTION = np.array([0.9, 0.2, 0.5, 0.7, 0.4, 0.6, 0.5, 0.8])
EXAMINATION = np.array([1.0, 0.7, 0.4, 0.2])
CONTINUATION = 0.8


def of_lists(items, clicked):
    """Impressions of lists of equal length, both (n_lists, n_positions)."""
    n, k = items.shape
    position = np.tile(np.arange(k), n)
    query = np.repeat(np.arange(n), k)
    none = np.zeros(n * k, bool)
    return Impressions(query, items.ravel(), position, clicked.ravel() > 0, none)


def drawn_lists(n, rng, k=4):
    return rng.permuted(np.tile(np.arange(N_ITEMS), (n, 1)), axis=1)[:, :k]


def after_a_click(position, last):
    """Examination of the user browsing model: 1 at the top, less far from a click."""
    return 1.0 if position == 0 else 0.9 / (position - last)


# Users whose hidden choices are drawn one by one; they share nothing with the models.


def cascade_users(items, rng):
    clicked = np.zeros(items.shape, bool)
    for user, shown in enumerate(items):
        for position, item in enumerate(shown):
            if rng.random() < ATTRACTIVENESS[item]:
                clicked[user, position] = True
                break
    return clicked


def bayesian_users(items, rng, continuation=CONTINUATION):
    clicked = np.zeros(items.shape, bool)
    for user, shown in enumerate(items):
        for position, item in enumerate(shown):
            clicked[user, position] = rng.random() < ATTRACTIVENESS[item]
            satisfied = clicked[user, position] and rng.random() < SATISFACTION[item]
            if satisfied or rng.random() >= continuation:
                break
    return clicked


def position_users(items, rng):
    examined = rng.random(items.shape) < EXAMINATION[: items.shape[1]]
    return examined & (rng.random(items.shape) < ATTRACTIVENESS[items])


def browsing_users(items, rng):
    clicked = np.zeros(items.shape, bool)
    for user, shown in enumerate(items):
        last = -1
        for position, item in enumerate(shown):
            examined = rng.random() < after_a_click(position, last)
            if examined and rng.random() < ATTRACTIVENESS[item]:
                clicked[user, position], last = True, position
    return clicked


USERS = {
    PositionBasedModel: position_users,
    UserBrowsingModel: browsing_users,
    CascadeModel: cascade_users,
    DynamicBayesianModel: bayesian_users,
    SimplifiedDynamicBayesianModel: bayesian_users,
}
MODELS = list(USERS)
EM = [PositionBasedModel, UserBrowsingModel, DynamicBayesianModel]


@pytest.fixture(scope="module")
def logs():
    """A log of users of each kind."""
    rng = np.random.default_rng(0)
    items = drawn_lists(20_000, rng)
    return {kind: of_lists(items, users(items, rng)) for kind, users in USERS.items()}


@pytest.fixture(scope="module")
def learned(logs):
    return {kind: kind(N_ITEMS).fit(log) for kind, log in logs.items()}


# The likelihood by its definition: the sum over everything that is hidden


def enumerated(model, items, clicked):
    """Probability of the clicks on one list."""
    if isinstance(model, PositionBasedModel | UserBrowsingModel):
        return sum(
            cell_chance(model, items, clicked, examined)
            for examined in product((0, 1), repeat=len(items))
        )
    return sum(
        chain_chance(model, items, clicked, attracts, satisfies, goes_on)
        for attracts in product((0, 1), repeat=len(items))
        for satisfies in product((0, 1), repeat=len(items))
        for goes_on in product((0, 1), repeat=len(items))
    )


def either(chance, happens):
    return chance if happens else 1 - chance


def cell_chance(model, items, clicked, examined):
    chance, last = 1.0, -1
    for k, item in enumerate(items):
        looks = model.examination_[k]
        if isinstance(model, UserBrowsingModel):
            looks = looks[last + 1]
        chance *= either(looks, examined[k])
        attracts = model.attractiveness_[item] if examined[k] else 0.0
        chance *= either(attracts, clicked[k])
        last = k if clicked[k] else last
    return chance


def chain_chance(model, items, clicked, attracts, satisfies, goes_on):
    chance, examined = 1.0, True
    for k, item in enumerate(items):
        chance *= either(model.attractiveness_[item], attracts[k])
        chance *= either(model.satisfaction_[item], satisfies[k])
        chance *= either(model.continuation_, goes_on[k])
        if clicked[k] != (examined and attracts[k]):
            return 0.0
        stops = clicked[k] and satisfies[k]
        examined = examined and not stops and goes_on[k]
    return chance


PATTERNS = np.array(list(product((0, 1), repeat=4)))


@pytest.mark.parametrize("kind", MODELS)
def test_likelihood_is_the_sum_over_what_is_hidden(learned, kind):
    model, items = learned[kind], np.array([5, 0, 2, 7])
    shown = of_lists(np.tile(items, (16, 1)), PATTERNS)
    expected = np.array([enumerated(model, items, clicks) for clicks in PATTERNS])
    found = np.exp(model.log_likelihood(shown))
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert found.sum() == pytest.approx(1)
    before = model.click_probabilities(shown)[:4]
    np.testing.assert_allclose(before, expected @ PATTERNS, atol=1e-12)
    given = model.conditional_click_probabilities(shown).reshape(16, 4)
    for k in range(4):
        for pattern in range(16):
            same = (PATTERNS[:, :k] == PATTERNS[pattern, :k]).all(axis=1)
            if expected[same].sum() > 0:
                share = expected[same & (PATTERNS[:, k] == 1)].sum()
                chance = share / expected[same].sum()
                assert given[pattern, k] == pytest.approx(chance, abs=1e-12)


@pytest.mark.parametrize("kind", MODELS)
def test_simulated_clicks_have_the_probabilities_of_the_model(learned, kind):
    model, n = learned[kind], 40_000
    items = np.tile([5, 0, 2, 7], (n, 1))
    shown = of_lists(items, np.zeros((n, 4)))
    drawn = model.simulate(shown, np.random.default_rng(1))
    codes = drawn.clicked.reshape(n, 4) @ [8, 4, 2, 1]
    chances = np.exp(model.log_likelihood(of_lists(items[:16], PATTERNS)))
    shares = np.bincount(codes, minlength=16) / n
    np.testing.assert_allclose(shares, chances, atol=0.012)
    assert (shares[chances == 0] == 0).all()
    assert not shown.clicked.any()  # what was given is not written to


# EM


@pytest.mark.parametrize("kind", EM)
@pytest.mark.parametrize("prior", [0.0, 0.5, 20.0])
def test_no_round_lowers_the_objective(kind, prior):
    rng = np.random.default_rng(2)
    items = drawn_lists(60, rng)
    shown = of_lists(items, USERS[kind](items, rng))
    model = kind(N_ITEMS, prior=prior, max_iter=60, tol=0).fit(shown)
    assert len(model.objective_) > 10
    steps = np.diff(model.objective_)
    assert steps.min() > -1e-9
    assert steps[0] > 0
    if prior == 0:
        last = model.log_likelihood(shown).sum()
        assert model.objective_[-1] == pytest.approx(last)


def chances_of(model):
    """What a model has learned, array by array."""
    names = ("examination_", "attractiveness_", "satisfaction_")
    return {name: getattr(model, name) for name in names if hasattr(model, name)}


@pytest.mark.parametrize("kind", [*EM, CascadeModel])
def test_what_is_learned_is_a_maximum_of_the_likelihood(kind):
    rng = np.random.default_rng(3)
    items = drawn_lists(400, rng, k=3)
    shown = of_lists(items, USERS[kind](items, rng))
    more = {} if kind is CascadeModel else {"max_iter": 5000, "tol": 1e-12}
    model = kind(N_ITEMS, prior=0, **more).fit(shown)
    best = model.log_likelihood(shown).sum()
    tried = 0
    for values in chances_of(model).values():
        for at in np.argwhere((values > 0.01) & (values < 0.99)):
            kept = values[tuple(at)]
            for step in (-0.01, 0.01):
                values[tuple(at)] = kept + step
                assert model.log_likelihood(shown).sum() < best + 1e-4
                tried += 1
            values[tuple(at)] = kept
    assert tried > 10


# What is known is found again


def test_causes_of_clicks_are_recovered(learned):
    for kind in (*EM, CascadeModel):
        found = learned[kind].attractiveness_
        np.testing.assert_allclose(found, ATTRACTIVENESS, atol=0.04)
    positions = learned[PositionBasedModel]
    np.testing.assert_allclose(positions.examination_, EXAMINATION, atol=0.03)
    browsing = learned[UserBrowsingModel].examination_
    for k in range(4):
        for last in range(-1, k):
            known = after_a_click(k, last)
            assert browsing[k, last + 1] == pytest.approx(known, abs=0.06)
    assert np.isnan(browsing[np.triu_indices(4, 1)]).all()
    chain = learned[DynamicBayesianModel]
    assert chain.continuation_ == pytest.approx(CONTINUATION, abs=0.03)
    np.testing.assert_allclose(chain.satisfaction_, SATISFACTION, atol=0.08)
    relevance = ATTRACTIVENESS * SATISFACTION
    np.testing.assert_allclose(chain.relevance_, relevance, atol=0.06)


def test_a_given_continuation_is_kept_and_counts_come_near_it():
    rng = np.random.default_rng(4)
    items = drawn_lists(8_000, rng)
    shown = of_lists(items, bayesian_users(items, rng, continuation=1.0))
    model = DynamicBayesianModel(N_ITEMS, continuation=1.0).fit(shown)
    assert model.continuation_ == 1.0
    np.testing.assert_allclose(model.satisfaction_, SATISFACTION, atol=0.08)
    early = DynamicBayesianModel(N_ITEMS, continuation=0.5).fit(shown)
    assert early.continuation_ == 0.5
    assert early.objective_[-1] < model.objective_[-1]
    counted = SimplifiedDynamicBayesianModel(N_ITEMS).fit(shown)
    np.testing.assert_allclose(counted.attractiveness_, ATTRACTIVENESS, atol=0.08)
    assert (
        counted.satisfaction_ > model.satisfaction_
    ).mean() > 0.8  # as its notes say
    assert counted.objective_[0] < model.objective_[-1]
    relevance = counted.attractiveness_ * counted.satisfaction_
    np.testing.assert_array_equal(counted.relevance_, relevance)


def test_the_right_model_explains_best(logs, learned):
    rng = np.random.default_rng(5)
    items = drawn_lists(4_000, rng)
    for kind in (PositionBasedModel, DynamicBayesianModel, UserBrowsingModel):
        later = of_lists(items, USERS[kind](items, rng))
        other = (
            UserBrowsingModel if kind is DynamicBayesianModel else DynamicBayesianModel
        )
        wrong = other(N_ITEMS, max_iter=30).fit(logs[kind])
        best = learned[kind].log_likelihood(later).sum()
        assert best > wrong.log_likelihood(later).sum()
    one = CascadeModel(N_ITEMS).fit(logs[CascadeModel])
    likely = one.log_likelihood(logs[DynamicBayesianModel])
    many = logs[DynamicBayesianModel].clicked.reshape(-1, 4).sum(axis=1) > 1
    assert np.isneginf(likely[many]).all()
    assert np.isfinite(likely[~many]).all()


def test_perplexity_is_its_definition(learned, logs):
    model, shown = learned[UserBrowsingModel], logs[UserBrowsingModel]
    found = model.perplexity(shown)
    chance = model.click_probabilities(shown)
    for k in range(4):
        here = shown.position == k
        right = np.where(shown.clicked, chance, 1 - chance)[here]
        assert found[k] == pytest.approx(2 ** -np.log2(right).mean())
    assert (found > 1).all()
    assert (found < 2).all()


# Logs as they come


@pytest.mark.parametrize("kind", MODELS)
def test_lists_differ_in_length_and_rows_come_in_any_order(logs, kind):
    rng = np.random.default_rng(6)
    some = logs[kind].among(logs[kind].query < 500)
    sizes = rng.integers(1, 5, 500)
    cut = some.among(some.position < sizes[some.query])
    shuffle = rng.permutation(len(cut))
    mixed = cut.among(shuffle)
    mixed = replace(mixed, query=mixed.query * 7 - 100)  # numbers of lists have gaps
    plain, other = kind(N_ITEMS).fit(cut), kind(N_ITEMS).fit(mixed)
    np.testing.assert_allclose(other.attractiveness_, plain.attractiveness_)
    for name in ("click_probabilities", "conditional_click_probabilities"):
        chances = getattr(plain, name)(cut)
        np.testing.assert_allclose(getattr(other, name)(mixed), chances[shuffle])
    likely = plain.log_likelihood(cut)
    assert likely.shape == (500,)
    np.testing.assert_allclose(other.log_likelihood(mixed), likely)
    alone = plain.log_likelihood(cut.among(cut.query == 3))
    assert alone.shape == (1,)
    assert alone[0] == likely[3]


@pytest.mark.parametrize("kind", MODELS)
def test_few_looks_are_drawn_to_the_mean_and_none_are_the_mean(logs, kind):
    few = logs[kind].among(logs[kind].query < 200)
    free, drawn = (kind(N_ITEMS + 1, prior=prior).fit(few) for prior in (1e-3, 1e6))
    top = few.clicked[few.position == 0]
    mean = (top.sum() + 1) / (len(top) + 2)
    np.testing.assert_allclose(drawn.attractiveness_, mean, atol=1e-3)
    assert free.attractiveness_[-1] == pytest.approx(mean)  # never shown
    assert np.ptp(free.attractiveness_) > 0.4
    none = kind(N_ITEMS + 1, prior=0).fit(few)
    assert none.attractiveness_[-1] == pytest.approx(mean)


def one_list(**changed):
    items = np.array([[0, 1, 2], [2, 1, 0]])
    return replace(of_lists(items, np.array([[1, 0, 0], [1, 0, 1]])), **changed)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"item": np.array([0, 1, 3] * 2)}, r"items must be in \[0, 2\], got 0 to 3"),
        ({"item": np.array([0, 1, -1] * 2)}, r"got -1 to 1"),
        ({"clicked": np.zeros(6, bool)}, "Nothing was clicked in 2 lists"),
        ({"position": np.array([0, 1, 2, 0, 2, 3])}, r"each once, got 2 in list 1"),
        ({"position": np.array([1, 2, 3, 0, 1, 2])}, r"each once, got 1 in list 0"),
        ({"position": np.array([0, 0, 1, 0, 1, 2])}, r"got 0 in list 0"),
    ],
)
@pytest.mark.parametrize("kind", MODELS)
def test_what_is_no_log_of_lists_is_refused(kind, changed, sentence):
    with pytest.raises(ValueError, match=sentence):
        kind(3).fit(one_list(**changed))


def test_parameters_out_of_range_are_refused():
    shown = one_list()
    for kind in MODELS:
        with pytest.raises(ValueError, match="has not learned: call fit"):
            kind(3).log_likelihood(shown)
        with pytest.raises(ValueError, match="prior must be a number of at least 0"):
            kind(3, prior=-1).fit(shown)
        with pytest.raises(ValueError, match="n_items must be a whole number"):
            kind(0).fit(shown)
        with pytest.raises(ValueError, match="at least one list that was shown"):
            kind(3).fit(shown.among(np.zeros(6, bool)))
    for kind in EM:
        with pytest.raises(ValueError, match="max_iter must be a whole number"):
            kind(3, max_iter=0).fit(shown)
        with pytest.raises(ValueError, match="tol must be a number of at least 0"):
            kind(3, tol=-1).fit(shown)
    for wrong in (0, 1.1, "1"):
        with pytest.raises(ValueError, match=r"continuation must be in \(0, 1\]"):
            DynamicBayesianModel(3, continuation=wrong).fit(shown)


@pytest.mark.parametrize("kind", [PositionBasedModel, UserBrowsingModel])
def test_positions_that_share_no_item_cannot_be_told_apart(kind):
    items = np.array([[0, 1, 2, 3], [0, 1, 3, 2]])
    fixed = of_lists(items, np.ones((2, 4)))
    with pytest.raises(ValueError, match="never stood in the others: 1, 2, 3;"):
        kind(4).fit(fixed)
    items = np.array([[0, 1, 2, 3], [1, 0, 3, 2], [2, 1, 0, 3]])  # 3 by way of 2
    model = kind(4).fit(of_lists(items, np.ones((3, 4))))
    longer = of_lists(np.array([[0, 1, 2, 3, 0]]), np.ones((1, 5)))
    with pytest.raises(ValueError, match="lists of at most 4 items, as in fit, got 5"):
        model.click_probabilities(longer)
