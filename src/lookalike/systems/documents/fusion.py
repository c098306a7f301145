"""How much another ranking counts beside that of words: learned, and only if it pays.

A document's score is ``bm25 / best + w cos + v vote``: its BM25 as a share of the best
of that query, the cosine of what both are about, and the vote of similar queries for
which it was relevant. First w is learned, then v. A weight is the one with the highest
mean nDCG@10 on judged queries. It is 0 unless a paired test shows a gain: adding
rankings blindly makes many collections worse. For the test each fifth of the queries is
answered with the weight that the others teach, so that a weight is not praised by the
queries that chose it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from lookalike._typing import Floats
from lookalike.evaluate import evaluate_rankings, paired_test

K = 10
WEIGHTS = (0.1, 0.2, 0.4, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
LEVEL = 0.05
"""Largest p-value of a gain that opens the gate."""
LEAST_QUERIES = 20
"""Judged queries; of fewer nothing is learned."""
N_FOLDS = 5


class Weights(NamedTuple):
    """What other rankings count beside that of words."""

    about: float = 0.0
    judged: float = 0.0


WORDS_ALONE = Weights()


@dataclass(frozen=True)
class Candidates:
    """The documents that a query may find, with what each ranking says.

    rows : (n,), documents in their order
    words : (n,), BM25 as a share of the best, 0 to 1
    about : (n,), cosine of what query and document are about
    judged : (n,), votes of similar queries, 0 to 1
    """

    rows: Any
    words: Floats
    about: Floats
    judged: Floats

    def best(self, weights: Weights, k: int) -> tuple[Any, Floats]:
        """Return the rows and scores of the k best, the first of equal ones first."""
        scores = self.scores(weights)
        if weights.about == 0:
            scores = np.where(scores > 0, scores, -np.inf)
        order = np.argsort(-scores, kind="stable")[:k]
        order = order[np.isfinite(scores[order])]
        return self.rows[order], scores[order]

    def scores(self, weights: Weights) -> Floats:
        """Return the score of each, (n,)."""
        about, judged = weights.about * self.about, weights.judged * self.judged
        return np.asarray(self.words + about + judged, np.float64)


@dataclass(frozen=True)
class Fusion:
    """The weight of a ranking, and what showed that it pays.

    weight : 0 where the gate is shut
    tried : the weight with the highest mean, before the gate
    gain, p_value : in nDCG@10, of queries that did not teach the weight
    n_queries : how many those were
    """

    weight: float = 0.0
    tried: float = 0.0
    gain: float = 0.0
    p_value: float = 1.0
    n_queries: int = 0

    def document(self) -> dict[str, Any]:
        """Return the fields, ready for JSON."""
        return dict(vars(self))


def learn_fusion(
    candidates: Sequence[Candidates],
    grades: Sequence[Mapping[int, int]],
    ranking: Literal["about", "judged"] = "about",
    beside: Weights = WORDS_ALONE,
) -> Fusion:
    """Choose the weight of a ranking on judged queries, and test whether it pays.

    grades : of each query the rows that are relevant, and how much
    beside : what the others count; that of ``ranking`` is not looked at
    """
    n = len(candidates)
    if n < LEAST_QUERIES:
        return Fusion(n_queries=n)

    def measured(weight: float) -> Floats:
        return quality(candidates, grades, beside._replace(**{ranking: weight}))

    without = measured(0.0)
    found = np.stack([measured(weight) for weight in WEIGHTS])
    fold = np.random.default_rng(0).permutation(n) % N_FOLDS
    fair = np.empty(n)
    for number in range(N_FOLDS):
        own = fold == number
        fair[own] = found[found[:, ~own].mean(axis=1).argmax(), own]
    test = paired_test(fair, without)
    tried, gain = WEIGHTS[found.mean(axis=1).argmax()], float(test.difference.value)
    pays = gain > 0 and test.p_value < LEVEL
    return Fusion(tried if pays else 0.0, tried, gain, float(test.p_value), n)


def quality(
    candidates: Sequence[Candidates],
    grades: Sequence[Mapping[int, int]],
    weights: Weights,
) -> Floats:
    """Return nDCG@10 of each query, (n_queries,)."""
    rankings = [each.best(weights, K)[0].tolist() for each in candidates]
    return evaluate_rankings(rankings, grades, [f"ndcg@{K}"])[f"ndcg@{K}"]
