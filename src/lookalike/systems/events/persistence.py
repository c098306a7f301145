"""Event data as arrays: what a generation keeps of it."""

from collections.abc import Mapping

import numpy as np

from lookalike._typing import Array
from lookalike.datasets.events import EventData, EventLog, Events, Users

PEOPLE = ("ids", "locations", "births", "registered", "interests")
EVENTS = ("ids", "locations", "topics", "prices", "created", "starts", "hosts")
LOGS = ("shown", "joins", "invitations")
LOG = ("time", "person", "event")


def arrays_of(data: EventData) -> dict[str, Array]:
    """Return everything that answers need, by name, without the true probabilities."""
    return {
        **{f"people.{name}": getattr(data.people, name) for name in PEOPLE},
        **{f"events.{name}": getattr(data.events, name) for name in EVENTS},
        **{
            f"{log}.{name}": getattr(getattr(data, log), name)
            for log in LOGS
            for name in LOG
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
    people = Users(*(np.asarray(arrays[f"people.{n}"]) for n in PEOPLE))
    events = Events(*(np.asarray(arrays[f"events.{n}"]) for n in EVENTS))
    logs = {
        log: EventLog(*(np.asarray(arrays[f"{log}.{n}"]) for n in LOG)) for log in LOGS
    }
    n_people, n_events = len(people.ids), len(events.ids)
    for each in (people, events):
        if any(len(column) != len(each.ids) for column in vars(each).values()):
            raise ValueError("its people or its events are not whole.")
    positions = [(arrays["friendships"], n_people)]
    for log in logs.values():
        positions += [(log.person, n_people), (log.event, n_events)]
        if not len(log.time) == len(log.person) == len(log.event):
            raise ValueError("its log is not whole.")
    for position, n in positions:
        if position.size and not 0 <= position.min() <= position.max() < n:
            raise ValueError("its log is not that of its people and events.")
    n_shown = len(logs["shown"])
    if len(arrays["lists"]) != n_shown or len(arrays["joined"]) != n_shown:
        raise ValueError("its lists are not whole.")
    return EventData(
        name=name,
        checksum=checksum,
        people=people,
        events=events,
        friendships=np.asarray(arrays["friendships"]),
        lists=np.asarray(arrays["lists"]),
        joined=np.asarray(arrays["joined"]),
        chance=np.full(n_shown, np.nan),
        split=float(arrays["split"][0]),
        **logs,
    )
