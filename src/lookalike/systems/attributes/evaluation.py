"""The quality of composed and of flat classifiers over many draws of few images."""

from typing import Any

import numpy as np

from lookalike._typing import Floats
from lookalike.core.evaluation import (
    EvaluationResult,
    milliseconds_per_answer,
    n_copies,
)
from lookalike.core.inputs import check_images, check_labels
from lookalike.core.progress import ProgressCallback, no_progress
from lookalike.datasets.strokes import Attributed
from lookalike.evaluate import Estimate, bootstrap, paired_test
from lookalike.systems.attributes.classifiers import (
    block_means,
    composed_classifier,
    flat_classifier,
)
from lookalike.systems.attributes.system import Attributes


def evaluate(
    system: Attributes, data: Attributed, on_progress: ProgressCallback = no_progress
) -> EvaluationResult:
    """Measure both classifiers over many draws of the training images.

    A draw is the unit of chance. Recall of each combination on all test images; the
    comparison is paired draw by draw.
    """
    images = check_images(data.x_train)
    labels = check_labels(data.y_train, len(images))
    truth = check_labels(data.y_test, len(data.x_test))
    X = block_means(check_images(data.x_test, images.shape[1:]))
    classes = system.classes_.tolist()
    recalls: dict[str, list[Floats]] = {"composed": [], "flat": []}
    for i in range(system.n_draws):
        rows = system.draw(labels, system.random_state + i)
        x, y = block_means(images[rows]), labels[rows]
        models: dict[str, Any] = {
            "composed": composed_classifier(y),
            "flat": flat_classifier(),
        }
        for name, model in models.items():
            correct = model.fit(x, y).predict(X) == truth
            recalls[name].append(
                np.array([correct[truth == label].mean() for label in classes])
            )
        on_progress("drawing training images", 0.9 * (i + 1) / system.n_draws)
    composed, flat = map(np.array, recalls.values())  # (n_draws, n_classes)
    metrics: dict[str, Estimate] = {}
    for name, values in (("composed", composed), ("flat", flat)):
        metrics[f"accuracy_{name}"] = bootstrap(np.mean, values.mean(axis=1))
        for k, label in enumerate(classes):
            key = f"recall_of_{label.replace(', ', '_')}_{name}"
            metrics[key] = bootstrap(np.mean, values[:, k])
    rare = classes.index(system.rare_)
    comparisons = {
        f"flat, recall of the rare {system.rare_}": paired_test(
            composed[:, rare], flat[:, rare]
        ),
        "flat, mean recall": paired_test(composed.mean(axis=1), flat.mean(axis=1)),
    }
    facts = {
        "n_test": len(truth),
        "n_copies": n_copies(images, check_images(data.x_test, images.shape[1:])),
        "milliseconds_per_answer": milliseconds_per_answer(
            system.classify, [image[None] for image in data.x_test[:20]]
        ),
    }
    return EvaluationResult(
        f"{system.n_draws} draws of training images and {len(truth):,} test images",
        metrics,
        comparisons,
        facts,
        quality={
            "n_test": system.n_draws,
            "outcomes": composed.mean(axis=1).tolist(),
            "held_out": f"draws from {system.random_state}",
        },
    )
