"""Tokenisers without anything to learn: words and characters.

For pieces of words that are learned from texts see ``byte_pairs``.
"""

import re
import unicodedata

_WORD = r"""
    https?://\S+             # an address
  | [\#@]\w+                 # a tag or a name
  | \d+(?:[.,:]\d+)+         # a number with a fraction, a time, a date
  | \w+(?:['\u2019\-]\w+)*   # a word, with what holds its parts together
"""
_WORDS = re.compile(_WORD, re.VERBOSE)
_WORDS_AND_SIGNS = re.compile(_WORD + r"| [^\w\s]", re.VERBOSE)


def words(text: str, punctuation: bool = False) -> list[str]:
    """Cut a text into words, numbers, tags and addresses, in reading order.

    Parameters
    ----------
    text : str
        The text; case and accents stay as they are.
    punctuation : bool, default=False
        Whether each sign that is not white space is a token, too.

    Examples
    --------
    >>> from lookalike.features.text import words
    >>> words("Don't pay 3.50, @anna!")
    ["Don't", 'pay', '3.50', '@anna']
    >>> words("Wait...", punctuation=True)
    ['Wait', '.', '.', '.']
    """
    return (_WORDS_AND_SIGNS if punctuation else _WORDS).findall(text)


def characters(text: str) -> list[str]:
    r"""Cut a text into characters as a reader sees them.

    Combining marks stay with the letter that they mark. Joining the characters gives
    the text back.

    Examples
    --------
    >>> from lookalike.features.text import characters
    >>> [len(c) for c in characters("ne\u0301e")]
    [1, 2, 1]
    """
    clusters: list[str] = []
    for character in text:
        if clusters and unicodedata.combining(character):
            clusters[-1] += character
        else:
            clusters.append(character)
    return clusters
