"""The tagger of the places system: a chain of tags over the features of words."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Self

import numpy as np

from lookalike._typing import Array, Floats
from lookalike.datasets import Tagged
from lookalike.evaluate.spans import Tags
from lookalike.learn import LinearChainCRF
from lookalike.systems.places.features import sentence_features
from lookalike.systems.places.gazetteer import MarkedWord

Names = dict[tuple[int, int], float]
"""Probability that exactly the words from start to before end name a location."""
LONGEST_NAME = 8
LEAST_PROBABILITY = 0.01
"""Less likely names are left out."""
TOL = 1e-4


class Tagger:
    """Names of locations by a chain of tags over the features of words.

    Parameters
    ----------
    model : LinearChainCRF
        Fitted, or restored by :meth:`from_arrays`.
    window : int
        Neighbours on each side that a word's features tell of.
    """

    def __init__(self, model: LinearChainCRF, window: int) -> None:
        self.model, self.window = model, window
        tags = model.classes_.tolist()
        self._begins, self._inside = (
            tags.index(tag) if tag in tags else -1
            for tag in ("B-location", "I-location")
        )

    @classmethod
    def fit(
        cls,
        sentences: Iterable[Sequence[MarkedWord]],
        tags: Tags,
        window: int,
        C: float,
    ) -> Self:
        """Learn the weights of all features that two words or more have."""
        rows = [sentence_features(sentence, window) for sentence in sentences]
        return cls(LinearChainCRF(C, min_count=2, tol=TOL).fit(rows, tags), window)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], window: int) -> Self:
        """Return the tagger that these arrays were taken from."""
        return cls(LinearChainCRF.from_arrays(arrays), window)

    def arrays(self) -> dict[str, Array]:
        """Return the weights of the tagger."""
        return self.model.arrays()

    def names(self, sentences: Iterable[Sequence[MarkedWord]]) -> list[Names]:
        """Return what may name a location in each sentence, and how probable that is.

        Sentences are answered one by one: the others of a batch change nothing.
        """
        return [self._names(sentence_features(each, self.window)) for each in sentences]

    def inside(self, sentence: Sequence[MarkedWord]) -> Floats:
        """Return each word's probability to be part of a location, (n_words,)."""
        [shares] = self.model.predict_proba([sentence_features(sentence, self.window)])
        here = [tag for tag in (self._begins, self._inside) if tag >= 0]
        total: Floats = shares[:, here].sum(axis=1)
        return total

    def _names(self, rows: list[list[str]]) -> Names:
        """Walk along the chain from each word that may begin a name."""
        if self._begins < 0 or not rows:
            return {}
        [shares], [pairs] = (
            f([rows]) for f in (self.model.predict_proba, self.model.predict_pair_proba)
        )
        found: Names = {}
        likely = shares[:, self._begins] >= LEAST_PROBABILITY
        for start in np.flatnonzero(likely).tolist():
            share, tag = float(shares[start, self._begins]), self._begins
            for end in range(start + 1, min(len(rows), start + LONGEST_NAME) + 1):
                goes_on = 0.0
                if end < len(rows) and self._inside >= 0:
                    goes_on = pairs[end, tag, self._inside] / shares[end - 1, tag]
                found[start, end] = float(share * (1 - goes_on))
                share, tag = share * goes_on, self._inside
                if share < LEAST_PROBABILITY:
                    break
        return {at: share for at, share in found.items() if share >= LEAST_PROBABILITY}


def likeliest(names: Names, threshold: float) -> list[tuple[int, int]]:
    """Return the likeliest names that do not overlap, in order of the text.

    Examples
    --------
    >>> likeliest({(0, 1): 0.3, (0, 2): 0.6, (3, 4): 0.4, (5, 6): 0.1}, 0.25)
    [(0, 2), (3, 4)]
    """
    taken: list[tuple[int, int]] = []
    for (start, end), share in sorted(names.items(), key=lambda item: -item[1]):
        if share >= threshold and all(end <= a or b <= start for a, b in taken):
            taken.append((start, end))
    return sorted(taken)


def tags_of_names(
    sentences: Sequence[Sequence[str]], names: Sequence[Names], threshold: float
) -> Tags:
    """Return the tags of sentences by the likeliest of their possible names."""
    tags = [["O"] * len(sentence) for sentence in sentences]
    for own, found in zip(tags, names, strict=True):
        for start, end in likeliest(found, threshold):
            own[start:end] = ["B", *["I"] * (end - start - 1)]
    return tags


def location_tags(part: Tagged) -> Tags:
    """Return the tags that tell locations from all else: B, I and O."""
    return [
        [tag[0] if tag.endswith("-location") else "O" for tag in tags]
        for tags in part.tags
    ]


def training_tags(part: Tagged) -> Tags:
    """Return the tags of all names, told apart as locations, persons and others.

    A tagger that knows names of persons as well takes fewer of them for locations.
    """
    return [[_training_tag(tag) for tag in tags] for tags in part.tags]


def _training_tag(tag: str) -> str:
    begins, _, kind = tag.partition("-")
    if begins == "O":
        return tag
    return f"{begins}-{kind if kind in ('location', 'person') else 'other'}"
