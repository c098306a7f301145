"""What the places system knows about a word: its form, and the lists it is on."""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence

from lookalike.datasets import Sentences, Tagged
from lookalike.features.text import words

LONGEST = 5
"""Most words of a name that is looked up."""
_LANDMARKS = """
street st road rd avenue ave park school university college stadium airport hotel lake
river island county city town beach mall center centre bridge building tower square
garden gardens hall church museum station valley mountain hill house bar cafe restaurant
arena theatre theater club library hospital plaza court
"""
LANDMARKS = frozenset(_LANDMARKS.split())
"""Words that end names of places."""
LEADING = frozenset(["in", "at", "from", "to", "near", "of", "visit", "visiting"])
"""Words that lead to places."""
Word = tuple[str, str]
"""A word, and what it is in the gazetteer, such as ``B-country``, or ``""``."""


def marked(sentence: Sequence[str], gazetteer: Mapping[str, str]) -> list[Word]:
    """Mark the words of the longest names of the gazetteer, from left to right.

    Only names that begin with a capital letter or a sign are marked: "nice" is none.

    Examples
    --------
    >>> marked(["In", "New", "York", "now"], {"new york": "large", "york": "middle"})
    [('In', ''), ('New', 'B-large'), ('York', 'I-large'), ('now', '')]
    """
    plain = [word.lower().lstrip("#@") for word in sentence]
    marks = [""] * len(plain)
    start = 0
    while start < len(plain):
        length = _longest(plain, start, gazetteer)
        if length and not sentence[start][:1].islower():
            kind = gazetteer[" ".join(plain[start : start + length])]
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
    plain = shape if shape in ("address", "@x") else _with_zeros(text.lower())
    return plain, plain[-3:], plain[:3], shape, mark


def symbols(sentence: Sequence[Word], window: int = 2) -> list[list[str]]:
    """What a tagger is told about each word: itself, its neighbours, its run.

    A run is the words with a capital letter around a word, "Madison Square Garden":
    the word before the run and its last word say much about what it names.

    Examples
    --------
    >>> told = symbols([("in", ""), ("Hyde", ""), ("Park", "B-small")])[1]
    >>> [symbol for symbol in told if symbol.startswith(("before", "last"))]
    ['before=in', 'last=park', 'last is a landmark']
    """
    described = [describe(word) for word in sentence]
    lower = [text.lower() for text, _ in sentence]
    capital = [text[:1].isupper() for text, _ in sentence]
    shout = sum(capital) > 0.6 * len(sentence)
    rows = []
    for i in range(len(sentence)):
        told = []
        for step in range(-window, window + 1):
            if not 0 <= i + step < len(sentence):
                told.append(f"end{step}")
                continue
            plain, ending, beginning, shape, mark = described[i + step]
            told += [f"word{step}={plain}", f"form{step}={shape}"]
            if abs(step) <= 1:
                told += [f"ending{step}={ending}", f"beginning{step}={beginning}"]
                told.append(f"list{step}={mark}")
            if plain in LANDMARKS:
                told.append(f"landmark{step}")
        before = lower[i - 1] if i else "^"
        shape, mark = described[i][3], described[i][4]
        told.append(f"pair={before} {shape}")
        told += _led_by(lower[max(0, i - 3) : i], capital[i], bool(mark))
        if mark:
            kind = mark[2:]
            told += ["listed", f"listed={kind}", f"listed={kind} {shape}"]
            told += [f"listed after {before}", f"listed, all capitals {shout}"]
        told += _run(i, lower, capital)
        rows.append(told)
    return rows


def _led_by(before: Sequence[str], capital: bool, listed: bool) -> list[str]:
    """The nearest word of place among the three before, and what it leads to."""
    for word in reversed(before):
        if word in LEADING:
            return [f"led by {word}", f"led by {word}, {capital}, {listed}"]
    return []


def _run(i: int, lower: Sequence[str], capital: Sequence[bool]) -> list[str]:
    """What stands before and at the end of the run of capitals around word i."""
    if not capital[i]:
        return []
    first = last = i
    while first and capital[first - 1]:
        first -= 1
    while last + 1 < len(lower) and capital[last + 1]:
        last += 1
    told = [f"before={lower[first - 1] if first else '^'}", f"last={lower[last]}"]
    return [*told, "last is a landmark"] if lower[last] in LANDMARKS else told


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


def _with_zeros(text: str) -> str:
    return re.sub(r"\d", "0", text)
