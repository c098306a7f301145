"""Posts of people with labels of the harm in them: several data sets, one form.

Each set labels some kinds of harm and says nothing of the others: such a label is nan,
and is left out of every loss and every measure. The texts contain abusive language;
nothing here prints them.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Self

import numpy as np

from lookalike._typing import Array, Floats

KINDS = (
    "any",
    "hate",
    "insult",
    "obscene",
    "sexism",
    "racism",
    "xenophobia",
    "homophobia",
    "religion",
    "politics",
    "age",
    "appearance",
)
"""Kinds of harm, the first of which is harm of whatever kind."""
SHARES = (0.8, 0.9)
"""Where a set has no split of its own: where validation begins, and where testing."""
AUTHOR = ("days", "posts", "violations", "followers")
"""What is known of an author when a post is written: days since the account was made,
posts before, posts that were found harmful before, followers."""
REACTIONS = ("views", "likes", "shares", "comments", "reports")
"""How often each was had when the post is judged."""
SIGNALS = (
    *(f"author_{name}" for name in AUTHOR),
    *(f"reaction_{name}" for name in REACTIONS),
)
"""Columns of ``LabelledPosts.signals``: counts as they were at the time."""
_LETTERS = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class LabelledPosts:
    """Texts with what is known of the harm in each."""

    texts: tuple[str, ...]
    labels: Floats
    """(n_posts, n_kinds): 1 harmful, 0 not, nan where nobody said."""
    languages: tuple[str, ...]
    """One a post, such as "de"."""
    sources: tuple[str, ...]
    """The data set of each post."""
    pictures: tuple[Array | None, ...] = ()
    """Of each post, uint8 (height, width) or (height, width, 3), None of one without;
    empty where no post has any."""
    signals: Floats | None = None
    """(n_posts, len(SIGNALS)), nan where it is not known; None where nothing is."""
    agreement: Floats | None = None
    """(n_posts, n_kinds), share of the raters who agree with the label, nan where they
    are not known; None where no post's are."""

    def __len__(self) -> int:
        """How many posts there are."""
        return len(self.texts)

    def take(self, rows: Array) -> Self:
        """Return these posts, in this order; ``rows`` are positions or a mask."""
        at = np.arange(len(self))[rows].tolist()
        texts, languages, sources = (
            tuple(column[row] for row in at)
            for column in (self.texts, self.languages, self.sources)
        )
        pictures = tuple(self.pictures[row] for row in at) if self.pictures else ()
        signals, agreement = (
            None if each is None else each[at]
            for each in (self.signals, self.agreement)
        )
        return type(self)(
            texts, self.labels[at], languages, sources, pictures, signals, agreement
        )

    def of_source(self, source: str) -> Self:
        """Return the posts of one data set."""
        return self.take(np.array([each == source for each in self.sources], bool))

    def __add__(self, other: Self) -> Self:
        """Return these posts and others behind them."""
        return type(self)(
            self.texts + other.texts,
            np.concatenate([self.labels, other.labels]),
            self.languages + other.languages,
            self.sources + other.sources,
            self.all_pictures + other.all_pictures
            if self.pictures or other.pictures
            else (),
            None
            if self.signals is None and other.signals is None
            else np.concatenate([self.all_signals, other.all_signals]),
            None
            if self.agreement is None and other.agreement is None
            else np.concatenate([self._agreed, other._agreed]),
        )

    @property
    def all_pictures(self) -> tuple[Array | None, ...]:
        """The picture of each post, None of one without."""
        return self.pictures or (None,) * len(self)

    @property
    def all_signals(self) -> Floats:
        """The signals of each post, nan of one without."""
        if self.signals is None:
            return np.full((len(self), len(SIGNALS)), np.nan)
        return self.signals

    @property
    def _agreed(self) -> Floats:
        if self.agreement is None:
            return np.full(self.labels.shape, np.nan)
        return self.agreement

    @property
    def has_more(self) -> Array:
        """Whether each post has a picture or a signal beside its text, bool."""
        seen = [picture is not None for picture in self.all_pictures]
        found: Array = np.array(seen, bool) | np.isfinite(self.all_signals).any(axis=1)
        return found


@dataclass(frozen=True)
class Posts:
    """Labelled posts in three parts."""

    name: str
    """Which data set this is, or the path of one's own."""
    checksum: str
    """Of the contents."""
    kinds: tuple[str, ...]
    """The columns of the labels."""
    train: LabelledPosts
    validation: LabelledPosts
    test: LabelledPosts
    problems: tuple[str, ...] = ()
    """What was found wrong with one's own files, in a few sentences."""

    def of_source(self, source: str) -> Self:
        """Return what one data set has in each part."""
        parts = (self.train, self.validation, self.test)
        train, validation, test = (part.of_source(source) for part in parts)
        return type(self)(
            source, self.checksum, self.kinds, train, validation, test, self.problems
        )


def joined(name: str, several: Sequence[Posts]) -> Posts:
    """Return several data sets of the same kinds as one, part by part."""
    digest = hashlib.sha256("".join(each.checksum for each in several).encode())
    train, validation, test = (
        reduce(LabelledPosts.__add__, (getattr(each, part) for each in several))
        for part in ("train", "validation", "test")
    )
    kinds = several[0].kinds
    return Posts(name, digest.hexdigest(), kinds, train, validation, test)


def letters_of(text: str) -> str:
    """Return a text's letters and digits alone: copies with other signs are equal.

    Mentions of users are left out.

    Examples
    --------
    >>> letters_of("RT @ann: Hello,  WORLD!!") == letters_of("rt hello world @eve")
    True
    """
    without = re.sub(r"@\w+", " ", text)
    return _LETTERS.sub("", without.casefold()) or text


def place_of(text: str) -> float:
    """Return a number in [0, 1) that the letters of a text decide: copies share it.

    Examples
    --------
    >>> place_of("Good day!") == place_of("good DAY")
    True
    """
    digest = hashlib.sha256(letters_of(text).encode("utf-8", "surrogatepass"))
    return int.from_bytes(digest.digest()[:6], "big") / 2**48


def parts_by_text(
    posts: LabelledPosts, shares: Sequence[float] = SHARES
) -> list[LabelledPosts]:
    """Cut posts at these places of their texts, so that copies are in one part.

    Examples
    --------
    >>> texts = tuple(f"post number {n}" for n in range(100))
    >>> whole = LabelledPosts(texts, np.zeros((100, 1)), ("en",) * 100, ("x",) * 100)
    >>> list(map(len, parts_by_text(whole)))
    [76, 11, 13]
    """
    place = np.array([place_of(text) for text in posts.texts])
    which = np.searchsorted(shares, place, side="right")
    return [posts.take(which == part) for part in range(len(shares) + 1)]


def n_shared(known: Iterable[str], tested: Iterable[str]) -> int:
    """Return how many tested texts are among the known ones, by their letters.

    Examples
    --------
    >>> n_shared(["One text.", "another"], ["one TEXT", "a third"])
    1
    """
    seen = set(map(letters_of, known))
    return sum(letters_of(text) in seen for text in tested)
