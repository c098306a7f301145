"""The report of a recommender: numbers, who is served, and the long tail."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from lookalike.core.learning_curves import add_curves
from lookalike.core.verbs import Measured
from lookalike.datasets.interactions import Interactions
from lookalike.evaluate import plots
from lookalike.evaluate.drawing import DASHES, GRID, INK, MUTED, PALETTE, figure_of
from lookalike.evaluate.report import Report
from lookalike.systems._recommender.learning_curves import curves_of_sources


def recommending_report(
    title: str, users: str, system: Any, data: Interactions, measured: Measured
) -> Report:
    """Return the page on what was found, for whom, and of what."""
    details = measured.details
    report = Report(title, lead=f"{measured.tested}, ten suggestions each.")
    plain = {n: m for n, m in measured.metrics.items() if "_of_" not in n}
    report.section("How good it is").table(
        ["metric", "value"],
        [[name.replace("_", " "), value] for name, value in plain.items()],
        caption=f"With 95% bootstrap intervals over {users}.",
    )
    for metric in ("ndcg_at_10", "recall_at_20"):
        named = {"funnel": measured.metrics[metric]} | {
            name.removeprefix(f"{metric}_of_").replace("_", " "): estimate
            for name, estimate in measured.metrics.items()
            if name.startswith(f"{metric}_of_")
        }
        label = metric.replace("_", " ").replace("ndcg", "nDCG")
        report.figure(
            plots.estimates(named, xlabel=label),
            alt=f"{label} of the funnel and of each generator alone, with intervals",
            caption=" ".join(
                f"Against {name}: {c.difference.value:+.4f}, p = {c.p_value:.2g}."
                for name, c in measured.comparisons.items()
            )
            if metric == "ndcg_at_10"
            else "",
        )
    report.section("Who is served").table(
        ["slice", "nDCG at 10"], [[n, e] for n, e in details["slices"].items()]
    )
    report.section("The long tail").figure(
        _long_tail(details["shown"]),
        alt="Share of all suggestions that go to the most suggested items",
        caption="The nearer a curve is to the corner, the fewer items get all the "
        "places.",
    )
    report.table(
        ["list", "share of the catalogue shown"],
        [[name, share] for name, share in details["coverage"].items()],
    )
    add_curves(
        report,
        curves_of_sources(system, data),
        "share of histories learned from",
        f"Varied: of how many {users} the generator learns, drawn at random; a "
        "larger part holds the smaller ones. Each generator alone, with no ranker. "
        "Those who are asked for are the same everywhere, as is what is known of them. "
        "Validation "
        "part: a fifth of what is known, hidden in turn; not what was hidden for "
        f"testing. 95% bootstrap intervals over {users}.",
    )
    report.section("The card, in nine steps")
    for step, paragraphs in system.card().steps.items():
        report.text(f"{step.upper()}\n\n" + "\n\n".join(paragraphs))
    return report


def _long_tail(shown: dict[str, Any]) -> Figure:
    """Cumulated share of suggestions against the number of items, most shown first."""
    figure, axes = figure_of((6.4, 3.6), "")
    for place, (name, counts) in enumerate(shown.items()):
        axes.plot(
            np.arange(1, len(counts) + 1),
            np.cumsum(counts) / max(counts.sum(), 1),
            label=name,
            color=INK if place == 0 else PALETTE[(place - 1) % len(PALETTE)],
            linestyle=DASHES[place % len(DASHES)],
            linewidth=2.0 if place == 0 else 1.3,
        )
    axes.set_xscale("log")
    axes.set_xlabel("items, the most suggested first", color=MUTED)
    axes.set_ylabel("share of all suggestions", color=MUTED)
    axes.grid(color=GRID)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8)
    return figure
