"""The report of the places system: the table, posts with their names, the card."""

from typing import TYPE_CHECKING

from lookalike.core.verbs import Measured
from lookalike.evaluate import plots
from lookalike.evaluate.report import Report
from lookalike.systems.places.gazetteer import spans

if TYPE_CHECKING:
    from lookalike.systems.places.system import Places


def places_report(system: "Places", measured: Measured) -> Report:
    """Return the page on what a system answered to the test sentences."""
    report = Report(
        "Places in text: found by a word and its neighbours",
        lead=f"{measured.tested} of {system.about_['data']['name']}.",
    )
    report.section("How good it is").table(
        ["metric", "value"],
        [[name.replace("_", " "), value] for name, value in measured.metrics.items()],
        caption="With 95% bootstrap intervals over sentences.",
    )
    for unit in ("word", "span"):
        named = {
            name.replace("_", " "): value
            for name, value in measured.metrics.items()
            if name.startswith(f"{unit}_f1")
        }
        report.figure(
            plots.estimates(named, xlabel=f"F1 of {unit}s"),
            alt=f"F1 of {unit}s of the system and of the lists, with intervals",
        )
    for name, found in measured.comparisons.items():
        gain = found.difference
        report.text(
            f"Against {name}: {gain.value:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}], "
            f"p = {found.p_value:.2g} ({found.test})."
        )
    _posts(report, measured)
    report.section("The card, in nine steps")
    for step, paragraphs in system.card().steps.items():
        report.text(f"{step.upper()}\n\n" + "\n\n".join(paragraphs))
    return report


def _posts(report: Report, measured: Measured) -> None:
    details = measured.details
    kinds: dict[str, list[list[str]]] = {"found": [], "made up": [], "missed": []}
    for words, truth, tags in zip(
        details["sentences"], details["truth"], details["tags"], strict=True
    ):
        own, given = spans(truth), spans(tags)
        for name, which in (
            ("found", own & given),
            ("made up", given - own),
            ("missed", own - given),
        ):
            for first, last in sorted(which):
                before = " ".join(words[max(0, first - 5) : first])
                after = " ".join(words[last : last + 5])
                kinds[name].append([" ".join(words[first:last]), before, after])
    report.section("Names found, made up and missed")
    for kind, rows in kinds.items():
        if rows:
            report.table(
                ["name", "before", "after"],
                rows[:12],
                caption=f"{len(rows)} names {kind}; the first of them.",
            )
