"""Texts of any length, held as their bytes one after the other, and where each ends.

An array of NumPy's fixed width (``<U9``) makes every text as wide as the longest one;
here each takes its own length. Both parts are plain arrays: they are saved, and mapped
from a file, like any other.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from lookalike._typing import Array, Ints

HALVES = re.compile("[\ud800-\udfff]")  # of pairs of surrogates
_UTF8 = ("utf-8", "surrogatepass")
ANY_LENGTH: Any = np.dtypes.StringDType()
"""NumPy's type of text in which each element has its own length."""


def utf8(text: str) -> bytes:
    r"""The bytes of a text; halves of pairs of surrogates, which have none, as U+FFFD.

    Examples
    --------
    >>> utf8("a\ud83d").decode()
    'a�'
    """
    try:
        return text.encode()
    except UnicodeEncodeError:
        return HALVES.sub("\ufffd", text).encode()


class Texts:
    """Immutable texts, each of its own length.

    Parameters
    ----------
    data : uint8 (n_bytes,)
        UTF-8.
    ends : int64 (n,)
        Where each text ends; the next one begins there.

    Examples
    --------
    >>> words = Texts.of(["cup", "a much longer word", ""])
    >>> words[[2, 0]].tolist(), words.nbytes
    (['', 'cup'], 45)
    """

    data: Array
    ends: Ints

    def __init__(self, data: Array, ends: Ints) -> None:
        self.data, self.ends = data, ends

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Texts":
        """Hold these texts, halves of pairs of surrogates too."""
        pieces = [text.encode(*_UTF8) for text in texts]
        ends = np.cumsum([len(piece) for piece in pieces], dtype=np.int64)
        return cls(np.array(bytearray(b"".join(pieces)), np.uint8), ends)

    @classmethod
    def joined(cls, parts: Iterable["Texts"]) -> "Texts":
        """All the texts of these, in one."""
        parts = list(parts)
        before = np.cumsum([0, *(len(part.data) for part in parts)])[:-1]
        ends = [part.ends + start for part, start in zip(parts, before, strict=True)]
        data = [part.data for part in parts]
        none = np.empty(0, np.uint8), np.empty(0, np.int64)
        return cls(np.concatenate([none[0], *data]), np.concatenate([none[1], *ends]))

    @classmethod
    def of_arrays(cls, name: str, arrays: Mapping[str, Array]) -> "Texts":
        """The texts whose ``arrays(name)`` are among these; they may be mapped.

        An array of fixed width, which saved folders once had, is taken too.

        Raises
        ------
        ValueError
            If they are no texts: reading them would fail, or read outside them.
        """
        data, ends = arrays[name], arrays.get(f"{name}_ends")
        if ends is None and data.dtype.kind == "U" and data.ndim == 1:
            return cls.of(data.tolist())
        good = ends is not None and data.dtype == np.uint8 and ends.dtype == np.int64
        if not good or ends is None or not data.ndim == ends.ndim == 1:
            raise ValueError(f"{name} holds no texts.")
        steps = np.diff(ends, prepend=0)
        if (steps < 0).any() or (ends[-1] if len(ends) else 0) != len(data):
            raise ValueError(f"{name} and {name}_ends do not belong together.")
        bytes(data).decode(*_UTF8)  # a UnicodeDecodeError is a ValueError
        if (data[(ends - steps)[steps > 0]] & 0xC0 == 0x80).any():
            raise ValueError(f"{name}_ends cuts letters of {name} in two.")
        return cls(data, ends)

    def arrays(self, name: str) -> dict[str, Array]:
        """Both parts, under names from which ``of_arrays`` takes them."""
        return {name: self.data, f"{name}_ends": self.ends}

    def __len__(self) -> int:
        return len(self.ends)

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.data.nbytes + self.ends.nbytes

    def __getitem__(self, rows: Any) -> "Texts":
        """Some of the texts: a slice, a mask, or rows of 0 to n - 1."""
        if isinstance(rows, slice):
            rows = np.arange(len(self))[rows]
        rows = np.asarray(rows)
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.int64)
        ends = self.ends[rows]
        starts = np.where(rows > 0, self.ends[rows - 1], 0) if len(rows) else ends
        lengths = ends - starts
        new_ends = np.cumsum(lengths)
        shift = np.repeat(starts - new_ends + lengths, lengths)
        return Texts(self.data[shift + np.arange(len(shift))], new_ends)

    def text(self, row: int) -> str:
        """One of the texts."""
        start = int(self.ends[row - 1]) if row > 0 else 0
        return bytes(self.data[start : self.ends[row]]).decode(*_UTF8)

    def tolist(self) -> list[str]:
        """The texts as Python has them."""
        data = self.data.tobytes()
        texts, start = [], 0
        for end in self.ends.tolist():
            texts.append(data[start:end].decode(*_UTF8))
            start = end
        return texts

    def array(self) -> Array:
        """The texts as an array of ``StringDType``, shape (n,).

        Raises
        ------
        ValueError
            If one has half of a pair of surrogates, which NumPy cannot hold.
        """
        return np.array(self.tolist(), ANY_LENGTH)
