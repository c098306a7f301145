"""The whole analysis of an experiment: effects, checks and a verdict a treatment.

The goals share the error of the experiment: with g goals and t treatments, each bound
is that of alpha / (g t), so that the probability of any false "better" or "worse" is at
most alpha. Guardrails must each hold by themselves and share nothing. Secondary metrics
and slices decide nothing and come with p-values under false discovery control.

A look is recorded: what was seen, and when. The looks so far are all the state that a
sequential method has; give them back at the next look.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from scipy import special

from lookalike._typing import Array, Floats
from lookalike.evaluate.interval import Estimate
from lookalike.experiment.always_valid import mixture_p_value
from lookalike.experiment.arms import Arm
from lookalike.experiment.definition import Experiment
from lookalike.experiment.difference import Effect, effect
from lookalike.experiment.false_discovery import benjamini_hochberg
from lookalike.experiment.metrics import Metric
from lookalike.experiment.sample_ratio import ratio_p_value
from lookalike.experiment.sequential import bounds_of
from lookalike.experiment.trust import faults
from lookalike.experiment.units import Units, metric_arms
from lookalike.experiment.verdict import Verdict, decide, outcome

DAY = 86_400.0
UNPLANNED = 10_000
"""Units that an always-valid interval is tuned to where none are planned."""


@dataclass(frozen=True)
class Look:
    """One look at an experiment.

    at : seconds since 1970
    units : units so far, all variants together
    ratio_p : least always-valid p-value of the ratio, of this look and those before
    """

    at: float
    units: int
    ratio_p: float

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object; ``Look(**found)`` takes it back."""
        return asdict(self)


@dataclass(frozen=True)
class MetricResult:
    """One metric of one treatment.

    metric : Metric
    treatment : name of the variant
    effect : None where nothing can be said; ``outcome`` says why
    outcome : a word, see ``lookalike.experiment.verdict``, or a sentence
    variance_left : share of the variance that covariates left
    p_value : always-valid where the method is, else as of one look
    adjusted_p_value : under false discovery control over all secondary metrics; nan for
        goals and guardrails
    """

    metric: Metric
    treatment: str
    effect: Effect | None
    outcome: str
    variance_left: float = 1.0
    p_value: float = float("nan")
    adjusted_p_value: float = float("nan")

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object; what is infinite or unknown is None."""
        about = {
            "metric": self.metric.name,
            "role": self.metric.role,
            "treatment": self.treatment,
            "outcome": self.outcome,
        }
        if self.effect is None:
            return about
        numbers = {
            "control": self.effect.control.value,
            "treatment_value": self.effect.treatment.value,
            **_estimate("difference", self.effect.difference),
            **_estimate("relative", self.effect.relative),
            "p_value": self.p_value,
            "adjusted_p_value": self.adjusted_p_value,
            "variance_left": self.variance_left,
        }
        return about | {name: _finite(value) for name, value in numbers.items()}


@dataclass(frozen=True)
class Analysis:
    """What one look at an experiment says.

    counts : units by variant
    results : one a metric and treatment
    verdicts : one a treatment
    looks : all looks so far, this one last
    """

    counts: dict[str, int]
    results: tuple[MetricResult, ...]
    verdicts: dict[str, Verdict]
    looks: tuple[Look, ...]

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object: counts, number of the look, verdicts, metrics."""
        return {
            "counts": self.counts,
            "look": len(self.looks),
            "verdicts": {
                name: {"word": verdict.word, "reasons": list(verdict.reasons)}
                for name, verdict in self.verdicts.items()
            },
            "metrics": [each.to_json() for each in self.results],
        }

    def result(self, metric: str, treatment: str | None = None) -> MetricResult:
        """Return the result of a metric, of the first treatment unless one is named.

        Raises
        ------
        ValueError
            If there is no such metric or treatment.
        """
        for each in self.results:
            if each.metric.name == metric and treatment in (None, each.treatment):
                return each
        raise ValueError(f"there is no result of the metric {metric} of {treatment}.")


