"""Values for the card of the jaywalking system, whose text is ``card.md``."""

from collections.abc import Mapping
from typing import Any

from lookalike.core.card import arm_size, metric_value
from lookalike.core.manifest import Manifest
from lookalike.systems.jaywalking.system import Jaywalking

N_READINGS = 2
"""How often the test part of JAAD was looked at while the system was made."""


def values(system: Jaywalking, manifest: Manifest) -> dict[str, Any]:
    """Return what the card's named places show."""
    facts = manifest.facts
    parts, lost = facts.get("auc_of_parts"), facts.get("noisy_lost")
    followed, warning = facts.get("noisy_followed"), facts.get("warning")
    n_clips = facts["n_clips"]
    return {
        "n_clips": ", ".join(str(n_clips[part]) for part in n_clips),
        "n_train": f"{facts['n_train']:,}",
        "n_people": facts["n_people"],
        "n_crossing": facts["n_crossing"],
        "n_described": facts["n_described"],
        "n_held_out": facts["n_held_out"],
        "n_columns": facts["n_columns"],
        "n_forests": system.n_forests,
        "n_trees": system.n_trees,
        "fusion": system.fusion,
        "network_share": f"{system.network_share:g}",
        "alarm": f"{system.alarm:g}",
        "seconds_to_learn": facts["seconds_to_learn"],
        "is_tested": parts is not None,
        "always": facts.get("always_crosses_f1"),
        "always_behaviour": facts.get("always_crosses_behaviour_f1"),
        "parts": _listed(parts or {}),
        "fused": _differences(facts.get("fused") or {}),
        "without_vehicle": facts.get("auc_without_vehicle"),
        "with_vehicle": facts.get("auc_of_one_forest"),
        "n_jaywalkers": facts.get("n_jaywalkers"),
        "n_open_road": facts.get("n_open_road"),
        "product": _differences(facts.get("product") or {}) or "not measured",
        "noisy_lost": lost,
        "noisy_followed": None if followed is None else f"{followed:.1%}",
        "hours": facts.get("hours"),
        "warning": _warnings(warning or {}),
        "n_readings": N_READINGS,
        "arm_size": arm_size(metric_value(manifest, "accuracy"), 0.01),
    }


def _listed(found: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.4f}" for name, value in found.items())


def _differences(found: Mapping[str, Any]) -> str:
    """Each difference with its interval and p-value."""
    return "; ".join(
        f"{name} {value:+.4f} [{low:+.4f}, {high:+.4f}], p = {p:.2g}"
        for name, (value, low, high, p) in found.items()
    )


def _warnings(found: Mapping[str, Any]) -> str:
    return "; ".join(
        f"at {rate} false alarms an hour {warned:.0%} are warned of before they set "
        f"out, half of all {seconds:.1f} s or longer before (threshold {threshold:.2f})"
        for rate, (threshold, warned, seconds) in found.items()
    )
