"""How much one ranking counts beside another: learned, and only if it pays.

A weight is the one with the highest mean quality on judged queries. It is 0 unless a
paired test shows a gain: adding rankings blindly makes many collections worse. For the
test each fifth of the queries is answered with the weight that the others teach, so
that a weight is not praised by the queries that chose it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lookalike._typing import Floats
from lookalike.evaluate import paired_test

WEIGHTS = (0.1, 0.2, 0.4, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
LEVEL = 0.05
"""Largest p-value of a gain that opens the gate."""
LEAST_QUERIES = 20
"""Judged queries; of fewer nothing is learned."""
N_FOLDS = 5


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


def gated_weight(measured: Callable[[float], Floats], n_queries: int) -> Fusion:
    """Choose the weight of a ranking on judged queries, and test whether it pays.

    measured : returns the quality of each query under a weight, (n_queries,)

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> words, noise = rng.random(60), rng.normal(size=60) / 50
    >>> gated_weight(lambda w: words + 0.1 * min(w, 2) + noise * (w > 0), 60).weight
    2.0
    >>> gated_weight(lambda w: words - 0.1 * w, 60).weight
    0.0
    """
    if n_queries < LEAST_QUERIES:
        return Fusion(n_queries=n_queries)
    without = measured(0.0)
    found = np.stack([measured(weight) for weight in WEIGHTS])
    fold = np.random.default_rng(0).permutation(n_queries) % N_FOLDS
    fair = np.empty(n_queries)
    for number in range(N_FOLDS):
        own = fold == number
        fair[own] = found[found[:, ~own].mean(axis=1).argmax(), own]
    test = paired_test(fair, without)
    tried, gain = WEIGHTS[found.mean(axis=1).argmax()], float(test.difference.value)
    pays = gain > 0 and test.p_value < LEVEL
    return Fusion(tried if pays else 0.0, tried, gain, float(test.p_value), n_queries)
