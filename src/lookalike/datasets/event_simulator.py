r"""A small world of events in which the right ranking is known.

People live around a few cities, like a few topics and have friends nearby. Events are
announced, stay open for days and are over: most of what is on offer today was not there
last week. People look at lists of what is open near them, drawn at random, and join an
event with the chance

.. math::

   \operatorname{logit} p = -3.3 + 3.2\, t - 0.8 \ln(1 + d / 4\,km)
      + 0.9 \ln(1 + f) + 1.4\, i - 0.4\, \theta \ln(1 + c)
      - 0.4\, |\ln(h / 48)| + 0.5\, w \omega + 0.6\, e^{-r / 7}
      - 0.03\, |a - A| + 0.25 \ln(1 + j) + q,

with t the cosine of the person's taste and the event's topics, d the distance, f the
friends who have joined by then, i whether somebody has invited them, :math:`\theta` how
thrifty they are, c the price, h the hours until it begins, w and :math:`\omega` whether
it is at a weekend and how much they like that, r the days since they registered, a and
A their age and that of the event's public, j all who have joined, and q how good the
event is. Of these, taste, thrift, the liking of weekends, A and q are in nobody's data:
a recommender must find them out, and cannot quite. Who joins invites some friends.

No ranking can be expected to do better than that by p itself, which is kept.
"""

import hashlib
from dataclasses import dataclass, field
from numbers import Integral

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.datasets.events import (
    DAY,
    EventData,
    EventLog,
    Events,
    Users,
    kilometres,
    weekday,
)

BEGIN = 1_767_571_200.0  # Monday, 5 January 2026
YEAR = 2026
N_TOPICS = 12
CITIES = np.array(
    [[52.52, 13.40], [50.11, 8.68], [48.14, 11.58], [53.55, 9.99], [51.34, 12.37]]
)
NEARBY = 50.0  # km: what is shown
LIST = 30  # events in a list
INVITED = 0.15  # of the friends of who joins
LOOKS = 0.25  # lists a day, for the median person
TEST_SHARE = 0.2  # of the days, at the end


def simulate_events(
    n_people: int = 1500,
    n_events: int = 1600,
    n_days: int = 60,
    random_state: int = 0,
) -> EventData:
    """Let the people of a small world look at events and join some.

    Parameters
    ----------
    n_people, n_events, n_days : int
        How large it is; the last fifth of the days is for testing.
    random_state : int
        The only source of chance.

    Examples
    --------
    >>> data = simulate_events(n_people=60, n_events=80, n_days=20)
    >>> ranked = np.argsort(-data.chance)
    >>> [float(data.joined[rows].mean()) for rows in np.array_split(ranked, 3)]
    [0.051, 0.008, 0.000]
    """
    sizes = {"n_people": n_people, "n_events": n_events, "n_days": n_days}
    for name, size in sizes.items():
        if not isinstance(size, Integral) or size < 10:
            raise ValueError(f"{name} must be at least 10, got {size!r}.")
    settings = f"event_simulator 1 {sorted(sizes.items())} {random_state}"
    rng = np.random.default_rng(random_state)
    world = _World(rng, n_people, n_events, n_days)
    times, people = _looks(rng, world, n_days)
    for time, person in zip(times.tolist(), people.tolist(), strict=True):
        world.show(time, person)
    return EventData(
        name="event_simulator",
        checksum=hashlib.sha256(settings.encode()).hexdigest(),
        people=world.people,
        events=world.events,
        friendships=world.friendships,
        shown=_entries(world.shown),
        lists=np.concatenate(
            [np.full(len(s[2]), n) for n, s in enumerate(world.shown)]
        ),
        joined=np.concatenate(world.joined),
        chance=np.concatenate(world.chance),
        joins=_entries(world.joins),
        invitations=_entries(world.invitations),
        split=BEGIN + round(n_days * (1 - TEST_SHARE)) * DAY,
    )


