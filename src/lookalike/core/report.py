"""The part of a report that all systems have: numbers, comparisons, the card."""

from collections.abc import Mapping

from lookalike.core.card import Card
from lookalike.core.evaluation import EvaluationResult
from lookalike.evaluate import Comparison, Estimate, holm
from lookalike.evaluate.report import Report


def standard_report(title: str, lead: str, result: EvaluationResult) -> Report:
    """Return a page with every metric and its interval, and every paired test."""
    report = Report(title, lead=f"{result.tested}. {lead}".strip())
    if result.verdict.sentence:
        report.text(result.verdict.sentence)
    report.section("How good it is").table(
        ["metric", "value"],
        metric_rows(result.metrics),
        caption="With 95% bootstrap intervals.",
    )
    if result.comparisons:
        report.table(
            ["compared with", "difference", "p", "p of all", "test"],
            _comparison_rows(result.comparisons),
            caption="Paired: the same items, outcome by outcome. The p of all is "
            "corrected for as many tests as there are rows (Holm).",
        )
    return report


def _comparison_rows(comparisons: Mapping[str, Comparison]) -> list[list[object]]:
    corrected = holm([each.p_value for each in comparisons.values()])
    return [
        [name, each.difference, f"{each.p_value:.2g}", f"{p:.2g}", each.test]
        for (name, each), p in zip(comparisons.items(), corrected, strict=True)
    ]


def with_card(report: Report, card: Card) -> Report:
    """Add the nine steps."""
    report.section("The card, in nine steps")
    for step, paragraphs in card.steps.items():
        report.text(f"{step.upper()}\n\n" + "\n\n".join(paragraphs))
    return report


def metric_rows(metrics: Mapping[str, Estimate]) -> list[list[object]]:
    """Return a row a metric, named in words."""
    return [[name.replace("_", " "), value] for name, value in metrics.items()]


def metrics_of(metrics: Mapping[str, Estimate], prefix: str) -> dict[str, Estimate]:
    """Return the metrics whose names begin so, by the rest of the name in words."""
    return {
        name.removeprefix(prefix).replace("_", " "): value
        for name, value in metrics.items()
        if name.startswith(prefix)
    }
