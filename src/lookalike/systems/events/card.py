"""Values for the card of the events system, whose text is ``card.md``."""

from typing import Any

from lookalike.core.card import arm_size
from lookalike.core.manifest import Manifest
from lookalike.systems.events.system import Events


def values(system: Events, manifest: Manifest) -> dict[str, Any]:
    """Return what the card's named places show."""
    facts = manifest.facts
    counts = ("n_users", "n_events", "n_lists", "n_training_rows")
    rate = facts["share_joined"]
    return {
        **{name: facts[name] for name in counts},
        "n_test_lists": facts.get("n_test_lists"),
        "n_test_people": facts.get("n_test_people"),
        "model": system.model,
        "radius": f"{system.radius:g}",
        "rankers": ", ".join(system.rankers_).replace("_", " "),
        "share_joined": f"{rate:.1%}",
        "arm_size": arm_size(rate, rate / 10),
    }
