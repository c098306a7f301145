"""What the score of a post loses without one of its parts: occlusion.

A word is left out, a region of the picture becomes the picture's mean colour, an author
or reactions become unknown. What is lost is said of each part by itself; parts that are
harmful together each lose what they do together, so that they do not add up.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from lookalike._typing import Array, Floats
from lookalike.datasets.posts import AUTHOR
from lookalike.systems.harmful.fused import FusedModel
from lookalike.systems.harmful.post import Post
from lookalike.systems.harmful.terms import TermEncoder

GRID = 4
"""Regions of a picture from top to bottom, and from left to right."""
MOST_WORDS = 100
"""That are left out in turn, the first of them."""


@dataclass(frozen=True)
class Lost:
    """What a score loses without a part."""

    what: str
    """"word", "region" or "part"."""
    name: str
    """The word, or where the region lies, or what of the post."""
    score: float


def occluded(
    model: FusedModel, encoder: TermEncoder, text: str, post: Post, kind: int
) -> list[Lost]:
    """Return what a kind's score loses without each part of a post.

    text : as the system reads it
    """
    pieces = text.split()
    tried: list[tuple[str, str, str, Array | None, Floats]] = []
    n = len(AUTHOR)
    for name in post.parts:
        counts = post.counts.copy()
        if name in ("author", "reactions"):
            counts[slice(0, n) if name == "author" else slice(n, None)] = np.nan
        tried.append(
            (
                "part",
                name,
                "" if name == "text" else text,
                None if name == "picture" else post.picture,
                counts,
            )
        )
    for at, piece in enumerate(pieces[:MOST_WORDS]):
        left = " ".join(pieces[:at] + pieces[at + 1 :])
        tried.append(("word", piece, left, post.picture, post.counts))
    if post.picture is not None:
        for name, picture in without_regions(post.picture):
            tried.append(("region", name, text, picture, post.counts))
    tried.append(("", "", text, post.picture, post.counts))
    scores = model.scores(
        encoder.transform([each[2] for each in tried]),
        [each[3] for each in tried],
        np.array([each[4] for each in tried]),
    )[:, kind]
    return [
        Lost(what, name, float(scores[-1] - score))
        for (what, name, *_), score in zip(tried[:-1], scores[:-1], strict=True)
    ]


def without_regions(picture: Array) -> list[tuple[str, Array]]:
    """Return a picture without each region of a grid, with where that lies.

    Examples
    --------
    >>> name, without = without_regions(np.eye(8, dtype=np.uint8) * 240)[0]
    >>> name, without[0, 0], without[7, 7]
    ('rows 1-2, columns 1-2', np.uint8(30), np.uint8(240))
    """
    height, width = picture.shape[:2]
    rows = np.unique(np.linspace(0, height, GRID + 1).astype(int)).tolist()
    columns = np.unique(np.linspace(0, width, GRID + 1).astype(int)).tolist()
    mean = picture.reshape(-1, *picture.shape[2:]).mean(axis=0).astype(np.uint8)
    found = []
    for top, bottom in pairwise(rows):
        for left, right in pairwise(columns):
            without = picture.copy()
            without[top:bottom, left:right] = mean
            where = f"rows {top + 1}-{bottom}, columns {left + 1}-{right}"
            found.append((where, without))
    return found
