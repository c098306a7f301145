"""What is known of a user and a post at a moment, as numbers for the heads.

Each key, such as a user, an author, or both together, has the share with which each
action was taken so far, of the places that are expected to have been looked at,
shrunken towards that of all; the mean logarithm of the time; and how many looks there
were. Training asks for the moment of each impression, serving for now, by the same
formula.
"""

from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.special import logit

from lookalike._typing import Array, Floats, Ints
from lookalike.datasets.feed_log import DWELL, FeedLog, Posts
from lookalike.rank.point_in_time import History

SMOOTH = 10.0  # impressions that the share of all counts for beside a key's own
DAY, HOUR = 86_400.0, 3600.0
EXAMINED = "examined, logarithm"
SHOWN_TODAY = "shown of the author today, logarithm"
STRIDE = 2**31  # between the keys of two users: more authors may come, and topics
KEYS = ("user", "author", "post", "user and author", "user and topic")


@dataclass(frozen=True)
class Totals:
    """Sums of some keys: how often each head's answer was known, and its answers.

    known, summed : float64 (n, n_heads)
    """

    known: Floats
    summed: Floats

    def take(self, at: Ints) -> "Totals":
        """Return some of the keys, (m,); -1 is one of which nothing is known."""
        lost = (at < 0)[:, None]
        if not len(self.known):
            none = np.zeros((len(at), self.known.shape[1]))
            return Totals(none, none)
        parts = (np.where(lost, 0.0, each[at]) for each in (self.known, self.summed))
        return Totals(*parts)


