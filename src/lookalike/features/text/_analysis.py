"""How a text vectoriser reads documents: decode, normalise, cut, n-grams.

The parameters are scikit-learn's and have the same meaning.
"""

import re
import unicodedata
import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from numbers import Integral
from pathlib import Path
from typing import Any

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from lookalike._checks import check_choice
from lookalike.features.text._input import TextInput
from lookalike.features.text._terms import (
    Terms,
    character_n_grams,
    character_n_grams_of_words,
    number_tokens,
    without,
    word_n_grams,
    word_runs,
)

WORDS_OF_TWO = r"(?u)\b\w\w+\b"
# Patterns whose matches are whole runs of word characters, with the shortest run.
_RUNS = {WORDS_OF_TWO: 2, r"\b\w\w+\b": 2, r"(?u)\b\w+\b": 1, r"\b\w+\b": 1, r"\w+": 1}
_BATCH = 1 << 22  # characters that are cut at a time: bounds the memory


class TextReader(TextInput):
    """What the vectorisers share: from raw documents to numbered terms.

    A subclass stores in ``__init__`` the parameters ``input``, ``encoding``,
    ``decode_error``, ``strip_accents``, ``lowercase``, ``preprocessor``,
    ``tokenizer``, ``stop_words``, ``token_pattern``, ``ngram_range`` and ``analyzer``.
    """

    def decode(self, doc: Any) -> Any:
        """Read a document from its file, if any, and turn bytes into a string."""
        if self.input == "filename":
            doc = Path(doc).read_bytes()
        elif self.input == "file":
            doc = doc.read()
        if isinstance(doc, bytes):
            doc = doc.decode(self.encoding, self.decode_error)
        if isinstance(doc, float):
            raise ValueError(
                f"{doc} is an invalid document, expected byte or unicode string."
            )
        return doc

    def build_preprocessor(self) -> Callable[[Any], Any]:
        """Return the function that normalises a document before it is cut."""
        if self.preprocessor is not None:
            return self.preprocessor
        return partial(
            _normalise, lower=self.lowercase, accents=_accents(self.strip_accents)
        )

    def build_tokenizer(self) -> Callable[[str], list[Any]]:
        """Return the function that cuts a normalised document into words."""
        if self.tokenizer is not None:
            return self.tokenizer
        if self.token_pattern is None:
            raise ValueError(
                "token_pattern must be a pattern where there is no tokenizer, got None."
            )
        pattern = re.compile(self.token_pattern)
        if pattern.groups > 1:
            raise ValueError(
                f"token_pattern must capture at most one group, got {pattern.groups}."
            )
        return pattern.findall

    def build_analyzer(self) -> Callable[[Any], list[Any]]:
        """Return the function that turns one document into its list of terms."""
        read = self._build_reader()

        def analyze(doc: Any) -> list[Any]:
            terms = read([doc])
            return [terms.names[number] for number in terms.numbers]

        return analyze

    def get_stop_words(self) -> frozenset[str] | None:
        """Return the words that are left out, or None."""
        if self.stop_words is None:
            return None
        if self.stop_words == "english":
            return ENGLISH_STOP_WORDS
        if isinstance(self.stop_words, str):
            raise ValueError(
                "stop_words must be None, 'english' or a list of words, "
                f"got {self.stop_words!r}."
            )
        return frozenset(self.stop_words)

    def _build_reader(self) -> Callable[[list[Any]], Terms]:
        """Return the function that turns a batch of raw documents into terms."""
        if callable(self.analyzer):
            cut: Callable[[list[Any]], Terms] = self._cut_by(self.analyzer)
            return lambda docs: cut(list(map(self.decode, docs)))
        normalise, cut = self.build_preprocessor(), self._build_cutter()
        return lambda docs: cut(list(map(normalise, self._decode_all(docs))))

    def _decode_all(self, docs: list[Any]) -> list[Any]:
        if self.input != "content":
            return list(map(self.decode, docs))
        return [doc if isinstance(doc, str) else self.decode(doc) for doc in docs]

    def _build_cutter(self) -> Callable[[list[Any]], Terms]:
        shortest, longest = self.ngram_range
        if self.analyzer == "char":
            return lambda texts: character_n_grams(texts, shortest, longest)
        if self.analyzer == "char_wb":
            return lambda texts: character_n_grams_of_words(texts, shortest, longest)
        if self.analyzer != "word":
            raise ValueError(
                "analyzer must be 'word', 'char', 'char_wb' or a function, "
                f"got {self.analyzer!r}."
            )
        tokenize, stop_words = self.build_tokenizer(), self.get_stop_words()
        runs = None if self.tokenizer is not None else _RUNS.get(self.token_pattern)

        def cut(texts: list[Any]) -> Terms:
            words = word_runs(texts, runs) if runs else self._cut_by(tokenize)(texts)
            if stop_words is not None:
                words = without(words, stop_words)
            return word_n_grams(words, shortest, longest)

        return cut

    @staticmethod
    def _cut_by(cut: Callable[[Any], Iterable[Any]]) -> Callable[[list[Any]], Terms]:
        return lambda texts: number_tokens(map(cut, texts))

    def _check_reading(self) -> None:
        """Refuse invalid reading parameters, warn of unused ones."""
        check_choice("input", self.input, ("content", "file", "filename"))
        errors = "strict", "ignore", "replace"
        check_choice("decode_error", self.decode_error, errors)
        shortest, longest = self.ngram_range
        integers = isinstance(shortest, Integral) and isinstance(longest, Integral)
        if not integers or not 1 <= shortest <= longest:
            raise ValueError(
                "ngram_range must be two integers (shortest, longest) with "
                f"1 <= shortest <= longest, got {self.ngram_range}."
            )
        _accents(self.strip_accents)
        for name in self._idle_parameters():
            _warn(f"{name} is not used: analyzer or tokenizer takes its place.")
        if self.analyzer == "word":
            self._warn_of_leaking_stop_words()

    def _warn_of_unreachable(self, terms: Iterable[Any]) -> None:
        """Warn of given terms that no document can hold once it is normalised."""
        if callable(self.analyzer) or self.preprocessor is not None:
            return
        normalise = self.build_preprocessor()
        lost = [t for t in terms if isinstance(t, str) and normalise(t) != t]
        if lost:
            _warn(
                f"vocabulary has {len(lost)} terms that match nothing, since documents "
                f"are normalised first and these are not: {sorted(lost)[:5]}."
            )

    def _idle_parameters(self) -> list[str]:
        by_words = self.analyzer == "word"
        own_pattern = self.token_pattern not in (None, WORDS_OF_TWO)
        own_cut = by_words and self.tokenizer is not None
        idle = {
            "token_pattern": (own_cut and self.token_pattern is not None)
            or (not by_words and own_pattern),
            "preprocessor": callable(self.analyzer) and self.preprocessor is not None,
            "ngram_range": callable(self.analyzer) and self.ngram_range != (1, 1),
            "stop_words": not by_words and self.stop_words is not None,
            "tokenizer": not by_words and self.tokenizer is not None,
        }
        return [name for name, is_idle in idle.items() if is_idle]

    def _warn_of_leaking_stop_words(self) -> None:
        """Warn of pieces of stop words that are not stop words themselves."""
        stop_words = self.get_stop_words() or frozenset()
        normalise, tokenize = self.build_preprocessor(), self.build_tokenizer()
        try:
            pieces = {p for word in stop_words for p in tokenize(normalise(word))}
        except Exception:  # the user's own functions may not take a single word
            return
        if pieces - stop_words:
            _warn(
                f"Stop words are cut into {sorted(pieces - stop_words)}, which are not "
                "stop words: those pieces will be counted."
            )


