"""Texts as letters: numbers of characters, each text with a 0 behind it."""

from collections.abc import Sequence

import numpy as np

from lookalike._typing import Array

MOST = 2**32 - 2
"""Letters of all texts together, at most."""


def letters_of(texts: Sequence[str]) -> tuple[Array, Array]:
    """Return all texts as letters, and the character of each letter.

    Letters rise with the characters, so that texts of letters are sorted like texts.

    Returns
    -------
    letters : uint8, uint16 or uint32 (n_letters,)
    alphabet : uint32 (n_characters,), rising, the first is the mark of an end

    Examples
    --------
    >>> letters, alphabet = letters_of(["ba", "c"])
    >>> letters.tolist(), alphabet.tolist()
    ([2, 1, 0, 3, 0], [0, 97, 98, 99])
    """
    whole = "\0".join([*texts, ""]) if texts else ""
    points = np.frombuffer(whole.encode("utf-32-le", "surrogatepass"), np.uint32)
    if len(points) > MOST:
        raise ValueError(f"Texts may have {MOST:,} letters, got {len(points):,}.")
    is_there = np.zeros(0x110000, bool)
    is_there[points] = True
    is_there[0] = True
    alphabet = np.flatnonzero(is_there).astype(np.uint32)
    kind: type = np.uint8 if len(alphabet) <= 256 else np.uint16
    if len(alphabet) > 65_536:
        kind = np.uint32
    number: Array = np.zeros(0x110000, kind)
    number[alphabet] = np.arange(len(alphabet))
    return number[points], alphabet
