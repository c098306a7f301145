"""Words behind disguises: look-alike letters, digits for letters, spaces, repeats.

Who wants a word to pass a filter writes it so that people still read it. Each step here
undoes one way to do so, and leaves ordinary writing as it is.

References
----------
.. [1] The Unicode Consortium. "Unicode Security Mechanisms", Technical Standard 39,
   section 4 (confusable letters).
.. [2] Gröndahl, Pajola, Juuti, Conti and Asokan (2018). "All you need is 'love':
   evading hate speech detection". AISec.   (what spaces and typos do to models)
"""

import re

LOOK_ALIKES = dict(
    zip("аеорсухіјѕԁһԛԝкмтвнαορνικτυ", "aeopcyxijsdhqwkmtbhaopviktu", strict=True)
)
"""Cyrillic and Greek letters by the Latin ones that they look like."""
SIGNS = {
    **{"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t"},
    **{"@": "a", "$": "s", "!": "i"},
}
"""Digits and signs by the letters that they stand for."""
_TO_LATIN = str.maketrans(LOOK_ALIKES)
_TO_LETTERS = str.maketrans(SIGNS)
_WORD = re.compile(r"[^\W\d_]+")
_LATIN = re.compile(r"[a-z]")
_OTHER = re.compile(f"[{''.join(LOOK_ALIKES)}]")
# A letter, then signs, then a letter again: "2nd" and "mp3" are no disguise.
_BETWEEN = re.compile(r"(?<=[^\W\d_])(?:[01345]|7|[@$!])+(?=[^\W\d_])")
_REPEATED = re.compile(r"([^\W\d_])\1{2,}")
_SPACED = re.compile(r"(?<![a-z])[a-z](?:([ .*_\-])[a-z])(?:\1[a-z]){2,}(?![a-z])")


def undisguise(text: str) -> str:
    """Return a text in small letters with the words that it was written to hide.

    - digits and signs between two letters become the letters they stand for;
    - Cyrillic and Greek letters in a word with Latin ones become Latin;
    - a letter three times or more in a row stays twice;
    - four single letters or more with a space or a sign between become one word.

    Parameters
    ----------
    text : str
        In small letters, as ``TextNormaliser`` returns it.

    Notes
    -----
    Applied to its own result it changes nothing more. Cost: linear in the text.

    Examples
    --------
    >>> undisguise("a b4n4na, one b a n a n a, b-a-n-a-n-a, b.a.n.a.n.a")
    'a banana, one banana, banana, banana'
    >>> undisguise("baaaanana b\N{CYRILLIC SMALL LETTER A}nana")
    'baanana banana'
    >>> undisguise("at 10 on the 2nd of may, in plan b or c")
    'at 10 on the 2nd of may, in plan b or c'
    """
    text = _BETWEEN.sub(lambda found: found[0].translate(_TO_LETTERS), text)
    if _OTHER.search(text):
        text = _WORD.sub(_latin, text)
    text = _REPEATED.sub(r"\1\1", text)
    return _REPEATED.sub(r"\1\1", _SPACED.sub(_joined, text))


def _latin(word: re.Match[str]) -> str:
    return word[0].translate(_TO_LATIN) if _LATIN.search(word[0]) else word[0]


def _joined(found: re.Match[str]) -> str:
    return found[0].replace(found[1], "")
