"""What video search is asked with: words, a picture, or a clip.

A picture is an array (height, width, 3), a clip the frames that stand for it,
(n_frames, height, width, 3).
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from lookalike._shown import shown
from lookalike._typing import Array
from lookalike.core.inputs import RefusalCallback, refuse
from lookalike.features.folder_files import IMAGES
from lookalike.features.image import MAX_PIXELS, read_image
from lookalike.features.video.opening import VIDEOS, VideoLimits
from lookalike.features.video.sampling import Sampling

CLIP = Sampling("uniform", n_frames=8, interval=1e9)
"""The frames of a clip that asks."""
SENT = VideoLimits(max_bytes=64 * 2**20, max_duration=600.0, max_seconds=10.0)
"""What a picture or a clip that asks may be."""
HEAD = 16
"""Bytes by which a picture is told from a clip."""
_STILL = (b"\x89PNG", b"\xff\xd8\xff", b"BM", b"II*\0", b"MM\0*", b"P5", b"P6")


@dataclass(frozen=True)
class VideoInputs:
    """Words, or files of pictures and clips."""

    noun: str = "video"
    forms: tuple[str, ...] = ("file", "text")

    def read(
        self, given: Sequence[Path | str], on_refusal: RefusalCallback = refuse
    ) -> tuple[list[str], list[Any]]:
        """Return names and queries: files as what they show, all else as words.

        What ends like a file of pictures or videos, and is none, is refused.
        """
        names, queries = [], []
        for each in map(str, given):
            try:
                query = self._query(each)
            except ValueError as error:
                said = str(error)
                on_refusal(said if each in said else f"{shown(each)}: {said}")
            else:
                names.append(each)
                queries.append(query)
        return names, queries

    def decode(self, sent: Any, max_pixels: int = MAX_PIXELS) -> Any:
        """Return words as they are, or what a file that was sent shows.

        Raises
        ------
        ValueError
            If the file is no picture and no clip that can be read.
        """
        if isinstance(sent, str):
            return sent
        if not isinstance(sent, bytes):
            raise ValueError(
                "This system takes words, or files of pictures and clips; got pixels."
            )
        _check_size(len(sent), "The file")
        if _is_still(sent[:HEAD]):
            return read_image(sent, mode="RGB", max_pixels=max_pixels)
        return frames_of(sent, max_pixels)

    def _query(self, given: str) -> Any:
        """A file as what it shows, looked at before it is read; all else as words."""
        ending = os.path.splitext(given)[1].lower()
        is_named = ending in (*VIDEOS, *IMAGES)
        if not os.path.isfile(given):
            if not (is_named or os.path.exists(given)):
                return given
            what = "does not exist"
            if os.path.exists(given):
                is_folder = os.path.isdir(given)
                what = "is a folder" if is_folder else "is no regular file"
            raise ValueError(f"{shown(given)} {what}; expected a video file.")
        path = Path(given)
        _check_size(path.stat().st_size, shown(path.name))
        try:
            with path.open("rb") as file:
                head = file.read(HEAD)
        except OSError as error:
            said = f"{shown(path.name)} cannot be read: {error.strerror}."
            raise ValueError(said) from None
        if (ending in IMAGES and ending != ".gif") or _is_still(head):
            return read_image(path, mode="RGB")
        return frames_of(path)


def frames_of(clip: bytes | Path, max_pixels: int = MAX_PIXELS) -> Array:
    """Return the frames that stand for a clip, uint8 (n_frames, height, width, 3)."""
    limits = replace(SENT, max_pixels=max_pixels)
    return np.stack([frame.image for frame in CLIP.read(clip, limits).frames])


def _is_still(head: bytes) -> bool:
    """Whether a file that begins so is a picture that does not move."""
    is_webp = head[:4] == b"RIFF" and head[8:12] == b"WEBP"
    is_avif = head[4:8] == b"ftyp" and head[8:12] in (b"avif", b"heic", b"mif1")
    return head.startswith(_STILL) or is_webp or is_avif


def _check_size(n_bytes: int, name: str) -> None:
    """Refuse what is too large to ask, before it is read or decoded."""
    if n_bytes > SENT.max_bytes:
        raise ValueError(
            f"{name} has {n_bytes:,} bytes; what asks has at most {SENT.max_bytes:,}."
        )


INPUTS = VideoInputs()
