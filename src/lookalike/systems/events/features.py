"""What speaks for a person joining an event, at a moment: one builder for all uses.

Training asks for the rows of a hundred thousand moments of the past, the service for
those of one person now; both go through :meth:`EventFeatures.rows`. Whatever changes
with time comes from a :class:`~lookalike.rank.point_in_time.History`, which knows
nothing of what happened at that moment or later.
"""

from dataclasses import dataclass

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.datasets.events import (
    DAY,
    EventData,
    kilometres,
    weekday,
)
from lookalike.rank.point_in_time import History

FEATURES = (
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

RATE = 0.04  # of lists' events that are joined: where nothing is known yet
PRIOR = 25.0  # shown events that this counts for


@dataclass(frozen=True)
class _Known:
    """What is told of people and events beside their log, ready for products."""

    said: Floats  # (n_people, n_topics), of length 1 or 0
    topics: Floats  # (n_events, n_topics), of length 1 or 0
    shares: Floats  # (n_events, n_topics), adding up to 1 or 0
    price: Floats  # log, 0 where not known
    weekend: Floats  # 1 or -1
    friends: Ints  # how many
    friends_said: Floats  # (n_people, n_topics), mean of their friends, length 1 or 0


@dataclass(frozen=True)
class _Past:
    """What people joined and were shown before their moments, added up by habit."""

    joined: Floats  # (n_rows, n_topics + 3): shares of topics, then the three below
    shown: Floats
    n_joined: Ints
    n_shown: Ints

    def offered(self, column: int) -> Floats:
        """Mean over what was shown to somebody."""
        mean: Floats = self.shown[:, column] / np.maximum(self.n_shown, 1)
        return mean

    def usual(self, column: int) -> Floats:
        """Mean over what somebody joined, and some of what was shown to them."""
        joined = self.joined[:, column]
        mean: Floats = (joined + 2 * self.offered(column)) / (self.n_joined + 2)
        return mean


PRICE, DISTANCE, WEEKEND = -3, -2, -1
"""Columns of a _Past, beside the topics."""


class EventFeatures:
    """Rows of features for people, events and moments.

    Parameters
    ----------
    data : EventData
        Its people, events, friendships and log; what was joined in a list is asked for
        by nobody here.

    Notes
    -----
    The log may reach beyond the moments that are asked about: it makes no difference,
    down to the last digit.
    """

    def __init__(self, data: EventData) -> None:
        self.people, self.events = data.people, data.events
        self._known = known = _known(data)
        joins, shown, invited = data.joins, data.shown, data.invitations
        n_events = len(data.events.ids)
        self._n_hosts = int(data.events.hosts.max(initial=0)) + 1
        hosts = data.events.hosts
        chosen = self._habits(joins.person, joins.event)
        offered = self._habits(shown.person, shown.event)
        who = np.column_stack([known.said, data.people.births])
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
        friend, told = _friends_of(data.friendships, joins.person, len(known.friends))
        self._friends_going = History(
            friend * n_events + joins.event[told], joins.time[told]
        )
        self._friends_joined = History(
            friend, joins.time[told], known.shares[joins.event[told]]
        )
        self._invited = History(invited.person * n_events + invited.event, invited.time)

    def rows(self, person: Ints, event: Ints, moment: Floats) -> Array:
        """Features, float32 (n_rows, n_features), one row for each triple."""
        past = _Past(
            joined=self._joined_by.totals(person, moment),
            shown=self._shown_to.totals(person, moment),
            n_joined=self._joined_by.counts(person, moment),
            n_shown=self._shown_to.counts(person, moment),
        )
        parts = (
            *self._of_taste(person, event, moment, past),
            *self._of_distance(person, event, past),
            *self._of_friends(person, event, moment),
            *self._of_price(event, past),
            *self._of_time(event, moment, past),
            *self._of_age(person, event, moment),
            *self._of_success(person, event, moment, past),
        )
        return np.stack(parts, axis=1).astype(np.float32)

    def _habits(self, person: Ints, event: Ints) -> Floats:
        """What is added up over a person's events: topics, price, distance, weekend."""
        known = self._known
        far = self._far(person, event)
        return np.column_stack(
            [
                known.shares[event],
                known.price[event],
                np.nan_to_num(far),
                known.weekend[event],
            ]
        )

    def _far(self, person: Ints, event: Ints) -> Floats:
        far = kilometres(self.people.places[person], self.events.places[event])
        return np.log1p(far / 4)

    def _of_taste(
        self, person: Ints, event: Ints, moment: Floats, past: _Past
    ) -> tuple[Array, ...]:
        known = self._known
        n = known.shares.shape[1]
        topics, shares = known.topics[event], known.shares[event]
        said = known.said[person]
        joined, shown = past.joined[:, :n], past.shown[:, :n]
        likes = np.log((joined + PRIOR * RATE / n) / (shown * RATE + PRIOR * RATE / n))
        joiners = self._joiners.totals(event, moment)[:, :n]
        return (
            np.sum(said * topics, axis=1),
            np.asarray(~said.any(axis=1)),
            np.sum(_unit(joined) * topics, axis=1),
            np.sum(likes * shares, axis=1),
            np.sum(_unit(joiners) * said, axis=1),
            np.sum(_unit(self._friends_joined.totals(person, moment)) * topics, axis=1),
            np.sum(known.friends_said[person] * topics, axis=1),
        )

    def _of_distance(self, person: Ints, event: Ints, past: _Past) -> tuple[Array, ...]:
        far = self._far(person, event)
        unknown = np.isnan(far)
        usual = past.usual(DISTANCE)
        far = np.where(unknown, usual, far)
        return far, unknown, far - usual

    def _of_friends(
        self, person: Ints, event: Ints, moment: Floats
    ) -> tuple[Array, ...]:
        pair = person * len(self.events.ids) + event
        going = self._friends_going.counts(pair, moment)
        invited = self._invited.counts(pair, moment)
        friends = self._known.friends[person]
        share = going / np.maximum(friends, 1)
        return np.log1p(going), share, np.log1p(friends), np.log1p(invited)

    def _of_price(self, event: Ints, past: _Past) -> tuple[Array, ...]:
        price = self._known.price[event]
        asked = self.events.prices[event]
        usual = past.usual(PRICE)
        thrift = past.offered(PRICE) - usual
        dearer = price - usual
        return price, np.isnan(asked), asked == 0, dearer, thrift, thrift * dearer

    def _of_time(self, event: Ints, moment: Floats, past: _Past) -> tuple[Array, ...]:
        starts = self.events.starts[event]
        hours = np.log(np.maximum((starts - moment) / 3600, 1.0))
        weekend = self._known.weekend[event]
        joined, shown = past.joined[:, WEEKEND], past.shown[:, WEEKEND]
        leaning = joined - past.n_joined * shown / np.maximum(past.n_shown, 1)
        return (
            hours,
            abs(hours - np.log(48)),
            weekend,
            starts % DAY / 3600,
            weekend * leaning / (past.n_joined + 4),
        )

    def _of_age(self, person: Ints, event: Ints, moment: Floats) -> tuple[Array, ...]:
        days = np.maximum(moment - self.people.registered[person], 0) / DAY
        births = self.people.births[person]
        n = self._joiners.counts(event, moment)
        mean = self._joiners.totals(event, moment)[:, -1] / np.maximum(n, 1)
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
        self, person: Ints, event: Ints, moment: Floats, past: _Past
    ) -> tuple[Array, ...]:
        host = self.events.hosts[event]
        joins = self._joiners.counts(event, moment)
        shown = self._shown.counts(event, moment)
        of_host = self._host_joins.counts(host, moment)
        days = np.maximum(moment - self.events.created[event], 0) / DAY
        return (
            np.log1p(joins),
            np.log1p(shown),
            _rate(joins, shown),
            np.log1p(self._joiners.counts(event, moment, moment - DAY)),
            np.log1p(days),
            np.log1p(of_host),
            _rate(of_host, self._host_shown.counts(host, moment)),
            np.log1p(self._own_host.counts(person * self._n_hosts + host, moment)),
            np.log1p(past.n_joined),
            _rate(past.n_joined, past.n_shown),
        )


def _known(data: EventData) -> _Known:
    events = data.events
    total = events.topics.sum(axis=1, keepdims=True)
    n_people = len(data.people.ids)
    said = _unit(data.people.interests)
    a, b = data.friendships.T
    friends_said = np.zeros(said.shape)
    np.add.at(friends_said, a, said[b])
    np.add.at(friends_said, b, said[a])
    return _Known(
        said=said,
        friends_said=_unit(friends_said),
        topics=_unit(events.topics),
        shares=events.topics / np.where(total > 0, total, 1),
        price=np.log1p(np.nan_to_num(events.prices)),
        weekend=np.where(weekday(events.starts) >= 5, 1.0, -1.0),
        friends=np.bincount(data.friendships.ravel(), minlength=n_people),
    )


def _friends_of(friendships: Ints, people: Ints, n_people: int) -> tuple[Ints, Ints]:
    """Everybody's friends, one after the other, and whose friend each is (a place)."""
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


def _unit(rows: Floats) -> Floats:
    length = np.linalg.norm(rows, axis=-1, keepdims=True)
    unit: Floats = rows / np.where(length > 0, length, 1)
    return unit
