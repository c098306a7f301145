"""A simulated month of clicks whose truth is known: what learning from it is worth.

Every item has an attractiveness that no pixel shows. Users examine position k with
chance 1 / k, and click on an item that they examine if it is of their query's class and
attractive. The service answers by similarity, and shows one list in ten in random
order. From the month's log two rankers learn: one that models the examination of
positions, and one that takes every position as examined. All three then rank new
queries, and the true chances judge the order.
"""

from dataclasses import dataclass

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.evaluate import Comparison, Estimate, bootstrap, ndcg_at_k, paired_test
from lookalike.rank.click_ranker import ClickRanker
from lookalike.rank.clicks import Impressions
from lookalike.search.vector_index import VectorIndex

SHOWN = 10
SHUFFLED = 0.1
CANDIDATES = 100


@dataclass(frozen=True)
class World:
    """A catalogue, people's queries, and what nobody but the judge knows."""

    vectors: Array
    labels: Ints
    queries: Array
    query_labels: Ints
    attractiveness: Floats
    """Chance that an item is clicked by who looks at it and wants its class."""

    @classmethod
    def of(
        cls,
        vectors: Array,
        labels: Ints,
        queries: Array,
        query_labels: Ints,
        random_state: int = 0,
    ) -> "World":
        """Draw the attractiveness of each item: a few are wanted by nearly everyone."""
        rng = np.random.default_rng(random_state)
        attractiveness = rng.beta(0.8, 2.0, len(vectors))
        return cls(vectors, labels, queries, query_labels, attractiveness)

    def chance(self, query: Ints, item: Ints) -> Floats:
        """How likely who looks at an item for a query clicks it."""
        wanted = self.query_labels[query] == self.labels[item]
        return self.attractiveness[item] * np.where(wanted, 1.0, 0.05)


@dataclass(frozen=True)
class Month:
    """What the service wrote down."""

    shown: Impressions
    similarity: Floats
    asked: Ints
    """Row of the query of each impression."""


@dataclass(frozen=True)
class Verdict:
    """What learning from a month was worth, on queries that were not asked in it."""

    ndcg: dict[str, Estimate]
    """Of the true chances, at 10, by ranker."""
    comparisons: dict[str, Comparison]
    position_learned: dict[str, float]
    """Slope of the log attractiveness that was learned over the log of how much an item
    was looked at, the true attractiveness held fixed: 0 has learned nothing of the
    position."""
    examination: Floats
    """What the shuffled answers say of each position; the truth is 1 / k."""
    n_impressions: int
    n_clicks: int


def simulate(
    world: World, index: VectorIndex, n_showings: int, random_state: int = 0
) -> Month:
    """Let people ask the first half of the queries for a month."""
    rng = np.random.default_rng(random_state)
    half = len(world.queries) // 2
    alike, near = index.nearest(world.queries[:half], SHOWN)
    who = rng.integers(0, half, n_showings)
    shuffled = rng.random(n_showings) < SHUFFLED
    order = np.tile(np.arange(SHOWN), (n_showings, 1))
    order[shuffled] = rng.permuted(order[shuffled], axis=1)
    items = np.take_along_axis(near[who], order, axis=1)
    similarity = np.take_along_axis(alike[who], order, axis=1)
    position = np.tile(np.arange(SHOWN), n_showings)
    asked = np.repeat(who, SHOWN)
    looked = rng.random(len(position)) < 1 / (1 + position)
    clicked = looked & (rng.random(len(position)) < world.chance(asked, items.ravel()))
    shown = Impressions(
        np.repeat(np.arange(n_showings), SHOWN),
        items.ravel(),
        position,
        clicked,
        np.repeat(shuffled, SHOWN),
    )
    return Month(shown, similarity.ravel(), asked)


def judge(world: World, index: VectorIndex, month: Month) -> Verdict:
    """Ask the second half of the queries, and compare with the truth."""
    n_items = len(world.vectors)
    rankers = {
        "corrected": ClickRanker(n_items).fit(month.similarity, month.shown),
        "not corrected": ClickRanker(n_items, corrected=False).fit(
            month.similarity, month.shown
        ),
    }
    fresh = np.arange(len(world.queries) // 2, len(world.queries))
    alike, near = index.nearest(world.queries[fresh], CANDIDATES)
    best = _best_chances(world, fresh)
    found = {"similarity": _ndcg(world, fresh, near, best)}
    for name, ranker in rankers.items():
        scores = ranker.score(alike.ravel(), near.ravel()).reshape(near.shape)
        order = np.argsort(-scores, axis=1, kind="stable")
        ordered = np.take_along_axis(near, order, axis=1)
        found[name] = _ndcg(world, fresh, ordered, best)
    return Verdict(
        {name: bootstrap(np.mean, values) for name, values in found.items()},
        {
            "corrected against similarity": paired_test(
                found["corrected"], found["similarity"]
            ),
            "corrected against not corrected": paired_test(
                found["corrected"], found["not corrected"]
            ),
            "not corrected against similarity": paired_test(
                found["not corrected"], found["similarity"]
            ),
        },
        {
            name: _slope(world, month.shown, r.attractiveness_)
            for name, r in rankers.items()
        },
        rankers["corrected"].examination_,
        len(month.shown),
        int(month.shown.clicked.sum()),
    )


def _best_chances(world: World, queries: Ints) -> Floats:
    """The ten highest chances that the whole catalogue holds for each query."""
    classes = np.unique(world.query_labels)
    best = {}
    for each in classes:
        chances = world.attractiveness * np.where(world.labels == each, 1.0, 0.05)
        best[each] = -np.sort(-chances)[:SHOWN]
    return np.stack([best[label] for label in world.query_labels[queries]])


def _ndcg(world: World, queries: Ints, near: Ints, best: Floats) -> Floats:
    top = near[:, :SHOWN]
    asked = np.repeat(queries, SHOWN)
    chances = world.chance(asked, top.ravel()).reshape(top.shape)
    return ndcg_at_k(chances, SHOWN, judged=best)


def _slope(world: World, shown: Impressions, learned: Floats) -> float:
    """How much of the position is in what was learned; see ``Verdict``."""
    counts = np.bincount(shown.item, minlength=len(learned))
    looks = np.bincount(shown.item, 1 / (1 + shown.position), len(learned))
    some = counts >= 100  # the rest is mostly prior
    if some.sum() < 10:
        raise ValueError("Too few items were shown 100 times to tell.")
    X = np.column_stack(
        [
            np.log(looks[some] / counts[some]),
            np.log(world.attractiveness[some] + 0.01),
            np.ones(some.sum()),
        ]
    )
    return float(np.linalg.lstsq(X, learned[some], rcond=None)[0][0])
