"""Who asked what, how often: counts that decay, and from which a person can be taken.

An asking at time t counts ``2 ** ((t - reference) / half_life)``. All counts shrink
alike as time goes on, so that their order stays, and only new askings change anything.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from lookalike._checks import check_positive
from lookalike._texts import Texts
from lookalike._typing import Array, Floats, Ints


@dataclass(frozen=True)
class Asked:
    """A query that somebody typed.

    user : "" where it is not known: then each asking is another person's
    country : "" where it is not known
    time : seconds since 1970, None where it is not known
    times : how often
    """

    query: str
    user: str = ""
    country: str = ""
    time: float | None = None
    times: int = 1


class AskedCounts:
    """Askings by query, user and country, as arrays.

    Parameters
    ----------
    asked : iterable of Asked
    half_life : float
        Days after which an asking counts half.
    reference : float, optional
        The time at which an asking counts 1, in seconds since 1970. Default is that of
        the latest asking, 0 where no time is known.

    Attributes
    ----------
    queries, users, countries : list of str
        All names, sorted.
    query, user, country : int64 (n_rows,)
        Positions in these, sorted by query.
    times : int64 (n_rows,)
        How often.
    weights : float64 (n_rows,)
        The decayed count.

    Examples
    --------
    >>> day = 86_400.0
    >>> counts = AskedCounts(
    ...     [Asked("cup", "ann", time=0.0), Asked("cup", "bob", time=day)], half_life=1
    ... )
    >>> counts.totals().tolist(), counts.people().tolist()
    ([1.5], [2])
    >>> counts.without_users(["bob"]).totals().tolist()
    [0.5]
    """

    def __init__(
        self,
        asked: Iterable[Asked],
        half_life: float,
        reference: float | None = None,
    ) -> None:
        check_positive("half_life", half_life)
        self.half_life = half_life
        rows = list(asked)
        known = [each.time for each in rows if each.time is not None]
        if reference is None:
            reference = max(known, default=0.0)
        self.reference = reference
        sums: dict[tuple[str, str, str], list[float]] = {}
        for each in rows:
            time = reference if each.time is None else each.time
            # Far below or above nothing would be left to compare.
            age = min(max((time - reference) / 86_400 / half_life, -1_000), 900)
            own = sums.setdefault((each.query, each.user, each.country), [0, 0.0])
            own[0] += each.times
            own[1] += each.times * 2.0**age
        self.queries, self.query = _numbered(key[0] for key in sums)
        self.users, self.user = _numbered(key[1] for key in sums)
        self.countries, self.country = _numbered(key[2] for key in sums)
        self.times = np.array([own[0] for own in sums.values()], np.int64)
        self.weights = np.array([own[1] for own in sums.values()], np.float64)
        self._take(np.argsort(self.query, kind="stable"))

    def _take(self, rows: Array) -> None:
        for name in ("query", "user", "country", "times", "weights"):
            setattr(self, name, getattr(self, name)[rows])

    # --- what they say ----------------------------------------------------------------

    @property
    def names_users(self) -> bool:
        """Whether the user of any asking is known."""
        return any(self.users)

    def totals(self) -> Floats:
        """The decayed count of each query."""
        totals = np.bincount(self.query, self.weights, minlength=len(self.queries))
        return totals.astype(np.float64)

    def people(self) -> Ints:
        """How many people asked each query."""
        named = np.array([bool(name) for name in self.users], bool)
        named = named[self.user] if len(named) else np.zeros(0, bool)
        n = len(self.queries)
        unnamed = np.bincount(self.query, np.where(named, 0, self.times), n)
        pairs = np.unique(self.query[named] * len(self.users) + self.user[named])
        return (
            np.bincount(pairs // max(len(self.users), 1), minlength=n) + unnamed
        ).astype(np.int64)

    def of_user(self, user: str) -> dict[str, float]:
        """What a user asked, with its decayed count."""
        if not user or user not in self._user_rows:
            return {}
        found: dict[str, float] = {}
        for row in self._user_rows[user].tolist():
            query = self.queries[self.query[row]]
            found[query] = found.get(query, 0.0) + float(self.weights[row])
        return found

    @property
    def _user_rows(self) -> dict[str, Array]:
        if not hasattr(self, "_rows_by_user"):
            order = np.argsort(self.user, kind="stable")
            parts = np.split(order, np.cumsum(np.bincount(self.user))[:-1])
            self._rows_by_user = dict(zip(self.users, parts, strict=True))
        return self._rows_by_user

    def users_of(self, query: str) -> set[str]:
        """The users who asked a query; "" is among them where one is not known."""
        at = self.position(query)
        if at is None:
            return set()
        low, high = np.searchsorted(self.query, [at, at + 1])
        return {self.users[number] for number in self.user[low:high].tolist()}

    def position(self, query: str) -> int | None:
        """Where a query stands among ``queries``, None if nobody asked it."""
        return self.positions.get(query)

    @property
    def positions(self) -> Mapping[str, int]:
        """Where each of ``queries`` stands."""
        if not hasattr(self, "_positions"):
            self._positions = {name: at for at, name in enumerate(self.queries)}
        return self._positions

    # --- changes ----------------------------------------------------------------------

    def without_users(self, users: Collection[str]) -> Self:
        """Return the counts as they are if these users had asked nothing."""
        gone = set(users) - {""}
        mine = np.array([name in gone for name in self.users], bool)
        return self._of_rows(np.flatnonzero(~mine[self.user])) if mine.any() else self

    def _of_rows(self, rows: Array) -> Self:
        left = object.__new__(type(self))
        left.half_life, left.reference = self.half_life, self.reference
        for names, numbers in _AXES:
            kept, own = np.unique(getattr(self, numbers)[rows], return_inverse=True)
            setattr(left, names, [getattr(self, names)[at] for at in kept.tolist()])
            setattr(left, numbers, own.astype(np.int64))
        left.times, left.weights = self.times[rows], self.weights[rows]
        return left

    # --- saving -----------------------------------------------------------------------

    def arrays(self) -> dict[str, Array]:
        """Return all of it but half life and reference, for ``of_arrays``."""
        found: dict[str, Array] = {"times": self.times, "weights": self.weights}
        for names, numbers in _AXES:
            found |= {**Texts.of(getattr(self, names)).arrays(names)}
            found[numbers] = getattr(self, numbers)
        return found

    @classmethod
    def of_arrays(
        cls, arrays: Mapping[str, Array], half_life: float, reference: float
    ) -> Self:
        """Return the counts whose ``arrays`` these are.

        Raises
        ------
        ValueError
            If they do not belong together.
        """
        counts = object.__new__(cls)
        counts.half_life, counts.reference = half_life, reference
        for names, numbers in _AXES:
            held = Texts.of_arrays(names, arrays).tolist()
            own = arrays[numbers]
            if len(own) and not 0 <= int(own.min()) <= int(own.max()) < len(held):
                raise ValueError(f"{numbers} names none of the {names}.")
            setattr(counts, names, held)
            setattr(counts, numbers, own)
        counts.times, counts.weights = arrays["times"], arrays["weights"]
        if len({len(arrays[name]) for name in ("times", "weights", "query")}) != 1:
            raise ValueError("The counts have rows of different lengths.")
        return counts


_AXES = (("queries", "query"), ("users", "user"), ("countries", "country"))


def _numbered(names: Iterable[str]) -> tuple[list[str], Ints]:
    given = list(names)
    found = sorted(set(given))
    position = {name: at for at, name in enumerate(found)}
    return found, np.array([position[name] for name in given], np.int64)
