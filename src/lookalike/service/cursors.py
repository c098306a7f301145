"""Cursors: where the next page of a search begins, however items come and go.

A cursor holds a hash of the search it belongs to, and one of each item that was shown.
The next page is the best of what was not. So no item is shown twice, and none that is
there all the time is left out, even if others come, change and go between two pages.
Nothing is kept: every worker, and every generation, takes up any cursor.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Self

_CHECK, _SEARCH, _ITEM = 8, 8, 6  # bytes of hashes


@dataclass(frozen=True)
class Cursor:
    """What the pages of one search have shown.

    search : hash of the search, see ``of``
    shown : hash of each item

    Examples
    --------
    >>> first = Cursor.of("documents", "red wine", {})
    >>> given = first.after(["d7", "d2"]).text
    >>> next = first.taken_up(given)
    >>> len(next), next.has_shown("d2"), next.has_shown("d3")
    (2, True, False)
    >>> Cursor.of("documents", "tea", {}).taken_up(given)
    Traceback (most recent call last):
    ValueError: The cursor is of another search: send its text and filters with it.
    """

    search: bytes
    shown: frozenset[bytes] = frozenset()

    @classmethod
    def of(cls, system: str, query: str, where: Mapping[str, Any]) -> Self:
        """Return the cursor before the first page of a search."""
        search = json.dumps([system, query, where], sort_keys=True)
        return cls(_hash(search, _SEARCH))

    def __len__(self) -> int:
        """How many items were shown."""
        return len(self.shown)

    def has_shown(self, id: str) -> bool:
        """Whether a page has shown an item."""
        return _hash(id, _ITEM) in self.shown

    def after(self, ids: Iterable[str]) -> Self:
        """Return the cursor behind a further page."""
        return type(self)(self.search, self.shown | {_hash(id, _ITEM) for id in ids})

    @property
    def text(self) -> str:
        """The cursor as it is sent: 8 letters an item, and 22."""
        held = self.search + b"".join(sorted(self.shown))
        return urlsafe_b64encode(_check(held) + held).decode().rstrip("=")

    def taken_up(self, sent: str) -> Self:
        """Return the cursor that was sent, of the search that this one is of.

        Raises
        ------
        ValueError
            If it is damaged, or of another search.
        """
        try:
            padded = sent.encode("ascii") + b"=" * (-len(sent) % 4)
            read = urlsafe_b64decode(padded)
        except ValueError:
            read = b""
        check, held = read[:_CHECK], read[_CHECK:]
        search, shown = held[:_SEARCH], held[_SEARCH:]
        if check != _check(held) or len(shown) % _ITEM or len(search) < _SEARCH:
            raise ValueError("The cursor is damaged: send it as the answer gave it.")
        if search != self.search:
            raise ValueError(
                "The cursor is of another search: send its text and filters with it."
            )
        items = [shown[at : at + _ITEM] for at in range(0, len(shown), _ITEM)]
        return type(self)(search, frozenset(items))


def _hash(text: str, size: int) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size).digest()


def _check(held: bytes) -> bytes:
    return blake2b(held, digest_size=_CHECK, person=b"cursor").digest()
