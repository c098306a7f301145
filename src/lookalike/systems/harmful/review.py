"""The queue for people: who looks at what first, and what their decisions teach."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lookalike._typing import Ints
from lookalike.datasets.posts import LabelledPosts
from lookalike.systems.harmful.actions import Costs, value_of_look


@dataclass(frozen=True)
class Decision:
    """What a person decided of one post, in the queue or on an appeal."""

    text: str
    language: str
    kinds: tuple[str, ...]
    """Kinds of harm that are in it, none of a harmless post."""


def review_order(probability: ArrayLike, costs: Costs, views: ArrayLike = 1.0) -> Ints:
    """Return posts worth a look, the most valuable look first.

    Examples
    --------
    The third post is less doubtful than the second, and seen ten times as often; a look
    at the first costs more than it saves.

    >>> review_order([0.02, 0.8, 0.3], Costs(), [1, 1, 10])
    array([2, 1])
    """
    value = value_of_look(probability, costs, views)
    order = np.argsort(-value, kind="stable")
    return order[value[order] > 0]


def worth_of_an_hour(
    probability: ArrayLike,
    costs: Costs,
    views: ArrayLike = 1.0,
    seconds: float = 30.0,
) -> float:
    """Return what an hour of reviewing saves, in looks, the best posts first.

    seconds : that a look takes

    Examples
    --------
    >>> round(worth_of_an_hour([0.9] * 200, Costs(), seconds=30), 1)  # 120 looks
    58.8
    """
    value = value_of_look(probability, costs, views)
    value = np.broadcast_to(value, np.shape(probability))
    order = review_order(probability, costs, views)
    return float(value[order[: int(3600 // seconds)]].sum())


def as_labels(decisions: Sequence[Decision], kinds: Sequence[str]) -> LabelledPosts:
    """Return what people decided as labels to learn from, every kind known.

    Examples
    --------
    >>> decided = as_labels([Decision("a text", "en", ("insult",))], ("any", "insult"))
    >>> decided.labels
    array([[1., 1.]])
    """
    labels = np.zeros((len(decisions), len(kinds)))
    for row, decision in enumerate(decisions):
        for kind in decision.kinds:
            if kind not in kinds:
                raise ValueError(
                    f"A kind must be one of {', '.join(kinds)}, got {kind!r}."
                )
            labels[row, list(kinds).index(kind)] = 1
    labels[:, 0] = labels.any(axis=1)
    return LabelledPosts(
        tuple(each.text for each in decisions),
        labels,
        tuple(each.language for each in decisions),
        ("people",) * len(decisions),
    )
