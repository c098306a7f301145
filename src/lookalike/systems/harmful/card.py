"""Values for the card of the harmful system, whose text is ``card.md``."""

from collections.abc import Mapping
from typing import Any

from lookalike.core.card import arm_size, metric_value
from lookalike.core.manifest import Manifest
from lookalike.systems.harmful.evaluation import NEEDS_A_PERSON
from lookalike.systems.harmful.system import Harmful


def values(system: Harmful, manifest: Manifest) -> dict[str, Any]:
    """Return what the card's named places show."""
    facts = manifest.facts
    tried = facts.get("functions") or {}
    told = facts.get("languages_told")
    actions = facts.get("share_of_actions")
    parts = facts.get("parts") or {}
    return {
        "has_parts": bool(parts),
        "no_parts": not parts,
        "parts": _listed(parts),
        "languages": ", ".join(system.languages_),
        "sources": _listed(facts["sources"]),
        "kinds": "; ".join(
            f"{kind} {n:,} of {of:,}" for kind, (n, of) in facts["kinds"].items()
        ),
        "n_train": facts["n_train"],
        "n_held_out": facts["n_held_out"],
        "n_terms": facts["n_terms"],
        "C": f"{system.C:g}",
        "precision": f"{system.precision:g}",
        "doubt": f"{system.doubt:g}",
        "removable": ", ".join(facts["removable"]) or "no kind",
        "costs": ", ".join(f"{name} {cost:g}" for name, cost in facts["costs"].items()),
        "seconds_to_learn": facts["seconds_to_learn"],
        "languages_told": None if told is None else f"{told:.1%}",
        "share_of_actions": None if actions is None else _shares(actions),
        "is_tried": bool(tried),
        "always_harm": tried.get("always_harm"),
        "by_language": _accuracies(tried.get("languages", {})),
        "by_function": _accuracies(tried.get("functions", {})),
        "by_group": _accuracies(tried.get("groups", {})),
        "not_learned": _shares(tried.get("not_learned", {})),
        "needs_a_person": f"{NEEDS_A_PERSON:g}",
        "arm_size": arm_size(metric_value(manifest, "proactive_rate"), 0.01),
    }


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {n:,}" for name, n in counts.items())


def _shares(shares: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {share:.1%}" for name, share in shares.items())


def _accuracies(found: Mapping[str, Any]) -> str:
    """Each name's accuracy; where it is too low, that a person has to review."""
    return "; ".join(
        f"{name} {share:.3f}"
        + ("" if share >= NEEDS_A_PERSON else " (not without a person's review)")
        for name, (share, _) in found.items()
    )
