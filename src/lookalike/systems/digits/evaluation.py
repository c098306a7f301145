"""What the answers of the digits system are worth, beside those of raw pixels."""

from base64 import b64encode
from functools import partial
from typing import Any

import numpy as np

from lookalike._typing import Array, Ints
from lookalike.core.evaluation import (
    EvaluationResult,
    milliseconds_per_answer,
    n_copies,
)
from lookalike.core.inputs import check_images, check_labels
from lookalike.core.progress import ProgressCallback, no_progress
from lookalike.datasets import Images
from lookalike.evaluate import (
    accuracy,
    bootstrap,
    confusion_matrix,
    f1,
    paired_test,
    precision_at_k,
)
from lookalike.search import NearestNeighbors
from lookalike.systems.digits.system import Digits

N_MISTAKES = 60  # whose pictures are kept


def evaluate(
    system: Digits, data: Images, on_progress: ProgressCallback = no_progress
) -> EvaluationResult:
    """Measure the answers to the test images, beside those of the raw pixels.

    Every number carries a 95% bootstrap interval; the comparison is paired: the same
    catalogue and queries, correct or wrong image by image.
    """
    items = system.items_
    images = check_images(data.x_test, items.shape)
    truth = check_labels(data.y_test, len(images))
    on_progress("answering the test images", 0.1)
    k = min(10, len(items))
    numbers, distances = system.nearest(images, max(k, system.n_neighbors))
    predicted = system.vote(items.labels(numbers[:, : system.n_neighbors])).labels
    on_progress("comparing with raw pixels", 0.4)
    raw = system.vote(items.labels(_nearest_pixels(system, images))).labels
    on_progress("drawing intervals", 0.8)
    comparison = paired_test(predicted == truth, raw == truth)
    relevance = items.labels(numbers[:, :k]) == truth[:, None]
    metrics = {
        "accuracy": bootstrap(accuracy, truth, predicted),
        "macro_f1": bootstrap(partial(f1, average="macro"), truth, predicted),
        f"precision_at_{k}": bootstrap(np.mean, precision_at_k(relevance, k)),
        "accuracy_of_raw_pixels": bootstrap(accuracy, truth, raw),
        "gain_over_raw_pixels": comparison.difference,
    }
    on_progress("timing single answers", 0.9)
    facts = {
        "n_test": len(truth),
        "n_copies": n_copies(np.asarray(items.base_images), images),
        "milliseconds_per_answer": milliseconds_per_answer(
            system.classify, [image[None] for image in images[:100]]
        ),
        "usual_distance": float(np.quantile(distances[:, 0], 0.99)),
    }
    return EvaluationResult(
        f"{len(truth):,} test images",
        metrics,
        {"raw pixels": comparison},
        facts,
        _quality(system, images, truth, predicted),
        {"truth": truth, "predicted": predicted, "numbers": numbers[:, :k]},
    )


def _nearest_pixels(system: Digits, images: Array) -> Ints:
    known = system.items_.base_images
    pixels = NearestNeighbors(system.n_neighbors, n_jobs=system.n_jobs)
    pixels.fit(known.reshape(len(known), -1))
    return pixels.kneighbors(images.reshape(len(images), -1))[1]


def _quality(
    system: Digits, images: Array, truth: Array, predicted: Array
) -> dict[str, Any]:
    """Which test images were taken for what, and a few of the mistakes."""
    wrong = np.flatnonzero(predicted != truth)
    classes = np.union1d(system.classes_, truth)  # a test image may show another
    return {
        "n_test": len(truth),
        "wrong": wrong.tolist(),
        "classes": classes.tolist(),
        "confusion": confusion_matrix(truth, predicted, labels=classes).tolist(),
        "shape": list(images.shape[1:]),
        "errors": [
            {
                "truth": truth[row].tolist(),
                "predicted": predicted[row].tolist(),
                "pixels": b64encode(images[row].tobytes()).decode(),
            }
            for row in wrong[:N_MISTAKES]
        ],
    }
