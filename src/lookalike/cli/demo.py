"""``lookalike demo``: the whole job on real handwritten digits, nothing to fetch."""

import json as text
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from lookalike.cli._common import Json, about_report, metric_lines, say, summary
from lookalike.cli._progress import progress


def demo(
    folder: Annotated[Path, typer.Option(help="Where everything is put.")] = Path(
        "lookalike-demo"
    ),
    json: Json = False,
) -> None:
    """Learn, recognise and search 5,000 real digits; leave a system and a report."""
    from PIL import Image

    from lookalike._files import write_whole
    from lookalike.core.library import Library
    from lookalike.core.progress import stage_of
    from lookalike.datasets import load_digits_sample
    from lookalike.systems import find_spec

    spec = find_spec("digits")
    library = Library("digits", folder)
    library.check_writable()
    started = time.perf_counter()
    with progress() as on_progress:
        on_progress("reading the digits", 0.0)
        digits = load_digits_sample()
        new = spec.new({}, n_jobs=-1)
        system, found = spec.train(new, digits, stage_of(on_progress, 0.1, 0.7))
        on_progress("saving", 0.8)
        number = library.add(lambda place: system.save(place, found))
        on_progress("writing the report", 0.85)
        about = about_report(number, digits, "lookalike demo")
        spec.build_report(system, digits, found, about).write(folder / "report.html")
        (folder / "unseen").mkdir(exist_ok=True)
        for digit in range(10):
            image = digits.x_test[digits.y_test == digit][0]
            Image.fromarray(image).save(folder / "unseen" / f"{digit}.png")
    seconds = round(time.perf_counter() - started, 2)
    answer = summary("digits", number, digits.name, found.metrics, seconds)
    numbers = text.dumps(answer, indent=2) + "\n"
    write_whole(folder / "metrics.json", numbers.encode())
    outcomes = found.details["predicted"] == found.details["truth"]
    correct = int(outcomes.sum())
    lines = [
        f"Learned from {len(digits.x_train):,} handwritten digits and measured in "
        f"{seconds:.0f} s.",
        f"Recognised {correct} of {len(digits.x_test):,} unseen digits:",
        *metric_lines(found.metrics),
        "",
        *_looks(system, digits),
        "",
        "Try it on an image of your own:",
        f"  lookalike classify {folder / 'unseen' / '7.png'} --folder {folder}",
        "",
        f"system: {library.folder / number}",
        f"metrics: {folder / 'metrics.json'}",
        f"report: {folder / 'report.html'}",
    ]
    say(answer, json, lines)


def _looks(system: Any, digits: Any) -> list[str]:
    """For the first unseen image of each digit, what its nearest neighbours show."""
    first = [int((digits.y_test == digit).argmax()) for digit in range(10)]
    hits = system.search(digits.x_test[first], k=10)
    near = [system.items_.labels(numbers) for numbers in hits.ids]
    return ["An unseen digit, and the ten known digits most like it:"] + [
        f"  {digit}:  {' '.join(map(str, labels))}" for digit, labels in enumerate(near)
    ]
