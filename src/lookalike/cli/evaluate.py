"""``lookalike evaluate``: measure the system that answers on its test images."""

import time
from pathlib import Path
from typing import Annotated

import typer

from lookalike.cli._common import (
    Folder,
    Json,
    System,
    metric_lines,
    progress,
    say,
    summary,
)
from lookalike.cli._systems import load_data, open_system


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
    """Measure the system that answers, beside the raw pixels, with intervals."""
    with progress() as tell:
        tell("opening the system", 0.0)
        fitted, number = open_system(system, folder)
        images = load_data(data or fitted.about_["data"]["name"])
        started = time.perf_counter()
        found = fitted.evaluate(images, tell)
        seconds = round(time.perf_counter() - started, 2)
        if report is not None:
            from lookalike.systems.digits_report import digits_report

            digits_report(fitted, images.x_test, found).write(report)
    gain, p_value = found.comparison.difference, found.comparison.p_value
    lines = [
        f"{system}, generation {number}, on {len(found.truth):,} test images of "
        f"{images.name}",
        *metric_lines(found.metrics),
        f"against raw pixels: {gain.value:+.4f}, p = {p_value:.2g} "
        f"({found.comparison.test})",
        *([f"report: {report}"] if report else []),
    ]
    answer = summary(system, number, images.name, found.metrics, seconds)
    say(answer, json, lines)
