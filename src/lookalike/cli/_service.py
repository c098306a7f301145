"""What the verbs of the service share: where its library, database and files are."""

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


def needed(work: Any) -> Any:
    """What ``work()`` imports, or a sentence that names the extra."""
    try:
        return work()
    except ModuleNotFoundError as error:
        raise ImportError(
            f"The service needs {error.name}: pip install 'lookalike[serve]'"
        ) from None


class Place:
    """A service's library, database and state, as ``lookalike serve`` has them."""

    def __init__(self, system: str, database: str | None, state: Path | None) -> None:
        from lookalike.service.database import Database
        from lookalike.service.database.migrate import migrate
        from lookalike.service.server import database_url, libraries_of

        self.libraries = libraries_of([system])
        self.library = next(iter(self.libraries.values()))
        self.state = state or self.library.folder / "service"
        self.state.mkdir(parents=True, exist_ok=True)
        self.database = Database(database or database_url(self.state))
        migrate(self.database)

    def __enter__(self) -> "Place":
        return self

    def __exit__(self, *error: object) -> None:
        self.database.close()

    def ring(self) -> None:
        """Tell the workers of a running service that something changed."""
        from lookalike.service.bell import Bell

        bell = Bell(self.state / "bell")
        bell.ring()
        bell.close()


def place(system: str, database: str | None, state: Path | None) -> Place:
    """The service's place, or a sentence that says what is missing."""
    found: Place = needed(lambda: Place(system, database, state))
    return found
