r"""A simulation of events and of the people who join them.

People live around a few cities, like a few topics and have friends nearby. Events are
announced, stay open for days and end, so that most open events are new. People are
shown random lists of open events near them, and join an event with the probability

.. math::

   \operatorname{logit} p = -3.3 + 3.2\, t - 0.8 \ln(1 + d / 4\,km)
      + 0.9 \ln(1 + f) + 1.4\, i - 0.4\, \theta \ln(1 + c)
      - 0.4\, |\ln(h / 48)| + 0.5\, w \omega + 0.6\, e^{-r / 7}
      - 0.03\, |a - A| + 0.25 \ln(1 + j) + q,

with t the cosine between the taste of the person and the topics of the event, d the
distance, f the number of friends who have joined so far, i whether a friend has invited
the person, :math:`\theta` the thrift of the person, c the price, h the hours until the
event begins, w whether it is at a weekend (1 or -1), :math:`\omega` how much the person
likes weekends, r the days since the person registered, a the age of the person, A the
age of the public of the event, j the number of people who have joined, and q the
quality of the event. Taste, :math:`\theta`, :math:`\omega`, A and q are latent: they
are not in the data and must be inferred. A person who joins invites some friends.

The expected quality of the ranking by p is an upper bound, so p is kept in the data.
"""

import hashlib
from dataclasses import dataclass, field

import numpy as np

from lookalike._checks import check_whole
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
MAX_DISTANCE = 50.0  # km, of shown events
LIST_LENGTH = 30  # events
INVITED_SHARE = 0.15  # of the friends of a person who joins
LISTS_PER_DAY = 0.25  # of the median person
TEST_SHARE = 0.2  # of the days, at the end


def simulate_events(
    n_people: int = 1500,
    n_events: int = 1600,
    n_days: int = 60,
    random_state: int = 0,
) -> EventData:
    """Simulate people who are shown events and join some of them.

    Parameters
    ----------
    n_people, n_events, n_days : int
        At least 10 each. The last fifth of the days is for testing.
    random_state : int
        Seed; the same arguments give the same data.

    Raises
    ------
    ValueError
        If a size is not a whole number of at least 10, or if nobody is shown a list,
        as in a world of too few events.

    Notes
    -----
    Memory is O(n_people * n_events).

    Examples
    --------
    >>> data = simulate_events(n_people=60, n_events=80, n_days=20)
    >>> ranked = np.argsort(-data.chance)
    >>> [float(data.joined[rows].mean()) for rows in np.array_split(ranked, 3)]
    [0.051, 0.008, 0.000]
    """
    sizes = {"n_people": n_people, "n_events": n_events, "n_days": n_days}
    for name, size in sizes.items():
        check_whole(name, size, least=10)
    settings = f"event_simulator 1 {sorted(sizes.items())} {random_state}"
    rng = np.random.default_rng(random_state)
    simulator = EventSimulator(rng, n_people, n_events, n_days)
    times, people = _draw_visits(simulator)
    for time, person in zip(times.tolist(), people.tolist(), strict=True):
        simulator.show(time, person)
    if not simulator.shown:
        raise ValueError(
            "In this simulation nobody was shown a list: expected more events, people "
            f"or days, got {n_events}, {n_people} and {n_days}."
        )
    return EventData(
        name="event_simulator",
        checksum=hashlib.sha256(settings.encode()).hexdigest(),
        people=simulator.people,
        events=simulator.events,
        friendships=simulator.friendships,
        shown=_entries(simulator.shown),
        lists=np.concatenate(
            [np.full(len(s[2]), n) for n, s in enumerate(simulator.shown)]
        ),
        joined=np.concatenate(simulator.joined),
        chance=np.concatenate(simulator.chance),
        joins=_entries(simulator.joins),
        invitations=_entries(simulator.invitations),
        split=BEGIN + round(n_days * (1 - TEST_SHARE)) * DAY,
    )


