"""Phrases that are never suggested: misspelt and inside others too, not inside words.

A phrase is found as whole words in a row. A word of it counts as misspelt where a few
edits make it: none below four letters, an exchange or a doubled letter at four, one
edit from five on and two from eight on, the first letter being right. Digits and signs
that stand for letters are read as letters, and letters that are spelled one by one, or
words that are written together or apart, as one word. So "Essex" holds no "sex".
"""

import re
from collections.abc import Iterable

from lookalike.features.text import TextNormaliser
from lookalike.search.prefix.edits import count_edits

_NORMALISE = TextNormaliser(strip_accents=True)
_WORDS = re.compile(r"[^\W_]+")
_STANDS_FOR = str.maketrans("013457@$!", "oieastasi")


class BlockedPhrases:
    """A list of phrases, and whether one of them is in a text.

    Parameters
    ----------
    phrases : iterable of str
    spared : iterable of str, default=()
        Words that are never taken as misspellings.

    Examples
    --------
    >>> blocked = BlockedPhrases(["sex", "black jack", "viagra"])
    >>> [blocked.found_in(text) for text in ("essex hotels", "cheap viagara")]
    [None, 'viagra']
    >>> blocked.found_in("play blackjack online"), blocked.found_in("s e x")
    ('black jack', 'sex')
    """

    phrases: tuple[str, ...]

    def __init__(self, phrases: Iterable[str], spared: Iterable[str] = ()) -> None:
        self.spared = frozenset(map(_NORMALISE, spared))
        self._words: dict[str, tuple[str, ...]] = {}
        for phrase in phrases:
            words = words_of(phrase)
            if not words:
                raise ValueError(f"A blocked phrase must have a word, got {phrase!r}.")
            self._words[phrase] = words
        self.phrases = tuple(self._words)
        self._matching: dict[str, frozenset[str]] = {}
        self._parts = {word for words in self._words.values() for word in words}
        self._parts |= {"".join(words) for words in self._words.values()}

    def __len__(self) -> int:
        return len(self.phrases)

    def found_in(self, text: str) -> str | None:
        """Return the first phrase that is in a text, None if there is none."""
        if not self._words:
            return None
        words = words_of(text)
        alike = [self._alike(word) for word in words]
        joined: dict[str, None] = {}
        if self._words:
            for n in (2, 3):
                for at in range(len(words) - n + 1):
                    joined["".join(words[at : at + n])] = None
        for run in _spelled(words):
            joined[run] = None
        for phrase, parts in self._words.items():
            whole = "".join(parts)
            if whole in joined or any(whole in each for each in alike):
                return phrase
            for at in range(len(words) - len(parts) + 1):
                if all(p in alike[at + i] for i, p in enumerate(parts)):
                    return phrase
        return None

    def _alike(self, word: str) -> frozenset[str]:
        """The words of phrases that this one is, or is a misspelling of."""
        if word not in self._matching:
            if len(self._matching) > 100_000:
                self._matching.clear()
            self._matching[word] = frozenset(
                part for part in self._parts if self._is_alike(word, part)
            )
        return self._matching[word]

    def _is_alike(self, word: str, part: str) -> bool:
        if word == part:
            return True
        if word in self.spared:
            return False
        word = word.translate(_STANDS_FOR)
        if word == part or (_single(word) == _single(part) and len(part) > 3):
            return True
        if word[0] != part[0] or len(part) < 4:
            return False
        if len(part) == 4:
            return sorted(word) == sorted(part) and count_edits(word, part, 1) <= 1
        allowed = 1 if len(part) < 8 else 2
        if word in (f"{part}s", f"{part}es"):
            return True
        return count_edits(word, part, allowed) <= allowed


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text, folded and without accents."""
    return tuple(_WORDS.findall(_NORMALISE(text)))


def _single(word: str) -> str:
    """A word with each run of a letter as one."""
    return re.sub(r"(.)\1+", r"\1", word)


def _spelled(words: tuple[str, ...]) -> Iterable[str]:
    """What is spelled by words of one letter in a row."""
    run = ""
    for word in (*words, "  "):
        if len(word) == 1:
            run += word
        else:
            if len(run) > 1:
                yield run
            run = ""