def _estimate(name: str, found: Estimate) -> dict[str, float]:
    return {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def analyse(
    experiment: Experiment, units: Units, at: float, looks: Sequence[Look] = ()
) -> Analysis:
    """Return what the units say so far.

    Parameters
    ----------
    experiment : Experiment
    units : Units
        All units assigned so far.
    at : float
        Seconds since 1970, of this look.
    looks : sequence of Look
        All looks before, from the ``looks`` of the last analysis.

    Raises
    ------
    ValueError
        If a metric's column does not exist, a variant is unknown or has no unit, the
        clock or the number of units went back, or the method needs ``planned_units``.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> variant = np.repeat(["control", "new"], 5000)
    >>> clicked = rng.random(10_000) < np.where(variant == "new", 0.13, 0.10)
    >>> units = Units([str(n) for n in range(10_000)], variant, {"clicks": clicked})
    >>> clicks = Metric("clicks", "rate")
    >>> test = Experiment("e", ("control", "new"), (clicks,), planned_units=20_000)
    >>> found = analyse(test, units, at=0.0)
    >>> print(found.verdicts["new"])
    better: clicks is better.
    >>> print(found.result("clicks").effect.relative)
    0.2239 [0.0398, 0.4451]
    """
    masks = _masks(experiment, units)
    counts = [int(mask.sum()) for mask in masks]
    look = _look(experiment, counts, at, looks)
    shares = _shares(experiment, [*looks, look])
    wrong = faults(experiment, units, masks, look.ratio_p)
    treatments = experiment.variants[1:]
    n_goals = sum(metric.role == "goal" for metric in experiment.metrics)
    alphas = {"goal": experiment.alpha / max(1, n_goals * len(treatments))}
    results: list[MetricResult] = []
    for metric in experiment.metrics:
        alpha = alphas.get(metric.role, experiment.alpha)
        bound = float(bounds_of(experiment.method, shares, alpha)[-1])
        arms, left = metric_arms(metric, units, masks)
        for treatment, arm in zip(treatments, arms[1:], strict=True):
            found = _result(experiment, metric, treatment, arms[0], arm, bound, shares)
            results.append(replace(found, variance_left=left))
    results = _controlled(results)
    days = _days_left(experiment, units, at)
    verdicts = {
        name: decide(
            [(each.metric, each.outcome) for each in results if each.treatment == name],
            wrong,
            shares[-1] >= 1 and experiment.planned_units is not None,
            days,
        )
        for name in treatments
    }
    named = dict(zip(experiment.variants, counts, strict=True))
    return Analysis(named, tuple(results), verdicts, (*looks, look))


@dataclass(frozen=True)
class SliceResult:
    """The effect within one value of a slice.

    value : the label
    effect : with intervals of one look
    adjusted_p_value : under false discovery control over the values
    """

    value: str
    effect: Effect
    adjusted_p_value: float


@dataclass(frozen=True)
class Slices:
    """The effect by the values of one slice.

    results : one a value
    heterogeneity_p : p-value that all values have the same effect (Cochran's Q)
    """

    results: tuple[SliceResult, ...]
    heterogeneity_p: float


def by_slice(
    experiment: Experiment, units: Units, metric: str, column: str, treatment: str
) -> Slices:
    """Return the effect of a treatment within each value of a slice named beforehand.

    Parameters
    ----------
    experiment : Experiment
    units : Units
    metric : str
    column : str
        One of ``experiment.slices``. Where effects are looked for everywhere, some are
        found by luck: what was not named before the experiment is refused.
    treatment : str

    Raises
    ------
    ValueError
        If the slice was not named, or a value of it lacks units of a variant.

    References
    ----------
    .. [1] Cochran (1954). "The combination of estimates from different experiments".
       Biometrics 10(1).
    """
    if column not in experiment.slices:
        named = ", ".join(experiment.slices) or "none"
        raise ValueError(
            f"the slice {column} was not named before the experiment {experiment.key} "
            f"began; named: {named}."
        )
    if column not in units.labels:
        raise ValueError(f"the units have no labels {column}.")
    chosen = experiment.metric(metric)
    if treatment not in experiment.variants[1:]:
        raise ValueError(
            f"{treatment!r} is no treatment of the experiment {experiment.key}."
        )
    masks = _masks(experiment, units)
    pair = masks[0], masks[experiment.variants.index(treatment)]
    labels = np.asarray(units.labels[column]).astype(str)
    values = sorted(set(labels.tolist()))
    found = []
    for value in values:
        inside = [mask & (labels == value) for mask in pair]
        if not all(mask.any() for mask in inside):
            raise ValueError(
                f"the slice {column} = {value} has no unit of a variant: name coarser "
                "slices."
            )
        (control, arm), _ = metric_arms(chosen, units, inside)
        found.append(effect(control, arm, experiment.alpha))
    adjusted = benjamini_hochberg([each.p_value for each in found])
    results = tuple(map(SliceResult, values, found, map(float, adjusted)))
    return Slices(results, _heterogeneity(found))


def _heterogeneity(effects: Sequence[Effect]) -> float:
    if len(effects) < 2:
        return 1.0
    weight = np.array([each.standard_error**-2 for each in effects])
    value = np.array([each.difference.value for each in effects])
    mean = weight @ value / weight.sum()
    return float(special.chdtrc(len(effects) - 1, float(weight @ (value - mean) ** 2)))


def _masks(experiment: Experiment, units: Units) -> list[Array]:
    variant = np.asarray(units.variant).astype(str)
    masks = [variant == name for name in experiment.variants]
    strangers = sorted(set(variant.tolist()) - set(experiment.variants))
    if strangers:
        raise ValueError(
            f"the experiment {experiment.key} has the variants "
            f"{', '.join(experiment.variants)}; units have {', '.join(strangers)}."
        )
    for name, mask in zip(experiment.variants, masks, strict=True):
        if not mask.any():
            raise ValueError(
                f"the variant {name} of {experiment.key} has no unit: there is nothing "
                "to compare."
            )
    return masks


def _look(
    experiment: Experiment, counts: list[int], at: float, looks: Sequence[Look]
) -> Look:
    ratio_p = float(ratio_p_value(counts, experiment.shares))
    look = Look(float(at), sum(counts), min([ratio_p, *(x.ratio_p for x in looks)]))
    if not np.isfinite(look.at):
        raise ValueError(f"a look needs a time in seconds since 1970, got {at!r}.")
    if looks and look.at < looks[-1].at:
        raise ValueError(
            f"the clock went back: the last look was at {looks[-1].at:.0f}, this one "
            f"is at {look.at:.0f}."
        )
    if looks and look.units < looks[-1].units:
        raise ValueError(
            f"units were lost: the last look had {looks[-1].units}, this one has "
            f"{look.units}."
        )
    return look


def _shares(experiment: Experiment, looks: Sequence[Look]) -> list[float]:
    """Information of each look; looks at the same units are one."""
    planned = experiment.planned_units
    if planned is None and experiment.method != "always_valid":
        raise ValueError(
            f"the experiment {experiment.key} needs planned_units to be looked at as "
            f"{experiment.method}: design it, or choose always_valid."
        )
    distinct = sorted({look.units for look in looks if look.units})
    return [n / (planned or UNPLANNED) for n in distinct]


def _result(
    experiment: Experiment,
    metric: Metric,
    treatment: str,
    control: Arm,
    arm: Arm,
    bound: float,
    shares: Sequence[float],
) -> MetricResult:
    try:
        found = effect(control, arm, critical=bound)
    except ValueError as error:
        return MetricResult(metric, treatment, None, str(error))
    p = found.p_value
    if experiment.method == "always_valid":
        p = float(mixture_p_value(found.z, shares[-1]))
    return MetricResult(metric, treatment, found, outcome(metric, found), p_value=p)


def _controlled(results: list[MetricResult]) -> list[MetricResult]:
    """Give the secondary metrics their p-values under false discovery control."""
    at = [
        n
        for n, each in enumerate(results)
        if each.metric.role == "secondary" and each.effect is not None
    ]
    adjusted: Floats = benjamini_hochberg([results[n].p_value for n in at])
    for n, p in zip(at, adjusted, strict=True):
        results[n] = replace(results[n], adjusted_p_value=float(p))
    return results


def _days_left(experiment: Experiment, units: Units, at: float) -> float | None:
    planned = experiment.planned_units
    if planned is None or units.assigned_at is None:
        return None
    begun = float(np.min(np.asarray(units.assigned_at, np.float64)))
    if at <= begun:
        return None
    a_day = len(units) / (at - begun) * DAY
    return max(0.0, planned - len(units)) / a_day
