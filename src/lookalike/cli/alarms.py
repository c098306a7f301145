"""``lookalike alarms``: what has moved, as a service's monitor has found."""

from typing import Annotated, Any

import typer

from lookalike.cli._common import Folder, Json, columns, say
from lookalike.cli._service import (
    DatabaseUrl,
    State,
    Where,
    database_of,
    lines_of,
    minute_of,
)


def alarms(
    acknowledge: Annotated[
        str | None,
        typer.Option(help="Id of an alarm that was seen: it may be raised again."),
    ] = None,
    n: Annotated[int, typer.Option(min=1, max=1_000, help="At most so many.")] = 20,
    open_only: Annotated[
        bool, typer.Option("--open", help="Without those that were acknowledged.")
    ] = False,
    system: Where = None,
    folder: Folder = None,
    database: DatabaseUrl = None,
    state: State = None,
    json: Json = False,
) -> None:
    """List the alarms of a service, newest first, or acknowledge one."""
    with database_of(system, folder, database, state) as (store, about):
        from lookalike.service.database.alarms import acknowledge as seen
        from lookalike.service.database.alarms import listed

        if acknowledge is not None:
            try:
                with store.writing() as connection:
                    found = seen(connection, acknowledge)
            except LookupError as error:
                raise ValueError(str(error.args[0])) from None
            lines = [f"Alarm {acknowledge} is acknowledged."]
            say({"alarm": found, **about}, json, [*lines, *lines_of(about)])
            return
        with store.reading() as connection:
            rows = listed(connection, n, about.get("system"), open_only)
    lines = columns([("id", "when", "system", "state", "what"), *map(_row, rows)])
    if not rows:
        lines = ["No alarm was raised."]
    say({"alarms": rows, **about}, json, [*lines, *lines_of(about)])


def _row(alarm: dict[str, Any]) -> tuple[str, ...]:
    state = "open" if alarm["acknowledged"] is None else "seen"
    when = minute_of(alarm["raised"])
    return alarm["id"], when, alarm["system"], state, alarm["sentence"]
