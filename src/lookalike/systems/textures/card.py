"""Values for the card of the textures system, whose text is ``card.md``."""

from typing import Any

from lookalike.core.card import arm_size, metric_value
from lookalike.core.manifest import Manifest
from lookalike.systems.textures.system import Textures


def values(system: Textures, manifest: Manifest) -> dict[str, Any]:
    """Return what the card's named places show."""
    return {
        "side": system.side_,
        "n_features": system.histograms_.shape[1],
        "n_train": manifest.facts["n_train"],
        "n_classes": len(system.classes_),
        "classes": ", ".join(system.classes_.tolist()),
        "arm_size": arm_size(metric_value(manifest, "accuracy"), 0.005),
    }
