"""Values for the card of the places system, whose text is ``card.md``."""

from typing import Any

from lookalike.core.manifest import Manifest
from lookalike.systems.places.system import Places


def values(system: Places, manifest: Manifest) -> dict[str, Any]:
    """Return what the card's named places show."""
    facts = manifest.facts
    counts = ("n_train", "n_words", "n_location_words", "n_gazetteer", "n_features")
    return {
        **{name: facts[name] for name in counts},
        "window": system.window,
        "C": f"{system.C:g}",
        "threshold": f"{facts['threshold']:.3f}",
        "held_out_f1": f"{facts['held_out_f1']:.3f}",
    }
