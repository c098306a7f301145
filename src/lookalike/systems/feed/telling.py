"""What is told of a list: the heads that add most to each post, and its source."""

from collections.abc import Mapping
from typing import Any

from lookalike._typing import Array
from lookalike.datasets.feed_log import DWELL, FeedLog
from lookalike.systems.feed.candidates import REASONS
from lookalike.systems.feed.ranked import Ranked

N_TOLD = 3
"""Heads of a post that are named."""


def reasons_of(
    found: Ranked, log: FeedLog, weights: Mapping[str, float], boosted: Array
) -> list[str]:
    """Return a sentence a post: who wrote it, why it is here, and what it is worth.

    boosted : bool (n_authors,), new authors whose value was raised
    """
    posts, reasons = log.posts, []
    author = posts.author[found.posts]
    rows = zip(
        *(found.expected, found.value, found.scores, found.source.tolist()),
        log.authors[author].tolist(),
        log.topics[posts.topic[found.posts]].tolist(),
        boosted[author].tolist(),
        strict=True,
    )
    for expected, value, score, source, name, topic, is_new in rows:
        why = REASONS[source] if source >= 0 else "asked for"
        told = (
            f"{name} on {topic}, {why}; worth {value:.3f}: {_most(expected, weights)}"
        )
        if is_new:
            told += "; a new author"
        if value > 0 and score < 0.999 * value:
            told += f"; counts {score / value:.0%} behind others of author and topic"
        reasons.append(told)
    return reasons


def heads_of(expected: Array, weights: Mapping[str, float]) -> list[dict[str, Any]]:
    """Return what each head expects of a post, its weight, and what it adds."""
    return [
        {"head": name, "expected": p, "weight": w, "adds": w * p}
        for (name, w), p in zip(weights.items(), expected.tolist(), strict=True)
    ]


def _most(expected: Array, weights: Mapping[str, float]) -> str:
    """The heads that add most, with their weights."""
    heads = sorted(heads_of(expected, weights), key=lambda each: -abs(each["adds"]))
    return ", ".join(
        _part(each["head"], each["expected"], each["weight"])
        for each in heads[:N_TOLD]
        if each["adds"]
    )


def _part(name: str, expected: float, weight: float) -> str:
    shown = f"{expected:.2f}" if name == DWELL else f"{expected:.1%}"
    return f"{name} {shown} x {weight:g}"
