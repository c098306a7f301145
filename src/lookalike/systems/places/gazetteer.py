"""What the places system knows about a word: its form, and the lists it is on."""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence

from lookalike.datasets import Sentences, Tagged
from lookalike.features.text import words

LONGEST = 5
"""Most words of a name that is looked up."""
SMALL = "small letters "
"""Begins the kind of a name that was written without a capital letter."""
Word = tuple[str, str]
"""A word, and what it is in the gazetteer, such as ``B-country``, or ``""``."""
_SIGNS = re.compile(r"^[^\w&]+|[^\w]+$")
_DOTTED = re.compile(r"(\w\.)+\w?\.?")


def bare(word: str) -> str:
    """A word without the signs at its ends; abbreviations keep their dots.

    Examples
    --------
    >>> bare("#Denver"), bare("*Boston*"), bare("Patchogue)"), bare("D.C."), bare("-")
    ('Denver', 'Boston', 'Patchogue', 'D.C.', '-')
    """
    return word if _DOTTED.fullmatch(word) else _SIGNS.sub("", word) or word


def marked(sentence: Sequence[str], gazetteer: Mapping[str, str]) -> list[Word]:
    """Mark the words of the longest names of the gazetteer, from left to right.

    Names stand in the gazetteer in lower case and codes ("TX") in capitals, which is
    how a code must be written. The kind of a name says whether it was written without
    a capital letter: "nice" is hardly the city.

    Examples
    --------
    >>> names = {"new york": "large", "york": "middle", "NY": "state code"}
    >>> marked(["New", "York", ",", "NY"], names)
    [('New', 'B-large'), ('York', 'I-large'), (',', ''), ('NY', 'B-state code')]
    >>> marked(["in", "york"], names)
    [('in', ''), ('york', 'B-small letters middle')]
    """
    whole = [bare(word) for word in sentence]
    plain = [word.lower().replace("-", " ") for word in whole]
    marks = [""] * len(plain)
    start = 0
    while start < len(plain):
        length = _longest(plain, start, gazetteer)
        kind = gazetteer[" ".join(plain[start : start + length])] if length else ""
        if kind and whole[start][0].islower():
            kind = SMALL + kind
        elif not kind:
            kind = gazetteer.get(whole[start], "")
        if kind:
            marks[start] = f"B-{kind}"
            for inside in range(start + 1, start + length):
                marks[inside] = f"I-{kind}"
        start += max(length, 1)
    return list(zip(sentence, marks, strict=True))


def _longest(plain: Sequence[str], start: int, gazetteer: Mapping[str, str]) -> int:
    for length in range(min(LONGEST, len(plain) - start), 0, -1):
        if " ".join(plain[start : start + length]) in gazetteer:
            return length
    return 0


def describe(word: Word) -> tuple[str, ...]:
    """The symbols of a word: lower case, ending, beginning, form, and gazetteer.

    Examples
    --------
    >>> describe(("Boston", "B-large"))
    ('boston', 'ton', 'bos', 'Xx', 'B-large')
    """
    text, mark = word
    shape = form(text)
    plain = shape if shape in ("address", "@x") else with_zeros(bare(text).lower())
    return plain, plain[-3:], plain[:3], shape, mark


def form(text: str) -> str:
    """Shape of a word, runs of one kind of character shortened to one.

    Examples
    --------
    >>> form("McDonald"), form("USA"), form("3.50"), form("@anna")
    ('XxXx', 'XX', '0.0', '@x')
    """
    if text.startswith(("http:", "https:", "www.")):
        return "address"
    if text.isupper() and len(text) > 1:
        return "XX"
    kinds = [
        "X" if c.isupper() else "x" if c.isalpha() else "0" if c.isdigit() else c
        for c in text
    ]
    return "".join(c for i, c in enumerate(kinds) if i == 0 or kinds[i - 1] != c)[:6]


def location_tags(part: Tagged) -> list[list[str]]:
    """Tags that tell locations from all else: B, I and O."""
    return [
        [tag[0] if tag.endswith("-location") else "O" for tag in tags]
        for tags in part.tags
    ]


def kinds_of_names(part: Tagged) -> list[list[str]]:
    """Tags of all names, told apart as locations, persons and others.

    A tagger that also knows what is the name of a person takes it less for a place.
    """
    return [[_kind(tag) for tag in tags] for tags in part.tags]


def _kind(tag: str) -> str:
    place, _, kind = tag.partition("-")
    if place == "O":
        return tag
    return f"{place}-{kind if kind in ('location', 'person') else 'other'}"


def words_seen(sentences: Sentences, tags: Sequence[Sequence[str]]) -> set[str]:
    """Words, lower case, that stood in locations at least half of the time."""
    inside: Counter[str] = Counter()
    everywhere: Counter[str] = Counter()
    for sentence, own in zip(sentences, tags, strict=True):
        for word, tag in zip(sentence, own, strict=True):
            everywhere[word.lower()] += 1
            inside[word.lower()] += tag != "O"
    return {word for word, n in inside.items() if n and 2 * n >= everywhere[word]}


def spans(tags: Sequence[str]) -> set[tuple[int, int]]:
    """Starts and ends of the places that tags B, I and O tell.

    Examples
    --------
    >>> sorted(spans(["B", "I", "O", "I", "B"]))
    [(0, 2), (3, 4), (4, 5)]
    """
    found, start = set(), None
    for i, tag in enumerate([*tags, "O"]):
        if start is not None and tag != "I":
            found.add((start, i))
            start = None
        if start is None and tag != "O":
            start = i
    return found


def cut_with_offsets(text: str) -> list[tuple[str, int]]:
    """Words and signs of a raw text, and where each begins.

    Examples
    --------
    >>> cut_with_offsets("From Rome, now")
    [('From', 0), ('Rome', 5), (',', 9), ('now', 11)]
    """
    found, place = [], 0
    for word in words(text, punctuation=True):
        place = text.index(word, place)
        found.append((word, place))
        place += len(word)
    return found


def check_text(text: str) -> str:
    """Return a text that can be tagged, or say what is wrong with it."""
    letters = [c for c in text if c.isalpha()]
    if not text.strip():
        raise ValueError("The text is empty; expected words.")
    if not letters:
        raise ValueError("The text holds no letters; expected words.")
    latin = sum("LATIN" in unicodedata.name(c, "") for c in letters)
    if 2 * latin < len(letters):
        script = unicodedata.name(letters[0], "AN UNKNOWN").split()[0].title()
        raise ValueError(
            f"The text is in another script ({script}); the words that were learned "
            "are in Latin letters."
        )
    return text


def with_zeros(text: str) -> str:
    """A text whose digits are all zeros."""
    return re.sub(r"\d", "0", text)
