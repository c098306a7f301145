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
)
from lookalike.cli._systems import load_data

Data = Annotated[
    str | None,
    typer.Option(
        help="A data set's name, or an .npz with x_train, y_train, x_test and y_test. "
        "By default MNIST where it is here, else a sample of it."
    ),
]


def train(
    system: System,
    data: Data = None,
    embedding: Annotated[
        str, typer.Option(help="linear, or conv with the deep extra.")
    ] = "linear",
    neighbors: Annotated[int, typer.Option(help="How many neighbours vote.")] = 3,
    seed: Annotated[int, typer.Option(help="The only source of chance.")] = 0,
    folder: Folder = None,
    json: Json = False,
) -> None:
    """Learn a system from data, measure it, save it and let it answer."""
    from lookalike.systems import find_system
    from lookalike.systems.library import Library

    kind = find_system(system)
    library = Library(system, folder)
    library.check_writable()
    with progress() as report:
        report("reading the data", 0.0)
        images = load_data(data)
        started = time.perf_counter()
        fitted = kind(embedding, neighbors, seed, n_jobs=-1)
        fitted.fit(images, lambda what, share: report(what, 0.05 + 0.6 * share))
        found = fitted.evaluate(images, lambda w, share: report(w, 0.65 + 0.3 * share))
        report("saving", 0.98)
        number = library.add(fitted.save)
    seconds = round(time.perf_counter() - started, 2)
    answer = summary(system, number, images.name, found.metrics, seconds)
    lines = [
        f"{system}, generation {number}, learned from {images.name} in {seconds:.1f} s",
        *metric_lines(found.metrics),
        f"saved: {library.folder / number}",
    ]
    say(answer, json, lines)
