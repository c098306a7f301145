"""Videos read: the frames that stand for each, as vectors and as small pictures.

What was read is kept in a folder of its own until the generation that holds it is
whole: indexing that was cut goes on where it was.
"""

import io
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from joblib import effective_n_jobs
from PIL import Image

from lookalike._files import write_whole
from lookalike._typing import Array, Floats
from lookalike.datasets.videos import Source
from lookalike.features.perceptual_hash import difference_hash, thumbnail
from lookalike.features.video.frames import Frame
from lookalike.features.video.sampling import Sampled, Sampling
from lookalike.systems.videos.frame_encoders import FrameEncoder

THUMBNAIL = 160
"""Pixels of the longer side of a small picture."""
SECONDS_A_PHOTOGRAPH = 1.0
"""For which a photograph in place of a frame is shown."""


@dataclass(frozen=True)
class ReadVideo:
    """What is kept of a video's pixels.

    duration : seconds
    times : (n_frames,), seconds
    vectors : float16 (n_frames, n_dimensions)
    pictures : the frames as JPEG files
    look : perceptual hash of the middle frame
    tiny : uint8 (768,), the middle frame as 16 by 16 cells
    """

    duration: float
    times: Floats
    vectors: Array
    pictures: list[bytes]
    look: int
    tiny: Array


class ReadVideos:
    """Videos that were read, kept by the digest of their file until they are saved.

    folder : made when the first is kept; None keeps nothing
    """

    def __init__(self, folder: Path | None, version: str) -> None:
        self.folder = None if folder is None else folder / version

    def get(self, digest: str) -> ReadVideo | None:
        """Return a video that was read before, None where it was not."""
        if self.folder is None:
            return None
        try:
            # Opened here, because np.load leaves files open that are not whole.
            with (
                (self.folder / f"{digest}.npz").open("rb") as file,
                np.load(file, allow_pickle=False) as held,
            ):
                return _kept(held)
        # What a crash or a full disk cut off, or anything else, is read again.
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            return None

    def put(self, digest: str, read: ReadVideo) -> None:
        """Keep a video that was read."""
        if self.folder is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        stream = io.BytesIO()
        np.savez(
            stream,
            duration=read.duration,
            times=read.times,
            vectors=read.vectors,
            ends=np.cumsum([len(each) for each in read.pictures]),
            pictures=np.frombuffer(b"".join(read.pictures), np.uint8),
            look=np.array(read.look, np.uint64),
            tiny=read.tiny,
        )
        write_whole(self.folder / f"{digest}.npz", stream.getvalue())


def _kept(held: Mapping[str, Array]) -> ReadVideo:
    """The video of a kept file.

    Raises
    ------
    KeyError, ValueError
        If it is not whole.
    """
    ends, data = held["ends"].tolist(), held["pictures"].tobytes()
    found = ReadVideo(
        float(held["duration"]),
        held["times"],
        held["vectors"],
        [data[a:b] for a, b in zip([0, *ends], ends, strict=False)],
        int(held["look"]),
        held["tiny"],
    )
    n = len(found.times)
    if (
        not n
        or {len(found.vectors), len(found.pictures)} != {n}
        or len(data) < ends[-1]
    ):
        raise ValueError("what was kept of a video is not whole.")
    return found


def forget_read(folder: Path) -> None:
    """Forget what was kept in a folder: a generation holds it now."""
    for path in folder.glob("*/*.npz"):
        path.unlink(missing_ok=True)
    for place in (*folder.glob("*"), folder):
        if place.is_dir() and not any(place.iterdir()):
            place.rmdir()


def read_source(source: Source, encoder: FrameEncoder, sampling: Sampling) -> ReadVideo:
    """Return what is kept of a video file, or of photographs in its place.

    Raises
    ------
    ValueError
        If it cannot be read, in one sentence.
    """
    if isinstance(source, str | os.PathLike):
        return described(sampling.read(source), encoder)
    if not source:
        raise ValueError("The video has no pixels.")
    step = SECONDS_A_PHOTOGRAPH
    frames = [Frame((n + 0.5) * step, image) for n, image in enumerate(source)]
    return described(Sampled(len(frames) * step, frames), encoder)


def described(sampled: Sampled, encoder: FrameEncoder) -> ReadVideo:
    """Return frames as what is kept of them."""
    images = [frame.image for frame in sampled.frames]
    tiles = np.stack([encoder.preparation.tile(image) for image in images])
    middle = images[len(images) // 2]
    return ReadVideo(
        sampled.duration,
        np.array([frame.time for frame in sampled.frames]),
        encoder.transform(tiles).astype(np.float16),
        [jpeg_of(image) for image in images],
        difference_hash(middle),
        thumbnail(middle),
    )


def jpeg_of(image: Array) -> bytes:
    """Return a picture as a small JPEG file."""
    small = Image.fromarray(image)
    small.thumbnail((THUMBNAIL, THUMBNAIL))
    stream = io.BytesIO()
    small.save(stream, "JPEG", quality=75)
    return stream.getvalue()


def read_each(
    sources: Sequence[Any],
    read: Callable[[Any], Any],
    n_jobs: int | None,
    on_each: Callable[[int], None] = lambda n: None,
) -> list[Any]:
    """Return what ``read`` makes of each, or the ValueError that it raised.

    Decoders and kernels release the interpreter's lock: threads share the work, and
    what is returned does not depend on how many there are.
    """

    def tried(source: Any) -> Any:
        try:
            return read(source)
        except ValueError as error:
            return error

    found = []
    with ThreadPoolExecutor(effective_n_jobs(n_jobs)) as pool:
        try:
            for at, each in enumerate(pool.map(tried, sources), start=1):
                found.append(each)
                on_each(at)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return found
