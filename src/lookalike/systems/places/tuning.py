"""Choices of the places system that are made on the known parts: the threshold."""

from collections.abc import Callable, Mapping

import numpy as np

from lookalike._typing import Ints
from lookalike.core.progress import ProgressCallback, no_progress
from lookalike.datasets import Tagged, TaggedText
from lookalike.evaluate import f1_of_counts
from lookalike.evaluate.spans import Tags, span_counts, word_counts
from lookalike.systems.places.gazetteer import mark_sentences
from lookalike.systems.places.tagger import Names, Tagger, training_tags

N_FOLDS = 4


def known_part(data: TaggedText) -> Tagged:
    """Return the training and the validation part, end to end."""
    first, second = data.train, data.validation
    return Tagged(first.words + second.words, first.tags + second.tags)


def take_rows(part: Tagged, rows: Ints) -> Tagged:
    """Return some sentences of a part."""
    words, tags = (
        tuple(each[i] for i in rows.tolist()) for each in (part.words, part.tags)
    )
    return Tagged(words, tags)


def fit_tagger(
    part: Tagged, gazetteer: Mapping[str, str], window: int, C: float
) -> Tagger:
    """Return a tagger of these sentences."""
    sentences = mark_sentences(part.words, gazetteer)
    return Tagger.fit(sentences, training_tags(part), window, C)


def held_out_names(
    known: Tagged,
    gazetteer: Mapping[str, str],
    window: int,
    C: float,
    on_progress: ProgressCallback = no_progress,
) -> list[Names]:
    """Return the names in each sentence, by a tagger of the other folds.

    Folds are runs of sentences: sources stand together, so that this is like tagging a
    source that was not met.
    """
    names: list[Names] = []
    rows = np.arange(len(known.words))
    for fold, held_out in enumerate(np.array_split(rows, N_FOLDS)):
        on_progress(f"learning without piece {fold + 1}", fold / N_FOLDS)
        others = take_rows(known, np.setdiff1d(rows, held_out))
        tagger = fit_tagger(others, gazetteer, window, C)
        words = take_rows(known, held_out).words
        names += tagger.names(mark_sentences(words, gazetteer))
    return names


def best_threshold(
    truth: Tags, tags_at: Callable[[float], Tags]
) -> tuple[float, float]:
    """Return the threshold of the best mean of word F1 and span F1, and that mean."""
    grid = np.arange(0.1, 0.91, 0.025).round(3).tolist()
    reached = [mean_f1(truth, tags_at(threshold)) for threshold in grid]
    best = int(np.argmax(reached))
    return grid[best], reached[best]


def mean_f1(truth: Tags, tags: Tags) -> float:
    """Return the mean of the F1 of words and that of whole names."""
    both = (count(truth, tags).sum(axis=0) for count in (word_counts, span_counts))
    return float(np.mean([f1_of_counts(counts) for counts in both]))
