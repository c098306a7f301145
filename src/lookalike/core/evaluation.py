"""What an evaluation returns, and what evaluations of all systems measure alike."""

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from lookalike.evaluate import Comparison, Estimate, holm


@dataclass(frozen=True)
class Verdict:
    """Whether a system is worth its baselines, by paired tests on held-out inputs."""

    is_worse: bool = False
    """Whether a baseline is better by more than chance: it is not to answer."""
    sentence: str = ""
    """What is to be told first; empty where every baseline is beaten."""


def verdict_of(comparisons: Mapping[str, Comparison], level: float = 0.05) -> Verdict:
    """Return the verdict on a system that was compared with its baselines.

    comparisons : of the system with each baseline; a positive difference speaks for
        the system
    level : a difference with a smaller p-value, corrected for as many tests as there
        are, is none of chance

    Examples
    --------
    >>> worse = Comparison(Estimate(-0.2, -0.3, -0.1), 0.001, "exact McNemar")
    >>> print(verdict_of({"guessing": worse}).sentence)
    Worse than guessing by 0.2000 [0.1000, 0.3000], p = 0.001: do not use it.
    >>> unclear = Comparison(Estimate(0.1, -0.1, 0.3), 0.4, "exact McNemar")
    >>> print(verdict_of({"guessing": unclear}).sentence)
    Not shown to be better than guessing: +0.1000 [-0.1000, +0.3000], p = 0.4.
    """
    corrected = holm([each.p_value for each in comparisons.values()])
    tests = [
        (n, c, p) for (n, c), p in zip(comparisons.items(), corrected, strict=True)
    ]
    for name, each, p in tests:
        found = each.difference
        if found.value < 0 and p < level:
            return Verdict(
                True,
                f"Worse than {name} by {-found.value:.4f} [{-found.high:.4f}, "
                f"{-found.low:.4f}], p = {p:.2g}: do not use it.",
            )
    for name, each, p in tests:
        found = each.difference
        if found.value <= 0 or p >= level:
            return Verdict(
                False,
                f"Not shown to be better than {name}: {found.value:+.4f} "
                f"[{found.low:+.4f}, {found.high:+.4f}], p = {p:.2g}.",
            )
    return Verdict()


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
    """Outcomes item by item, ready for JSON; two generations are compared by them, see
    ``core.gate.outcomes_of``."""
    details: dict[str, Any] = field(default_factory=dict)
    """What the report draws; not saved."""
    verdict: Verdict = field(default_factory=Verdict)
    """Beside its baselines; a system that is worse does not take over by itself."""

    def document(self) -> dict[str, Any]:
        """Return the numbers in the form in which a manifest keeps them."""
        return {
            "measured": list(self.facts),
            "quality": self.quality,
            "metrics": {name: asdict(m) for name, m in self.metrics.items()},
            "comparisons": {name: asdict(c) for name, c in self.comparisons.items()},
        }


def n_copies(known: Iterable[Any], tested: Iterable[Any]) -> int:
    """Return how many of the tested inputs were learned from, by their contents.

    known, tested : arrays, such as images, or lists of words

    Examples
    --------
    >>> images = np.arange(12, dtype=np.uint8).reshape(3, 2, 2)
    >>> n_copies(images[:2], images[[1, 1, 2]])
    2
    """
    seen = set(map(_content, known))
    return sum(_content(each) in seen for each in tested)


def copies_note(facts: Mapping[str, Any]) -> str:
    """Return the sentence on ``n_copies`` of ``n_test``; empty where there are none.

    Examples
    --------
    >>> copies_note({"n_copies": 37, "n_test": 1000})
    '37 of the 1,000 test inputs are copies of what was learned from: the numbers flatter.'
    """  # noqa: E501
    n = facts.get("n_copies") or 0
    if not n:
        return ""
    are = "is a copy" if n == 1 else "are copies"
    return (
        f"{n:,} of the {facts['n_test']:,} test inputs {are} of what was learned from: "
        "the numbers flatter."
    )


def _content(each: Any) -> bytes:
    array = np.asarray(each)
    about = f"{array.dtype.str} {array.shape} ".encode()
    return hashlib.sha256(about + array.tobytes()).digest()


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
