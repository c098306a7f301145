"""A composed world of posts, harmful only in combination: a picture and a sentence.

No real set of pictures with harmful sentences can be shipped, and of most a model could
answer from one part alone. Here a picture of a thing comes with a sentence of an
intent, and a rule says which pairs are harmful. The rule is a Latin pattern: each thing
is harmful with as many intents as any other, and each intent with as many things, so
that neither part alone says anything. Some labels are wrong, as raters are.
"""

import os
from dataclasses import dataclass

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.datasets.images import load_fashion_mnist
from lookalike.datasets.posts import AUTHOR, KINDS, SIGNALS, LabelledPosts, Posts

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


N_LEARNED, N_HELD, N_TESTED = 16_000, 2_500, 5_000
"""Posts of each part of ``load_composed_posts``."""


def load_composed_posts(path: str | os.PathLike[str] | None = None) -> Posts:
    """Return the composed world as posts, with made-up authors and reactions.

    The pictures of each part are others of Fashion-MNIST. Authors differ in how often
    their posts before were harmful, and people report harmful posts more often than
    harmless ones; both say a little, and the picture with the sentence the rest.

    Parameters
    ----------
    path : path, default=None
        As in :func:`lookalike.datasets.load_fashion_mnist`.
    """
    found = load_fashion_mnist(path)
    x, y = found.x_train, found.y_train
    train, validation, test = (
        labelled(compose_posts(pictures, things, n, seed), seed)
        for seed, (pictures, things, n) in enumerate(
            (
                (x[:50_000], y[:50_000], N_LEARNED),
                (x[50_000:], y[50_000:], N_HELD),
                (found.x_test, found.y_test, N_TESTED),
            )
        )
    )
    return Posts("composed_posts", found.checksum, KINDS[:1], train, validation, test)


def labelled(posts: ComposedPosts, random_state: int = 0) -> LabelledPosts:
    """Return composed posts with made-up authors and reactions, of one kind of harm."""
    n = len(posts)
    return LabelledPosts(
        posts.texts,
        posts.labels[:, None].astype(np.float64),
        ("en",) * n,
        ("composed_posts",) * n,
        tuple(posts.pictures),
        made_up_signals(posts.labels, np.random.default_rng(100 + random_state)),
    )


def made_up_signals(labels: Ints, rng: np.random.Generator) -> Floats:
    """Draw what is known of the authors of posts and of reactions to them.

    labels : (n_posts,), 1 harmful

    Returns
    -------
    ndarray of shape (n_posts, len(SIGNALS))
        Counts; of one author in ten nothing is known.
    """
    n = len(labels)
    views = rng.lognormal(5.0, 1.0, n).round()
    columns = {
        "author_days": rng.exponential(400, n).round(),
        "author_posts": rng.poisson(20, n),
        "author_violations": rng.poisson(0.3 + 0.4 * labels),
        "author_followers": rng.lognormal(4.0, 1.5, n).round(),
        "reaction_views": views,
        "reaction_likes": rng.poisson(views / 20),
        "reaction_shares": rng.poisson(views / 200),
        "reaction_comments": rng.poisson(views / 100),
        "reaction_reports": rng.poisson(views * (0.001 + 0.003 * labels)),
    }
    found = np.column_stack([columns[name] for name in SIGNALS]).astype(np.float64)
    found[rng.random(n) < 0.1, : len(AUTHOR)] = np.nan
    return found
