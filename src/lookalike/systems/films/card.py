"""Values for the card of the films system, whose text is ``card.md``."""

from typing import Any

from lookalike.core.manifest import Manifest
from lookalike.systems._recommender.card import recommender_values
from lookalike.systems.films.system import Films


def values(system: Films, manifest: Manifest) -> dict[str, Any]:
    """Return what the card's named places show."""
    return recommender_values(system, manifest)
