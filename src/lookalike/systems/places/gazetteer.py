"""Names of the gazetteer in a sentence: which words are marked as which kind."""

from collections.abc import Mapping, Sequence

from lookalike.systems.places.tokens import without_signs

LONGEST = 5
"""Most words of a name that is looked up."""
LOWER_CASE = "small letters "
"""Begins the kind of a name that was written without a capital letter."""
MarkedWord = tuple[str, str]
"""A word, and what it is in the gazetteer, such as ``B-country``, or ``""``."""


def mark_words(
    sentence: Sequence[str], gazetteer: Mapping[str, str]
) -> list[MarkedWord]:
    """Mark the words of the longest names of the gazetteer, from left to right.

    Names stand in the gazetteer in lower case and codes ("TX") in capitals, which is
    how a code must be written. The kind of a name says whether it was written without
    a capital letter: "nice" is hardly the city.

    Examples
    --------
    >>> names = {"new york": "large", "york": "middle", "NY": "state code"}
    >>> mark_words(["New", "York", ",", "NY"], names)
    [('New', 'B-large'), ('York', 'I-large'), (',', ''), ('NY', 'B-state code')]
    >>> mark_words(["in", "york"], names)
    [('in', ''), ('york', 'B-small letters middle')]
    """
    whole = [without_signs(word) for word in sentence]
    plain = [word.lower().replace("-", " ") for word in whole]
    marks = [""] * len(plain)
    start = 0
    while start < len(plain):
        length = _longest(plain, start, gazetteer)
        kind = gazetteer[" ".join(plain[start : start + length])] if length else ""
        if kind and whole[start][0].islower():
            kind = LOWER_CASE + kind
        elif not kind:
            kind = gazetteer.get(whole[start], "")
        if kind:
            marks[start] = f"B-{kind}"
            for inside in range(start + 1, start + length):
                marks[inside] = f"I-{kind}"
        start += max(length, 1)
    return list(zip(sentence, marks, strict=True))


def mark_sentences(
    sentences: Sequence[Sequence[str]], gazetteer: Mapping[str, str]
) -> list[list[MarkedWord]]:
    """Mark the words of each sentence."""
    return [mark_words(sentence, gazetteer) for sentence in sentences]


def _longest(plain: Sequence[str], start: int, gazetteer: Mapping[str, str]) -> int:
    for length in range(min(LONGEST, len(plain) - start), 0, -1):
        if " ".join(plain[start : start + length]) in gazetteer:
            return length
    return 0
