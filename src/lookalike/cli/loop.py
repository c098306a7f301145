"""``lookalike loop``: how a system has learned again, and a run done once more."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from lookalike.cli._common import Folder, Json, System, columns, say
from lookalike.cli._service import DatabaseUrl, Location, State, lines_of, minute_of


def loop(
    system: System,
    n: Annotated[int, typer.Option(min=1, max=1_000, help="Runs at most.")] = 5,
    replay: Annotated[
        str | None,
        typer.Option(
            help="Id of a run, or how it begins: learn its generation again from the "
            "log, and compare the files byte by byte."
        ),
    ] = None,
    folder: Folder = None,
    database: DatabaseUrl = None,
    state: State = None,
    json: Json = False,
) -> None:
    """List the steps of the loop of a system, newest first, or repeat a run."""
    with Location(system, folder, database, state) as where:
        from lookalike.service.database.loop_steps import runs

        where.spec.check_can("retrain")
        if replay is not None:
            _replay(where, replay, json)
            return
        with where.database.reading() as connection:
            found = runs(connection, where.spec.name, n)
        about = where.about
    steps = [step for run in found for step in reversed(run.steps)]
    rows = [
        (minute_of(step.timestamp), step.run[:8], step.step, step.reason)
        for step in steps
    ]
    lines = columns([("when", "run", "step", "why"), *rows])
    if not rows:
        lines = [f"{about['system']} has not learned again yet."]
    answer = {"steps": [vars(step) for step in steps], **about}
    say(answer, json, [*lines, *lines_of(about)])


def _replay(where: Location, run: str, json: bool) -> None:
    from lookalike.service.database.loop_steps import TRAINED, run_of
    from lookalike.service.loop import replay

    with where.database.reading() as connection:
        found = run_of(connection, where.spec.name, run)
    place = where.spec, where.library, where.database
    with tempfile.TemporaryDirectory() as scratch:
        different = replay(*place, found, Path(scratch))
    number = found.details_of(TRAINED)["generation"]
    told = f"Generation {number} was learned again, to the same bytes."
    if different:
        told = f"Other bytes than those of generation {number}: {', '.join(different)}."
    answer = {"run": found.run, "generation": number, "different": different}
    say({**answer, **where.about}, json, [told, *lines_of(where.about)])
    if different:
        raise typer.Exit(1)
