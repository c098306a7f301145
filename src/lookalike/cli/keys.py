"""``lookalike keys``: keys of the service and their scopes."""

from typing import Annotated

import typer

from lookalike.cli._common import Json, columns, say
from lookalike.cli._service import DatabaseUrl, Location, State, Where

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
    system: Where = "digits",
    database: DatabaseUrl = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Make a key, and show it this once."""
    with Location(system, database, state) as where:
        from lookalike.service.database.keys import make as made

        with where.database.writing() as connection:
            key = made(connection, name, scope, rate)
    lines = [key, "Keep it: it is not stored, and cannot be shown again."]
    say({"key": key, "name": name, "scope": scope}, json, lines)


@keys.command("list")
def list_(
    system: Where = "digits",
    database: DatabaseUrl = None,
    state: State = None,
    json: Json = False,
) -> None:
    """List every key that was made, without the key itself."""
    with Location(system, database, state) as where:
        from lookalike.service.database.keys import listed

        with where.database.reading() as connection:
            found = listed(connection)
    rows = [("id", "scope", "state", "name")]
    rows += [
        (k["id"], k["scope"], "revoked" if k["revoked"] else "good", k["name"])
        for k in found
    ]
    say({"keys": found}, json, columns(rows))


@keys.command()
def revoke(
    id: Annotated[str, typer.Argument(help="The key's id; `keys list` shows it.")],
    system: Where = "digits",
    database: DatabaseUrl = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Make a key invalid, within a second."""
    with Location(system, database, state) as where:
        from lookalike.service.database.keys import revoke as revoked

        with where.database.writing() as connection:
            revoked(connection, id)
    say({"revoked": id}, json, [f"Key {id} is revoked."])
