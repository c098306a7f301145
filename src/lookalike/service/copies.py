"""Snapshots and exports of this service, cleaned of users whom another one deleted.

Services of one PostgreSQL have folders of their own. Who deletes a user deletes the
rows, and says so by a counter; each of the others cleans what it holds itself, and says
up to which deletion it has. The id is nowhere by then: users are known by the salted
digests that stay of them. A service that was down comes to it when it starts.
"""

import logging
import secrets
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from filelock import FileLock

from lookalike._files import UNFINISHED, write_whole
from lookalike.service.change_signal import ChangeSignal
from lookalike.service.database import Database
from lookalike.service.database.connection import now
from lookalike.service.database.events import erasures, known_erased, without_erased
from lookalike.service.database.items import put
from lookalike.service.database.tables import (
    events,
    experiment_exposures,
    exposures,
    handed_out,
    services,
)
from lookalike.service.locks import exclusive
from lookalike.service.logs import log
from lookalike.service.settings import Settings
from lookalike.service.snapshots import Kept, rewrite, snapshots_and_others

_BEAT = 5.0  # seconds after which a service says again that it runs
_GONE = 20_000_000  # microseconds of silence after which one is taken for stopped
_LOOK = 0.05
_PATIENCE = 5.0  # seconds for what was begun; the server ends it by itself otherwise


class Copies:
    """What one service keeps beside the database.

    Parameters
    ----------
    settings : Settings
    database : Database
    signal : ChangeSignal
        Wakes the other services.
    """

    def __init__(
        self, settings: Settings, database: Database, signal: ChangeSignal
    ) -> None:
        self._settings = settings
        self._database = database
        self._signal = signal
        self._beaten = -_BEAT
        self._cleaned = -1
        self._thread: threading.Thread | None = None

    def watch(self) -> None:
        """Say that this service runs, and clean what another one's deletion left."""
        if self._database.is_sqlite:
            return  # whose only service cleans everything itself
        if time.monotonic() - self._beaten > _BEAT:
            self._say(self._done())
        with self._database.reading() as connection:
            wanted = erasures(connection)
        if wanted == self._cleaned or self._is_cleaning:
            return
        if self._done() >= wanted:
            self._cleaned = wanted
            return
        self._thread = threading.Thread(
            target=self._clean, args=(wanted,), name="copies", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Finish what was begun, and say that this service runs no more."""
        if self._thread is not None:
            self._thread.join(_PATIENCE)
        if not self._database.is_sqlite:
            mine = sa.delete(services).where(services.c.id == self._id())
            with suppress(sa.exc.SQLAlchemyError), self._database.writing() as writing:
                writing.execute(mine)

    def clean_here(self, wanted: int) -> None:
        """Note that this service has cleaned its copies after a deletion of its own.

        Where it has missed one of another service before, it has still to do that.
        """
        if not self._database.is_sqlite and self._done() >= wanted - 1:
            self._note(max(wanted, self._done()))

    def others_behind(self, wanted: int, seconds: float) -> list[str]:
        """Wait for the other services; return the hosts of those that did not clean.

        wanted : the deletion up to which they are to
        """
        if self._database.is_sqlite:
            return []
        self._signal.notify()
        until = time.monotonic() + seconds
        while True:
            s = services.c
            query = sa.select(s.host).where(
                s.id != self._id(), s.erasures < wanted, s.seen > now() - _GONE
            )
            with self._database.reading() as connection:
                behind = sorted(connection.execute(query).scalars())
            if not behind or time.monotonic() > until:
                return behind
            time.sleep(_LOOK)

    @property
    def _is_cleaning(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _clean(self, wanted: int) -> None:
        lock = self._settings.state / "erasing.lock"
        with exclusive(lock) as is_ours:
            if not is_ours or self._done() >= wanted:
                return  # another worker does it
            try:
                remove_exports(self._settings)
                for name in snapshots_and_others(self._settings.snapshots)[0]:
                    self._clean_snapshot(name)
            except (OSError, sa.exc.SQLAlchemyError) as error:
                kind = type(error).__name__
                log(logging.ERROR, "copies not cleaned", kind=kind)
            else:
                self._note(wanted)

    def _clean_snapshot(self, name: str) -> None:
        with self._database.reading() as connection:
            gone = known_erased(connection)
        try:
            rewrite(self._settings.snapshots, name, kept_without(gone))
        except ValueError:
            log(logging.ERROR, "no whole snapshot, left as it is", snapshot=name)

    def _note(self, wanted: int) -> None:
        write_whole(self._file("erased"), f"{wanted}\n".encode())
        self._say(wanted)

    def _say(self, done: int) -> None:
        row: dict[str, Any] = {"id": self._id(), "host": socket.gethostname()[:200]}
        row |= {"erasures": done, "seen": now()}
        with self._database.writing() as connection:
            put(self._database, connection, services, [row])
        self._beaten = time.monotonic()

    def _done(self) -> int:
        try:
            return int(self._file("erased").read_text())
        except (OSError, ValueError):
            return 0 if self._settings.snapshots.is_dir() else -1

    def _id(self) -> str:
        """Return what this service is called: the same one as long as its files are."""
        file = self._file("service-id")
        with suppress(OSError):
            return file.read_text().strip()
        with FileLock(file.with_suffix(".lock")):
            if not file.exists():
                write_whole(file, secrets.token_hex(16).encode())
        return file.read_text().strip()

    def _file(self, name: str) -> Path:
        return self._settings.state / name


def kept_without(gone: Callable[[str], bool]) -> dict[sa.Table, Kept]:
    """Return what is kept of each row of a snapshot, for ``rewrite``.

    gone : whether a name is that of a user who was deleted
    """
    lists, sessions = set[str](), set[str]()

    def shown(row: dict[str, Any]) -> dict[str, Any] | None:
        left = without_erased(row, gone)
        if left is None:
            lists.add(row["query_id"])
            if row.get("session_id") is not None:
                sessions.add(row["session_id"])
        return left

    def assigned(row: dict[str, Any]) -> dict[str, Any] | None:
        is_theirs = row["query_id"] in lists or row["unit"] in sessions
        return None if is_theirs else without_erased(row, gone)

    def other(row: dict[str, Any]) -> dict[str, Any] | None:
        return without_erased(row, gone)

    return {  # in this order
        exposures: shown,
        events: other,
        experiment_exposures: assigned,
        handed_out: other,
    }


def remove_exports(settings: Settings) -> None:
    """Delete the tables that were exported; the next export makes them again."""
    settings.exports.mkdir(parents=True, exist_ok=True)
    with FileLock(settings.exports_lock):  # none is being written
        for pattern in ("*.parquet", f"{UNFINISHED}*"):
            for path in settings.exports.glob(pattern):
                path.unlink(missing_ok=True)
