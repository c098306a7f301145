"""Features of a user and an event at a point in time: one builder for all uses.

Training needs rows of a hundred thousand times of the past, the service those of one
user now; both go through :meth:`EventFeatures.rows`. Whatever changes with time comes
from a :class:`~lookalike.rank.point_in_time.History`, which counts only what happened
strictly before that time.
"""

from dataclasses import dataclass

import numpy as np

from lookalike._arrays import unit
from lookalike._typing import Array, Floats, Ints
from lookalike.datasets.events import (
    DAY,
    EventData,
    kilometres,
    weekday,
)
from lookalike.rank.point_in_time import History

FEATURE_NAMES = (
    *("taste_said", "says_nothing", "taste_joined", "taste_lift", "alike_joiners"),
    *("taste_of_friends", "friends_say"),
    *("distance", "distance_unknown", "farther_than_usual"),
    *("friends_going", "share_of_friends_going", "friends", "invitations"),
    *("price", "price_unknown", "free", "dearer_than_usual", "thrift", "too_dear"),
    *("hours_until", "hours_from_two_days", "weekend", "hour", "likes_that_day"),
    *("registered", "newly_registered", "age", "older_than_joiners", "age_gap"),
    *("joins", "shown", "join_rate", "joins_of_a_day", "announced"),
    *("joins_of_host", "rate_of_host", "joined_host_before"),
    *("own_joins", "own_rate"),
)
"""Columns of the rows, in their order."""

RATE = 0.04  # of shown events that are joined: where nothing is known yet
PRIOR = 25.0  # shown events that this counts for


@dataclass(frozen=True)
class _Profiles:
    """What users and events are known to be apart from the log."""

    said: Floats  # (n_users, n_topics), of length 1 or 0
    topics: Floats  # (n_events, n_topics), of length 1 or 0
    shares: Floats  # (n_events, n_topics), adding up to 1 or 0
    price: Floats  # log, 0 where not known
    weekend: Floats  # 1 or -1
    friends: Ints  # how many
    friends_said: Floats  # (n_users, n_topics), mean of their friends, length 1 or 0


@dataclass(frozen=True)
class _Past:
    """Totals over what users joined and were shown before the time of their row."""

    joined: Floats  # (n_rows, n_topics + 3): shares of topics, then the three below
    shown: Floats
    n_joined: Ints
    n_shown: Ints

    def offered(self, column: int) -> Floats:
        """Mean over what was shown to the user."""
        mean: Floats = self.shown[:, column] / np.maximum(self.n_shown, 1)
        return mean

    def usual(self, column: int) -> Floats:
        """Mean over what the user joined, and some of what was shown to them."""
        joined = self.joined[:, column]
        mean: Floats = (joined + 2 * self.offered(column)) / (self.n_joined + 2)
        return mean


PRICE, DISTANCE, WEEKEND = -3, -2, -1
"""Columns of a _Past after the topics."""


