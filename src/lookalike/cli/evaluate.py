"""``lookalike evaluate``: measure the system that answers on its test images."""

import time
from pathlib import Path
from typing import Annotated

import typer

from lookalike.cli._common import (
    Folder,
    Json,
    System,
    about_report,
    metric_lines,
    say,
    summary,
    warn,
)
from lookalike.cli._progress import progress
from lookalike.cli._systems import open_system


def evaluate(
    system: System,
    data: Annotated[
        str | None,
        typer.Option(help="As for train; by default what it was learned from."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Write a page with pictures here (.html).")
    ] = None,
    folder: Folder = None,
    json: Json = False,
) -> None:
    """Measure the system that answers, beside plainer ones, with intervals.

    Of a system that was given back what was held out, the one before that is measured.
    """
    from lookalike.core.evaluation import copies_note

    with progress() as on_progress:
        on_progress("opening the system", 0.0)
        spec, fitted, number = open_system(system, folder, as_learned=True)
        learned = fitted.manifest_.data
        how = None if data else learned.get("options")
        test = spec.find_data(data or learned["name"], warn, how, on_progress)
        started = time.perf_counter()
        found = spec.evaluate(fitted, test, on_progress)
        warn(found.verdict.sentence)
        warn(copies_note(found.facts))
        seconds = round(time.perf_counter() - started, 2)
        if report is not None:
            command = f"lookalike evaluate {system}"
            about = about_report(number, test, f"{command} --report {report.name}")
            spec.build_report(fitted, test, found, about).write(report)
    lines = [
        f"{system}, generation {number}, on {found.tested} of {test.name}",
        *metric_lines(found.metrics),
        *(
            f"against {name}: {each.difference.value:+.4f}, p = {each.p_value:.2g} "
            f"({each.test})"
            for name, each in found.comparisons.items()
        ),
        *([f"report: {report}"] if report else []),
    ]
    answer = summary(system, number, test.name, found.metrics, seconds)
    say(answer, json, lines)
