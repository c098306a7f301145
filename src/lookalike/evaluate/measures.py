"""Measures of rankings by name, such as ``"ndcg@10"``, for rankings with judgments.

A name is a measure of ``MEASURES``, and a cut: only the first k answers of each query
count. Without a cut the whole ranking does. A measure is added to that table alone.

The names are those of `ranx`, whose interface this follows [1]_.

References
----------
.. [1] Bassani (2022). "ranx: a blazing-fast Python library for ranking evaluation and
   comparison". ECIR 2022.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from lookalike._typing import Floats, Ints
from lookalike.evaluate._shared import ratio
from lookalike.evaluate.ranking import (
    average_precision,
    ndcg_at_k,
    precision_at_k,
    recall_at_k,
    reciprocal_rank,
)


class _Judged(NamedTuple):
    relevance: Floats  # (n_queries, k), grades of the answers that count
    judged: Floats  # (n_queries, n_judged), all grades of each query, padded with 0
    n_relevant: Ints  # (n_queries,), grades above 0


def _precision(lists: _Judged, k: int) -> Floats:
    return precision_at_k(lists.relevance, k)


def _recall(lists: _Judged, k: int) -> Floats:
    return recall_at_k(lists.relevance, k, lists.n_relevant)


def _f1(lists: _Judged, k: int) -> Floats:
    precision, recall = _precision(lists, k), _recall(lists, k)
    return ratio(np.asarray(2 * precision * recall), np.asarray(precision + recall))


def _hit_rate(lists: _Judged, k: int) -> Floats:
    return np.asarray((lists.relevance[:, :k] > 0).any(axis=1), np.float64)


def _mrr(lists: _Judged, k: int) -> Floats:
    return reciprocal_rank(lists.relevance, k)


def _map(lists: _Judged, k: int) -> Floats:
    return average_precision(lists.relevance[:, :k], lists.n_relevant)


def _ndcg(lists: _Judged, k: int) -> Floats:
    return ndcg_at_k(lists.relevance, k, judged=lists.judged)


def _ndcg_burges(lists: _Judged, k: int) -> Floats:
    return ndcg_at_k(lists.relevance, k, judged=lists.judged, gain="exponential")


MEASURES: dict[str, Callable[[_Judged, int], Floats]] = {
    "precision": _precision,
    "recall": _recall,
    "f1": _f1,
    "hit_rate": _hit_rate,
    "mrr": _mrr,
    "map": _map,
    "ndcg": _ndcg,
    "ndcg_burges": _ndcg_burges,
}
"""What can be measured; ``ndcg_burges`` has the gain 2**grade - 1."""


def evaluate_rankings(
    rankings: Sequence[Sequence[Hashable]],
    judgments: Sequence[Mapping[Any, float]],
    measures: Sequence[str] = ("ndcg@10", "mrr", "recall@100"),
) -> dict[str, Floats]:
    """Return each measure of each query's ranking, an array (n_queries,) for each.

    Parameters
    ----------
    rankings : sequence of n_queries sequences
        Identifiers of the answers to each query, best first, none twice.
    judgments : sequence of n_queries mappings
        Grade of each judged item of a query; one that is not named, or has 0, is
        irrelevant. A query without relevant items scores 0.
    measures : sequence of str
        A name of ``MEASURES``, with or without a cut: ``"map"``, ``"ndcg@10"``. A
        ranking that is shorter than the cut has irrelevant answers in the rest.

    Raises
    ------
    ValueError
        If there is no such measure, a cut is no whole number from 1, a ranking names
        an item twice, a grade is negative or not finite, or there is not one mapping
        for each ranking.

    Examples
    --------
    >>> found = evaluate_rankings(
    ...     [["b", "a", "c"], ["a"]], [{"a": 2, "b": 1}, {"c": 1}], ["ndcg@2", "mrr"]
    ... )
    >>> found["ndcg@2"], found["mrr"]
    (array([0.86, 0. ]), array([1., 0.]))
    """
    if len(rankings) != len(judgments):
        raise ValueError(
            f"Every ranking needs its judgments, got {len(rankings)} rankings and "
            f"{len(judgments)} mappings."
        )
    for at, ranking in enumerate(rankings):
        if len(set(ranking)) < len(ranking):
            raise ValueError(f"Ranking {at} names an item twice.")
    cuts = {name: _parsed(name) for name in measures}
    if not len(rankings):
        return {name: np.empty(0) for name in cuts}
    longest = max(map(len, rankings), default=0)
    depth = max([longest, 1, *(k for _, k in cuts.values() if k is not None)])
    n_judged = max(map(len, judgments), default=0)
    relevance = np.zeros((len(rankings), depth))
    judged = np.zeros((len(rankings), max(n_judged, 1)))
    for at, (ranking, grades) in enumerate(zip(rankings, judgments, strict=True)):
        relevance[at, : len(ranking)] = [grades.get(item, 0) for item in ranking]
        judged[at, : len(grades)] = list(grades.values())
    if not (np.isfinite(judged).all() and (judged >= 0).all()):
        raise ValueError("Grades must be finite and at least 0.")
    lists = _Judged(relevance, judged, (judged > 0).sum(axis=1))
    return {
        name: MEASURES[measure](lists, depth if k is None else k)
        for name, (measure, k) in cuts.items()
    }


def _parsed(name: str) -> tuple[str, int | None]:
    measure, at, cut = name.partition("@")
    if measure not in MEASURES:
        raise ValueError(
            f"There is no measure {measure!r}; there are {', '.join(MEASURES)}."
        )
    if not at:
        return measure, None
    if not cut.isdecimal() or int(cut) < 1:
        raise ValueError(f"A cut is a whole number from 1, got {name!r}.")
    return measure, int(cut)
