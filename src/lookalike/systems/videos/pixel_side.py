"""The pixels of videos: frames as vectors, found by pictures, clips and words."""

from collections.abc import Mapping
from typing import Self

import numpy as np

from lookalike._arrays import named, prefixed, unit
from lookalike._typing import Array, Floats, Ints
from lookalike.features.video.pooling import pooled
from lookalike.learn.pca import PCA
from lookalike.search.late_interaction import LateInteraction
from lookalike.systems.videos.catalogue import VideoCatalogue
from lookalike.systems.videos.joint_space import WordsAndPixels
from lookalike.systems.videos.late import fit_of_text, frames_of

N_DIRECTIONS = 160
"""Principal directions of frames; of longer vectors these are searched."""
LEAST_FRAMES = 512
"""Frames from which directions are found; fewer are searched as they are."""
MOST_FRAMES = 4000
"""Frames, spread over all, that directions are found in."""


class PixelSide:
    """Frames as vectors: searched by pictures, and by words in a joint space.

    small : float32 (n_frames, n_directions), of length one, what is searched
    seen : float32 (n_frames, n_components), in the space of words; None where there is
        none
    """

    def __init__(self, catalogue: VideoCatalogue, arrays: Mapping[str, Array]) -> None:
        self.catalogue = catalogue
        self.mean, self.directions = arrays["mean"], arrays["directions"]
        self.small = arrays["small"]
        self.seen: Array | None = arrays.get("seen")
        self.seen_of_video: Array | None = arrays.get("seen_of_video")
        codes = named("codes_", arrays)
        self.index = LateInteraction(self.small, catalogue.ends, codes)

    @classmethod
    def of(
        cls,
        catalogue: VideoCatalogue,
        space: WordsAndPixels | None,
        reduces: bool,
        random_state: int,
    ) -> Self:
        """Index the frames of a catalogue.

        reduces : whether principal directions may stand for the vectors
        """
        vectors = np.asarray(catalogue.vectors, np.float32)
        n, width = vectors.shape
        mean, directions = np.zeros(0, np.float32), np.zeros((0, 0), np.float32)
        if reduces and n >= LEAST_FRAMES and width > N_DIRECTIONS:
            some = np.unique(np.linspace(0, n - 1, MOST_FRAMES).astype(int))
            pca = PCA(N_DIRECTIONS, random_state=random_state).fit(vectors[some])
            mean = np.asarray(pca.mean_, np.float32)
            directions = np.ascontiguousarray(pca.components_.T, np.float32)
        arrays = {"mean": mean, "directions": directions}
        arrays["small"] = _reduced(vectors, mean, directions)
        if space is not None:
            arrays["seen"] = space.pixels(vectors)
            arrays["seen_of_video"] = space.pixels(pooled_of(catalogue))
        return cls(catalogue, arrays)

    def reduce(self, vectors: Array) -> Array:
        """Return vectors of the encoder as they are searched, of length one."""
        return _reduced(np.asarray(vectors, np.float32), self.mean, self.directions)

    def fits(self, vector: Array) -> Floats:
        """Return how well each video fits a text, by its mean frame, (n_videos,)."""
        n = len(self.catalogue)
        if self.seen_of_video is None or not vector.any():
            return np.zeros(n)
        return np.asarray(self.seen_of_video @ vector, np.float64)

    def late(self, vector: Array, rows: Ints) -> Floats:
        """Return how well videos fit a text by all their frames, see ``late``."""
        if self.seen is None:
            return np.zeros(len(rows))
        frames, counts = frames_of(self.catalogue.ends, rows)
        return fit_of_text(np.asarray(self.seen[frames] @ vector, np.float64), counts)

    def of_text(self, vector: Array, row: int) -> Floats:
        """Return how well each frame of a video fits a text, (n_frames of it,)."""
        if self.seen is None:
            return np.zeros(0)
        own = self.seen[self.catalogue.frames(row)]
        return np.asarray(own @ vector, np.float64)

    def of_frames(self, asked: Array, row: int) -> Floats:
        """Return how like each frame of a video is to those that ask.

        asked : (n_asked, n_directions), of length one

        Of a clip the best of its frames counts, (n_frames of the video,).
        """
        own = self.small[self.catalogue.frames(row)]
        return np.asarray((own @ asked.T).max(axis=1), np.float64)

    def links(self, row: int) -> Floats:
        """Return how like each frame of a video is to the next, (n_frames - 1,)."""
        own = self.small[self.catalogue.frames(row)]
        return np.asarray((own[1:] * own[:-1]).sum(axis=1), np.float64)

    def like(self, asked: Array, n: int) -> tuple[Ints, Floats]:
        """Return the n videos that are most like frames that ask, and their scores.

        For each frame that asks the best one of a video counts, and the mean of these
        is its score: of all videos with frames, exactly.
        """
        return self.index.best(asked, n)

    def state(self) -> dict[str, Array]:
        """Return arrays from which ``from_state`` makes it again."""
        arrays = {
            "mean": self.mean,
            "directions": self.directions,
            "small": self.small,
            **prefixed("codes_", self.index.arrays()),
        }
        if self.seen is not None and self.seen_of_video is not None:
            arrays |= {"seen": self.seen, "seen_of_video": self.seen_of_video}
        return arrays

    @classmethod
    def from_state(
        cls, arrays: Mapping[str, Array], catalogue: VideoCatalogue, has_space: bool
    ) -> Self:
        """Return the side of this catalogue again.

        Raises
        ------
        KeyError, ValueError
            If these do not belong together.
        """
        n_frames, n_videos = len(catalogue.times), len(catalogue)
        if len(arrays["small"]) != n_frames:
            raise ValueError("the frames and their vectors do not fit.")
        seen = [len(arrays[n]) for n in ("seen", "seen_of_video") if n in arrays]
        if seen != ([n_frames, n_videos] if has_space else []):
            raise ValueError("the frames and the space of words do not fit.")
        return cls(catalogue, arrays)


def pooled_of(catalogue: VideoCatalogue, how: str = "mean") -> Array:
    """Return one vector a video, float32 (n_videos, n_dimensions); zeros without."""
    n, width = len(catalogue), catalogue.vectors.shape[1]
    found = np.zeros((n, width), np.float32)
    for row in np.flatnonzero(catalogue.has_pixels).tolist():
        own = np.asarray(catalogue.vectors[catalogue.frames(row)], np.float32)
        found[row] = pooled(own, how)
    return found


def _reduced(vectors: Array, mean: Array, directions: Array) -> Array:
    if not len(directions):
        return unit(vectors)
    rows = [unit(((row - mean) @ directions)[None])[0] for row in vectors]
    none = np.zeros((0, directions.shape[1]), np.float32)
    return np.asarray(np.vstack([none, *rows]), np.float32)
