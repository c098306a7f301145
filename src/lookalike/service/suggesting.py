"""A system that suggests, as it is served: its generation, and tables of what it says.

Where a system can, everybody's suggestions are made beforehand, in the background, and
a request looks them up; until then, and for systems that cannot, each request is
answered on its own. Who becomes friends with whom while the service runs is told to it
as events of the action ``befriend``; the next table knows of it.
"""

import hashlib
import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy.exc import SQLAlchemyError

from lookalike.core.library import Library
from lookalike.rank.slate import ExplainedSlate, explore
from lookalike.service.chores import alone
from lookalike.service.database import Database
from lookalike.service.database.events import befriended
from lookalike.service.engine import Engine, Job
from lookalike.service.log import Log
from lookalike.service.metrics import Metrics
from lookalike.service.plain import Answering, Plain
from lookalike.service.settings import Settings
from lookalike.systems import find_system

_POOL = 20  # how far below the last place the explored ones may stand


def suggests(name: str) -> bool:
    """Whether the system of this name suggests; see ``lookalike.rank.slate``."""
    return hasattr(find_system(name), "suggest")


@dataclass(frozen=True)
class Wanted:
    """What one request asks.

    users : who asks
    k : how many suggestions for each
    ids : what to put in order; None is whatever there is
    """

    users: Sequence[str]
    k: int = 0
    ids: Sequence[str] | None = None


@dataclass(frozen=True)
class Suggested:
    """Lists for the users of one request; fewer where time ran out."""

    generation: str
    system: Any
    lists: list[ExplainedSlate]


class Suggesting:
    """A library of generations that suggest, and the one that answers.

    Parameters
    ----------
    library : Library
    database : Database
        Where friendships that came since are told.
    settings : Settings
    """

    verbs = ("recommend", "rank", "explain")

    def __init__(
        self,
        library: Library,
        database: Database,
        settings: Settings,
        metrics: Metrics,
        log: Log,
    ) -> None:
        self.name = library.name
        self.library = library
        self._plain = Plain(library, metrics, log)
        self._database = database
        self._settings = settings
        self._metrics = metrics
        self._log = log
        self._rng = np.random.default_rng()
        self._making: threading.Thread | None = None
        self._looked = 0.0
        self._made = ""
        self.engine = Engine(self._answer, settings.max_waiting)

    def open(self) -> None:
        """Load the generation that the pointer names, or the newest whole before it."""
        self._plain.open()
        self._take_up()

    def watch(self) -> None:
        """Take up another generation if the pointer moved, and new friendships."""
        self._plain.watch()
        if self._plain.active.name != self.active.name:
            self._take_up()
        self._refresh()

    def _take_up(self) -> None:
        self.active = self._plain.active
        self._made = ""
        for who in self.active.system.askers[:1]:  # compile before anybody comes
            self.active.system.suggest(str(who), 10)

    def stop(self) -> None:
        """Answer what waits, and wait for what was begun."""
        self.engine.stop()
        if self._making is not None:
            self._making.join()

    @property
    def has_table(self) -> bool:
        """Whether requests are looked up."""
        return bool(self._made)

    def _answer(self, jobs: Sequence[Job[Wanted]]) -> list[Any]:
        self._metrics.together.observe(len(jobs))
        return [self._one(job.asked, job.deadline) for job in jobs]

    def _one(self, asked: Wanted, deadline: float) -> Any:
        active = self.active
        lists: list[ExplainedSlate] = []
        try:
            for who in asked.users:
                if lists and time.monotonic() > deadline:
                    break
                lists.append(self._list(active.system, who, asked))
        except ValueError as error:
            return error
        return Suggested(active.name, active.system, lists)

    def _list(self, system: Any, who: str, asked: Wanted) -> ExplainedSlate:
        if asked.ids is not None:
            found: ExplainedSlate = system.suggest_among(who, asked.ids)
            return explore(found, len(found.ids), 0.0, self._rng)
        share = self._settings.explore
        more = _POOL if share > 0 else 0
        found = system.suggest(who, asked.k + more)
        return explore(found, asked.k, share, self._rng)

    def _refresh(self) -> None:
        """Begin a new table where the last one is of another state of things."""
        if not hasattr(self.active.system, "precompute"):
            return
        busy = self._making is not None and self._making.is_alive()
        since = time.monotonic() - self._looked
        if busy or (self._made and since < self._settings.refresh):
            return
        self._looked = time.monotonic()
        self._making = threading.Thread(target=self._make, name="tables", daemon=True)
        self._making.start()

    def _make(self) -> None:
        try:
            base = self._plain.active
            with self._database.reading() as connection:
                pairs = befriended(connection)
            name = f"{self.name}-{base.name}-{_digest(base, pairs)}"
            if name == self._made:
                return
            file = self._settings.state / "tables" / f"{name}.npz"
            system = base.system.befriended(pairs)
            table = self._table(system, file)
            if table is not None and self._plain.active is base:
                self.active = Answering(base.name, system.look_up(table))
                self._made = name
                about = {"system": self.name, "generation": base.name}
                self._log.write("info", "suggestions are looked up", **about)
        except (OSError, ValueError, SQLAlchemyError) as error:
            kind = type(error).__name__
            self._log.write("error", "table failed", kind=kind, detail=str(error))

    def _table(self, system: Any, file: Path) -> Any:
        """The table in this file; made first, by one of the workers."""
        file.parent.mkdir(parents=True, exist_ok=True)
        with alone(file.parent / f"{self.name}.lock") as mine:
            if mine and not file.exists():
                aside = file.with_suffix(".part")
                with aside.open("wb") as stream:
                    np.savez(stream, **vars(system.precompute()))
                aside.replace(file)
                for old in file.parent.glob(f"{self.name}-*.npz"):
                    if old != file:
                        old.unlink(missing_ok=True)
        if not file.exists():  # another worker is at it: the next look finds it
            return None
        with np.load(file, allow_pickle=False) as arrays:
            return type(system).table_of(dict(arrays))


def _digest(base: Answering, pairs: Sequence[tuple[str, str]]) -> str:
    about = json.dumps([base.system.about_["data"], sorted(pairs)])
    return hashlib.sha256(about.encode()).hexdigest()[:16]
