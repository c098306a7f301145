"""``lookalike classify``: what each image shows."""

from pathlib import Path
from typing import Annotated

import typer

from lookalike.cli._common import Folder, Json, columns, progress, say
from lookalike.cli._systems import image_files, open_system, read_digits

Paths = Annotated[list[Path], typer.Argument(help="Image files, or folders of them.")]
Named = Annotated[str, typer.Option(help="Which system answers.")]


def classify(
    images: Paths, system: Named = "digits", folder: Folder = None, json: Json = False
) -> None:
    """Say what each image shows, and how sure the neighbours are."""
    with progress() as report:
        report("reading the images", 0.0)
        files = image_files(images)
        queries = read_digits(files)
        report("opening the system", 0.3)
        fitted, number = open_system(system, folder)
        report("answering", 0.8)
        answers = fitted.classify(queries)
    classes = fitted.classes_.tolist()
    found = [
        {
            "image": str(file),
            "label": label,
            "probability": max(shares),
            "probabilities": dict(zip(map(str, classes), shares, strict=True)),
        }
        for file, label, shares in zip(
            files,
            answers.labels.tolist(),
            answers.probabilities.tolist(),
            strict=True,
        )
    ]
    rows = [("image", "label", "probability")]
    rows += [(a["image"], str(a["label"]), f"{a['probability']:.2f}") for a in found]
    say({"system": system, "generation": number, "answers": found}, json, columns(rows))
