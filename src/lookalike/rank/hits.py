"""The answer of everything that finds or ranks things."""

from dataclasses import dataclass

from lookalike._typing import Array, Floats


@dataclass(frozen=True)
class Hits:
    """Answers to a batch of queries: best first, ties in the catalogue's order."""

    ids: Array  # (n_queries, k)
    scores: Floats  # (n_queries, k), higher is better
