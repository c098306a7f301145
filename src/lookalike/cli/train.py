"""``lookalike train``: learn from data, measure, save a generation, let it answer."""

import time
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
    warn,
)
from lookalike.cli._systems import new_system

Data = Annotated[
    str | None,
    typer.Option(
        help="A data set's name, or, for digits, an .npz with x_train, y_train, x_test "
        "and y_test. By default what the system's page names."
    ),
]


def train(
    system: System,
    data: Data = None,
    embedding: Annotated[
        str | None,
        typer.Option(help="For digits: linear, or conv with the deep extra."),
    ] = None,
    neighbors: Annotated[
        int | None, typer.Option(help="For digits: how many neighbours vote.")
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", help="Any option of the system, as NAME=VALUE."),
    ] = None,
    seed: Annotated[int, typer.Option(help="The only source of chance.")] = 0,
    folder: Folder = None,
    json: Json = False,
) -> None:
    """Learn a system from data, measure it, save it and let it answer."""
    from lookalike.core.library import Library

    options = {"embedding": embedding, "n_neighbors": neighbors, "random_state": seed}
    fitted = new_system(system, options, setting or [])
    library = Library(system, folder)
    library.check_writable()
    with progress() as report:
        report("reading the data", 0.0)
        found_data = fitted.find_data(data, warn)
        started = time.perf_counter()
        fitted.fit(found_data, lambda what, share: report(what, 0.05 + 0.6 * share))
        found = fitted.evaluate(
            found_data, lambda what, share: report(what, 0.65 + 0.3 * share)
        )
        report("saving", 0.98)
        number = library.add(fitted.save)
    seconds = round(time.perf_counter() - started, 2)
    answer = summary(system, number, found_data.name, found.metrics, seconds)
    lines = [
        f"{system}, generation {number}, learned from {found_data.name} in "
        f"{seconds:.1f} s",
        *metric_lines(found.metrics),
        f"saved: {library.folder / number}",
    ]
    say(answer, json, lines)
