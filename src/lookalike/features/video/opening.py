"""A video file opened: how long it is, when its frames are shown, what is wrong.

Only containers of ``CONTAINERS`` are opened, from one stream of bytes: a playlist, or a
file that names others, reaches nothing else on the machine or the net. Packets are
counted without decoding, so that durations are those of the frames that are there.
"""

import io
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lookalike._shown import shown
from lookalike._typing import Array, Floats

VIDEOS = (
    *(".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".gif", ".mpg", ".mpeg"),
    *(".ts", ".mts", ".3gp", ".flv", ".wmv", ".ogv"),
)
"""By which the names of video files end."""
CONTAINERS = "mov,mp4,matroska,webm,avi,gif,mpegts,mpeg,flv,asf,ogg"
"""FFmpeg's names of the containers that are opened."""
WHOLE = 0.9
"""A file with a smaller share of what it says it holds is cut off."""
_PICTURES = {
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"BM": "a BMP picture",
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a ZIP archive",
    b"#EXTM3U": "a playlist",
}


@dataclass(frozen=True)
class VideoLimits:
    """What is refused before it is decoded, or while.

    max_bytes : of a file
    max_pixels : of a frame
    max_duration : seconds that it plays
    max_seconds : of decoding one file
    """

    max_bytes: int = 8 * 1024**3
    max_pixels: int = 36_000_000
    max_duration: float = 12 * 3600.0
    max_seconds: float = 120.0


LIMITS = VideoLimits()
"""The limits for the user's own files."""


class VideoFile:
    """A video that is open; ``opened`` makes it.

    Attributes
    ----------
    times : float64 (n_frames,), rising
        Seconds at which each frame is shown, the first at 0.
    keys : int64 (n_keys,)
        Which of the frames can be decoded without another.
    duration : float
        Seconds until the last frame is no longer shown.
    width, height : int
        Pixels of a frame as it is shown: turned, with square pixels.
    """

    times: Floats
    keys: Array
    duration: float
    width: int
    height: int

    def __init__(self, container: Any, name: str, limits: VideoLimits) -> None:
        self.name = name
        self.limits = limits
        self.container = container
        self.stream = container.streams.video[0]
        self.stream.codec_context.thread_count = 1
        self.deadline = time.monotonic() + limits.max_seconds
        self.pts: Array
        self._count()
        self._measure()

    def check_time(self) -> None:
        """Refuse a file that takes too long to decode."""
        if time.monotonic() > self.deadline:
            raise ValueError(
                f"{self.name} takes more than {self.limits.max_seconds:g} s to decode."
            )

    def time_of(self, pts: int) -> float:
        """Return when a frame with this stamp is shown, in seconds."""
        return float((pts - int(self.pts[0])) * self.stream.time_base)

    def _count(self) -> None:
        """Read stamps of all packets; none of them is decoded."""
        stamps, is_key, lengths = [], [], []
        for packet in self.container.demux(self.stream):
            stamp = packet.pts if packet.pts is not None else packet.dts
            if stamp is None or packet.size == 0:
                continue
            if packet.is_corrupt:
                break
            stamps.append(stamp)
            is_key.append(packet.is_keyframe)
            lengths.append(packet.duration or 0)
            if len(stamps) % 1024 == 0:
                self.check_time()
        if not stamps:
            raise ValueError(f"{self.name} holds no frame.")
        order = np.argsort(stamps, kind="stable")
        self.pts = np.array(stamps, np.int64)[order]
        self.keys = np.flatnonzero(np.array(is_key)[order])
        if not len(self.keys) or self.keys[0] != 0:
            self.keys = np.concatenate([[0], self.keys])
        base = self.stream.time_base
        self.times = (self.pts - self.pts[0]).astype(float) * float(base)
        last = lengths[int(order[-1])] * float(base)
        steps = np.diff(self.times)
        usual = float(np.median(steps)) if len(steps) else 0.04
        self.duration = float(self.times[-1]) + (last or usual)
        if self.duration > self.limits.max_duration:
            raise ValueError(
                f"{self.name} plays {self.duration:,.0f} s; expected at most "
                f"{self.limits.max_duration:,.0f}."
            )
        self._check_whole(len(stamps))

    def _check_whole(self, n_packets: int) -> None:
        """Refuse a file that holds much less than it says."""
        said = self.container.duration
        said = float(said) / 1e6 if said else 0.0
        n_said = self.stream.frames
        short = n_said and n_packets < WHOLE * n_said
        if self.container.format.name != "gif" and not n_said:
            short = said > 1.0 and self.duration < WHOLE * said - 0.5
        if short:
            what = f"{n_said:,} frames" if n_said else f"{said:.1f} s"
            held = f"{n_packets:,}" if n_said else f"{self.duration:.1f} s"
            raise ValueError(f"{self.name} is cut off: of {what} it holds {held}.")

    def _measure(self) -> None:
        context = self.stream.codec_context
        width, height = context.width, context.height
        if not width or not height:
            raise ValueError(f"{self.name} holds no frame that can be decoded.")
        if width * height > self.limits.max_pixels:
            raise ValueError(
                f"{self.name} has frames of {width * height:,} pixels; expected at "
                f"most {self.limits.max_pixels:,}."
            )
        ratio = self.stream.sample_aspect_ratio
        aspect = float(ratio) if ratio else 1.0
        self.width = max(1, round(width * (aspect if 0.1 < aspect < 10 else 1.0)))
        self.height = height


@contextmanager
def opened(
    source: str | os.PathLike[str] | bytes, limits: VideoLimits = LIMITS
) -> Iterator[VideoFile]:
    """Open a video file or its contents.

    Whatever the decoder raises, here or within the body, becomes a ValueError of one
    sentence that names the file.

    Parameters
    ----------
    source : path or bytes
    limits : VideoLimits

    Raises
    ------
    ValueError
        If it is no video that can be read: empty, too large, too long, no video stream
        (sound alone), no frame, cut off, or something else under a video's name.
    ModuleNotFoundError
        If PyAV is not installed; the sentence names the extra.
    """
    av = _av()
    name = "The video" if isinstance(source, bytes) else shown(Path(source).name)
    try:
        _check_size(source, name, limits)
        with (
            _stream(source) as stream,
            av.open(
                stream,
                options={
                    "format_whitelist": CONTAINERS,
                    "protocol_whitelist": "none",
                },
                metadata_errors="replace",
            ) as container,
        ):
            if not container.streams.video:
                has = "sound alone" if container.streams.audio else "no video"
                raise ValueError(f"{name} holds {has}.")
            yield VideoFile(container, name, limits)
    except PermissionError:
        raise ValueError(f"{name} may not be read: permission denied.") from None
    except MemoryError:
        raise ValueError(f"{name} needs more memory than there is.") from None
    # What a decoder says is about this file alone; some of it is a ValueError as well.
    except (av.FFmpegError, OSError, ArithmeticError, UnicodeError) as error:
        raise ValueError(_said(source, name, error)) from None


def _av() -> Any:
    try:
        import av
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "Videos need PyAV: pip install 'lookalike[video]'."
        ) from None
    av.logging.set_level(None)  # what is wrong is said in one sentence
    return av


