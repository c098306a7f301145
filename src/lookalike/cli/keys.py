"""``lookalike keys``: keys of the service and their scopes."""

from typing import Annotated

import typer

from lookalike.cli._common import Folder, Json, columns, say
from lookalike.cli._service import DatabaseUrl, State, Where, database_of, lines_of

keys: typer.Typer = typer.Typer(
    no_args_is_help=True, help="Keys of the service: make, list, revoke."
)


@keys.command()
def make(
    name: Annotated[str, typer.Argument(help="Whose key it is.")],
    scope: Annotated[str, typer.Option(help="read, write or admin.")] = "read",
    rate: Annotated[
        float, typer.Option(min=0, help="Requests a second; 0 is the service's.")
    ] = 0.0,
    key: Annotated[
        str | None,
        typer.Option(
            envvar="LOOKALIKE_KEY",
            help="Take this key, which another `keys make` has made. Everybody on this "
            "machine can read a command line: use the variable.",
        ),
    ] = None,
    system: Where = None,
    folder: Folder = None,
    database: DatabaseUrl = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Make a key, and show it this once; or take one that was made elsewhere."""
    with database_of(system, folder, database, state) as (store, about):
        from lookalike.service.database.keys import make as made

        with store.writing() as connection:
            new = made(connection, name, scope, rate, key)
    lines = [new, "Keep it: it is not stored, and cannot be shown again."]
    if key is not None:
        lines = ["The key that was given is good now."]
    answer = {"key": new, "name": name, "scope": scope, **about}
    say(answer, json, [*lines, *lines_of(about)])


@keys.command("list")
def list_(
    system: Where = None,
    folder: Folder = None,
    database: DatabaseUrl = None,
    state: State = None,
    json: Json = False,
) -> None:
    """List every key that was made, without the key itself."""
    with database_of(system, folder, database, state) as (store, about):
        from lookalike.service.database.keys import listed

        with store.reading() as connection:
            found = listed(connection)
    rows = [("id", "scope", "state", "name")]
    rows += [
        (k["id"], k["scope"], "revoked" if k["revoked"] else "good", k["name"])
        for k in found
    ]
    say({"keys": found, **about}, json, columns(rows))


@keys.command()
def revoke(
    id: Annotated[str, typer.Argument(help="The key's id; `keys list` shows it.")],
    system: Where = None,
    folder: Folder = None,
    database: DatabaseUrl = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Make a key invalid, within a second."""
    with database_of(system, folder, database, state) as (store, about):
        from lookalike.service.database.keys import revoke as revoked

        with store.writing() as connection:
            revoked(connection, id)
    say({"revoked": id, **about}, json, [f"Key {id} is revoked.", *lines_of(about)])
