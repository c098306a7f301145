"""Where rows name a user, and what is left of them when the user is deleted."""

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from lookalike.service.database.tables import events, exposures
from lookalike.systems import specs

BEFRIEND = "befriend"
"""The action of events whose object is a user."""
USER_COLUMNS = ("client_id", "session_id", "user_id")
"""The columns that may name a user."""
NOBODY = ""
"""What stands in a list for somebody who was deleted."""
_AROUND = ".,;:!?()[]{}<>\"'"


def systems_of_users() -> list[str]:
    """Return the systems whose items are users, whether they are served now or not."""
    return [name for name, spec in specs().items() if spec.items_are_users]


@dataclass
class Mentions:
    """What names one user, in any row of events and exposures.

    A row of the user goes; so does an event whose object they are. What others said
    about them loses the name, and keeps the rest.

    Parameters
    ----------
    id : str
        Of the user.
    is_item : bool
        Whether an item has this id too: then an object of this id is the item, unless
        it was befriended or was suggested by a system whose items are users.

    Examples
    --------
    >>> ann = Mentions("ann", is_item=False)
    >>> print(ann.text("ann, annabel"))
    , annabel
    """

    id: str
    is_item: bool
    queries: set[str] = field(default_factory=set)
    """Lists in which the user was suggested: ``exposure`` adds them, ``event`` asks."""
    own: set[str] = field(default_factory=set)
    """Lists that the user was shown; ``exposure`` adds them, ``assignment`` asks."""
    sessions: set[str] = field(default_factory=set)
    """The user's sessions, likewise."""

    def in_exposures(self) -> Any:
        """Condition that no exposure that names the user fails."""
        c = exposures.c
        suggested = c.system.in_(systems_of_users()) & self.in_hits()
        return sa.or_(*(c[column] == self.id for column in USER_COLUMNS), suggested)

    def in_hits(self) -> Any:
        """Condition that no exposure with this id in its list fails.

        What could have been in the list counts, too. SQLite lets others through: those
        with the id in capital letters.
        """
        hit = "[" + json.dumps(self.id) + ", "
        shown = exposures.c.hits.contains(hit, autoescape=True)
        return shown | exposures.c.drawn.contains(hit, autoescape=True)

    def in_events(self) -> Any:
        """Condition that no event that names the user fails."""
        c = events.c
        said = c.message.contains(self.id, autoescape=True)
        said |= self._contains(c.event_attributes)
        return sa.or_(*(c[n] == self.id for n in (*USER_COLUMNS, "object_id")), said)

    def exposure(self, row: dict[str, Any]) -> dict[str, Any] | None:
        """Return what is left of an exposure, None if nothing."""
        if any(row.get(column) == self.id for column in USER_COLUMNS):
            self.own.add(row["query_id"])
            if row.get("session_id") is not None:
                self.sessions.add(row["session_id"])
            return None
        if row["system"] not in systems_of_users():
            return row
        if self.id in ids_of(row["hits"]):
            self.queries.add(row["query_id"])
        elif self.id not in ids_of(row.get("drawn") or "[]"):
            return row
        return without_hits(row, {self.id})

    def event(self, row: dict[str, Any]) -> dict[str, Any] | None:
        """Return what is left of an event, None if nothing."""
        if any(row.get(column) == self.id for column in USER_COLUMNS):
            return None
        is_user = not self.is_item or row["action_name"] == BEFRIEND
        if row.get("object_id") == self.id and (
            is_user or row.get("query_id") in self.queries
        ):
            return None
        return without_mentions(row, self)

    def assignment(self, row: dict[str, Any]) -> dict[str, Any] | None:
        """Return an assignment to a variant, None if it is the user's.

        Which queries and sessions are the user's is known once ``exposure`` was asked.
        """
        is_mine = row["unit"] in {self.id, *self.sessions}
        return None if is_mine or row["query_id"] in self.own else row

    def handed_out(self, row: dict[str, Any]) -> dict[str, Any] | None:
        """Return what was handed out, None if it was to the user."""
        return None if row["user_id"] == self.id else row

    def text(self, text: str) -> str:
        """Return a text without the id, where it stands as a word."""
        return re.sub(rf"(?<!\w){re.escape(self.id)}(?!\w)", NOBODY, text)

    def _contains(self, column: Any) -> Any:
        return column.contains(json.dumps(self.id)[1:-1], autoescape=True)


def ids_of(hits: str) -> list[str]:
    """Return the ids of the hits of an exposure, given as they are stored."""
    return [hit[0] for hit in json.loads(hits)]


def without_hits(row: dict[str, Any], gone: Collection[str]) -> dict[str, Any]:
    """Return an exposure whose list does not name these users.

    Their places stay: scores, features and propensities are of the whole list.
    """
    left = dict(row)
    for column in ("hits", "drawn"):
        if row.get(column) is not None:
            hits = json.loads(row[column])
            named = [[NOBODY if hit[0] in gone else hit[0], *hit[1:]] for hit in hits]
            left[column] = json.dumps(named)
    return left


def without_mentions(row: dict[str, Any], user: Mentions) -> dict[str, Any]:
    """Return an event whose message and attributes do not name a user.

    The object itself is left as it is.
    """
    message, attributes = row.get("message"), json.loads(row["event_attributes"])
    left = _cleaned(attributes, user)
    thing = attributes.get("object")
    if isinstance(thing, dict) and isinstance(left.get("object"), dict):
        left["object"] |= {k: v for k, v in thing.items() if k == "object_id"}
    if message:
        row = {**row, "message": user.text(message)}
    if left != attributes:
        row = {**row, "event_attributes": json.dumps(left)}
    return row


def words_of(row: dict[str, Any]) -> Iterator[str]:
    """Yield what may be a user's id in the message and the attributes of an event."""
    for text in (
        row.get("message") or "",
        *_texts(json.loads(row["event_attributes"])),
    ):
        yield text
        for word in text.split():
            yield word.strip(_AROUND)


def _cleaned(value: Any, user: Mentions) -> Any:
    if isinstance(value, str):
        return user.text(value)
    if isinstance(value, list):
        return [_cleaned(each, user) for each in value]
    if isinstance(value, dict):
        return {user.text(k): _cleaned(each, user) for k, each in value.items()}
    return value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, dict):
        yield from value
        for each in value.values():
            yield from _texts(each)
