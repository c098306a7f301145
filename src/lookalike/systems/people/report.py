"""The report of people you may know: numbers, and who is helped."""

from typing import TYPE_CHECKING

import numpy as np

from lookalike.core.verbs import Measured
from lookalike.evaluate import bootstrap, plots
from lookalike.evaluate.report import Report

if TYPE_CHECKING:
    from lookalike.systems.people.system import People

SLICES = ((0, 5), (5, 15), (15, 50), (50, np.inf))
"""Numbers of known friends, from and below."""


def people_report(system: "People", measured: Measured) -> Report:
    """Return the page on how many hidden friends were found."""
    report = Report(
        "People you may know", lead=f"{measured.tested}, ten suggestions each."
    )
    report.section("How good it is").table(
        ["metric", "value"],
        [[name.replace("_", " "), value] for name, value in measured.metrics.items()],
        caption="With 95% bootstrap intervals over people.",
    )
    rates = {
        name.removeprefix("hit_rate_of_").replace("_", " "): estimate
        for name, estimate in measured.metrics.items()
        if name.startswith("hit_rate")
    }
    rates = {"ranker" if k == "hit rate at 10" else k: v for k, v in rates.items()}
    report.figure(
        plots.estimates(rates, xlabel="hit rate at 10"),
        alt="Hit rate at 10 of the ranker and of each score alone, with intervals",
        caption=" ".join(
            f"Against {name}: {c.difference.value:+.4f}, p = {c.p_value:.2g}."
            for name, c in measured.comparisons.items()
        ),
    )
    report.section("Who is helped").table(
        ["known friends", "people", "hit rate at 10"], _slices(measured)
    )
    report.section("The card, in nine steps")
    for step, paragraphs in system.card().steps.items():
        report.text(f"{step.upper()}\n\n" + "\n\n".join(paragraphs))
    return report


def _slices(measured: Measured) -> list[list[object]]:
    friends, hit = measured.details["n_friends"], measured.details["hit"]["ranker"]
    rows: list[list[object]] = []
    for low, high in SLICES:
        mine = (friends >= low) & (friends < high)
        if mine.sum() < 2:
            continue
        name = f"{low} to {high - 1:.0f}" if np.isfinite(high) else f"{low} or more"
        rows.append([name, int(mine.sum()), bootstrap(np.mean, hit[mine])])
    return rows
