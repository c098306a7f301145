r"""What another policy would have earned, from decisions that were logged.

A log has, for each decision, the action that was drawn, its *propensity* (the
probability with which the policy that ran drew it) and the reward. The *target* policy
would have drawn the same action with another probability; the quotient of the two is
the *importance weight* w of the decision. With a model q of the reward, all estimators
are means of terms of single decisions:

=============  =====================================================  ==========
IPS            w r                                                    interval
clipped IPS    min(w, M) r                                            biased
SNIPS          w r / mean(w)                                          interval
DM             sum_a pi(a) q(a)                                       biased
DR             sum_a pi(a) q(a) + w (r - q)                           interval
SNDR           sum_a pi(a) q(a) + w (r - q) / mean(w)                 interval
Switch-DR      sum_a pi(a) q(a) + [w <= M] w (r - q)                  biased
=============  =====================================================  ==========

A bias does not shrink as the log grows and is in no variance, so that the biased ones
print no interval. The others are asymptotically normal; the variance of the normalised
ones is that of the jackknife, which deletes one decision at a time: a decision that
carries much of the weight counts for what it is. Where nearly all rewards are equal, as
with clicks in one of two hundred decisions, few decisions decide and none is normal
yet: no interval is printed either.

References
----------
.. [1] Horvitz and Thompson (1952). "A generalization of sampling without replacement
   from a finite universe". JASA 47(260). (IPS)
.. [2] Swaminathan and Joachims (2015). "The self-normalized estimator for
   counterfactual learning". NIPS. (SNIPS)
.. [3] Dudik, Langford and Li (2011). "Doubly robust policy evaluation and learning".
   ICML. (DM, DR)
.. [4] Thomas and Brunskill (2016). "Data-efficient off-policy policy evaluation for
   reinforcement learning". ICML. (weighted doubly robust, here SNDR)
.. [5] Wang, Agarwal and Dudik (2017). "Optimal and adaptive off-policy evaluation in
   contextual bandits". ICML. (Switch)
.. [6] Kish (1965). "Survey sampling". Wiley. (the effective sample)
.. [7] Owen (2013). "Monte Carlo theory, methods and examples", chapter 9.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lookalike._checks import check_positive
from lookalike._typing import Floats
from lookalike.evaluate.interval import Estimate

LEAST_EFFECTIVE = 50.0
"""Fewer effective decisions give no estimate."""
LEAST_INFORMATIVE = 30.0
"""Effective decisions whose reward is not the commonest one, below which no interval
is valid: with log-normal weights and rare rewards they covered 61% to 89% of truths."""
MOST_OF_ONE = 0.2
"""Share of all weight that one decision may carry."""
CONFIDENCE = 0.95


@dataclass(frozen=True)
class LoggedDecisions:
    """Decisions of one policy, and what another would have done.

    reward : float64 (n_decisions,), finite
    propensity : float64 (n_decisions,), probability with which the action was drawn,
        in (0, 1]
    target : float64 (n_decisions,), probability of the same action under the target
        policy, in [0, 1]
    predicted : float64 (n_decisions,) or None, what a model expects of the action
    expected : float64 (n_decisions,) or None, reward that the model expects of the
        target policy, the mean of its predictions over the actions

    The model must not have seen the decisions that it predicts (cross-fitting: each
    part of the log is predicted by a model of the others).
    """

    reward: Floats
    propensity: Floats
    target: Floats
    predicted: Floats | None = None
    expected: Floats | None = None

    @property
    def weight(self) -> Floats:
        """Importance weights, float64 (n_decisions,)."""
        return self.target / self.propensity

    def __len__(self) -> int:
        return len(self.reward)


@dataclass(frozen=True)
class PolicyValue:
    """A policy's mean reward as one estimator has it.

    interval : None where the estimator has none that is valid

    Examples
    --------
    >>> print(PolicyValue(0.25, None))
    0.2500
    """

    value: float
    interval: Estimate | None

    def __str__(self) -> str:
        return f"{self.value:.4f}" if self.interval is None else str(self.interval)


@dataclass(frozen=True)
class OffPolicy:
    """What a log says of a target policy.

    estimates : by the estimator's name; empty where the log cannot say
    logged : mean reward of the policy that ran, with its interval
    n_decisions : int
    effective_sample : Kish's number of decisions that would say as much
    informative_sample : the same of the decisions whose reward is not the commonest
    largest_weight : the greatest importance weight
    largest_share : share of all weight that this one decision carries
    mean_weight : 1 in expectation, if the propensities are true and the log tried all
        that the target policy does
    refusal : "" or the sentence that says why there are no estimates
    """

    estimates: Mapping[str, PolicyValue]
    logged: Estimate
    n_decisions: int
    effective_sample: float
    informative_sample: float
    largest_weight: float
    largest_share: float
    mean_weight: float
    refusal: str = ""


def logged_decisions(
    reward: ArrayLike,
    propensity: ArrayLike,
    target: ArrayLike,
    predicted: ArrayLike | None = None,
    expected: ArrayLike | None = None,
) -> LoggedDecisions:
    """Check columns and return them as a log, see :class:`LoggedDecisions`.

    Raises
    ------
    ValueError
        If a propensity is not in (0, 1], a target probability not in [0, 1], another
        number is not finite, or the columns differ in length or are empty.

    Examples
    --------
    >>> logged_decisions([1, 0], [0.5, 0.25], [1, 0.5]).weight
    array([2., 2.])
    >>> logged_decisions([1, 0], [0.5, 0], [1, 0.5])
    Traceback (most recent call last):
    ...
    ValueError: propensity must be in (0, 1], got 0.0 in row 1: what was drawn had a \
