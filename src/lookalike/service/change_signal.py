"""How one worker tells the others that something changed: eight bytes they all map.

A worker that changed items or keys writes eight random bytes after the commit. A reader
that finds other bytes than last time looks into the database. Looking at the bytes
costs next to nothing, so every search does, and sees what any worker acknowledged.
"""

import mmap
import os
import secrets
from pathlib import Path


class ChangeSignal:
    """Eight shared bytes in a file.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     one, other = (ChangeSignal(Path(folder) / "changes") for _ in range(2))
    ...     before = other.version()
    ...     one.notify()
    ...     print(before == other.version())
    ...     one.close(), other.close()
    False
    (None, None)
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.ftruncate(descriptor, 8)
            self._bytes = mmap.mmap(descriptor, 8)
        finally:
            os.close(descriptor)

    def notify(self) -> None:
        """Announce to every process that something changed."""
        self.touch()

    def touch(self) -> None:
        """Let the bytes differ."""
        self._bytes[:8] = secrets.token_bytes(8)

    def version(self) -> bytes:
        """Differs after every change."""
        return self._bytes[:8]

    def close(self) -> None:
        """Release the file."""
        self._bytes.close()