def can_read() -> bool:
    """Whether PyAV is installed."""
    try:
        _av()
    except ModuleNotFoundError:
        return False
    return True


@contextmanager
def _stream(source: str | os.PathLike[str] | bytes) -> Iterator[Any]:
    with io.BytesIO(source) if isinstance(source, bytes) else open(source, "rb") as f:
        yield f


def _check_size(
    source: str | os.PathLike[str] | bytes, name: str, limits: VideoLimits
) -> None:
    if isinstance(source, bytes):
        size = len(source)
    else:
        path = Path(source)
        if path.is_dir():
            raise ValueError(f"{name} is a folder; expected a video file.")
        if not path.exists():
            raise ValueError(f"{name} does not exist; expected a video file.")
        if not path.is_file():
            raise ValueError(f"{name} is not a regular file; expected a video file.")
        size = path.stat().st_size
    if size == 0:
        raise ValueError(f"{name} is empty (0 bytes); expected a video file.")
    if size > limits.max_bytes:
        raise ValueError(
            f"{name} has {size:,} bytes; expected at most {limits.max_bytes:,}."
        )


def _said(
    source: str | os.PathLike[str] | bytes, name: str, error: BaseException
) -> str:
    """What is wrong with a file that the decoder does not take."""
    with _stream(source) as stream:
        head = stream.read(64)
    for magic, what in _PICTURES.items():
        if head.startswith(magic):
            return f"{name} is {what}, not a video."
    is_known = head[4:8] == b"ftyp" or head[:4] in (b"RIFF", b"\x1aE\xdf\xa3", b"GIF8")
    if is_known:
        return f"{name} is a damaged or truncated video."
    if b"\0" not in head and head.isascii():
        return f"{name} is a text, not a video."
    reason = shown(getattr(error, "strerror", None) or type(error).__name__)
    return f"{name} is no video that can be read: {reason.rstrip('.')}."
