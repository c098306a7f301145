"""Words of a raw text: where they stand, how they are written, what is refused."""

import re
import unicodedata

from lookalike.features.text import words

_SIGNS = re.compile(r"^[^\w&]+|[^\w]+$")
_DOTTED = re.compile(r"(\w\.)+\w?\.?")


def check_text(text: str) -> str:
    """Return a text that can be tagged, or say what is wrong with it."""
    if not isinstance(text, str):
        raise ValueError(f"A text must be a string, got {type(text).__name__}.")
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


def words_with_offsets(text: str) -> list[tuple[str, int]]:
    """Return the words and signs of a raw text, and where each begins.

    Examples
    --------
    >>> words_with_offsets("From Rome, now")
    [('From', 0), ('Rome', 5), (',', 9), ('now', 11)]
    """
    found, offset = [], 0
    for word in words(text, punctuation=True):
        offset = text.index(word, offset)
        found.append((word, offset))
        offset += len(word)
    return found


def without_signs(word: str) -> str:
    """Return a word without the signs at its ends; abbreviations keep their dots.

    Examples
    --------
    >>> [without_signs(w) for w in ("#Denver", "*Boston*", "Patchogue)", "D.C.", "-")]
    ['Denver', 'Boston', 'Patchogue', 'D.C.', '-']
    """
    return word if _DOTTED.fullmatch(word) else _SIGNS.sub("", word) or word


def word_shape(text: str) -> str:
    """Return the shape of a word, runs of one kind of character shortened to one.

    Examples
    --------
    >>> word_shape("McDonald"), word_shape("USA"), word_shape("3.50")
    ('XxXx', 'XX', '0.0')
    >>> word_shape("@anna"), word_shape("www.example.org")
    ('@x', 'address')
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


def with_zeros(text: str) -> str:
    """Return a text whose digits are all zeros."""
    return re.sub(r"\d", "0", text)