class EventFeatures:
    """Rows of features for users, events and times.

    Parameters
    ----------
    data : EventData
        Its users, events, friendships and log; whether shown events were joined is not
        read from the lists.

    Notes
    -----
    The log may reach beyond the times of the rows: it makes no difference, to the last
    digit.
    """

    def __init__(self, data: EventData) -> None:
        self.people, self.events = data.people, data.events
        self._profiles = profiles = _profiles(data)
        joins, shown, invited = data.joins, data.shown, data.invitations
        n_events = len(data.events.ids)
        self._n_hosts = int(data.events.hosts.max(initial=0)) + 1
        hosts = data.events.hosts
        chosen = self._habits(joins.person, joins.event)
        offered = self._habits(shown.person, shown.event)
        who = np.column_stack([profiles.said, data.people.births])
        self._joined_by = History(joins.person, joins.time, chosen)
        self._shown_to = History(shown.person, shown.time, offered)
        self._joiners = History(
            joins.event, joins.time, np.nan_to_num(who)[joins.person]
        )
        self._shown = History(shown.event, shown.time)
        self._host_joins = History(hosts[joins.event], joins.time)
        self._host_shown = History(hosts[shown.event], shown.time)
        self._own_host = History(
            joins.person * self._n_hosts + hosts[joins.event], joins.time
        )
        friend, whose = _friends_of(
            data.friendships, joins.person, len(profiles.friends)
        )
        self._friends_going = History(
            friend * n_events + joins.event[whose], joins.time[whose]
        )
        self._friends_joined = History(
            friend, joins.time[whose], profiles.shares[joins.event[whose]]
        )
        self._invited = History(invited.person * n_events + invited.event, invited.time)

    def rows(self, user: Ints, event: Ints, time: Floats) -> Array:
        """Return features, float32 (n_rows, n_features), one row a triple.

        user, event : positions
        time : seconds since 1970
        """
        past = _Past(
            joined=self._joined_by.totals(user, time),
            shown=self._shown_to.totals(user, time),
            n_joined=self._joined_by.counts(user, time),
            n_shown=self._shown_to.counts(user, time),
        )
        parts = (
            *self._of_taste(user, event, time, past),
            *self._of_distance(user, event, past),
            *self._of_friends(user, event, time),
            *self._of_price(event, past),
            *self._of_time(event, time, past),
            *self._of_age(user, event, time),
            *self._of_success(user, event, time, past),
        )
        return np.stack(parts, axis=1).astype(np.float32)

    def _habits(self, user: Ints, event: Ints) -> Floats:
        """What is added up over a user's events: topics, price, distance, weekend."""
        profiles = self._profiles
        far = self._far(user, event)
        return np.column_stack(
            [
                profiles.shares[event],
                profiles.price[event],
                np.nan_to_num(far),
                profiles.weekend[event],
            ]
        )

    def _far(self, user: Ints, event: Ints) -> Floats:
        far = kilometres(self.people.locations[user], self.events.locations[event])
        return np.log1p(far / 4)

    def _of_taste(
        self, user: Ints, event: Ints, time: Floats, past: _Past
    ) -> tuple[Array, ...]:
        profiles = self._profiles
        n = profiles.shares.shape[1]
        topics, shares = profiles.topics[event], profiles.shares[event]
        said = profiles.said[user]
        joined, shown = past.joined[:, :n], past.shown[:, :n]
        likes = np.log((joined + PRIOR * RATE / n) / (shown * RATE + PRIOR * RATE / n))
        joiners = self._joiners.totals(event, time)[:, :n]
        return (
            np.sum(said * topics, axis=1),
            np.asarray(~said.any(axis=1)),
            np.sum(unit(joined) * topics, axis=1),
            np.sum(likes * shares, axis=1),
            np.sum(unit(joiners) * said, axis=1),
            np.sum(unit(self._friends_joined.totals(user, time)) * topics, axis=1),
            np.sum(profiles.friends_said[user] * topics, axis=1),
        )

    def _of_distance(self, user: Ints, event: Ints, past: _Past) -> tuple[Array, ...]:
        far = self._far(user, event)
        unknown = np.isnan(far)
        usual = past.usual(DISTANCE)
        far = np.where(unknown, usual, far)
        return far, unknown, far - usual

    def _of_friends(self, user: Ints, event: Ints, time: Floats) -> tuple[Array, ...]:
        pair = user * len(self.events.ids) + event
        going = self._friends_going.counts(pair, time)
        invited = self._invited.counts(pair, time)
        friends = self._profiles.friends[user]
        share = going / np.maximum(friends, 1)
        return np.log1p(going), share, np.log1p(friends), np.log1p(invited)

    def _of_price(self, event: Ints, past: _Past) -> tuple[Array, ...]:
        price = self._profiles.price[event]
        asked = self.events.prices[event]
        usual = past.usual(PRICE)
        thrift = past.offered(PRICE) - usual
        dearer = price - usual
        return price, np.isnan(asked), asked == 0, dearer, thrift, thrift * dearer

    def _of_time(self, event: Ints, time: Floats, past: _Past) -> tuple[Array, ...]:
        starts = self.events.starts[event]
        hours = np.log(np.maximum((starts - time) / 3600, 1.0))
        weekend = self._profiles.weekend[event]
        joined, shown = past.joined[:, WEEKEND], past.shown[:, WEEKEND]
        leaning = joined - past.n_joined * shown / np.maximum(past.n_shown, 1)
        return (
            hours,
            abs(hours - np.log(48)),
            weekend,
            starts % DAY / 3600,
            weekend * leaning / (past.n_joined + 4),
        )

    def _of_age(self, user: Ints, event: Ints, time: Floats) -> tuple[Array, ...]:
        days = np.maximum(time - self.people.registered[user], 0) / DAY
        births = self.people.births[user]
        n = self._joiners.counts(event, time)
        mean = self._joiners.totals(event, time)[:, -1] / np.maximum(n, 1)
        older = np.where((n > 0) & ~np.isnan(births), mean - births, 0.0)
        age = np.nan_to_num(2026 - births, nan=35)
        return (
            np.log1p(days),
            np.exp(-days / 7),
            age,
            older * n / (n + 3),
            abs(older) * n / (n + 3),
        )

    def _of_success(
        self, user: Ints, event: Ints, time: Floats, past: _Past
    ) -> tuple[Array, ...]:
        host = self.events.hosts[event]
        joins = self._joiners.counts(event, time)
        shown = self._shown.counts(event, time)
        of_host = self._host_joins.counts(host, time)
        days = np.maximum(time - self.events.created[event], 0) / DAY
        return (
            np.log1p(joins),
            np.log1p(shown),
            _rate(joins, shown),
            np.log1p(self._joiners.counts(event, time, time - DAY)),
            np.log1p(days),
            np.log1p(of_host),
            _rate(of_host, self._host_shown.counts(host, time)),
            np.log1p(self._own_host.counts(user * self._n_hosts + host, time)),
            np.log1p(past.n_joined),
            _rate(past.n_joined, past.n_shown),
        )


