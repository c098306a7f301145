"""The report of events: numbers, for whom and what it works, and why."""

from typing import TYPE_CHECKING

from lookalike.core.learning_curves import add_curves
from lookalike.core.verbs import Measured
from lookalike.datasets.events import EventData
from lookalike.evaluate import plots
from lookalike.evaluate.report import Report
from lookalike.systems.events.learning_curves import curves_of_lists

if TYPE_CHECKING:
    from lookalike.systems.events.system import Events


def events_report(system: "Events", data: EventData, measured: Measured) -> Report:
    """Return the page on how well events are put in order."""
    model = system.model
    report = Report("Events", lead=f"{measured.tested}, the first ten of each.")
    report.section("How good it is").table(
        ["metric", "value"],
        [[name.replace("_", " "), value] for name, value in measured.metrics.items()],
        caption="With 95% bootstrap intervals over lists.",
    )
    ranked = {
        name.removeprefix("ndcg_of_").replace("_", " "): estimate
        for name, estimate in measured.metrics.items()
        if name.startswith("ndcg_of_") and not name.endswith("_events")
    }
    ranked = {model.replace("_", " "): measured.metrics["ndcg_at_10"], **ranked}
    report.figure(
        plots.estimates(ranked, xlabel="nDCG at 10"),
        alt="nDCG at 10 of every ranker and of simple orders, with intervals",
        caption=" ".join(
            f"Against {name}: {c.difference.value:+.4f}, p = {c.p_value:.2g}."
            for name, c in measured.comparisons.items()
        ),
    )
    details = measured.details
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
        "a larger part holds the smaller ones. What was known at each moment stays as "
        "it was. Validation part: the last fifth of the lists before the split, not "
        "those for testing. 95% bootstrap intervals over lists.",
    )
    report.section("The card, in nine steps")
    for step, paragraphs in system.card().steps.items():
        report.text(f"{step.upper()}\n\n" + "\n\n".join(paragraphs))
    return report
