"""A system of image search, as it is served: pictures in, the most alike out.

Its catalogue is that of its generation, or the user's own folders that lie beside the
generations: what ``lookalike index add`` changes there is taken up while it answers.
Now and then an answer is put in random order, so that what the position does to clicks
can be told from what the picture does; see ``lookalike.rank.clicks``.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lookalike._typing import Array
from lookalike.core.library import Library
from lookalike.service.engine import Engine, Job
from lookalike.service.log import Log
from lookalike.service.metrics import Metrics
from lookalike.service.plain import Answering, Plain
from lookalike.service.refusal import Refusal
from lookalike.service.settings import Settings
from lookalike.systems import find_system

_SLICE = 16  # images that are embedded between two looks at the clock


def searches(name: str) -> bool:
    """Whether the system of this name finds pictures and does not name them."""
    kind = find_system(name)
    return hasattr(kind, "search") and not hasattr(kind, "classify")


@dataclass(frozen=True)
class Wanted:
    """What one request asks.

    images : contents of files, or rows of pixels
    """

    images: Sequence[Any]
    k: int


@dataclass(frozen=True)
class Found:
    """Answers to the images of one request; fewer where time ran out.

    vectors : float32 (n_images, n_dimensions), of the queries
    answers : a ``Slate`` each
    shuffled : whether each was put in random order
    """

    active: Answering
    vectors: Array
    answers: list[Any]
    shuffled: list[bool]


class Searching:
    """A library of generations of image search, and the one that answers."""

    verbs = ("search", "explain")

    def __init__(
        self, library: Library, settings: Settings, metrics: Metrics, log: Log
    ) -> None:
        self.name = library.name
        self.library = library
        self._plain = Plain(library, metrics, log)
        self._settings = settings
        self._metrics = metrics
        self._rng = np.random.default_rng()
        self._looked = 0.0
        self.engine = Engine(self._answer, settings.max_waiting)

    @property
    def active(self) -> Answering:
        """The generation that answers."""
        return self._plain.active

    def open(self) -> None:
        """Load the generation that the pointer names, or the newest whole before it."""
        self._plain.open()
        self._warm()

    def watch(self) -> None:
        """Take up another generation if the pointer moved, and what was indexed."""
        before = self.active
        self._plain.watch()
        since = time.monotonic() - self._looked
        if self.active is before and since > self._settings.refresh:
            self._looked = time.monotonic()
            if before.system.is_stale():
                self._plain.reload()
        if self.active is not before:
            self._warm()

    def _warm(self) -> None:
        """Compile and touch everything before the first user comes."""
        system = self.active.system
        if len(system.vectors_):
            blank = np.zeros((1, *system.encoder_.preparation.shape), np.uint8)
            system.rank(system.encoder_.transform(blank), 1)

    def _answer(self, jobs: Sequence[Job[Wanted]]) -> list[Any]:
        """One answer or exception a job; one generation for all of them."""
        self._metrics.together.observe(len(jobs))
        active = self.active
        read = [self._tiles(active.system, job.asked.images) for job in jobs]
        good = [tiles for tiles in read if not isinstance(tiles, ValueError)]
        if not good:
            return read
        latest = max(job.deadline for job in jobs)
        vectors = _embedded(active.system, np.concatenate(good), latest)
        answers: list[Any] = []
        start = 0
        for job, tiles in zip(jobs, read, strict=True):
            if isinstance(tiles, ValueError):
                answers.append(tiles)
                continue
            answers.append(self._one(active, vectors[start : start + len(tiles)], job))
            start += len(tiles)
        return answers

    def _tiles(self, system: Any, images: Sequence[Any]) -> Any:
        """The images as the encoder wants them, or what is wrong with them."""
        form, most = system.encoder_.preparation, self._settings.max_pixels
        try:
            return np.stack(
                [
                    form.read(image, most)
                    if isinstance(image, bytes)
                    else form.tile(_pixels(image))
                    for image in images
                ]
            )
        except ValueError as error:
            return error

    def _one(self, active: Answering, vectors: Array, job: Job[Wanted]) -> Any:
        if not len(vectors):
            return Refusal(503, "The deadline passed before it was embedded.", 1)
        answers: list[Any] = []
        k = min(job.asked.k, max(len(active.system.vectors_), 1))
        try:
            for vector in vectors:
                if answers and time.monotonic() > job.deadline:
                    break
                answers += active.system.rank(vector[None], k)
        except ValueError as error:
            return error
        chance = self._rng.random(len(answers)) < self._settings.explore
        shown = [
            each.take(self._rng.permutation(len(each))) if shuffle else each
            for each, shuffle in zip(answers, chance, strict=True)
        ]
        return Found(active, vectors, shown, chance.tolist())


def _embedded(system: Any, tiles: Array, deadline: float) -> Array:
    """Vectors of the first tiles: all of them, or those for which there was time."""
    parts: list[Array] = []
    for start in range(0, len(tiles), _SLICE):
        if parts and time.monotonic() > deadline:
            break
        parts.append(system.encoder_.transform(tiles[start : start + _SLICE]))
    return np.concatenate(parts)


def _pixels(rows: Any) -> Array:
    try:
        return np.asarray(rows, np.uint8)
    except ValueError:
        raise ValueError("The rows of pixels must be of one length.") from None
