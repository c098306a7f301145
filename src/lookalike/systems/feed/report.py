"""Sections of the feed's report: heads, the position curve, and other weights."""

import numpy as np

from lookalike.core.evaluation import EvaluationResult
from lookalike.core.report import metrics_of
from lookalike.datasets.feed_log import DWELL, FeedLog
from lookalike.evaluate import plots, reliability
from lookalike.evaluate.report import Report
from lookalike.systems.feed.system import Feed

DOUBLED = 2.0


def add_sections(
    report: Report, system: Feed, data: FeedLog, result: EvaluationResult
) -> None:
    """Add what is particular to the feed."""
    areas = metrics_of(result.metrics, "auc_of_")
    if areas:
        report.section("Heads").figure(
            plots.estimates(areas, xlabel="area under the ROC curve"),
            alt="Area under the ROC curve of each action, with intervals",
        )
    first = next(name for name in system.heads_.names if name != DWELL)
    done = result.details["done"][first]
    known = np.isfinite(done)
    report.section("Do probabilities come true").figure(
        plots.reliability_diagram(
            reliability(result.details["expected"][first][known], done[known])
        ),
        alt=f"Share of {first} against the stated probability, with the diagonal",
        caption="On the diagonal what is stated comes true.",
    )
    curve = system.examination_
    names = [*curve.devices, "all"]
    report.section("How often places are looked at").table(
        ["device", *(f"{place}" for place in range(1, curve.curve.shape[1] + 1))],
        [
            [name, *(f"{value:.2f}" for value in line)]
            for name, line in zip(names, curve.curve.tolist(), strict=True)
        ],
        caption=f"Relative to the first place, from {curve.n_shuffled:,} shuffled "
        "lists.",
    )
    if len(system.decisions_):
        twice = {
            n: w * (DOUBLED if n == first else 1) for n, w in system.weights_.items()
        }
        found = system.preview_weights(twice)
        report.section("What another weight would change").table(
            ["head", "a thousand places now", "change", "interval"],
            [
                [
                    name,
                    f"{1000 * now:.1f}",
                    f"{1000 * change:+.2f}",
                    f"[{1000 * each.low:+.2f}, {1000 * each.high:+.2f}]"
                    if each is not None
                    else "the log cannot say",
                ]
                for name, (now, change, each) in found.heads.items()
            ],
            caption=f"Were {first} worth twice as much: another post in "
            f"{found.n_other:,} of {found.n_decisions:,} places that were drawn.",
        )
