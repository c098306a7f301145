"""Sections of the report of search of texts: rankings compared, queries looked at."""

import numpy as np

from lookalike.core.evaluation import EvaluationResult
from lookalike.datasets import TextCollection
from lookalike.evaluate import plots
from lookalike.evaluate.report import Report
from lookalike.systems.documents.system import Documents


def add_sections(
    report: Report, system: Documents, data: TextCollection, result: EvaluationResult
) -> None:
    """Add what is particular to search of texts."""
    if not result.metrics:
        return
    named = {
        name.removeprefix("ndcg_at_10").removeprefix("_of_") or "as served": value
        for name, value in result.metrics.items()
        if name.startswith("ndcg_at_10")
    }
    report.figure(
        plots.estimates(named, xlabel="nDCG@10"),
        alt="nDCG@10 as served, of words alone and of meaning alone, with intervals",
    )
    queries, values = result.details["queries"], result.details["ndcg"]
    order = np.argsort(values, kind="stable")
    some = np.random.default_rng(0).permutation(len(order))[:5].tolist()
    report.section("Queries and what was found")
    for caption, rows in (
        ("Queries drawn at random, and the first three documents of each.", some),
        ("The queries that were answered worst.", order[:5].tolist()),
    ):
        report.table(
            ["query", "nDCG@10", "first", "second", "third"],
            [_row(system, queries[at], float(values[at])) for at in rows],
            caption=caption,
        )


def _row(system: Documents, query: str, value: float) -> list[object]:
    [answer] = system.search_each([query], 3)
    titles = [
        (label or id)[:80] for id, label in zip(answer.ids, answer.labels, strict=True)
    ]
    return [query[:160], round(value, 3), *titles, *[""] * (3 - len(titles))]
