"""``lookalike suggest``: the query that is being typed."""

from typing import Annotated

import typer

from lookalike.cli._common import Folder, Json, System, columns, say
from lookalike.cli._progress import progress
from lookalike.cli._systems import check_queries, open_system, read_inputs


def suggest(
    system: System,
    typed: Annotated[list[str], typer.Argument(help="What was typed so far.")],
    k: Annotated[int, typer.Option("--k", help="Suggestions for each.")] = 10,
    user: Annotated[str, typer.Option(help="Who types, if known.")] = "",
    country: Annotated[str, typer.Option(help="Where, if known.")] = "",
    folder: Folder = None,
    json: Json = False,
) -> None:
    """Suggest queries that begin so, the likeliest first."""
    with progress() as on_progress:
        on_progress("opening the system", 0.1)
        noun, names, queries = read_inputs(system, "suggest", typed)
        opened = open_system(system, folder)
        names, checked = check_queries(opened.system, names, queries)
        on_progress("answering", 0.6)
        answers = opened.system.suggest_each(checked, k, user, country)
    found, lines = [], []
    for name, suggestions in zip(names, answers, strict=True):
        records = [each.record() for each in suggestions]
        found.append({noun: name, "suggestions": records})
        rows: list[tuple[object, ...]] = [("rank", "query", "kind", "score")]
        rows += [
            (str(rank), each["query"], each["kind"], f"{each['score']:.3g}")
            for rank, each in enumerate(records, start=1)
        ]
        lines += [name, *columns(rows)]
    document = {"system": system, "generation": opened.generation, "answers": found}
    say(document, json, lines)
