"""Where a data set lies on this machine: the caller's path, a folder, the cache."""

import gzip
import hashlib
import os
import zipfile
import zlib
from functools import lru_cache
from pathlib import Path

import numpy as np
from platformdirs import user_cache_path

from lookalike.datasets.catalogue import CATALOGUE, DataSet, File

UNREADABLE = (
    EOFError,
    TypeError,
    ValueError,
    gzip.BadGzipFile,
    zipfile.BadZipFile,
    zlib.error,
)
"""What NumPy, zipfile and gzip raise on a file that is not what its name says."""


def find(name: str, path: str | os.PathLike[str] | None = None) -> Path:
    """Return the file (or, of several files, the folder) of a known data set.

    Looks at ``path`` alone where one is given; otherwise in the folder that the
    environment variable ``LOOKALIKE_DATA`` names and then in the user's cache, into
    which ``lookalike data get`` downloads. What is found is compared with the
    catalogue's checksum, once in a process.

    Raises
    ------
    ValueError
        If no such data set is known, or what was found is not that data set.
    FileNotFoundError
        If it is nowhere; the message names the three ways to get it.
    """
    data_set = known(name)
    given = None if path is None else Path(path)
    for where in _places(data_set, given):
        if where.exists():
            for file in data_set.files:
                verify(_member(data_set, where, file), file)
            return where
    raise FileNotFoundError(_three_ways(data_set, given))


def known(name: str) -> DataSet:
    """Return the catalogue's entry, or say which names there are."""
    if name not in CATALOGUE:
        raise ValueError(
            f"The data set must be one of {', '.join(CATALOGUE)}, got {name!r}."
        )
    return CATALOGUE[name]


def data_folder() -> Path | None:
    """Return the folder that ``LOOKALIKE_DATA`` names, None where it is not set."""
    value = os.environ.get("LOOKALIKE_DATA")
    return Path(value).expanduser() if value else None


def cache_folder() -> Path:
    r"""Return the folder for downloaded data, by the platform's convention.

    Linux: ``$XDG_CACHE_HOME/lookalike`` or ``~/.cache/lookalike``; macOS:
    ``~/Library/Caches/lookalike``; Windows: ``%LOCALAPPDATA%\lookalike\Cache``.
    """
    return user_cache_path("lookalike", appauthor=False)


def checksum(path: Path) -> str:
    """SHA-256 of what a file holds, whoever compressed it.

    Of an ``.npz`` the arrays by name, each with its type and shape; of a ``.gz`` the
    decompressed bytes; of any other file its bytes.
    """
    digest = hashlib.sha256()
    if path.suffix == ".npz":
        # Opened here: np.load leaves a file open that turns out to be no archive.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            for name in sorted(arrays.files):
                array = np.ascontiguousarray(arrays[name])
                header = f"{name} {array.dtype.str} {array.shape}\n"
                digest.update(header.encode())
                digest.update(array.data)
    else:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def verify(path: Path, file: File) -> None:
    """Refuse a file whose contents are not the catalogue's."""
    try:
        status = path.stat()
        found = _remembered(path, status.st_size, status.st_mtime_ns)
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{path} is missing, though the rest of its data set is here: get it again."
        ) from None
    except UNREADABLE:
        found = "unreadable"
    if found != file.sha256:
        raise ValueError(
            f"{path} is damaged or another file: expected contents with checksum "
            f"{file.sha256[:12]}, got {found[:12]}."
        )


@lru_cache(maxsize=256)
def _remembered(path: Path, size: int, mtime_ns: int) -> str:
    # A file of the same size and time is taken to be the file that was read before.
    return checksum(path)


def _places(data_set: DataSet, given: Path | None) -> list[Path]:
    if given is not None:
        # A folder may be the data folder, or the one that holds just these files.
        inside = [given / data_set.path, given / data_set.path.split("/")[-1]]
        several = len(data_set.files) > 1
        return [*inside, given] if several else inside if given.is_dir() else [given]
    folders = [folder for folder in (data_folder(), cache_folder()) if folder]
    return [folder / data_set.path for folder in folders]


def _member(data_set: DataSet, where: Path, file: File) -> Path:
    return where / file.path.partition("/")[2] if where.is_dir() else where


def _three_ways(data_set: DataSet, given: Path | None) -> str:
    missing = f"{given} does not exist" if given else f"{data_set.name} is not here"
    third = (
        f"run `lookalike data get {data_set.name}`"
        if data_set.can_be_downloaded
        else f"fetch it from {data_set.home} and put it into {cache_folder()}"
    )
    return (
        f"{missing}. Three ways to get it: give the path of {data_set.path}; set "
        f"LOOKALIKE_DATA to the folder that holds {data_set.path}; or {third}."
    )
