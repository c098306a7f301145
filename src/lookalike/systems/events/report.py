"""Sections of the events report: rankers, for whom and what they work, and why."""

from lookalike.core.evaluation import EvaluationResult
from lookalike.core.learning_curves import add_curves
from lookalike.core.report import metrics_of
from lookalike.datasets.events import EventData
from lookalike.evaluate import plots
from lookalike.evaluate.report import Report
from lookalike.systems.events.learning_curves import curves_of_lists
from lookalike.systems.events.system import Events


def add_sections(
    report: Report, system: Events, data: EventData, result: EvaluationResult
) -> None:
    """Add what is particular to events."""
    ranked = {
        system.model.replace("_", " "): result.metrics["ndcg_at_10"],
        **metrics_of(result.metrics, "ndcg_of_"),
    }
    for kind in ("new events", "older events"):
        ranked.pop(kind, None)
    report.figure(
        plots.estimates(ranked, xlabel="nDCG at 10"),
        alt="nDCG at 10 of every ranker and of simple orders, with intervals",
    )
    details = result.details
    for title, column in (
        ("New events and older ones", "among"),
        ("For whom it works", "lists"),
    ):
        report.section(title).table(
            [column, "lists", "nDCG at 10", "of the best possible"], details[title]
        )
    report.section("What is suggested").table(
        ["measure", "value"],
        details["coverage"],
        caption="Of the events that were shown in the lists.",
    )
    weights = system.feature_weights()
    if weights:
        report.section("What counts").table(
            ["feature", "weight in logistic regression, features scaled"],
            [[name.replace("_", " "), f"{w:+.3f}"] for name, w in weights.items()],
        )
    add_curves(
        report,
        curves_of_lists(system, data),
        "share of lists learned from",
        "Varied: from how many lists the ranker that answers learns, drawn at random; "
        "a larger part holds the smaller ones. What was known at each time stays as it "
        "was. Validation part: the last fifth of the lists before the split, not "
        "those for testing. 95% bootstrap intervals over lists.",
    )
