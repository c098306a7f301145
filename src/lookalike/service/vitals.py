"""Numbers about the process itself, for whoever watches over it."""

import os
import platform
import sys
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import lookalike
from lookalike.service.database.writer import Writer
from lookalike.service.metrics import Metrics
from lookalike.service.probe import Probe
from lookalike.service.runtime import ServedSystem
from lookalike.service.scheduled_snapshots import last_taken
from lookalike.service.settings import Settings

_EVERY = 5.0


class Vitals:
    """Sets the gauges of build, process, queues, generations, snapshot and database.

    Parameters
    ----------
    metrics, settings, writer, probe
        Of the service.
    served : mapping of str to ServedSystem
    """

    def __init__(
        self,
        metrics: Metrics,
        settings: Settings,
        writer: Writer,
        probe: Probe,
        served: Mapping[str, ServedSystem],
    ) -> None:
        self._metrics = metrics
        self._settings = settings
        self._writer = writer
        self._probe = probe
        self._served = served
        self._looked = -_EVERY
        self._started = time.time()

    def look(self) -> None:
        """Set them, at most once in five seconds."""
        if time.monotonic() - self._looked < _EVERY:
            return
        self._looked = time.monotonic()
        metrics = self._metrics
        about = lookalike.__version__, platform.python_version()
        metrics.build.labels(*about).set(1)
        metrics.started.set(self._started)
        metrics.cpu_seconds.set(sum(os.times()[:2]))
        metrics.resident_bytes.set(_resident())
        metrics.waiting_writes.set(self._writer.waiting)
        metrics.last_snapshot.set(last_taken(self._settings.snapshots))
        for name, served in self._served.items():
            metrics.waiting.labels(name).set(served.engine.waiting)
            age = max(0.0, time.time() - _seconds(served.active.created))
            metrics.generation_age.labels(name).set(age)
        self._probe.look()


def _seconds(created: str) -> float:
    """Return a moment in ISO's form as seconds since 1970, 0 where there is none."""
    try:
        return datetime.fromisoformat(created).timestamp()
    except ValueError:
        return 0.0


def _resident() -> float:
    """Bytes of memory that the process has in use; 0 where it cannot be told."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return float(pages * os.sysconf("SC_PAGE_SIZE"))
    except (OSError, ValueError, AttributeError):
        if sys.platform == "win32":
            return 0.0
        import resource

        return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
