"""Values for the card of the faces system, whose text is ``card.md``."""

from typing import Any

from lookalike.core.card import arm_size, metric_value
from lookalike.core.manifest import Manifest
from lookalike.systems.faces.system import Faces


def values(system: Faces, manifest: Manifest) -> dict[str, Any]:
    """Return what the card's named places show."""
    return {
        "n_dimensions": system.vectors_.shape[1],
        "n_known": len(system.names_),
        "n_pictures": len(system.people_),
        "n_learned": manifest.facts.get("n_learned", len(system.people_)),
        "threshold": f"{system.threshold_:.3f}",
        "stranger_threshold": f"{system.stranger_threshold_:.3f}",
        "arm_size": arm_size(metric_value(manifest, "strangers_refused"), 0.01),
    }
