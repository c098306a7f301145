"""What people ask while a generation answers, and what is blocked: in every worker.

Queries come as events of the actions below, whose object is the query. Each worker
looks for new ones every time it watches, so that a query counts within a second, and is
as durable as its event. Blocked phrases are lines of one file, which is looked at
before each answer.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from filelock import FileLock

from lookalike._event_weights import plain_name
from lookalike._files import write_whole
from lookalike.core.contracts import Suggests
from lookalike.service.database import Database
from lookalike.service.database.items import epoch
from lookalike.service.database.tables import events

ACTIONS = ("search", "query")
"""Actions of events that say that somebody asked for something."""
_OVERLAP = 5_000_000  # microseconds; what was received then may be committed later


class LiveQueries:
    """Askings and blocked phrases of one system that suggests.

    Parameters
    ----------
    database : Database
    path : Path
        The file of blocked phrases, which need not be there.
    """

    def __init__(self, database: Database, path: Path) -> None:
        self._database = database
        self._path = path
        self._after = self._since = self._epoch = 0
        self._counted: dict[str, int] = {}  # ids of events, and when they were received
        self._stamp: Any = None

    def was_restored(self) -> bool:
        """Whether a restore replaced everything that was asked since ``start``."""
        with self._database.reading() as connection:
            return epoch(connection) != self._epoch

    def start(self, system: Suggests, since: float) -> None:
        """Let a system that was just loaded know everything that was asked since.

        since : seconds since 1970; what happened until then is part of its data
        """
        with self._database.reading() as connection:
            self._epoch = epoch(connection)
        self._after, self._counted, self._stamp = 0, {}, None
        self._since = int(since * 1e6)
        self.refresh(system)
        self.take_up_blocked(system)

    def refresh(self, system: Suggests) -> None:
        """Count what was asked since the last look."""
        c = events.c
        query = (
            sa.select(
                *(c.event_id, c.action_name, c.object_id, c.user_id),
                *(c.event_attributes, c.timestamp, c.received),
            )
            .where(c.received > self._after - _OVERLAP)
            .where(c.timestamp > self._since)
            .where(c.object_id.is_not(None))
            .order_by(c.received)
        )
        found = []
        with self._database.reading() as connection:
            for id, action, asked, user, more, time, received in connection.execute(
                query
            ):
                if id in self._counted or plain_name(action) not in ACTIONS:
                    continue
                self._counted[id] = received
                self._after = max(self._after, received)
                moment = min(time, received) / 1e6  # clocks of clients run ahead
                found.append((asked, user or "", _country(more), moment))
        old = self._after - 2 * _OVERLAP
        self._counted = {id: at for id, at in self._counted.items() if at > old}
        if found:
            system.count_asked(found)

    # --- blocked phrases --------------------------------------------------------------

    def take_up_blocked(self, system: Suggests) -> None:
        """Block what the file names, if it has changed."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return
        stamp = status.st_mtime_ns, status.st_ino
        if stamp != self._stamp:
            system.block_phrases(self.blocked())
            self._stamp = stamp

    def blocked(self) -> list[str]:
        """Return the phrases in the file."""
        if not self._path.exists():
            return []
        lines = self._path.read_text(encoding="utf-8").splitlines()
        return [line.strip() for line in lines if line.strip()]

    def block(self, phrases: Iterable[str]) -> list[str]:
        """Add phrases to the file; return all that it names now."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self._path.with_suffix(".lock")):
            every = list(dict.fromkeys([*self.blocked(), *phrases]))
            write_whole(self._path, "".join(f"{each}\n" for each in every).encode())
        return every


def _country(attributes: str) -> str:
    found = json.loads(attributes or "{}").get("country")
    return found if isinstance(found, str) else ""
