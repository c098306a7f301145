"""The order of videos that answer: clicks count, and each near copy is shown once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lookalike._typing import Floats, Ints
from lookalike.rank.impressions import LearnedClicks


@dataclass(frozen=True)
class Ordered:
    """Videos that answer, best first.

    rows : (n,), of the catalogue
    scores : (n,), by which they stand: the similarity, or what clicks made of it
    similarity : (n,), without clicks
    copies : of each, how many near copies were found and are not shown
    """

    rows: Ints
    scores: Floats
    similarity: Floats
    copies: list[int]


def ordered(
    rows: Ints,
    similarity: Floats,
    groups: Ints,
    k: int,
    ids: Sequence[str],
    clicks: LearnedClicks | None = None,
) -> Ordered:
    """Return the k best of some videos, ties in the order of the catalogue.

    groups : (n_videos,), the first video that each is a near copy of
    ids : of all videos

    Examples
    --------
    >>> rows, similarity = np.array([0, 2, 1]), np.array([0.5, 0.9, 0.7])
    >>> found = ordered(rows, similarity, np.array([0, 1, 1]), 9, "abc")
    >>> found.rows, found.copies
    (array([2, 0]), [1, 0])
    """
    scores = similarity
    if clicks is not None and len(rows):
        scores = np.asarray(
            clicks.score(similarity, [ids[row] for row in rows.tolist()]), np.float64
        )
    kept: dict[int, int] = {}
    copies: dict[int, int] = {}
    for at in np.lexsort((rows, -scores)).tolist():
        group = int(groups[rows[at]])
        if group in kept:
            copies[group] += 1
        elif len(kept) < k:
            kept[group], copies[group] = at, 0
    chosen = np.array(list(kept.values()), np.int64)
    return Ordered(
        rows[chosen], scores[chosen], similarity[chosen], list(copies.values())
    )
