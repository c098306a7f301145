"""Options that say how a log of one's own is read: the same for every verb."""

from typing import Annotated, Any

import typer

Items = Annotated[str | None, typer.Option(help="For a log: the table of its items.")]
Users = Annotated[str | None, typer.Option(help="For a log: the table of its users.")]
UserColumn = Annotated[
    str | None, typer.Option("--user", help="For a log: the column of users.")
]
ItemColumn = Annotated[
    str | None, typer.Option("--item", help="For a log: the column of items.")
]
TimeColumn = Annotated[
    str | None, typer.Option("--time", help="For a log: the column of times.")
]
ValueColumn = Annotated[
    str | None,
    typer.Option("--value", help="For a log: the column of ratings or amounts."),
]
EventColumn = Annotated[
    str | None, typer.Option("--event", help="For a log: the column of event kinds.")
]


def data_options(
    items: str | None,
    users: str | None,
    user: str | None,
    item: str | None,
    time: str | None,
    value: str | None,
    event: str | None,
) -> dict[str, Any]:
    """Return the options that were given, by the names of ``own_data_options``."""
    given = {
        "items": items,
        "users": users,
        "user": user,
        "item": item,
        "time": time,
        "value": value,
        "event": event,
    }
    return {name: value for name, value in given.items() if value is not None}
