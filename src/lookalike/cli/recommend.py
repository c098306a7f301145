"""``lookalike recommend``: what, or whom, to suggest."""

from typing import Annotated

import typer

from lookalike.cli._columns import (
    Context,
    Shown,
    Where,
    context_of,
    filters,
    flat,
    with_columns,
)
from lookalike.cli._common import Folder, Json, System, columns, say
from lookalike.cli._progress import progress
from lookalike.cli._systems import open_system, read_inputs
from lookalike.cli.classify import table


def recommend(
    system: System,
    names: Annotated[list[str], typer.Argument(help="Who asks.")],
    k: Annotated[int, typer.Option("--k", help="Suggestions for each.")] = 10,
    exclude: Annotated[
        list[str] | None, typer.Option(help="An item that is in no list.")
    ] = None,
    where: Where = None,
    shown: Shown = None,
    context: Context = None,
    folder: Folder = None,
    json: Json = False,
) -> None:
    """Suggest what each may want, best first, with the reason."""
    with progress() as on_progress:
        on_progress("opening the system", 0.1)
        noun, users, queries = read_inputs(system, "recommend", names)
        opened = open_system(system, folder)
        on_progress("answering", 0.6)
        chosen = filters(opened.spec, where) | context_of(opened.spec, context)
        slates = opened.system.recommend_each(queries, k, exclude or (), **chosen)
        found = [
            {noun: name, **record}
            for name, slate in zip(users, slates, strict=True)
            for record in with_columns(opened, slate.records(), shown)
        ]
    rows = columns(table(flat(found)))
    document = {"system": system, "generation": opened.generation, "answers": found}
    say(document, json, rows)
