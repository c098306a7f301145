"""Bandits: true propensities, late rewards, and less regret than an even share."""

import json

import numpy as np
import pytest

from lookalike.experiment import (
    KLUCB,
    UCB1,
    EpsilonGreedy,
    LinearThompson,
    LinUCB,
    ThompsonBeta,
    ThompsonGaussian,
)
from lookalike.experiment.best_arm import best_of_beta, best_of_normal

POLICIES = [EpsilonGreedy, UCB1, KLUCB, ThompsonBeta, ThompsonGaussian]


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.mark.parametrize("policy", POLICIES)
def test_decisions_have_the_shares_that_they_state(policy, rng):
    name = "epsilon" if policy is EpsilonGreedy else "exploration"
    bandit = policy(3, **{name: 0.3})
    bandit.update([0, 0, 1, 1, 2, 2], [0.0, 1.0, 1.0, 1.0, 0.0, 0.0])
    p = bandit.probabilities()
    assert p.sum() == pytest.approx(1.0)
    assert p.min() >= 0.1 - 1e-12
    for _ in range(10):
        decision = bandit.choose(rng)
        assert decision.propensity == pytest.approx(p[decision.arm])
    arms, propensities = bandit.choose_batch(10_000, rng)
    np.testing.assert_allclose(propensities, p[arms])
    shares = np.bincount(arms, minlength=3) / 10_000
    np.testing.assert_allclose(shares, p, atol=0.02)


@pytest.mark.parametrize("policy", POLICIES)
def test_rewards_may_come_late_and_in_any_order(policy, rng):
    arms, rewards = rng.integers(0, 4, 60), rng.integers(0, 2, 60).astype(float)
    now, later = policy(4), policy(4)
    for arm, reward in zip(arms, rewards, strict=True):
        now.update(arm, reward)
    order = rng.permutation(60)
    later.update(arms[order], rewards[order])
    np.testing.assert_allclose(now.probabilities(), later.probabilities())
    restored = policy(4)
    restored.restore(json.loads(json.dumps(later.state())))
    np.testing.assert_array_equal(restored.probabilities(), later.probabilities())


@pytest.mark.parametrize("policy", POLICIES)
def test_each_policy_regrets_less_than_an_even_share(policy, rng):
    means = np.array([0.2, 0.5, 0.3])
    bandit = policy(3)
    regret = 0.0
    for _ in range(800):
        arm = bandit.choose(rng).arm
        bandit.update(arm, float(rng.random() < means[arm]))
        regret += 0.5 - means[arm]
    # UCB1 explores by a bound that fits all rewards in [0, 1] and is wide.
    assert regret < (0.65 if policy is UCB1 else 0.4) * 800 * (0.5 - means.mean())


@pytest.mark.parametrize("policy", POLICIES)
def test_arms_that_nobody_knows_are_alike(policy):
    np.testing.assert_allclose(policy(4).probabilities(), 0.25, atol=1e-9)


def test_the_probability_of_being_best_is_that_of_draws(rng):
    a, b = np.array([3.0, 30, 200, 1]), np.array([90.0, 700, 5800, 40])
    draws = rng.beta(a, b, (400_000, 4)).argmax(axis=1)
    shares = np.bincount(draws, minlength=4) / 400_000
    np.testing.assert_allclose(best_of_beta(a, b), shares, atol=0.003)
    mean, spread = np.array([0.0, 0.1, 5.0, 4.0]), np.array([10.0, 0.01, 1.0, 2.0])
    draws = rng.normal(mean, spread, (400_000, 4)).argmax(axis=1)
    shares = np.bincount(draws, minlength=4) / 400_000
    np.testing.assert_allclose(best_of_normal(mean, spread), shares, atol=0.003)


def test_arms_that_are_surely_worse_get_nothing_and_no_nan():
    found = best_of_beta(np.array([1e6, 1.0]), np.array([1e6, 1e9]))
    np.testing.assert_allclose(found, [1, 0], atol=1e-9)
    found = best_of_normal(np.array([0.0, 1e3]), np.array([1e-6, 1e-6]))
    np.testing.assert_allclose(found, [0, 1], atol=1e-9)


def test_ucb1_is_its_formula():
    policy = UCB1(2)
    for second, best in ((0.6, 0), (0.7, 1)):
        policy = UCB1(2)
        policy.update([0] * 20 + [1] * 80, [0.3] * 20 + [second] * 80)
        bounds = [
            0.3 + np.sqrt(2 * np.log(100) / 20),
            second + np.sqrt(2 * np.log(100) / 80),
        ]
        assert np.argmax(bounds) == best
        assert policy.probabilities().argmax() == best


def test_the_kl_bound_solves_its_equation():
    policy = KLUCB(2)
    policy.update([0] * 50 + [1] * 150, [0.1] * 50 + [0.4] * 150)
    for p, q, n in zip([0.1, 0.4], policy.upper_bounds(), [50, 150], strict=True):
        distance = p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))
        assert n * distance == pytest.approx(np.log(200), rel=1e-6)
        assert q > p


