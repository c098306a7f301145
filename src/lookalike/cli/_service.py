"""What the verbs of the service share: where its library, database and files are.

A database's password belongs into ``LOOKALIKE_DATABASE`` or the ``PGPASSWORD`` of its
client, not on a command line that every user of the machine can read.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from lookalike.cli._chosen import chosen

Where = Annotated[
    str | None,
    typer.Option(
        "--system",
        help="A system, or the folder of its generations, where there are several.",
    ),
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database",
        envvar="LOOKALIKE_DATABASE",
        help="sqlite:///FILE or postgresql://USER@HOST/NAME.",
    ),
]
State = Annotated[
    Path | None,
    typer.Option(
        "--state",
        envvar="LOOKALIKE_STATE",
        help="Where the database and snapshots lie.",
    ),
]


_SHARED = "shared"
"""A file in a system's place that names the place of the service it belongs to."""


def database_file(state: Path) -> Path:
    """Return where a service keeps its database by default."""
    return state / "lookalike.db"


def database_url(state: Path) -> str:
    """Return the address of the default database."""
    return f"sqlite:///{database_file(state).resolve()}"


def state_of(library: Any, given: Path | None = None) -> Path:
    """Return where a service of these generations keeps its files.

    That is the folder ``service`` beside them. Once systems were served together it
    is that of one of them, and a file in the others' says which.

    Raises
    ------
    ValueError
        If the one that the file names is not there.
    """
    if given is not None:
        return given
    place = Path(library.folder) / "service"
    while (place / _SHARED).is_file():
        shared = Path((place / _SHARED).read_text(errors="replace").strip())
        file, place = place / _SHARED, Path(os.path.normpath(place / shared))
        if not place.is_dir():
            raise ValueError(
                f"{file} says that {library.name} was served from {place}, which is "
                "not there; without that file it has a place of its own again."
            )
    return place


def shared_state(libraries: Iterable[Any]) -> tuple[Path, list[Path]]:
    """Return where a service of several systems keeps its files, and what is to join.

    That is where one of them has a database already, the first of them if several
    have; or else the place of the first system. The other places are those that do not
    know of it yet.
    """
    places = list(dict.fromkeys(map(state_of, libraries)))
    held = [place for place in places if database_file(place).exists()]
    chosen = (held or places)[0]
    return chosen, [place for place in places if place != chosen]


def join_state(state: Path, other: Path) -> dict[str, int]:
    """Let a system use the files of a service that has several, from now on.

    What its own database holds is copied, see ``service.joining``; its snapshots stay
    where they are. Returns how many rows of each table there were.
    """
    from lookalike._files import write_whole

    copied: dict[str, int] = {}
    if database_file(other).exists():
        from lookalike.service.joining import join

        with (
            closing(opened(database_url(state))) as target,
            closing(opened(database_url(other))) as source,
        ):
            copied = join(target, source)
    other.mkdir(parents=True, exist_ok=True)
    where = os.path.relpath(state.resolve(), other.resolve())
    write_whole(other / _SHARED, f"{where}\n".encode())
    return {table: n for table, n in copied.items() if n}


def unread(libraries: Iterable[Any], state: Path) -> list[str]:
    """Return a sentence for each system with a database that a service does not read.

    What was indexed, or happened, lies there, and the user has named another place.
    """
    files = {each.name: database_file(state_of(each)) for each in libraries}
    return [
        f"{name} has a database of its own, {file}, which this service does not read: "
        f"serve {name} first, or give --database sqlite:///{file}."
        for name, file in files.items()
        if file.exists() and file.resolve() != database_file(state).resolve()
    ]


@contextmanager
def serve_extra() -> Iterator[None]:
    """Name the extra where a module within is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise ImportError(
            f"The service needs {error.name}: pip install 'lookalike[serve]'"
        ) from None


class Location:
    """A service's library, database and state, as ``lookalike serve`` has them."""

    def __init__(
        self,
        system: str | None,
        folder: Path | None,
        database: str | None,
        state: Path | None,
    ) -> None:
        from lookalike.systems import find_spec

        with serve_extra():
            from lookalike.service.server import libraries_of
            from lookalike.service.settings import Settings
            from lookalike.service.shared_library import library_of

        name = chosen(system, folder)
        own = libraries_of([name], folder)
        first = next(iter(own.values()))
        self.spec = find_spec(first.name)
        self.state = state_of(first, state)
        self.state.mkdir(parents=True, exist_ok=True)
        self.database = opened(database or database_url(self.state))
        settings = Settings(state=self.state)
        self.libraries = {
            name: library_of(each, self.database, settings)
            for name, each in own.items()
        }
        self.library = self.libraries[first.name]

    @property
    def about(self) -> dict[str, str]:
        """What a verb acts on: system, folder, and the database without a password."""
        return {
            "system": self.library.name,
            "folder": str(self.library.folder),
            "database": self.database.shown,
        }

    def __enter__(self) -> "Location":
        return self

    def __exit__(self, *error: object) -> None:
        self.database.close()

    def notify(self) -> None:
        """Announce to the workers of a running service that something changed."""
        from lookalike.service.change_signal import ChangeSignal

        signal = ChangeSignal(self.state / "changes")
        signal.notify()
        signal.close()


def snapshots_of(system: str | None, folder: Path | None, state: Path | None) -> Path:
    """Return where a service keeps its snapshots; the database is not asked."""
    if state is None:
        with serve_extra():
            from lookalike.service.server import libraries_of

        found = libraries_of([chosen(system, folder)], folder)
        state = state_of(next(iter(found.values())))
    return state / "snapshots"


@contextmanager
def database_of(
    system: str | None, folder: Path | None, url: str | None, state: Path | None
) -> Iterator[tuple[Any, dict[str, str]]]:
    """Yield a service's database alone, and what to say that it is.

    Where its address is given, no system is needed.
    """
    if url is None or system is not None:
        with Location(system, folder, url, state) as where:
            yield where.database, where.about
        return
    with closing(opened(url)) as database:
        yield database, {"database": database.shown}


def opened(url: str) -> Any:
    """Return the database at an address, its tables made."""
    with serve_extra():
        from lookalike.service.database.migrate import open_database

        return open_database(url)


def lines_of(about: dict[str, str]) -> list[str]:
    """Return what a verb acted on, a line each."""
    return [f"{name}: {value}" for name, value in about.items()]


def minute_of(microseconds: int) -> str:
    """Return a moment of the database for a reader, in UTC.

    Examples
    --------
    >>> minute_of(1_700_000_000_000_000)
    '2023-11-14 22:13'
    """
    return datetime.fromtimestamp(microseconds / 1e6, UTC).strftime("%Y-%m-%d %H:%M")
