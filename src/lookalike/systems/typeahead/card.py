"""Values for the card of the type-ahead system, whose text is ``card.md``."""

from typing import Any

from lookalike.core.manifest import Manifest
from lookalike.systems.typeahead.system import Typeahead


def values(system: Typeahead, manifest: Manifest) -> dict[str, Any]:
    """Return what the card's named places show."""
    facts = manifest.facts
    counts = ("n_askings", "n_queries", "n_suggested", "n_users", "n_countries")
    return {
        **{name: facts[name] for name in counts},
        "bytes_a_query": facts["bytes_a_query"],
        "seen_share": facts.get("seen_share"),
        "min_people": system.min_people,
        "least_people": system.suggester_.least_people,
        "half_life": f"{system.half_life:g}",
        "user_weight": f"{system.user_weight:g}",
        "country_weight": f"{system.country_weight:g}",
        "asked_weight": f"{system.asked_weight:g}",
    }
