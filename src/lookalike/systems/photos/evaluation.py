"""The quality of the photos system on held-out photographs, beside its baselines."""

from functools import partial

import numpy as np

from lookalike.core.evaluation import (
    EvaluationResult,
    milliseconds_per_answer,
    n_copies,
    verdict_of,
)
from lookalike.core.progress import ProgressCallback, no_progress
from lookalike.datasets import LabelledPictures
from lookalike.evaluate import (
    accuracy,
    bootstrap,
    debiased_calibration_error,
    f1,
    paired_test,
)
from lookalike.systems.photos.baselines import (
    MEAN_COLOURS,
    MOST_FREQUENT,
    most_frequent,
    nearest_mean_colours,
)
from lookalike.systems.photos.system import Photos


def evaluate(
    system: Photos, data: LabelledPictures, on_progress: ProgressCallback = no_progress
) -> EvaluationResult:
    """Measure on the held-out photographs, beside two baselines, photograph by one.

    The most likely class counts as the answer, unclear or not; beside it, how many are
    unclear, and how many of the others are right.
    """
    data.check_classes()
    known, tested = data.take(~data.is_test), data.take(data.is_test)
    truth = np.searchsorted(system.classes_, tested.labels)
    y = np.searchsorted(system.classes_, known.labels)
    on_progress("answering the held-out photographs", 0.05)
    found = system.classify(tested.pictures)
    predicted = found.probabilities.argmax(axis=1)
    confidence, correct = found.probabilities.max(axis=1), predicted == truth
    on_progress("measuring plainer ones", 0.6)
    colours = nearest_mean_colours(
        known.pictures, y, known.groups, tested.pictures, system.random_state
    )
    common = most_frequent(y, len(truth))
    on_progress("drawing intervals", 0.8)
    sure = confidence >= system.unclear
    metrics = {
        "accuracy": bootstrap(accuracy, truth, predicted),
        "macro_f1": bootstrap(partial(f1, average="macro"), truth, predicted),
        "calibration_error": debiased_calibration_error(confidence, correct),
        "share_unclear": bootstrap(np.mean, (~sure).astype(float)),
        "accuracy_of_most_frequent": bootstrap(accuracy, truth, common),
        "accuracy_of_mean_colours": bootstrap(accuracy, truth, colours),
    }
    if sure.any():
        metrics["accuracy_where_clear"] = bootstrap(
            np.mean, correct[sure].astype(float)
        )
    comparisons = {
        MOST_FREQUENT: paired_test(correct, common == truth),
        MEAN_COLOURS: paired_test(correct, colours == truth),
    }
    verdict = verdict_of(comparisons)
    facts = {
        "n_test": len(truth),
        "n_copies": n_copies(known.pictures, tested.pictures),
        "verdict": verdict.sentence,
        "milliseconds_per_answer": milliseconds_per_answer(
            system.classify, [[image] for image in tested.pictures[:20]]
        ),
    }
    return EvaluationResult(
        f"{len(truth):,} held-out photographs",
        metrics,
        comparisons,
        facts,
        quality={"n_test": len(truth), "wrong": np.flatnonzero(~correct).tolist()},
        details={
            "images": tested.pictures,
            "truth": truth,
            "predicted": predicted,
            "confidence": confidence,
        },
        verdict=verdict,
    )
