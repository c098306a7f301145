"""The quality of the jaywalking system on clips that nothing was learned from.

Everything was chosen on the training and validation clips; the test clips are read
here. Intervals and tests draw people, whose eleven observations say nearly the same.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import expit

from lookalike._typing import Array, Floats
from lookalike.core.evaluation import (
    EvaluationResult,
    milliseconds_per_answer,
    verdict_of,
)
from lookalike.core.progress import ProgressCallback, no_progress
from lookalike.datasets.streets import StreetClips
from lookalike.evaluate import (
    Comparison,
    Estimate,
    accuracy,
    debiased_calibration_error,
    f1,
)
from lookalike.evaluate.clustered import bootstrap_clusters, clustered_difference
from lookalike.evaluate.precision_recall import pr_auc
from lookalike.evaluate.roc_area import roc_auc
from lookalike.systems.jaywalking.baseline import plain_scores, retrained
from lookalike.systems.jaywalking.clip_text import text_of
from lookalike.systems.jaywalking.features import SIGN_COLUMNS
from lookalike.systems.jaywalking.labelled import Labelled, labelled
from lookalike.systems.jaywalking.noise import followed
from lookalike.systems.jaywalking.system import Jaywalking
from lookalike.systems.jaywalking.warning import timelines, warning_curve

N_RESAMPLES = 300
RATES = (1.0, 10.0, 60.0)
"""False alarms an hour at which warning times are told."""


def evaluate(
    system: Jaywalking, data: StreetClips, on_progress: ProgressCallback = no_progress
) -> EvaluationResult:
    """Measure on the test clips, beside plainer models of the training clips."""
    on_progress("reading the test clips", 0.0)
    clips = data.of("test")
    test, train = labelled(clips), labelled(data.of("train"))
    chances = system.chances_
    crossing = chances.chances(test.features)
    y, people = test.crosses, test.person
    on_progress("measuring", 0.15)
    metrics = {
        **_of_crossing(y, crossing, people, "", system.alarm),
        "calibration_error": debiased_calibration_error(crossing, y.astype(int)),
    }
    own = test.described
    if _both(y[own]):
        described = chances.chances(test.features, described=True)[own]
        metrics |= _of_crossing(y[own], described, people[own], "behaviour_", 0.5)
    on_progress("learning plainer models", 0.3)
    plain = plain_scores(train, test)
    comparisons = {
        "a logistic regression": _better(roc_auc, people, y, crossing, plain),
    }
    parts = _parts(system, test)
    fused = {
        "trees alone": _better(roc_auc, people, y, crossing, parts["trees"]),
        "the network alone": _better(roc_auc, people, y, crossing, parts["network"]),
    }
    risk = crossing * system.place_.away(test.features)
    on_progress("learning jaywalking directly", 0.45)
    jaywalking, more, compared = _of_jaywalking(test, train, risk)
    metrics |= jaywalking
    on_progress("following noisy boxes", 0.6)
    noisy, is_known = _from_noisy_tracks(system, data, test)
    metrics["auc_from_noisy_tracks"] = bootstrap_clusters(
        roc_auc, people, y, noisy, n_resamples=N_RESAMPLES
    )
    on_progress("timing the alarms", 0.85)
    lines = timelines(clips, chances)
    curve = warning_curve(lines, clips)
    facts: dict[str, Any] = {
        **_counts(test),
        "auc_of_parts": {
            name: round(roc_auc(y, scores), 4) for name, scores in parts.items()
        },
        "auc_of_a_logistic_regression": round(roc_auc(y, plain), 4),
        **_without_vehicle(train, test),
        "fused": {name: _told(each) for name, each in fused.items()},
        "product": {name: _told(each) for name, each in compared.items()},
        "noisy_lost": round(roc_auc(y, crossing) - roc_auc(y, noisy), 4),
        "noisy_followed": round(float(is_known.mean()), 4),
        "hours": round(curve.hours, 3),
        "warning": {f"{rate:g}": list(curve.at(rate)) for rate in RATES},
        **more,
        "milliseconds_per_answer": milliseconds_per_answer(
            system.classify_each, [[text_of(clip)] for clip in clips[:5]]
        ),
    }
    correct = (crossing >= system.alarm) == y
    return EvaluationResult(
        f"{len(y):,} observations of {test.n_people:,} people",
        metrics,
        comparisons,
        facts,
        quality={"n_test": len(y), "wrong": np.flatnonzero(~correct).tolist()},
        details={
            "truth": y,
            "crossing": crossing,
            "lines": lines,
            "curve": curve,
        },
        verdict=verdict_of(comparisons),
    )


def _counts(test: Labelled) -> dict[str, Any]:
    """Who is measured, and what saying that everybody crosses would reach."""
    y = test.crosses
    return {
        "n_test": len(y),
        "n_test_people": test.n_people,
        "n_test_crossing": len(np.unique(test.person[y])),
        "always_crosses_f1": _always(y),
        "always_crosses_behaviour_f1": _always(y[test.described]),
    }


def _without_vehicle(train: Labelled, test: Labelled) -> dict[str, float]:
    """One forest that does not know what the car does, beside one that does."""
    without = retrained(train, test, vehicle=False)
    with_vehicle = retrained(train, test, vehicle=True)
    return {
        "auc_without_vehicle": round(roc_auc(test.crosses, without), 4),
        "auc_of_one_forest": round(roc_auc(test.crosses, with_vehicle), 4),
    }


def _of_crossing(
    y: Array, chance: Floats, people: Array, begin: str, named_from: float
) -> dict[str, Estimate]:
    """The measures of the benchmark; its published area is of rounded chances."""

    def told(metric: Callable[..., float], scores: Array) -> Estimate:
        return bootstrap_clusters(metric, people, y, scores, n_resamples=N_RESAMPLES)

    named, rounded = (chance >= named_from).astype(int), (chance >= 0.5).astype(int)
    return {
        f"{begin}auc": told(roc_auc, chance),
        f"{begin}auc_of_rounded": told(roc_auc, rounded),
        f"{begin}accuracy": told(accuracy, named),
        f"{begin}f1": told(_f1, named),
    }


def _of_jaywalking(
    test: Labelled, train: Labelled, risk: Floats
) -> tuple[dict[str, Estimate], dict[str, Any], dict[str, Comparison]]:
    """Jaywalking as a product beside learned directly.

    Where no crosswalk is in sight in any of the sixteen frames, and everywhere.
    """
    jaywalks, people = test.jaywalks, test.person
    open_road = ~(test.features.summary[:, SIGN_COLUMNS][:, 0] > 0)
    facts: dict[str, Any] = {
        "n_open_road": len(np.unique(people[open_road])),
        "n_jaywalkers": len(np.unique(people[jaywalks & open_road])),
        "n_jaywalkers_everywhere": len(np.unique(people[jaywalks])),
    }
    metrics, compared = {}, {}
    direct = None
    if train.jaywalks.any() and not train.jaywalks.all():
        direct = retrained(train, test, target=train.jaywalks)
    for name, rows in (("", open_road), ("_everywhere", np.ones(len(risk), bool))):
        if not _both(jaywalks[rows]):
            continue
        metrics[f"jaywalking_ap{name}"] = bootstrap_clusters(
            pr_auc, people[rows], jaywalks[rows], risk[rows], n_resamples=N_RESAMPLES
        )
        if direct is not None:
            facts[f"direct_ap{name}"] = round(pr_auc(jaywalks[rows], direct[rows]), 4)
            compared[f"product less direct{name.replace('_', ', ')}"] = _better(
                pr_auc, people[rows], jaywalks[rows], risk[rows], direct[rows]
            )
    return metrics, facts, compared


def _from_noisy_tracks(
    system: Jaywalking, data: StreetClips, test: Labelled
) -> tuple[Floats, Array]:
    rng = np.random.default_rng(system.random_state)
    features, is_known = followed(data.of("test"), test.found, rng)
    scores = system.chances_.chances(features)
    usual = float(np.mean(scores[is_known]))
    return np.where(is_known, scores, usual), is_known


def _parts(system: Jaywalking, test: Labelled) -> dict[str, Floats]:
    """What each of the models says alone."""
    chances = system.chances_
    return {
        "trees": chances.trees.scores(test.features.summary),
        "network": chances.network.scores(test.features),
        "mean": expit(chances.scores(test.features)),
    }


def _better(
    metric: Callable[..., float], people: Array, y: Array, first: Array, second: Array
) -> Comparison:
    return clustered_difference(
        metric, people, y, first, second, n_resamples=N_RESAMPLES
    )


def _told(each: Comparison) -> list[float]:
    """Difference, its interval and p, for the card."""
    found = each.difference
    return [round(v, 4) for v in (found.value, found.low, found.high, each.p_value)]


def _f1(y: Array, named: Array) -> float:
    return float(f1(y.astype(int), named, zero_division=0.0))


def _always(y: Array) -> float:
    """F1 of saying that everybody crosses."""
    share = float(np.mean(y)) if len(y) else 0.0
    return round(2 * share / (1 + share), 4)


def _both(y: Array) -> bool:
    return len(np.unique(y)) == 2
