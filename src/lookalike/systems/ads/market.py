"""What the ads and users are, and what the last day of the log holds against an ad."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from lookalike._arrays import named, prefixed
from lookalike._typing import Array, Ints
from lookalike.datasets.click_log import AD, ADVERTISER, USER, Ads, ClickLog, ClickUsers
from lookalike.rank.targeting import Targeting
from lookalike.rank.targeting_rules import parsed

DAY = 86_400.0
COOL_DOWN = 14 * DAY  # after an ad was hidden, its advertiser is not shown so long
TARGETING = "targeting."
_ADS = ("ids", "advertiser", "bid", "budget", "targeting")


@dataclass(frozen=True)
class Market:
    """Users and ads as answers need them.

    users, ads : of the log
    targeting : of the ads, compiled
    usual : value of each column of the context that counts where none is given
    now : a second after the last impression
    shown : int64 (n, 2), user and ad of each impression of the last day
    hides : int64 (n, 2), of each hide of the last two weeks
    """

    users: ClickUsers
    ads: Ads
    targeting: Targeting
    usual: Mapping[str, Any]
    now: float
    shown: Ints
    hides: Ints

    @classmethod
    def of(cls, log: ClickLog, rows: Array) -> "Market":
        """Return the market as these rows leave it, bool (n,).

        Raises
        ------
        ValueError
            If a bid or a budget is negative or no number, or a rule is none; the
            sentence names the ad.
        """
        for name in ("bid", "budget"):
            column = getattr(log.ads, name)
            limit = np.isinf(column) if name == "bid" else False
            bad = np.flatnonzero(~(column >= 0) | limit)
            if len(bad):
                raise ValueError(
                    f"The {name} of an ad must be a number of at least 0; that of "
                    f"{log.ads.ids[bad[0]]} is {column[bad[0]]:g}."
                )
        time, pairs = log.time[rows], np.column_stack([log.user, log.ad])[rows]
        now = float(time.max()) + 1
        hidden = (
            np.zeros(len(time), bool) if log.hidden is None else log.hidden[rows] > 0
        )
        late = time >= now - COOL_DOWN
        usual = {n: _usual(c[rows]) for n, c in log.context.items()} | dict(log.served)
        return cls(
            log.users,
            log.ads,
            _compiled(log.ads),
            usual,
            now,
            pairs[time >= now - DAY],
            pairs[hidden & late],
        )

    def about(self, user: int | None, context: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is known of a user and of the moment, for targeting and rows.

        user : None for whoever is not known

        Raises
        ------
        ValueError
            If the context names what is not known, or has a text for a number.
        """
        columns = self.users.columns
        found: dict[str, Any] = dict(self.usual)
        for name, column in columns.items():
            nothing: Any = np.nan if column.dtype.kind == "f" else ""
            found[name] = nothing if user is None else column[user].item()
        for name, value in context.items():
            if name not in found:
                raise ValueError(
                    f"The context may name {', '.join(found) or 'nothing'}; got {name}."
                )
            if isinstance(found[name], float):
                found[name] = _as_number(name, value)
            else:
                found[name] = "|".join(value) if isinstance(value, list) else str(value)
        return found

    def user_columns(self, about: Mapping[str, Any], user: str) -> dict[str, Array]:
        """Return the columns of a row of this user, (1,), without those of an ad."""
        found = {name: np.array([value]) for name, value in about.items()}
        return {**found, USER: np.array([user])}

    def ad_columns(self) -> dict[str, Array]:
        """Return the columns of the ads, (n_ads,)."""
        own = {AD: self.ads.ids, ADVERTISER: self.ads.advertiser}
        return {**self.ads.columns, **own}

    @cached_property
    def ad_position(self) -> dict[str, int]:
        """Position of each ad by its id."""
        return {id: at for at, id in enumerate(self.ads.ids.tolist())}

    @cached_property
    def advertiser_of(self) -> Ints:
        """Number of the advertiser of each ad, int64 (n_ads,)."""
        return np.unique(self.ads.advertiser, return_inverse=True)[1].astype(np.int64)

    def times_shown(self, user: int | None) -> Ints:
        """How often each ad was shown to a user within the last day."""
        mine = self.shown[:, 0] == (-1 if user is None else user)
        return np.bincount(self.shown[mine, 1], minlength=len(self.ads.ids))

    def is_hidden(self, user: int | None) -> Array:
        """Whether a user has hidden an ad of the advertiser of late, bool (n_ads,)."""
        mine = self.hides[:, 0] == (-1 if user is None else user)
        advertisers = self.advertiser_of[self.hides[mine, 1]]
        return np.isin(self.advertiser_of, advertisers)

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Return everything as arrays and a document for JSON."""
        arrays = {"users": self.users.ids, "shown": self.shown, "hides": self.hides}
        arrays |= {f"ads.{name}": getattr(self.ads, name) for name in _ADS}
        # By number: a name of a column may be no name of a file.
        for prefix, columns in (("user", self.users.columns), ("ad", self.ads.columns)):
            for at, column in enumerate(columns.values()):
                arrays[f"{prefix}{at}"] = column
        bitmaps, tables = self.targeting.state()
        arrays |= prefixed(TARGETING, bitmaps)
        return arrays, {
            "usual": dict(self.usual),
            "targeting": tables,
            "now": self.now,
            "user_columns": list(self.users.columns),
            "ad_columns": list(self.ads.columns),
        }

    @classmethod
    def restored(
        cls, arrays: Mapping[str, Array], document: Mapping[str, Any]
    ) -> "Market":
        """Return what these arrays were taken from.

        Raises
        ------
        ValueError
            If they do not fit each other.
        """
        columns = {
            prefix: {
                name: np.asarray(arrays[f"{prefix}{at}"])
                for at, name in enumerate(document[f"{prefix}_columns"])
            }
            for prefix in ("user", "ad")
        }
        users = ClickUsers(np.asarray(arrays["users"]), columns["user"])
        parts = {name: np.asarray(arrays[f"ads.{name}"]) for name in _ADS}
        ads = Ads(**parts, columns=columns["ad"])
        whole = [*parts.values(), *ads.columns.values()]
        n_users, n_ads = len(users.ids), len(ads.ids)
        if {len(each) for each in whole} != {n_ads} or any(
            len(each) != n_users for each in users.columns.values()
        ):
            raise ValueError("its users or ads are not whole.")
        for name in ("shown", "hides"):
            pairs = np.asarray(arrays[name])
            low = pairs.size and pairs.min() < 0
            if low or (pairs >= np.array([n_users, n_ads])).any():
                raise ValueError("its impressions are not those of its users and ads.")
        return cls(
            users,
            ads,
            Targeting.restored(
                *(ads.targeting.tolist(), named(TARGETING, arrays)),
                document["targeting"],
            ),
            document["usual"],
            float(document["now"]),
            np.asarray(arrays["shown"]),
            np.asarray(arrays["hides"]),
        )


def _compiled(ads: Ads) -> Targeting:
    rules = ads.targeting.tolist()
    try:
        return Targeting(rules)
    except ValueError:
        for id, rule in zip(ads.ids.tolist(), rules, strict=True):
            try:
                parsed(rule)
            except ValueError as error:
                raise ValueError(f"The rule of the ad {id} is none. {error}") from None
        raise


def _usual(column: Array) -> Any:
    """The median of numbers, the most frequent of other values."""
    if column.dtype.kind == "f":
        known = column[~np.isnan(column)]
        return float(np.median(known)) if len(known) else 0.0
    values, counts = np.unique(column, return_counts=True)
    return values[counts.argmax()].item()


def _as_number(name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = np.inf
    if not np.isfinite(number):
        raise ValueError(
            f"{name} held numbers in training: expected a number, got {value!r}."
        )
    return number
