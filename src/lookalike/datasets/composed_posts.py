"""A composed world of posts, harmful only in combination: a picture and a sentence.

No real set of pictures with harmful sentences can be shipped, and of most a model could
answer from one part alone. Here a picture of a thing comes with a sentence of an
intent, and a rule says which pairs are harmful. The rule is a Latin pattern: each thing
is harmful with as many intents as any other, and each intent with as many things, so
that neither part alone says anything. Some labels are wrong, as raters are.
"""

from dataclasses import dataclass

import numpy as np

from lookalike._typing import Array, Ints

INTENTS = (
    ("selling this today", "for sale, offers welcome", "who wants to buy it"),
    ("looking for one like it", "where do i find this", "i want the same one"),
    ("made it myself", "my own work, took a week", "handmade at home"),
    ("a present for my sister", "gift for a friend", "giving it away to somebody"),
    ("found it on the street", "lost and found", "somebody left this here"),
    ("how do i clean it", "stain will not go out", "washing advice needed"),
    ("wearing it tonight", "my outfit for the party", "dressed up for dinner"),
    ("old and broken now", "it fell apart", "torn after one year"),
    ("just arrived by mail", "the parcel came", "unpacking my order"),
    ("is it real or fake", "does this look genuine", "copy or original"),
)
"""Sentences by intent; a post has one of them, and a word or two more."""
MORE = ("", "hello all", "thanks", "please", "ok then", "by the way", "good evening")
N_HARMFUL = 4
"""Intents with which each of ten things is harmful."""
WRONG = 0.05
"""Share of labels that are turned round."""


@dataclass(frozen=True)
class ComposedPosts:
    """Posts of a picture and a sentence each."""

    pictures: Array
    """uint8 (n_posts, height, width)"""
    texts: tuple[str, ...]
    labels: Ints
    """(n_posts,), 1 harmful, some of them wrong"""
    things: Ints
    """(n_posts,), what the picture shows: the first concept"""
    intents: Ints
    """(n_posts,), what the sentence is about: the second"""

    def __len__(self) -> int:
        """How many posts there are."""
        return len(self.texts)


def is_harmful(things: Array, intents: Array) -> Array:
    """Whether pairs are harmful, before any label is wrong.

    Examples
    --------
    >>> pairs = is_harmful(np.arange(10)[:, None], np.arange(10))
    >>> set(pairs.sum(axis=0).tolist()), set(pairs.sum(axis=1).tolist())
    ({4}, {4})
    """
    # Steps of three, so that neighbouring things have little in common.
    found: Array = (3 * np.asarray(things) + np.asarray(intents)) % 10 < N_HARMFUL
    return found


def compose_posts(
    pictures: Array, things: Ints, n: int, random_state: int = 0
) -> ComposedPosts:
    """Draw n posts: pictures with sentences of intents that are drawn by themselves.

    Parameters
    ----------
    pictures : uint8 (n_pictures, height, width)
    things : (n_pictures,), from 0 to 9
    n : int
    random_state : int, default=0

    Examples
    --------
    >>> posts = compose_posts(np.zeros((20, 8, 8), np.uint8), np.arange(20) % 10, 1000)
    >>> len(posts), bool(0.38 < posts.labels.mean() < 0.44)
    (1000, True)
    """
    rng = np.random.default_rng(random_state)
    which = rng.integers(len(pictures), size=n)
    intents = rng.integers(len(INTENTS), size=n)
    texts = [
        f"{INTENTS[intent][rng.integers(3)]} {MORE[rng.integers(len(MORE))]}".strip()
        for intent in intents.tolist()
    ]
    harmful = is_harmful(things[which], intents) ^ (rng.random(n) < WRONG)
    return ComposedPosts(
        pictures[which],
        tuple(texts),
        harmful.astype(np.int64),
        things[which].astype(np.int64),
        intents.astype(np.int64),
    )
