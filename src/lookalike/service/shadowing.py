"""How the answers of two generations to the same request differ."""

from collections.abc import Sequence
from typing import Any

import numpy as np


def difference(shown: Sequence[Any], other: Sequence[Any]) -> dict[str, Any]:
    """Return how the lists of one request differ, averaged over its queries.

    Parameters
    ----------
    shown, other : sequences
        The answers that were shown and those that were not: lists of items with scores,
        or of answers that name something.

    Returns
    -------
    dict
        overlap : share of the things of either list that both have, in [0, 1]
        same_first : share of the queries whose first thing is the same
        score : mean absolute difference of scores of things that both have, None
            without any

    Examples
    --------
    >>> from lookalike.core.contracts import SearchAnswer
    >>> one = SearchAnswer(["a", "b"], [1.0, 0.5], [None] * 2)
    >>> two = SearchAnswer(["a", "c"], [0.8, 0.5], [None] * 2)
    >>> found = difference([one], [two])
    >>> found["overlap"], found["same_first"], round(found["score"], 2)
    (0.3333333333333333, 1.0, 0.2)
    """
    pairs = list(zip(map(_scores, shown), map(_scores, other), strict=False))
    overlaps, firsts, gaps = [], [], []
    for one, two in pairs:
        both = [name for name in one if name in two]
        either = len(one) + len(two) - len(both)
        overlaps.append(len(both) / either if either else 1.0)
        firsts.append(next(iter(one), None) == next(iter(two), None))
        gaps += [abs(one[name] - two[name]) for name in both]
    finite = [gap for gap in gaps if np.isfinite(gap)]
    return {
        "overlap": float(np.mean(overlaps)) if pairs else 1.0,
        "same_first": float(np.mean(firsts)) if pairs else 1.0,
        "score": float(np.mean(finite)) if finite else None,
    }


def _scores(answer: Any) -> dict[str, float]:
    """Things of one answer with their scores, best first."""
    if hasattr(answer, "ids"):
        return dict(zip(answer.ids, map(float, answer.scores), strict=True))
    found: dict[str, float] = {}
    for at, each in enumerate(answer):
        record = each.record()
        name = str(record.get("label", record.get("query", at)))
        score = record.get("probability", record.get("score", 0.0))
        found.setdefault(name, float(score or 0.0))
    return found
