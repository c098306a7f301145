"""``lookalike similar``: the items most like an item."""

from typing import Annotated

import typer

from lookalike.cli._columns import Shown, Where, filters, flat, with_columns
from lookalike.cli._common import Folder, Json, System, columns, say
from lookalike.cli._progress import progress
from lookalike.cli._systems import open_system
from lookalike.cli.classify import table


def similar(
    system: System,
    ids: Annotated[list[str], typer.Argument(help="Items that are known.")],
    k: Annotated[int, typer.Option("--k", help="Similar items of each.")] = 10,
    where: Where = None,
    shown: Shown = None,
    folder: Folder = None,
    json: Json = False,
) -> None:
    """Find the items most like each item, best first, with the reason."""
    from lookalike.systems import find_spec

    with progress() as on_progress:
        on_progress("opening the system", 0.1)
        find_spec(system).check_can("similar")
        opened = open_system(system, folder)
        on_progress("answering", 0.6)
        try:
            chosen = filters(opened.spec, where)
            answers = opened.system.similar_each(ids, k, **chosen)
        except LookupError as error:
            raise ValueError(error.args[0]) from None
        found = [
            {"item": id, **hit}
            for id, answer in zip(ids, answers, strict=True)
            for hit in with_columns(opened, answer.records(), shown)
        ]
    rows = columns(table(flat(found)))
    document = {"system": system, "generation": opened.generation, "answers": found}
    say(document, json, rows)
