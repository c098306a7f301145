"""The user's own file of a video, as it may be played: where and what it was."""

from functools import lru_cache
from pathlib import Path

from lookalike._download import sha256_of
from lookalike._shown import shown


def checked_file(path: Path, root: Path, digest: str) -> Path:
    """Return a file that lies below a folder and holds what was indexed.

    Whoever made a generation could name any file of this machine: what is served is
    below the folder with all links followed, and has the contents that it names.

    Raises
    ------
    LookupError
        If the file is not there, lies elsewhere, or holds something else.
    """
    try:
        found, home = path.resolve(strict=True), root.resolve(strict=True)
        facts = found.stat()
    except OSError:
        raise LookupError(f"The file of {shown(path.name)!r} is not there.") from None
    if not found.is_relative_to(home) or not found.is_file():
        raise LookupError(f"{shown(path.name)!r} lies outside of its folder.")
    if _digest(found, facts.st_size, facts.st_mtime_ns) != digest:
        raise LookupError(f"{shown(path.name)!r} has changed since it was indexed.")
    return found


@lru_cache(maxsize=4096)
def _digest(path: Path, size: int, modified: int) -> str:
    # Files of the same path, size and time count as unchanged.
    return sha256_of(path)
