"""The language of a text, or that it is none of those that were learned.

Naive Bayes over all terms says which of the known languages is likeliest. Whether it is
one of them at all is told by the words: of a text in a language that was learned most
are known.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from lookalike._typing import Array, Floats
from lookalike.systems.harmful.terms import TermEncoder

SMOOTHING = 0.01
"""Added to each count."""
PRIOR_WORDS = 3.0
"""So many usual words are added to those of a text: short ones are not doubted."""
LETTERS = 0.8
"""Share of a text's letters that a language of its must have."""
CERTAIN = 0.75
"""Share of known words from which on no text is doubted."""
DOUBTED = 0.01
"""Share of the held-out posts of a language that are taken for another one."""


class Languages:
    """Tell languages apart by the terms of labelled posts.

    names : of the languages, sorted
    logarithms : float32 (n_terms, n_languages), of each term's share in a language
    known : bool (n_words, n_languages), whether a word occurs in a language
    letters : bool (n_letter_terms, n_languages), the same of runs of letters
    usual, least : (n_languages,), mean share of known words, and the least one
    """

    def __init__(
        self,
        names: Sequence[str],
        logarithms: Array,
        known: Array,
        letters: Array,
        usual: Floats,
        least: Floats,
    ) -> None:
        self.names, self.logarithms, self.known = tuple(names), logarithms, known
        self.letters = letters
        self.usual, self.least = usual, least

    @classmethod
    def learned(
        cls,
        encoder: TermEncoder,
        X: Any,
        languages: Sequence[str],
        held_texts: Sequence[str],
        held_languages: Sequence[str],
    ) -> Self:
        """Learn from rows of posts with their languages, and from held-out texts."""
        names, X = sorted(set(languages)), encoder.terms_of(X)
        code = np.array([names.index(each) for each in languages])
        counts = np.stack(
            [(X[code == n] > 0).sum(axis=0).A1 for n in range(len(names))], axis=1
        )
        shares = (counts + SMOOTHING) / (counts + SMOOTHING).sum(axis=0)
        logarithms = np.log(shares).astype(np.float32)
        n = len(names)
        found = cls(
            names,
            logarithms,
            counts[: encoder.n_words] > 0,
            counts[encoder.n_words :] > 0,
            np.full(n, 0.9),
            np.zeros(n),
        )
        for at, name in enumerate(names):
            own = [
                encoder.word_columns(text)
                for text, language in zip(held_texts, held_languages, strict=True)
                if language == name
            ]
            n_words = sum(map(len, own))
            if n_words:
                n_known = sum(found._n_known(columns, at) for columns in own)
                found.usual[at] = n_known / n_words
                shares = np.array([found._share(columns, at) for columns in own])
                found.least[at] = min(float(np.quantile(shares, DOUBTED)), CERTAIN)
        return found

    def _letters_known(self, encoder: TermEncoder, text: str, at: int) -> bool:
        """Whether nearly all of a text's letters occur in a language at all."""
        columns = [encoder.letter_column(each) for each in text if each.isalpha()]
        known = [c is not None and self.letters[c, at] for c in columns]
        return sum(known) >= LETTERS * len(known)

    def guess(self, encoder: TermEncoder, X: Any, texts: Sequence[str]) -> Array:
        """Return the place of each text's language among the names, -1 of another."""
        likeliest = np.asarray(encoder.terms_of(X) @ self.logarithms).argmax(axis=1)
        for row, text in enumerate(texts):
            at = int(likeliest[row])
            usual = self._share(encoder.word_columns(text), at) >= self.least[at]
            if not usual or not self._letters_known(encoder, text, at):
                likeliest[row] = -1
        return likeliest

    def _n_known(self, columns: Sequence[int | None], at: int) -> int:
        return sum(
            bool(self.known[column, at]) for column in columns if column is not None
        )

    def _share(self, columns: Sequence[int | None], at: int) -> float:
        usual = PRIOR_WORDS * self.usual[at]
        return float(
            (self._n_known(columns, at) + usual) / (len(columns) + PRIOR_WORDS)
        )

    def arrays(self) -> dict[str, Array]:
        """What a generation keeps beside the names."""
        return {
            "language_terms": self.logarithms,
            "language_words": self.known,
            "language_letters": self.letters,
            "language_usual": self.usual,
            "language_least": self.least,
        }

    @classmethod
    def from_arrays(cls, names: Sequence[str], arrays: Mapping[str, Array]) -> Self:
        """Take up what ``arrays`` returned."""
        kinds = ("terms", "words", "letters", "usual", "least")
        return cls(names, *(np.asarray(arrays[f"language_{kind}"]) for kind in kinds))
