"""Values for the card of the digits system, whose text is ``card.md``."""

from typing import Any

import numpy as np

from lookalike.core.card import arm_size, metric_value
from lookalike.core.manifest import Manifest
from lookalike.systems.digits.system import Digits


def values(system: Digits, manifest: Manifest) -> dict[str, Any]:
    """Return what the card's named places show."""
    items, dimensions = system.items_.base_vectors.shape
    counts = np.unique(system.items_.base_labels, return_counts=True)[1]
    usual = manifest.facts.get("usual_distance")
    return {
        "embedding": manifest.configuration["embedding"],
        "n_neighbors": manifest.configuration["n_neighbors"],
        "n_items": items,
        "n_dimensions": dimensions,
        "n_classes": len(counts),
        "rarest": int(counts.min()),
        "most_frequent": int(counts.max()),
        "features": manifest.facts["features"],
        "model": manifest.facts["model"],
        "seconds_to_learn": f"{manifest.facts['seconds_to_learn']:.1f}",
        "arm_size": arm_size(metric_value(manifest, "accuracy"), 0.005),
        "bytes_per_item": 4 * dimensions,
        "megabytes": f"{items * 4 * dimensions / 1e6:.0f}",
        "usual_distance": None if usual is None else f"{usual:.3g}",
    }
