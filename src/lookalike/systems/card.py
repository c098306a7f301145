"""A system's card: what it is for and how it was made, in nine steps, with numbers."""

from collections.abc import Mapping
from dataclasses import dataclass

STEPS = (
    "Problem",
    "Metrics",
    "Architecture",
    "Data",
    "Features",
    "Model and offline evaluation",
    "Prediction service",
    "Online testing",
    "Scaling, monitoring, updates",
)


@dataclass(frozen=True)
class Card:
    """Nine steps, each a few paragraphs of plain text.

    Examples
    --------
    >>> card = Card("toy", {step: (f"About {step.lower()}.",) for step in STEPS})
    >>> print(card.markdown()[:37])
    # toy
    <BLANKLINE>
    ## 1. Problem
    <BLANKLINE>
    About problem.
    """

    title: str
    steps: Mapping[str, tuple[str, ...]]

    def __post_init__(self) -> None:
        if tuple(self.steps) != STEPS:
            raise ValueError(f"A card must tell the steps {', '.join(STEPS)}.")

    def markdown(self) -> str:
        """Return the card as one Markdown text."""
        parts = [f"# {self.title}"]
        for number, (step, paragraphs) in enumerate(self.steps.items(), start=1):
            parts += [f"## {number}. {step}", *paragraphs]
        return "\n\n".join(parts) + "\n"
