"""A text as weighted terms: its words, pairs of words, and runs of one to four letters.

Two blocks of tf-idf, each scaled to length one: words say what is meant, runs of
letters find it misspelt, inflected or in a compound. All languages have the same
columns, which is the encoder that all heads share; how much a term distinguishes texts
(idf) is another number in each language. The vector of the user's own encoder of texts
may stand behind them.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import scipy.sparse as sp

from lookalike._arrays import named, prefixed
from lookalike._texts import Texts
from lookalike._typing import Array
from lookalike.features.text import TfidfVectorizer

if TYPE_CHECKING:
    from lookalike.features.text.encoder import TextEncoder

BLOCKS: dict[str, dict[str, Any]] = {
    "words": {"ngram_range": (1, 2), "token_pattern": r"(?u)\b\w+\b"},
    "letters": {"ngram_range": (1, 4), "analyzer": "char_wb"},
}
_WORD = re.compile(r"\w+")
_PIECE = re.compile(r"\S+")


class TermEncoder:
    """Texts to sparse rows of float32, one column a term.

    A row holds 1 + ln(count) of each term; ``weighed`` does the rest.

    Parameters
    ----------
    min_df : int
        Fewest posts in which a term occurs.
    vectors : TextEncoder, optional
        Whose vectors stand behind the terms.

    Examples
    --------
    >>> encoder = TermEncoder(min_df=1)
    >>> X = encoder.fit_transform(["one cup", "two cups"])
    >>> X.shape[1] == encoder.n_terms, encoder.n_words
    (True, 6)
    """

    def __init__(self, min_df: int = 2, vectors: "TextEncoder | None" = None) -> None:
        self.vectors = vectors
        self._blocks = {
            name: TfidfVectorizer(
                min_df=min_df,
                use_idf=False,
                sublinear_tf=True,
                dtype=np.float32,
                norm=None,
                **options,
            )
            for name, options in BLOCKS.items()
        }

    @classmethod
    def with_file(cls, min_df: int, file: str | None) -> Self:
        """Return an encoder with the user's own, None where there is none.

        file : an ONNX file with its ``tokenizer.json`` beside it, or their folder

        Raises
        ------
        ValueError
            If it is no encoder of texts, in one sentence.
        """
        if file is None:
            return cls(min_df)
        from lookalike.features.text.encoder import TextEncoder

        place = Path(file).expanduser()
        if place.is_file():
            tokeniser = place.with_name("tokenizer.json")
            return cls(min_df, TextEncoder.read(place, tokeniser, "mean"))
        return cls(min_df, TextEncoder.of_folder(place))

    def fit_transform(self, texts: Sequence[str]) -> Any:
        """Learn the terms, and return the rows of these texts."""
        blocks = [block.fit_transform(texts) for block in self._blocks.values()]
        return self._with_vectors(beside(*blocks), texts)

    def transform(self, texts: Iterable[str]) -> Any:
        """Rows of texts, CSR float32 (n_texts, n_columns); other terms are left out."""
        given = list(texts)
        blocks = [block.transform(given) for block in self._blocks.values()]
        return self._with_vectors(beside(*blocks), given)

    def idf(self, X: Any) -> Array:
        r"""How much each column distinguishes these rows, float32 (n_columns,).

        :math:`1 + \ln((1 + N) / (1 + N_t))`, and 0 of a term in fewer rows than
        ``min_df`` says; 1 of the columns of a vector.
        """
        counts = np.bincount(X.indices, minlength=X.shape[1])
        found = 1 + np.log((1 + X.shape[0]) / (1 + counts))
        found[counts < self._blocks["words"].min_df] = 0
        found[self.n_terms :] = 1
        return found.astype(np.float32)

    def weighed(self, X: Any, idf: Array) -> Any:
        """Rows times the weights of columns; words, and runs of letters, of length one.

        A row is the same alone and among others.
        """
        data = X.data * idf[X.indices]
        block = (X.indices >= self.n_words).astype(np.int64) + (
            X.indices >= self.n_terms
        )
        place = 3 * np.repeat(np.arange(X.shape[0]), np.diff(X.indptr)) + block
        squares = np.bincount(place, data.astype(np.float64) ** 2, 3 * X.shape[0])
        squares[2::3] = 1  # a vector is as it is
        length = np.sqrt(np.where(squares > 0, squares, 1))
        weights = (data / length[place]).astype(np.float32)
        return sp.csr_matrix((weights, X.indices, X.indptr), shape=X.shape)

    def terms_of(self, X: Any) -> Any:
        """Rows without the vectors behind them."""
        return X if self.vectors is None else X[:, : self.n_terms]

    def _with_vectors(self, X: Any, texts: Sequence[str]) -> Any:
        if self.vectors is None:
            return X
        knows = self.vectors.knows
        found = [self.vectors.transform([text]) for text in texts if knows(text)]
        if not found:
            return X
        width = found[0].shape[1]
        own = iter(found)
        rows = [next(own) if knows(text) else np.zeros((1, width)) for text in texts]
        return beside(X, sp.csr_matrix(np.concatenate(rows).astype(np.float32)))

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
        """Terms, and the files of the user's encoder, for a generation."""
        found: dict[str, Array] = {}
        for name, block in self._blocks.items():
            terms = sorted(block.vocabulary_, key=block.vocabulary_.__getitem__)
            found |= Texts.of(terms).arrays(name)
        if self.vectors is not None:
            found |= prefixed("vectors_", self.vectors.arrays())
        return found

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Take up what ``arrays`` returned."""
        encoder, vectors = cls(), named("vectors_", arrays)
        if vectors:
            from lookalike.features.text.encoder import TextEncoder

            encoder.vectors = TextEncoder.from_arrays(vectors)
        for name, block in encoder._blocks.items():
            terms = Texts.of_arrays(name, arrays).tolist()
            block.vocabulary_ = {term: at for at, term in enumerate(terms)}
            block.fixed_vocabulary_ = False
            if len(block.vocabulary_) != len(terms):
                raise ValueError(f"the {name} are not all different.")
        return encoder


def beside(first: Any, second: Any) -> Any:
    """Return two CSR matrices side by side.

    It is what ``hstack`` does, without its checks, which take longer than all the rest
    for a single text.

    Examples
    --------
    >>> one, other = sp.csr_matrix([[3.0, 4.0], [0, 0]]), sp.csr_matrix([[0.0], [5.0]])
    >>> beside(one, other).toarray()
    array([[3., 4., 0.],
           [0., 0., 5.]])
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
        data[place] = each.data
        columns[place] = each.indices + shift
    shape = n, first.shape[1] + second.shape[1]
    return sp.csr_matrix((data, columns, ends), shape=shape)
