"""A simulated month of clicks whose truth is known: what learning from it is worth.

Every item has an attractiveness that no pixel shows. Users examine position k with
chance 1 / k, and click on an item that they examine if it is of their query's class and
attractive. The service answers by similarity, and shows one list in ten in random
order. From the month's log two rankers learn: one that models the examination of
positions, and one that takes every position as examined. All three then rank new
queries, and the true probabilities of a click evaluate the order.
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
class ClickSimulator:
    """A catalogue, users' queries, and the true attractiveness of every item."""

    vectors: Array
    labels: Ints
    queries: Array
    query_labels: Ints
    attractiveness: Floats
    """Probability that an examined item of the query's class is clicked."""

    @classmethod
    def of(
        cls,
        vectors: Array,
        labels: Ints,
        queries: Array,
        query_labels: Ints,
        random_state: int = 0,
    ) -> "ClickSimulator":
        """Draw the attractiveness of each item: that of a few is near 1."""
        rng = np.random.default_rng(random_state)
        attractiveness = rng.beta(0.8, 2.0, len(vectors))
        return cls(vectors, labels, queries, query_labels, attractiveness)

    def click_probability(self, query: Ints, item: Ints) -> Floats:
        """Return how likely an item is clicked, if it is examined."""
        relevant = self.query_labels[query] == self.labels[item]
        return self.attractiveness[item] * np.where(relevant, 1.0, 0.05)

    def simulate(
        self, index: VectorIndex, n_showings: int, random_state: int = 0
    ) -> "SimulatedLog":
        """Let users send the first half of the queries for a month."""
        rng = np.random.default_rng(random_state)
        half = len(self.queries) // 2
        alike, near = index.nearest(self.queries[:half], SHOWN)
        sent = rng.integers(0, half, n_showings)
        shuffled = rng.random(n_showings) < SHUFFLED
        order = np.tile(np.arange(SHOWN), (n_showings, 1))
        order[shuffled] = rng.permuted(order[shuffled], axis=1)
        items = np.take_along_axis(near[sent], order, axis=1)
        similarity = np.take_along_axis(alike[sent], order, axis=1)
        position = np.tile(np.arange(SHOWN), n_showings)
        query = np.repeat(sent, SHOWN)
        examined = rng.random(len(position)) < 1 / (1 + position)
        chance = self.click_probability(query, items.ravel())
        clicked = examined & (rng.random(len(position)) < chance)
        shown = Impressions(
            np.repeat(np.arange(n_showings), SHOWN),
            items.ravel(),
            position,
            clicked,
            np.repeat(shuffled, SHOWN),
        )
        return SimulatedLog(shown, similarity.ravel())


@dataclass(frozen=True)
class SimulatedLog:
    """What the service wrote down."""

    shown: Impressions
    similarity: Floats
    """Of each impression to its query."""


@dataclass(frozen=True)
class ExperimentResult:
    """What learning from a log is worth, on queries that are not in it."""

    ndcg: dict[str, Estimate]
    """Of the true click probabilities, at 10, by ranker."""
    comparisons: dict[str, Comparison]
    position_learned: dict[str, float]
    """Slope of the log attractiveness that was learned over the log of how often an
    item was examined, the true attractiveness held fixed: 0 has learned nothing of the
    position."""
    examination: Floats
    """Of each position, estimated on the shuffled answers; the truth is 1 / k."""
    n_impressions: int
    n_clicks: int


def evaluate(
    simulator: ClickSimulator, index: VectorIndex, log: SimulatedLog
) -> ExperimentResult:
    """Rank for the second half of the queries, and compare with the truth."""
    n_items = len(simulator.vectors)
    rankers = {
        "corrected": ClickRanker(n_items).fit(log.similarity, log.shown),
        "not corrected": ClickRanker(n_items, corrected=False).fit(
            log.similarity, log.shown
        ),
    }
    fresh = np.arange(len(simulator.queries) // 2, len(simulator.queries))
    alike, near = index.nearest(simulator.queries[fresh], CANDIDATES)
    best = _best_probabilities(simulator, fresh)
    found = {"similarity": _ndcg(simulator, fresh, near, best)}
    for name, ranker in rankers.items():
        scores = ranker.score(alike.ravel(), near.ravel()).reshape(near.shape)
        order = np.argsort(-scores, axis=1, kind="stable")
        ordered = np.take_along_axis(near, order, axis=1)
        found[name] = _ndcg(simulator, fresh, ordered, best)
    return ExperimentResult(
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
            name: _slope(simulator, log.shown, r.attractiveness_)
            for name, r in rankers.items()
        },
        rankers["corrected"].examination_,
        len(log.shown),
        int(log.shown.clicked.sum()),
    )


def _best_probabilities(simulator: ClickSimulator, queries: Ints) -> Floats:
    """The ten highest click probabilities of the whole catalogue for each query."""
    classes = np.unique(simulator.query_labels)
    best = {}
    for each in classes:
        chances = simulator.attractiveness * np.where(
            simulator.labels == each, 1.0, 0.05
        )
        best[each] = -np.sort(-chances)[:SHOWN]
    return np.stack([best[label] for label in simulator.query_labels[queries]])


def _ndcg(simulator: ClickSimulator, queries: Ints, near: Ints, best: Floats) -> Floats:
    top = near[:, :SHOWN]
    query = np.repeat(queries, SHOWN)
    probability = simulator.click_probability(query, top.ravel())
    return ndcg_at_k(probability.reshape(top.shape), SHOWN, judged=best)


def _slope(simulator: ClickSimulator, shown: Impressions, learned: Floats) -> float:
    """How much of the position is in what was learned; see ``ExperimentResult``."""
    counts = np.bincount(shown.item, minlength=len(learned))
    examined = np.bincount(shown.item, 1 / (1 + shown.position), len(learned))
    some = counts >= 100  # the rest is mostly prior
    if some.sum() < 10:
        raise ValueError("Too few items were shown 100 times to tell.")
    X = np.column_stack(
        [
            np.log(examined[some] / counts[some]),
            np.log(simulator.attractiveness[some] + 0.01),
            np.ones(some.sum()),
        ]
    )
    return float(np.linalg.lstsq(X, learned[some], rcond=None)[0][0])
