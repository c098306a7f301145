"""What the manifest, and so the card, says of the posts that were learned from."""

from typing import Any

import numpy as np

from lookalike.datasets.posts import AUTHOR, LabelledPosts, Posts


def facts_of(data: Posts, with_parts: bool) -> dict[str, Any]:
    """Return how many posts there are, of which sets, kinds and further parts.

    with_parts : whether more than texts was learned from

    Examples
    --------
    >>> labels, two = np.array([[1.0], [0]]), ("x", "x")
    >>> posts = LabelledPosts(two, labels, two, two)
    >>> facts_of(Posts("toy", "", ("any",), posts, posts, posts), False)["kinds"]
    {'any': [1, 2]}
    """
    train = data.train
    positive = np.nansum(train.labels, axis=0).astype(int)
    labelled = np.isfinite(train.labels).sum(axis=0)
    names, counts = np.unique(train.sources, return_counts=True)
    return {
        "n_train": len(train),
        "n_held_out": len(data.validation),
        "sources": dict(zip(names.tolist(), counts.tolist(), strict=True)),
        "kinds": {
            kind: [int(n), int(of)]
            for kind, n, of in zip(data.kinds, positive, labelled, strict=True)
            if of
        },
        "parts": _parts_of(train) if with_parts else {},
    }


def _parts_of(posts: LabelledPosts) -> dict[str, int]:
    """How many posts have each further part."""
    known = np.isfinite(posts.all_signals)
    n = len(AUTHOR)
    return {
        "picture": sum(each is not None for each in posts.all_pictures),
        "author": int(known[:, :n].any(axis=1).sum()),
        "reactions": int(known[:, n:].any(axis=1).sum()),
    }
