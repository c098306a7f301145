"""Values for the card of search of texts, whose text is ``card.md``."""

from typing import Any

from lookalike.core.manifest import Manifest
from lookalike.systems.documents.system import POOL, Documents


def values(system: Documents, manifest: Manifest) -> dict[str, Any]:
    """Return what the card's named places show."""
    facts = manifest.facts
    fusion, votes = vars(system.fusion_), vars(system.judged_fusion_)
    return {
        **{name: facts[name] for name in ("n_documents", "n_terms", "n_components")},
        "language": system.language,
        "pool": POOL,
        "facets": ", ".join(facts["facets"]) or "none",
        "is_judged": facts.get("is_judged"),
        "are_sentences": facts.get("n_test", 0) > 0 and not facts["is_judged"],
        "is_unmeasured": facts.get("n_test") == 0,
        "is_cross_validated": facts.get("is_cross_validated"),
        "n_folds_with_meaning": facts.get("n_folds_with_meaning"),
        "weight": f"{fusion['weight']:g}",
        "tried": f"{fusion['tried']:g}",
        "gain": f"{fusion['gain']:+.4f}",
        "p_value": f"{fusion['p_value']:.2g}",
        "taught": f"{fusion['n_queries']:,} judged queries",
        "has_encoder": facts["has_encoder"],
        "votes_weight": f"{votes['weight']:g}",
        "votes_tried": f"{votes['tried']:g}",
        "votes_gain": f"{votes['gain']:+.4f}",
        "votes_p_value": f"{votes['p_value']:.2g}",
        "n_folds_with_votes": facts.get("n_folds_with_votes"),
        "n_near_what_taught": facts.get("n_near_what_taught"),
        "was_tried": fusion["tried"] > 0 and bool(manifest.metrics),
    }
