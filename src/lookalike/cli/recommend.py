"""``lookalike recommend``: what, or whom, to suggest."""

from typing import Annotated

import typer

from lookalike.cli._common import Folder, Json, System, columns, progress, say
from lookalike.cli._systems import open_system, verb_of
from lookalike.cli.classify import table


def recommend(
    system: System,
    names: Annotated[list[str], typer.Argument(help="Who asks.")],
    k: Annotated[int, typer.Option("--k", help="Suggestions for each.")] = 10,
    folder: Folder = None,
    json: Json = False,
) -> None:
    """Suggest what each may want, best first, with the reason."""
    from lookalike.systems import find_system

    with progress() as report:
        report("opening the system", 0.1)
        kind = find_system(system)
        verb_of(kind, system, "recommend")
        fitted, number = open_system(system, folder)
        report("answering", 0.6)
        found = fitted.answer(*kind.read(names), k)
    rows = columns(table(found))
    say({"system": system, "generation": number, "answers": found}, json, rows)
