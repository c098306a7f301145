"""Sections of the report of video search: what the parts find, and what was asked."""

import numpy as np

from lookalike.core.evaluation import EvaluationResult
from lookalike.datasets import VideoCollection
from lookalike.evaluate import plots
from lookalike.evaluate.report import Report
from lookalike.systems.videos.system import VideoSearch


def add_sections(
    report: Report, system: VideoSearch, data: VideoCollection, result: EvaluationResult
) -> None:
    """Add what is particular to video search."""
    if not result.metrics:
        return
    named = {name.replace("_", " "): value for name, value in result.metrics.items()}
    report.figure(
        plots.estimates(named, xlabel="share"),
        alt="what words, pixels and both find, with intervals",
    )
    asked, values = result.details["asked"], result.details["reciprocal_rank"]
    if not len(asked):
        return
    report.section("What was asked, and what the whole catalogue answers")
    order = np.argsort(values, kind="stable")
    some = np.random.default_rng(0).permutation(len(order))[:5].tolist()
    for caption, rows in (
        ("Drawn at random.", some),
        ("Those that were answered worst.", order[:5].tolist()),
    ):
        report.table(
            ["asked", "reciprocal rank", "first", "part", "from", "to"],
            [_row(system, asked[at], float(values[at])) for at in rows],
            caption=caption,
        )


def _row(system: VideoSearch, query: str, value: float) -> list[object]:
    [answer] = system.search_each([query], 1)
    if not answer.ids:
        return [query[:160], round(value, 3), "nothing", "", "", ""]
    [hit] = answer.records()
    begin, end = round(hit["begin"], 1), round(hit["end"], 1)
    label = str(hit["label"])[:80]
    return [query[:160], round(value, 3), label, hit["part"], begin, end]
