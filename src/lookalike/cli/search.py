"""``lookalike search``: the known images most like this one."""

from pathlib import Path
from typing import Annotated

import typer

from lookalike.cli._common import Folder, Json, columns, progress, say
from lookalike.cli._systems import open_system, verb_of
from lookalike.cli.classify import Named

Paths = Annotated[list[Path], typer.Argument(help="Image files, or folders of them.")]


def search(
    images: Paths,
    k: Annotated[int, typer.Option("--k", help="Answers an image.")] = 10,
    system: Named = "digits",
    folder: Folder = None,
    json: Json = False,
) -> None:
    """Find the known images most like each image, best first."""
    from lookalike.systems import find_system

    with progress() as report:
        report("reading the images", 0.0)
        kind = find_system(system)
        find = verb_of(kind, system, "search")
        files, queries = kind.read(images)
        report("opening the system", 0.3)
        fitted, number = open_system(system, folder)
        report("answering", 0.8)
        hits = find(fitted, queries, k)
    labels = fitted.labels_[hits.ids].tolist()
    found, lines = [], []
    for file, ids, scores, theirs in zip(
        files, hits.ids.tolist(), hits.scores.tolist(), labels, strict=True
    ):
        near = [
            {"id": i, "score": score, "label": label}
            for i, score, label in zip(ids, scores, theirs, strict=True)
        ]
        found.append({"image": str(file), "hits": near})
        rows = [("rank", "id", "label", "score")]
        rows += [
            (str(rank), str(hit["id"]), str(hit["label"]), f"{hit['score']:.3f}")
            for rank, hit in enumerate(near, start=1)
        ]
        lines += [str(file), *columns(rows)]
    say({"system": system, "generation": number, "answers": found}, json, lines)
