"""What the verbs of the service share: where its library, database and files are.

A database's password belongs into ``LOOKALIKE_DATABASE`` or the ``PGPASSWORD`` of its
client, not on a command line that every user of the machine can read.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
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


def database_file(state: Path) -> Path:
    """Return where a service keeps its database by default."""
    return state / "lookalike.db"


def database_url(state: Path) -> str:
    """Return the address of the default database."""
    return f"sqlite:///{database_file(state).resolve()}"


def state_of(library: Any, given: Path | None = None) -> Path:
    """Return where a service of these generations keeps its files."""
    return given or Path(library.folder) / "service"


def unread(libraries: Iterable[Any], state: Path) -> list[str]:
    """Return a sentence for each system with a database that a service does not read.

    What was indexed, or happened, when a system was alone lies in its own.
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

        name = chosen(system, folder)
        self.libraries = libraries_of([name], folder)
        self.library = next(iter(self.libraries.values()))
        self.spec = find_spec(self.library.name)
        self.state = state_of(self.library, state)
        self.state.mkdir(parents=True, exist_ok=True)
        self.database = opened(database or database_url(self.state))

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
