"""Values for the card of the photos system, whose text is ``card.md``."""

from typing import Any

from lookalike.core.card import arm_size, metric_value
from lookalike.core.manifest import Manifest
from lookalike.systems.photos.system import Photos


def values(system: Photos, manifest: Manifest) -> dict[str, Any]:
    """Return what the card's named places show."""
    facts = manifest.facts
    return {
        "n_train": facts["n_train"],
        "n_held_out": facts["n_held_out"],
        "n_classes": facts["n_classes"],
        "classes": facts["classes"],
        "n_features": facts["n_features"],
        "tried": facts["tried"],
        "choice": system.choice_,
        "unclear": f"{system.unclear:.2f}",
        "verdict": facts.get("verdict", ""),
        "arm_size": arm_size(metric_value(manifest, "accuracy"), 0.02),
    }
