"""How good video search is: titles and frames that have to find their own video.

Titles of videos that were held out ask among those, whose titles are taken away: by the
words of descriptions, by pixels, and by both as served. Where a collection has queries
of its own they ask instead, among all. Every second frame of some videos is taken away,
and has to find its video and its second among the others.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256

import numpy as np

from lookalike._typing import Array, Floats
from lookalike.core.evaluation import EvaluationResult, milliseconds_per_answer
from lookalike.core.progress import ProgressCallback, no_progress
from lookalike.datasets import VideoCollection
from lookalike.evaluate import bootstrap, paired_test
from lookalike.search.late_interaction import LateInteraction
from lookalike.systems.videos.fusion import (
    PIXELS_ALONE,
    WORDS_ALONE,
    Parts,
    Weights,
)
from lookalike.systems.videos.moments import moments_of
from lookalike.systems.videos.system import VideoSearch
from lookalike.systems.videos.teaching import held_out, titles_asked

MOST_VIDEOS = 300
"""Videos of which frames ask, at most."""
LEAST_FRAMES = 4


def evaluate(
    system: VideoSearch,
    data: VideoCollection,
    on_progress: ProgressCallback = no_progress,
) -> EvaluationResult:
    """Let titles, or queries of the collection, and frames ask for their video."""
    on_progress("asking with words", 0.0)
    parts, right, asked = _words_asked(system, data)
    metrics, comparisons = {}, {}
    outcomes: Floats = np.zeros(0)
    if parts:
        lists: Mapping[str, Weights] = {
            "": system.weights_,
            "words alone": WORDS_ALONE,
            **({"pixels alone": PIXELS_ALONE} if system.space_ is not None else {}),
        }
        found = {name: _ranks(parts, right, own) for name, own in lists.items()}
        for name, ranks in found.items():
            ending = f"_of_{name}" if name else ""
            metrics[f"recall_at_10{ending}"] = bootstrap(np.mean, ranks <= 10)
            metrics[f"reciprocal_rank{ending}"] = bootstrap(np.mean, 1 / ranks)
        outcomes = 1 / found[""]
        for name, ranks in found.items():
            if name:
                comparisons[name] = paired_test(outcomes, 1 / ranks)
    on_progress("asking with frames", 0.5)
    frames = _frames_asked(system)
    if frames is not None:
        first, inside = frames
        metrics["frames_that_find_their_video"] = bootstrap(np.mean, first)
        metrics["frames_that_find_their_second"] = bootstrap(np.mean, inside)
    n_asked = len(asked)
    facts = {
        "n_test": n_asked,
        "n_frames_asked": 0 if frames is None else len(frames[0]),
        "n_among": len(parts[0].words) if parts else 0,
        "are_titles": not data.queries,
        "milliseconds_per_answer": milliseconds_per_answer(
            system.search_each, [[query] for query in (asked or ["a video"])[:50]]
        ),
    }
    what = "queries" if data.queries else "titles"
    return EvaluationResult(
        f"{n_asked:,} {what} among {facts['n_among']:,} videos, and "
        f"{facts['n_frames_asked']:,} frames",
        metrics,
        comparisons,
        facts,
        quality={
            "n_test": n_asked,
            "outcomes": outcomes.tolist(),
            "held_out": sha256("\n".join(asked).encode()).hexdigest(),
        },
        details={"asked": asked, "reciprocal_rank": outcomes},
    )


def _words_asked(
    system: VideoSearch, data: VideoCollection
) -> tuple[list[Parts], list[int], list[str]]:
    """What each part says for each query, which video is right, and the queries."""
    row_of = system.catalogue_.row_of
    if data.queries:
        known = [(query, id) for query, id in data.queries if id in row_of]
        parts = [system.parts(query) for query, _ in known]
        return parts, [row_of[id] for _, id in known], [query for query, _ in known]
    rows = np.array([row_of[id] for id in held_out(data) if id in row_of], np.int64)
    if not len(rows):
        return [], [], []
    parts, right = titles_asked(system.catalogue_, system.texts_, rows, system.space_)
    asked = [system.catalogue_.titles[rows[at]] for at in right]
    return parts, right, asked


def _ranks(parts: Sequence[Parts], right: Sequence[int], weights: Weights) -> Floats:
    pairs = zip(parts, right, strict=True)
    return np.array([each.rank_of(row, weights) for each, row in pairs])


def _frames_asked(system: VideoSearch) -> tuple[Array, Array] | None:
    """Whether each frame that was taken away finds its video first, and its second.

    Frames of videos of four frames or more, those with odd numbers; the others are what
    is searched.
    """
    catalogue, pixels = system.catalogue_, system.pixels_
    counts = np.diff(catalogue.ends)
    own = catalogue.groups == np.arange(len(catalogue))
    rows = np.flatnonzero((counts >= LEAST_FRAMES) & own)
    if not len(rows):
        return None
    rows = rows[np.unique(np.linspace(0, len(rows) - 1, MOST_VIDEOS).astype(int))]
    ends = {row: catalogue.frames(row) for row in rows.tolist()}
    kept = {row: pixels.small[each][::2] for row, each in ends.items()}
    searched = np.concatenate(list(kept.values()))
    found = LateInteraction(searched, np.cumsum([0, *map(len, kept.values())]))
    first, inside = [], []
    for row, each in ends.items():
        times = catalogue.times[each]
        for at in range(1, len(times), 2):
            asked = pixels.small[each.start + at][None]
            [best], _ = found.best(asked, 1)
            first.append(rows[best] == row)
            mine = (kept[row] @ asked[0]).astype(float)
            duration = float(catalogue.durations[row])
            links = (kept[row][1:] * kept[row][:-1]).sum(axis=1).astype(float)
            [moment, *_] = moments_of(times[::2], duration, mine, links)
            inside.append(moment.begin <= times[at] <= moment.end)
    return np.array(first), np.array(inside)
