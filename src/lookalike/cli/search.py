"""``lookalike search``: the known images most like this one, or what a text says."""

from pathlib import Path
from typing import Annotated

import typer

from lookalike.cli._chosen import Named, chosen
from lookalike.cli._common import Folder, Json, columns, say
from lookalike.cli._progress import progress
from lookalike.cli._service import DatabaseUrl
from lookalike.cli._systems import Refusals, check_queries, open_system, read_inputs

Paths = Annotated[
    list[Path] | None, typer.Argument(help="Image files, or folders of them.")
]
Texts = Annotated[
    list[str] | None,
    typer.Option(
        "--text",
        help="What to look for in words, where the encoder knows them; may be given "
        "several times.",
    ),
]


def search(
    images: Paths = None,
    text: Texts = None,
    k: Annotated[int, typer.Option("--k", help="Answers an image.")] = 10,
    system: Named = None,
    folder: Folder = None,
    database: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Find the known images most like each image or text, best first.

    An image that cannot be read is named; the others are answered, with status 1.
    """
    if not images and not text:
        raise ValueError("Name an image file or a folder, or give --text WORDS.")
    system = chosen(system, folder, "search")
    refusals = Refusals()
    with progress() as on_progress:
        on_progress("reading what was given", 0.0)
        noun, names, queries = read_inputs(
            system, "search", images or (), refusals, text or ()
        )
        on_progress("opening the system", 0.3)
        opened = open_system(system, folder, database=database)
        on_progress("answering", 0.8)
        names, checked = check_queries(opened.system, names, queries, refusals)
        answers = opened.system.search_each(checked, k)
    found, lines = [], []
    for name, query, answer in zip(names, checked, answers, strict=True):
        hits = answer.records()
        kind = "text" if isinstance(query, str) else noun
        found.append({kind: name, "hits": hits})
        rows = [("rank", "id", "label", "score")]
        rows += [
            (str(rank), str(hit["id"]), str(hit["label"]), f"{hit['score']:.3f}")
            for rank, hit in enumerate(hits, start=1)
        ]
        lines += [name, *columns(rows)]
    document = {"system": system, "generation": opened.generation, "answers": found}
    say(document | {"refused": refusals}, json, lines)
    refusals.exit()
