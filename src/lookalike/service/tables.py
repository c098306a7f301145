"""Lists of recommendations that are made beforehand, in the background.

One worker makes the table of all users and keeps it in a file that the others read.
Events of the action ``befriend`` link users while the service runs; the next table
knows of them.
"""

import hashlib
import json
import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy.exc import SQLAlchemyError

from lookalike.service.database import Database
from lookalike.service.database.events import new_edges
from lookalike.service.locks import exclusive
from lookalike.service.logs import log


class SuggestionTables:
    """Tables of one system, made again when what they are made of has changed.

    Parameters
    ----------
    name : str
        The system's name.
    database : Database
        Whose events link users.
    folder : Path
        Where tables are kept.
    """

    def __init__(self, name: str, database: Database, folder: Path) -> None:
        self._name = name
        self._database = database
        self._folder = folder
        self._thread: threading.Thread | None = None
        self._base: Any = None
        """The generation as it was loaded, before any table."""
        self._used: tuple[str, Any] = ("", None)
        """Name of the table in use, and the system that looks it up."""

    def is_used_by(self, system: Any) -> bool:
        """Whether this system answers from a table."""
        return self._used[1] is system

    def refresh(self, active: Any, use: Callable[[Any, Any], None]) -> None:
        """Begin to make a table where the last one is out of date.

        active : the generation that answers, with a table or without
        use : called with that generation and the system that looks the table up
        """
        if self._thread is not None and self._thread.is_alive():
            return
        if not self.is_used_by(active.system):
            self._base, self._used = active, ("", None)
        arguments = (self._base, use)
        self._thread = threading.Thread(
            target=self._make, args=arguments, name="tables", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Wait for what was begun."""
        if self._thread is not None:
            self._thread.join()

    def _make(self, base: Any, use: Callable[[Any, Any], None]) -> None:
        try:
            with self._database.reading() as connection:
                pairs = new_edges(connection)
            name = f"{self._name}-{base.generation}-{_digest(base, pairs)}"
            if name == self._used[0]:
                return
            system = base.system.with_edges(pairs)
            table = self._table(system, self._folder / f"{name}.npz")
            if table is not None:
                system = system.look_up(table)
                self._used = (name, system)
                use(base, system)
                about = {"system": self._name, "generation": base.generation}
                log(logging.INFO, "recommendations are looked up", **about)
        except (OSError, ValueError, SQLAlchemyError) as error:
            kind = type(error).__name__
            log(logging.ERROR, "table failed", kind=kind, detail=str(error))

    def _table(self, system: Any, file: Path) -> Any:
        """The table in this file; made first, by one of the workers."""
        file.parent.mkdir(parents=True, exist_ok=True)
        with exclusive(file.parent / f"{self._name}.lock") as is_ours:
            if is_ours and not file.exists():
                aside = file.with_suffix(".part")
                with aside.open("wb") as stream:
                    np.savez(stream, **vars(system.precompute()))
                aside.replace(file)
                for old in file.parent.glob(f"{self._name}-*.npz"):
                    if old != file:
                        old.unlink(missing_ok=True)
        if not file.exists():  # another worker makes it: the next look finds it
            return None
        with np.load(file, allow_pickle=False) as arrays:
            return type(system).table_of(dict(arrays))


def _digest(base: Any, pairs: Sequence[tuple[str, str]]) -> str:
    known = base.system.known_users.tolist()  # without those who were deleted
    about = json.dumps([base.system.manifest_.data, known, sorted(pairs)])
    return hashlib.sha256(about.encode()).hexdigest()[:16]
