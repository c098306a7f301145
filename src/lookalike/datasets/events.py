"""Events that people may join: who, what, where, when, and what was shown to whom."""

from dataclasses import dataclass

import numpy as np

from lookalike._typing import Array, Floats, Ints

DAY = 86_400.0  # seconds
EARTH = 6371.0  # km


@dataclass(frozen=True)
class Users:
    """People, one a row. Times are seconds since 1970, places degrees.

    ids : names
    places : (n_people, 2), latitude and longitude; nan where not known
    births : years; nan where not known
    registered : times
    interests : (n_people, n_topics), what they say they like; 0 where they do not say
    """

    ids: Array
    places: Floats
    births: Floats
    registered: Floats
    interests: Floats


@dataclass(frozen=True)
class Events:
    """Events, one a row.

    ids : names
    places : (n_events, 2), latitude and longitude; nan where not known
    topics : (n_events, n_topics), what they are about, at least 0
    prices : in any currency; 0 is free, nan not known
    created, starts : times at which they are announced, and begin
    hosts : whole numbers, one a host
    """

    ids: Array
    places: Floats
    topics: Floats
    prices: Floats
    created: Floats
    starts: Floats
    hosts: Ints


@dataclass(frozen=True)
class EventLog:
    """Things that happened, one a row: when, to whom, with which event."""

    time: Floats
    person: Ints
    event: Ints

    def __len__(self) -> int:
        return len(self.time)

    def where(self, kept: Array) -> "EventLog":
        """Return some of them."""
        return EventLog(self.time[kept], self.person[kept], self.event[kept])


@dataclass(frozen=True)
class EventData:
    """What a recommender of events learns from, and is measured on.

    name, checksum : of the files, or of the settings of a simulation
    people, events : see above
    friendships : (n_pairs, 2), places among people
    shown : one row for each event in each list that somebody saw, by list
    lists : (n_shown,), the number of the list, from 0
    joined : (n_shown,), bool, whether they joined then
    chance : (n_shown,), the true chance of that where a simulation knows it, or nan
    joins, invitations : entries of everybody, in the order of their times
    split : lists shown from then on are for testing
    """

    name: str
    checksum: str
    people: Users
    events: Events
    friendships: Ints
    shown: EventLog
    lists: Ints
    joined: Array
    chance: Floats
    joins: EventLog
    invitations: EventLog
    split: float


def kilometres(places: Floats, others: Floats) -> Floats:
    """Great-circle distance between rows of latitudes and longitudes in degrees.

    Examples
    --------
    >>> paris, london = np.array([[48.8566, 2.3522]]), np.array([[51.5074, -0.1278]])
    >>> kilometres(paris, london).round()
    array([344.])
    """
    a, b = np.radians(places), np.radians(others)
    half = np.sin((b - a) / 2) ** 2
    inside = half[..., 0] + np.cos(a[..., 0]) * np.cos(b[..., 0]) * half[..., 1]
    distance: Floats = 2 * EARTH * np.arcsin(np.sqrt(np.clip(inside, 0, 1)))
    return distance


def weekday(times: Floats) -> Ints:
    """Days from Monday, 0 to 6.

    Examples
    --------
    >>> weekday(np.array([0.0, 4 * DAY]))  # 1970 began on a Thursday
    array([3, 0])
    """
    return ((times // DAY + 3) % 7).astype(np.int64)
