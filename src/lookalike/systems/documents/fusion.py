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
from lookalike.core.gated_weight import Fusion, gated_weight
from lookalike.evaluate import evaluate_rankings

K = 10


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

    def measured(weight: float) -> Floats:
        return quality(candidates, grades, beside._replace(**{ranking: weight}))

    return gated_weight(measured, n)


def quality(
    candidates: Sequence[Candidates],
    grades: Sequence[Mapping[int, int]],
    weights: Weights,
) -> Floats:
    """Return nDCG@10 of each query, (n_queries,)."""
    rankings = [each.best(weights, K)[0].tolist() for each in candidates]
    return evaluate_rankings(rankings, grades, [f"ndcg@{K}"])[f"ndcg@{K}"]
