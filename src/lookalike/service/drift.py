"""Has the world moved since a generation took over: one window against the first.

The reference is the first window after a generation took over. It is read anew at each
look: what is kept of it are its bounds, so that who is deleted is in no reference, and
with ``keep_days`` it is the oldest that is kept. Each question has an equal part of the
budget of false alarms. An alarm needs an effect, too: of many rows the smallest
difference is no chance.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy.special import expit
from scipy.stats import norm

from lookalike._typing import Array, Floats
from lookalike.evaluate import Estimate
from lookalike.monitor import (
    Budget,
    Cusum,
    FeatureDrift,
    ScoreCalibration,
    calibrated,
    check_estimate,
    concept_drift,
    covariate_drift,
    domain_classifier,
    estimate_quality,
    measured_quality,
)
from lookalike.monitor.budget import MOST_VALUES
from lookalike.service.watched_lists import Watched, table_of

QUESTIONS = 6
"""Features, jointly, a rate that fell, one that rose, estimated quality, scores."""
MONTH = 30 * 24.0
"""Hours."""
MOVED = 0.1
"""Population stability index from which on a feature has moved."""
TOLD_APART = 0.55
"""Area under the ROC curve from which on windows are told apart."""
QUALITY = 0.03
"""Area under the ROC curve by which an estimate must differ."""
CHANGE = 0.3
"""Share of a rate by which it must fall or rise to be found soonest."""
FEWEST = 20
"""Lists with and without an action that a calibration needs."""
N_BARS = 12
_PER_MONTH = 5_000
"""Values in a month that a detector takes: lists are summed to so many."""


@dataclass(frozen=True)
class Budgeted:
    """How often alarms may ring for nothing.

    alarms : in a month, of one system
    hours : between two looks
    """

    alarms: float
    hours: float

    @property
    def level(self) -> float:
        """Chance of a false alarm of one question at one look.

        Examples
        --------
        >>> round(Budgeted(alarms=1.0, hours=24.0).level, 5)
        0.00556
        """
        return min(0.5, self.alarms / QUESTIONS * self.hours / MONTH)


class Moved(NamedTuple):
    """What an alarm of a generation is about, see ``database.alarms.Alarm``."""

    kind: str
    subject: str
    effect: float
    p_value: float | None
    sentence: str


# --- features -------------------------------------------------------------------------


def compare_features(
    reference: Watched, now: Watched, names: list[str], budget: Budgeted
) -> tuple[dict[str, Any], list[Moved]]:
    """Compare each feature and all of them.

    Returns
    -------
    report : dict
        Ready for JSON: "features" with effect sizes, p values and the bars of both
        windows, the names of those that "moved", and "joint".
    moved : list of Moved
    """
    before, after = table_of(reference, now, names)
    found = covariate_drift(before, after) if before else {}
    features = {
        name: {**_finite(asdict(each)), **_bars(before[name], after[name])}
        for name, each in found.items()
    }
    moved = [
        Moved("feature", name, each.psi, each.corrected, _told(name, each))
        for name, each in found.items()
        if each.corrected < budget.level and each.psi >= MOVED
    ]
    names = [each.subject for each in moved]
    joint = _joint(before, after)
    if joint and joint["p_value"] < budget.level and joint["effect"] >= TOLD_APART:
        sentence = (
            "Lists of now are told from those of the reference: area under the ROC "
            f"curve {joint['effect']:.3f}, 0.5 is nothing (p = {joint['p_value']:.2g})."
        )
        about = joint["effect"], joint["p_value"]
        moved.append(Moved("joint", "all features", *about, sentence))
    return {"features": features, "moved": names, "joint": joint}, moved


def _told(name: str, each: FeatureDrift) -> str:
    return (
        f"{name} moved: population stability index {each.psi:.2f}, "
        f"Kolmogorov-Smirnov distance {each.ks:.2f} (p = {each.corrected:.2g}, "
        "corrected for all features)."
    )


def _joint(before: Mapping[str, Array], after: Mapping[str, Array]) -> Any:
    names = [n for n in before if all(np.isfinite(t[n]).all() for t in (before, after))]
    if not names or min(len(before[names[0]]), len(after[names[0]])) < FEWEST:
        return None
    tables = [np.column_stack([t[n] for n in names]) for t in (before, after)]
    found = domain_classifier(tables[0], tables[1])
    effect = found.effect
    return {"effect": effect.value, "low": effect.low, "p_value": found.p_value}


def _bars(before: Array, after: Array) -> dict[str, Any]:
    """Counts of both windows in bars of equal width; the outer ones hold the rest."""
    pooled = np.concatenate([before, after])
    low, high = np.quantile(pooled[np.isfinite(pooled)], [0.01, 0.99])
    edges = np.linspace(low, high, N_BARS + 1) if high > low else np.array([low, low])
    counts = []
    for column in (before, after):
        here = column[np.isfinite(column)]
        at = np.searchsorted(edges[1:-1], here, side="right")
        counts.append(np.bincount(at, minlength=len(edges) - 1).tolist())
    return {"edges": edges.tolist(), "reference": counts[0], "now": counts[1]}


# --- rates ----------------------------------------------------------------------------


def new_detectors(reference: Watched, hours: float, budget: Budgeted) -> Any:
    """Return detectors of a share of lists that fell or rose, as JSON has them.

    hours : that the reference covers

    None where no list, or each of them, was acted on: such a rate cannot be watched.
    """
    rate = float(reference.acted.mean()) if len(reference) else 0.0
    if not 0 < rate < 1:
        return None
    month = max(1.0, len(reference) / max(hours, 1e-9) * MONTH)
    alarms = budget.alarms / QUESTIONS
    together = int(np.ceil(max(month / _PER_MONTH, month / alarms / MOST_VALUES, 1.0)))
    rng = np.random.default_rng(0)
    shares = rng.binomial(together, rate, 20_000) / together
    plan = Budget(alarms, max(1, round(month / together)))
    found = {"rate": rate, "together": together, "waiting": []}
    for name, worse in (("fell", rate * (1 - CHANGE)), ("rose", rate * (1 + CHANGE))):
        worse = min(worse, (1 + rate) / 2)
        found[name] = calibrated(Cusum(rate, worse), shares, plan).state()
    return found


def watch_rate(detectors: Any, acted: Floats) -> list[Moved]:
    """Let detectors take further lists; they are brought up to date.

    Returns what rang.
    """
    together, rate = detectors["together"], detectors["rate"]
    values = [*detectors["waiting"], *acted.tolist()]
    n = len(values) // together
    shares = np.array(values[: n * together]).reshape(n, together).mean(axis=1)
    detectors["waiting"] = values[n * together :]
    moved: list[Moved] = []
    for name in ("fell", "rose"):
        detector = Cusum.from_state(detectors[name])
        rang = [detector.update(float(share)) for share in shares]
        detectors[name] = detector.state()
        if any(rang):
            mean = float(shares.mean())
            sentence = (
                f"The share of lists that something was done with {name}: {mean:.4f} "
                f"of late, {rate:.4f} in the reference."
            )
            moved.append(Moved("rate", name, mean - rate, None, sentence))
    return moved


# --- quality --------------------------------------------------------------------------


@dataclass(frozen=True)
class Scores:
    """Scores of first items and the chances that they stand for in the reference.

    calibration : learned on one half of the reference
    label, score : float64 (n,), of the other half, which it has not seen
    """

    calibration: ScoreCalibration
    label: Floats
    score: Floats

    @property
    def chance(self) -> Floats:
        """What the scores of the other half promise."""
        return self.calibration(self.score)


def scores_of(reference: Watched) -> Scores | None:
    """Return what the scores of first items mean, None where too little was done."""
    known = np.isfinite(reference.score)
    score, label = reference.score[known], reference.first_acted[known]
    first = np.arange(len(score)) % 2 == 0
    for half in (first, ~first):
        if min(label[half].sum(), (1 - label[half]).sum()) < FEWEST:
            return None
    calibration = ScoreCalibration.fit(label[first], score[first])
    return Scores(calibration, label[~first], score[~first])


def estimated(
    scores: Scores, now: Watched, budget: Budgeted
) -> tuple[dict[str, Any], list[Moved]]:
    """Estimate how well the scores order lists of now, before anybody acted."""
    score = now.score[np.isfinite(now.score)]
    if len(score) < FEWEST:
        return {}, []
    # Both by the same calibration, whose own error is then in both.
    was, found = (
        estimate_quality(scores.calibration, each)["roc_auc"]
        for each in (scores.score, score)
    )
    if not np.isfinite([was.value, found.value]).all():
        return {}, []
    report = {
        "roc_auc": asdict(found),
        "roc_auc_reference": asdict(was),
        "rate": float(scores.calibration(score).mean()),
        "rate_reference": float(scores.chance.mean()),
    }
    spread = [(each.high - each.low) / 3.92 for each in (was, found)]
    error = float(np.hypot(spread[0], spread[1]))
    gap = found.value - was.value
    p = float(2 * norm.sf(abs(gap) / max(error, 1e-12)))
    if p >= budget.level or abs(gap) < QUALITY:
        return report, []
    sentence = (
        f"Scores are expected to order the lists of now with an area under the ROC "
        f"curve of {found}, in the reference {was.value:.4f} (p = {p:.2g})."
    )
    subject = "area under the ROC curve"
    return report, [Moved("estimated quality", subject, gap, p, sentence)]


def checked(
    scores: Scores,
    estimate: Mapping[str, Any],
    reference: Watched,
    now: Watched,
    budget: Budgeted,
) -> tuple[dict[str, Any], list[Moved]]:
    """Check an estimate once it is known what was done with the lists.

    Whether equal scores mean the same is tested on the scores as they are: on chances
    of an isotonic regression, whose steps are near 0 and 1, the test would ring for
    nothing more often than it says.
    """
    before = reference.taking(np.isfinite(reference.score))
    known = np.isfinite(now.score)
    label, chance = now.first_acted[known], scores.calibration(now.score[known])
    if min(label.sum(), (1 - label).sum()) < 1:
        return {}, []
    measured = measured_quality(label, now.score[known])["roc_auc"]
    told = {"roc_auc": Estimate(**estimate["roc_auc"])}
    lines = [
        (before.first_acted, _as_chance(before.score, before.score)),
        (label, _as_chance(now.score[known], before.score)),
    ]
    drift = concept_drift(*lines[0], *lines[1])
    held = check_estimate(told, {"roc_auc": measured})["roc_auc"]
    report = {
        "roc_auc_measured": measured,
        "rate_measured": float(label.mean()),
        "estimate_held": held,
        "p_value": drift.p_value,
    }
    if drift.p_value >= budget.level:
        return report, []
    gap = float(label.mean() - chance.mean())
    sentence = (
        f"Equal scores mean something else: of first items {label.mean():.4f} were "
        f"acted on where their scores promised {chance.mean():.4f} (p = "
        f"{drift.p_value:.2g})."
    )
    about = gap, drift.p_value
    return report, [Moved("meaning of scores", "first items", *about, sentence)]


def _as_chance(score: Floats, reference: Floats) -> Floats:
    """Scores in standard deviations of the reference, between 0 and 1."""
    spread = float(reference.std()) or 1.0
    return np.asarray(expit((score - reference.mean()) / spread), np.float64)


def _finite(found: dict[str, Any]) -> dict[str, Any]:
    """Without numbers that JSON does not have."""
    return {
        name: None if isinstance(value, float) and not np.isfinite(value) else value
        for name, value in found.items()
    }
