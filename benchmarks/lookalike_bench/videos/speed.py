"""Queries of 10,000 clips, and indexing beside plain PyAV."""

import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from lookalike._arrays import unit
from lookalike.datasets import VideoCollection, load_video_clips
from lookalike.features.photograph import describe_photographs
from lookalike.systems.videos.catalogue import Entry
from lookalike.systems.videos.reading import ReadVideo
from lookalike.systems.videos.system import VideoSearch
from lookalike_bench.bars import Row
from lookalike_bench.videos.captions import K
from lookalike_bench.videos.exercises import exercise_photographs, exercise_set
from lookalike_bench.videos.reading import clip_files, decoded

N_CLIPS = 10_000
N_QUERIES = 300


def queries() -> Iterable[Row]:
    """Processor time of one query among 10,000 clips, late interaction included."""
    data = exercise_set()
    photographs = [image for pair in exercise_photographs() for image in pair]
    described = describe_photographs(photographs)
    vectors = described.reshape(len(data.ids), 2, -1)
    rng = np.random.default_rng(0)
    n = len(data.ids)
    entries = []
    picture = _picture()
    for number in range(N_CLIPS):
        row = number % n
        noise = rng.normal(scale=0.003, size=(8, vectors.shape[2]))
        frames = unit(vectors[row][np.arange(8) // 4] + noise)
        read = ReadVideo(
            16.0,
            np.arange(1.0, 16.0, 2.0),
            frames.astype(np.float16),
            [picture] * 8,
            int(rng.integers(1 << 60)),
            rng.integers(0, 255, 768).astype(np.uint8),
        )
        words = data.descriptions[row].split(". ")
        text = words[number // n % len(words)]
        entries.append(Entry(f"{number}", data.titles[row], text, read))
    system = VideoSearch.ready()
    system.problems_ = ()
    ids = [each.id for each in entries]
    collection = VideoCollection(
        "many",
        "",
        ids,
        [each.title for each in entries],
        [each.description for each in entries],
        [None] * len(ids),
    )
    started = time.perf_counter()
    system = system.with_videos(entries, (), collection, ())
    took = time.perf_counter() - started
    yield {
        "method": "index",
        "seconds": took,
        "frames": len(system.catalogue_.times),
        "weight_of_pixels": system.weights_.seen,
    }
    images = [image for pair in exercise_photographs()[:150] for image in pair]
    kinds: dict[str, list[Any]] = {
        "words": [*data.titles[:N_QUERIES]],
        "picture": images[:N_QUERIES],
    }
    for name, asked in kinds.items():
        checked = [system.check_query(each) for each in asked]
        each_took = []
        with threadpool_limits(1):  # other threads of BLAS would spin, and count
            system.search_each(checked[:5])
            for query in checked:
                started = time.process_time()
                system.search_each([query], K)
                each_took.append(1000 * (time.process_time() - started))
        yield {
            "method": name,
            "median_ms": float(np.median(each_took)),
            "p99_ms": float(np.quantile(each_took, 0.99)),
            "queries": len(asked),
        }


def _picture() -> bytes:
    from lookalike.systems.videos.reading import jpeg_of

    return jpeg_of(np.zeros((18, 32, 3), np.uint8))


def indexing(rounds: int) -> Iterable[Row]:
    """Frames of footage a second: indexed with two workers, and decoded by PyAV."""
    paths = clip_files()
    data = load_video_clips()
    n_frames = sum(map(decoded, paths))  # which warms the files up as well
    VideoSearch.ready(n_jobs=2).read(data.part(range(4)), {}, None)
    plain, ours = [], []
    for _ in range(rounds):
        plain.append(_timed(lambda: [decoded(path) for path in paths]))
        ours.append(_timed(lambda: VideoSearch.ready(n_jobs=2).read(data, {}, None)))
    wall, own = min(each[0] for each in plain), min(each[0] for each in ours)
    yield {"method": "PyAV", "frames_a_second": n_frames / wall}
    yield {
        "method": "two workers",
        "frames_a_second": n_frames / own,
        "of_plain": wall / own,
        "frames": n_frames,
        "processor_time_of_plain": min(each[1] for each in plain)
        / min(each[1] for each in ours),
    }


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds that work takes, and processor time of all its threads."""
    started = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - started[0], time.process_time() - started[1]
