"""Vocabulary: tokens to numbers and back, with one number for unknown tokens."""

from collections import Counter
from collections.abc import Hashable, Iterable
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from lookalike._checks import check_whole
from lookalike._typing import Ints
from lookalike.features.text._input import TextInput


class Vocabulary(TextInput):
    """Number the tokens of a set of sentences, the most frequent first.

    Parameters
    ----------
    max_size : int, default=None
        Largest number of tokens, special ones included; None is no limit.
    min_count : int, default=1
        Tokens that occur less often are unknown.
    padding : str or None, default="<pad>"
        Token that fills up short sequences: number 0, if there is one.
    unknown : str or None, default="<unk>"
        Token that stands for all others: the next number. With None a token outside
        the vocabulary is an error.

    Attributes
    ----------
    tokens_ : list
        Token of each number: special tokens, then by falling count, ties in the order
        of the tokens' text.
    counts_ : ndarray of shape (n_tokens,)
        Occurrences in ``fit``; 0 for padding, those of all other tokens for unknown.
    numbers_ : dict
        Number of each token.

    Examples
    --------
    >>> from lookalike.features.text import Vocabulary
    >>> model = Vocabulary(min_count=2).fit([["a", "b", "a"], ["b", "c", "a"]])
    >>> model.tokens_
    ['<pad>', '<unk>', 'a', 'b']
    >>> model.transform([["b", "z", "a"]])
    [array([3, 1, 2])]
    >>> model.counts_
    array([0, 1, 3, 2])
    """

    tokens_: list[Any]
    counts_: Ints
    numbers_: dict[Any, int]

    def __init__(
        self,
        max_size: int | None = None,
        min_count: int = 1,
        padding: str | None = "<pad>",
        unknown: str | None = "<unk>",
    ) -> None:
        self.max_size = max_size
        self.min_count = min_count
        self.padding = padding
        self.unknown = unknown

    def fit(self, X: Iterable[Iterable[Hashable]], y: Any = None) -> Self:
        """Count the tokens of sentences and number the frequent ones."""
        counts = Counter(token for sentence in X for token in _tokens(sentence))
        special = [t for t in (self.padding, self.unknown) if t is not None]
        self._check_parameters(len(special))
        frequent = [t for t, n in counts.items() if n >= self.min_count]
        frequent = sorted(set(frequent) - set(special), key=lambda t: (-counts[t], t))
        if self.max_size is not None:
            frequent = frequent[: self.max_size - len(special)]
        self.tokens_ = special + frequent
        self.numbers_ = {token: number for number, token in enumerate(self.tokens_)}
        known = [counts[token] for token in frequent]
        left_out = sum(counts.values()) - sum(known)
        others = [left_out if token == self.unknown else 0 for token in special]
        self.counts_ = np.array(others + known, dtype=np.int64)
        return self

    def transform(self, X: Iterable[Iterable[Hashable]]) -> list[Ints]:
        """Numbers of the tokens of each sentence, one array a sentence."""
        check_is_fitted(self)
        return [self._numbers(_tokens(sentence)) for sentence in X]

    def fit_transform(self, X: Iterable[Iterable[Hashable]], y: Any = None) -> Any:
        """Learn the vocabulary and number the same tokens."""
        X = [list(_tokens(sentence)) for sentence in X]
        return self.fit(X).transform(X)

    def inverse_transform(self, X: Iterable[Iterable[int]]) -> list[list[Any]]:
        """Tokens of the numbers of each sentence."""
        check_is_fitted(self)
        return [[self._token(number) for number in sentence] for sentence in X]

    def _token(self, number: int) -> Any:
        if not 0 <= number < len(self.tokens_):
            raise ValueError(
                f"Numbers must be in [0, {len(self.tokens_) - 1}], got {number}."
            )
        return self.tokens_[number]

    def _numbers(self, tokens: Iterable[Hashable]) -> Ints:
        if self.unknown is not None:
            other = self.numbers_[self.unknown]
            return np.array([self.numbers_.get(t, other) for t in tokens], np.int64)
        try:
            return np.array([self.numbers_[token] for token in tokens], np.int64)
        except KeyError as error:
            raise ValueError(
                f"{error.args[0]!r} is not in the vocabulary, "
                "which has no unknown token."
            ) from None

    def _check_parameters(self, n_special: int) -> None:
        check_whole("min_count", self.min_count)
        if self.padding is not None and self.padding == self.unknown:
            raise ValueError(f"padding and unknown are both {self.padding!r}.")
        if self.max_size is not None and not (
            isinstance(self.max_size, int | np.integer) and self.max_size > n_special
        ):
            raise ValueError(
                f"max_size must be None or an integer above {n_special}, the number of "
                f"special tokens, got {self.max_size!r}."
            )


def _tokens(sentence: Iterable[Hashable]) -> Iterable[Hashable]:
    if isinstance(sentence, str):
        raise ValueError(
            f"A sentence must be a list of tokens, got the string {sentence[:20]!r}: "
            "cut it first, for instance with words()."
        )
    return sentence
