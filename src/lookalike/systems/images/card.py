"""Values for the card of image search, whose text is ``card.md``."""

from typing import Any

from lookalike.core.card import arm_size, metric_value
from lookalike.core.manifest import Manifest
from lookalike.systems.images.system import ImageSearch


def values(system: ImageSearch, manifest: Manifest) -> dict[str, Any]:
    """Return what the card's named places show."""
    form, facts = system.encoder_.preparation, manifest.facts
    index = facts.get("index", {})
    return {
        "n_candidates": manifest.configuration["n_candidates"],
        "n_dimensions": facts["n_dimensions"],
        "n_items": facts["n_items"],
        "index_method": index.get("method"),
        "index_seconds": index.get("seconds"),
        "height": form.height,
        "width": form.width,
        "colours": "grey" if form.mode == "L" else "colour",
        "model": facts["model"],
        "seconds_training": facts.get("seconds_training"),
        "cpu_seconds_training": facts.get("cpu_seconds_training"),
        "images_a_second": facts.get("images_a_second"),
        "arm_size": arm_size(metric_value(manifest, "precision_at_10"), 0.005),
    }
