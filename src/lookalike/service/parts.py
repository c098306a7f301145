"""What a service is made of, put together in one place."""

import asyncio
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from lookalike.core.library import Library
from lookalike.service.answering import Answering, Query
from lookalike.service.bell import Bell
from lookalike.service.chores import Chores
from lookalike.service.database import Database
from lookalike.service.database.connection import refusal_of
from lookalike.service.database.migrate import migrate
from lookalike.service.database.writer import Writer
from lookalike.service.digits_face import FACES
from lookalike.service.engine import Engine
from lookalike.service.exposure_log import ExposureLog
from lookalike.service.gate import occupancy
from lookalike.service.keyring import Keyring
from lookalike.service.log import Log
from lookalike.service.metrics import Metrics
from lookalike.service.plain import Plain
from lookalike.service.searching import Searching, searches
from lookalike.service.served import Served
from lookalike.service.settings import Settings
from lookalike.service.shedding import Occupancy
from lookalike.service.suggesting import Suggesting, suggests


@dataclass
class Parts:
    """The parts of one running service."""

    settings: Settings
    database: Database
    log: Log
    metrics: Metrics
    occupancy: Occupancy
    bell: Bell
    writer: Writer
    engine: Engine[Query]
    keyring: Keyring
    exposures: ExposureLog
    served: dict[str, Served]
    plain: dict[str, Plain]
    searching: dict[str, Searching]
    suggesting: dict[str, Suggesting]
    chores: Chores
    ready: bool = False

    @property
    def systems(self) -> list[Served | Plain | Searching | Suggesting]:
        """Every system."""
        found = (self.served, self.plain, self.searching, self.suggesting)
        return [system for kind in found for system in kind.values()]

    def start(self) -> None:
        """Bring the database up to date, load and warm what answers."""
        migrate(self.database)
        for system in self.systems:
            system.open()
        self.keyring.read()
        self.writer.start()
        self.engine.start()
        for each in self.searching.values():
            each.engine.start()
        for one in self.suggesting.values():
            one.engine.start()
        self.ready = True

    def stop(self) -> None:
        """Finish what was begun, and let go."""
        self.ready = False
        self.chores.stop()
        self.engine.stop()
        for each in self.searching.values():
            each.engine.stop()
        for one in self.suggesting.values():
            one.stop()
        self.writer.stop()
        self.database.close()
        self.bell.close()

    async def watch(self, stop: asyncio.Event) -> None:
        """Look, again and again, for another generation, items and keys."""
        while not stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self.settings.watch)
            try:
                await asyncio.to_thread(self._look)
            except Exception as error:
                kind, about = type(error).__name__, refusal_of(error).sentence
                self.log.write("error", "watch failed", kind=kind, detail=about)

    def _look(self) -> None:
        for served in self.served.values():
            served.watch()
            self.chores.look(served)
        for other in (self.plain, self.searching, self.suggesting):
            for each in other.values():
                each.watch()
        self.keyring.read()


def assemble(
    libraries: Mapping[str, Library],
    database: Database,
    settings: Settings,
    log: Log | None = None,
) -> Parts:
    """Put the parts together; nothing is opened or started yet."""
    log = log or Log(sys.stderr)
    metrics = Metrics()
    bell = Bell(settings.state / "bell")
    writer = Writer(database, settings.max_writes)
    common: Any = (database, bell, settings.state / "indexes", metrics, log)
    return Parts(
        settings=settings,
        database=database,
        log=log,
        metrics=metrics,
        occupancy=occupancy(settings, metrics),
        bell=bell,
        writer=writer,
        engine=Engine(Answering(metrics), settings.max_waiting),
        keyring=Keyring(database, settings),
        exposures=ExposureLog(database, writer, metrics),
        served={
            n: Served(each, *common) for n, each in libraries.items() if n in FACES
        },
        plain={
            n: Plain(each, metrics, log)
            for n, each in libraries.items()
            if not (n in FACES or searches(n) or suggests(n))
        },
        searching={
            n: Searching(each, settings, metrics, log)
            for n, each in libraries.items()
            if n not in FACES and searches(n)
        },
        suggesting={
            n: Suggesting(each, database, settings, metrics, log)
            for n, each in libraries.items()
            if suggests(n)
        },
        chores=Chores(settings, writer, log),
    )
