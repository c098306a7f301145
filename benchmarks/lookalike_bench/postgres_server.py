"""A PostgreSQL server of our own, with its usual care for the disk."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """Yield the address of an empty database, until the block ends.

    Raises
    ------
    FileNotFoundError
        If PostgreSQL is not installed.
    """
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which("initdb")
    places = [Path(found).parent] if found else places
    if not places:
        raise FileNotFoundError("PostgreSQL is not here: apt-get install postgresql.")
    folder = Path(tempfile.mkdtemp(prefix="lookalike-postgres-", dir="/tmp"))
    user = None
    if os.geteuid() == 0:  # it refuses to run as root
        user = "postgres"
        shutil.chown(folder, user)

    def run(*command: str) -> None:
        whole = [str(places[0] / command[0]), "-D", str(folder / "data"), *command[1:]]
        subprocess.run(
            whole, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL
        )

    try:
        run("initdb", "-U", "lookalike", "-A", "trust", "-E", "UTF8")
        options = f"-c listen_addresses='' -k {folder}"
        run("pg_ctl", "-w", "-o", options, "-l", str(folder / "log"), "start")
        try:
            yield f"postgresql://lookalike@/postgres?host={folder}"
        finally:
            run("pg_ctl", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