probability above 0.
    """
    if (predicted is None) != (expected is None):
        raise ValueError(
            "predicted and expected come together: the model's reward of the action "
            "that was drawn, and of the target policy."
        )
    columns = {
        name: _column(name, values)
        for name, values in (
            ("reward", reward),
            ("propensity", propensity),
            ("target", target),
            ("predicted", predicted),
            ("expected", expected),
        )
        if values is not None
    }
    lengths = {len(each) for each in columns.values()}
    if len(lengths) > 1:
        told = ", ".join(f"{len(each)} of {name}" for name, each in columns.items())
        raise ValueError(f"The columns must have the same rows, got {told}.")
    if not lengths.pop():
        raise ValueError("The log is empty: expected at least one decision.")
    check_probabilities("propensity", columns["propensity"], positive=True)
    check_probabilities("target", columns["target"])
    return LoggedDecisions(**columns)


def estimate_policy(
    log: LoggedDecisions,
    clip: float = 10.0,
    switch: float = 10.0,
    confidence: float = CONFIDENCE,
) -> OffPolicy:
    r"""Estimate the mean reward of the target policy by all estimators.

    Those with a model are left out where the log has no predictions.

    Parameters
    ----------
    log : LoggedDecisions
    clip : float, default=10.0
        Greatest weight of clipped IPS, above 0.
    switch : float, default=10.0
        Greatest weight that Switch-DR corrects with, above 0.
    confidence : float, default=0.95
        Of the intervals, between 0 and 1.

    Returns
    -------
    OffPolicy
        Without estimates, and with a sentence, where the log cannot say: fewer than
        ``LEAST_EFFECTIVE`` effective decisions, one decision with more than
        ``MOST_OF_ONE`` of the weight, or weights whose mean is not 1.

    Notes
    -----
    Cost: O(n_decisions).

    Examples
    --------
    A log of fair coins; the target policy throws what pays three times in four.

    >>> rng = np.random.default_rng(0)
    >>> pays = rng.random(4000) < 0.5
    >>> found = estimate_policy(logged_decisions(pays, [0.5] * 4000, np.where(pays, 0.75, 0.25)))
    >>> print(found.estimates["SNIPS"])
    0.7558 [0.7443, 0.7672]
    >>> round(found.effective_sample), found.largest_weight
    (3210, 1.5)
    """  # noqa: E501
    check_positive("clip", clip)
    check_positive("switch", switch)
    check_confidence(confidence)
    weight = log.weight
    total = float(weight.sum())
    informative = _informative(log.reward, weight)
    refusal = refusal_of(weight)
    estimates = {} if refusal else _estimates(log, clip, switch, confidence)
    if informative < LEAST_INFORMATIVE:
        estimates = {k: PolicyValue(v.value, None) for k, v in estimates.items()}
    return OffPolicy(
        estimates,
        logged=mean_interval(log.reward, confidence),
        n_decisions=len(log),
        effective_sample=effective_sample(weight),
        informative_sample=informative,
        largest_weight=float(weight.max()),
        largest_share=float(weight.max()) / total if total else 0.0,
        mean_weight=total / len(log),
        refusal=refusal,
    )


def effective_sample(weight: Floats) -> float:
    """Return how many decisions of equal weight say as much (Kish 1965).

    Examples
    --------
    >>> effective_sample(np.array([1.0, 1, 1, 1])), effective_sample(np.array([9.0, 1]))
    (4.0, 1.2195121951219512)
    >>> effective_sample(np.zeros(3))
    0.0
    """
    squares = float(weight @ weight)
    return float(weight.sum()) ** 2 / squares if squares else 0.0


def refusal_of(weight: Floats) -> str:
    """Return why decisions with these weights say nothing, or "".

    weight : float64 (n_decisions,), importance weights, at least 0

    Examples
    --------
    >>> refusal_of(np.ones(100))
    ''
    >>> print(refusal_of(np.array([1.0] * 99 + [900])))
    The log cannot say: its 100 decisions weigh as much as 1, where at least 50 are \
