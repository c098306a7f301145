"""What the answers of the places system are worth, beside lists and a network."""

from collections.abc import Callable

from lookalike._typing import Ints
from lookalike.core.evaluation import (
    EvaluationResult,
    milliseconds_per_answer,
    n_copies,
)
from lookalike.core.progress import ProgressCallback, no_progress
from lookalike.datasets import TaggedText
from lookalike.evaluate import (
    bootstrap_counts,
    f1_of_counts,
    paired_counts_test,
    precision_of_counts,
    recall_of_counts,
)
from lookalike.evaluate.spans import Tags, span_counts, word_counts
from lookalike.systems.places.baselines import (
    network_tags,
    plain_gazetteer,
    tags_of_list,
    tags_of_words,
    tuned_gazetteer,
)
from lookalike.systems.places.system import Places
from lookalike.systems.places.tagger import location_tags
from lookalike.systems.places.tuning import known_part

UNITS: dict[str, Callable[[Tags, Tags], Ints]] = {
    "word": word_counts,
    "span": span_counts,
}
MEASURES = {
    "precision": precision_of_counts,
    "recall": recall_of_counts,
    "f1": f1_of_counts,
}


def evaluate(
    system: Places, data: TaggedText, on_progress: ProgressCallback = no_progress
) -> EvaluationResult:
    """Measure words and whole names on the test part, beside the baselines.

    Sentences are the unit of chance; a paired test exchanges the answers of two
    systems sentence by sentence. The baselines: words that were seen in locations; the
    longest names of the gazetteer that begin with a capital letter (without small
    cities, if that is better on the validation part); the gazetteer with whatever of
    codes, small letters and sizes is best on all that is known; and a small network on
    the same words and marks.
    """
    on_progress("tagging the test sentences", 0.1)
    truth = location_tags(data.test)
    tags = system.classify(data.test.words)
    counts = {
        name: {unit: count(truth, each) for unit, count in UNITS.items()}
        for name, each in {"": tags, **_baselines(system, data)}.items()
    }
    on_progress("drawing intervals", 0.5)
    metrics, comparisons = {}, {}
    for name, by_unit in counts.items():
        suffix = f"_of_{name}" if name else ""
        for unit, own in by_unit.items():
            for measure, metric in MEASURES.items():
                key = f"{unit}_{measure}{suffix}"
                metrics[key] = bootstrap_counts(metric, own)
            if name:
                against = f"{name.replace('_', ' ')} ({unit} F1)"
                comparisons[against] = paired_counts_test(
                    f1_of_counts, counts[""][unit], own
                )
    facts = {
        "n_test": len(truth),
        "n_copies": n_copies(data.train.words + data.validation.words, data.test.words),
        "milliseconds_per_answer": milliseconds_per_answer(
            system.classify, [[sentence] for sentence in data.test.words[:50]]
        ),
    }
    return EvaluationResult(
        f"{len(truth):,} test sentences",
        metrics,
        comparisons,
        facts,
        details={"sentences": data.test.words, "truth": truth, "tags": tags},
    )


def _baselines(system: Places, data: TaggedText) -> dict[str, Tags]:
    """Return the tags that each baseline gives the test sentences."""
    words, gazetteer = data.test.words, system.gazetteer_
    found = {"words_seen_in_training": tags_of_words(words, system.seen_)}
    if gazetteer:
        names = plain_gazetteer(gazetteer, data.validation)
        found["gazetteer"] = tags_of_list(words, names)
        best, lower_case = tuned_gazetteer(gazetteer, known_part(data))
        found["tuned_gazetteer"] = tags_of_list(words, best, lower_case)
    found["window_network"] = network_tags(
        data, gazetteer, system.window, system.random_state
    )
    return found
