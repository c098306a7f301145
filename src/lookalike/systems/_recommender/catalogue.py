"""Users and items of a recommender by name, and what is known of the items."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, Self

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.core.inputs import positions_of
from lookalike.core.items import Item
from lookalike.datasets.interactions import Interactions
from lookalike.datasets.item_columns import ItemColumn, cell_of

_PLAIN = ("users", "items", "titles", "genres", "years")


@dataclass(frozen=True)
class Catalogue:
    """Names of users and items, and metadata of the items.

    users : str (n_users,)
    items : str (n_items,)
    titles, genres : str (n_items,), genres parted by "|"
    years : (n_items,), nan where unknown
    columns : what else is known of the items, by name
    user_columns : what is known of the users, by name
    """

    users: Array
    items: Array
    titles: Array
    genres: Array
    years: Floats
    columns: Mapping[str, ItemColumn] = field(default_factory=dict)
    user_columns: Mapping[str, ItemColumn] = field(default_factory=dict)

    def __post_init__(self) -> None:
        cells = [each.cells for each in self.columns.values()]
        parts = (self.items, self.titles, self.genres, self.years, *cells)
        if len(set(map(len, parts))) > 1:
            raise ValueError("items and what is known of them do not belong together.")
        if any(
            len(each.cells) != len(self.users) for each in self.user_columns.values()
        ):
            raise ValueError("users and what is known of them do not belong together.")

    @classmethod
    def of(cls, data: Interactions) -> Self:
        """Return the users and items of a data set."""
        return cls(**{each.name: getattr(data, each.name) for each in fields(cls)})

    @cached_property
    def described(self) -> Mapping[str, ItemColumn]:
        """What is known of the items by name: the columns, genres and years."""
        found = dict(self.columns)
        if any(self.genres.tolist()):
            found.setdefault("genres", ItemColumn("tags", self.genres))
        if not np.isnan(self.years).all():
            years = ["" if np.isnan(year) else f"{year:g}" for year in self.years]
            found.setdefault("year", ItemColumn("number", np.array(years)))
        return found

    def column(self, name: str) -> ItemColumn:
        """Return a column of the items.

        Raises
        ------
        ValueError
            If there is none of this name; the sentence lists them.
        """
        if name not in self.described:
            known = ", ".join(self.described) or "none"
            raise ValueError(f"The items have the columns {known}; got {name!r}.")
        return self.described[name]

    def checked_context(self, context: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return what users' columns say of somebody, or refuse it.

        Raises
        ------
        ValueError
            If there is no such column, or a value is none of a number or a date; the
            sentence says which.
        """
        if context and not self.user_columns:
            raise ValueError(
                f"Nothing is known of users here, so that context "
                f"({', '.join(context)}) says nothing: train with --users."
            )
        for name, value in (context or {}).items():
            if name not in self.user_columns:
                known = ", ".join(self.user_columns)
                raise ValueError(f"The users have the columns {known}; got {name!r}.")
            kind, cell = self.user_columns[name].kind, cell_of(value)
            if kind in ("number", "date"):
                read = ItemColumn(kind, np.array([cell])).numbers()
                if cell and np.isnan(read).any():
                    raise ValueError(f"{name} must be a {kind}, got {value!r}.")
        return dict(context or {})

    def with_items(self, items: Sequence[Item]) -> "Catalogue":
        """Return the catalogue with these items, new or described anew.

        New ones follow in the order in which they come. Attributes without a column
        are passed over.
        """
        row_of = dict(self.item_rows)
        for each in items:
            row_of.setdefault(each.id, len(row_of))
        n_new = len(row_of) - len(self.items)
        titles = [*self.titles.tolist(), *[""] * n_new]
        cells = {
            name: [*each.cells.tolist(), *[""] * n_new]
            for name, each in self.described.items()
        }
        for each in items:
            row, known = row_of[each.id], each.attributes or {}
            titles[row] = str(each.label or each.id)
            for name, column in cells.items():
                column[row] = cell_of(known.get(name))
        columns = {
            name: ItemColumn(self.described[name].kind, np.array(column, dtype=str))
            for name, column in cells.items()
        }
        n = len(row_of)
        genres, years = columns.get("genres"), columns.get("year")
        return replace(
            self,
            items=np.array(list(row_of), dtype=str),
            titles=np.array(titles, dtype=str),
            genres=np.full(n, "") if genres is None else genres.cells,
            years=np.full(n, np.nan) if years is None else years.numbers(),
            columns={name: columns[name] for name in self.columns},
        )

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
        known = self.user_columns
        of_users = _arrays_of("user_column", known) if known else {}
        return {
            **{name: getattr(self, name) for name in _PLAIN},
            **_arrays_of("column", self.columns),
            **of_users,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Return the catalogue that these arrays were taken from."""
        plain = {name: np.asarray(arrays[name]) for name in _PLAIN}
        return cls(
            **plain,
            columns=_columns_of("column", arrays),
            user_columns=(
                _columns_of("user_column", arrays)
                if "user_column_names" in arrays
                else {}
            ),
        )


def _arrays_of(key: str, columns: Mapping[str, ItemColumn]) -> dict[str, Array]:
    kinds = [each.kind for each in columns.values()]
    return {
        f"{key}_names": np.array(list(columns), dtype=str),
        f"{key}_kinds": np.array(kinds, dtype=str),
        **{f"{key}_{n}": each.cells for n, each in enumerate(columns.values())},
    }


def _columns_of(key: str, arrays: Mapping[str, Array]) -> dict[str, ItemColumn]:
    """The columns of these arrays."""
    names, kinds = arrays[f"{key}_names"].tolist(), arrays[f"{key}_kinds"].tolist()
    return {
        name: ItemColumn(kind, np.asarray(arrays[f"{key}_{n}"]))
        for n, (name, kind) in enumerate(zip(names, kinds, strict=True))
    }
