"""Sections of the places report: F1 beside the baselines, and names in posts."""

from lookalike.core.evaluation import EvaluationResult
from lookalike.datasets import TaggedText
from lookalike.evaluate import plots
from lookalike.evaluate.report import Report
from lookalike.evaluate.spans import spans
from lookalike.systems.places.system import Places


def add_sections(
    report: Report, system: Places, data: TaggedText, result: EvaluationResult
) -> None:
    """Add what is particular to places."""
    for unit in ("word", "span"):
        named = {
            name.replace("_", " "): value
            for name, value in result.metrics.items()
            if name.startswith(f"{unit}_f1")
        }
        report.figure(
            plots.estimates(named, xlabel=f"F1 of {unit}s"),
            alt=f"F1 of {unit}s of the system and of the baselines, with intervals",
        )
    _posts(report, result)


def _posts(report: Report, result: EvaluationResult) -> None:
    details = result.details
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
