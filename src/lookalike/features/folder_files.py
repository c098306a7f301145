"""The files of a kind in a folder: which there are, and what could not be looked into.

Command line and folders that are indexed look at folders in the same way. Paths are
bytes: some names are no text.
"""

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from lookalike._shown import shown

IMAGES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".gif", ".bmp"),
    *(".tif", ".tiff", ".avif", ".heic", ".heif", ".jp2", ".j2k", ".ppm", ".pgm"),
    *(".pnm", ".tga"),
)
"""By which the names of image files end."""
TEXTS = (".txt", ".text", ".md", ".markdown", ".rst")
"""By which those of texts do."""
IGNORE_FILE = ".lookalikeignore"
"""Its lines are patterns of files and folders beside and below it that are left out."""
_SYSTEM = {
    *(b"thumbs.db", b"ehthumbs.db", b"desktop.ini", b"@eadir", b"__macosx"),
    *(b"lost+found", b"$recycle.bin", b"system volume information"),
}


@dataclass(frozen=True)
class FolderContents:
    """What was found below a folder."""

    files: dict[bytes, os.stat_result] = field(default_factory=dict)
    """Files of the kind by path, folder by folder, each in the order of its names."""
    others: list[bytes] = field(default_factory=list)
    """Files whose names end otherwise."""
    unread: dict[bytes, str] = field(default_factory=dict)
    """What could not be looked into, a file or a folder, and why."""

    @property
    def problems(self) -> list[str]:
        """One sentence for each that could not be looked into."""
        return [
            f"{readable(path)} cannot be read: {why}."
            for path, why in self.unread.items()
        ]

    def hides(self, path: bytes) -> bool:
        """Whether a path that was not found may be there all the same."""
        while path not in self.unread:
            path, below = os.path.dirname(path), path
            if path == below:
                return False
        return True


def folder_contents(
    root: str | os.PathLike[str], endings: Sequence[str] = IMAGES
) -> FolderContents:
    """Look through a folder and those inside.

    Links are followed; a folder that was seen before is not entered again. What is
    hidden, or kept there by an operating system, is left out, and so is what an
    ``IGNORE_FILE`` names: one pattern a line (``*.tif``, ``drafts``, ``2019/*``),
    against the name or the path from the file's own folder, the path alone if it begins
    with a slash (``/drafts``); ``#`` begins a comment.

    endings : of the names of the files that are wanted, in small letters
    """
    found, wanted = FolderContents(), tuple(map(os.fsencode, endings))
    seen: set[tuple[int, int]] = set()
    waiting: list[tuple[bytes, _Patterns]] = [(os.fsencode(root), ())]
    while waiting:
        folder, patterns = waiting.pop()
        try:
            facts = os.stat(folder)
            entries = sorted(os.listdir(folder))
            if os.fsencode(IGNORE_FILE) in entries:
                patterns = (*patterns, *_patterns(folder))
        except OSError as error:
            found.unread[folder] = error.strerror or str(error)
            continue
        if (facts.st_dev, facts.st_ino) in seen:
            continue
        seen.add((facts.st_dev, facts.st_ino))
        inside = []
        for entry in entries:
            path = os.path.join(folder, entry)
            if _is_system(entry) or any(_matches(path, *each) for each in patterns):
                continue
            try:
                facts = os.stat(path)
            except OSError as error:
                found.unread[path] = error.strerror or str(error)
                continue
            if stat.S_ISDIR(facts.st_mode):
                inside.append((path, patterns))
            elif entry.lower().endswith(wanted):
                found.files[path] = facts
            else:
                found.others.append(path)
        waiting += reversed(inside)
    return found


def readable(path: bytes) -> str:
    """Return a path as text on one line; what is no text is escaped."""
    return shown(path.decode("utf-8", "backslashreplace"))


_Patterns = tuple[tuple[bytes, str], ...]


def _patterns(folder: bytes) -> Iterator[tuple[bytes, str]]:
    """Each line of a folder's ``IGNORE_FILE``, with the folder."""
    with open(os.path.join(folder, os.fsencode(IGNORE_FILE)), "rb") as file:
        for line in file.read().decode("utf-8", "surrogateescape").splitlines():
            pattern = line.strip().rstrip("/")
            if pattern and not pattern.startswith("#"):
                yield folder, pattern


def _matches(path: bytes, folder: bytes, pattern: str) -> bool:
    below = os.fsdecode(os.path.relpath(path, folder))
    if fnmatchcase(below, pattern.removeprefix("/")):
        return True
    return fnmatchcase(os.path.basename(below), pattern)


def _is_system(name: bytes) -> bool:
    return name.startswith(b".") or name.lower() in _SYSTEM
