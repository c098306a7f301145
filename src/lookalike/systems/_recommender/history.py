"""Interaction histories by user, and the matrices made of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import scipy.sparse as sp

from lookalike._typing import Array, Floats, Ints
from lookalike.datasets.interactions import Interactions

COLUMNS = ("user", "item", "value", "time")


@dataclass(frozen=True)
class InteractionHistory:
    """Interactions of users, by user, then in the order of time.

    user, item, value, time : (n,); time is 0 where unknown
    numbers : (n_users,), seeds of the users' random draws; empty is 0 for all
    known_as : (n_users,), row of each user in the catalogue, -1 where unknown; empty is
        -1 for all
    context : what users' columns say of all these users, by the columns' names, in the
        place of what the catalogue says
    """

    user: Ints
    item: Ints
    value: Floats
    time: Floats
    n_users: int
    n_items: int
    numbers: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    known_as: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    context: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def known(cls, data: Interactions) -> Self:
        """Return what is not held out."""
        return cls._of(data, np.flatnonzero(~data.held_out))

    @classmethod
    def everything(cls, data: Interactions) -> Self:
        """Return all interactions, also those that are held out."""
        return cls._of(data, np.arange(len(data.user)))

    @classmethod
    def _of(cls, data: Interactions, rows: Ints) -> Self:
        time = np.zeros(len(data.user)) if data.time is None else data.time
        at = rows[np.lexsort((time[rows], data.user[rows]))]
        columns = data.user[at], data.item[at], data.value[at], time[at]
        n_users = len(data.users)
        return cls(*columns, n_users, len(data.items), known_as=np.arange(n_users))

    @classmethod
    def given(
        cls,
        histories: Sequence[Mapping[str, float]],
        item_rows: Mapping[str, int],
        n_items: int,
        time: float = 0.0,
    ) -> Self:
        """Return given histories, values by item; unknown items are passed over.

        histories : items in the order of time, the latest last
        time : when all of it happened

        Raises
        ------
        ValueError
            If a value is negative or not finite.
        """
        rows = [
            (user, item_rows[item], float(value))
            for user, history in enumerate(histories)
            for item, value in history.items()
            if item in item_rows
        ]
        user = np.array([row[0] for row in rows], np.int64)
        at = np.array([row[1] for row in rows], np.int64)
        values = np.array([row[2] for row in rows], np.float64)
        if not ((values >= 0) & (values < np.inf)).all():
            raise ValueError("Values of a history must be finite and at least 0.")
        times = np.full(len(user), time)
        return cls(user, at, values, times, len(histories), n_items)

    def rows(self, users: Sequence[int]) -> "InteractionHistory":
        """Return the histories of some users, in this order; -1 is an empty one."""
        starts = np.searchsorted(self.user, np.arange(self.n_users + 1))
        chosen = np.array(users, np.int64)
        low = np.where(chosen >= 0, starts[chosen], 0)
        size = np.where(chosen >= 0, starts[chosen + 1] - low, 0)
        user = np.repeat(np.arange(len(chosen)), size)
        at = np.arange(len(user)) - np.repeat(np.cumsum(size) - size, size) + low[user]
        columns = self.item[at], self.value[at], self.time[at]
        numbers = np.maximum(chosen, 0)
        return InteractionHistory(
            user, *columns, len(chosen), self.n_items, numbers, chosen
        )

    def taking(self, kept: Array) -> "InteractionHistory":
        """Return the interactions of a mask, (n,) of bool, of the same users."""
        columns = {name: getattr(self, name)[kept] for name in COLUMNS}
        return replace(self, **columns)

    def of_items(self, rows: Ints, n_items: int) -> "InteractionHistory":
        """Return the histories in another catalogue.

        rows : (n_items,), row of each item there; -1 is left out
        n_items : of the other catalogue
        """
        there = self.taking(rows[self.item] >= 0)
        return replace(there, item=rows[there.item], n_items=n_items)

    def followed_by(
        self, events: Sequence[Mapping[int, float]], time: float
    ) -> "InteractionHistory":
        """Return histories in which each user did these things last.

        events : values by row of the item, one mapping a user; of an item that the user
            has already the larger value counts
        time : when these things happened
        """
        users: list[Ints] = []
        items: list[Ints] = []
        values: list[Floats] = []
        times: list[Floats] = []
        for user, done in enumerate(events):
            low, high = np.searchsorted(self.user, [user, user + 1])
            has = self.item[low:high]
            kept = ~np.isin(has, list(done))
            before = dict(zip(has.tolist(), self.value[low:high].tolist(), strict=True))
            amounts = [max(before.get(item, 0.0), n) for item, n in done.items()]
            items += [has[kept], np.array(list(done), np.int64)]
            values += [self.value[low:high][kept], np.array(amounts, np.float64)]
            times += [self.time[low:high][kept], np.full(len(done), time)]
            users.append(np.full(kept.sum() + len(done), user))
        return replace(
            self,
            user=np.concatenate(users),
            item=np.concatenate(items),
            value=np.concatenate(values),
            time=np.concatenate(times),
        )

    def described(self, profiles: Any) -> Any:
        """Return what is known of the users, csr (n_users, n_features).

        profiles : csr, of the users of the catalogue
        """
        rows = self.catalogue_rows()
        there = np.flatnonzero(rows >= 0)
        shape = self.n_users, profiles.shape[0]
        which = sp.csr_array((np.ones(len(there)), (there, rows[there])), shape=shape)
        found = sp.csr_array(which @ profiles, dtype=np.float32)
        found.sort_indices()  # sums are rounded in their order
        return found

    def catalogue_rows(self) -> Ints:
        """Return the row of each user in the catalogue, -1 where unknown."""
        return self.known_as if len(self.known_as) else np.full(self.n_users, -1)

    def items_of(self, user: int) -> Ints:
        """Return the items of one user."""
        low, high = np.searchsorted(self.user, [user, user + 1])
        return self.item[low:high]

    def number_of(self, user: int) -> int:
        """Return the seed of one user's random draws."""
        return int(self.numbers[user]) if len(self.numbers) else 0

    def counts(self) -> Ints:
        """Return how many users have each item, (n_items,)."""
        return np.bincount(self.item, minlength=self.n_items)

    def matrix(self, values: Array | None = None) -> Any:
        """Return a csr matrix, users by items, of 1 or of these values."""
        filled = np.ones(len(self.user)) if values is None else values
        matrix = sp.csr_array(
            (np.asarray(filled, np.float32), (self.user, self.item)),
            shape=(self.n_users, self.n_items),
        )
        matrix.sort_indices()
        return matrix

    def arrays(self) -> dict[str, Array]:
        """Return the columns by name."""
        return {f"history_{name}": getattr(self, name) for name in COLUMNS}

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, Array], n_users: int, n_items: int
    ) -> Self:
        """Return the histories that these arrays were taken from.

        Raises
        ------
        ValueError
            If the columns are not those of so many users and items.
        """
        columns = [np.asarray(arrays[f"history_{name}"]) for name in COLUMNS]
        user, item, value, time = columns
        whole = len({len(column) for column in columns}) == 1
        for rows, n in ((user, n_users), (item, n_items)):
            whole = whole and rows.min(initial=0) >= 0 and rows.max(initial=0) < n
        if not whole or (np.diff(user) < 0).any():
            raise ValueError("its histories are not those of its users and items.")
        known_as = np.arange(n_users)
        return cls(user, item, value, time, n_users, n_items, known_as=known_as)
