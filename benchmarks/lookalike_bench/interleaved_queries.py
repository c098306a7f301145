"""Queries that team draft and an A/B test need for the same decision."""

from collections.abc import Sequence

import numpy as np

from lookalike.experiment import (
    Arm,
    Moments,
    credit,
    ratio_arm,
    team_draft,
)
from lookalike_bench.arrays import Array, Floats, Ints
from lookalike_bench.bars import Row

SEED = 18
WIDTH = 1.959964
ALIKE, STRANGERS = "a change of a ranker", "rankers that share nothing"


def interleaving(n_users: int = 10_000, k: int = 10) -> list[Row]:
    """Queries for 80% power at 5% to tell the same two rankers apart.

    A query has 20 documents, each relevant with probability 0.2. A ranker orders them
    by relevance plus an error with the standard deviation 1, the second one with 1.1.
    Of the errors 0.9 is the same in both, as after a change of a ranker, or nothing is.

    Users have the queries and the tastes of ``users``. They look at position j with
    probability 1 / j, and click what is relevant with probability 0.9, else with 0.1,
    both times five times their taste, at most 1. Users are assigned, and users are the
    unit of both tests.
    """
    rows: list[Row] = []
    for name, shared in ((ALIKE, 0.9), (STRANGERS, 0.0)):
        rng = np.random.default_rng(SEED)
        asked = 1 + rng.poisson(rng.gamma(1.0, 4.0, n_users))
        user = np.repeat(np.arange(n_users), asked)
        taste = np.minimum(1.0, 5 * rng.beta(2.0, 8.0, n_users))[user]
        relevant = rng.random((len(user), 20)) < 0.2
        own = np.sqrt(np.array([1.0, 1.1]) ** 2 - shared**2)[:, None, None]
        scores = relevant + shared * rng.normal(size=relevant.shape)
        scores = scores + own * rng.normal(size=(2, *relevant.shape))
        orders = np.argsort(-scores, axis=2)[:, :, :k]
        chance = np.where(relevant, 0.9, 0.1) * taste[:, None]
        for method, row in both(orders, chance, user, rng).items():
            rows.append({"method": f"{method}: {name}", **row})
    return rows


def both(
    orders: Ints, chance: Floats, user: Ints, rng: np.random.Generator
) -> dict[str, Row]:
    """Queries that each method needs; orders (2, n_queries, k) are of two rankers."""
    _, n_queries, k = orders.shape
    looked = 1 / np.arange(1.0, k + 1)
    credits = np.empty(n_queries)
    for n in range(n_queries):
        shown = team_draft(orders[0, n].tolist(), orders[1, n].tolist(), k, rng)
        clicked = rng.random(k) < looked * chance[n, list(shown.items)]
        credits[n] = credit(shown, np.flatnonzero(clicked).tolist())
    drafted = by_user(credits, user)
    found = {"team draft": needed(drafted, [drafted], n_queries)}
    chances = [looked * np.take_along_axis(chance, order, axis=1) for order in orders]
    simulated = [outcomes(rng.random((n_queries, k)) < each) for each in chances]
    expected = [outcomes(each) for each in chances]
    for name in simulated[0]:
        arms = [by_user(each[name], user) for each in simulated]
        apart = by_user(expected[0][name] - expected[1][name], user)
        found[f"A/B of {name}"] = needed(apart, arms, n_queries)
    return found


def outcomes(clicks: Array) -> dict[str, Floats]:
    """What an A/B test may measure of a query: of clicks, or expected of their chances.

    clicks : (n_queries, k) of bool, or of probabilities of independent clicks
    """
    clicked = clicks.astype(np.float64)
    none_yet = np.cumprod(1 - clicked, axis=1)
    is_first = clicked * np.insert(none_yet, 0, 1.0, axis=1)[:, :-1]
    return {
        "clicks a query": clicked.sum(axis=1),
        "queries with a click": 1 - none_yet[:, -1],
        "the first click's reciprocal rank": is_first @ (1 / np.arange(1.0, 11.0)),
    }


def by_user(values: Array, user: Ints) -> Arm:
    """A mean over queries with the error of the users who asked them."""
    return ratio_arm(Moments.of(np.bincount(user, values), np.bincount(user)))


def needed(apart: Arm, arms: Sequence[Arm], n_queries: int) -> Row:
    """Queries of all arms together, and their Monte Carlo error."""
    error = float(np.sqrt(sum(arm.standard_error**2 for arm in arms)))
    queries = ((WIDTH + 0.8416) * error / apart.value) ** 2 * n_queries * len(arms)
    doubt = 2 * apart.standard_error / abs(apart.value)
    return {"queries": queries, "error": queries * doubt}
