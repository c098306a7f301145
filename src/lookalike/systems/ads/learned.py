"""Everything that rows of a log taught: the builder, the models, their calibrations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lookalike._arrays import named, prefixed
from lookalike._typing import Array, Floats
from lookalike.core.progress import ProgressCallback, no_progress
from lookalike.datasets.click_log import ClickLog
from lookalike.evaluate.click_loss import log_losses
from lookalike.rank.calibration import Calibration
from lookalike.rank.sparse_logistic import SparseLogistic
from lookalike.systems.ads.ladder import (
    RUNGS,
    answering_names,
    arrays_of_models,
    fit_rung,
    log_odds,
    models_of,
)
from lookalike.systems.ads.rows import ClickRows, RowBuilder

BUILDER, MODELS, CALIBRATED, HIDES = "builder.", "models.", "calibrated.", "hides."
LEAST_HIDES = 20  # below, the rate of hides is all that is learned of them


@dataclass(frozen=True)
class Learned:
    """Models with their calibrations.

    builder : of their rows
    models : by name
    calibrations : by name of what can answer
    hides : of an ad that is hidden; None where too few were
    hide_rate : of all rows
    """

    builder: RowBuilder
    models: Mapping[str, Any]
    calibrations: Mapping[str, Calibration]
    hides: SparseLogistic | None
    hide_rate: float

    def chances(self, name: str, rows: ClickRows) -> Floats:
        """Return the probability of a click of each row; there may be none."""
        if not len(rows):
            return np.empty(0)
        return self.calibrations[name].chances(log_odds(self.models, name, rows))

    def hide_chances(self, rows: ClickRows) -> Floats:
        """Return the probability that the ad of each row is hidden."""
        if self.hides is None or not len(rows):
            return np.full(len(rows), self.hide_rate)
        return Calibration("none").chances(self.hides.score_rows(rows.plain))

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Return everything as arrays and a document for JSON."""
        arrays, document = self.builder.state()
        found = prefixed(BUILDER, arrays)
        found |= prefixed(MODELS, arrays_of_models(self.models))
        for name, each in self.calibrations.items():
            found |= prefixed(f"{CALIBRATED}{name}.", each.arrays())
        if self.hides is not None:
            found |= prefixed(HIDES, self.hides.arrays())
        kinds = {name: each.kind for name, each in self.calibrations.items()}
        return found, {
            "builder": document,
            "models": list(self.models),
            "calibrations": kinds,
            "hide_rate": self.hide_rate,
            "hides": self.hides is not None,
        }

    @classmethod
    def restored(
        cls, arrays: Mapping[str, Array], document: Mapping[str, Any]
    ) -> "Learned":
        """Return what these arrays were taken from."""
        hides = None
        if document["hides"]:
            hides = SparseLogistic.from_arrays(named(HIDES, arrays))
        return cls(
            RowBuilder.restored(named(BUILDER, arrays), document["builder"]),
            models_of(named(MODELS, arrays), document["models"]),
            {
                name: Calibration.from_arrays(
                    kind, named(f"{CALIBRATED}{name}.", arrays)
                )
                for name, kind in document["calibrations"].items()
            },
            hides,
            float(document["hide_rate"]),
        )


def learn(
    log: ClickLog,
    rows: Array,
    names: Sequence[str],
    calibrations: Mapping[str, Calibration],
    seed: int,
    n_jobs: int | None,
    on_progress: ProgressCallback = no_progress,
) -> Learned:
    """Learn the models of these names from rows of a log, bool (n,).

    calibrations : of what can answer; where one is missing, log-odds are taken as they
        are
    """
    builder, clicked = RowBuilder(log, rows), log.clicked[rows]
    X = builder.rows(log.columns(rows), log.time[rows], clicked)
    models = {}
    for at, name in enumerate(names):
        on_progress(f"learning: {name}", at / len(names))
        models[name] = fit_rung(name, builder, X, clicked, seed, n_jobs)
    plain = Calibration("none")
    kept = {n: calibrations.get(n, plain) for n in answering_names(list(names))}
    hidden = None if log.hidden is None else log.hidden[rows]
    hides = None
    if hidden is not None and hidden.sum() >= LEAST_HIDES:
        hides = RUNGS["logistic"].make(builder, seed, n_jobs).fit(X.plain, hidden)
    rate = 0.0 if hidden is None else float(hidden.mean())
    return Learned(builder, models, kept, hides, rate)


def calibrated(
    learned: Learned, log: ClickLog, rows: Array, kind: str
) -> dict[str, Calibration]:
    """Return calibrations by rows that were not learned from, bool (n,)."""
    X = learned.builder.rows(log.columns(rows), log.time[rows])
    return {
        name: Calibration(kind).fit(
            log_odds(learned.models, name, X), log.clicked[rows]
        )
        for name in learned.calibrations
    }


def best_of(
    learned: Learned,
    calibrations: Mapping[str, Calibration],
    log: ClickLog,
    rows: Array,
) -> str:
    """Return what has the least log loss on rows that were not learned from.

    Its calibration has learned from them, two numbers or a rising function: alike for
    all.
    """
    X = learned.builder.rows(log.columns(rows), log.time[rows])
    losses = {
        name: log_losses(
            each.chances(log_odds(learned.models, name, X)), log.clicked[rows]
        ).mean()
        for name, each in calibrations.items()
    }
    return min(losses, key=lambda name: losses[name])