def _profiles(data: EventData) -> _Profiles:
    events = data.events
    total = events.topics.sum(axis=1, keepdims=True)
    n_people = len(data.people.ids)
    said = unit(data.people.interests)
    a, b = data.friendships.T
    friends_said = np.zeros(said.shape)
    np.add.at(friends_said, a, said[b])
    np.add.at(friends_said, b, said[a])
    return _Profiles(
        said=said,
        friends_said=unit(friends_said),
        topics=unit(events.topics),
        shares=events.topics / np.where(total > 0, total, 1),
        price=np.log1p(np.nan_to_num(events.prices)),
        weekend=np.where(weekday(events.starts) >= 5, 1.0, -1.0),
        friends=np.bincount(data.friendships.ravel(), minlength=n_people),
    )


def _friends_of(friendships: Ints, people: Ints, n_people: int) -> tuple[Ints, Ints]:
    """Friends of each of ``people``, end to end, and the position of whose they are."""
    ends = np.concatenate([friendships, friendships[:, ::-1]])
    ends = ends[np.argsort(ends[:, 0], kind="stable")]
    starts = np.searchsorted(ends[:, 0], np.arange(n_people + 1))
    sizes = (starts[1:] - starts[:-1])[people]
    whose = np.repeat(np.arange(len(people)), sizes)
    within = np.arange(len(whose)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return ends[starts[people][whose] + within, 1], whose


def _rate(joined: Ints, shown: Ints) -> Floats:
    """Logarithm of how often what is shown is joined, beside the usual rate."""
    rate: Floats = np.log((joined + PRIOR * RATE) / (shown + PRIOR) / RATE)
    return rate
