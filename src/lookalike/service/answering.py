"""Queries to answers: what the engine's thread does with requests that came together.

Queries that ask for the same k are described and searched as one batch. A batch
answers exactly like its queries one by one, so nobody can tell.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.service.catalogue import State
from lookalike.service.engine import Job
from lookalike.service.metrics import Metrics
from lookalike.service.served import Active, Served

_SLICE = 32  # queries between two looks at the clock


@dataclass(frozen=True)
class Query:
    """What one request asks.

    images : pictures as files, or as arrays
    k : how many neighbours; 0 is as many as vote
    where : names of attributes and the values that are let through
    """

    served: Served
    verb: str
    images: Sequence[bytes | Array]
    k: int
    max_pixels: int
    where: dict[str, Sequence[Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Answered:
    """Answers to the images of one request.

    images, vectors : of the queries, as the system reads and describes them
    numbers, distances : (n_answered, k); fewer than were asked if time ran out
    """

    active: Active
    state: State
    images: Array
    vectors: Array
    numbers: Ints
    distances: Floats
    degraded: bool = False


class Answering:
    """Answers requests that came together."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def __call__(self, jobs: Sequence[Job[Query]]) -> list[Any]:
        """One answer or exception a job."""
        self._metrics.together.observe(len(jobs))
        answers: list[Any] = [None] * len(jobs)
        groups: dict[Any, list[int]] = {}
        for at, job in enumerate(jobs):
            asked = job.asked
            alone = bool(asked.where) or len(asked.images) > _SLICE
            key = (asked.served.name, at if alone else -1, asked.k)
            groups.setdefault(key, []).append(at)
        now: dict[str, Any] = {}  # one moment for all that came together
        for (name, _, k), places in groups.items():
            if name not in now:
                active = jobs[places[0]].asked.served.current()
                now[name] = (active, active.catalogue.state)
            group = [jobs[at] for at in places]
            for at, found in zip(places, _group(group, k, *now[name]), strict=True):
                answers[at] = found
        return answers


def _group(
    jobs: Sequence[Job[Query]], k: int, active: Active, state: State
) -> list[Any]:
    read = [_images(job.asked, active) for job in jobs]
    good = [images for images in read if not isinstance(images, ValueError)]
    if not good:
        return read
    images = np.concatenate(good)
    where = jobs[0].asked.where  # more than one job has none
    chosen = active.catalogue.matching(state, where) if where else None
    vectors = active.face.describe(images)
    k = k or active.face.n_neighbors
    found: list[tuple[Ints, Floats]] = []
    for start in range(0, len(vectors), _SLICE):
        if found and time.monotonic() > jobs[0].deadline:
            break
        hits = state.snapshot.search(vectors[start : start + _SLICE], k, chosen)
        found.append((hits.ids, hits.distances))
    numbers = np.concatenate([ids for ids, _ in found])
    distances = np.concatenate([d for _, d in found])
    answers: list[Any] = []
    start = 0
    for one in read:
        if isinstance(one, ValueError):
            answers.append(one)
            continue
        mine = slice(start, start + len(one))
        start += len(one)
        answers.append(
            Answered(
                active,
                state,
                images[mine],
                vectors[mine],
                numbers[mine],
                distances[mine],
                degraded=len(numbers[mine]) < len(one),
            )
        )
    return answers


def _images(asked: Query, active: Active) -> Array | ValueError:
    """The images as the system reads them, or what is wrong with them."""
    try:
        read = [
            active.face.read(image, asked.max_pixels)
            if isinstance(image, bytes)
            else active.face.check(image)
            for image in asked.images
        ]
    except ValueError as error:
        return error
    return np.stack(read)
