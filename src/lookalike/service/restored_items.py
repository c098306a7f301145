"""Items of a restored snapshot, over generations that know of later changes.

A generation says up to which revision it holds the changes of items, and only later
ones are applied over it. A restore takes changes back, but not the generations that
were compacted from them. So what a restore takes back becomes a change itself, with a
revision above all that were ever given: it counts in every generation.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lookalike.core.items import Item, ItemCatalogue, png_of
from lookalike.service.database.tables import items, vectors

_STATE = (items.c.system, items.c.id, items.c.revision, items.c.updated)
_State = tuple[int, int]
"""Revision of an item, and when it was changed."""


class RestoredItems:
    """What a restore changes, by the items that were there before.

    Parameters
    ----------
    connection : Connection
        Of the transaction that restores, before it deletes anything.
    held : mapping of str to int
        The last revision that any generation of a system holds.
    taken : mapping of str to int
        The last revision of a system that was given when the snapshot was taken.
    """

    def __init__(
        self, connection: Connection, held: Mapping[str, int], taken: Mapping[str, int]
    ) -> None:
        self._held, self._taken = held, taken
        self._before: dict[tuple[str, str], _State] = {}
        for system, id, *state in connection.execute(sa.select(*_STATE)):
            self._before[system, id] = (state[0], state[1])

    def move(self, connection: Connection, last: Mapping[str, int]) -> dict[str, int]:
        """Give the rows that were written revisions that count in every generation.

        Where no generation knows of anything else they keep theirs, and nothing is
        applied anew.

        Returns
        -------
        dict of str to int
            The last revision of each system whose rows were moved: all of its rows by
            as much, so that the order of the changes stays.
        """
        moved = set()
        for system, id, *state in connection.execute(sa.select(*_STATE)):
            before = self._before.pop((system, id), None)
            if before != tuple(state) and self._is_held(system, before or state):
                moved.add(system)
        ends = {}
        for system in sorted(moved):
            for table in (items, vectors):
                mine = table.c.system == system
                beyond = table.c.revision + last.get(system, 0)
                connection.execute(sa.update(table).where(mine).values(revision=beyond))
            highest = sa.select(sa.func.max(items.c.revision))
            highest = highest.where(items.c.system == system)
            ends[system] = int(connection.execute(highest).scalar_one())
        return ends

    def taken_back(self) -> dict[str, list[str]]:
        """Ids of items, by system, that a generation may hold and the snapshot not."""
        found: dict[str, list[str]] = {}
        for (system, id), state in sorted(self._before.items()):
            if self._is_held(system, state):
                found.setdefault(system, []).append(id)
        return found

    def _is_held(self, system: str, state: Any) -> bool:
        """Whether a generation may hold another state than the snapshot."""
        held = self._held.get(system, 0)
        return held > self._taken.get(system, 0) or state[0] <= held


def as_it_was(catalogue: ItemCatalogue, id: str) -> Item:
    """Return an item as the rows of a generation have it, or as deleted."""
    number = catalogue.number(id)
    if number is None:
        return Item(id, deleted=True)
    [label] = catalogue.labels(np.array([number])).tolist()
    return Item(
        id,
        label=label,
        attributes=catalogue.attributes(number),
        image=png_of(catalogue.image(number)),
        vector=catalogue.vector(number),
    )
