"""``lookalike explain``: why this answer."""

from pathlib import Path
from typing import Annotated

import typer

from lookalike.cli._chosen import Named, chosen
from lookalike.cli._common import Folder, Json, columns, say
from lookalike.cli._progress import progress
from lookalike.cli._service import DatabaseUrl
from lookalike.cli._systems import (
    check_queries,
    naming,
    open_system,
    read_inputs,
    read_post,
    shown_names,
)
from lookalike.cli.classify import Author, Picture, Reactions, table


def explain(
    given: Annotated[
        str | None, typer.Argument(help="One image file; for places, a text.")
    ] = None,
    text: Annotated[
        str | None,
        typer.Option(
            "--text",
            help="For image search: words instead of an image; for harmful: the text "
            "of a post.",
        ),
    ] = None,
    picture: Picture = None,
    author: Author = None,
    reactions: Reactions = None,
    system: Named = None,
    reveal: Annotated[
        bool,
        typer.Option(
            "--reveal", help="For harmful: show words with all their letters."
        ),
    ] = False,
    report: Annotated[
        Path | None, typer.Option(help="Write a page with pictures here (.html).")
    ] = None,
    folder: Folder = None,
    database: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Say what one input is, and what speaks for that answer."""
    more = (picture, author, reactions)
    is_post = any(part is not None for part in more)
    if (given is None) == (text is None and not is_post):
        raise ValueError("Name one image file, or for places one text, or give --text.")
    system = chosen(system, folder, "explain")
    with progress() as on_progress:
        on_progress("reading what was given", 0.0)
        if is_post:
            noun, name, query = read_post(system, "explain", text, *more)
            names, queries = [name], [query]
        else:
            noun, names, queries = read_inputs(
                system,
                "explain",
                [given] if given else (),
                texts=[text] if text else (),
            )
        if len(names) != 1:
            raise ValueError(f"One input is explained at a time, got {len(names)}.")
        on_progress("opening the system", 0.2)
        opened = open_system(system, folder, database=database)
        on_progress("looking for reasons", 0.3)
        _, [query] = check_queries(opened.system, names, queries)
        with naming(names[0]):
            told = {"reveal": True} if reveal and opened.spec.masks_inputs else {}
            found = opened.system.explain(query, **told)
        if report is not None:
            if found.page is None:
                raise ValueError("There is nothing to draw about this answer.")
            found.page.write(report)
    [name] = shown_names(system, names, reveal)
    shown = {"text" if text else noun: name, **found.answer}
    answer = {
        "system": system,
        "generation": opened.generation,
        "answer": shown,
        "reasons": list(found.reasons),
    }
    lines = [
        *columns(table([shown])),
        *(f"  {reason}" for reason in found.reasons),
        *([f"report: {report}"] if report else []),
    ]
    say(answer, json, lines)
