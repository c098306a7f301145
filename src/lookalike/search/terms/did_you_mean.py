"""Did you mean: a query with words that no document holds, put right by those they do.

A word that is not known was meant as the one with the highest

    -cost of the edits + p log(n / N) + c sum_t log(P(t | word) / P(t)),

for n of N documents that hold it, and t the known words of the query: what stands
together in documents was meant together. Which words are known, and which stand
together, is asked of the documents as they are now: no suggestion leads nowhere.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Self

import numpy as np

from lookalike._texts import Texts
from lookalike._typing import Array
from lookalike.search.prefix.edits import count_edits
from lookalike.search.spelling import SpellingCorrector
from lookalike.search.terms.analysis import Analysis
from lookalike.search.terms.snapshot import Snapshot, Where

SHORTEST = 3
"""Letters of a word that may be misspelt."""
LONG = 6
"""Letters from which on it may be misspelt twice."""
MOST_WORDS = 50
"""Words of a query; what has more is a text that was pasted."""
PRIOR = 0.6
"""Weight of the logarithm of how often a word is used, p."""
CONTEXT = 0.25
"""Weight of the words beside it, c."""
SMOOTHING = 5.0
"""Documents of any kind that are added to those which hold a word."""
UNKNOWN, A_LETTER = 6.0, 1.5
"""Minus the logarithm of how likely a word is meant that no document holds."""
_NEAR, _KEPT, _BESIDE = 32, 8, 10  # words near by cost, of those by score, known words
_IN_WORDS = "-\u2010\u2011'\u2019"  # signs that may stand between letters of words
_RUN = re.compile(r"\S+")


class DidYouMean:
    """The words of documents as they stand there, by which queries are put right.

    Notes
    -----
    Memory: about 85 bytes a word, and 285 more from the first query with an unknown
    word on, which takes ten seconds longer for each million words. Cost of such a
    query: reading the lists of its ten rarest known words, and of eight others an
    unknown word.

    Examples
    --------
    >>> from lookalike.search import TextIndex
    >>> texts = ["lift of a wing", "heat transfer to a wing", "heating a wine"]
    >>> index = TextIndex().fit(["a", "b", "c"], texts)
    >>> meant = DidYouMean.of_texts(texts, Analysis())
    >>> now = index.snapshot()
    >>> [meant.suggest(query, now) for query in ("haet to a wing", "wings", "wing X15")]
    ['heat to a wing', None, None]
    """

    def __init__(self, words: "_Words", later: "_Words | None" = None) -> None:
        self._words, self._later = words, later or _Words({})

    @classmethod
    def of_texts(cls, texts: Sequence[str], analysis: Analysis) -> Self:
        """Count the words of these texts."""
        return cls(_Words(analysis.count_words(texts)))

    def with_texts(self, texts: Sequence[str], analysis: Analysis) -> Self:
        """Return this with the words of further texts; what was built stays so."""
        later = dict(self._later.counts)
        for word, n in analysis.count_words(texts).items():
            if word not in self._words.counts:
                later[word] = later.get(word, 0) + n
        return type(self)(self._words, _Words(later))

    def arrays(self) -> dict[str, Array]:
        """Return the words and counts, from which ``of_arrays`` makes this again."""
        every = {**self._words.counts, **self._later.counts}
        counts = np.array(list(every.values()), np.int64)
        return {**Texts.of(every).arrays("words"), "counts": counts}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Make this of what ``arrays`` returned.

        Raises
        ------
        KeyError, ValueError
            If they do not belong together.
        """
        words = Texts.of_arrays("words", arrays).tolist()
        counts = arrays["counts"]
        if counts.shape != (len(words),) or (counts < 1).any():
            raise ValueError("words and their counts do not belong together.")
        return cls(_Words(dict(zip(words, counts.tolist(), strict=True))))

    def suggest(
        self, query: str, documents: Snapshot, where: Where = None, found: bool = True
    ) -> str | None:
        """Return what was meant, or None if that is the query, or nobody can know.

        Parameters
        ----------
        where : as of ``Snapshot.search``
            Documents that may be found: one of them holds each word that is suggested.
        found : bool, default=True
            Whether the query found anything. Where it did not, its words are those
            unknown that none of these documents holds.
        """
        analysis = documents.form.analysis
        if where is None and found and self._knows_all(query, documents):
            return None
        words = list(_words_of(query, analysis))
        if len(words) > MOST_WORDS:
            return None
        unknown, known = [], []
        for start, stop, word in words:
            if _is_held(word, documents, None if found else where):
                known.append(word)
            elif _is_word(query, start, stop, word):
                unknown.append((start, stop, word))
        if not unknown:
            return None
        beside = _Beside(known, documents, where)
        parts, at = [], 0
        for start, stop, word in unknown:
            meant = self._meant(word, beside)
            if meant is not None:
                parts += [query[at:start], meant]
                at = stop
                beside.add(meant)
        return "".join([*parts, query[at:]]) if parts else None

    def _knows_all(self, query: str, documents: Snapshot) -> bool:
        return all(map(documents.knows, documents.form.analysis.terms(query)))

    def _meant(self, word: str, beside: "_Beside") -> str | None:
        """What an unknown word was likeliest meant as."""
        edits = 2 if len(word) >= LONG else 1
        near: list[tuple[float, str]] = []
        for known in (self._words, self._later):
            for other, score in known.near(word):
                if count_edits(word, other, edits) <= edits:
                    share = min(known.counts[other] / beside.n_documents, 1.0)
                    near.append((score + PRIOR * float(np.log(share)), other))
        near.sort(key=lambda each: (-each[0], each[1]))
        best, meant = -UNKNOWN - A_LETTER * len(word), None
        kept = 0
        for score, other in near:
            if kept == _KEPT:
                break
            held = beside.held(other)
            if held is None:
                continue
            kept += 1
            score += CONTEXT * beside.evidence(held)
            if score > best:
                best, meant = score, other
        return meant


