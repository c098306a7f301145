"""The part of a report that all systems have: numbers, comparisons, the card."""

from collections.abc import Mapping

from lookalike.core.card import Card
from lookalike.core.evaluation import EvaluationResult
from lookalike.evaluate import Comparison, Estimate, holm
from lookalike.evaluate.report import Report


def standard_report(
    title: str,
    lead: str,
    result: EvaluationResult,
    about: Mapping[str, str] | None = None,
) -> Report:
    """Return a page with every metric and its interval, and every paired test.

    It begins with what was found, and with what it is about.

    about : names and values for a table at the top: generation, date, data, command
    """
    found = finding_of(result.comparisons)
    report = Report(title, lead=f"{found} {result.tested}. {lead}".strip())
    if result.verdict.is_worse:
        report.text(result.verdict.sentence)
    if about:
        report.table(["about", "this report"], [list(each) for each in about.items()])
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


def finding_of(comparisons: Mapping[str, Comparison], level: float = 0.05) -> str:
    """Return in one sentence what the paired tests have found; "" without any.

    level : a difference with a smaller p-value, corrected for as many tests as there
        are, is none of chance

    Examples
    --------
    >>> from lookalike.evaluate import Comparison, Estimate
    >>> better = Comparison(Estimate(0.2, 0.1, 0.3), 0.001, "exact McNemar")
    >>> unclear = Comparison(Estimate(0.1, -0.1, 0.3), 0.4, "exact McNemar")
    >>> print(finding_of({"guessing": better, "pixels": unclear}))
    Better than guessing by 0.2000 [0.1000, 0.3000]; not shown to be better than pixels,
    p = 0.4.
    """
    corrected = holm([each.p_value for each in comparisons.values()])
    parts = []
    for (name, each), p in zip(comparisons.items(), corrected, strict=True):
        gain = each.difference
        if p >= level or not gain.value:
            parts.append(f"not shown to be better than {name}, p = {p:.2g}")
        elif gain.value > 0:
            parts.append(f"better than {name} by {gain}")
        else:
            size = f"{-gain.value:.4f} [{-gain.high:.4f}, {-gain.low:.4f}]"
            parts.append(f"worse than {name} by {size}")
    sentence = "; ".join(parts)
    return f"{sentence[0].upper()}{sentence[1:]}." if sentence else ""


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
