"""``lookalike serve``: saved systems behind HTTP, with a page."""

from pathlib import Path
from typing import Annotated

import typer

from lookalike.cli._chosen import chosen
from lookalike.cli._common import Folder, warn
from lookalike.cli._service import (
    DatabaseUrl,
    State,
    database_file,
    database_url,
    join_state,
    serve_extra,
    shared_state,
    state_of,
    unread,
)

Names = Annotated[
    list[str] | None,
    typer.Argument(
        help="Systems, or folders with their generations, where there are several."
    ),
]


def serve(
    context: typer.Context,
    generations: Names = None,
    folder: Folder = None,
    database: DatabaseUrl = None,
    host: Annotated[
        str, typer.Option(envvar="LOOKALIKE_HOST", help="Address to listen on.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(envvar="LOOKALIKE_PORT", min=0, max=65535)
    ] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes.")] = 1,
    state: State = None,
    durability: Annotated[
        str, typer.Option(help="safe waits for the disk; fast for the system.")
    ] = "safe",
    require_key: Annotated[
        bool, typer.Option(help="Ask for a key on this machine too.")
    ] = False,
    trust_proxy: Annotated[
        list[str] | None,
        typer.Option(
            help="Name of a host under which a proxy may hand on requests without a "
            "key; may be given several times."
        ),
    ] = None,
    rate: Annotated[
        float, typer.Option(min=0, help="Requests a second of one key; 0 is any.")
    ] = 0.0,
    explore: Annotated[
        float,
        typer.Option(
            min=0,
            max=1,
            help="Share of suggestions whose last position, and of searches of images "
            "whose order, is left to chance.",
        ),
    ] = 0.0,
    keep_days: Annotated[
        float,
        typer.Option(
            min=0,
            help="Days after which events and what was shown are deleted; 0 is never.",
        ),
    ] = 0.0,
    retrain_hours: Annotated[
        float,
        typer.Option(
            min=0,
            help="Hours after which shop, games and films learn again from new events; "
            "0 is on demand.",
        ),
    ] = 0.0,
    store: Annotated[
        str | None,
        typer.Option(
            envvar="LOOKALIKE_STORE",
            help="Folder or bucket in which services of one PostgreSQL share the files "
            "of generations.",
        ),
    ] = None,
    log_requests: Annotated[bool, typer.Option(help="Log each request.")] = False,
    config: Annotated[
        Path | None,
        typer.Option(
            envvar="LOOKALIKE_CONFIG",
            help="TOML file with settings; variables and options go before it.",
        ),
    ] = None,
) -> None:
    """Answer over HTTP, on this machine; elsewhere every request needs a key."""
    with serve_extra():
        from lookalike.service.database.migrate import open_database
        from lookalike.service.server import (
            address_of,
            bound,
            is_loopback,
            libraries_of,
        )
        from lookalike.service.server import serve as run
        from lookalike.service.settings import chosen_settings, read_file, served_at

    if durability not in ("safe", "fast"):
        raise ValueError(f"The durability must be safe or fast, got {durability!r}.")
    at, file = served_at(read_file(config) if config else {})
    options = {"host": host, "port": port, "database": database, "systems": generations}
    at = at.model_copy(
        update={
            name: value
            for name, value in options.items()
            if _is_given(context, name) or name not in at.model_fields_set
        }
    )
    host, port, database, generations = at.host, at.port, at.database, at.systems
    libraries = libraries_of(generations or [chosen(None, folder)], folder)
    others: list[Path] = []
    place = state or (Path(file["state"]).expanduser() if "state" in file else None)
    has_state = place is not None
    if place is None and database is None:
        place, others = shared_state(libraries.values())
    place = place or state_of(next(iter(libraries.values())))
    given = {
        "durability": durability,
        "require_key": require_key,
        "trusted_proxies": tuple(name.lower() for name in trust_proxy or ()),
        "workers": workers,
        "rate": rate,
        "explore": explore,
        "keep_days": keep_days,
        "retrain_hours": retrain_hours,
        "log_requests": log_requests,
        "store": store,
    }
    # What is not given is the environment's, then the file's.
    said = {name: value for name, value in given.items() if _is_given(context, name)}
    settings = chosen_settings({**said, "state": place}, file)
    if not is_loopback(host):
        settings = settings.model_copy(update={"require_key": True})
    place.mkdir(parents=True, exist_ok=True)
    url = database or database_url(place)
    if settings.store and not url.startswith("postgresql"):
        raise ValueError("Services that share a store need --database postgresql://...")
    for library in libraries.values() if not settings.store else ():
        warn(library.open()[1])
    if database is None and has_state:
        for sentence in unread(libraries.values(), place):
            warn(sentence)
    open_database(url).close()
    with bound(host, port) as listener:
        for other in others:
            if copied := join_state(place, other):
                rows = ", ".join(f"{n:,} {table}" for table, n in copied.items())
                typer.echo(
                    f"{database_file(other)} is copied into {database_file(place)}, "
                    f"which the systems share from now on: {rows}.",
                    err=True,
                )
        typer.echo(f"{address_of(listener)} (Ctrl-C stops it)", err=True)
        run(libraries, url, settings, listener)


_OPTIONS = {"trusted_proxies": "trust_proxy", "systems": "generations"}
"""Options that have another name than the setting."""


def _is_given(context: typer.Context, setting: str) -> bool:
    """Whether an option was given on the command line, or by its own variable."""
    source = context.get_parameter_source(_OPTIONS.get(setting, setting))
    return source is not None and source.name in ("COMMANDLINE", "ENVIRONMENT")
