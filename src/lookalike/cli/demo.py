"""``lookalike demo``: the whole job on real handwritten digits, nothing to fetch."""

import json as text
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from lookalike.cli._common import Json, metric_lines, progress, say, summary


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
    from lookalike.datasets import load_digits_sample
    from lookalike.systems.digits.report import digits_report
    from lookalike.systems.digits.system import Digits

    library = Library("digits", folder)
    library.check_writable()
    started = time.perf_counter()
    with progress() as report:
        report("reading the digits", 0.0)
        digits = load_digits_sample()
        system = Digits(n_jobs=-1)
        system.fit(digits, lambda what, share: report(what, 0.1 + 0.4 * share))
        found = system.evaluate(digits, lambda w, share: report(w, 0.5 + 0.3 * share))
        report("saving", 0.8)
        number = library.add(system.save)
        report("writing the report", 0.85)
        page = digits_report(system, digits.x_test, found)
        page.write(folder / "report.html")
        (folder / "unseen").mkdir(exist_ok=True)
        for digit in range(10):
            image = digits.x_test[digits.y_test == digit][0]
            Image.fromarray(image).save(folder / "unseen" / f"{digit}.png")
    seconds = round(time.perf_counter() - started, 2)
    answer = summary("digits", number, digits.name, found.metrics, seconds)
    numbers = text.dumps(answer, indent=2) + "\n"
    write_whole(folder / "metrics.json", numbers.encode())
    right = int((found.predicted == found.truth).sum())
    lines = [
        f"Learned from {len(digits.x_train):,} handwritten digits and measured in "
        f"{seconds:.0f} s.",
        f"Recognised {right} of {len(digits.x_test):,} unseen digits:",
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
    labels = system.labels_[hits.ids].tolist()
    return ["An unseen digit, and the ten known digits most like it:"] + [
        f"  {digit}:  {' '.join(map(str, near))}" for digit, near in enumerate(labels)
    ]
