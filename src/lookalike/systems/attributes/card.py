"""Values for the card of the attributes system, whose text is ``card.md``."""

from typing import Any

from lookalike.core.manifest import Manifest
from lookalike.systems.attributes.system import Attributes


def values(system: Attributes, manifest: Manifest) -> dict[str, Any]:
    """Return what the card's named places show."""
    return {
        "classes": "; ".join(system.classes_.tolist()),
        "rare": system.rare_,
        "n_common": system.n_common,
        "n_rare": system.n_rare,
        "n_draws": system.n_draws,
        "n_pool": manifest.facts["n_pool"],
    }
