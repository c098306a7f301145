"""Impressions of ads: who was shown what and when, what was known, and who clicked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from lookalike._typing import Array, Floats, Ints

USER, AD, ADVERTISER = "user", "ad", "advertiser"
"""Names of the columns of ids."""


@dataclass(frozen=True)
class ClickUsers:
    """Who is shown ads.

    ids : str (n_users,)
    columns : what is known of each, (n_users,): float64, or str; lists with "|" between
    """

    ids: Array
    columns: Mapping[str, Array] = field(default_factory=dict)


@dataclass(frozen=True)
class Ads:
    """What is shown.

    ids : str (n_ads,)
    advertiser : str (n_ads,)
    bid : float64 (n_ads,), what a click is worth to the advertiser, at least 0
    budget : float64 (n_ads,), of a day; inf without a limit
    targeting : str (n_ads,), see ``lookalike.rank.targeting_rules``; "" is everybody
    columns : what is known of each, (n_ads,)
    """

    ids: Array
    advertiser: Array
    bid: Floats
    budget: Floats
    targeting: Array
    columns: Mapping[str, Array] = field(default_factory=dict)


@dataclass(frozen=True)
class ClickLog:
    """Impressions in the order of time, one a row.

    users, ads : who, and what
    user, ad : int64 (n,), positions in them
    time : float64 (n,), seconds since 1970
    clicked : int64 (n,), 0 or 1
    is_test : bool (n,), whether the row is for testing
    context : what else was known of the moment, (n,) each, such as the hour
    kinds : of the columns that count: "category", "number", "tags" or "text"
    crosses : pairs of columns whose product counts
    counted : columns whose values together are a key that is counted
    by_user : whether the rows for testing are the last of each user, not of all
    served : value that a column of the context has in every answer, such as the first
        position, whatever it was in the log
    delay : float64 (n,), seconds from the impression to the click; nan without one
    hidden : int64 (n,), whether the ad was hidden by the user, or None
    chance : float64 (n,), the true probability of a click; nan where it is not known
    options : how the user's own file was read, beside its path
    problems : sentences on what was found in it
    """

    name: str
    checksum: str
    users: ClickUsers
    ads: Ads
    user: Ints
    ad: Ints
    time: Floats
    clicked: Ints
    is_test: Array
    context: Mapping[str, Array]
    kinds: Mapping[str, str]
    crosses: Sequence[tuple[str, str]] = ()
    counted: Sequence[tuple[str, ...]] = ()
    by_user: bool = False
    served: Mapping[str, Any] = field(default_factory=dict)
    delay: Floats | None = None
    hidden: Ints | None = None
    chance: Floats | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    problems: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.clicked)

    @property
    def click_time(self) -> Floats:
        """When each click came, (n,); nan without one."""
        delay = np.zeros(len(self)) if self.delay is None else self.delay
        return np.where(self.clicked > 0, self.time + np.nan_to_num(delay), np.nan)

    def columns(self, rows: Array | None = None) -> dict[str, Array]:
        """Return all columns of these rows by name, ids included; None is all rows."""
        at = np.arange(len(self)) if rows is None else np.asarray(rows)
        if at.dtype == bool:
            at = np.flatnonzero(at)
        user, ad = self.user[at], self.ad[at]
        found = {name: column[at] for name, column in self.context.items()}
        found |= {name: column[user] for name, column in self.users.columns.items()}
        found |= {name: column[ad] for name, column in self.ads.columns.items()}
        found[USER], found[AD] = self.users.ids[user], self.ads.ids[ad]
        found[ADVERTISER] = self.ads.advertiser[ad]
        return found

    @property
    def is_validation(self) -> Array:
        """Which rows are to choose and calibrate on, bool (n,).

        The last fifth of those that are not for testing: of each user where the test
        rows are, of all otherwise.
        """
        found, rows = np.zeros(len(self), bool), np.flatnonzero(~self.is_test)
        if not self.by_user:
            found[rows] = last_fifth(self.time[rows])
            return found
        order = np.argsort(self.user[rows], kind="stable")
        sizes = np.bincount(self.user[rows], minlength=len(self.users.ids))
        begin = np.repeat(np.cumsum(sizes) - sizes, sizes)
        n = np.repeat(sizes, sizes)
        late = np.arange(len(rows)) - begin >= n - n // 5
        found[rows[order][late]] = True
        return found

    def where(self, rows: Array) -> "ClickLog":
        """Return these rows alone; users and ads stay."""
        at = np.flatnonzero(rows) if rows.dtype == bool else rows
        optional: dict[str, Any] = {
            name: None if (column := getattr(self, name)) is None else column[at]
            for name in ("delay", "hidden", "chance")
        }
        names = ("user", "ad", "time", "clicked", "is_test")
        taken: dict[str, Any] = {name: getattr(self, name)[at] for name in names}
        return replace(
            self,
            **taken,
            context={name: column[at] for name, column in self.context.items()},
            **optional,
        )


def free_ads(ids: Array, columns: Mapping[str, Array]) -> Ads:
    """Return ads without a market: each its own advertiser, a bid of 1, for everybody.

    Examples
    --------
    >>> free_ads(np.array(["7", "8"]), {}).bid
    array([1., 1.])
    """
    n = len(ids)
    nobody = np.full(n, "", dtype="<U1")
    return Ads(ids, ids.copy(), np.ones(n), np.full(n, np.inf), nobody, columns)


def last_fifth(time: Floats) -> Array:
    """Return which rows are among the last fifth, bool (n,), for testing.

    Rows of one time stay together.

    Examples
    --------
    >>> last_fifth(np.array([1.0, 2, 3, 4, 5])).tolist()
    [False, False, False, False, True]
    """
    found: Array = time >= np.sort(time)[-max(1, len(time) // 5)]
    return found
