"""Frames of a video by the time at which they are shown.

Frames come at any rhythm: what is asked is a time, and the answer is the frame that is
shown then. It is decoded from the key frame before it; ``near`` takes what is cheaper,
a frame at most half the distance of two key frames away.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lookalike._typing import Array, Floats
from lookalike.features.video.opening import VideoFile

SHORTER = 180
"""Pixels of a frame's shorter side, at most, as it is returned."""


@dataclass(frozen=True)
class Frame:
    """One picture of a video.

    time : seconds from the first frame
    image : uint8 (height, width, 3), upright
    """

    time: float
    image: Array


def at(video: VideoFile, times: Sequence[float] | Floats) -> list[Frame]:
    """Return the frames that are shown at these times, each frame once, in order.

    Cost: each is decoded from the key frame before it, those behind one key frame
    together.
    """
    shown = np.searchsorted(video.times, np.asarray(times) + 1e-9, side="right") - 1
    wanted = np.unique(np.clip(shown, 0, len(video.times) - 1))
    return list(_decoded(video, wanted, wanted))


def near(video: VideoFile, times: Sequence[float] | Floats) -> list[Frame]:
    """Return frames near these times that cost little, each frame once, in order.

    That is a key frame where one lies within half the distance of the two around the
    time. Behind the last key frame, where none follows, it is the first frame that is
    near enough.
    """
    first, last = [], []
    ends = np.append(video.times[video.keys], video.duration)
    for time in np.asarray(times, float).tolist():
        place = int(np.searchsorted(ends[:-1], time + 1e-9, side="right")) - 1
        before, after = ends[max(place, 0)], ends[max(place, 0) + 1]
        half = (after - before) / 2
        if time - before <= half:
            row = int(video.keys[max(place, 0)])
            first.append(row)
            last.append(row)
        elif place + 1 < len(video.keys):
            row = int(video.keys[place + 1])
            first.append(row)
            last.append(row)
        else:
            first.append(int(np.searchsorted(video.times, time - half - 1e-9)))
            last.append(int(np.searchsorted(video.times, time, side="right")) - 1)
    rows = np.array(first)
    wanted, kept = np.unique(rows, return_index=True)
    return list(_decoded(video, wanted, np.array(last)[kept], skips=True))


def every(video: VideoFile, step: float) -> Iterator[Frame]:
    """Yield a frame each ``step`` seconds at most, decoding all of the video once."""
    times = np.arange(0, video.duration, step)
    shown = np.searchsorted(video.times, times + 1e-9, side="right") - 1
    wanted = np.unique(shown)
    yield from _decoded(video, wanted, wanted)


def _decoded(
    video: VideoFile, first: Array, last: Array, skips: bool = False
) -> Iterator[Frame]:
    """Yield a frame for each row of the two, which rise: one from first to last.

    skips : whether frames that no other needs may be passed over
    """
    container, stream = video.container, video.stream
    key_of = video.keys[np.searchsorted(video.keys, first, side="right") - 1]
    begun = -1
    frames: Iterator[Any] = iter(())
    found: Any = None
    context = stream.codec_context
    for row, most, key in zip(first.tolist(), last.tolist(), key_of, strict=True):
        wanted = video.pts[row]
        passed = found is not None and found.pts is not None and found.pts >= wanted
        if passed and found is not None and found.pts <= video.pts[most]:
            continue  # one that was yielded is near enough for this one too
        if key != begun or passed:
            container.seek(int(video.pts[key]), stream=stream, backward=True)
            context.flush_buffers()
            begun = int(key)
            found = None
            context.skip_frame = "NONREF" if skips and most > row else "DEFAULT"
            frames = container.decode(stream)
        latest = found
        for frame in frames:
            video.check_time()
            if frame.pts is None:
                continue
            latest = frame
            if frame.pts >= wanted:
                break
        if latest is not None and latest is not found:
            found = latest
            yield Frame(max(0.0, video.time_of(latest.pts)), _upright(latest, video))


def _upright(frame: Any, video: VideoFile) -> Array:
    """The pixels of a frame, small, in colour, turned as it is shown."""
    if frame.width * frame.height > video.limits.max_pixels:
        raise ValueError(
            f"{video.name} has frames of {frame.width * frame.height:,} pixels; "
            f"expected at most {video.limits.max_pixels:,}."
        )
    scale = min(1.0, SHORTER / min(video.width, video.height))
    width = max(1, round(video.width * scale))
    height = max(1, round(video.height * scale))
    small = frame.reformat(width, height, "rgb24", interpolation="AREA")
    image = small.to_ndarray()
    turns = round((frame.rotation or 0) / 90) % 4
    return np.ascontiguousarray(np.rot90(image, turns))
