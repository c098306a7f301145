"""Users and items of a recommender by name, and what is known of the items."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Self

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.core.inputs import positions_of
from lookalike.datasets.interactions import Interactions
from lookalike.datasets.item_columns import ItemColumn

_PLAIN = ("users", "items", "titles", "genres", "years")


@dataclass(frozen=True)
class Catalogue:
    """Names of users and items, and metadata of the items.

    users : str (n_users,)
    items : str (n_items,)
    titles, genres : str (n_items,), genres parted by "|"
    years : (n_items,), nan where unknown
    columns : what else is known of the items, by name
    """

    users: Array
    items: Array
    titles: Array
    genres: Array
    years: Floats
    columns: Mapping[str, ItemColumn] = field(default_factory=dict)

    def __post_init__(self) -> None:
        cells = [each.cells for each in self.columns.values()]
        parts = (self.items, self.titles, self.genres, self.years, *cells)
        if len(set(map(len, parts))) > 1:
            raise ValueError("items and what is known of them do not belong together.")

    @classmethod
    def of(cls, data: Interactions) -> Self:
        """Return the users and items of a data set."""
        return cls(**{each.name: getattr(data, each.name) for each in fields(cls)})

    @cached_property
    def item_rows(self) -> dict[str, int]:
        """Row of each item by its name."""
        return {name: row for row, name in enumerate(self.items.tolist())}

    @cached_property
    def _user_rows(self) -> dict[str, int]:
        return {name: row for row, name in enumerate(self.users.tolist())}

    def rows_of_users(self, names: Sequence[str] | Array) -> list[int]:
        """Return the row of each user; -1 is an unknown one."""
        return [self._user_rows.get(str(name), -1) for name in names]

    def rows_of_items(self, names: Sequence[str]) -> Ints:
        """Return the row of each item; refuse a name that is not known."""
        return positions_of(names, self.item_rows, "items")

    def rows_of_known_items(self, names: Sequence[str]) -> Ints:
        """Return the row of each item that is known."""
        known = [self.item_rows[name] for name in names if name in self.item_rows]
        return np.array(known, np.int64)

    def is_of(self, data: Interactions) -> bool:
        """Whether a data set has the same users and items."""
        return np.array_equal(data.users, self.users) and np.array_equal(
            data.items, self.items
        )

    def arrays(self) -> dict[str, Array]:
        """Return the columns by name."""
        columns = self.columns.values()
        return {
            **{name: getattr(self, name) for name in _PLAIN},
            "column_names": np.array(list(self.columns), dtype=str),
            "column_kinds": np.array([each.kind for each in columns], dtype=str),
            **{f"column_{n}": each.cells for n, each in enumerate(columns)},
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Return the catalogue that these arrays were taken from."""
        plain = {name: np.asarray(arrays[name]) for name in _PLAIN}
        names = arrays["column_names"].tolist()
        kinds = arrays["column_kinds"].tolist()
        columns = {
            name: ItemColumn(kind, np.asarray(arrays[f"column_{n}"]))
            for n, (name, kind) in enumerate(zip(names, kinds, strict=True))
        }
        return cls(**plain, columns=columns)
