"""Regret of bandits on real tests, over that of an even share.

The prior of Thompson sampling, and how long an A/B test explores, are chosen on other
tests than those that are reported.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from numba import njit

from lookalike.datasets import HeadlineTests, load_upworthy
from lookalike.experiment import (
    KLUCB,
    UCB1,
    Bandit,
    EpsilonGreedy,
    ThompsonBeta,
)
from lookalike_bench.arrays import Floats
from lookalike_bench.bars import Row
from lookalike_bench.runner import ProgressCallback

SEED = 18
BATCH = 500


def bandits(report: ProgressCallback, n_tests: int = 200) -> list[Row]:
    """Regret on real rates of clicks, each test as long as it really was."""
    data = load_upworthy()
    sound = [
        rows
        for rows in data.tests()
        if not data.is_faulty[rows.start] and rows.stop - rows.start > 1
    ]
    rng = np.random.default_rng(SEED)
    order = rng.permutation(len(sound))
    chosen = [sound[n] for n in order[:n_tests]]
    others = [sound[n] for n in order[n_tests : 2 * n_tests]]
    prior = prior_of(data, others)
    explored = min(
        (0.1, 0.2, 0.3, 0.4, 0.5),
        key=lambda part: regret(data, others, partial(leader, part))[0],
    )

    def even(rates: Floats, n: int, seed: int) -> Floats:
        return np.full(len(rates), n / len(rates))

    def library(make: Callable[[int], Bandit]) -> Policy:
        return partial(in_batches, make)

    policies: dict[str, Policy] = {
        "an even share": even,
        "thompson, prior of others": partial(thompson, prior),
        "thompson, even prior": partial(thompson, (1.0, 1.0)),
        "thompson in batches": library(lambda n: ThompsonBeta(n, prior)),
        f"A/B of {explored:.0%}, then the leader": partial(leader, explored),
        "epsilon-greedy in batches": library(lambda n: EpsilonGreedy(n, 0.1)),
        "UCB1 in batches": library(UCB1),
        "KL-UCB in batches": library(KLUCB),
    }
    rows: list[Row] = []
    for done, (name, policy) in enumerate(policies.items()):
        report(name, done / len(policies))
        value, error = regret(data, chosen, policy)
        rows.append({"method": name, "regret": value, "error": error})
    return rows


Policy = Callable[[Floats, int, int], Floats]
"""From the true rates, the number of visitors and a seed to visitors of each arm."""


def regret(
    data: HeadlineTests, tests: list[slice], policy: Policy
) -> tuple[float, float]:
    """Clicks lost over those that an even share loses, all tests together."""
    lost, even = np.empty((2, len(tests)))
    for n, rows in enumerate(tests):
        rates = data.clicks[rows] / data.impressions[rows]
        visitors = int(data.impressions[rows].sum())
        below = rates.max() - rates
        lost[n] = policy(rates, visitors, SEED + n) @ below
        even[n] = visitors * below.mean()
    value = lost.sum() / even.sum()
    error = np.sqrt(((lost - value * even) ** 2).sum()) / even.sum()
    return float(value), float(error)


def prior_of(data: HeadlineTests, tests: list[slice]) -> tuple[float, float]:
    """Beta(a, b) with the mean and variance of the rates of other tests."""
    rates = np.concatenate([data.clicks[r] / data.impressions[r] for r in tests])
    mean, variance = rates.mean(), rates.var()
    total = mean * (1 - mean) / variance - 1
    return float(mean * total), float((1 - mean) * total)


def thompson(
    prior: tuple[float, float], rates: Floats, visitors: int, seed: int
) -> Floats:
    """Thompson sampling visitor by visitor: a draw of each arm, the greatest wins.

    That chooses each arm with the probability that ``ThompsonBeta`` integrates.
    """
    return _thompson(*prior, rates, visitors, seed)


@njit(cache=True)
def _thompson(a, b, rates, visitors, seed):  # type: ignore[no-untyped-def]
    np.random.seed(seed)  # noqa: NPY002  # Numba's only generator
    n = np.zeros(len(rates))
    clicks = np.zeros(len(rates))
    for _ in range(visitors):
        best, most = 0, -1.0
        for arm in range(len(rates)):
            drawn = np.random.beta(a + clicks[arm], b + n[arm] - clicks[arm])  # noqa: NPY002
            if drawn > most:
                best, most = arm, drawn
        n[best] += 1
        clicks[best] += np.random.random() < rates[best]  # noqa: NPY002
    return n


def in_batches(
    make: Callable[[int], Bandit], rates: Floats, visitors: int, seed: int
) -> Floats:
    """A policy of the library, which learns after each ``BATCH`` visitors."""
    rng = np.random.default_rng(seed)
    policy = make(len(rates))
    for begun in range(0, visitors, BATCH):
        arms, _ = policy.choose_batch(min(BATCH, visitors - begun), rng)
        policy.update(arms, (rng.random(len(arms)) < rates[arms]).astype(np.float64))
    return policy.counts


def leader(part: float, rates: Floats, visitors: int, seed: int) -> Floats:
    """An A/B test of a part of the visitors; all others see who leads."""
    rng = np.random.default_rng(seed)
    each = int(part * visitors / len(rates))
    clicks = rng.binomial(each, rates)
    n = np.full(len(rates), float(each))
    n[int(np.argmax(clicks))] += visitors - n.sum()
    return n
