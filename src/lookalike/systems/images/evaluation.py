"""How good image search is: every test image is a query, its label says what fits."""

import numpy as np

from lookalike._typing import Array, Floats
from lookalike.core.evaluation import (
    EvaluationResult,
    milliseconds_per_answer,
    n_copies,
)
from lookalike.core.progress import ProgressCallback, no_progress
from lookalike.datasets import Images
from lookalike.evaluate import bootstrap, paired_test, ranking_metrics
from lookalike.systems.images.encoders.base import (
    OF_PIXELS,
    check_training_images,
    learned_encoder,
)
from lookalike.systems.images.encoders.linear import shrunk
from lookalike.systems.images.system import ImageSearch

BASELINES = OF_PIXELS
"""Encoders that every other is compared with, of small images."""


def evaluate(
    system: ImageSearch, data: Images, on_progress: ProgressCallback = no_progress
) -> EvaluationResult:
    """Rank all training images of ``data`` for every test image.

    The unit of chance is the query. Simple encoders of the same images are ranked
    beside.

    Raises
    ------
    ValueError
        If the system has not learned from the training images of ``data``, and does
        not search a folder with an encoder of its own.
    """
    images, labels = check_training_images(data.x_test, data.y_test)
    known, known_labels = check_training_images(data.x_train, data.y_train)
    n_jobs = system.n_jobs
    on_progress("embedding", 0.0)
    X = _vectors_of(system, known, data.name)
    Q = system.embed(list(images))
    on_progress("ranking the catalogue for every query", 0.2)
    ours = ranking_metrics(Q, X, labels, known_labels, n_jobs)
    outcomes = {"": ours}
    for name in BASELINES:
        if system.encoder == name:
            continue
        on_progress(f"measuring {name}", 0.6)
        baseline = learned_encoder(
            name,
            known,
            known_labels,
            random_state=0,
            n_jobs=n_jobs,
            on_progress=lambda share: None,
        )
        outcomes[f"{name}_"] = ranking_metrics(
            baseline.transform(shrunk(images)),
            baseline.transform(shrunk(known)),
            labels,
            known_labels,
            n_jobs,
        )
    metrics = {
        f"{prefix}{name}": bootstrap(np.mean, values)
        for prefix, found in outcomes.items()
        for name, values in found.items()
    }
    comparisons = {
        f"{prefix.rstrip('_')}, {name.replace('_', ' ')}": paired_test(
            ours[name], values
        )
        for prefix, found in outcomes.items()
        if prefix
        for name, values in found.items()
    }
    facts = {
        "n_test": len(images),
        "n_copies": n_copies(known, images),
        "milliseconds_per_answer": milliseconds_per_answer(
            system.search, [[image] for image in images[:50]]
        ),
    }
    some = np.random.default_rng(0).permutation(len(images))[:8]
    details = {
        "queries": some,
        "nearest": np.stack(
            [np.argsort(-(X @ q), kind="stable")[:10] for q in Q[some]]
        ),
        "precision_by_label": _by_label(ours["precision_at_10"], labels),
    }
    return EvaluationResult(
        f"{len(images):,} queries in a catalogue of {len(X):,}",
        metrics,
        comparisons,
        facts,
        {"n_test": len(images), "outcomes": ours["precision_at_10"].tolist()},
        details,
    )


def _vectors_of(system: ImageSearch, known: Array, name: str) -> Array:
    """Vectors of training images: those that the system has, or embedded now."""
    trained = system.trained_
    if np.array_equal(trained.images, known):
        return trained.vectors
    if system.catalogue_ is not trained:
        return system.embed(list(known))
    raise ValueError(
        f"The catalogue holds {len(trained.vectors)} items, {name} {len(known)}, and "
        "they are not the same: train on the data that is to be measured."
    )


def _by_label(values: Floats, labels: Array) -> dict[str, float]:
    return {str(c): float(values[labels == c].mean()) for c in np.unique(labels)}