@dataclass
class _World:
    """What is there, what nobody sees, and what has happened so far."""

    rng: np.random.Generator
    n_people: int
    n_events: int
    n_days: int
    shown: list[tuple[float, int, Ints]] = field(default_factory=list)
    joined: list[Array] = field(default_factory=list)
    chance: list[Floats] = field(default_factory=list)
    joins: list[tuple[float, int, Ints]] = field(default_factory=list)
    invitations: list[tuple[float, int, Ints]] = field(default_factory=list)

    def __post_init__(self) -> None:
        rng, n, m = self.rng, self.n_people, self.n_events
        self.taste = rng.dirichlet(np.full(N_TOPICS, 0.4), n)
        self.thrift = rng.gamma(2, 0.5, n)
        self.likes_weekends = rng.uniform(-1, 1, n)
        city = rng.choice(len(CITIES), n, p=[0.3, 0.2, 0.2, 0.2, 0.1])
        self.people = _draw_people(rng, self.taste, city, self.n_days)
        self.events = _draw_events(rng, m, self.n_days)
        self.public = rng.normal(35, 10, m)
        self.quality = rng.normal(0, 0.4, m)
        self.friendships = _draw_friendships(rng, self.taste, city)
        self.friends: list[list[int]] = [[] for _ in range(n)]
        for a, b in self.friendships.tolist():
            self.friends[a].append(b)
            self.friends[b].append(a)
        self.going = np.zeros((n, m), np.int16)  # friends who have joined
        self.invited = np.zeros((n, m), bool)
        self.has_joined = np.zeros((n, m), bool)
        self.n_joined = np.zeros(m)

    def show(self, time: float, person: int) -> None:
        """Show a person a list, and let them join what they like."""
        events = self.events
        is_open = (events.created <= time) & (time < events.starts)
        found = np.flatnonzero(is_open & ~self.has_joined[person])
        home = self.people.places[person]
        found = found[kilometres(home, events.places[found]) < NEARBY]
        if len(found) < 5:
            return
        found = self.rng.permutation(found)[:LIST]
        chance = self.chances(time, person, found)
        joined = self.rng.random(len(found)) < chance
        self.shown.append((time, person, found))
        self.chance.append(chance)
        self.joined.append(joined)
        for event in found[joined].tolist():
            self._join(time, person, event)

    def chances(self, time: float, person: int, found: Ints) -> Floats:
        """Return the chance that a person joins each of these events now."""
        people, events = self.people, self.events
        taste, topics = self.taste[person], events.topics[found]
        cosine = topics @ taste
        cosine /= np.linalg.norm(topics, axis=1) * np.linalg.norm(taste)
        far = kilometres(people.places[person], events.places[found])
        hours = (events.starts[found] - time) / 3600
        days = max(time - people.registered[person], 0) / DAY
        weekend = np.where(weekday(events.starts[found]) >= 5, 1, -1)
        age = YEAR - people.births[person]
        logit = (
            -3.3
            + 3.2 * cosine
            - 0.8 * np.log1p(far / 4)
            + 0.9 * np.log1p(self.going[person, found])
            + 1.4 * self.invited[person, found]
            - 0.4 * self.thrift[person] * np.log1p(events.prices[found])
            - 0.4 * abs(np.log(np.maximum(hours, 1) / 48))
            + 0.5 * weekend * self.likes_weekends[person]
            + 0.6 * np.exp(-days / 7)
            - 0.03 * abs(age - self.public[found])
            + 0.25 * np.log1p(self.n_joined[found])
            + self.quality[found]
        )
        chances: Floats = 1 / (1 + np.exp(-logit))
        return chances

    def _join(self, time: float, person: int, event: int) -> None:
        friends = np.array(self.friends[person], np.int64)
        self.has_joined[person, event] = True
        self.n_joined[event] += 1
        self.going[friends, event] += 1
        asked = friends[self.rng.random(len(friends)) < INVITED]
        self.invited[asked, event] = True
        self.joins.append((time, person, np.array([event])))
        self.invitations += [(time, friend, np.array([event])) for friend in asked]


def _around(rng: np.random.Generator, city: Ints, spread: float) -> Floats:
    """Places some kilometres from their city's centre, in degrees."""
    north, east = rng.normal(0, spread, (2, len(city)))
    centre = CITIES[city]
    narrow = np.cos(np.radians(centre[:, 0]))
    return centre + np.stack([north, east / narrow], axis=1) / 111.2


