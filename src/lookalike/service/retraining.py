"""Learning again from a service's own events, behind a gate.

The data are the log that the system was first learned from, and what users did since:
the events of the database, each pair of a user and an item once. Users who were erased
are left out of both. What is done with them, and when a new generation takes over, is
the loop's, see ``service.loop``.

In a service this is done by a process of its own, so that requests go on being
answered; of several workers, and of several services on the same state, one does it.
"""

import json
import multiprocessing
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lookalike._files import write_whole
from lookalike.core.library import Library
from lookalike.core.progress import ProgressCallback, no_progress
from lookalike.core.spec import SystemSpec
from lookalike.service.database import Database
from lookalike.service.database.loop_steps import (
    ACTIVATED,
    JUDGED,
    TRAINED,
    unfinished,
)
from lookalike.service.live_history import count_since
from lookalike.service.locks import exclusive
from lookalike.service.loop import Loop, Way, is_watched
from lookalike.service.shared_library import (
    Place,
    SharedLibrary,
    library_at,
    place_of,
)
from lookalike.systems import find_spec

_BEGINNING = 60.0  # seconds for a process to begin
_MOST_TIMES = 3  # that a service goes on with a run that was interrupted


@dataclass(frozen=True)
class Retrained:
    """A generation that was learned again.

    events : pairs of users and items that events are about
    took_over : whether it answers
    sentence : how it compares with the one that answered
    p_value : of the paired test
    run : of the loop, see ``service.loop``
    """

    generation: str
    events: int
    took_over: bool
    sentence: str
    difference: float
    p_value: float
    run: str


def retrain(
    spec: SystemSpec,
    library: Library,
    database: Database,
    options: Mapping[str, Any] | None = None,
    on_progress: ProgressCallback = no_progress,
    way: Way | None = None,
) -> Retrained:
    """Learn the next generation from log and events; it answers unless it is worse.

    Options are those of the generation that answers, but for those that are given. A
    run that was interrupted is gone on with, unless options are given.

    Raises
    ------
    ValueError, FileNotFoundError
        If nothing answers yet, or the log is no longer where it was.
    """
    spec.check_can("retrain")
    library.check_any()
    library.check_writable()
    loop = Loop(spec, library, database, way or Way())
    done = loop.run(options or {}, on_progress)
    judged = done.details_of(JUDGED)
    return Retrained(
        done.details_of(TRAINED).get("generation", ""),
        done.details_of(TRAINED).get("events", 0),
        done.last.step == ACTIVATED,
        done.last.reason,
        judged.get("difference", 0.0),
        judged.get("p_value", 1.0),
        done.run,
    )


# --- in a running service -------------------------------------------------------------


class Retraining:
    """Retraining of one system, in a process of its own.

    Parameters
    ----------
    library : Library
    database : Database
    state : Path
        Where the service keeps its files.
    way : Way
        How a generation comes to answer.
    """

    def __init__(
        self, library: Library, database: Database, state: Path, way: Way | None = None
    ) -> None:
        self._way = way or Way()
        is_shared = isinstance(library, SharedLibrary)
        self._everywhere = database if is_shared else None
        """Whose services exclude each other."""
        self._library = library
        self._database = database
        self._state = state
        self._process: Any = None
        self._gone_on: dict[str, int] = {}

    def status(self) -> dict[str, Any]:
        """Return the state, "never", "running", "done" or "failed", and what it found.

        Every worker says the same.
        """
        found = self._read()
        if found["state"] == "running" and not self._is_running(found):
            return {**found, "state": "failed", "sentence": "It was interrupted."}
        return found

    def start(self) -> bool:
        """Begin, unless it runs already; return whether it began."""
        with exclusive(_file(self._state, self._library.name, "begin")) as is_ours:
            if not is_ours or self._is_running(self._read()):
                return False
            _write(self._state, self._library.name, {"state": "running"})
            context = multiprocessing.get_context("spawn")
            url = self._database.url.render_as_string(hide_password=False)
            place = place_of(self._library)
            about = (self._library.name, place, url, self._database.durability)
            self._process = context.Process(
                target=_work, args=(*about, str(self._state), self._way), daemon=True
            )
            self._process.start()
            return True

    def is_due(self, hours: float, learned: int) -> bool:
        """Whether it is so long ago, and something happened since.

        learned : microsecond up to which the generation that answers has learned
        """
        if time.time() - self._read()["started"] < hours * 3600:
            return False
        with self._database.reading() as connection:
            return count_since(connection, self._library.name, learned) > 0

    def go_on(self) -> bool:
        """Go on with a run that was interrupted, or whose canary is decided.

        Returns whether there was any.
        """
        with self._database.reading() as connection:
            found = unfinished(connection, self._library.name)
            if found is None or is_watched(connection, found):
                return False
        # What is killed again and again is left to whoever begins the next run.
        if self._gone_on.get(found.run, 0) >= _MOST_TIMES or not self.start():
            return False
        self._gone_on[found.run] = self._gone_on.get(found.run, 0) + 1
        return True

    def _read(self) -> dict[str, Any]:
        path = _file(self._state, self._library.name, "json")
        try:
            return dict(json.loads(path.read_bytes()))
        except (OSError, ValueError):
            return {"state": "never", "started": 0.0}

    def _is_running(self, found: dict[str, Any]) -> bool:
        lock = _file(self._state, self._library.name, "lock")
        with exclusive(lock, self._everywhere) as is_free:
            if not is_free:
                return True
        begins = time.time() - found["started"] < _BEGINNING
        alive = self._process is None or self._process.is_alive()
        return found["state"] == "running" and begins and alive


@contextmanager
def alone(state: Path, name: str, everywhere: Database | None = None) -> Iterator[bool]:
    """Whether nobody else lets this system learn meanwhile, with the same state.

    everywhere : whose services exclude each other, too
    """
    state.mkdir(parents=True, exist_ok=True)
    with exclusive(_file(state, name, "lock"), everywhere) as is_ours:
        yield is_ours


def _work(
    name: str, where: Place, url: str, durability: Any, state: str, way: Way
) -> None:
    """What the process does."""
    place = Path(state)
    with closing(Database(url, durability)) as database:
        everywhere = database if where.store else None
        with alone(place, name, everywhere) as is_ours:
            if not is_ours:
                return
            try:
                library = library_at(name, where, database)
                found = retrain(find_spec(name), library, database, way=way)
            # Whatever it is, it is told: nobody sees the output of this process.
            except Exception as error:
                _write(place, name, {"state": "failed", "sentence": str(error)})
            else:
                _write(place, name, {"state": "done", **asdict(found)})


def _file(state: Path, name: str, kind: str) -> Path:
    return state / f"retraining-{name}.{kind}"


def _write(state: Path, name: str, found: dict[str, Any]) -> None:
    document = {**found, "started": time.time()}
    write_whole(_file(state, name, "json"), json.dumps(document).encode())
