"""Values for the card of video search, whose text is ``card.md``."""

from typing import Any

from lookalike.core.gated_weight import Fusion
from lookalike.core.manifest import Manifest
from lookalike.systems.videos.joint_space import EncoderPair
from lookalike.systems.videos.system import N_RANKED, VideoSearch


def values(system: VideoSearch, manifest: Manifest) -> dict[str, Any]:
    """Return what the card's named places show."""
    facts = manifest.facts
    about, seen = (system.taught.get(name, Fusion()) for name in ("about", "seen"))
    is_pair = isinstance(system.space_, EncoderPair)
    return {
        **{
            name: facts[name]
            for name in (
                "n_videos",
                "n_frames",
                "n_hours",
                "n_dimensions",
                "n_searched",
                "n_without_pixels",
                "n_without_text",
                "n_near_copies",
                "n_pairs",
            )
        },
        "sampler": system.sampler,
        "n_least": system.n_frames,
        "interval": f"{system.interval:g}",
        "pooling": system.pooling,
        "encoder": system.encoder,
        "n_ranked": N_RANKED,
        "has_pair": is_pair,
        "has_space": system.space_ is not None and not is_pair,
        "has_no_space": system.space_ is None,
        "is_taught_by_texts": facts["n_training_texts"] > 0,
        "n_training_texts": facts["n_training_texts"],
        "was_weighed": bool(about.n_queries) and bool(manifest.metrics),
        "n_weighed": about.n_queries,
        "about_tried": f"{about.tried:g}",
        "about_gain": f"{about.gain:+.4f}",
        "about_p": f"{about.p_value:.2g}",
        "about_weight": f"{system.weights_.about:g}",
        "seen_tried": f"{seen.tried:g}",
        "seen_gain": f"{seen.gain:+.4f}",
        "seen_p": f"{seen.p_value:.2g}",
        "seen_weight": f"{system.weights_.seen:g}",
        "n_among": facts.get("n_among"),
        "n_frames_asked": facts.get("n_frames_asked"),
        "are_titles": facts.get("are_titles"),
    }
