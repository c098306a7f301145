"""``lookalike bench videos``: the right seconds of the right video, and how fast.

``files``: the fifty files of ``video_clips``, and broken ones cut from them.
``sampling``: eight frames by seeking beside decoding all. ``captions``: captions of
MSR-VTT ask for their video by a title, or a description; the test part is read here and
nowhere else, weights come from the validation part. ``exercises``: photographs find
their instructions, on random splits and by family. ``differences``: a small network on
differences of frames beside single frames (deep extra). ``moments``: frames and words
find their seconds in films that are joined of clips. ``queries``: 10,000 clips.
``indexing``: beside plain PyAV.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from lookalike_bench.bars import Bar, Row, least, most
from lookalike_bench.runner import ProgressCallback, reporting
from lookalike_bench.videos.captions import captions
from lookalike_bench.videos.exercises import differences, exercises
from lookalike_bench.videos.moments import moments
from lookalike_bench.videos.reading import files, sampling
from lookalike_bench.videos.speed import indexing, queries

BARS = (
    Bar("video_clips: files indexed", 50, least("indexed", "files", "whole files")),
    Bar(
        "broken files that give one sentence",
        5,
        least("told", "files", "broken files"),
    ),
    Bar(
        "eight frames by seeking: times as fast as decoding all",
        5,
        least("times_as_fast", "sampling", "seek"),
    ),
    Bar(
        "seeking: worst distance, in halves of a key-frame distance",
        1.0,
        most("halves", "sampling", "seek"),
        at_most=True,
    ),
    Bar("captions, title: R@10", 0.36, least("recall_at_10", "captions", "title")),
    Bar(
        "captions, title: R@10 less BM25's, lower end",
        0.0,
        least("low", "captions", "title less BM25"),
    ),
    Bar(
        "captions, description: R@10",
        0.57,
        least("recall_at_10", "captions", "description"),
    ),
    Bar(
        "captions, description: R@10 less BM25's, lower end",
        0.0,
        least("low", "captions", "description less BM25"),
    ),
    Bar(
        "exercises, random splits: R@10 of pixels",
        0.50,
        least("recall_at_10", "exercises", "random splits: pixels"),
    ),
    Bar(
        "exercises, by family: R@10 less the ridge's, lower end",
        0.0,
        least("low", "exercises", "by family: pixels less ridge"),
    ),
    Bar(
        "exercises: R@10 fused less the better of title and pixels",
        0.0,
        least("above_better", "exercises", "title and pixels fused"),
    ),
    Bar(
        "films, a frame asks: R@1 at IoU 0.5",
        0.95,
        least("recall_at_1", "moments", "a frame asks"),
    ),
    Bar(
        "10,000 clips, words ask: p99, ms of processor time",
        20.0,
        most("p99_ms", "queries", "words"),
        at_most=True,
    ),
    Bar(
        "10,000 clips, a picture asks: p99, ms of processor time",
        20.0,
        most("p99_ms", "queries", "picture"),
        at_most=True,
    ),
    Bar(
        "indexing, two workers: frames a second over PyAV's",
        0.8,
        least("of_plain", "indexing", "two workers"),
    ),
)


def run(
    only: str | None = None,
    rounds: int = 3,
    progress: ProgressCallback | None = None,
) -> dict[str, Any]:
    """Run the jobs whose name contains ``only``."""
    return reporting(partial(jobs, rounds=rounds), only, progress, BARS)


def jobs(
    report: ProgressCallback, rounds: int = 3
) -> list[tuple[str, Callable[[], Iterable[Row]]]]:
    """All jobs by name."""
    return [
        ("files", files),
        ("sampling", partial(sampling, rounds)),
        ("captions", captions),
        ("exercises", exercises),
        ("differences", differences),
        ("moments", moments),
        ("queries", queries),
        ("indexing", partial(indexing, rounds)),
    ]
