r"""What another policy would have earned with lists, from lists that were logged.

A list of k positions has too many forms for one weight: the product of k quotients is
nearly always 0 or huge. Two assumptions make it smaller, and each is one way to weigh a
position's reward:

"independence"
    A reward depends on the item at its own position. The weight of position j is the
    quotient of the two probabilities of that item at j (IIPS).
"cascade"
    A reward depends on the item and those above it. The weight of position j is the
    product of the quotients down to j, each given the items above (RIPS).
"list"
    Nothing is assumed: every position has the product of all quotients (IPS).

The value is the sum over positions of sum_i w_ij r_ij / sum_i w_ij: each position is
self-normalised, and the interval is of the sum.

References
----------
.. [1] Li, Abbasi-Yadkori, Kveton, Muthukrishnan, Vinay and Wen (2018). "Offline
   evaluation of ranking policies with click models". KDD. (independence)
.. [2] McInerney, Brost, Chandar, Mehrotra and Carterette (2020). "Counterfactual
   evaluation of slate recommendations with sequential reward interactions". KDD.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lookalike._checks import check_choice
from lookalike._typing import Floats
from lookalike.evaluate.interval import Estimate
from lookalike.evaluate.off_policy import (
    CONFIDENCE,
    PolicyValue,
    check_confidence,
    check_probabilities,
    effective_sample,
    quantile_of_t,
    refusal_of,
)

ASSUMPTIONS = ("independence", "cascade", "list")


@dataclass(frozen=True)
class SlatePolicy:
    """What logged lists say of a target policy.

    value : sum of the rewards of a list; None where the log cannot say
    positions : float64 (n_positions,), the mean reward at each
    effective_samples : float64 (n_positions,), Kish's, of the lists
    largest_weight : the greatest weight of a position
    refusal : "" or the sentence that says why there is no value
    """

    value: PolicyValue | None
    positions: Floats
    effective_samples: Floats
    largest_weight: float
    refusal: str = ""


def estimate_slate_policy(
    reward: ArrayLike,
    propensity: ArrayLike,
    target: ArrayLike,
    assume: str = "cascade",
    confidence: float = CONFIDENCE,
) -> SlatePolicy:
    """Estimate the mean reward of lists that a target policy would have made.

    Parameters
    ----------
    reward : array-like of shape (n_lists, n_positions)
        Of each position, such as its click.
    propensity : array-like of shape (n_lists, n_positions)
        Probability with which the item was drawn at its position, in (0, 1]: of all
        lists under "independence", given the items above it under the other two.
    target : array-like of shape (n_lists, n_positions)
        The same under the target policy, in [0, 1].
    assume : {"independence", "cascade", "list"}, default="cascade"
        What a reward depends on, see the module.
    confidence : float, default=0.95

    Returns
    -------
    SlatePolicy

    Raises
    ------
    ValueError
        If the shapes differ, a number is not finite or no probability.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> good = rng.random((4000, 2)) < 0.5  # a position shows what is good, or not
    >>> found = estimate_slate_policy(good, good * 0 + 0.5, np.where(good, 0.8, 0.2))
    >>> print(found.value)
    1.5956 [1.5803, 1.6108]
    """
    check_choice("assume", assume, ASSUMPTIONS)
    check_confidence(confidence)
    rewards, propensities, targets = (
        _matrix(name, values)
        for name, values in (
            ("reward", reward),
            ("propensity", propensity),
            ("target", target),
        )
    )
    shapes = {each.shape for each in (rewards, propensities, targets)}
    if len(shapes) > 1:
        raise ValueError(
            "reward, propensity and target must have the same shape, got "
            f"{rewards.shape}, {propensities.shape} and {targets.shape}."
        )
    check_probabilities("propensity", propensities, positive=True)
    check_probabilities("target", targets)
    weight = _weights(targets / propensities, assume)
    effective = np.array([effective_sample(column) for column in weight.T])
    refused = [refusal_of(column) for column in weight.T]
    worst = int(np.argmin(effective))
    refusal = refused[worst] or next(filter(None, refused), "")
    if refusal:
        nothing = np.full(weight.shape[1], np.nan)
        return SlatePolicy(None, nothing, effective, float(weight.max()), refusal)
    return SlatePolicy(
        *_value(rewards, weight, confidence), effective, float(weight.max())
    )


def _weights(quotient: Floats, assume: str) -> Floats:
    if assume == "independence":
        return quotient
    down: Floats = np.cumprod(quotient, axis=1, dtype=np.float64)
    return down if assume == "cascade" else np.repeat(down[:, -1:], down.shape[1], 1)


def _value(
    reward: Floats, weight: Floats, confidence: float
) -> tuple[PolicyValue, Floats]:
    n = len(reward)
    total = weight.sum(axis=0)
    means = (weight * reward).sum(axis=0) / total
    # What the sum moves by when a list is left out: the jackknife, as in off_policy.
    moved = (weight * (reward - means) / (total - weight)).sum(axis=1)
    error = float(np.sqrt((n - 1) / n * moved @ moved))
    fewest = min(weight.T, key=effective_sample)
    half = error * quantile_of_t(fewest, confidence)
    value = float(means.sum())
    return PolicyValue(value, Estimate(value, value - half, value + half)), means


def _matrix(name: str, values: ArrayLike) -> Floats:
    try:
        found = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must hold numbers, as many in each list.") from None
    if found.ndim != 2 or not found.size:
        raise ValueError(
            f"{name} must have a row for each list and a column for each position, "
            f"got the shape {found.shape}."
        )
    if not np.isfinite(found).all():
        raise ValueError(f"{name} must be finite.")
    return found
