"""A library that several services share: names and pointer in SQL, files by digest.

The files come from a store, once, into a folder of this service, from which they are
mapped into memory as those of any library. What `lookalike train` writes on one machine
into the system's own folder there, or points to, is published by that machine's service
and so answers everywhere.
"""

import json
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from lookalike._files import UNFINISHED, write_whole
from lookalike.core.generation import Damaged, Generation, load
from lookalike.core.library import Library
from lookalike.service.database import Database, registry
from lookalike.service.database.registry import Act, acting
from lookalike.service.generation_store import GenerationStore, store_at
from lookalike.service.locks import exclusive, in_turn
from lookalike.service.settings import Settings

KEEP = 5
"""Generations of a system whose files are kept."""


class SharedLibrary(Library):
    """The generations of one system, of all services of a database.

    Parameters
    ----------
    own : Library
        What this machine alone has: where programs beside the service write.
    database : Database
        Which generations there are, and which of them answers.
    store : str
        Where their files are: a folder that all services reach, or the address of a
        bucket.
    state : Path
        Of this service: files that were fetched lie below.
    keep : int
        How many are kept; 0 is all.
    """

    def __init__(
        self,
        own: Library,
        database: Database,
        store: str,
        state: Path,
        keep: int = KEEP,
    ) -> None:
        super().__init__(own.name, state / "generations" / own.name)
        self.own = own
        self.store_address = store
        self.keep = keep
        self._database = database
        self._store: GenerationStore = store_at(store)
        self._fetching = threading.Lock()
        self._published: object = None

    # --- what there is ----------------------------------------------------------------

    def names(self) -> list[str]:
        """Names of the generations whose files are kept, oldest first."""
        with self._database.reading() as connection:
            return registry.names(connection, self.name)

    def current(self) -> str | None:
        """Name of the generation that answers, None before the first."""
        with self._database.reading() as connection:
            return registry.pointer(connection, self.name)[1]

    def pointer(self) -> object:
        """Return a value that differs whenever the pointer was moved, by any service.

        What a program beside this service has made is published first.
        """
        if self.own.pointer() != self._published:
            self._publish()
        with self._database.reading() as connection:
            return registry.pointer(connection, self.name)[0]

    def about(self, number: str) -> dict[str, Any]:
        """Return what a generation says of itself; {} where there is none."""
        with self._database.reading() as connection:
            return registry.document_of(connection, self.name, number)

    def highest_revision(self) -> int:
        """Return the last revision of items that any generation ever held."""
        with self._database.reading() as connection:
            return registry.highest_revision(connection, self.name)

    def listed(self) -> list[dict[str, Any]]:
        """Return what the registry says of each generation, those retired too."""
        with self._database.reading() as connection:
            return registry.registered(connection, self.name)

    def moves(self, n: int = 20) -> list[dict[str, Any]]:
        """Return the last moves of the pointer, newest first."""
        with self._database.reading() as connection:
            return registry.moves(connection, self.name, n)

    # --- files ------------------------------------------------------------------------

    def place(self, number: str) -> Path:
        """Return the folder with a generation's files, fetched if they are not here.

        Raises
        ------
        Damaged
            If there is no such generation, or the store has other files.
        OSError
            If the store cannot be read.
        """
        with self._database.reading() as connection:
            digest = registry.digest_of(connection, self.name, number)
        if digest is None:
            raise Damaged(f"There is no generation {number!r:.50} of {self.name}.")
        target = self.folder / number
        with self._fetching:
            if _digest(target) != digest:
                self._fetch(digest, target)
        return target

    def load(self, number: str) -> Generation:
        """Read a generation; files that were damaged here are fetched once more."""
        try:
            return super().load(number)
        except Damaged:
            place = self.place(number)
            with self._fetching:
                self._remove(place)
            return super().load(number)

    def _fetch(self, digest: str, target: Path) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        scratch = self.folder / f"{UNFINISHED}{secrets.token_hex(8)}"
        try:
            try:
                self._store.fetch(digest, scratch)
            except FileNotFoundError:
                raise Damaged(f"{target.name} is not in the store.") from None
            load(scratch, self.name)
            if _digest(scratch) != digest:
                raise Damaged(f"{target.name} in the store is another generation.")
            self._remove(target)
            self._put_in_place(scratch, target)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _put_in_place(self, scratch: Path, target: Path) -> None:
        try:
            scratch.rename(target)
        except OSError:
            if _digest(target) != _digest(scratch):  # else another worker was faster
                raise

    def _remove(self, place: Path) -> None:
        """Take files away at once; who has mapped them keeps them."""
        aside = self.folder / f"{UNFINISHED}{secrets.token_hex(8)}"
        if place.exists():
            place.rename(aside)
            shutil.rmtree(aside, ignore_errors=True)

    @contextmanager
    def alone(self, work: str) -> Iterator[None]:
        """Wait until no other service does this work on the system."""
        with in_turn(self.folder / f".{work}-{self.name}", self._database):
            yield

    # --- changes ----------------------------------------------------------------------

    def check_writable(self) -> None:
        """Refuse folders that cannot take a generation, before one is made."""
        Library(self.name, self.folder).check_writable()

    def add(self, write: Callable[[Path], object], answers: bool = True) -> str:
        """Let ``write`` make the next generation, and let that one answer.

        Content that is there already keeps its name.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        scratch = self.folder / f"{UNFINISHED}{secrets.token_hex(8)}"
        try:
            write(scratch)
            return self._registered(scratch, answers)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _brought(self, source: Path, name: str | None = None) -> str:
        load(source, self.name)
        self.folder.mkdir(parents=True, exist_ok=True)
        scratch = self.folder / f"{UNFINISHED}{secrets.token_hex(8)}"
        try:
            shutil.copytree(source, scratch)
            return self._registered(scratch, False, name)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def bring(self, source: Path) -> str:
        """Share a generation that lies elsewhere; return its name here."""
        return self._brought(source)

    def join(self) -> None:
        """Share what this machine alone has, where nothing is shared yet.

        Otherwise what it has is left aside: names are given once, and here they are of
        other content.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.alone("joining"):
            if self._seen().exists():
                return
            with self._database.reading() as connection:
                is_first = not registry.registered(connection, self.name)
            if is_first:
                self._share_all()
            write_whole(self._seen(), repr(self.own.pointer()).encode())

    def _share_all(self) -> None:
        there, current = self.own.names(), self.own.current()
        with self._database.reading() as connection:
            wanted = {current, *registry.named(connection, self.name)}
        wanted |= {*there[-self.keep :]}  # of 0: all
        with acting("the service", "it was here before generations were shared"):
            for number in filter(wanted.__contains__, there):
                try:
                    self._brought(self.own.place(number), number)
                except ValueError:
                    continue  # damaged: it stays where it is
                if number == current:
                    self._point_to(number)

    def _publish(self) -> None:
        """Let all services take up what a program beside this one has pointed to."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with exclusive(self.folder / ".publishing") as is_ours:
            if not is_ours:
                return
            moved = self.own.pointer()
            seen = self._seen()
            if not seen.exists() or seen.read_text() != repr(moved):
                number = self.own.current()
                if number in self.own.names():
                    with acting("a program on this machine", f"it made {number} here"):
                        name = self.bring(self.own.place(str(number)))
                        self._point_to(name)
                write_whole(seen, repr(moved).encode())
            self._published = moved

    def _seen(self) -> Path:
        return self.folder / ".published"

    def _registered(self, scratch: Path, answers: bool, name: str | None = None) -> str:
        about = json.loads((scratch / "system.json").read_bytes())
        size = sum(path.stat().st_size for path in scratch.iterdir())
        self._store.put(about["checksum"], scratch)
        with self._database.writing() as connection:
            it = (self._database, connection, self.name)
            name = registry.register(*it, about, size, name)
            if answers:
                registry.move(*it, name)
        with self._fetching:
            if _digest(self.folder / name) != about["checksum"]:
                self._remove(self.folder / name)
                self._put_in_place(scratch, self.folder / name)
        self._retire()
        return name

    def _point_to(self, number: str) -> None:
        with self._database.writing() as connection:
            registry.move(self._database, connection, self.name, number)

    def _retire(self) -> None:
        """Remove files of what is no longer kept, here and in the store."""
        with self._database.writing() as connection:
            gone = registry.retire(self._database, connection, self.name, self.keep)
        for digest in gone:
            self._store.remove(digest)
        self.tidy()

    def tidy(self) -> None:
        """Remove fetched files of generations that are no longer kept."""
        kept = set(self.names())
        with self._fetching:
            for name in set(Library.names(self)) - kept:
                self._remove(self.folder / name)


def library_of(own: Library, database: Database, settings: Settings) -> Library:
    """Return the library that a service answers from: its own, or the shared one."""
    if not settings.store:
        return own
    about = settings.store, settings.state, settings.keep_generations
    return SharedLibrary(own, database, *about)


class Place(NamedTuple):
    """Where another process finds a library."""

    folder: str
    store: str = ""
    state: str = ""
    keep: int = KEEP


def place_of(library: Library) -> Place:
    """Return where another process finds a library."""
    if not isinstance(library, SharedLibrary):
        return Place(str(library.folder))
    own, state = library.own.folder, library.folder.parents[1]
    return Place(str(own), library.store_address, str(state), library.keep)


def library_at(name: str, place: Place, database: Database) -> Library:
    """Return the library that ``place_of`` was asked about."""
    own = Library(name, place.folder)
    if not place.store:
        return own
    return SharedLibrary(own, database, place.store, Path(place.state), place.keep)


def act_of(key_id: str, reason: str) -> Act:
    """Return who asks over HTTP, by the key, and why."""
    return Act(f"key {key_id}" if key_id else "a program without a key", reason)


def _digest(folder: Path) -> str | None:
    """Return the digest that a folder says it has, None where it says none."""
    try:
        return str(json.loads((folder / "system.json").read_bytes())["checksum"])
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
