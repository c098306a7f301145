"""Sections of the type-ahead report: reciprocal ranks, and queries found and missed."""

from lookalike.core.evaluation import EvaluationResult
from lookalike.datasets import TypedQueries
from lookalike.evaluate import plots
from lookalike.evaluate.report import Report
from lookalike.systems.typeahead.evaluation import TYPED
from lookalike.systems.typeahead.system import Typeahead


def add_sections(
    report: Report, system: Typeahead, data: TypedQueries, result: EvaluationResult
) -> None:
    """Add what is particular to type-ahead."""
    named = {name.replace("_", " "): value for name, value in result.metrics.items()}
    report.figure(
        plots.estimates(named, xlabel="reciprocal rank, and share of keys saved"),
        alt="Reciprocal ranks of the system and of the most popular completion",
    )
    details = result.details
    rows: list[list[str]] = []
    columns = details["queries"], details["ranks"], details["popular"], details["seen"]
    for query, own, popular, seen in zip(*columns, strict=True):
        if own != popular and len(rows) < 20:
            top = [each.query for each in system.suggester_.suggest(query[:TYPED], 3)]
            before = "yes" if seen else "no"
            rows.append([query, before, f"{own:.2f}", f"{popular:.2f}", "; ".join(top)])
    report.section("Queries that the two find at different places")
    if rows:
        report.table(
            ["query", "asked before", "ours", "most popular", "first suggestions"],
            rows,
            caption=f"Reciprocal ranks after {TYPED} letters; the first of them.",
        )