@dataclass
class EventSimulator:
    """The state of a simulation: observed data, latent variables and the log so far.

    people, events, friendships : observed, as in :class:`EventData`
    taste : latent, (n_people, n_topics), rows sum to 1
    thrift, likes_weekends : latent, (n_people,)
    public, quality : latent, (n_events,), mean age of the public, and quality
    going : int (n_people, n_events), number of friends who have joined
    invited, has_joined : bool (n_people, n_events)
    n_joined : (n_events,)
    shown, joins, invitations : time, person and events of each entry so far
    joined, chance : of each shown list, whether its events were joined, and with which
        probability
    """

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
        self.going = np.zeros((n, m), np.int16)
        self.invited = np.zeros((n, m), bool)
        self.has_joined = np.zeros((n, m), bool)
        self.n_joined = np.zeros(m)

    def show(self, time: float, person: int) -> None:
        """Show a random list to a person, and draw which events they join."""
        events = self.events
        is_open = (events.created <= time) & (time < events.starts)
        candidates = np.flatnonzero(is_open & ~self.has_joined[person])
        distance = kilometres(
            self.people.locations[person], events.locations[candidates]
        )
        candidates = candidates[distance < MAX_DISTANCE]
        if len(candidates) < 5:
            return
        shown = self.rng.permutation(candidates)[:LIST_LENGTH]
        chance = self.chances(time, person, shown)
        joined = self.rng.random(len(shown)) < chance
        self.shown.append((time, person, shown))
        self.chance.append(chance)
        self.joined.append(joined)
        for event in shown[joined].tolist():
            self._join(time, person, event)

    def chances(self, time: float, person: int, shown: Ints) -> Floats:
        """Return the probability that a person joins each of these events now, (n,)."""
        people, events = self.people, self.events
        taste, topics = self.taste[person], events.topics[shown]
        cosine = topics @ taste
        cosine /= np.linalg.norm(topics, axis=1) * np.linalg.norm(taste)
        distance = kilometres(people.locations[person], events.locations[shown])
        hours = (events.starts[shown] - time) / 3600
        days = max(time - people.registered[person], 0) / DAY
        weekend = np.where(weekday(events.starts[shown]) >= 5, 1, -1)
        age = YEAR - people.births[person]
        logit = (
            -3.3
            + 3.2 * cosine
            - 0.8 * np.log1p(distance / 4)
            + 0.9 * np.log1p(self.going[person, shown])
            + 1.4 * self.invited[person, shown]
            - 0.4 * self.thrift[person] * np.log1p(events.prices[shown])
            - 0.4 * abs(np.log(np.maximum(hours, 1) / 48))
            + 0.5 * weekend * self.likes_weekends[person]
            + 0.6 * np.exp(-days / 7)
            - 0.03 * abs(age - self.public[shown])
            + 0.25 * np.log1p(self.n_joined[shown])
            + self.quality[shown]
        )
        chances: Floats = 1 / (1 + np.exp(-logit))
        return chances

    def _join(self, time: float, person: int, event: int) -> None:
        friends = np.array(self.friends[person], np.int64)
        self.has_joined[person, event] = True
        self.n_joined[event] += 1
        self.going[friends, event] += 1
        invited = friends[self.rng.random(len(friends)) < INVITED_SHARE]
        self.invited[invited, event] = True
        self.joins.append((time, person, np.array([event])))
        self.invitations += [(time, friend, np.array([event])) for friend in invited]


def _around(rng: np.random.Generator, city: Ints, spread: float) -> Floats:
    """Draw locations around the centres of cities, (n, 2) in degrees.

    spread : standard deviation in km, in each direction
    """
    north, east = rng.normal(0, spread, (2, len(city)))
    centre = CITIES[city]
    # A degree of latitude is 111.2 km, a degree of longitude less.
    shrinkage = np.cos(np.radians(centre[:, 0]))
    return centre + np.stack([north, east / shrinkage], axis=1) / 111.2


def _draw_people(
    rng: np.random.Generator, taste: Floats, city: Ints, n_days: int
) -> Users:
    """Draw people: 40% register during the simulation, 20% state no interests."""
    n = len(taste)
    later = rng.random(n) < 0.4
    days = np.where(later, rng.uniform(0, n_days, n), -rng.exponential(120, n))
    stated = (taste > 0.1) & (rng.random(taste.shape) < 0.8)
    wrong = rng.random(taste.shape) < 0.03
    interests = (stated | wrong) & (rng.random((n, 1)) < 0.8)
    return Users(
        ids=np.array([f"u{i}" for i in range(n)]),
        locations=_around(rng, city, 8),
        births=np.round(YEAR - np.clip(rng.normal(34, 10, n), 16, 80)),
        registered=BEGIN + days * DAY,
        interests=interests.astype(np.float64),
    )


def _draw_events(rng: np.random.Generator, n: int, n_days: int) -> Events:
    """Draw events, which begin at a full hour 1 to 21 days after their announcement."""
    city = rng.choice(len(CITIES), n, p=[0.3, 0.2, 0.2, 0.2, 0.1])
    created = BEGIN + rng.uniform(-10, n_days, n) * DAY
    lead = np.clip(rng.gamma(2, 4, n), 1, 21)
    day = np.floor((created + lead * DAY) / DAY) * DAY
    starts = day + rng.choice([10, 14, 18, 19, 20, 21], n) * 3600.0
    free = rng.random(n) < 0.4
    return Events(
        ids=np.array([f"e{i}" for i in range(n)]),
        locations=_around(rng, city, 6),
        topics=rng.dirichlet(np.full(N_TOPICS, 0.25), n),
        prices=np.where(free, 0, np.round(rng.lognormal(2.5, 0.7, n))),
        created=created,
        starts=np.maximum(starts, created + 6 * 3600),
        hosts=rng.integers(max(n // 8, 1), size=n),
    )


def _draw_friendships(rng: np.random.Generator, taste: Floats, city: Ints) -> Ints:
    """Draw about ten friends each, of the same city, more often of similar taste."""
    pairs: list[Ints] = []
    for number in range(len(CITIES)):
        mine = np.flatnonzero(city == number)
        a, b = np.triu_indices(len(mine), 1)
        if not len(a):
            continue
        affinity = np.exp(3 * np.sum(taste[mine[a]] * taste[mine[b]], axis=1))
        chance = np.minimum(affinity / affinity.sum() * 5 * len(mine), 1)
        drawn = rng.random(len(a)) < chance
        pairs.append(np.stack([mine[a[drawn]], mine[b[drawn]]], axis=1))
    return np.concatenate(pairs)


def _draw_visits(simulator: EventSimulator) -> tuple[Floats, Ints]:
    """Draw the times at which lists are shown, and to whom, both (n,), by time.

    Rates differ between people; most visits are by day.
    """
    rng = simulator.rng
    rate = LISTS_PER_DAY * rng.lognormal(0, 0.8, simulator.n_people)
    since = np.maximum(simulator.people.registered, BEGIN)
    days = (BEGIN + simulator.n_days * DAY - since) / DAY
    n_visits = np.maximum(rng.poisson(rate * days), 1)
    person = np.repeat(np.arange(simulator.n_people), n_visits)
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
