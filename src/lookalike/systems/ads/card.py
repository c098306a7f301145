"""Values for the card of the ads system, whose text is ``card.md``."""

from typing import Any

from lookalike.core.card import arm_size
from lookalike.core.manifest import Manifest
from lookalike.systems.ads.auction import FALL
from lookalike.systems.ads.system import AdClicks


def values(system: AdClicks, manifest: Manifest) -> dict[str, Any]:
    """Return what the card's named places show."""
    facts = manifest.facts
    counts = ("n_users", "n_ads", "n_advertisers", "n_training_rows", "n_targeted")
    rate, test_rate = facts["share_clicked"], facts.get("test_rate")
    return {
        **{name: f"{facts[name]:,}" for name in counts},
        "model": system.answering_,
        "models": ", ".join(system.learned_.models),
        "calibration": system.calibration,
        "cap": system.cap,
        "per_advertiser": system.per_advertiser,
        "hide_cost": f"{system.hide_cost:g}",
        "fall": f"{FALL:g}",
        "share_clicked": f"{rate:.2%}",
        "share_hidden": f"{facts['share_hidden']:.2%}",
        "test_rate": None if test_rate is None else f"{test_rate:.2%}",
        "columns": ", ".join(facts["columns"]),
        "crosses": ", ".join(facts["crosses"]) or "none",
        "counted": ", ".join(facts["counted"]) or "nothing",
        "n_replayed": facts.get("n_replayed"),
        "arm_size": arm_size(rate, rate / 20),
    }
