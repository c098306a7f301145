"""Tagged sentences: one tag for each word."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags

from lookalike._typing import Array


class SentenceTagger(ClassifierMixin, BaseEstimator, ABC):
    """A classifier of the words of sentences."""

    @abstractmethod
    def predict(self, X: Sequence[Sequence[Any]]) -> list[Array]:
        """Tags of each sentence, one array a sentence."""

    def score(self, X: Sequence[Sequence[Any]], y: Sequence[Sequence[Any]]) -> float:
        """Share of the words with the correct tag."""
        return float((np.concatenate(self.predict(X)) == tags_of(X, y)).mean())

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags


def tags_of(X: Sequence[Sequence[Any]], y: Sequence[Sequence[Any]]) -> Array:
    """Tags of all words, concatenated, after a check that each word has one."""
    if len(X) != len(y):
        raise ValueError(f"X has {len(X)} sentences, y has {len(y)}.")
    for number, (sentence, tags) in enumerate(zip(X, y, strict=True)):
        if len(sentence) != len(tags):
            raise ValueError(
                f"sentence {number} has {len(sentence)} words and {len(tags)} tags."
            )
    if not any(len(sentence) for sentence in X):
        raise ValueError("X must hold at least one word.")
    return np.array([tag for tags in y for tag in tags])