def batches(documents: Iterable[Any]) -> Iterator[list[Any]]:
    """Cut a stream of documents into lists of a few million characters."""
    if isinstance(documents, str):
        raise ValueError("Expected an iterable of documents, got a single string.")
    batch: list[Any] = []
    size = 0
    for doc in documents:
        batch.append(doc)
        size += len(doc) if isinstance(doc, str | bytes) else 1 << 10
        if size >= _BATCH:
            yield batch
            batch, size = [], 0
    yield batch


def _normalise(doc: Any, lower: bool, accents: Callable[[str], str] | None) -> Any:
    if not isinstance(doc, str):
        if isinstance(doc, list | tuple) and not lower and accents is None:
            return doc  # words already; there is nothing to normalise
        raise TypeError(
            f"A document must be a string or bytes, got {type(doc).__name__}. For "
            "lists of words say analyzer=list, or lowercase=False with a tokenizer."
        )
    if lower:
        doc = doc.lower()
    return doc if accents is None else accents(doc)


def _accents(strip_accents: Any) -> Callable[[str], str] | None:
    if strip_accents is None or callable(strip_accents):
        return strip_accents
    if strip_accents == "ascii":
        return _strip_to_ascii
    if strip_accents == "unicode":
        return _strip_combining_marks
    raise ValueError(
        "strip_accents must be None, 'ascii', 'unicode' or a function, "
        f"got {strip_accents!r}."
    )


def _strip_to_ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")


def _strip_combining_marks(text: str) -> str:
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def _warn(message: str) -> None:
    warnings.warn(message, UserWarning, stacklevel=5)