class FeedCounts:
    """Counts of a log, at any moment.

    Parameters
    ----------
    log : FeedLog
    rows : bool (n,)
        That are counted.
    looks : (n,)
        How likely the place of each impression is looked at.
    base : (n_heads,), optional
        Shares of all; None is those of the counted rows.

    Attributes
    ----------
    heads : list of str
    base : (n_heads,)
    names : list of str
        Of the columns of ``features``.
    """

    def __init__(
        self, log: FeedLog, rows: Array, looks: Floats, base: Floats | None = None
    ) -> None:
        self.heads = log.heads
        answers = np.column_stack([log.labels(head)[rows] for head in self.heads])
        known = np.isfinite(answers)
        # A time is known of every place; an action can follow a look alone.
        weight = [
            np.ones(len(known)) if head == DWELL else looks[rows] for head in self.heads
        ]
        counted = known * np.column_stack(weight)
        values = np.hstack([counted, np.where(known, answers, 0.0)])
        sums = values.sum(axis=0)
        n = len(self.heads)
        if base is None:
            base = (sums[n:] + 0.5) / (sums[:n] + 1.0)
        self.base = np.asarray(base, np.float64)
        self._posts = log.posts
        user, post, time = log.user[rows], log.post[rows], log.time[rows]
        self._codes = self._keys(user, post)
        self._histories = [History(key, time, values) for key in self._codes]
        author = self._codes[3]
        # A list is one moment: a place further down is later by a thousandth second.
        self._begin = float(log.time.min(initial=0.0))
        self._shown = History(author, time - self._begin + log.place[rows] * 1e-3)
        matrix = np.unique(log.follows[:, 0] * STRIDE + log.follows[:, 1])
        self._follows = matrix
        self._now: list[tuple[Ints, Totals, Array]] | None = None

    def with_posts(self, posts: Posts) -> Self:
        """Return the same counts, of more posts; those of the log come first."""
        found = copy(self)
        found._posts = posts
        return found

    @property
    def names(self) -> list[str]:
        """Of the columns of ``features``."""
        counted = [
            f"{key}: {what} so far" for key in KEYS for what in (*self.heads, "shown")
        ]
        return [
            *counted,
            *("hours old", "follows", SHOWN_TODAY),
            *("hour, sine", "hour, cosine", EXAMINED),
            *self._posts.numbers,
        ]

    def features(
        self, user: Ints, post: Ints, time: Floats, place: Ints, examined: Floats
    ) -> Array:
        """Return what was known before each moment, float32 (n, n_features).

        place : of the impressions; posts above in the same list count as shown today
        """
        every = (
            self._counted(self._split(history.totals(key, time)))
            for history, key in zip(
                self._histories, self._keys(user, post), strict=True
            )
        )
        before = self.shown_today(user, self._posts.author[post], time, place)
        return self._table(every, user, post, time, before, examined)

    def shown_today(
        self, user: Ints, author: Ints, time: Floats, place: Ints | int = 0
    ) -> Ints:
        """Posts of authors that users were shown in the day before, (n,)."""
        moment = time - self._begin + np.asarray(place) * 1e-3
        key = user * STRIDE + author
        return self._shown.counts(key, moment, moment - DAY)

    def features_now(
        self,
        user: int,
        post: Ints,
        time: float,
        more: "Totals | None" = None,
        more_of: Mapping[str, tuple[Ints, Totals]] | None = None,
    ) -> Array:
        """Return the same of one user, at the end of the log, all places examined.

        user : -1 is one of whom nothing is known
        more : what the user did since, over everything, (1, n_heads)
        more_of : the same by "author" or "topic", with the positions of each
        """
        n = len(post)
        every = []
        mine = np.full(n, user)
        keys = self._keys(mine, post)
        for name, key, (codes, totals, table) in zip(KEYS, keys, self.now, strict=True):
            at = np.searchsorted(codes, key)
            at[at == len(codes)] = -1
            at[codes[at] != key] = -1  # the last line of a table is of what is unknown
            if user < 0 and name.startswith("user"):
                at[:] = -1
            if more is None or not name.startswith("user"):
                every.append(table[at])
                continue
            found = self._with_more(name, totals.take(at), post, more, more_of or {})
            every.append(self._counted(found))
        before = np.zeros(n, np.int64)
        if user >= 0:
            author, where = np.unique(self._posts.author[post], return_inverse=True)
            own = np.full(len(author), user)
            before = self.shown_today(own, author, np.full(len(author), time))[where]
        whole = np.full(n, time)
        return self._table(every, mine, post, whole, before, np.ones(n))

    @property
    def now(self) -> list[tuple[Ints, Totals, Array]]:
        """Keys, in order, and their totals and columns at the end of the log."""
        if self._now is None:
            self._now = []
            for codes, history in zip(self._codes, self._histories, strict=True):
                distinct = np.unique(codes)
                late = np.full(len(distinct), np.inf)
                totals = self._split(history.totals(distinct, late))
                nothing = totals.take(np.array([-1]))
                columns = np.vstack([self._counted(totals), self._counted(nothing)])
                self._now.append((distinct, totals, columns))
        return self._now

    def rates(self, X: Array, key: str) -> Floats:
        """Return what a key's columns say of each head: log-odds, or the mean."""
        first = KEYS.index(key) * (len(self.heads) + 1)
        found: Floats = X[:, first : first + len(self.heads)].astype(np.float64)
        return found

    def base_rates(self) -> Floats:
        """Return the same of all together, (n_heads,)."""
        return self._shrunken(Totals(*np.zeros((2, 1, len(self.heads)))))[0]

    # --- inside -----------------------------------------------------------------------

    def _keys(self, user: Ints, post: Ints) -> list[Ints]:
        author, topic = self._posts.author[post], self._posts.topic[post]
        return [
            *(user, author, post),
            user * STRIDE + author,
            user * STRIDE + topic,
        ]

    def _split(self, totals: Floats) -> Totals:
        n = len(self.heads)
        return Totals(totals[:, :n], totals[:, n:])

    def _shrunken(self, totals: Totals) -> Floats:
        rate = (totals.summed + SMOOTH * self.base) / (totals.known + SMOOTH)
        found = rate.copy()
        for at, head in enumerate(self.heads):
            if head != DWELL:
                found[:, at] = logit(np.clip(rate[:, at], 1e-6, 0.999))
        return found

    def _counted(self, totals: Totals) -> Array:
        """The columns of some keys, float32 (n, n_heads + 1)."""
        n = np.log1p(totals.known.max(axis=1, initial=0.0))
        return np.column_stack([self._shrunken(totals), n]).astype(np.float32)

    def _with_more(
        self,
        name: str,
        found: Totals,
        post: Ints,
        more: Totals | None,
        more_of: Mapping[str, tuple[Ints, Totals]],
    ) -> Totals:
        """Add what a user did since the log ended."""
        if name == "user" and more is not None:
            return Totals(found.known + more.known, found.summed + more.summed)
        part = name.removeprefix("user and ")
        if part == name or part not in more_of:
            return found
        positions, totals = more_of[part]
        own = self._posts.author[post] if part == "author" else self._posts.topic[post]
        at = np.searchsorted(positions, own)
        there = at < len(positions)
        there[there] = positions[at[there]] == own[there]
        added = totals.take(np.where(there, at, -1))
        return Totals(found.known + added.known, found.summed + added.summed)

    def _table(
        self,
        every: Iterable[Array],
        user: Ints,
        post: Ints,
        time: Floats,
        before: Ints,
        examined: Floats,
    ) -> Array:
        n = len(user)
        out = np.empty((n, len(self.names)), np.float32)
        width = len(self.heads) + 1
        at = 0
        for columns in every:
            out[:, at : at + width] = columns
            at += width
        posts = self._posts
        hour = time % DAY / HOUR / 24 * 2 * np.pi
        key = user * STRIDE + posts.author[post]
        age = np.maximum(time - posts.created[post], 0.0) / HOUR
        more = (
            *(np.log1p(age), _is_in(self._follows, key), np.log1p(before)),
            *(np.sin(hour), np.cos(hour), np.log(examined)),
            *(column[post] for column in posts.numbers.values()),
        )
        for offset, column in enumerate(more):
            out[:, at + offset] = column
        return np.nan_to_num(out)


def _is_in(ordered: Ints, values: Ints) -> Array:
    """Return which values are in an array that is in order, bool (n,)."""
    if not len(ordered):
        return np.zeros(len(values), bool)
    at = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
    return ordered[at] == values
