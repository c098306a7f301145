"""The two sides of a video: its words, and its pixels, each with its index."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from lookalike._arrays import unit
from lookalike._typing import Array, Floats, Ints
from lookalike.features.video.pooling import pooled
from lookalike.learn.latent_meaning import LatentMeaning
from lookalike.learn.pca import PCA
from lookalike.search import TextIndex
from lookalike.search.terms import Analysis
from lookalike.search.vector_index import VectorIndex
from lookalike.systems.videos.catalogue import VideoCatalogue
from lookalike.systems.videos.joint_space import WordsAndPixels

FIELDS = {"title": 1.5, "description": 1.0}
"""What a word counts in each field."""
POOL = 1000
"""Videos that words propose at most."""
N_DIRECTIONS = 160
"""Principal directions of frames; of longer vectors these are searched."""
LEAST_FRAMES = 512
"""Frames from which directions are found; fewer are searched as they are."""
MOST_FRAMES = 4000
"""Frames, spread over all, that directions are found in."""
N_FRAMES = 400
"""Nearest frames that are looked at for each frame that asks."""
_TEXT = np.dtypes.StringDType()


class TextSide:
    """Titles and descriptions: their words exactly, and what they are about.

    vectors : float32 (n_videos, n_components)
    """

    def __init__(
        self,
        index: TextIndex,
        ids: Sequence[str],
        meaning: LatentMeaning,
        vectors: Array,
        analysis: Analysis,
    ) -> None:
        self.index, self.now = index, index.snapshot()
        self.meaning, self.vectors, self.analysis = meaning, vectors, analysis
        self.row_of = {id: row for row, id in enumerate(ids)}

    @classmethod
    def of(
        cls,
        ids: Sequence[str],
        titles: Sequence[str],
        descriptions: Sequence[str],
        meaning: LatentMeaning,
        analysis: Analysis,
    ) -> Self:
        """Index these texts."""
        index = TextIndex(fields=FIELDS, analysis=analysis)
        pairs = list(zip(titles, descriptions, strict=True))
        documents = [{"title": t, "description": d} for t, d in pairs]
        index.fit(np.array(list(ids), _TEXT), documents)
        vectors = meaning.vectors(["\n".join(pair) for pair in pairs], analysis)
        return cls(index, ids, meaning, vectors, analysis)

    def words(self, query: str) -> Floats:
        """Return BM25 as a share of the best, (n_videos,)."""
        found = np.zeros(len(self.row_of))
        hits = self.now.search(query, POOL)
        ids, scores = hits.ids[0].tolist(), hits.scores[0]
        if len(ids):
            found[[self.row_of[id] for id in ids]] = scores / scores[0]
        return found

    def about(self, query: str) -> Floats:
        """Return the cosine of what the query and each video are about."""
        vector = self.meaning.vector(query, self.analysis)
        return np.asarray(self.vectors @ vector, np.float64)


class PixelSide:
    """Frames as vectors: searched by pictures, and by words in a joint space.

    small : float32 (n_frames, n_directions), of length one, what is searched
    seen : float32 (n_frames, n_components), in the space of words; None where there is
        none
    """

    def __init__(
        self,
        catalogue: VideoCatalogue,
        arrays: Mapping[str, Array],
        about: Mapping[str, Any] | None,
        n_jobs: int | None,
    ) -> None:
        self.catalogue = catalogue
        self.mean, self.directions = arrays["mean"], arrays["directions"]
        self.small = arrays["small"]
        self.seen: Array | None = arrays.get("seen")
        self.seen_of_video: Array | None = arrays.get("seen_of_video")
        self.index: VectorIndex | None = None
        if about is not None:
            held = {
                name.removeprefix("index_"): array
                for name, array in arrays.items()
                if name.startswith("index_")
            }
            self.index = VectorIndex.from_state(held, about, self.small, n_jobs)
        elif len(self.small):
            self.index = VectorIndex(self.small, n_jobs=n_jobs)

    @classmethod
    def of(
        cls,
        catalogue: VideoCatalogue,
        space: WordsAndPixels | None,
        reduces: bool,
        random_state: int,
        n_jobs: int | None,
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
        return cls(catalogue, arrays, None, n_jobs)

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
        """Return how well videos fit a text by all their frames: best and mean, halved.

        Of a video without frames it is 0.
        """
        found = np.zeros(len(rows))
        frames, starts, counts = self._frames_of(rows)
        if self.seen is not None and len(frames):
            scores = np.asarray(self.seen[frames] @ vector, np.float64)
            best = np.maximum.reduceat(scores, starts)
            mean = np.add.reduceat(scores, starts) / counts[counts > 0]
            found[counts > 0] = (best + mean) / 2
        return found

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

    def proposed(self, asked: Array, n: int) -> Ints:
        """Return the n videos with the frames that are most like those that ask."""
        if self.index is None:
            return np.empty(0, np.int64)
        k = min(N_FRAMES, len(self.small))
        similarity, frames = self.index.nearest(asked, k)
        best: dict[int, float] = {}
        videos = self.catalogue.video_of[frames]
        pairs = zip(videos.ravel().tolist(), similarity.ravel().tolist(), strict=True)
        for video, alike in pairs:
            best[video] = max(best.get(video, -2.0), alike)
        order = sorted(best, key=lambda video: (-best[video], video))
        return np.array(order[:n], np.int64)

    def interaction(self, asked: Array, rows: Ints) -> Floats:
        """Return how like videos are: for each frame that asks its best, the mean."""
        found = np.zeros(len(rows))
        frames, starts, counts = self._frames_of(rows)
        if len(frames):
            alike = self.small[frames] @ asked.T
            best = np.maximum.reduceat(alike, starts, axis=0)
            found[counts > 0] = best.mean(axis=1)
        return found

    def _frames_of(self, rows: Ints) -> tuple[Ints, Ints, Ints]:
        """Frames of videos, one after the other, and how many each has.

        The second are the places of the first frame of each video that has any.
        """
        ends = self.catalogue.ends
        counts = ends[rows + 1] - ends[rows]
        begins = np.cumsum(counts) - counts
        frames = np.arange(counts.sum()) + np.repeat(ends[rows] - begins, counts)
        return frames, begins[counts > 0], counts

    def state(self) -> tuple[dict[str, Array], dict[str, Any] | None]:
        """Return arrays and a JSON document from which it is made again."""
        arrays = {
            "mean": self.mean,
            "directions": self.directions,
            "small": self.small,
        }
        if self.seen is not None and self.seen_of_video is not None:
            arrays |= {"seen": self.seen, "seen_of_video": self.seen_of_video}
        if self.index is None:
            return arrays, None
        held, about = self.index.state()
        facts = {k: v for k, v in about["facts"].items() if k != "seconds"}
        index = {f"index_{name}": array for name, array in held.items()}
        return arrays | index, {**about, "facts": facts}


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
