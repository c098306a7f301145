"""Data of event recommendation: people, events, shown lists, joins and invitations."""

from dataclasses import dataclass

import numpy as np

from lookalike._typing import Array, Floats, Ints

DAY = 86_400.0  # seconds
EARTH_RADIUS = 6371.0  # km


@dataclass(frozen=True)
class Users:
    """People, one in each row.

    ids : (n_people,), names
    locations : (n_people, 2), latitude and longitude in degrees; nan where unknown
    births : (n_people,), years; nan where unknown
    registered : (n_people,), seconds since 1970
    interests : (n_people, n_topics), stated interests; 0 where none are stated
    """

    ids: Array
    locations: Floats
    births: Floats
    registered: Floats
    interests: Floats


@dataclass(frozen=True)
class Events:
    """Events, one in each row.

    ids : (n_events,), names
    locations : (n_events, 2), latitude and longitude in degrees; nan where unknown
    topics : (n_events, n_topics), weights of topics, at least 0
    prices : (n_events,), in any currency; 0 is free, nan unknown
    created, starts : (n_events,), seconds since 1970 of announcement and beginning
    hosts : (n_events,), number of the host
    """

    ids: Array
    locations: Floats
    topics: Floats
    prices: Floats
    created: Floats
    starts: Floats
    hosts: Ints


@dataclass(frozen=True)
class EventLog:
    """Entries of a log, one in each row.

    time : (n,), seconds since 1970
    person, event : (n,), rows of :class:`Users` and :class:`Events`
    """

    time: Floats
    person: Ints
    event: Ints

    def __len__(self) -> int:
        return len(self.time)

    def where(self, kept: Array) -> "EventLog":
        """Return some of the entries, by a mask or by rows."""
        return EventLog(self.time[kept], self.person[kept], self.event[kept])


@dataclass(frozen=True)
class EventData:
    """Training and test data of a recommender of events.

    name, checksum : of the files, or of the settings of a simulation
    people, events : see :class:`Users` and :class:`Events`
    friendships : (n_pairs, 2), rows of people
    shown : one entry for each event of each list that was shown, by list
    lists : (n_shown,), number of the list, from 0
    joined : bool (n_shown,), whether the person joined the event from the list
    chance : (n_shown,), true probability of that in a simulation, else nan
    joins, invitations : entries of all people, by time
    split : seconds since 1970; lists from then on are for testing
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


def kilometres(locations: Floats, others: Floats) -> Floats:
    """Return great-circle distances in km, by the haversine formula.

    Parameters
    ----------
    locations, others : arrays of shape (..., 2)
        Latitudes and longitudes in degrees, which broadcast against each other.

    Returns
    -------
    float64 ndarray of the broadcast shape without the last axis

    Examples
    --------
    >>> paris, london = np.array([[48.8566, 2.3522]]), np.array([[51.5074, -0.1278]])
    >>> kilometres(paris, london).round()
    array([344.])
    """
    a, b = np.radians(locations), np.radians(others)
    half = np.sin((b - a) / 2) ** 2
    inside = half[..., 0] + np.cos(a[..., 0]) * np.cos(b[..., 0]) * half[..., 1]
    distance: Floats = 2 * EARTH_RADIUS * np.arcsin(np.sqrt(np.clip(inside, 0, 1)))
    return distance


def weekday(times: Floats) -> Ints:
    """Return the days of the week of seconds since 1970, from Monday (0) to Sunday (6).

    Examples
    --------
    >>> weekday(np.array([0.0, 4 * DAY]))  # 1970 began on a Thursday
    array([3, 0])
    """
    return ((times // DAY + 3) % 7).astype(np.int64)
