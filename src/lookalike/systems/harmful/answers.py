"""What is said of a post: as an answer, and of a batch as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.core.contracts import Answer

LIKELY = 0.5
"""Probability of a kind from which on it is told as the reason."""


@dataclass(frozen=True)
class HarmAnswer(Answer):
    """What is in one post, and what to do with it."""

    action: str
    """leave, demote, queue (for a person) or remove."""
    kind: str | None
    """The kind of harm that is named, None where none is."""
    probability: float
    """Of harm of any kind."""
    low: float
    high: float
    """95% interval of how often posts of about this probability were harmful; 0 and 1
    where the language is not known."""
    language: str | None
    """None where it is none that was learned: then a person looks."""
    factor: float
    """Of the post's score in the feed: 1 leaves it, 0 removes it."""
    value: float
    """What a person's look saves, in looks."""
    policy: str | None
    """The line of the policy that the kind offends against."""
    probabilities: dict[str, float]
    """Of every kind that was labelled in this language, or in posts of these parts."""
    judged_by: str = "text"
    """The parts of the post that there were, with commas between."""


@dataclass(frozen=True)
class Judgement:
    """What is known of a batch of posts, as arrays."""

    heads: Ints
    """(n_posts, n_kinds), the head of texts that judged, -1 of none"""
    probabilities: Floats
    """(n_posts, n_kinds), nan of a kind without labels in the language"""
    languages: Ints
    """(n_posts,), the place among ``languages_``, -1 of another or without a text"""
    unknown: Array
    """bool (n_posts,), whether there is a text in none of the languages"""
    fused: Array
    """bool (n_posts,), whether more than the text was judged"""
    named: Array
    """bool (n_posts, n_kinds)"""
    actions: Ints
    """(n_posts,), the place among ``ACTIONS``"""


def kind_named(kinds: Sequence[str], shares: Floats, named: Array) -> str | None:
    """Return the likeliest of the named kinds, or harm of any where none is likely.

    kinds : the first of which is harm of any kind
    shares : (n_kinds,), probabilities, nan of a kind without one
    named : bool (n_kinds,); where none is, None is returned

    Examples
    --------
    >>> kinds, named = ("any", "insult", "age"), np.ones(3, bool)
    >>> kind_named(kinds, np.array([0.9, 0.6, 0.5]), named)
    'insult'
    >>> kind_named(kinds, np.array([0.9, 0.3, 0.4]), named)
    'any'
    """
    if not named.any():
        return None
    own = np.where(named[1:] & (shares[1:] >= LIKELY), shares[1:], -1.0)
    if not len(own) or own.max() < 0:
        return kinds[0]
    return kinds[1 + int(own.argmax())]
