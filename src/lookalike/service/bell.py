"""How one worker tells the others that something changed: eight bytes they all map.

Whoever changed items or keys writes eight random bytes after the commit. A reader who
finds other bytes than last time looks into the database. Looking costs next to nothing,
so every search looks, and sees what any worker has acknowledged.
"""

import mmap
import os
import secrets
from pathlib import Path


class Bell:
    """Eight shared bytes in a file.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     one, other = (Bell(Path(folder) / "bell") for _ in range(2))
    ...     before = other.heard()
    ...     one.ring()
    ...     print(before == other.heard())
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

    def ring(self) -> None:
        """Tell everybody."""
        self._bytes[:8] = secrets.token_bytes(8)

    def heard(self) -> bytes:
        """What was rung last."""
        return self._bytes[:8]

    def close(self) -> None:
        """Let go of the file."""
        self._bytes.close()
