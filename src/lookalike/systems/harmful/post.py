"""A post as it is sent: a text, a picture, its author and the reactions to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lookalike._typing import Array, Floats
from lookalike.core.inputs import RefusalCallback, TextInputs, refuse
from lookalike.datasets.posts import AUTHOR, REACTIONS, SIGNALS
from lookalike.features.image import MAX_PIXELS, read_image
from lookalike.systems.harmful.texts import check_letters, check_text, has_letters

_LINES = TextInputs(check="lookalike.systems.harmful.texts:check_text")
_FIELDS = ("text", "picture", "author", "reactions")


@dataclass(frozen=True, eq=False)
class Post:
    """A post, of which any part but one may be missing."""

    text: str = ""
    picture: Array | None = None
    """uint8 (height, width) or (height, width, 3)"""
    signals: Floats | None = None
    """(len(SIGNALS),), nan where it is not known; None where nothing is"""

    @property
    def has_text(self) -> bool:
        """Whether the text has a letter."""
        return has_letters(self.text)

    @property
    def counts(self) -> Floats:
        """The signals, nan where nothing is known."""
        if self.signals is None:
            return np.full(len(SIGNALS), np.nan)
        return self.signals

    @property
    def parts(self) -> tuple[str, ...]:
        """What there is of it, by name."""
        known = np.isfinite(self.counts)
        there = {
            "text": self.has_text,
            "picture": self.picture is not None,
            "author": known[: len(AUTHOR)].any(),
            "reactions": known[len(AUTHOR) :].any(),
        }
        return tuple(name for name, is_there in there.items() if is_there)


def post_of(query: "str | Post") -> Post:
    """Return a query as a post; a text is one that has nothing else."""
    return query if isinstance(query, Post) else Post(query)


class PostInputs:
    """Texts, lines of files that are named, or posts with further parts.

    A post is a mapping: ``text``, ``picture`` (the bytes of a file, or rows of pixels),
    ``author`` and ``reactions`` (counts by name).
    """

    noun = "text"
    forms = ("text", "post")

    def read(
        self, given: Sequence[Path | str], on_refusal: RefusalCallback = refuse
    ) -> tuple[list[str], list[Any]]:
        """Return texts under their own names, and lines of files under theirs."""
        return _LINES.read(given, on_refusal)

    def decode(self, sent: Any, max_pixels: int = MAX_PIXELS) -> Any:
        """Return a text that was sent, or a post.

        Raises
        ------
        ValueError
            If there is neither text nor picture, or a part is not what it must be.
        """
        if not isinstance(sent, Mapping):
            return check_text(sent)
        for name in sent:
            if name not in _FIELDS:
                raise ValueError(
                    f"A post has {', '.join(_FIELDS)}; got {str(name)[:40]!r}."
                )
        text, picture = sent.get("text") or "", sent.get("picture")
        if picture is None and (text or not _counts(sent)):
            check_text(text)
        elif picture is None:
            raise ValueError("A post needs a text or a picture; got neither.")
        else:
            check_letters(text)
        return Post(
            text,
            None if picture is None else _picture(picture, max_pixels),
            _signals(sent),
        )


INPUTS = PostInputs()


def _picture(sent: Any, max_pixels: int) -> Array:
    if isinstance(sent, bytes):
        return read_image(sent, mode="RGB", max_pixels=max_pixels)
    try:
        pixels = np.asarray(sent, np.uint8)
    except (ValueError, OverflowError, TypeError):
        pixels = np.zeros(0, np.uint8)
    if (
        pixels.ndim not in (2, 3)
        or not pixels.size
        or pixels.shape[2:] not in ((), (3,))
    ):
        raise ValueError(
            "A picture must be an image file, or rows of pixels of one length."
        )
    return pixels


def _counts(sent: Mapping[str, Any]) -> bool:
    return bool(sent.get("author") or sent.get("reactions"))


def _signals(sent: Mapping[str, Any]) -> Floats | None:
    if not _counts(sent):
        return None
    found = np.full(len(SIGNALS), np.nan)
    for what, names, begin in (
        ("author", AUTHOR, 0),
        ("reactions", REACTIONS, len(AUTHOR)),
    ):
        given = sent.get(what) or {}
        if not isinstance(given, Mapping):
            raise ValueError(f"{what} must be counts by name: {', '.join(names)}.")
        for name, value in given.items():
            if name not in names:
                raise ValueError(
                    f"{what} has {', '.join(names)}; got {str(name)[:40]!r}."
                )
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if not is_number or not 0 <= value < float("inf"):
                raise ValueError(
                    f"{what}: {name} must be a number of at least 0, got "
                    f"{str(value)[:40]!r}."
                )
            found[begin + names.index(name)] = value
    return found
