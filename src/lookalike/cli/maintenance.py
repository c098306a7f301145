"""Verbs that maintain what a service holds: snapshot, restore, export, compact."""

from pathlib import Path
from typing import Annotated

import typer

from lookalike.cli._common import Json, progress, say
from lookalike.cli._service import DatabaseUrl, Location, State, Where

Name = Annotated[str, typer.Argument(help="Name of the snapshot: a-z, 0-9 and -.")]


def snapshot(
    name: Name,
    system: Where = "digits",
    database: DatabaseUrl = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Keep items, events and the generation that answers, as they are now."""
    with Location(system, database, state) as where:
        from lookalike.service.snapshots import snapshot as take

        folder = where.state / "snapshots"
        path = take(where.database, where.libraries, folder, name)
    say({"snapshot": name, "path": str(path)}, json, [f"saved: {path}"])


def restore(
    name: Name,
    system: Where = "digits",
    database: DatabaseUrl = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Put everything back as a snapshot has it; keys stay as they are."""
    with Location(system, database, state) as where:
        from lookalike.service.restoring import restore as put_back

        folder = where.state / "snapshots"
        found = put_back(where.database, where.libraries, folder, name)
        where.notify()
    lines = [f"Generation {n} of {s} answers again." for s, n in found.items()]
    say({"snapshot": name, "generations": found}, json, lines)


def export(
    table: Annotated[str, typer.Argument(help="events, exposures or training.")],
    path: Annotated[Path, typer.Argument(help="The Parquet file to write.")],
    system: Where = "digits",
    database: DatabaseUrl = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Write events, exposures, or both joined for training, as Parquet."""
    with Location(system, database, state) as where:
        from lookalike.service.export import export as write

        count = write(where.database, table, path)
    say({"path": str(path), "rows": count}, json, [f"{count} rows: {path}"])


def reembed(
    generation: Annotated[str, typer.Argument(help="With the new embedding.")],
    system: Where = "digits",
    database: DatabaseUrl = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Describe added items by another embedding, then let its generation answer."""
    with Location(system, database, state) as where, progress() as on_progress:
        from lookalike.service.reembed import reembed as describe

        done, lost = describe(
            where.spec, where.library, where.database, generation, on_progress
        )
        where.notify()
    lines = [f"{done} items described; generation {generation} answers now."]
    lines += [f"Not found until its vector is sent again: {id}" for id in lost]
    answer = {"generation": generation, "described": done, "lost": lost}
    say(answer, json, lines)


def compact(
    system: Where = "digits",
    database: DatabaseUrl = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Make the next generation of the present one and all items that changed."""
    with Location(system, database, state) as where:
        from lookalike.service.compaction import compact_saved

        number = compact_saved(where.spec, where.library, where.database)
    say({"generation": number}, json, [f"Generation {number} answers now."])
