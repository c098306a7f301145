"""Values for the cards of recommenders; the text is each system's ``card.md``."""

from typing import Any

from lookalike.core.card import arm_size, metric_value
from lookalike.core.manifest import Manifest
from lookalike.systems._recommender.base import RecommenderSystem


def recommender_values(system: RecommenderSystem, manifest: Manifest) -> dict[str, Any]:
    """Return what the card's named places show."""
    facts, configuration = manifest.facts, manifest.configuration
    counts = ("n_users", "n_items", "n_known", "n_held_out", "n_training_rows")
    generators = zip(facts["generators"], facts["quotas"], strict=True)
    return {
        **{name: facts[name] for name in counts},
        "ranker": facts["ranker"],
        "n_generators": len(facts["generators"]),
        "generators": ", ".join(f"{name} ({quota})" for name, quota in generators),
        "diversity": configuration["diversity"],
        "exploration": configuration["exploration"],
        "users_per_second": facts.get("users_per_second"),
        "arm_size": arm_size(metric_value(manifest, "precision_at_10"), 0.005),
    }