class _Words:
    """Words with how many documents hold each, and those near to another one."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        self.counts = counts

    def near(self, word: str) -> list[tuple[str, float]]:
        """Words within two edits, with minus the cost of these."""
        corrector = self._corrector
        return corrector.suggest(word, _NEAR) if corrector is not None else []

    @cached_property
    def _corrector(self) -> SpellingCorrector | None:
        right = {word: 1.0 for word in self.counts if _is_spelt(word)}
        return SpellingCorrector(right, prior=0.0) if right else None


class _Beside:
    """The known words of a query, and the documents that hold them."""

    def __init__(self, known: Sequence[str], documents: Snapshot, where: Where) -> None:
        self._documents, self._where = documents, where
        self.n_documents = max(len(documents), 1)
        masks = [self.held(word) for word in dict.fromkeys(known)]
        held = [mask for mask in masks if mask is not None]
        held.sort(key=lambda mask: int(mask.sum()))
        self._held = held[:_BESIDE]

    def held(self, word: str) -> Array | None:
        """Which documents that may be found hold a word; None where none does."""
        mask = self._documents.holding(word, self._where)
        return mask if mask.any() else None

    def add(self, word: str) -> None:
        """A further known word."""
        mask = self.held(word)
        if mask is not None:
            self._held.append(mask)

    def evidence(self, held: Array) -> float:
        """How much likelier the known words are where ``held`` is, as a logarithm."""
        n, found = int(held.sum()), 0.0
        for mask in self._held:
            share = int(mask.sum()) / self.n_documents
            together = int(np.count_nonzero(mask & held))
            expected = (together + SMOOTHING * share) / (n + SMOOTHING)
            found += float(np.log(expected / share))
        return found


def _words_of(query: str, analysis: Analysis) -> Sequence[tuple[int, int, str]]:
    """Where each word of a query stands in it, and the word as it is counted."""
    found = []
    for start, stop in analysis.pieces(query):
        words = analysis.words(query[start:stop])
        found += [(start, stop, word) for word in words[:1] if len(words) == 1]
    return found


def _is_held(word: str, documents: Snapshot, where: Where) -> bool:
    terms = documents.form.analysis.terms(word)
    if where is None:
        return all(map(documents.knows, terms))
    return not terms or bool(documents.holding(word, where).any())


def _is_word(query: str, start: int, stop: int, word: str) -> bool:
    """Whether it may be a misspelt word: no name of a thing, number or abbreviation."""
    if not _is_spelt(word):
        return False
    raw = query[start:stop]
    small = query.upper() != query
    if small and raw != raw.lower() and raw[1:] != raw[1:].lower():
        return False  # NASA, camelCase
    [run] = [m for m in _RUN.finditer(query) if m.start() <= start and stop <= m.end()]
    inside = run[0].strip("".join(c for c in run[0] if not c.isalnum()))
    return all(c.isalpha() or c in _IN_WORDS or _is_mark(c) for c in inside)


def _is_spelt(word: str) -> bool:
    """Whether it has letters of one script alone, and enough of them."""
    return len(word) >= SHORTEST and bool(_script_of(word))


def _script_of(word: str) -> str:
    """The script of all letters of a word, "" where they are of several or none."""
    if word.isascii():
        return "LATIN" if word.isalpha() else ""
    scripts = set()
    for c in word:
        if c.isalpha():
            scripts.add(unicodedata.name(c, "").partition(" ")[0])
        elif not _is_mark(c):
            return ""
    return scripts.pop() if len(scripts) == 1 else ""


def _is_mark(c: str) -> bool:
    return unicodedata.category(c).startswith("M")
