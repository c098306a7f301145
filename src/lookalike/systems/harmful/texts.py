"""Texts of posts: what is refused, and the form in which they are compared."""

import re

from lookalike.features.text import TextNormaliser
from lookalike.features.text.undisguise import undisguise

MOST_LETTERS = 100_000
"""Longest text that is taken."""
_NORMALISER = TextNormaliser()
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+")
_MENTION = re.compile(r"@\w+")
_ENTITY = re.compile(r"&(?:#\d+|[a-z]+);")


def check_text(text: str) -> str:
    """Return a text that can be judged, or say why that cannot be.

    Examples
    --------
    >>> check_text("Good day")
    'Good day'
    >>> check_text("🙂🙂")
    Traceback (most recent call last):
    ValueError: The text holds no letters, so it cannot be said whether it is harmful.
    """
    check_letters(text)
    if not text.strip():
        raise ValueError("The text is empty; expected words.")
    if not has_letters(text):
        raise ValueError(
            "The text holds no letters, so it cannot be said whether it is harmful."
        )
    return text


def check_letters(text: str) -> None:
    """Refuse what is no text, or too long a one; it may be empty.

    Raises
    ------
    ValueError
        In one sentence.
    """
    if not isinstance(text, str):
        raise ValueError(f"A text must be a string, got {type(text).__name__}.")
    if len(text) > MOST_LETTERS:
        raise ValueError(
            f"A text must have at most {MOST_LETTERS:,} letters, got {len(text):,}."
        )


def has_letters(text: str) -> bool:
    """Whether there is a letter in it, of whatever script."""
    return any(map(str.isalpha, text))


def prepared(text: str, see_through: bool = True) -> str:
    """Return a text in small letters, without names and addresses, undisguised.

    see_through : whether disguises are undone, see ``features.text.undisguise``

    Examples
    --------
    >>> prepared("@ann B4NANA!! see https://example.org &amp; g o o d")
    '<user> banana!! see <address> good'
    """
    text = _ADDRESS.sub(" <address> ", text)
    text = _ENTITY.sub(" ", _MENTION.sub(" <user> ", text))
    text = _NORMALISER(text)
    return undisguise(text) if see_through else text
