"""Event data as arrays: what a generation keeps of it."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from lookalike._typing import Array
from lookalike.datasets.events import EventData, EventLog, Events, Users

LOGS = ("shown", "joins", "invitations")
TABLES: dict[str, Any] = {
    "people": Users,
    "events": Events,
    **dict.fromkeys(LOGS, EventLog),
}
"""By the name in the data: a dataclass whose fields are columns."""


def arrays_of(data: EventData) -> dict[str, Array]:
    """Return everything that answers need, by name, without the true probabilities."""
    return {
        **{
            f"{table}.{name}": column
            for table in TABLES
            for name, column in vars(getattr(data, table)).items()
        },
        "friendships": data.friendships,
        "lists": data.lists,
        "joined": data.joined,
        "split": np.array([data.split]),
    }


def data_of(arrays: Mapping[str, Array], name: str, checksum: str) -> EventData:
    """Return the data that these arrays were taken from.

    Raises
    ------
    ValueError
        If they do not fit each other.
    """
    tables = {
        table: kind(*(np.asarray(arrays[f"{table}.{c.name}"]) for c in fields(kind)))
        for table, kind in TABLES.items()
    }
    for table, each in tables.items():
        if len(set(map(len, vars(each).values()))) != 1:
            what = "log is" if table in LOGS else "people or its events are"
            raise ValueError(f"its {what} not whole.")
    n_people, n_events = len(tables["people"].ids), len(tables["events"].ids)
    positions = [(arrays["friendships"], n_people)]
    for log in LOGS:
        positions += [(tables[log].person, n_people), (tables[log].event, n_events)]
    for position, n in positions:
        if position.size and not 0 <= position.min() <= position.max() < n:
            raise ValueError("its log is not that of its people and events.")
    n_shown = len(tables["shown"])
    if len(arrays["lists"]) != n_shown or len(arrays["joined"]) != n_shown:
        raise ValueError("its lists are not whole.")
    return EventData(
        name=name,
        checksum=checksum,
        friendships=np.asarray(arrays["friendships"]),
        lists=np.asarray(arrays["lists"]),
        joined=np.asarray(arrays["joined"]),
        chance=np.full(n_shown, np.nan),
        split=float(arrays["split"][0]),
        **tables,
    )
