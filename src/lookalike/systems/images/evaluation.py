"""How good image search is: every test image asked, relevant what has its label."""

from typing import TYPE_CHECKING

import numpy as np

from lookalike._typing import Array, Floats
from lookalike.core.verbs import Measured, Tell
from lookalike.datasets import Images
from lookalike.evaluate import bootstrap, paired_test, ranking_metrics
from lookalike.systems.images.encoders.base import ENCODERS, checked_images

if TYPE_CHECKING:
    from lookalike.systems.images.system import ImageSearch

PLAIN = ("pixels", "principal", "plain")
"""Encoders that every other is measured beside."""


def images_measured(system: "ImageSearch", data: Images, tell: Tell) -> Measured:
    """Rank the whole catalogue for every test image, and so do plain encoders."""
    images, labels = checked_images(data.x_test, data.y_test)
    known, known_labels = checked_images(data.x_train, data.y_train)
    n_jobs = system.n_jobs
    tell("embedding", 0.0)
    Q = system.embed(list(images))
    X = system.vectors_ if system._contents is None else system.embed(list(known))
    if len(X) != len(known):
        raise ValueError(
            f"The catalogue holds {len(X)} items, {data.name} {len(known)}: train "
            "on the data that is to be measured."
        )
    tell("ranking the catalogue for every query", 0.2)
    ours = ranking_metrics(Q, X, labels, known_labels, n_jobs)
    table = {"": ours}
    for name in PLAIN:
        if system.encoder == name:
            continue
        tell(f"measuring {name}", 0.6)
        plain = ENCODERS[name]().fit(
            known,
            known_labels,
            random_state=0,
            n_jobs=n_jobs,
            report=lambda share: None,
        )
        table[f"{name}_"] = ranking_metrics(
            plain.transform(images),
            plain.transform(known),
            labels,
            known_labels,
            n_jobs,
        )
    metrics = {
        f"{prefix}{name}": bootstrap(np.mean, values)
        for prefix, found in table.items()
        for name, values in found.items()
    }
    comparisons = {
        f"{prefix.rstrip('_')}, {name.replace('_', ' ')}": paired_test(
            ours[name], values
        )
        for prefix, found in table.items()
        if prefix
        for name, values in found.items()
    }
    some = np.random.default_rng(0).permutation(len(images))[:8]
    return Measured(
        f"{len(images):,} queries in a catalogue of {len(X):,}",
        metrics,
        comparisons,
        {
            "queries": images[some],
            "query_labels": labels[some],
            "near": np.stack(
                [np.argsort(-(X @ q), kind="stable")[:10] for q in Q[some]]
            ),
            "precision_by_class": _by_class(ours["precision_at_10"], labels),
        },
    )


def _by_class(values: Floats, labels: Array) -> dict[str, float]:
    return {str(c): float(values[labels == c].mean()) for c in np.unique(labels)}
