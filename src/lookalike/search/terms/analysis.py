"""From a text to its terms: Unicode words, folded, without stop words, stemmed.

Texts of a batch are joined, brought to one form and cut by one kernel; equal words get
the same number, so that stop words and stems are looked up once for each distinct word.
"""

import threading
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import Stemmer
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from lookalike._typing import Array, Ints
from lookalike.kernels.slices import number_slices
from lookalike.kernels.word_slices import (
    BREAK,
    LETTER,
    PAIRED,
    UNKNOWN,
    word_slices,
)

LONGEST = 100  # letters of a word that are kept
PROVEN = 200  # words with their stems that are saved, to know the stemmer again
_DOTLESS = "\u0131"
_DOTTED = "i\u0307"  # what "İ" is folded to
_PASSED_OVER = 3  # a class of code points beside those of the kernel
_INVISIBLE = ("VARIATION SELECTOR", "COMBINING GRAPHEME JOINER", "ARABIC TATWEEL")
_WITHOUT_BLANKS = (
    *("CJK", "IDEOGRAPHIC", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO"),
    *("THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN"),
)
_BATCH = 1 << 22  # characters that are cut at a time: bounds the memory


@dataclass(frozen=True)
class Cut:
    """The terms of some texts, in order.

    terms : the distinct terms
    numbers : int32 (n_words,), which term each word is
    ends : int64 (n_texts,), where each text ends in ``numbers``
    """

    terms: list[str]
    numbers: Array
    ends: Ints


class Analysis:
    """How a text becomes terms; part of what an index is, and saved with it.

    A word is a run of letters, digits and the marks on them; in scripts without blanks,
    such as Chinese, Japanese and Thai, every two neighbouring letters are a word.
    Texts are brought to the Unicode form NFKC and their case is folded, so that "ﬁne"
    and "FINE" are one word, and so are "straße" and "STRASSE"; invisible characters
    such as soft hyphens are passed over. Of a word the first 100 letters count.

    Parameters
    ----------
    language : str or None, default="english"
        Whose Snowball stemmer is used, see ``Analysis.languages()``; None stems
        nothing. With "turkish", "I" is the capital of the dotless i.
    stop_words : None, "english" or iterable of str, default=None
        Words that are left out, as they stand in a text, before stemming.
    strip_accents : bool, default=False
        Whether "é" is read as "e".

    References
    ----------
    .. [1] Unicode Standard Annex 15, "Unicode Normalization Forms".
    .. [2] Porter (2001). "Snowball: a language for stemming algorithms".

    Examples
    --------
    >>> from lookalike.search.terms import Analysis
    >>> Analysis().terms("Running, runs & RAN: the ﬁnest café-bar")
    ['run', 'run', 'ran', 'the', 'finest', 'café', 'bar']
    >>> Analysis(None, stop_words=["the"], strip_accents=True).terms("The café")
    ['cafe']
    >>> Analysis("turkish").words("İZMİR")
    ['izmir']
    """

    def __init__(
        self,
        language: str | None = "english",
        stop_words: str | Iterable[str] | None = None,
        strip_accents: bool = False,
    ) -> None:
        if language is not None and language not in self.languages():
            raise ValueError(
                f"language must be None or one of {', '.join(self.languages())}, "
                f"got {language!r}."
            )
        if isinstance(stop_words, str) and stop_words != "english":
            raise ValueError(
                f"stop_words must be None, 'english' or words, got {stop_words!r}."
            )
        self.language = language
        self.strip_accents = bool(strip_accents)
        given = ENGLISH_STOP_WORDS if stop_words == "english" else stop_words or ()
        self.stop_words = frozenset(word for text in given for word in self.words(text))
        self._known: dict[str, str | None] = {}
        self._proof: dict[str, str] = {}

    @staticmethod
    def languages() -> list[str]:
        """The languages that there is a stemmer for."""
        return sorted(Stemmer.algorithms())

    def about(self) -> dict[str, Any]:
        """A JSON document from which ``of`` makes the same analysis."""
        return {
            "language": self.language,
            "stop_words": sorted(self.stop_words),
            "strip_accents": self.strip_accents,
            "stems": dict(self._proof),
        }

    @classmethod
    def of(cls, about: Mapping[str, Any]) -> Self:
        """The analysis that ``about`` describes.

        Raises
        ------
        ValueError
            If the stemmer that is installed stems otherwise than the one that was used.
        """
        made = cls(about["language"], about["stop_words"], about["strip_accents"])
        made._proof = dict(about["stems"])
        if made.language is not None:
            words, stems = list(made._proof), list(made._proof.values())
            for word, now, then in zip(
                words, _stems(made.language, words), stems, strict=True
            ):
                if now != then:
                    raise ValueError(
                        f"its stemmer made {then!r} of {word!r}, and the one here "
                        f"(PyStemmer {Stemmer.version()}) makes {now!r}: make the "
                        "index again."
                    )
        return made

    def words(self, text: str) -> list[str]:
        """The words of a text, folded, in order; neither stemmed nor left out."""
        folded, code_points, classes = self._folded(text)
        starts, stops = np.empty((2, len(code_points)), np.int64)
        n = word_slices(code_points, classes, LONGEST, starts, stops)
        pairs = zip(starts[:n].tolist(), stops[:n].tolist(), strict=True)
        return [folded[start:stop] for start, stop in pairs]

    def pieces(self, text: str) -> list[tuple[int, int]]:
        """Where the words of a text begin and end in it as it is, before folding."""
        code_points = _code_points(text)
        _learn_classes(code_points)
        kinds = _CLASSES[code_points].astype(np.int32)
        starts, stops = np.empty((2, len(kinds)), np.int64)
        n = word_slices(kinds, _AS_LETTERS, len(kinds), starts, stops)
        return list(zip(starts[:n].tolist(), stops[:n].tolist(), strict=True))

    def terms(self, text: str) -> list[str]:
        """The terms of a text, in order."""
        terms = map(self._term, self.words(text))
        return [term for term in terms if term is not None]

    def cut(self, texts: Sequence[str]) -> Cut:
        """The terms of many texts, equal to those of each."""
        number_of: dict[str, int] = {}
        numbers, ends, n_words = [], [], 0
        for batch in _batches(texts):
            found, words, per_text = self._numbered(batch)
            of_word = np.empty(len(words), np.int32)
            self._prove(words)
            for i, term in enumerate(self._terms_of(words)):
                of_word[i] = (
                    -1 if term is None else number_of.setdefault(term, len(number_of))
                )
            found = of_word[found]
            if (of_word < 0).any():
                kept = found >= 0
                before = np.concatenate([[0], np.cumsum(kept)])
                per_text, found = before[per_text], found[kept]
            numbers.append(found)
            ends.append(n_words + per_text)
            n_words += len(found)
        none = np.empty(0, np.int32), np.empty(0, np.int64)
        return Cut(
            list(number_of),
            np.concatenate([none[0], *numbers]),
            np.concatenate([none[1], *ends]),
        )

    def count_words(self, texts: Sequence[str]) -> dict[str, int]:
        """In how many of these texts each word is, folded and not stemmed.

        Examples
        --------
        >>> Analysis().count_words(["Red wings, red tails", "a red wing"])
        {'red': 2, 'wings': 1, 'tails': 1, 'a': 1, 'wing': 1}
        """
        counts: dict[str, int] = {}
        for batch in _batches(texts):
            numbers, words, ends = self._numbered(batch)
            text = np.repeat(np.arange(len(ends)), np.diff(ends, prepend=0))
            pairs = np.unique(text * len(words) + numbers)
            held = np.bincount(pairs % max(len(words), 1), minlength=len(words))
            for word, n in zip(words, held.tolist(), strict=True):
                counts[word] = counts.get(word, 0) + n
        return counts

    def _term(self, word: str) -> str | None:
        """The term of a word, None for a stop word."""
        try:
            return self._known[word]
        except KeyError:
            pass
        term = self._terms_of([word])[0]
        if len(self._known) > 1 << 16:
            self._known = {}  # another one: a thread may read the old one
        self._known[word] = term
        return term

    def _terms_of(self, words: list[str]) -> list[str | None]:
        stems = words
        if self.language is not None:
            stems = _stems(self.language, words)
        if not self.stop_words:
            return list(stems)
        pairs = zip(words, stems, strict=True)
        return [None if word in self.stop_words else stem for word, stem in pairs]

    def _prove(self, words: list[str]) -> None:
        """Keep some words with their stems: those of documents, never of queries."""
        if self.language is not None and len(self._proof) < PROVEN:
            pairs = zip(words, _stems(self.language, words), strict=True)
            changed = [(word, stem) for word, stem in pairs if word != stem]
            self._proof |= dict(changed[: PROVEN - len(self._proof)])

    def _numbered(self, texts: Sequence[str]) -> tuple[Array, list[str], Ints]:
        """Number of each word, the distinct words, and where each text ends."""
        joined = "\0".join([text.replace("\0", " ") for text in texts])
        folded, code_points, classes = self._folded(joined)
        starts, stops = np.empty((2, len(code_points)), np.int64)
        n = word_slices(code_points, classes, LONGEST, starts, stops)
        starts, stops = starts[:n], stops[:n]
        numbers, first = number_slices(code_points, starts, stops)
        pairs = zip(starts[first].tolist(), stops[first].tolist(), strict=True)
        words = [folded[start:stop] for start, stop in pairs]
        text_ends = np.append(np.flatnonzero(code_points == 0), len(code_points))
        return numbers, words, np.searchsorted(starts, text_ends)

    def _folded(self, text: str) -> tuple[str, Array, Array]:
        """A text in one form, its code points, and the classes of all code points."""
        if self.language == "turkish":
            text = text.replace("I\u0307", "i").replace("I", _DOTLESS).replace("İ", "i")
        if text.isascii():
            text = text.lower()
            return text, _code_points(text), _CLASSES
        text = unicodedata.normalize("NFKC", text)
        if self.language == "turkish":  # what was composed just now
            text = text.replace("İ", "i")
        text = unicodedata.normalize("NFKC", text.casefold()).replace(_DOTTED, "i")
        if self.strip_accents:
            parts = unicodedata.normalize("NFD", text)
            bare = "".join(c for c in parts if unicodedata.category(c) != "Mn")
            text = unicodedata.normalize("NFC", bare)
        code_points = _code_points(text)
        _learn_classes(code_points)
        passed_over = _CLASSES[code_points] == _PASSED_OVER
        if passed_over.any():
            code_points = code_points[~passed_over]
            text = code_points.tobytes().decode("utf-32-le", "surrogatepass")
        return text, code_points, _CLASSES


def _batches(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Slices of the texts of a few million characters."""
    start, size = 0, 0
    for i, text in enumerate(texts):
        size += len(text)
        if size >= _BATCH:
            yield texts[start : i + 1]
            start, size = i + 1, 0
    if start < len(texts):
        yield texts[start:]


def _stems(language: str, words: list[str]) -> list[str]:
    """The stems of words; a stemmer has one state, so every thread has its own."""
    made: dict[str, Any] = _local.__dict__
    if language not in made:
        made[language] = Stemmer.Stemmer(language)
    stems: list[str] = made[language].stemWords(words)
    return stems


_local = threading.local()


def _code_points(text: str) -> Array:
    return np.frombuffer(bytearray(text.encode("utf-32-le", "surrogatepass")), np.int32)


def _learn_classes(code_points: Array) -> None:
    """Fill in the classes of these code points."""
    unknown = code_points[_CLASSES[code_points] == UNKNOWN]
    for code_point in np.unique(unknown).tolist():
        _CLASSES[code_point] = _class_of(chr(code_point))


def _class_of(character: str) -> int:
    category = unicodedata.category(character)
    name = unicodedata.name(character, "")
    if category == "Cf" or name.startswith(_INVISIBLE):
        return _PASSED_OVER
    if category[0] in "LM" and name.startswith(_WITHOUT_BLANKS):
        return PAIRED
    return LETTER if category[0] in "LMN" else BREAK


_AS_LETTERS = np.array([BREAK, LETTER, PAIRED, LETTER], np.uint8)
_CLASSES = np.full(0x110000, UNKNOWN, np.uint8)
_learn_classes(np.arange(128))
