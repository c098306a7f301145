"""``lookalike explain``: why this answer."""

from pathlib import Path
from typing import Annotated

import typer

from lookalike.cli._common import Folder, Json, columns, progress, say
from lookalike.cli._systems import open_system, verb_of
from lookalike.cli.classify import Named, table


def explain(
    given: Annotated[str, typer.Argument(help="One image file; for places, a text.")],
    system: Named = "digits",
    report: Annotated[
        Path | None, typer.Option(help="Write a page with pictures here (.html).")
    ] = None,
    folder: Folder = None,
    json: Json = False,
) -> None:
    """Say what one input is, and what speaks for that answer."""
    from lookalike.systems import find_system

    with progress() as tell:
        tell("reading what was given", 0.0)
        names, queries = verb_of(find_system(system), system, "read")([given])
        if len(names) != 1:
            raise ValueError(f"One input is explained at a time, got {len(names)}.")
        tell("opening the system", 0.2)
        fitted, number = open_system(system, folder)
        tell("looking for reasons", 0.3)
        found = verb_of(fitted, system, "explain")(names[0], queries[0])
        if report is not None:
            if found.page is None:
                raise ValueError("There is nothing to draw about this answer.")
            found.page.write(report)
    answer = {
        "system": system,
        "generation": number,
        "answer": found.answer,
        "reasons": list(found.reasons),
    }
    lines = [
        *columns(table([found.answer])),
        *(f"  {reason}" for reason in found.reasons),
        *([f"report: {report}"] if report else []),
    ]
    say(answer, json, lines)