def test_a_prior_of_rare_clicks_learns_faster():
    found = []
    for prior in ((1.0, 1.0), (1.0, 50.0)):
        policy = ThompsonBeta(2, prior)
        policy.update([0] * 100, [1.0] * 5 + [0.0] * 95)
        policy.update([1] * 20, [0.0] * 20)
        found.append(policy.probabilities()[0])
    assert found[1] > found[0] + 0.1


@pytest.mark.parametrize(
    ("arm", "reward", "message"),
    [
        (2, 0.5, "arms must be whole numbers from 0 to 1"),
        (-1, 0.5, "arms must be whole numbers from 0 to 1"),
        (0.5, 0.5, "arms must be whole numbers"),
        (0, 1.5, "rewards of ThompsonBeta must be from 0 to 1, got 1.5 to 1.5"),
        (0, np.nan, "rewards must be finite numbers"),
        ([0, 1], 0.5, "expected one reward an arm"),
    ],
)
def test_bad_rewards_are_refused_and_nothing_is_taken(arm, reward, message):
    policy = ThompsonBeta(2)
    with pytest.raises(ValueError, match=message):
        policy.update(arm, reward)
    assert not policy.counts.any()


def test_bad_policies_are_refused():
    with pytest.raises(ValueError, match="n_arms must be a whole number of at least 2"):
        UCB1(1)
    with pytest.raises(ValueError, match=r"exploration must be from 0 to 1, got 1.5"):
        UCB1(2, 1.5)
    with pytest.raises(ValueError, match="a of the prior must be a number above 0"):
        ThompsonBeta(2, (0, 1))
    with pytest.raises(ValueError, match="expected the state of 3 arms, got counts"):
        UCB1(3).restore(UCB1(2).state())


# With a context


@pytest.mark.parametrize("policy", [LinUCB, LinearThompson])
def test_a_linear_policy_learns_whom_an_arm_suits(policy, rng):
    bandit = policy(2, 2, 0.5)
    weights = np.array([[1.0, 0.0], [0.0, 1.0]])
    right = 0
    for n in range(600):
        context = rng.random(2)
        decision = bandit.choose(context, rng)
        assert 0 < decision.propensity <= 1
        reward = weights[decision.arm] @ context + 0.1 * rng.normal()
        bandit.update(decision.arm, context, reward)
        right += n >= 300 and decision.arm == np.argmax(weights @ context)
    assert right > 240
    again = policy(2, 2, 0.5)
    again.restore(json.loads(json.dumps(bandit.state())))
    np.testing.assert_array_equal(
        again.probabilities([0.2, 0.7]), bandit.probabilities([0.2, 0.7])
    )


def test_a_linear_estimate_is_that_of_ridge_regression(rng):
    policy = LinUCB(2, 3, ridge=2.0)
    x, y = rng.normal(size=(20, 3)), rng.normal(size=20)
    for row, target in zip(x, y, strict=True):
        policy.update(1, row, target)
    products = 2.0 * np.eye(3) + x.T @ x
    context = np.array([0.3, -1.0, 2.0])
    means, widths = policy.estimates(context)
    solved = np.linalg.solve(products, context)
    assert means[1] == pytest.approx(solved @ x.T @ y)
    assert widths[1] == pytest.approx(np.sqrt(context @ solved))
    assert widths[0] == pytest.approx(np.sqrt(context @ context / 2))


def test_linear_thompson_states_the_share_of_its_draws(rng):
    policy = LinearThompson(3, 2, noise=0.5)
    for _ in range(30):
        context = rng.normal(size=2)
        policy.update(int(rng.integers(3)), context, float(rng.normal()))
    context = np.array([0.5, -0.2])
    draws = []
    for arm in range(3):
        inverse = np.linalg.inv(policy.products[arm])
        mean = inverse @ policy.targets[arm]
        draws.append(rng.multivariate_normal(mean, 0.25 * inverse, 100_000) @ context)
    shares = np.bincount(np.argmax(draws, axis=0), minlength=3) / 100_000
    np.testing.assert_allclose(policy.probabilities(context), shares, atol=0.006)
    np.testing.assert_allclose(policy.probabilities([0.0, 0.0]), 1 / 3)


def test_bad_contexts_are_refused():
    policy = LinUCB(2, 2)
    with pytest.raises(ValueError, match="a context must be 2 finite numbers"):
        policy.update(0, [1.0], 1.0)
    with pytest.raises(ValueError, match="a context must be 2 finite numbers"):
        policy.probabilities([1.0, np.nan])
    with pytest.raises(ValueError, match="an arm must be a whole number from 0 to 1"):
        policy.update(2, [1.0, 1.0], 1.0)
    with pytest.raises(ValueError, match="a reward must be a finite number"):
        policy.update(0, [1.0, 1.0], np.inf)
    with pytest.raises(ValueError, match="expected the state of 2 arms and 2 features"):
        policy.restore(LinUCB(3, 2).state())
