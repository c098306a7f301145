"""What an evaluation returns, and what evaluations of all systems measure alike."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from lookalike.evaluate import Comparison, Estimate


@dataclass(frozen=True)
class EvaluationResult:
    """The quality of a system's answers to test data.

    Evaluating changes nothing of the system; saving the system together with its
    result keeps the numbers.
    """

    tested: str
    """How much was answered, such as "1,000 test images"."""
    metrics: dict[str, Estimate]
    """Each with its interval."""
    comparisons: dict[str, Comparison]
    """Paired tests, by what the system was compared with."""
    facts: dict[str, Any] = field(default_factory=dict)
    """Further numbers for the card, ready for JSON."""
    quality: dict[str, Any] | None = None
    """Outcomes item by item, ready for JSON; two generations are compared by them."""
    details: dict[str, Any] = field(default_factory=dict)
    """What the report draws; not saved."""

    def document(self) -> dict[str, Any]:
        """Return the numbers in the form in which a manifest keeps them."""
        return {
            "measured": list(self.facts),
            "quality": self.quality,
            "metrics": {name: asdict(m) for name, m in self.metrics.items()},
            "comparisons": {name: asdict(c) for name, c in self.comparisons.items()},
        }


def milliseconds_per_answer(
    verb: Callable[[Any], object], queries: Sequence[Any]
) -> float:
    """Return the median time of one answer in milliseconds, queries one at a time."""
    seconds = []
    for query in queries:
        started = time.perf_counter()
        verb(query)
        seconds.append(time.perf_counter() - started)
    return round(1000 * float(np.median(seconds)), 3)
