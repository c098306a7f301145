"""The components of one running service, put together in one place."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from lookalike.core.library import Library
from lookalike.service.arrival import Arrivals
from lookalike.service.change_signal import ChangeSignal
from lookalike.service.copies import Copies
from lookalike.service.database import Database
from lookalike.service.database.connection import service_error_of
from lookalike.service.database.freeing import SpaceFreeing
from lookalike.service.database.migrate import migrate
from lookalike.service.database.writer import Writer
from lookalike.service.distant_signal import DistantSignal, signal_of
from lookalike.service.draining import Drain
from lookalike.service.experiments import Experiments
from lookalike.service.exposures import ExposureLog
from lookalike.service.keyring import Keyring
from lookalike.service.limits import arrivals, occupancy
from lookalike.service.logs import log
from lookalike.service.loop import Way
from lookalike.service.maintenance import MaintenanceTasks
from lookalike.service.metrics import Metrics
from lookalike.service.monitoring import Monitoring
from lookalike.service.probe import Probe
from lookalike.service.retraining import Retraining
from lookalike.service.runtime import Resources, ServedSystem
from lookalike.service.scheduled_snapshots import ScheduledSnapshots
from lookalike.service.settings import Settings
from lookalike.service.shared_library import SharedLibrary, library_of
from lookalike.service.shedding import Occupancy
from lookalike.service.snapshots import snapshots_and_others
from lookalike.service.variants import Variants
from lookalike.service.vitals import Vitals
from lookalike.systems import find_spec

_PAUSE = 0.02  # seconds between two looks, however much is announced


@dataclass
class Components:
    """The components of one running service."""

    settings: Settings
    database: Database
    metrics: Metrics
    occupancy: Occupancy
    arrivals: Arrivals
    signal: ChangeSignal
    writer: Writer
    keyring: Keyring
    exposures: ExposureLog
    served: dict[str, ServedSystem]
    experiments: Experiments
    retraining: dict[str, Retraining]
    maintenance: MaintenanceTasks
    copies: Copies
    freeing: SpaceFreeing
    probe: Probe
    snapshots: ScheduledSnapshots
    vitals: Vitals
    drain: Drain = field(default_factory=Drain)
    ready: bool = False

    @property
    def libraries(self) -> dict[str, Library]:
        """The library of every system that is served."""
        return {name: each.library for name, each in self.served.items()}

    def start(self) -> None:
        """Bring the database up to date; load and warm up what answers."""
        migrate(self.database)
        if self.settings.snapshots.is_dir():
            with suppress(OSError):  # of a folder that may not be written
                snapshots_and_others(self.settings.snapshots)  # finish what a kill cut
        for served in self.served.values():
            if isinstance(served.library, SharedLibrary):
                served.library.join()
            served.start()
        self.experiments.refresh(anew=True)
        self.keyring.read()
        self.writer.start()
        self.ready = True

    def stop(self) -> None:
        """Finish what was begun, and release everything."""
        self.ready = False
        self.maintenance.stop()
        self.snapshots.stop()
        self.copies.stop()
        self.freeing.stop()
        self.probe.stop()
        self.experiments.stop()
        for served in self.served.values():
            served.stop()
        self.writer.stop()
        self.signal.close()
        self.database.close()

    async def watch(self, stop: asyncio.Event) -> None:
        """Look, again and again, for another generation, items and keys."""
        news, loop = asyncio.Event(), asyncio.get_running_loop()
        if isinstance(self.signal, DistantSignal):
            self.signal.start(lambda: loop.call_soon_threadsafe(news.set))
        ends = asyncio.create_task(stop.wait())
        while not stop.is_set():
            await asyncio.wait([ends], timeout=min(_PAUSE, self.settings.watch))
            told = asyncio.create_task(news.wait())
            await asyncio.wait(
                [ends, told],
                timeout=max(0.0, self.settings.watch - _PAUSE),
                return_when=asyncio.FIRST_COMPLETED,
            )
            told.cancel()
            news.clear()
            try:
                await asyncio.to_thread(self.watch_once)
            except Exception as error:
                kind, detail = type(error).__name__, service_error_of(error).detail
                log(logging.ERROR, "watch failed", kind=kind, detail=detail)

    def watch_once(self) -> None:
        """Take up what changed since the last look."""
        for served in self.served.values():
            served.watch()
            self.maintenance.run_due(served)
        self.experiments.watch()
        self.keyring.read()
        self.vitals.look()
        self.snapshots.watch()
        self.copies.watch()


def assemble(
    libraries: Mapping[str, Library], database: Database, settings: Settings
) -> Components:
    """Put the components together; nothing is opened or started yet."""
    metrics = Metrics()
    probe = Probe(database, metrics)
    signal = signal_of(database, settings.state / "changes")
    writer = Writer(database, settings.max_writes)
    resources = Resources(database, signal, settings, metrics)
    served = {
        name: ServedSystem(
            find_spec(name), library_of(library, database, settings), resources
        )
        for name, library in libraries.items()
    }
    experiments = Experiments(
        served,
        {n: Variants(each.spec, each.library, resources) for n, each in served.items()},
        *(database, writer, metrics, signal),
    )
    retraining = {
        name: Retraining(
            *(each.library, database, settings.state),
            Way(settings.retrain_days, settings.canary_share),
        )
        for name, each in served.items()
        if each.spec.can("retrain")
    }
    return Components(
        settings=settings,
        database=database,
        metrics=metrics,
        occupancy=occupancy(settings, metrics),
        arrivals=arrivals(settings, metrics),
        signal=signal,
        writer=writer,
        keyring=Keyring(database, settings),
        exposures=ExposureLog(database, writer, metrics),
        served=served,
        experiments=experiments,
        retraining=retraining,
        maintenance=MaintenanceTasks(
            settings,
            *(database, writer, experiments, retraining),
            Monitoring(settings, database, metrics),
        ),
        copies=Copies(settings, database, signal),
        freeing=SpaceFreeing(database),
        probe=probe,
        vitals=Vitals(metrics, settings, writer, probe, served),
        snapshots=ScheduledSnapshots(
            settings,
            database,
            {name: each.library for name, each in served.items()},
            writer.settle,
        ),
    )