def _draw_people(
    rng: np.random.Generator, taste: Floats, city: Ints, n_days: int
) -> Users:
    """Two in five register while we look on; one in five names no interest."""
    n = len(taste)
    later = rng.random(n) < 0.4
    days = np.where(later, rng.uniform(0, n_days, n), -rng.exponential(120, n))
    said = (taste > 0.1) & (rng.random(taste.shape) < 0.8)
    wrong = rng.random(taste.shape) < 0.03
    interests = (said | wrong) & (rng.random((n, 1)) < 0.8)
    return Users(
        ids=np.array([f"u{i}" for i in range(n)]),
        places=_around(rng, city, 8),
        births=np.round(YEAR - np.clip(rng.normal(34, 10, n), 16, 80)),
        registered=BEGIN + days * DAY,
        interests=interests.astype(np.float64),
    )


def _draw_events(rng: np.random.Generator, n: int, n_days: int) -> Events:
    """Begin at a full hour, by day or in the evening, 1 to 21 days after they open."""
    city = rng.choice(len(CITIES), n, p=[0.3, 0.2, 0.2, 0.2, 0.1])
    created = BEGIN + rng.uniform(-10, n_days, n) * DAY
    lead = np.clip(rng.gamma(2, 4, n), 1, 21)
    day = np.floor((created + lead * DAY) / DAY) * DAY
    starts = day + rng.choice([10, 14, 18, 19, 20, 21], n) * 3600.0
    free = rng.random(n) < 0.4
    return Events(
        ids=np.array([f"e{i}" for i in range(n)]),
        places=_around(rng, city, 6),
        topics=rng.dirichlet(np.full(N_TOPICS, 0.25), n),
        prices=np.where(free, 0, np.round(rng.lognormal(2.5, 0.7, n))),
        created=created,
        starts=np.maximum(starts, created + 6 * 3600),
        hosts=rng.integers(max(n // 8, 1), size=n),
    )


def _draw_friendships(rng: np.random.Generator, taste: Floats, city: Ints) -> Ints:
    """About ten friends each, of the same city, likelier of a like taste."""
    pairs: list[Ints] = []
    for place in range(len(CITIES)):
        mine = np.flatnonzero(city == place)
        a, b = np.triu_indices(len(mine), 1)
        if not len(a):
            continue
        alike = np.exp(3 * np.sum(taste[mine[a]] * taste[mine[b]], axis=1))
        chance = np.minimum(alike / alike.sum() * 5 * len(mine), 1)
        drawn = rng.random(len(a)) < chance
        pairs.append(np.stack([mine[a[drawn]], mine[b[drawn]]], axis=1))
    return np.concatenate(pairs)


def _looks(rng: np.random.Generator, world: _World, n_days: int) -> tuple[Floats, Ints]:
    """When who looks at a list: some often, some rarely, hardly anybody at night."""
    rate = LOOKS * rng.lognormal(0, 0.8, world.n_people)
    since = np.maximum(world.people.registered, BEGIN)
    days = (BEGIN + n_days * DAY - since) / DAY
    n_looks = np.maximum(rng.poisson(rate * days), 1)
    person = np.repeat(np.arange(world.n_people), n_looks)
    day = np.floor(rng.uniform(0, days[person]))
    hour = np.clip(rng.normal(16, 4, len(person)), 0.1, 23.9)
    midnight = np.floor(since[person] / DAY) * DAY
    time = np.maximum(midnight + day * DAY + hour * 3600, since[person] + 60)
    order = np.argsort(time, kind="stable")
    return time[order], person[order]


def _entries(groups: list[tuple[float, int, Ints]]) -> EventLog:
    sizes = [len(events) for _, _, events in groups]
    return EventLog(
        np.repeat([time for time, _, _ in groups], sizes).astype(np.float64),
        np.repeat([person for _, person, _ in groups], sizes).astype(np.int64),
        np.concatenate([np.empty(0, np.int64), *(events for _, _, events in groups)]),
    )
