"""Which frames stand for a video: at even times, at key frames, or one a scene."""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

import numpy as np

from lookalike._checks import check_choice, check_positive, check_whole
from lookalike._typing import Floats
from lookalike.features.perceptual_hash import thumbnail
from lookalike.features.video.frames import Frame, at, every, near
from lookalike.features.video.opening import LIMITS, VideoFile, VideoLimits, opened

CODE = 1
"""Raised with every change that takes other frames, or other pixels of them."""
Sampler = Literal["uniform", "seek", "keys", "scenes"]
SAMPLERS: tuple[Sampler, ...] = ("uniform", "seek", "keys", "scenes")
STEP = 0.25
"""Seconds between the frames in which scenes are looked for."""
CHANGE = 24.0
"""Mean difference of cells, of 255 levels, from which a scene begins at a cut."""


@dataclass(frozen=True)
class Sampled:
    """The frames that stand for a video.

    duration : seconds of the whole video
    frames : in the order of their times, at least one
    """

    duration: float
    frames: list[Frame]


@dataclass(frozen=True)
class Sampling:
    """How frames are chosen.

    Parameters
    ----------
    how : {"uniform", "seek", "keys", "scenes"}, default="uniform"
        "uniform": at the middles of equal parts of the duration. "seek": near these
        times, within half the distance of two key frames, several times as fast.
        "keys": key frames, spread evenly. "scenes": the middle of each scene, which a
        cut begins; the whole video is decoded.
    n_frames : int, default=8
        At least, where the video has as many; of "keys" and "scenes" at most.
    interval : float, default=2
        Seconds: a longer video has a frame for each, up to ``most``.
    most : int, default=64

    Examples
    --------
    >>> Sampling(n_frames=4).times(10.0)
    array([1., 3., 5., 7., 9.])
    """

    how: Sampler = "uniform"
    n_frames: int = 8
    interval: float = 2.0
    most: int = 64

    def __post_init__(self) -> None:
        check_choice("how", self.how, SAMPLERS)
        check_whole("n_frames", self.n_frames)
        check_whole("most", self.most)
        check_positive("interval", self.interval)

    def times(self, duration: float) -> Floats:
        """Return the middles of the parts of a duration, in seconds."""
        n = max(self.n_frames, min(self.most, int(np.ceil(duration / self.interval))))
        return np.asarray((np.arange(n) + 0.5) * duration / n)

    def of(self, video: VideoFile) -> Sampled:
        """Return the frames of a video that is open.

        Raises
        ------
        ValueError
            If none can be decoded.
        """
        n = len(self.times(video.duration))
        if self.how == "uniform":
            found = at(video, self.times(video.duration))
        elif self.how == "seek":
            found = near(video, self.times(video.duration))
        elif self.how == "keys":
            places = np.linspace(0, len(video.keys) - 1, min(n, len(video.keys)))
            found = at(video, video.times[video.keys[np.unique(places.astype(int))]])
        else:
            found = _middles(video, n)
        if not found:
            raise ValueError(f"{video.name} holds no frame that can be decoded.")
        return Sampled(video.duration, found)

    def read(
        self, source: str | os.PathLike[str] | bytes, limits: VideoLimits = LIMITS
    ) -> Sampled:
        """Open a file or its contents and return its frames; errors as ``opened``."""
        with opened(source, limits) as video:
            return self.of(video)

    def about(self) -> dict[str, Any]:
        """Return everything that the choice depends on, ready for JSON."""
        return {"code": CODE, **asdict(self)}

    @classmethod
    def of_about(cls, about: Mapping[str, Any]) -> Self:
        """Return the sampling whose ``about`` this is."""
        return cls(**{name: about[name] for name in about if name != "code"})


def _middles(video: VideoFile, n: int) -> list[Frame]:
    """The middle frame of each scene, of the n longest where there are more."""
    frames = list(every(video, max(STEP, video.duration / 1200)))
    cells = np.stack([thumbnail(frame.image) for frame in frames]).astype(np.float32)
    change = np.abs(np.diff(cells, axis=0)).mean(axis=1)
    cuts = np.flatnonzero(change > CHANGE) + 1
    begins, ends = np.append(0, cuts), np.append(cuts, len(frames))
    longest = np.argsort(-(ends - begins), kind="stable")[:n]
    middles = np.sort((begins[longest] + ends[longest] - 1) // 2)
    return [frames[row] for row in middles.tolist()]
