"""A text as weighted terms: its words, pairs of words, and runs of one to four letters.

Two blocks of tf-idf, each scaled to length one: words say what is meant, runs of
letters find it misspelt, inflected or in a compound. Every language has the same
columns, which is the encoder that all heads share.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Self

import numpy as np
import scipy.sparse as sp

from lookalike._texts import Texts
from lookalike._typing import Array
from lookalike.features.text import TfidfVectorizer

BLOCKS: dict[str, dict[str, Any]] = {
    "words": {"ngram_range": (1, 2), "token_pattern": r"(?u)\b\w+\b"},
    "letters": {"ngram_range": (1, 4), "analyzer": "char_wb"},
}
_WORD = re.compile(r"\w+")
_PIECE = re.compile(r"\S+")


class TermEncoder:
    """Texts to sparse rows of float32, one column a term.

    Parameters
    ----------
    min_df : int
        Fewest posts in which a term occurs.

    Examples
    --------
    >>> encoder = TermEncoder(min_df=1)
    >>> X = encoder.fit_transform(["one cup", "two cups"])
    >>> X.shape[1] == encoder.n_terms, encoder.n_words
    (True, 6)
    """

    def __init__(self, min_df: int = 2) -> None:
        self._blocks = {
            name: TfidfVectorizer(
                min_df=min_df,
                sublinear_tf=True,
                dtype=np.float32,
                norm=None,
                **options,
            )
            for name, options in BLOCKS.items()
        }

    def fit_transform(self, texts: Sequence[str]) -> Any:
        """Learn the terms, and return the rows of these texts."""
        return beside(*(block.fit_transform(texts) for block in self._blocks.values()))

    def transform(self, texts: Iterable[str]) -> Any:
        """Rows of texts, CSR float32 (n_texts, n_terms); other terms are left out."""
        given = list(texts)
        return beside(*(block.transform(given) for block in self._blocks.values()))

    @property
    def n_words(self) -> int:
        """Columns of words and pairs of words, which come first."""
        return len(self._blocks["words"].vocabulary_)

    @property
    def n_terms(self) -> int:
        """Columns."""
        return sum(len(block.vocabulary_) for block in self._blocks.values())

    def word_columns(self, text: str) -> list[int | None]:
        """The column of each word of a text, None of one that is not known."""
        known = self._blocks["words"].vocabulary_
        return [known.get(word) for word in _WORD.findall(text)]

    def letter_column(self, letter: str) -> int | None:
        """The column of one letter among the runs of letters, None if not known."""
        return self._blocks["letters"].vocabulary_.get(letter)

    def places(self, text: str) -> tuple[list[str], dict[int, list[tuple[int, float]]]]:
        """Return the pieces of a text between spaces, and where each term stands.

        Returns
        -------
        pieces : list of str
        places : dict
            By column, each of its occurrences' pieces with the occurrence's share in
            it: a pair of words lies in two pieces, with one half each. The shares of a
            column add up to one.
        """
        spans = [found.span() for found in _PIECE.finditer(text)]
        pieces = [text[start:end] for start, end in spans]
        occurrences: dict[int, list[tuple[int, float]]] = defaultdict(list)
        words = self._blocks["words"].vocabulary_
        found = [
            (match[0], at)
            for at, piece in enumerate(pieces)
            for match in _WORD.finditer(piece)
        ]
        for word, at in found:
            if word in words:
                occurrences[words[word]].append((at, 1.0))
        for (one, first), (two, second) in pairwise(found):
            if (column := words.get(f"{one} {two}")) is not None:
                occurrences[column] += [(first, 0.5), (second, 0.5)]
        letters, begin = self._blocks["letters"].vocabulary_, self.n_words
        shortest, longest = BLOCKS["letters"]["ngram_range"]
        for at, piece in enumerate(pieces):
            padded = f" {piece} "
            for n in range(shortest, longest + 1):
                for start in range(len(padded) - n + 1):
                    column = letters.get(padded[start : start + n])
                    if column is not None:
                        occurrences[begin + column].append((at, 1.0))
        for column, own in occurrences.items():
            total = sum(share for _, share in own)
            occurrences[column] = [(at, share / total) for at, share in own]
        return pieces, occurrences

    def arrays(self) -> dict[str, Array]:
        """Terms and their weights, for a generation."""
        found: dict[str, Array] = {}
        for name, block in self._blocks.items():
            terms = sorted(block.vocabulary_, key=block.vocabulary_.__getitem__)
            found |= {**Texts.of(terms).arrays(name), f"{name}_idf": block.idf_}
        return found

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Take up what ``arrays`` returned."""
        encoder = cls()
        for name, block in encoder._blocks.items():
            terms = Texts.of_arrays(name, arrays).tolist()
            block.vocabulary_ = {term: at for at, term in enumerate(terms)}
            block.fixed_vocabulary_ = False
            block.idf_ = np.asarray(arrays[f"{name}_idf"], np.float32)
            if not len(block.vocabulary_) == len(block.idf_) == len(terms):
                raise ValueError(
                    f"the {name} and their weights do not belong together."
                )
        return encoder


def beside(first: Any, second: Any) -> Any:
    """Return two CSR matrices side by side, each row of either scaled to length one.

    It is what ``normalize`` and ``hstack`` do, without their checks, which take longer
    than all the rest for a single text.

    Examples
    --------
    >>> one, other = sp.csr_matrix([[3.0, 4.0], [0, 0]]), sp.csr_matrix([[0.0], [5.0]])
    >>> beside(one, other).toarray()
    array([[0.6, 0.8, 0. ],
           [0. , 0. , 1. ]])
    """
    n = first.shape[0]
    counts = [np.diff(each.indptr) for each in (first, second)]
    ends = first.indptr.astype(np.int64) + second.indptr
    data = np.empty(ends[-1], first.dtype)
    columns = np.empty(ends[-1], np.int32)
    # Rows of the first stand behind those of the second before, and the other way.
    starts = second.indptr[:-1], first.indptr[1:]
    for each, count, start, shift in zip(
        (first, second), counts, starts, (0, first.shape[1]), strict=True
    ):
        place = np.arange(each.nnz) + np.repeat(start, count)
        row = np.repeat(np.arange(n), count)
        squares = np.bincount(row, each.data.astype(np.float64) ** 2, n)
        data[place] = each.data / np.sqrt(squares)[row]
        columns[place] = each.indices + shift
    shape = n, first.shape[1] + second.shape[1]
    return sp.csr_matrix((data, columns, ends), shape=shape)
