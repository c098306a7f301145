"""The files in a folder, in a zip or tar archive, or one file alone: read alike."""

import gzip
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

DAMAGED = (
    *(zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError),
    lzma.LZMAError,
    *(RuntimeError, NotImplementedError),  # a password, a compression nobody knows
)
"""Errors of archives that are not what their names say."""


@dataclass(frozen=True)
class Members:
    """What a source holds, by names with forward slashes.

    source : as the user named it
    openers : opens each file, by its name
    """

    source: Path
    openers: Mapping[str, Callable[[], IO[bytes]]]

    @property
    def names(self) -> list[str]:
        """Every name, sorted."""
        return sorted(self.openers)

    def named(self, *endings: str) -> list[str]:
        """Names that end with one of these paths, packed (.gz) or not.

        Where a source holds a file twice, in a folder and again in one above, both are
        named: the one whose path is shorter first.
        """
        wanted = {tuple(plain(each).split("/")) for each in endings}
        found = [
            name
            for name in self.names
            if any(tuple(plain(name).split("/"))[-len(w) :] == w for w in wanted)
        ]
        return sorted(found, key=lambda name: (name.count("/"), name))

    @contextmanager
    def opened(self, name: str) -> Iterator[IO[bytes]]:
        """Yield the contents of a file, unpacked where its name ends with .gz.

        Raises
        ------
        ValueError
            If the archive or the file is damaged.
        """
        try:
            with self.openers[name]() as stream:
                if name.endswith(".gz"):
                    with gzip.open(stream) as unpacked:
                        yield cast(IO[bytes], unpacked)
                else:
                    yield stream
        except DAMAGED as error:
            raise ValueError(f"{name} in {self.source} is damaged: {error}.") from None

    @contextmanager
    def text(self, name: str) -> Iterator[Iterator[str]]:
        """Yield the lines of a file in UTF-8; see ``opened`` for errors."""
        with self.opened(name) as stream:
            try:
                with TextIOWrapper(stream, "utf-8-sig", newline="") as lines:
                    yield lines
            except UnicodeDecodeError as error:
                raise ValueError(
                    f"{name} in {self.source} is no text in UTF-8: {error}."
                ) from None


@contextmanager
def members(source: Path, is_whole: bool = False) -> Iterator[Members]:
    """Yield the files of a folder or archive, or the file itself.

    is_whole : whether an archive counts as a file

    Raises
    ------
    ValueError
        If there is nothing of that name, or nothing in it.
    """
    if not source.exists():
        raise ValueError(f"{source} does not exist; expected a file or a folder.")
    openers: dict[str, Callable[[], Any]] = {}
    if source.is_dir():
        for path in source.rglob("*"):
            if path.is_file():
                openers[path.relative_to(source).as_posix()] = _of_file(path)
        yield _some(source, openers)
        return
    try:
        if is_whole:
            pass
        elif zipfile.is_zipfile(source):
            with zipfile.ZipFile(source) as archive:
                for info in archive.infolist():
                    if not info.is_dir():
                        openers[info.filename] = _of_zip(archive, info)
                yield _some(source, openers)
            return
        elif tarfile.is_tarfile(source):
            with tarfile.open(source) as archive:
                for each in archive.getmembers():
                    if each.isfile():
                        openers[each.name] = _of_tar(archive, each)
                yield _some(source, openers)
            return
    except DAMAGED as error:
        raise ValueError(f"{source} is a damaged archive: {error}.") from None
    yield Members(source, {source.name: _of_file(source)})


def plain(name: str) -> str:
    """Return a name without the ending of what packs it.

    Examples
    --------
    >>> plain("wnut17/train.conll.gz")
    'wnut17/train.conll'
    """
    return name.removesuffix(".gz")


def _some(source: Path, openers: Mapping[str, Callable[[], Any]]) -> Members:
    kept = {name: each for name, each in openers.items() if not _is_hidden(name)}
    if not kept:
        raise ValueError(f"{source} holds no files.")
    return Members(source, kept)


def _is_hidden(name: str) -> bool:
    return any(p.startswith((".", "__MACOSX")) for p in PurePosixPath(name).parts)


def _of_file(path: Path) -> Callable[[], IO[bytes]]:
    return lambda: path.open("rb")


def _of_zip(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], Any]:
    return lambda: archive.open(info)


def _of_tar(archive: tarfile.TarFile, info: tarfile.TarInfo) -> Callable[[], Any]:
    return lambda: archive.extractfile(info)
