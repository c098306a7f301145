"""Work that only one of several processes may do, on one machine or on many."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from lookalike.service.database import Database
from lookalike.service.database.locking import alone


@contextmanager
def exclusive(path: Path, database: Database | None = None) -> Iterator[bool]:
    """Whether this process, of all that try, holds the lock; never waits for it.

    Parameters
    ----------
    path : Path
        Of a file; processes of one machine that share it exclude each other.
    database : Database, optional
        Where it is PostgreSQL, all services of it exclude each other, too.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with exclusive(Path(folder) / "lock") as first:
    ...         with exclusive(Path(folder) / "lock") as second:
    ...             print(first, second)
    True False
    """
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    try:
        if database is None or database.is_sqlite:
            yield True
        else:
            with alone(database, path.name, wait=False) as is_ours:
                yield is_ours
    finally:
        lock.release()


@contextmanager
def in_turn(path: Path, database: Database) -> Iterator[None]:
    """Wait until this process is the one that does the work; see ``exclusive``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path):  # first: one connection a service waits, not one a request
        if database.is_sqlite:
            yield
        else:
            with alone(database, path.name, wait=True):
                yield
