"""Losses of lists, beside their definitions and their differences."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.kernels import list_losses
from lookalike.kernels.list_losses import (
    LAMBDARANK,
    LISTMLE,
    LISTNET,
    RANKNET,
    SOFTMAX,
    XENDCG,
    list_gradients,
)

SEEDS = st.integers(0, 2**32 - 1)
SMOOTH = [RANKNET, LISTNET, LISTMLE, SOFTMAX]


def shares(s):
    return np.exp(s) / np.exp(s).sum()


def ranknet(s, y):
    pairs = [(i, j) for i, j in itertools.permutations(range(len(s)), 2) if y[i] > y[j]]
    return np.mean([np.log(1 + np.exp(s[j] - s[i])) for i, j in pairs])


def listnet(s, y):
    return -(shares(y) * np.log(shares(s))).sum()


def listmle(s, y):
    order = np.argsort(-y, kind="stable")
    drawn = (y > y.min()).sum()
    return -sum(np.log(shares(s[order[i:]])[0]) for i in range(drawn))


def softmax(s, y):
    return -(y * np.log(shares(s))).sum()


DEFINED = {RANKNET: ranknet, LISTNET: listnet, LISTMLE: listmle, SOFTMAX: softmax}


def derived(loss, s, y, draws=None, truncation=30):
    g, h = np.full(len(s), np.nan), np.full(len(s), np.nan)
    starts, one = np.array([0, len(s)]), np.ones(1)
    draws = s if draws is None else draws
    total = list_gradients(loss, s, y, draws, starts, one, 0, 1, truncation, g, h)
    return total, g, h


def a_list(seed, n_grades=4):
    rng = np.random.default_rng(seed)
    n = rng.integers(2, 9)
    s = rng.integers(-3, 4, n) / 2.0  # many ties
    y = rng.integers(0, n_grades, n).astype(float)
    y[0], y[1] = 0, n_grades - 1
    return s, y, rng


@settings(deadline=None, max_examples=40)
@given(SEEDS, st.sampled_from(SMOOTH))
def test_derivatives_are_those_of_the_definition(seed, loss):
    s, y, _ = a_list(seed)
    total, g, h = derived(loss, s, y)
    assert total == pytest.approx(DEFINED[loss](s, y), rel=1e-9)
    step = 1e-4
    for i in range(len(s)):
        move = step * (np.arange(len(s)) == i)
        up, down = DEFINED[loss](s + move, y), DEFINED[loss](s - move, y)
        assert g[i] == pytest.approx((up - down) / (2 * step), abs=1e-6)
        assert h[i] == pytest.approx((up + down - 2 * total) / step**2, abs=1e-4)


@settings(deadline=None, max_examples=20)
@given(SEEDS)
def test_gains_of_softmax_are_any_numbers_and_equal_ones_teach_too(seed):
    s, y, rng = a_list(seed)
    for gains in (rng.exponential(size=len(y)), np.full(len(y), 0.3)):
        total, g, h = derived(SOFTMAX, s, gains)
        chance = shares(s)
        assert total == pytest.approx(softmax(s, gains))
        np.testing.assert_allclose(g, gains.sum() * chance - gains, atol=1e-12)
        np.testing.assert_allclose(h, gains.sum() * chance * (1 - chance))
    total, g, h = derived(SOFTMAX, s, 0 * y)
    assert total == 0
    assert not g.any()
    assert not h.any()


def test_lists_drawn_by_plackett_and_luce_have_the_likelihood_of_listmle():
    s, y = np.array([0.3, -1.0, 0.8]), np.array([2.0, 1.0, 0.0])
    chances = [
        np.exp(-derived(LISTMLE, s[list(order)], y)[0])
        for order in itertools.permutations(range(3))
    ]
    assert sum(chances) == pytest.approx(1.0)


@settings(deadline=None, max_examples=40)
@given(SEEDS, st.integers(1, 5))
def test_lambdas_change_the_ndcg_of_pairs(seed, truncation):
    s, y, _ = a_list(seed)
    n, order = len(s), np.argsort(-s, kind="stable")
    place = np.argsort(order, kind="stable")
    gains, discounts = 2.0**y - 1, 1 / np.log2(np.arange(n) + 2)
    ideal = (np.sort(gains)[::-1] * discounts)[:truncation].sum()
    g, h, total = np.zeros(n), np.zeros(n), 0.0
    for i, j in itertools.permutations(range(n), 2):
        if y[i] <= y[j] or min(place[i], place[j]) >= truncation:
            continue
        swapped = abs(discounts[place[i]] - discounts[place[j]])
        change = (gains[i] - gains[j]) * swapped / ideal
        if len(np.unique(s)) > 1:
            change /= 0.01 + abs(s[i] - s[j])
        wrong = 1 / (1 + np.exp(s[i] - s[j]))
        g[i] -= wrong * change
        g[j] += wrong * change
        h[[i, j]] += wrong * (1 - wrong) * change
        total += 2 * wrong * change
    factor = np.log2(1 + total) / total if total else 1.0
    _, found, curved = derived(LAMBDARANK, s, y, truncation=truncation)
    np.testing.assert_allclose(found, g * factor, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(curved, h * factor, rtol=1e-9, atol=1e-12)


@settings(deadline=None, max_examples=40)
@given(SEEDS)
def test_the_loss_of_xendcg_is_a_cross_entropy_and_its_terms_add_up(seed):
    s, y, rng = a_list(seed)
    draws = rng.random(len(s))
    loss, g, h = derived(XENDCG, s, y, draws)
    share = 2.0**y - draws
    share /= share.sum()
    chance = shares(s)
    assert loss == pytest.approx(-(share * np.log(chance)).sum())
    first = chance - share
    odds = first / (1 - chance)
    second = chance * (odds.sum() - odds)
    odds = second / (1 - chance)
    np.testing.assert_allclose(g, first + second + chance * (odds.sum() - odds))
    np.testing.assert_allclose(h, chance * (1 - chance))


@pytest.mark.parametrize("loss", [*SMOOTH[:-1], XENDCG, LAMBDARANK])
def test_a_query_without_two_grades_teaches_nothing_and_others_are_weighed(loss):
    s = np.array([0.5, 0.5, -1.0, 1.0, 0.0])
    y = np.array([1.0, 1.0, 0.0, 2.0, 1.0])
    starts, weights = np.array([0, 2, 5]), np.array([7.0, 3.0])
    g, h = np.full(5, np.nan), np.full(5, np.nan)
    draws = np.linspace(0, 0.9, 5)
    total = list_gradients(loss, s, y, draws, starts, weights, 0, 2, 30, g, h)
    alone, gradients, hessians = derived(loss, s[2:], y[2:], draws[2:])
    assert (g[:2] == 0).all()
    assert (h[:2] == 0).all()
    np.testing.assert_allclose(g[2:], 3 * gradients)
    np.testing.assert_allclose(h[2:], 3 * hessians)
    assert total == pytest.approx(3 * alone)


@pytest.mark.parametrize("loss", [*SMOOTH, XENDCG, LAMBDARANK])
@pytest.mark.parametrize("far", [1e3, 1e300])
def test_scores_far_apart_have_finite_derivatives(loss, far):
    s, y = np.array([far, -far, 0.0]), np.array([0.0, 2.0, 1.0])
    _, g, h = derived(loss, s, y, np.full(3, 0.5))
    assert np.isfinite(g).all()
    assert np.isfinite(h).all()
    assert (h >= 0).all()


def test_every_loss_has_a_number_of_its_own():
    numbers = [getattr(list_losses, name) for name in ("RANKNET", "LISTNET", "LISTMLE")]
    assert len({*numbers, XENDCG, LAMBDARANK, SOFTMAX}) == 6
