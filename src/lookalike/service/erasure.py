"""Deleting a user: rows, the space they took, the log of writes, snapshots, exports.

A database that deletes a row only marks its space as free. SQLite is told to overwrite
what it frees (``secure_delete``), and its write-ahead log is checkpointed and
truncated; PostgreSQL frees the space just after the answer, and locks nobody out.
Exports that hold the user are deleted; snapshots are written again without. Other
services of the database clean theirs (see ``copies``). What comes later for the same
user is dropped: a salted digest of the id stays. A generation cannot change: a system
that learned from the user is served without them.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from lookalike.service.components import Components
from lookalike.service.copies import remove_exports
from lookalike.service.database import Database
from lookalike.service.database.connection import now, service_error_of
from lookalike.service.database.events import delete_user, erase, erasures
from lookalike.service.database.mentions import Mentions, ids_of, systems_of_users
from lookalike.service.database.tables import (
    events,
    experiment_exposures,
    exposures,
    handed_out,
    items,
)
from lookalike.service.errors import ServiceError
from lookalike.service.locks import exclusive
from lookalike.service.logs import log
from lookalike.service.snapshots import rewrite, snapshots_and_others

_UNDER_WAY = 60_000_000  # microseconds that a write may take to be seen
_OTHERS = 20.0  # seconds for other services to clean their copies


@dataclass(frozen=True)
class Erased:
    """What became of a user who was to be deleted.

    n_rows : rows that named them
    blocked : systems whose generation learned from them
    not_reached : names of what is no whole snapshot, and may hold them
    behind : hosts of other services whose copies may hold them yet
    """

    n_rows: int
    blocked: Sequence[str]
    not_reached: Sequence[str]
    behind: Sequence[str] = ()

    def document(self) -> dict[str, Any]:
        """Return it ready for JSON, with a sentence on each thing that is left."""
        found: dict[str, Any] = {"deleted": self.n_rows}
        notes = []
        if self.blocked:
            found["blocked"] = list(self.blocked)
            notes.append(
                f"What {', '.join(self.blocked)} learned holds the user until the next "
                "training without them; until then they are not known there, and are "
                "suggested to nobody."
            )
        if self.not_reached:
            found["not_reached"] = list(self.not_reached)
            notes.append(
                f"No whole snapshot, left as it is: {', '.join(self.not_reached)}."
            )
        if self.behind:
            found["behind"] = list(self.behind)
            notes.append(
                f"Not yet deleted from snapshots and exports on "
                f"{', '.join(self.behind)}, whose service has not answered: it does so "
                "when it runs again."
            )
        return {**found, "notes": notes} if notes else found


def erase_user(components: Components, id: str) -> Erased:
    """Delete every trace of a user.

    Raises
    ------
    ServiceError
        507 or 503 if a snapshot could not be written anew: it is as it was, and may
        still hold the user. Trying again is right.
    """
    state = components.settings.state
    with exclusive(state / "erasing.lock"):  # so that no other worker does it, too
        found, number = _erased_here(components, id)
    behind = components.copies.others_behind(number, _OTHERS)
    return replace(found, behind=behind)


def _erased_here(components: Components, id: str) -> tuple[Erased, int]:
    """Delete a user from the database and from the files of this service.

    Returns what became of them, and the number of the deletion.
    """
    began = now()
    components.writer.settle()
    user = _mentions(components, id)
    with components.database.writing() as connection:
        deleted = erase(components.database, connection, user)
        number = erasures(connection)
    knowing = [s for s in components.served.values() if s.knows_users]
    beside = [s for s in components.experiments.variants() if s.knows_users]
    for served in (*knowing, *beside):
        served.block_erased()
    components.writer.settle()  # what was shown just before
    with components.database.writing() as connection:
        deleted += delete_user(connection, user, began - _UNDER_WAY)
    if components.database.is_sqlite:
        purge(components.database)
    else:
        components.freeing.begin()
    settings = components.settings
    remove_exports(settings)
    failures = []
    snapshots, not_reached = snapshots_and_others(settings.snapshots)
    for name in snapshots:
        try:
            kept = {  # in this order
                exposures: user.exposure,
                events: user.event,
                experiment_exposures: user.assignment,
                handed_out: user.handed_out,
            }
            rewrite(settings.snapshots, name, kept)
        except ValueError:
            not_reached.append(name)
        except OSError as error:
            failures.append((name, error))
    log(logging.INFO, "user deleted", rows=deleted, not_reached=len(not_reached))
    if failures:
        name, failure = failures[0]
        told = service_error_of(failure)
        raise ServiceError(
            told.status_code,
            f"The user is deleted, but not from snapshot {name}, which is as it was: "
            f"{failure.strerror or failure}. Try again.",
            told.retry_after,
        )
    components.copies.clean_here(number)
    blocked = [served.name for served in knowing if id in served.active.blocked]
    return Erased(deleted, blocked, sorted(not_reached)), number


def _mentions(components: Components, id: str) -> Mentions:
    """Return what names this user, and whether an item has the same id."""
    user, systems = Mentions(id, True), systems_of_users()
    stored = sa.select(items.c.id).where(items.c.id == id).limit(1)
    shown = sa.select(exposures.c.hits).where(exposures.c.system.not_in(systems))
    with components.database.reading() as connection:
        if connection.execute(stored).first() is not None:
            return user
        named = shown.where(user.in_hits()).execution_options(yield_per=1_000)
        if any(id in ids_of(hits) for hits in connection.execute(named).scalars()):
            return user
    for served in components.served.values():
        if served.name not in systems and served.has_item(id):
            return user
    return Mentions(id, False)


def purge(database: Database, seconds: float = 5.0) -> None:
    """Leave no deleted row in any file of SQLite's.

    Raises
    ------
    ServiceError
        503 if readers kept SQLite's log from being cut; nothing is lost by trying
        again.
    """
    until = time.monotonic() + seconds
    while True:
        with database.engine.connect() as connection:
            raw: Any = connection.connection.dbapi_connection
            cursor = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            busy = cursor.fetchone()[0]
            cursor.close()
        if not busy:
            return
        if time.monotonic() > until:
            raise ServiceError(
                503, "The rows are deleted; the log is in use. Try again.", 1
            )
        time.sleep(0.02)
