"""The generations of one system, numbered as they were made, and one pointer.

The pointer ``current`` is a file with one line of text, the number of the generation
that answers. To activate another, or to roll back, is to replace that file whole.
"""

import json
import os
import re
import secrets
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from platformdirs import user_data_path

from lookalike._files import UNFINISHED, sync, write_whole
from lookalike.core.generation import Damaged, Generation, load

_NUMBER = re.compile(r"\d{4,}")
_NONE = "none"
"""What the pointer says where there are generations, and none of them answers."""


class Library:
    """The generations of one system, and which of them answers.

    Parameters
    ----------
    name : str
        The system's name.
    folder : path, default=None
        Where its generations lie; None is the user's own place for data.

    Examples
    --------
    >>> import tempfile
    >>> from lookalike.core.generation import save
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     library = Library("toy", folder)
    ...     for size in (3, 4):
    ...         library.add(lambda path: save(path, "toy", {}, {"size": size}))
    ...     library.rollback(), library.open()[0].about["size"]
    '0001'
    '0002'
    ('0001', 3)
    """

    def __init__(self, name: str, folder: str | os.PathLike[str] | None = None) -> None:
        self.name = name
        self.folder: Path = library_folder(name) if folder is None else Path(folder)

    def names(self) -> list[str]:
        """Names of the generations, oldest first."""
        if not self.folder.is_dir():
            return []
        found = [path.name for path in self.folder.iterdir() if path.is_dir()]
        return sorted(filter(_NUMBER.fullmatch, found), key=int)

    def current(self) -> str | None:
        """Name of the generation that answers, None before the first."""
        try:
            said = (self.folder / "current").read_text(errors="replace").strip()
            return None if said == _NONE else said
        except FileNotFoundError:
            # A process that was killed may have come to save, and not to point.
            return max(self.names(), key=int, default=None)

    def pointer(self) -> object:
        """Return a value that differs whenever the pointer was moved."""
        try:
            status = (self.folder / "current").stat()
        except FileNotFoundError:
            return tuple(self.names())
        return status.st_mtime_ns, status.st_ino

    def place(self, number: str) -> Path:
        """Return the folder with the files of a generation, there or not."""
        return self.folder / number

    def load(self, number: str) -> Generation:
        """Read a generation, every file checked.

        Raises
        ------
        Damaged
            If a file is missing or is not what was written.
        ValueError
            If it was written in another format or for another system.
        """
        return load(self.place(number), self.name)

    def about(self, number: str) -> dict[str, Any]:
        """Return what a generation says of itself, unchecked; {} where it cannot."""
        try:
            found = json.loads((self.place(number) / "system.json").read_bytes())
        except (OSError, ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    def check_writable(self) -> None:
        """Refuse a folder that cannot take a generation, before one is made."""
        place = self.folder
        while not place.exists() and place != place.parent:
            place = place.parent
        if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
            raise ValueError(
                f"{self.folder} cannot hold generations: {place} is no folder that may "
                "be written."
            )

    def add(self, write: Callable[[Path], object], answers: bool = True) -> str:
        """Let ``write`` make the next generation, and let that one answer.

        answers : whether it does; otherwise the one before goes on to answer, or none
        """
        last = max(map(int, self.names()), default=0)
        number = f"{last + 1:04d}"
        if not answers:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._point_to(self.current() or _NONE)
            write(self.folder / number)
            return number
        write(self.folder / number)
        return self.activate(number)

    def activate(self, number: str) -> str:
        """Let this generation answer, if it is whole."""
        if number not in self.names():
            known = ", ".join(self.names()) or "none"
            raise ValueError(
                f"The generation must be one of {self.folder}: {known}; got {number!r}."
            )
        self.load(number)
        self._point_to(number)
        return number

    def bring(self, source: Path) -> str:
        """Copy a generation in, unless it is there; return its name.

        Raises
        ------
        ValueError
            If another one has that name.
        """
        target = self.folder / source.name
        if target.exists():
            ours, theirs = ((p / "system.json").read_bytes() for p in (target, source))
            if ours != theirs:
                raise ValueError(f"Another generation {source.name} is there already.")
            return source.name
        scratch = self.folder / f"{UNFINISHED}{secrets.token_hex(8)}"
        shutil.copytree(source, scratch)
        scratch.rename(target)
        return source.name

    def rollback(self) -> str:
        """Let the generation before the current one answer."""
        earlier = self._up_to(self.current())[1:]
        if not earlier:
            raise ValueError(f"{self.folder} holds no generation to roll back to.")
        return self.activate(earlier[0])

    def open(self) -> tuple[Generation, str | None]:
        """Return the current generation, or the newest whole one before it.

        The second value is the sentence that says why, None if the current one is
        whole.
        """
        self.check_any()
        candidates = self._up_to(self.current())
        complaint = None
        for number in candidates:
            try:
                generation = self.load(number)
            except Damaged as error:
                complaint = complaint or str(error)
                continue
            if complaint:
                complaint = f"{complaint} Generation {number} answers instead."
            return generation, complaint
        raise Damaged(f"{complaint} No earlier generation is whole.")

    def check_any(self) -> None:
        """Refuse a library in which no generation answers."""
        if not self._up_to(self.current()):
            if self.names():
                newest = self.names()[-1]
                raise ValueError(
                    f"No generation of {self.folder} answers; `lookalike systems "
                    f"activate {self.name} {newest}` lets the newest one answer."
                )
            raise ValueError(
                f"{self.folder} holds no generation; "
                f"`lookalike train {self.name}` makes one."
            )

    def _point_to(self, number: str) -> None:
        write_whole(self.folder / "current", f"{number}\n".encode())
        sync(self.folder)

    def _up_to(self, current: str | None) -> list[str]:
        """Return the current generation and those before it, newest first."""
        if current is None:
            return []
        if not _NUMBER.fullmatch(current):
            raise Damaged(f"{self.folder / 'current'} names no generation.")
        earlier = [name for name in self.names() if int(name) < int(current)]
        return [current, *reversed(earlier)]


def library_folder(name: str) -> Path:
    """Return where a system's generations lie by default: in the user's own place.

    That is in the folder that ``LOOKALIKE_FOLDER`` names, or else in the platform's
    for data. Linux: ``$XDG_DATA_HOME/lookalike/<name>`` or
    ``~/.local/share/lookalike/<name>``; macOS: ``~/Library/Application Support``;
    Windows: ``%LOCALAPPDATA%``.
    """
    given = os.environ.get("LOOKALIKE_FOLDER")
    home = Path(given).expanduser() if given else None
    return (home or user_data_path("lookalike", appauthor=False)) / name


def system_of(folder: Path) -> str | None:
    """Return the name of the system whose generations a folder holds.

    The newest generation that says a name counts, whole or not; None where none does.
    """
    for number in reversed(Library("", folder).names()):
        name = _name_in(folder / number)
        if name is not None:
            return name
    return None


def libraries_in(folder: Path | None = None) -> dict[str, list[Library]]:
    """Return the libraries in a folder by the name of their system.

    Parameters
    ----------
    folder : Path, optional
        One generation, the library of one system, or a folder that holds libraries,
        as the user's own place for data does (None).

    Raises
    ------
    OSError
        If it is there and cannot be looked into.
    """
    home = library_folder("") if folder is None else folder
    if folder is not None and (folder / "system.json").exists():
        name = _name_in(folder)
        return {} if name is None else {name: [Library(name, folder.parent)]}
    if not home.is_dir():
        return {}
    places = [home] if Library("", home).names() else sorted(home.iterdir())
    found: dict[str, list[Library]] = {}
    for place in places:
        name = system_of(place) if place.is_dir() else None
        if name is not None:
            found.setdefault(name, []).append(Library(name, place))
    return found


def find_library(name: str, folder: Path | None = None) -> Library:
    """Return the library of a system in a folder: the one there, or where one is made.

    Parameters
    ----------
    name : str
        The system's.
    folder : Path, optional
        As for ``libraries_in``. In the user's own place (None), and in a folder that
        holds libraries, a new system gets one by its name; any other folder becomes its
        library.

    Raises
    ------
    ValueError
        If the folder is the library of another system, or holds several of this one.

    Examples
    --------
    >>> import tempfile
    >>> from lookalike.core.generation import save
    >>> with tempfile.TemporaryDirectory() as home:
    ...     toys = Library("toy", Path(home, "toys"))
    ...     number = toys.add(lambda path: save(path, "toy", {}, {}))
    ...     places = [find_library(name, Path(home)) for name in ("toy", "new")]
    >>> [library.folder.name for library in places]
    ['toys', 'new']
    """
    place = library_folder("") if folder is None else folder
    if place.exists() and not place.is_dir():
        raise ValueError(f"{place} is no folder.")
    found = libraries_in(folder)
    if name in found:
        return _only(found[name], place)
    if any(library.folder in (place, place.parent) for library in _all(found)):
        [other] = found
        raise ValueError(
            f"{place} holds generations of {other}; {name} needs a folder of its own."
        )
    return Library(name, place / name if folder is None or found else place)


def _all(found: Mapping[str, list[Library]]) -> list[Library]:
    return [library for libraries in found.values() for library in libraries]


def _only(libraries: list[Library], folder: Path) -> Library:
    first, *others = sorted(libraries, key=lambda each: each.folder.name != each.name)
    if others and first.folder.name != first.name:
        names = ", ".join(library.folder.name for library in libraries)
        raise ValueError(
            f"{folder} holds several folders of {first.name}: {names}; name one."
        )
    return first


def _name_in(generation: Path) -> str | None:
    """The system that a generation's document names, None where it names none."""
    try:
        about = json.loads((generation / "system.json").read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    name = about.get("name") if isinstance(about, dict) else None
    return name if isinstance(name, str) else None
