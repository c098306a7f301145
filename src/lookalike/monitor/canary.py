r"""A canary: a share of the requests goes to a new version, until it passes or aborts.

Requests are sent to it by chance, so that a bad answer is the canary's with the chance
of a request, its share f, if it is as good as the control; of a canary whose answers
are bad :math:`\rho` times as often it is with :math:`f \rho / (f \rho + 1 - f)`. Only
*bad* answers are counted (errors, slow ones, a guardrail's): how often the control is
bad need not be known. Each signal has two tests:

- at every look, c bad answers of the canary among m of both: the likelihood ratio
  :math:`c \ln \rho - m \ln (f \rho + 1 - f)` against a threshold, which a healthy
  canary ever passes with a small chance, computed exactly;
- once, when it has had its requests: is c too many of a binomial of m and f.

The chance of aborting a healthy canary is divided among signals, and 4 to 6 among the
two tests: the first finds what is bad at once, the second what is bad a little.

References
----------
.. [1] Wald (1945). "Sequential tests of statistical hypotheses". Annals of Mathematical
   Statistics 16(2).
.. [2] Przyborowski and Wilenski (1940). "Homogeneity of results in testing samples from
   Poisson series". Biometrika 31(3/4). (the binomial of m and f)
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from scipy.stats import binom

from lookalike._checks import check_positive, check_whole

GO_ON, PASS, ABORT, INCONCLUSIVE = "go on", "pass", "abort", "inconclusive"
WORSE = 3.0
"""rho: between the 5 that must be found soon and the 2 that may take all requests."""
EARLY = 0.4
"""Share of the chance of a false abort that the looks have, the last test the rest."""
MOST_BAD = 1500
"""Bad answers up to which the threshold is computed: after so many a healthy canary's
ratio has fallen so far that the chance no longer grows."""
_SKEWED = 5.0  # standard errors of the share of requests, at any look


@dataclass(frozen=True)
class CanaryPlan:
    """What a canary gets, and when it ends.

    share : share of the requests that it gets, in (0, 0.5]
    requests : requests of the canary after which it passes, at least 1
    signals : names of the kinds of bad answers that are counted
    false_abort : chance of aborting a canary that is as good as the control, in (0, 1)
    deadline : seconds after which a canary with too few requests is given up

    Examples
    --------
    >>> round(CanaryPlan(signals=("errors",)).threshold, 2)
    5.16
    """

    share: float = 0.1
    requests: int = 3000
    signals: tuple[str, ...] = ("errors", "slow", "guardrail")
    false_abort: float = 0.01
    deadline: float = 86_400.0

    def __post_init__(self) -> None:
        if not 0 < self.share <= 0.5:
            raise ValueError(f"share must be in (0, 0.5], got {self.share!r}.")
        if not 0 < self.false_abort < 1:
            raise ValueError(
                f"false_abort must be between 0 and 1, got {self.false_abort!r}."
            )
        check_whole("requests", self.requests)
        check_positive("deadline", self.deadline)
        if not self.signals or len(set(self.signals)) < len(self.signals):
            raise ValueError(f"signals must be distinct names, got {self.signals!r}.")

    @property
    def each(self) -> float:
        """Chance of a false abort that each signal has."""
        return self.false_abort / len(self.signals)

    @property
    def threshold(self) -> float:
        """What the likelihood ratio of a signal is compared with."""
        return _threshold(self.share, EARLY * self.each)


@dataclass(frozen=True)
class CanaryCounts:
    """What was seen since the canary began.

    canary, control : requests that each answered
    canary_bad, control_bad : bad answers of each by signal; 0 where it is missing
    seconds : since the canary began
    """

    canary: int
    control: int
    canary_bad: Mapping[str, int] = field(default_factory=dict)
    control_bad: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True)
class CanaryDecision:
    """What is to be done now: "go on", "pass", "abort" or "inconclusive", and why.

    signal : the one that aborts, "" where none does
    """

    outcome: str
    reason: str
    signal: str = ""


def decide_canary(plan: CanaryPlan, counts: CanaryCounts) -> CanaryDecision:
    """Decide what to do with a canary, at any number of looks.

    Parameters
    ----------
    plan : CanaryPlan
    counts : CanaryCounts
        All since it began, not since the last look.

    Returns
    -------
    CanaryDecision
        Inconclusive where the deadline came before the requests, or where the requests
        were not divided as planned, so that the tests say nothing.

    Raises
    ------
    ValueError
        If a count is negative, more than the requests, or of an unknown signal.

    Notes
    -----
    The threshold of a plan is computed once, in a tenth of a second.

    Examples
    --------
    >>> plan = CanaryPlan(signals=("errors",))
    >>> for bad in (2, 9):
    ...     counts = CanaryCounts(120, 1080, {"errors": bad}, {"errors": 9})
    ...     found = decide_canary(plan, counts)
    ...     print(found.outcome, "-", found.reason)
    go on - 120 of 3,000 requests
    abort - errors: 7.5% of 120 answers, 0.8% of the control
    """
    _check(plan, counts)
    canary, control = counts.canary, counts.control
    total = canary + control
    error = np.sqrt(plan.share * (1 - plan.share) * max(total, 1))
    if abs(canary - plan.share * total) > max(_SKEWED * error, 5.0):
        return CanaryDecision(
            INCONCLUSIVE,
            f"the canary got {canary / total:.1%} of {total:,} requests, where "
            f"{plan.share:.1%} were planned: the two cannot be compared",
        )
    is_last = canary >= plan.requests
    for signal in plan.signals:
        bad, others = (
            counts.canary_bad.get(signal, 0),
            counts.control_bad.get(signal, 0),
        )
        if _is_worse(plan, bad, others, is_last):
            told = f"{signal}: {bad / max(canary, 1):.1%} of {canary:,} answers, "
            told += f"{others / max(control, 1):.1%} of the control"
            return CanaryDecision(ABORT, told, signal)
    if is_last:
        return CanaryDecision(
            PASS, f"no signal is worse after {canary:,} of its requests"
        )
    if counts.seconds >= plan.deadline:
        return CanaryDecision(
            INCONCLUSIVE,
            f"only {canary:,} of {plan.requests:,} requests came in "
            f"{counts.seconds:,.0f} seconds",
        )
    return CanaryDecision(GO_ON, f"{canary:,} of {plan.requests:,} requests")


def log_ratio(share: float, bad: int, others: int, worse: float = WORSE) -> float:
    """Logarithm of how much likelier counts are of a canary that is worse.

    Examples
    --------
    >>> round(log_ratio(0.1, bad=5, others=0), 2), round(log_ratio(0.1, 0, 9), 2)
    (4.58, -1.64)
    """
    both = bad + others
    return float(bad * np.log(worse) - both * np.log(share * worse + 1 - share))


def _is_worse(plan: CanaryPlan, bad: int, others: int, is_last: bool) -> bool:
    if log_ratio(plan.share, bad, others) > plan.threshold:
        return True
    if not is_last:
        return False
    chance = binom.sf(bad - 1, bad + others, plan.share)
    return bool(chance <= (1 - EARLY) * plan.each)


@lru_cache(maxsize=64)
def _threshold(share: float, chance: float) -> float:
    """Least threshold that a healthy canary passes with no more than this chance."""
    low, high = 0.0, -np.log(chance)  # the bound of Ville
    while high - low > 1e-3:
        middle = (low + high) / 2
        if crossing_chance(share, middle) > chance:
            low = middle
        else:
            high = middle
    return float(high)


def crossing_chance(share: float, threshold: float, most: int = MOST_BAD) -> float:
    """Chance that a healthy canary's ratio passes a threshold within ``most`` bad answers.

    Computed exactly, bad answer by bad answer.

    Examples
    --------
    >>> crossing_chance(0.5, 1.0, most=3)  # three of three
    0.125
    """  # noqa: E501
    # More of the canary's than this pass any threshold: the states need not go on.
    step, rate = np.log(WORSE), np.log(share * WORSE + 1 - share)
    states = np.arange(int((threshold + most * rate) / step) + 3)
    alive = np.zeros(len(states))
    alive[0] = 1.0
    crossed = 0.0
    for both in range(1, most + 1):
        after = alive * (1 - share)
        after[1:] += alive[:-1] * share
        # States below are those that have not passed; their number grows with both.
        first = int((threshold + both * rate) / step) + 1
        crossed += float(after[first:].sum())
        after[first:] = 0.0
        alive = after
    return crossed


def _check(plan: CanaryPlan, counts: CanaryCounts) -> None:
    if counts.seconds < 0:
        raise ValueError(
            f"seconds must be at least 0, got {counts.seconds!r}: the clock went back."
        )
    for name in ("canary", "control"):
        n, bad = getattr(counts, name), getattr(counts, f"{name}_bad")
        check_whole(name, n, least=0)
        unknown = sorted(set(bad) - set(plan.signals))
        if unknown:
            raise ValueError(
                f"{name}_bad has the signal {unknown[0]!r}; the plan has "
                f"{', '.join(plan.signals)}."
            )
        for signal, count in bad.items():
            check_whole(f"{name}_bad[{signal!r}]", count, least=0)
            if count > n:
                raise ValueError(
                    f"{name} answered {n:,} requests, got {count:,} bad ones of "
                    f"{signal}."
                )
