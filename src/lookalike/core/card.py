"""A system's card: what it is for and how it was made, in nine steps, with numbers.

The prose is a Markdown file beside the system, ``card.md``, that anybody can edit. A
name in braces is replaced by a value; a paragraph that begins with ``{?name}`` is kept
only if that value is true, one that begins with ``{!name}`` only if it is not.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lookalike.core.evaluation import copies_note
from lookalike.core.manifest import Manifest
from lookalike.evaluate import holm

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
_HEADING = re.compile(r"## (\d)\. (.+)")
_NAME = re.compile(r"\{([^\W\d]\w*)\}")
_CONDITION = re.compile(r"\{([?!])([^\W\d]\w*)\}\s*")


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
            raise ValueError(f"A card must have the steps {', '.join(STEPS)}.")

    def markdown(self) -> str:
        """Return the card as one Markdown text."""
        parts = [f"# {self.title}"]
        for number, (step, paragraphs) in enumerate(self.steps.items(), start=1):
            parts += [f"## {number}. {step}", *paragraphs]
        return "\n\n".join(parts) + "\n"


def card_of(template: str, values: Mapping[str, Any]) -> Card:
    r"""Return the card that a template gives with these values.

    Raises
    ------
    ValueError
        If the template names a value that there is none of, or has other steps.

    Examples
    --------
    >>> steps = "".join(f"## {n}. {s}\n\nText.\n\n" for n, s in enumerate(STEPS, 1))
    >>> card = card_of("# Toy\n\n" + steps.replace("Text", "{n} cups", 1), {"n": 3})
    >>> card.title, card.steps["Problem"]
    ('Toy', ('3 cups.',))
    """
    title = step = ""
    steps: dict[str, tuple[str, ...]] = {}
    for paragraph in re.split(r"\n\s*\n", template.strip()):
        text = " ".join(paragraph.split())
        heading = _HEADING.fullmatch(text)
        if heading is not None:
            step = heading[2]
            steps[step] = ()
        elif text.startswith("# "):
            title = text[2:]
        elif _is_kept(text, values):
            kept = _CONDITION.sub("", text, count=1)
            steps[step] = (*steps[step], _NAME.sub(lambda m: _text(m[1], values), kept))
    return Card(title, steps)


def names_in(template: str) -> set[str]:
    """Return the names of all values that a template may show or ask for."""
    conditions = {name for _, name in _CONDITION.findall(template)}
    return set(_NAME.findall(template)) | conditions


def _is_kept(text: str, values: Mapping[str, Any]) -> bool:
    condition = _CONDITION.match(text)
    if condition is None:
        return True
    return bool(_value(condition[2], values)) == (condition[1] == "?")


def _text(name: str, values: Mapping[str, Any]) -> str:
    value = _value(name, values)
    if value is None:
        return NOT_YET
    return f"{value:,}" if isinstance(value, int) else str(value)


def _value(name: str, values: Mapping[str, Any]) -> Any:
    if name not in values:
        raise ValueError(f"The card names {name!r}, for which there is no value.")
    return values[name]


def measured(manifest: Manifest) -> str:
    """Return every metric with its interval, in one line."""
    numbers = [
        f"{name.replace('_', ' ')}: {m['value']:.4f} [{m['low']:.4f}, {m['high']:.4f}]"
        for name, m in manifest.metrics.items()
    ]
    return "; ".join(numbers) + "." if numbers else f"The numbers are {NOT_YET}."


def compared(manifest: Manifest) -> str:
    """Return the result of every paired comparison, in sentences."""
    tests = manifest.comparisons
    corrected = holm([c["p_value"] for c in tests.values()])
    several = len(tests) > 1
    return " ".join(
        f"Against {name}: {c['difference']['value']:+.4f} "
        f"[{c['difference']['low']:+.4f}, {c['difference']['high']:+.4f}], "
        f"p = {c['p_value']:.2g}"
        + several * f", {p:.2g} corrected for {len(tests)} tests"
        + f" ({c['test']})."
        for (name, c), p in zip(tests.items(), corrected, strict=True)
    )


def arm_size(share: float | None, difference: float) -> str | None:
    """Return how many answers each half of an experiment needs, in words.

    None before the share is measured.
    Two-sided 5%, power 80%: n = 2 (1.96 + 0.84)^2 p (1 - p) / difference^2.
    """
    if share is None:
        return None
    n = 2 * 2.8**2 * share * (1 - share) / difference**2
    return f"{max(n, 1):,.0f} answers an arm"


def metric_value(manifest: Manifest, name: str) -> float | None:
    """Return a metric's value, None before it is measured."""
    found = manifest.metrics.get(name)
    return None if found is None else float(found["value"])


ONLINE_TESTS = (
    "On a service `lookalike experiments start` does it. A shadow answers a share of "
    "the requests a second time, unseen, and says how answers and times differ. A "
    "canary gets a share of the requests: in simulation it is given up within 400 of "
    "them in 96% of the runs in which errors rise from 1% to 5%, and in 0.8% of those "
    "in which nothing is wrong. An A/B test shows each user one generation, always the "
    "same; where there is no difference it finds one in 5.2% of 2,000 tests that are "
    "looked at once, in 5.5% looked at twenty times with the bounds of O'Brien and "
    "Fleming, in 1.5% with bounds that are always valid."
)
"""How step 8 is done, with the numbers of ``lookalike bench experiments``."""
ONLINE_WATCH = (
    "A service says every day whether what it is asked has moved, within a budget of "
    "false alarms a month (`lookalike alarms`). Of the detectors, in simulation, a "
    "rate of errors that rises from 10% to 15% is found within 1,000 answers in 90% to "
    "94% of the runs, at less than one false alarm in 100,000. `lookalike systems "
    "rollback` puts back the generation before."
)
"""How step 9 is done, with the numbers of ``lookalike bench monitoring``."""

STANDARD_VALUES: dict[str, Callable[[Manifest], Any]] = {
    "data_name": lambda m: m.data["name"],
    "data_checksum": lambda m: m.data["checksum"][:12],
    "embedding_version": lambda m: m.embedding_version,
    "measured": measured,
    "compared": compared,
    "is_compared": lambda m: bool(m.comparisons),
    "is_measured": lambda m: bool(m.metrics),
    "milliseconds_per_answer": lambda m: m.facts.get("milliseconds_per_answer"),
    "n_test": lambda m: m.facts.get("n_test"),
    "is_refitted": lambda m: m.refitted,
    "copies": lambda m: copies_note(m.facts),
    "online_tests": lambda m: ONLINE_TESTS,
    "online_watch": lambda m: ONLINE_WATCH,
}
"""Values that every card may name."""
