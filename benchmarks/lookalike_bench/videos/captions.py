"""Captions of MSR-VTT ask for their video by a title, or a description."""

import time
from collections.abc import Iterable, Sequence

import numpy as np

from lookalike._typing import Array
from lookalike.datasets import VideoCollection
from lookalike.datasets.videos import load_msrvtt_captions
from lookalike.evaluate import bootstrap, paired_test
from lookalike.learn.latent_meaning import LatentMeaning
from lookalike.systems.videos.fusion import (
    WORDS_ALONE,
    Parts,
    Weights,
    learn_weights,
)
from lookalike.systems.videos.system import TOWERS
from lookalike.systems.videos.text_side import TextSide, analysis_of
from lookalike_bench.bars import Row

K = 10


def captions() -> Iterable[Row]:
    """R@10 on MSR-VTT's test videos: captions, not pixels."""
    data = load_msrvtt_captions()
    assert data.validation is not None
    analysis = analysis_of("english")
    started = time.process_time()
    meaning = LatentMeaning.of_pairs(data.training, analysis, **TOWERS)
    took = time.process_time() - started
    yield {"method": "towers", "seconds": took, "pairs": len(data.training)}
    for name in ("title", "description"):
        held = _asked(data.validation, name, meaning)
        weights, told = learn_weights(*held, tries_pixels=False)
        parts, right = _asked(data, name, meaning)
        plain, fused = (found_at_10(parts, right, w) for w in (WORDS_ALONE, weights))
        yield {
            "method": f"{name}, BM25",
            "recall_at_10": plain.mean(),
            "queries": len(right),
        }
        estimate = bootstrap(np.mean, fused)
        yield {
            "method": name,
            "recall_at_10": fused.mean(),
            "low": estimate.low,
            "high": estimate.high,
            "weight": weights.about,
            "p_on_validation": told["about"].p_value,
        }
        yield {"method": f"{name} less BM25", **paired_row(fused, plain)}


def _asked(
    data: VideoCollection, by: str, meaning: LatentMeaning
) -> tuple[list[Parts], list[int]]:
    """What words and meaning say of each query, where titles or descriptions answer."""
    nothing = [""] * len(data.ids)
    titles = data.titles if by == "title" else nothing
    descriptions = data.descriptions if by == "description" else nothing
    analysis = analysis_of("english")
    texts = TextSide.of(data.ids, titles, descriptions, meaning, analysis)
    none = np.zeros(len(data.ids))
    parts = [
        Parts(texts.words(query), texts.about(query), none, none == 0, none > 0)
        for query, _ in data.queries
    ]
    return parts, [texts.row_of[id] for _, id in data.queries]


def found_at_10(
    parts: Sequence[Parts], right: Sequence[int], weights: Weights
) -> Array:
    """Whether each right video is among the first ten."""
    ranks = [p.rank_of(r, weights) for p, r in zip(parts, right, strict=True)]
    return np.array(ranks) <= K


def paired_row(first: Array, second: Array) -> Row:
    """Return the mean difference of paired outcomes, its interval and its p."""
    test = paired_test(first, second)
    found = test.difference
    return {
        "difference": found.value,
        "low": found.low,
        "high": found.high,
        "p": test.p_value,
    }
