"""Values for the card, whose text is ``card.md``."""


def values(system, manifest):
    """Return what the card's named places show."""
    return {
        "n_train": manifest.facts["n_train"],
        "languages": ", ".join(system.classes_.tolist()),
        "n_pairs": len(system.pairs_),
    }
