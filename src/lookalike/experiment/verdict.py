"""What is said of a treatment in words: five of them, and why.

- **better**: a goal is better beyond its bound, none is worse, no guardrail is harmed,
  and none is still open.
- **worse**: a goal is worse beyond its bound, or a guardrail is harmed.
- **no harm**: all planned units are in, no goal differs, and every guardrail is no
  worse than its margin allows.
- **not yet**: none of these, with how long it will still take.
- **not to be trusted**: a check failed; the numbers are shown and mean nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lookalike.evaluate.interval import Estimate
from lookalike.experiment.difference import Effect
from lookalike.experiment.metrics import Metric

BETTER, WORSE, NO_HARM = "better", "worse", "no harm"
NOT_YET, NOT_TRUSTED = "not yet", "not to be trusted"
HARM, OPEN, SAME = "harm", "open", "no difference shown"
WORDS = (BETTER, WORSE, SAME, NO_HARM, HARM, OPEN)
"""What one metric says, see ``outcome``."""


@dataclass(frozen=True)
class Verdict:
    """A word and its reasons.

    word : one of "better", "worse", "no harm", "not yet", "not to be trusted"
    reasons : sentences
    days_left : days until the planned units are in; None where it is over, or where it
        cannot be said
    """

    word: str
    reasons: tuple[str, ...]
    days_left: float | None = None

    def __str__(self) -> str:
        return " ".join([f"{self.word}:", *self.reasons])


def outcome(metric: Metric, effect: Effect) -> str:
    """Return what one metric says: better, worse or no difference shown.

    A guardrail says no harm, harm or open: it is judged by its relative lift, as a test
    of non-inferiority. No harm is shown where the whole interval lies above what the
    margin allows; harm where all of it lies below no difference.

    Examples
    --------
    >>> from lookalike.experiment.arms import Arm
    >>> from lookalike.experiment.difference import effect
    >>> found = effect(Arm(1000, 10.0, 0.1), Arm(1000, 9.9, 0.1))
    >>> for margin in (0.01, 0.05):
    ...     guard = Metric("latency", "mean", role="guardrail", margin=margin)
    ...     print(outcome(guard, found))
    open
    no harm
    """
    low, high = _good(metric, effect.difference)
    if metric.role != "guardrail":
        return BETTER if low > 0 else WORSE if high < 0 else SAME
    assert metric.margin is not None
    if _good(metric, effect.relative)[0] > -metric.margin:
        return NO_HARM
    return HARM if high < 0 else OPEN


def decide(
    outcomes: Sequence[tuple[Metric, str]],
    faults: Sequence[str],
    is_over: bool,
    days_left: float | None,
) -> Verdict:
    """Return the verdict of a treatment.

    Parameters
    ----------
    outcomes : sequence of (Metric, str)
        Each metric with what it says, see ``outcome``, or a sentence where it says
        nothing.
    faults : sequence of str
        What makes the result not to be trusted.
    is_over : bool
        Whether all planned units are in.
    days_left : float or None

    Examples
    --------
    >>> clicks = Metric("clicks", "rate")
    >>> print(decide([(clicks, "better")], [], False, 3.0))
    better: clicks is better.
    >>> print(decide([(clicks, "no difference shown")], [], False, 3.2))
    not yet: no difference of clicks is shown. About 3.2 days are left.
    >>> print(decide([(clicks, "better")], ["ratio: units are lost."], True, None))
    not to be trusted: ratio: units are lost.
    """
    if faults:
        return Verdict(NOT_TRUSTED, tuple(faults))
    named: dict[str, list[str]] = {}
    for metric, word in outcomes:
        if metric.role != "secondary":
            named.setdefault(word, []).append(metric.name)
    if WORSE in named or HARM in named:
        reasons = [f"{name} is worse." for name in named.get(WORSE, [])]
        reasons += [f"the guardrail {name} is harmed." for name in named.get(HARM, [])]
        reasons += [f"{name} is better." for name in named.get(BETTER, [])]
        return Verdict(WORSE, tuple(reasons))
    open_ = [
        f"the guardrail {name} may still be harmed." for name in named.get(OPEN, [])
    ]
    open_ += [f"{', '.join(named[word])}: {word}" for word in set(named) - set(WORDS)]
    if BETTER in named and not open_:
        return Verdict(BETTER, tuple(f"{name} is better." for name in named[BETTER]))
    same = [f"no difference of {name} is shown." for name in named.get(SAME, [])]
    if is_over and NO_HARM in named and not open_ and BETTER not in named:
        safe = [f"{name} is within its margin." for name in named[NO_HARM]]
        return Verdict(NO_HARM, (*same, *safe))
    better = [f"{name} is better." for name in named.get(BETTER, [])]
    return Verdict(
        NOT_YET,
        (*better, *same, *open_, _time(is_over, days_left)),
        None if is_over else days_left,
    )


def _time(is_over: bool, days_left: float | None) -> str:
    if is_over:
        return (
            "The planned units are in: what the intervals still hold is possible, and "
            "a new, larger experiment would have to tell."
        )
    if days_left is None:
        return "How long it takes cannot be said: units came at no known rate."
    return f"About {days_left:.1f} days are left."


def _good(metric: Metric, interval: Estimate) -> tuple[float, float]:
    """The ends of an interval, turned so that more is better."""
    ends = np.array([interval.low, interval.high]) * metric.sign
    return float(ends.min()), float(ends.max())