needed, and one decision carries 90% of the weight.
    """
    total = float(weight.sum())
    if not total:
        return (
            "The log cannot say: the target policy would have taken none of its "
            f"{len(weight):,} actions."
        )
    effective = effective_sample(weight)
    share = float(weight.max()) / total
    told = f"its {len(weight):,} decisions weigh as much as {effective:,.0f}"
    one = f"one decision carries {share:.0%} of the weight"
    if effective < LEAST_EFFECTIVE:
        told += f", where at least {LEAST_EFFECTIVE:g} are needed"
        return f"The log cannot say: {told}" + (
            f", and {one}." if share > MOST_OF_ONE else "."
        )
    if share > MOST_OF_ONE:
        return f"The log cannot say: {one}."
    mean = total / len(weight)
    error = float(weight.std()) / np.sqrt(len(weight))
    if abs(mean - 1) > _FAR * max(error, 1e-9):
        return (
            f"The log cannot say: importance weights average 1, these {mean:.3g} "
            f"(+- {error:.2g}): the propensities are not those that were drawn with, "
            "or the target policy does what the log never tried."
        )
    return ""


_FAR = 5.0
"""Standard errors by which the mean weight may miss 1: weights are skewed, so that
their mean is further from 1, on the low side, than a normal one would be."""


def check_probabilities(name: str, values: Floats, positive: bool = False) -> None:
    """Refuse what is not a probability; ``positive`` refuses 0 too.

    Examples
    --------
    >>> check_probabilities("target", np.array([0.5, 1.5]))
    Traceback (most recent call last):
    ...
    ValueError: target must be in [0, 1], got 1.5 in row 1.
    """
    low = (values <= 0) if positive else (values < 0)
    bad = low | (values > 1)
    if not bad.any():
        return
    at = np.unravel_index(int(np.argmax(bad)), values.shape)
    row, *rest = (int(n) for n in at)
    where = f"row {row}" + (f", position {rest[0]}" if rest else "")
    reason = (
        ": what was drawn had a probability above 0" if low[at] and positive else ""
    )
    needed = "(0, 1]" if positive else "[0, 1]"
    raise ValueError(
        f"{name} must be in {needed}, got {float(values[at])!r} in {where}{reason}."
    )


def check_confidence(confidence: float) -> None:
    """Refuse a confidence that gives no interval."""
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, got {confidence!r}.")


def weighted_interval(
    base: Floats, weight: Floats, residual: Floats, confidence: float
) -> tuple[float, float, float]:
    """Value and interval of mean(base) + sum(weight residual) / sum(weight).

    base, weight, residual : float64 (n,), of independent decisions

    The variance is the jackknife's. Student's t has the effective sample less one as
    degrees of freedom.
    """
    n, total = len(weight), float(weight.sum())
    ratio = float(weight @ residual) / total
    value = float(base.mean()) + ratio
    # What the ratio moves by when a decision is left out, exactly.
    moved = weight * (residual - ratio) / (total - weight)
    parts = (base - base.mean()) / (n - 1) + moved
    error = float(np.sqrt((n - 1) / n * parts @ parts))
    half = error * quantile_of_t(weight, confidence)
    return value, value - half, value + half


def mean_interval(
    terms: Floats, confidence: float = CONFIDENCE, weight: Floats | None = None
) -> Estimate:
    """Return the mean of independent terms with Student's interval.

    terms : float64 (n,); the interval of a single one has no ends
    weight : float64 (n,), importance weights that the terms contain; None is none

    Examples
    --------
    >>> print(mean_interval(np.array([0.0, 1, 1, 0, 1])))
    0.6000 [-0.0801, 1.2801]
    """
    mean, n = float(terms.mean()), len(terms)
    if n < 2:
        return Estimate(mean, -np.inf, np.inf)
    error = float(terms.std(ddof=1)) / np.sqrt(n)
    half = error * quantile_of_t(np.ones(n) if weight is None else weight, confidence)
    return Estimate(mean, mean - half, mean + half)


def quantile_of_t(weight: Floats, confidence: float) -> float:
    """Half-width, in standard errors, of an interval of so much effective sample."""
    from scipy.special import stdtrit  # slow to import

    freedom = max(effective_sample(weight) - 1, 1.0)
    return float(stdtrit(freedom, (1 + confidence) / 2))


# --- the estimators ----------------------------------------------------------------


def _estimates(
    log: LoggedDecisions, clip: float, switch: float, confidence: float
) -> dict[str, PolicyValue]:
    weight, reward = log.weight, log.reward
    nothing = np.zeros(len(log))
    found = {
        "IPS": _mean(weight * reward, weight, confidence),
        "clipped IPS": PolicyValue(
            float(np.mean(np.minimum(weight, clip) * reward)), None
        ),
        "SNIPS": _normalised(nothing, weight, reward, confidence),
    }
    if log.predicted is None or log.expected is None:
        return found
    residual = reward - log.predicted
    switched = np.where(weight <= switch, weight, 0.0)
    return found | {
        "DM": PolicyValue(float(log.expected.mean()), None),
        "DR": _mean(log.expected + weight * residual, weight, confidence),
        "SNDR": _normalised(log.expected, weight, residual, confidence),
        "Switch-DR": PolicyValue(
            float(np.mean(log.expected + switched * residual)), None
        ),
    }


def _informative(reward: Floats, weight: Floats) -> float:
    """Effective sample of the rewards that are not the one with the most weight."""
    _, kind = np.unique(reward, return_inverse=True)
    commonest = np.argmax(np.bincount(kind, weight))
    return effective_sample(weight[kind != commonest])


def _mean(terms: Floats, weight: Floats, confidence: float) -> PolicyValue:
    found = mean_interval(terms, confidence, weight)
    return PolicyValue(found.value, found)


def _normalised(
    base: Floats, weight: Floats, residual: Floats, confidence: float
) -> PolicyValue:
    found = weighted_interval(base, weight, residual, confidence)
    return PolicyValue(found[0], Estimate(*found))


def _column(name: str, values: ArrayLike) -> Floats:
    try:
        column = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must hold numbers.") from None
    if column.ndim != 1:
        raise ValueError(f"{name} must be one column, got the shape {column.shape}.")
    bad = ~np.isfinite(column)
    if bad.any():
        at = int(np.argmax(bad))
        raise ValueError(f"{name} must be finite, got {column[at]} in row {at}.")
    return column
