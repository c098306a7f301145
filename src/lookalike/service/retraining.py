"""Learning again from a service's own events, behind a gate.

The data are the log that the system was first learned from, and what users did since:
the events of the database, each pair of a user and an item once. Users who were erased
are left out of both. A new generation takes over unless it is worse than the one that
answers, by a paired test on what is held out of the same data.

In a service this is done by a process of its own, so that requests go on being
answered; of several workers, and of several services on the same state, one does it.
"""

import json
import multiprocessing
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lookalike._files import write_whole
from lookalike.core.gate import is_worse
from lookalike.core.library import Library
from lookalike.core.manifest import Manifest
from lookalike.core.progress import ProgressCallback, no_progress, stage_of
from lookalike.core.spec import SystemSpec
from lookalike.evaluate import Comparison
from lookalike.service.database import Database
from lookalike.service.database.connection import now
from lookalike.service.database.events import erased_among
from lookalike.service.database.items import changes
from lookalike.service.live_history import count_since, everything_done
from lookalike.service.locks import exclusive
from lookalike.systems import find_spec

_BEGINNING = 60.0  # seconds for a process to begin


@dataclass(frozen=True)
class Retrained:
    """A generation that was learned again.

    events : pairs of users and items that events are about
    took_over : whether it answers
    sentence : how it compares with the one that answered
    p_value : of the paired test
    """

    generation: str
    events: int
    took_over: bool
    sentence: str
    difference: float
    p_value: float


def retrain(
    spec: SystemSpec,
    library: Library,
    database: Database,
    options: Mapping[str, Any] | None = None,
    on_progress: ProgressCallback = no_progress,
) -> Retrained:
    """Learn the next generation from log and events; it answers unless it is worse.

    Options are those of the generation that answers, but for those that are given.

    Raises
    ------
    ValueError, FileNotFoundError
        If nothing answers yet, or the log is no longer where it was.
    """
    spec.check_can("retrain")
    library.check_any()
    library.check_writable()
    on_progress("reading log and events", 0.0)
    found, _ = library.open()
    answering = spec.system_class.load(found, n_jobs=-1)
    data = live_data(spec, answering.manifest_, database, now())
    chosen = {**answering.configuration(), **(options or {})}
    system = spec.new(chosen, n_jobs=-1)
    served, result = spec.train(system, data, stage_of(on_progress, 0.05, 0.8))
    on_progress("comparing with what answers", 0.85)
    test = spec.member("comparison")(answering, system, data)
    worse = is_worse(test)
    on_progress("saving", 0.98)
    number = library.add(lambda place: served.save(place, result), answers=not worse)
    return Retrained(
        number,
        data.live_events["count"],
        not worse,
        _sentence(test, found.folder.name, number, worse),
        test.difference.value,
        test.p_value,
    )


def live_data(
    spec: SystemSpec, learned: Manifest, database: Database, until: int
) -> Any:
    """Return the log of a generation, with the events that had arrived by then."""
    data = spec.find_data(
        learned.data["name"], options=learned.data.get("options") or None
    )
    most = spec.system_class.most_value
    with database.reading() as connection:
        done = [
            each._replace(amount=min(each.amount, most))
            for each in everything_done(connection, spec.name, until)
        ]
        gone = erased_among(connection, data.users.tolist())
        items = [
            {"id": each.id, "label": each.label, "attributes": each.attributes or {}}
            for each in changes(connection, spec.name, 0, "")
            if not each.deleted
        ]
    return spec.member("live_data")(data, done, items, gone, until)


def _sentence(test: Comparison, before: str, number: str, worse: bool) -> str:
    gain = test.difference
    beside = f"{gain.value:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}]"
    how = f"nDCG at 10 against generation {before} {beside}, p = {test.p_value:.2g}"
    if worse:
        return f"Generation {number} is worse and does not take over: {how}."
    return f"Generation {number} answers: {how}."


# --- in a running service -------------------------------------------------------------


class Retraining:
    """Retraining of one system, in a process of its own.

    Parameters
    ----------
    library : Library
    database : Database
    state : Path
        Where the service keeps its files.
    """

    def __init__(self, library: Library, database: Database, state: Path) -> None:
        self._library = library
        self._database = database
        self._state = state
        self._process: Any = None

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
            folder = str(self._library.folder)
            about = (self._library.name, folder, url, self._database.durability)
            self._process = context.Process(
                target=_work, args=(*about, str(self._state)), daemon=True
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

    def _read(self) -> dict[str, Any]:
        path = _file(self._state, self._library.name, "json")
        try:
            return dict(json.loads(path.read_bytes()))
        except (OSError, ValueError):
            return {"state": "never", "started": 0.0}

    def _is_running(self, found: dict[str, Any]) -> bool:
        with exclusive(_file(self._state, self._library.name, "lock")) as is_free:
            if not is_free:
                return True
        begins = time.time() - found["started"] < _BEGINNING
        alive = self._process is None or self._process.is_alive()
        return found["state"] == "running" and begins and alive


def _work(name: str, folder: str, url: str, durability: Any, state: str) -> None:
    """What the process does."""
    place = Path(state)
    with exclusive(_file(place, name, "lock")) as is_ours:
        if not is_ours:
            return
        try:
            with closing(Database(url, durability)) as database:
                found = retrain(find_spec(name), Library(name, folder), database)
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
