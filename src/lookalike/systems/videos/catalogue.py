"""The videos that are searched: their words, frames, small pictures and files."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np

from lookalike._texts import Texts
from lookalike._typing import Array, Floats, Ints
from lookalike.features.folder_changes import FileState
from lookalike.features.perceptual_hash import CELLS, groups_of
from lookalike.systems.videos.reading import ReadVideo

SAME_LENGTH = 0.1
"""Share by which the durations of near copies differ at most."""


@dataclass(frozen=True)
class Entry:
    """One video: its words, its file, and what was read of it.

    state : size and time of the file; None where there is no file
    root : number of the folder it lies below, -1 for none
    read : None where the pixels cannot be read
    """

    id: str
    title: str
    description: str
    read: ReadVideo | None
    digest: str = ""
    state: FileState | None = None
    root: int = -1


@dataclass(frozen=True)
class VideoCatalogue:
    """Videos in the order in which they came.

    ids, titles, descriptions : of each
    ends : int64 (n_videos + 1,), frames of video i are ``ends[i]`` to ``ends[i + 1]``
    durations : float64 (n_videos,), seconds
    times : float64 (n_frames,), seconds
    vectors : float16 (n_frames, n_dimensions), of the encoder
    pictures : uint8, JPEG files of all frames one after the other
    picture_ends : int64 (n_frames + 1,)
    looks, tinies : of middle frames, for near copies
    digests, sizes, modified, root_of : of the files
    roots : the folders
    """

    ids: list[str]
    titles: list[str]
    descriptions: list[str]
    ends: Ints
    durations: Floats
    times: Floats
    vectors: Array
    pictures: Array
    picture_ends: Ints
    looks: Array
    tinies: Array
    digests: list[str]
    sizes: Ints
    modified: Ints
    root_of: Ints
    roots: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, entries: Sequence[Entry], n_dimensions: int, roots: Sequence[str] = ()
    ) -> Self:
        """Return the catalogue of these videos."""
        reads = [each.read for each in entries]
        whole = [read for read in reads if read is not None]
        pictures = [picture for read in whole for picture in read.pictures]
        none = np.empty((0, n_dimensions), np.float16)
        blank = np.zeros(3 * CELLS * CELLS, np.uint8)
        counts = [0 if read is None else len(read.times) for read in reads]
        return cls(
            [each.id for each in entries],
            [each.title for each in entries],
            [each.description for each in entries],
            np.cumsum([0, *counts]).astype(np.int64),
            np.array([0.0 if r is None else r.duration for r in reads], float),
            np.concatenate([np.empty(0), *(read.times for read in whole)]),
            np.concatenate([none, *(read.vectors for read in whole)]),
            np.frombuffer(b"".join(pictures), np.uint8),
            np.cumsum([0, *map(len, pictures)]).astype(np.int64),
            np.array([0 if r is None else r.look for r in reads], np.uint64),
            np.array([blank if r is None else r.tiny for r in reads], np.uint8).reshape(
                len(reads), len(blank)
            ),
            [each.digest for each in entries],
            np.array([e.state.size if e.state else -1 for e in entries], np.int64),
            np.array([e.state.modified if e.state else -1 for e in entries], np.int64),
            np.array([each.root for each in entries], np.int64),
            tuple(roots),
        )

    def entries(self) -> Iterator[Entry]:
        """Yield each video as ``of`` takes it."""
        for row, id in enumerate(self.ids):
            state = None
            if self.root_of[row] >= 0:
                state = FileState(int(self.sizes[row]), int(self.modified[row]))
            yield Entry(
                id,
                self.titles[row],
                self.descriptions[row],
                self.read_of(row),
                self.digests[row],
                state,
                int(self.root_of[row]),
            )

    def read_of(self, row: int) -> ReadVideo | None:
        """Return what was read of a video, None where its pixels were not."""
        frames = self.frames(row)
        if frames.start == frames.stop:
            return None
        return ReadVideo(
            float(self.durations[row]),
            self.times[frames],
            self.vectors[frames],
            [self.picture(at) for at in range(frames.start, frames.stop)],
            int(self.looks[row]),
            self.tinies[row],
        )

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def row_of(self) -> dict[str, int]:
        """Row of a video by its id."""
        return {id: row for row, id in enumerate(self.ids)}

    def frames(self, row: int) -> slice:
        """Return which frames are those of a video."""
        return slice(int(self.ends[row]), int(self.ends[row + 1]))

    @cached_property
    def video_of(self) -> Ints:
        """Row of the video of each frame, (n_frames,)."""
        return np.repeat(np.arange(len(self.ids)), np.diff(self.ends))

    @cached_property
    def has_pixels(self) -> Array:
        """Which videos have frames, (n_videos,)."""
        return np.asarray(np.diff(self.ends) > 0)

    @cached_property
    def has_text(self) -> Array:
        """Which videos have a title or a description, (n_videos,)."""
        return np.array([bool(text) for text in self.whole], bool)

    @property
    def whole(self) -> list[str]:
        """Title and description of each video in one."""
        pairs = zip(self.titles, self.descriptions, strict=True)
        return ["\n".join(filter(None, pair)) for pair in pairs]

    def picture(self, frame: int) -> bytes:
        """Return a frame as a small JPEG file."""
        start, stop = self.picture_ends[frame], self.picture_ends[frame + 1]
        return np.asarray(self.pictures[start:stop]).tobytes()

    @cached_property
    def groups(self) -> Ints:
        """Row of the first video that each is a near copy of, (n_videos,).

        Near copies look alike in the middle and are about as long.
        """
        own = np.arange(len(self.ids))
        rows = np.flatnonzero(self.has_pixels)
        first = rows[groups_of(self.looks[rows], np.asarray(self.tinies[rows]))]
        longer = np.maximum(self.durations[rows], self.durations[first])
        apart = np.abs(self.durations[rows] - self.durations[first])
        near = apart <= SAME_LENGTH * np.maximum(longer, 1e-9)
        own[rows[near]] = first[near]
        return own

    def path(self, row: int) -> Path | None:
        """Return the file of a video, None where there is none."""
        root = int(self.root_of[row])
        return None if root < 0 else Path(self.roots[root]) / self.ids[row]

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Return arrays and a JSON document from which ``from_state`` makes it."""
        names = ("ids", "titles", "descriptions", "digests")
        texts = {n: Texts.of(getattr(self, n)).arrays(n) for n in names}
        arrays = {name: array for own in texts.values() for name, array in own.items()}
        for name in _ARRAYS:
            arrays[name] = getattr(self, name)
        return arrays, {"roots": list(self.roots)}

    @classmethod
    def from_state(cls, arrays: Mapping[str, Array], about: Mapping[str, Any]) -> Self:
        """Return the catalogue again; arrays may be mapped, and stay so.

        Raises
        ------
        KeyError, ValueError
            If they do not belong together.
        """
        names = ("ids", "titles", "descriptions", "digests")
        texts = {n: Texts.of_arrays(n, arrays).tolist() for n in names}
        held: dict[str, Any] = {name: arrays[name] for name in _ARRAYS}
        found = cls(**{**held, **texts}, roots=tuple(about["roots"]))
        n, n_frames = len(found.ids), len(found.times)
        of_videos = (found.titles, found.descriptions, found.digests, found.durations)
        of_files = (found.sizes, found.modified, found.root_of, found.looks)
        fits = all(len(each) == n for each in (*of_videos, *of_files, found.tinies))
        fits = fits and len(found.vectors) == n_frames and len(found.ends) == n + 1
        fits = fits and len(found.picture_ends) == n_frames + 1
        fits = fits and int(found.ends[-1]) == n_frames
        if not fits or int(found.picture_ends[-1]) != len(found.pictures):
            raise ValueError("the videos and their frames do not fit.")
        if len(found.root_of) and int(found.root_of.max()) >= len(found.roots):
            raise ValueError("the folders of the videos are missing.")
        return found


_ARRAYS = (
    *("ends", "durations", "times", "vectors", "pictures", "picture_ends", "looks"),
    *("tinies", "sizes", "modified", "root_of"),
)
