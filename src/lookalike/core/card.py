"""A system's card: what it is for and how it was made, in nine steps, with numbers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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

NOT_YET = "not measured yet"


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


def card_of(
    title: str,
    tell: Sequence[Callable[[Mapping[str, Any]], Sequence[str]]],
    about: Mapping[str, Any],
) -> Card:
    """Return the card whose steps these functions tell from what a generation says."""
    facts = {**about, **about["facts"]}
    steps = (tuple(step(facts)) for step in tell)
    return Card(title, dict(zip(STEPS, steps, strict=True)))


def measured_numbers(facts: Mapping[str, Any]) -> list[str]:
    """Two paragraphs: every metric with its interval, every comparison's verdict."""
    numbers = [
        f"{name.replace('_', ' ')}: {m['value']:.4f} [{m['low']:.4f}, {m['high']:.4f}]"
        for name, m in facts["metrics"].items()
    ]
    if not numbers:
        return [f"The numbers are {NOT_YET}."]
    verdicts = [
        f"Against {name}: {c['difference']['value']:+.4f} "
        f"[{c['difference']['low']:+.4f}, {c['difference']['high']:+.4f}], "
        f"p = {c['p_value']:.2g} ({c['test']})."
        for name, c in facts["comparisons"].items()
    ]
    return ["; ".join(numbers) + ".", " ".join(verdicts)]


def arm_size(share: float, difference: float) -> str:
    """Return how many answers each half of an experiment needs, in words.

    Two-sided 5%, power 80%: n = 2 (1.96 + 0.84)^2 p (1 - p) / difference^2.
    """
    n = 2 * 2.8**2 * share * (1 - share) / difference**2
    return f"{max(n, 1):,.0f} answers an arm"
