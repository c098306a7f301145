"""``lookalike train SYSTEM --data service``: learn again from a service's events."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from typer import Exit

from lookalike.cli._common import say
from lookalike.cli._progress import progress
from lookalike.cli._service import (
    database_file,
    database_url,
    serve_extra,
    state_of,
)

SERVICE = "service"
"""What ``--data`` says instead of a data set's name."""


def again(
    system: str,
    folder: Path | None,
    database: str | None,
    state: Path | None,
    options: Mapping[str, Any],
    json: bool,
) -> None:
    """Learn a system's next generation from its log and from the service's events.

    ``options`` are those that differ from the generation's that answers. It answers at
    once, in a running service too, unless it is worse: then the status
    is 1.
    """
    from lookalike.core.library import find_library
    from lookalike.systems import find_spec

    spec = find_spec(system)
    spec.check_can("retrain")
    library = find_library(system, folder)
    place = state_of(library, state)
    if database is None and not database_file(place).exists():
        raise ValueError(
            f"{place} holds no service's database: `lookalike serve {system}` makes "
            "one, and --database names another."
        )
    with serve_extra():
        from lookalike.service.database.migrate import open_database
        from lookalike.service.retraining import alone, retrain
    with (
        closing(open_database(database or database_url(place))) as store,
        alone(place, system) as is_ours,
        progress() as on_progress,
    ):
        if not is_ours:
            raise ValueError(f"The system {system} is learning already.")
        found = retrain(spec, library, store, options, on_progress)
    lines = [
        f"{system}, learned from its log and {found.events:,} pairs of users and items "
        "in events",
        found.sentence,
        f"saved: {library.folder / found.generation}",
    ]
    say({"system": system, **asdict(found)}, json, lines)
    if not found.took_over:
        raise Exit(1)
