"""``lookalike search``: the known items most like an image, or that answer a text."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from lookalike._shown import shown
from lookalike.cli._chosen import Named, chosen
from lookalike.cli._columns import Where, filters
from lookalike.cli._common import Folder, Json, columns, say
from lookalike.cli._progress import progress
from lookalike.cli._service import DatabaseUrl
from lookalike.cli._systems import Refusals, check_queries, open_system, read_inputs

Inputs = Annotated[
    list[str] | None,
    typer.Argument(
        help="Image files, or folders of them; for documents, what to look for; for "
        "videos, words, pictures or clips."
    ),
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
    inputs: Inputs = None,
    text: Texts = None,
    k: Annotated[int, typer.Option("--k", help="Answers an input.")] = 10,
    where: Where = None,
    system: Named = None,
    folder: Folder = None,
    database: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Find the known items most like each image, or that answer a text, best first.

    An input that cannot be read is named; the others are answered, with status 1.
    """
    if not inputs and not text:
        raise ValueError("Name an image file or a folder, or give --text WORDS.")
    system = chosen(system, folder, "search")
    refusals = Refusals()
    with progress() as on_progress:
        on_progress("reading what was given", 0.0)
        noun, names, queries = read_inputs(
            system, "search", inputs or (), refusals, text or ()
        )
        on_progress("opening the system", 0.3)
        opened = open_system(system, folder, database=database)
        on_progress("answering", 0.8)
        names, checked = check_queries(opened.system, names, queries, refusals)
        let_through = filters(opened.spec, where)
        answers = opened.system.search_each(checked, k, **let_through)
    found, lines = [], []
    for name, query, answer in zip(names, checked, answers, strict=True):
        hits = answer.records()
        kind = "text" if isinstance(query, str) else noun
        found.append({kind: name, "hits": hits})
        lines.append(name)
        if answer.did_you_mean is not None:
            found[-1]["did_you_mean"] = answer.did_you_mean
            lines.append(f"Did you mean {shown(answer.did_you_mean)}?")
        lines += _lines_of(hits)
    document = {"system": system, "generation": opened.generation, "answers": found}
    say(document | {"refused": refusals}, json, lines)
    refusals.exit()


def _lines_of(hits: Sequence[dict[str, Any]]) -> list[str]:
    """One line a hit under the names of its parts, and one for its passage."""
    rows = [("rank", "id", "label", "score")]
    rows += [
        (
            str(rank),
            str(hit["id"]),
            "" if hit["label"] is None else str(hit["label"]),
            f"{hit['score']:.3f}",
        )
        for rank, hit in enumerate(hits, start=1)
    ]
    head, *found = columns(rows)
    lines = [head]
    for line, hit in zip(found, hits, strict=True):
        lines.append(line)
        if "second" in hit:
            lines.append(
                f"      from {hit['begin']:.1f} to {hit['end']:.1f} s, best at "
                f"{hit['second']:.1f} s; {hit['part']}"
            )
        if hit.get("passage"):
            lines.append(f"      {shown(hit['passage'])}")
    return lines
