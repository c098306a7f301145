"""Values for the card of the people system, whose text is ``card.md``."""

from typing import Any

from lookalike.core.card import arm_size, metric_value
from lookalike.core.manifest import Manifest
from lookalike.systems.people.features import BLOCK_SIZE, N_FEATURES
from lookalike.systems.people.system import People


def values(system: People, manifest: Manifest) -> dict[str, Any]:
    """Return what the card's named places show."""
    facts = manifest.facts
    return {
        **{name: facts[name] for name in ("n_people", "n_known", "n_training_rows")},
        "n_held_out": facts.get("n_held_out"),
        "seconds_for_all_candidates": facts.get("seconds_for_all_candidates"),
        "n_candidates": system.n_candidates,
        "n_features": N_FEATURES,
        "arm_size": arm_size(metric_value(manifest, "hit_rate_at_10"), 0.01),
        "block_size": BLOCK_SIZE,
    }
