"""One order of words, meaning and pixels.

A video's score is ``bm25 / best + a about + s seen``: its BM25 over title and
description as a share of the best of that query, the cosine of what both are about, and
how well its pixels fit the words. Each weight is 0 unless judged queries show that it
pays (``core.gated_weight``).

A part that a video does not have, such as the pixels of a file that cannot be decoded,
says nothing for or against it: it counts as the mean of the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from lookalike._typing import Array, Floats
from lookalike.core.gated_weight import Fusion, gated_weight


class Weights(NamedTuple):
    """What meaning and pixels count beside words."""

    about: float = 0.0
    seen: float = 0.0
    words: float = 1.0


WORDS_ALONE = Weights()
PIXELS_ALONE = Weights(0.0, 1.0, 0.0)
ABOUT_ALONE = Weights(1.0, 0.0, 0.0)


@dataclass(frozen=True)
class Parts:
    """What each part says of every video, (n_videos,) each.

    words : BM25 as a share of the best, 0 to 1
    about : cosine of what query and video are about
    seen : how well the pixels fit
    has_text, has_pixels : which videos have them
    """

    words: Floats
    about: Floats
    seen: Floats
    has_text: Array
    has_pixels: Array

    def weighted(self, weights: Weights) -> Floats:
        """Return what each part adds to each score, (3, n_videos)."""
        return np.stack(
            [
                weights.words * self.words,
                weights.about * _filled(self.about, self.has_text),
                weights.seen * _filled(self.seen, self.has_pixels),
            ]
        )

    def scores(self, weights: Weights) -> Floats:
        """Return the score of each video, (n_videos,)."""
        return np.asarray(self.weighted(weights).sum(axis=0))

    def with_seen(self, seen: Floats) -> "Parts":
        """Return the same with other scores of pixels."""
        return Parts(self.words, self.about, seen, self.has_text, self.has_pixels)

    def rank_of(self, right: int, weights: Weights) -> float:
        """Return the rank of a video, from 1; of ties the mean."""
        scores = self.scores(weights)
        above = int((scores > scores[right]).sum())
        equal = int((scores == scores[right]).sum()) - 1
        return 1.0 + above + equal / 2


def learn_weights(
    parts: Sequence[Parts], right: Sequence[int], tries_pixels: bool
) -> tuple[Weights, dict[str, Fusion]]:
    """Choose both weights on queries with one right video each.

    Returns the weights, and what showed that each pays, by its name.
    """

    def learned(name: str, beside: Weights) -> Fusion:
        def measured(weight: float) -> Floats:
            used = beside._replace(**{name: weight})
            ranks = [p.rank_of(r, used) for p, r in zip(parts, right, strict=True)]
            return 1.0 / np.array(ranks)

        return gated_weight(measured, len(parts))

    about = learned("about", WORDS_ALONE)
    weights = Weights(about=about.weight)
    told = {"about": about}
    if tries_pixels:
        told["seen"] = learned("seen", weights)
        weights = weights._replace(seen=told["seen"].weight)
    return weights, told


def document_of(told: dict[str, Fusion]) -> dict[str, Any]:
    """Return what was learned, ready for JSON."""
    return {name: each.document() for name, each in told.items()}


def _filled(part: Floats, has: Array) -> Floats:
    if has.all() or not has.any():
        return part
    return np.asarray(np.where(has, part, part[has].mean()))
