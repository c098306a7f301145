"""The one way in which systems are served.

A ``ServedSystem`` has a library of generations and the one that answers, an engine that
answers requests in batches and in time, and, where its system can do so, items that
change, files that are watched and lists that are made beforehand. A reader takes
``active`` once and stays with it, so that an answer comes from exactly one generation
however often the pointer moves meanwhile.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from lookalike.core.generation import Generation
from lookalike.core.library import Library
from lookalike.core.spec import SystemSpec
from lookalike.service.answering import Answered, AnswerRequest, answer_batch
from lookalike.service.change_signal import ChangeSignal
from lookalike.service.database import Database
from lookalike.service.database.events import erased_among, erasures
from lookalike.service.engine import Engine, Job
from lookalike.service.items import ItemStore
from lookalike.service.live_history import histories_of
from lookalike.service.live_queries import LiveQueries
from lookalike.service.logs import log
from lookalike.service.metrics import Metrics
from lookalike.service.settings import Settings
from lookalike.service.tables import SuggestionTables

_LEARNS_FROM_USERS = ("recommend", "suggest")
"""Capabilities of systems that know users by their names."""
_OF_USERS = ("recommend", "rank", "explain", "explain_item")
"""Requests whose inputs name users, of systems that recommend."""


@dataclass(frozen=True)
class Active:
    """A generation that answers."""

    generation: str
    system: Any
    """As ``SystemSpec.capabilities`` says, see ``core.contracts``."""
    blocked: frozenset[str] = frozenset()
    """Users who were deleted since the generation learned from them."""
    revision: int = 0
    """Of the last change of an item that it knows of, without vectors."""
    created: str = ""
    """When the generation was made, in ISO's form."""

    @property
    def embedding_version(self) -> str:
        """Version of the system's embedding, "" where there is none."""
        return str(self.system.manifest_.embedding_version)


def learned_until(system: Any) -> int:
    """Return the microsecond up to which a system learned from events, 0 if never."""
    return int(system.manifest_.data.get("live_events", {}).get("until", 0))


@dataclass(frozen=True)
class Resources:
    """What all served systems of one service share."""

    database: Database
    signal: ChangeSignal
    settings: Settings
    metrics: Metrics


