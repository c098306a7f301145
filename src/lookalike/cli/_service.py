"""What the verbs of the service share: where its library, database and files are."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

Where = Annotated[
    str, typer.Option("--system", help="A system, or the folder of its generations.")
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option("--database", help="sqlite:///FILE or postgresql://USER@HOST/NAME."),
]
State = Annotated[
    Path | None,
    typer.Option("--state", help="Where the database and snapshots lie."),
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

    def __init__(self, system: str, database: str | None, state: Path | None) -> None:
        from lookalike.systems import find_spec

        with serve_extra():
            from lookalike.service.database.migrate import open_database
            from lookalike.service.server import libraries_of

            self.libraries = libraries_of([system])
            self.library = next(iter(self.libraries.values()))
            self.spec = find_spec(self.library.name)
            self.state = state_of(self.library, state)
            self.state.mkdir(parents=True, exist_ok=True)
            self.database = open_database(database or database_url(self.state))

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
