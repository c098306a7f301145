"""Verbs that maintain what a service holds: snapshot, restore, export, compact."""

from pathlib import Path
from typing import Annotated

import typer

from lookalike.cli._common import Folder, Json, say
from lookalike.cli._progress import progress
from lookalike.cli._service import (
    DatabaseUrl,
    Location,
    State,
    Where,
    database_of,
    lines_of,
    minute_of,
    serve_extra,
    snapshots_of,
)

Name = Annotated[str, typer.Argument(help="Name of the snapshot: a-z, 0-9 and -.")]


def snapshot(
    name: Name,
    system: Where = None,
    folder: Folder = None,
    database: DatabaseUrl = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Keep items, events and the generation that answers, as they are now."""
    with Location(system, folder, database, state) as where:
        from lookalike.service.snapshots import snapshot as take

        place = where.state / "snapshots"
        path = take(where.database, where.libraries, place, name)
    answer = {"snapshot": name, "path": str(path), **where.about}
    say(answer, json, [f"saved: {path}", *lines_of(where.about)])


def restore(
    name: Name,
    system: Where = None,
    folder: Folder = None,
    database: DatabaseUrl = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Put everything back as a snapshot has it; keys stay as they are."""
    with Location(system, folder, database, state) as where:
        from lookalike.service.restoring import restore as put_back

        place = where.state / "snapshots"
        found = put_back(where.database, where.libraries, place, name)
        where.notify()
    lines = [f"Generation {n} of {s} answers again." for s, n in found.items()]
    answer = {"snapshot": name, "generations": found, **where.about}
    say(answer, json, [*lines, *lines_of(where.about)])


def drill(
    name: Annotated[
        str | None, typer.Argument(help="Name of the snapshot; the newest by default.")
    ] = None,
    system: Where = None,
    folder: Folder = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Prove a snapshot: put it back where it harms nothing, and compare every row."""
    place = snapshots_of(system, folder, state)
    with serve_extra():
        from lookalike.service.drill import drill as prove

    found = prove(place, name)
    rows = ", ".join(f"{n:,} {table}" for table, n in found.rows.items())
    lines = [
        f"{found.snapshot} of {minute_of(found.created)} can be restored: "
        f"{rows or 'no rows'}, as they were, in {found.seconds:.1f} s.",
        *(f"Generation {n} of {s} answers." for s, n in found.generations.items()),
    ]
    say({**vars(found), "path": str(place / found.snapshot)}, json, lines)


def export(
    table: Annotated[
        str, typer.Argument(help="events, exposures, experiment_exposures or training.")
    ],
    path: Annotated[Path, typer.Argument(help="The Parquet file to write.")],
    system: Where = None,
    folder: Folder = None,
    database: DatabaseUrl = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Write events, exposures, or both joined for training, as Parquet."""
    with database_of(system, folder, database, state) as (store, about):
        from lookalike.service.export import export as write

        count = write(store, table, path)
    answer = {"path": str(path), "rows": count, **about}
    say(answer, json, [f"{count} rows: {path}", *lines_of(about)])


def reembed(
    generation: Annotated[str, typer.Argument(help="With the new embedding.")],
    system: Where = None,
    folder: Folder = None,
    database: DatabaseUrl = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Describe added items by another embedding, then let its generation answer."""
    with Location(system, folder, database, state) as where, progress() as on_progress:
        from lookalike.service.reembed import reembed as describe

        done, lost = describe(
            where.spec, where.library, where.database, generation, on_progress
        )
        where.notify()
    lines = [f"{done} items described; generation {generation} answers now."]
    lines += [f"Not found until its vector is sent again: {id}" for id in lost]
    answer = {"generation": generation, "described": done, "lost": lost, **where.about}
    say(answer, json, [*lines, *lines_of(where.about)])


def compact(
    system: Where = None,
    folder: Folder = None,
    database: DatabaseUrl = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Make the next generation of the present one and all items that changed."""
    with Location(system, folder, database, state) as where:
        from lookalike.service.compaction import compact_saved

        number = compact_saved(where.spec, where.library, where.database)
    lines = [f"Generation {number} answers now.", *lines_of(where.about)]
    say({"generation": number, **where.about}, json, lines)
