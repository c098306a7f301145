"""Sections of the people report: each way to rank, and who is helped."""

import numpy as np

from lookalike.core.evaluation import EvaluationResult
from lookalike.core.report import metrics_of
from lookalike.datasets.friendships import Friendships
from lookalike.evaluate import bootstrap, plots
from lookalike.evaluate.report import Report
from lookalike.systems.people.system import People

SLICES = ((0, 5), (5, 15), (15, 50), (50, np.inf))
"""Numbers of known friends, from and below."""


def add_sections(
    report: Report, system: People, data: Friendships, result: EvaluationResult
) -> None:
    """Add what is particular to people."""
    rates = {
        "ranker": result.metrics["hit_rate_at_10"],
        **metrics_of(result.metrics, "hit_rate_of_"),
    }
    report.figure(
        plots.estimates(rates, xlabel="hit rate at 10"),
        alt="Hit rate at 10 of the ranker and of each score alone, with intervals",
    )
    report.section("Who is helped").table(
        ["known friends", "people", "hit rate at 10"], _slices(result)
    )


def _slices(result: EvaluationResult) -> list[list[object]]:
    friends, hit = result.details["n_friends"], result.details["hit"]["ranker"]
    rows: list[list[object]] = []
    for low, high in SLICES:
        mine = (friends >= low) & (friends < high)
        if mine.sum() < 2:
            continue
        name = f"{low} to {high - 1:.0f}" if np.isfinite(high) else f"{low} or more"
        rows.append([name, int(mine.sum()), bootstrap(np.mean, hit[mine])])
    return rows
