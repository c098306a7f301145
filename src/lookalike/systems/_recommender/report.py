"""Sections of a recommender's report: generators, slices of users, the long tail."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from lookalike.core.evaluation import EvaluationResult
from lookalike.core.learning_curves import add_curves
from lookalike.core.report import metrics_of
from lookalike.datasets.interactions import Interactions
from lookalike.evaluate import plots
from lookalike.evaluate.drawing import DASHES, GRID, INK, PALETTE, figure_of, label_axes
from lookalike.evaluate.report import Report
from lookalike.systems._recommender.base import RecommenderSystem
from lookalike.systems._recommender.learning_curves import curves_of_generators


def add_sections(
    report: Report,
    system: RecommenderSystem,
    data: Interactions,
    result: EvaluationResult,
) -> None:
    """Add what recommenders have in common."""
    details, users = result.details, system.users_noun
    report.section("Beside each generator alone")
    for metric in ("ndcg_at_10", "recall_at_20"):
        named = {
            "funnel": result.metrics[metric],
            **metrics_of(result.metrics, f"{metric}_of_"),
        }
        label = metric.replace("_", " ").replace("ndcg", "nDCG")
        report.figure(
            plots.estimates(named, xlabel=label),
            alt=f"{label} of the funnel and of each generator alone, with intervals",
            caption=f"95% bootstrap intervals over {users}.",
        )
    report.section("Who is served").table(
        ["slice", "nDCG at 10"], [[n, e] for n, e in details["slices"].items()]
    )
    report.section("The long tail").figure(
        _long_tail(details["shown"]),
        alt="Share of all suggestions that go to the most suggested items",
        caption="The nearer a curve is to the upper left corner, the fewer items take "
        "all the positions.",
    )
    report.table(
        ["list", "share of the catalogue shown"],
        [[name, share] for name, share in details["coverage"].items()],
    )
    add_curves(
        report,
        curves_of_generators(system, data),
        "share of histories learned from",
        f"Varied: the number of {users} that the generator is fitted on, drawn at "
        "random; a larger part holds the smaller ones. Each generator alone, with no "
        f"ranker. The {users} whose lists are measured, and what is known of them, are "
        "the same everywhere. Validation part: a fifth of what is known; not what was "
        f"held out for testing. 95% bootstrap intervals over {users}.",
    )


def _long_tail(shown: dict[str, Any]) -> Figure:
    """Cumulated share of suggestions against the number of items, most shown first."""
    figure, axes = figure_of((6.4, 3.6), "")
    for n, (name, counts) in enumerate(shown.items()):
        axes.plot(
            np.arange(1, len(counts) + 1),
            np.cumsum(counts) / max(counts.sum(), 1),
            label=name,
            color=INK if n == 0 else PALETTE[(n - 1) % len(PALETTE)],
            linestyle=DASHES[n % len(DASHES)],
            linewidth=2.0 if n == 0 else 1.3,
        )
    axes.set_xscale("log")
    label_axes(axes, "items, the most suggested first", "share of all suggestions")
    axes.grid(color=GRID)
    axes.legend(frameon=False, fontsize=8)
    return figure
