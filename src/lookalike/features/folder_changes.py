"""A folder beside what was known of it: what came, changed, went, or cannot be read.

Files are told apart by path, size and time, and by content where these changed. Paths
are bytes: some names are no text.
"""

import hashlib
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lookalike.features.folder_files import folder_contents, readable

MAX_BYTES = 256 * 1024**2  # of a file


@dataclass(frozen=True)
class FileState:
    """What tells whether a file changed, and what was found wrong with it.

    size : bytes
    modified : nanoseconds since 1970
    """

    size: int
    modified: int
    problem: str | None = None


@dataclass(frozen=True)
class FolderChanges:
    """A folder beside what was known of it."""

    to_read: dict[bytes, FileState] = field(default_factory=dict)
    """Files that are new or changed, or could not be used."""
    vanished: list[bytes] = field(default_factory=list)
    n_unchanged: int = 0
    """Of the files that could be read."""
    problems: list[str] = field(default_factory=list)
    """One sentence for each file or folder that cannot be read."""


def changes(
    root: Path, known: Mapping[bytes, FileState], endings: Sequence[str]
) -> FolderChanges:
    """Compare the files below a folder with those that are known of it.

    A file that could not be used is read again. What could not be looked into has not
    vanished.
    """
    found = folder_contents(root, endings)
    to_read, n_unchanged = {}, 0
    for path, facts in found.files.items():
        state = FileState(facts.st_size, facts.st_mtime_ns)
        if known.get(path) == state:
            n_unchanged += 1
        else:
            to_read[path] = state
    gone = [path for path in known if path not in found.files]
    vanished = [path for path in gone if not found.hides(path)]
    return FolderChanges(to_read, vanished, n_unchanged, found.problems)


class UnreadableError(ValueError):
    """A file is there and cannot be read now: what is in it may be what it was."""


def read_file(path: bytes, noun: str = "image") -> bytes:
    """Return the bytes of a file.

    noun : what it is to hold, for a sentence

    Raises
    ------
    UnreadableError
        If it cannot be read, in one sentence.
    ValueError
        If it is empty, too large or no file, in one sentence.
    """
    try:
        facts = os.stat(path)
        if not stat.S_ISREG(facts.st_mode):
            raise ValueError(f"The {noun} is not a regular file.")
        if facts.st_size == 0:
            raise ValueError(f"The {noun} is empty (0 bytes).")
        if facts.st_size > MAX_BYTES:
            raise ValueError(f"The {noun} has more than {MAX_BYTES:,} bytes.")
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise UnreadableError(f"The {noun} cannot be read: {error.strerror}.") from None


def digest_of(data: bytes) -> str:
    """Return the SHA-256 of a file's bytes: images are told apart by it."""
    return hashlib.sha256(data).hexdigest()


def named_problem(path: bytes, problem: str, noun: str = "image") -> str:
    """Return a sentence on what a file holds as one that names the file."""
    name = readable(path)
    if name in problem:
        return problem
    if problem.startswith(f"The {noun} "):
        return f"{name}{problem.removeprefix(f'The {noun}')}"
    return f"{name}: {problem}"
