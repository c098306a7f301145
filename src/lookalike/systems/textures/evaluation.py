"""The quality of the textures system on turned patches, and of plainer descriptions."""

from collections.abc import Callable, Sequence

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.core.evaluation import (
    EvaluationResult,
    milliseconds_per_answer,
    n_copies,
)
from lookalike.core.progress import ProgressCallback, no_progress
from lookalike.datasets import Pictures
from lookalike.evaluate import Estimate, bootstrap, paired_test
from lookalike.features import LocalBinaryPattern
from lookalike.systems.textures.features import SCALES, pattern, ranks_of
from lookalike.systems.textures.patches import held_out_patches, training_patches
from lookalike.systems.textures.system import Textures, linear_discriminants

ANGLES = range(0, 360, 15)
"""Degrees by which test patches are turned."""
GREYS: dict[str, Callable[[Floats], Floats]] = {
    "gamma 0.5": lambda x: 255 * (x / 255) ** 0.5,
    "gamma 2": lambda x: 255 * (x / 255) ** 2,
    "contrast halved": lambda x: 64 + x / 2,
    "darker": lambda x: x / 3,
}
"""Increasing functions of the grey level by which test patches are changed."""
PLAIN = "plain_lbp_8_1"
DESCRIPTIONS = {
    PLAIN: (8, 1.0, "circular"),
    "uniform_lbp_8_1": (8, 1.0, "uniform"),
    **{f"riu2_{P}_{R:.0f}": (P, R, "riu2") for P, R in SCALES},
}
"""Points, radius and method of the single patterns that are compared with."""


def evaluate(
    system: Textures, data: Pictures, on_progress: ProgressCallback = no_progress
) -> EvaluationResult:
    """Measure on what was held out: turned by every 15 degrees, and lit otherwise.

    The unit of chance is the patch of a right half, or the whole picture where
    pictures were held out: its share of correct answers over all turns is one outcome.
    Plainer descriptions are learned from the same patches.
    """
    on_progress("turning the test patches", 0.05)
    upright, truth, units = held_out_patches(data, system.side_, 0)
    turned = [held_out_patches(data, system.side_, angle)[0] for angle in ANGLES]
    on_progress("answering", 0.2)
    expected = system.classes_[truth]
    correct = _by_unit(_correct(system, turned, expected), units)
    grey = {
        name: _by_unit(
            _correct(
                system, [_lit(patches, change) for patches in turned[1::6]], expected
            ),
            units,
        ).mean(axis=1)
        for name, change in GREYS.items()
    }
    on_progress("measuring plainer descriptions", 0.4)
    plainer = {
        name: _by_unit(
            _correct_of_pattern(data, system, turned, truth, *description), units
        )
        for name, description in DESCRIPTIONS.items()
    }
    share = correct.mean(axis=1)
    shares = {name: outcomes.mean(axis=1) for name, outcomes in plainer.items()}
    metrics = {
        "accuracy": bootstrap(np.mean, share),
        "accuracy_upright": bootstrap(np.mean, correct[:, 0].astype(float)),
        "accuracy_in_other_light": bootstrap(
            np.mean, np.mean(list(grey.values()), axis=0)
        ),
        "codes_that_change_with_gamma": changed_codes(
            upright, system.smoothing, system.n_jobs
        ),
        **{name: bootstrap(np.mean, each) for name, each in shares.items()},
    }
    comparisons = {
        name.replace("_", " "): paired_test(share, each)
        for name, each in shares.items()
    }
    facts = {
        "n_test": len(truth),
        "n_copies": n_copies(training_patches(data, system.side_)[0], upright),
        "milliseconds_per_answer": milliseconds_per_answer(
            system.classify, [patch[None] for patch in upright[:30]]
        ),
    }
    details = {
        "by_angle": correct.mean(axis=0),
        "plain_by_angle": plainer[PLAIN].mean(axis=0),
        "grey": {name: float(each.mean()) for name, each in grey.items()},
        "patches": turned[3],
        "truth": expected,
        "predicted": system.classify(turned[3]).labels,
    }
    tested = f"{len(truth) * len(ANGLES):,} turned test patches"
    quality = {"n_test": len(share), "outcomes": share.tolist()}
    return EvaluationResult(tested, metrics, comparisons, facts, quality, details)


def changed_codes(
    patches: Array, smoothing: float, n_jobs: int | None = None
) -> Estimate:
    """Share of the patterns that differ after a gamma of 2.2, at any scale."""
    lit = 255 * (patches / 255) ** 2.2
    changed = []
    for P, R in SCALES:
        ranks = [ranks_of(each, smoothing) for each in (patches, lit)]
        before, after = (pattern(P, R, n_jobs).fit(r).codes(r) for r in ranks)
        changed.append((before != after).mean(axis=(1, 2)))
    return bootstrap(np.mean, np.mean(changed, axis=0))


def _correct(system: Textures, turned: Sequence[Array], expected: Array) -> Array:
    """Which patches were answered correctly, (n_patches, n_turns)."""
    outcomes = [system.classify(patches).labels == expected for patches in turned]
    return np.stack(outcomes, axis=1)


def _by_unit(correct: Array, units: Ints) -> Floats:
    """Mean outcome of the patches of each unit of chance, (n_units, n_turns)."""
    return np.stack([correct[units == unit].mean(axis=0) for unit in np.unique(units)])


def _lit(patches: Array, change: Callable[[Floats], Floats]) -> Array:
    """Patches with their grey levels changed, rounded to bytes."""
    return np.rint(change(patches.astype(float))).astype(np.uint8)


def _correct_of_pattern(
    data: Pictures,
    system: Textures,
    turned: Sequence[Array],
    truth: Ints,
    P: int,
    R: float,
    method: str,
) -> Array:
    """Which patches another description gets right, (n_patches, n_turns)."""
    patches, y = training_patches(data, system.side_)
    lbp = LocalBinaryPattern(P, R, method, border="edge", n_jobs=system.n_jobs)
    model = linear_discriminants().fit(lbp.fit_transform(patches), y)
    outcomes = [model.predict(lbp.transform(each)) == truth for each in turned]
    return np.stack(outcomes, axis=1)
