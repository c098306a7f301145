"""Values for the card of the emotions system, whose text is ``card.md``."""

from typing import Any

from lookalike.core.card import arm_size, metric_value
from lookalike.core.manifest import Manifest
from lookalike.systems.emotions.system import Emotions


def values(system: Emotions, manifest: Manifest) -> dict[str, Any]:
    """Return what the card's named places show."""
    facts = manifest.facts
    classes = system.classes_.tolist()
    counts = zip(classes, system.shares_.tolist(), strict=True)
    return {
        "classes": ", ".join(classes),
        "shares": ", ".join(f"{name} {share:.1%}" for name, share in counts),
        "model_name": system.model,
        "n_train": facts["n_train"],
        "n_held_out": facts["n_held_out"],
        "features": facts["features"],
        "model": facts["model"],
        "seconds_to_learn": facts["seconds_to_learn"],
        "arm_size": arm_size(metric_value(manifest, "accuracy"), 0.01),
    }
