"""Values for the card of the feed, whose text is ``card.md``."""

from typing import Any

from lookalike.core.card import arm_size, metric_value
from lookalike.core.manifest import Manifest
from lookalike.systems.feed.candidates import QUOTAS
from lookalike.systems.feed.system import Feed


def values(system: Feed, manifest: Manifest) -> dict[str, Any]:
    """Return what the card's named places show."""
    facts = manifest.facts
    counts = ("n_users", "n_authors", "n_posts", "n_follows", "n_training_rows")
    losses = facts["losses_of_kinds"]
    shares = facts["shares"]
    rare = min((n for n in shares if n != "dwell"), key=lambda n: shares[n])
    best = metric_value(manifest, "value_over_that_of_the_best_lists")
    return {
        **{name: f"{facts[name]:,}" for name in counts},
        "kind": system.heads_.kind,
        "heads": ", ".join(facts["heads"]),
        "losses": ", ".join(f"{name} {loss:.4f}" for name, loss in losses.items()),
        "weights": ", ".join(f"{n} {w:g}" for n, w in system.weights_.items()),
        "shares": ", ".join(
            f"{n} {share:.2%}" for n, share in shares.items() if n != "dwell"
        ),
        "window_days": f"{system.window_days:g}",
        "cap": system.cap,
        "sameness": f"{system.sameness:.0%}",
        "fatigue": f"{system.fatigue_:.0%}",
        "boost": f"{system.new_author_boost:.0%}",
        "quotas": ", ".join(map(str, QUOTAS)),
        "n_shuffled": facts["n_shuffled_lists"],
        "is_shuffled": facts["n_shuffled_lists"] > 0,
        "n_decisions": facts["n_decisions"],
        "is_kuairand": manifest.data["name"] == "kuairand_explicit",
        "is_simulated": best is not None,
        "of_the_best": None if best is None else f"{best:.1%}",
        "rare": rare,
        "arm_size": arm_size(shares[rare], shares[rare] / 20),
    }