class ServedSystem:
    """One system as it is served.

    Parameters
    ----------
    spec : SystemSpec
    library : Library
        Of its generations.
    resources : Resources
    """

    active: Active
    _taken_up: Active
    """The same as it was loaded, before any table was made of it."""

    def __init__(
        self, spec: SystemSpec, library: Library, resources: Resources
    ) -> None:
        self.spec = spec
        self.name: str = spec.name
        self.library = library
        self._database = resources.database
        self._settings = resources.settings
        self._metrics = resources.metrics
        self.items: ItemStore | None = None
        if any(map(spec.can, ("items", "catalogue", "posts", "texts"))):
            self.items = ItemStore(self.name, resources.database, resources.signal)
        self._live: LiveQueries | None = None
        if spec.can("suggest"):
            blocked = resources.settings.state / "blocked" / f"{self.name}.txt"
            self._live = LiveQueries(resources.database, blocked)
        self._tables: SuggestionTables | None = None
        if spec.can("precompute"):
            folder = resources.settings.state / "tables"
            self._tables = SuggestionTables(self.name, resources.database, folder)
        self.engine: Engine[AnswerRequest] = Engine(
            self._answer, resources.settings.max_waiting
        )
        self._erasures = -1  # how many users were deleted when none was known here
        self._pace: dict[str, float] = {}
        self._loading = threading.Lock()
        self._swapping = threading.Lock()
        self._catching_up = threading.Lock()
        self._pointer: Any = None
        self._refreshed = time.monotonic()

    # --- starting and stopping --------------------------------------------------------

    def start(self) -> None:
        """Load the generation that answers, and begin to answer."""
        if self.items is not None:  # what was before this load is part of it
            self.items.mark_read(self.items.version(), self.items.epoch())
        self.open()
        self.engine.start()

    def stop(self) -> None:
        """Answer what waits, and finish what was begun."""
        self.engine.stop()
        if self._tables is not None:
            self._tables.stop()

    def open(self) -> None:
        """Load the generation that the pointer names, or the newest whole before it."""
        with self._loading:
            pointer = self.library.pointer()
            if pointer == self._pointer:
                return  # while this waited another thread took it up
            try:
                if self.items is not None:
                    self.items.start_above(self.library)
                found = self._found()
                before = getattr(self, "active", None)
                if before is None or before.generation != found.folder.name:
                    self._take_up(found)
            except ValueError:
                self._pointer = pointer  # what is damaged stays so: it is said once
                raise
            self._pointer = pointer

    def reload(self) -> None:
        """Load the generation again, with what lies beside it now."""
        with self._loading:
            self._take_up(self._found())

    # --- keeping up -------------------------------------------------------------------

    def block_erased(self) -> None:
        """Answer without the users who were deleted, if the generation knows any."""
        with self._database.reading() as connection:
            now = erasures(connection)
            if now == self._erasures:
                return
            known = self.active.system.known_users.tolist()
            gone = erased_among(connection, known)
            if not gone:
                self._erasures = now
        if gone or self._live is not None:  # they may have asked something since
            self.reload()

    def has_item(self, id: str) -> bool:
        """Whether an item of the system has this id, or may have it."""
        names_items = any(map(self.spec.can, ("search", "recommend", "rank")))
        return names_items and bool(self.active.system.has_item(id))

    def watch(self) -> None:
        """Take up another generation if the pointer moved, and what else changed."""
        if self.library.pointer() != self._pointer:
            self._try(self.open)
        if self.items is not None:
            self.catch_up()
            if self.spec.can("items"):
                self.active.system.items_.refresh()
            self._metrics.changed_items.labels(self.name).set(self.n_changed_items)
        if self.knows_users:
            self.block_erased()
        if self._live is not None:
            if self._live.was_restored():
                self.reload()
            self._live.refresh(self.active.system)
        self._refresh()

    def current(self) -> Active:
        """The generation that answers, with every change that was acknowledged.

        While the database does not answer, that is what was known before.
        """
        if self.items is not None and self.items.has_news():
            try:
                self.catch_up()
            except SQLAlchemyError as error:
                kind = type(error).__name__
                log(logging.ERROR, "changes could not be read", kind=kind)
        return self.active

    def catch_up(self) -> None:
        """Apply the changes of items that the database holds."""
        assert self.items is not None
        with self._catching_up:
            # First: what changes later is announced again.
            version, epoch = self.items.version(), self.items.epoch()
            if self.items.was_restored(epoch):
                self.reload()
            if self.spec.can("items"):
                self._apply_changes(self.active.system)
            else:
                self._replace_items()
            self.items.mark_read(version, epoch)

    @property
    def knows_users(self) -> bool:
        """Whether the system has learned from users whose names it knows."""
        return any(map(self.spec.can, _LEARNS_FROM_USERS))

    @property
    def live_queries(self) -> LiveQueries:
        """Of a system that suggests: what is asked meanwhile, and what is blocked."""
        assert self._live is not None
        return self._live

    @property
    def n_changed_items(self) -> int:
        """How many items are not as the generation has them."""
        if self.items is None:
            return 0
        if not self.spec.can("items"):
            return self.items.n_changed()
        return int(self.active.system.items_.n_changed)

    @property
    def n_held_changes(self) -> int:
        """How many changes of items are held in memory until the next compaction."""
        if not self.spec.can("items"):
            return 0
        return int(self.active.system.items_.n_held)

    @property
    def has_table(self) -> bool:
        """Whether recommendations are looked up in a table made beforehand."""
        return self._tables is not None and self._tables.is_used_by(self.active.system)

    # --- inside -----------------------------------------------------------------------

    def _answer(self, jobs: list[Job[AnswerRequest]]) -> list[Answered | Exception]:
        """One answer or exception a job, all from one generation."""
        self._metrics.together.observe(len(jobs))
        active = self.current()
        if self._live is not None:
            self._live.take_up_blocked(active.system)
        if self.spec.can("history"):
            active = self._with_events(active, jobs)
        return answer_batch(self.spec, active, jobs, self._settings, self._pace)

    def _with_events(self, active: Active, jobs: list[Job[AnswerRequest]]) -> Active:
        """The generation, with what the users of these jobs did since.

        While the database does not answer, that is nothing.
        """
        users = [
            user
            for job in jobs
            if job.request.verb in _OF_USERS
            for user in job.request.inputs
        ]
        try:
            with self._database.reading() as connection:
                learned = learned_until(active.system)
                events = histories_of(connection, self.name, users, learned)
        except SQLAlchemyError as error:
            log(logging.ERROR, "events could not be read", kind=type(error).__name__)
            return active
        if not events:
            return active
        return replace(active, system=active.system.with_events(events))

    def _found(self) -> Generation:
        found, complaint = self.library.open()
        if complaint:
            self._metrics.damaged.labels(self.name).inc()
            log(logging.ERROR, "generation damaged", detail=complaint)
        return found

    def _take_up(self, found: Generation) -> None:
        loaded = self._loaded(found)
        with self._swapping:
            self.active = self._taken_up = loaded
        self._metrics.swaps.labels(self.name).inc()
        about = {"system": self.name, "generation": found.folder.name}
        log(logging.INFO, "generation answers", **about)

    def _loaded(self, found: Generation) -> Active:
        system, gone = self.spec.system_class.load(found), set()
        if self.knows_users:
            with self._database.reading() as connection:
                if self._live is not None:
                    self._erasures = erasures(connection)
                gone = erased_among(connection, system.known_users.tolist())
            system = system.without_users(sorted(gone)) if gone else system
        if self.spec.can("refresh"):
            from lookalike.service.image_folders import with_folders

            system = with_folders(system, self._database, whole_names=False)
        revision = 0
        if self.spec.can("items"):
            self._apply_changes(system)
        elif self.items is not None:
            revision, changed = self.items.changed()
            system = system.with_items(changed) if changed else system
        if self._live is not None:
            self._live.start(system, system.known_until)
        system.warm_up()
        created = str(found.about.get("created", ""))
        return Active(found.folder.name, system, frozenset(gone), revision, created)

    def _replace_items(self) -> None:
        """Let a system answer with the items as they are now."""
        assert self.items is not None
        while (before := self.active).revision != self.items.last_revision():
            # Recommenders begin with what they learned; documents go on from here.
            after = before.revision if self.spec.can("texts") else 0
            revision, changed = self.items.changed(after)
            system = before.system.with_items(changed)
            with self._swapping:
                if self.active is before:  # no other generation was taken up meanwhile
                    self.active = replace(before, system=system, revision=revision)

    def _apply_changes(self, system: Any) -> None:
        assert self.items is not None
        lost = self.items.apply_changes(system)
        if lost:
            log(logging.WARNING, "items without a vector", count=lost)

    def _refresh(self) -> None:
        """Look at files and events from time to time, where the system uses any."""
        since = time.monotonic() - self._refreshed
        if self._tables is not None and (
            since > self._settings.refresh or not self.has_table
        ):
            self._refreshed = time.monotonic()
            self._tables.refresh(self.active, self._use_table)
        elif self.spec.can("refresh") and since > self._settings.refresh:
            self._refreshed = time.monotonic()
            if self.active.system.is_stale():
                self._try(self.reload)

    def _use_table(self, base: Active, system: Any) -> None:
        """Answer from a table, unless something else was loaded by now."""
        with self._loading:
            if self._taken_up is base:
                self.active = replace(base, system=system)

    def _try(self, take_up: Callable[[], None]) -> None:
        """Let what answers go on answering where the next cannot."""
        try:
            take_up()
        except (OSError, ValueError) as error:
            self._metrics.damaged.labels(self.name).inc()
            log(logging.ERROR, "generation refused", detail=str(error))
