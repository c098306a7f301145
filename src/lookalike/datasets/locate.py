"""Location of data sets on this machine: a given path, the data folder, the cache."""

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
from lookalike.datasets.editions import recorded_checksum

UNREADABLE = (
    EOFError,
    TypeError,
    ValueError,
    gzip.BadGzipFile,
    zipfile.BadZipFile,
    zlib.error,
)
"""Errors of NumPy, zipfile and gzip for files of another format than their names."""


def find(name: str, path: str | os.PathLike[str] | None = None) -> Path:
    """Return the file (or, of several files, the folder) of a known data set.

    A given ``path`` is the only one that is searched. Otherwise the folder of the
    environment variable ``LOOKALIKE_DATA`` is searched and then the cache of the user,
    into which ``lookalike data get`` downloads. Files are compared with the checksums
    of the catalogue, or with their own of an edition that was converted, once in a
    process.

    Raises
    ------
    ValueError
        If the data set is unknown, or a file has another checksum.
    FileNotFoundError
        If it is not found; the message names three ways to get it.
    """
    data_set = known(name)
    given = None if path is None else Path(path)
    for location in _candidates(data_set, given):
        if location.exists():
            for file in data_set.files:
                verify(_member(location, file), file)
            return location
    raise FileNotFoundError(_three_ways(data_set, given))


def known(name: str) -> DataSet:
    """Return the entry of the catalogue.

    Raises
    ------
    ValueError
        If there is none; the message lists the names.
    """
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
    """Return the SHA-256 of the contents of a file, independent of its compression.

    It covers the arrays of an ``.npz`` by name, each with type and shape, the
    decompressed bytes of a ``.gz``, and the bytes of any other file.
    """
    digest = hashlib.sha256()
    if path.suffix == ".npz":
        # Opened here, because np.load leaves files open that are not archives.
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
    """Refuse a file whose checksum is neither the catalogue's nor its record's."""
    try:
        found = contents_of(path)
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{path} is missing, though the rest of its data set is here: get it again."
        ) from None
    except UNREADABLE:
        found = "unreadable"
    if found not in (file.sha256, recorded_checksum(path)):
        raise ValueError(
            f"{path} is damaged or another file: expected contents with checksum "
            f"{file.sha256[:12]}, got {found[:12]}."
        )


def contents_of(path: Path) -> str:
    """Return the checksum of a file, computed once in a process while it is the same.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    status = path.stat()
    return _cached_checksum(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=256)
def _cached_checksum(path: Path, size: int, mtime_ns: int) -> str:
    # Files of the same path, size and time count as unchanged.
    return checksum(path)


def _candidates(data_set: DataSet, given: Path | None) -> list[Path]:
    if given is not None:
        # A folder may be the data folder or the folder of this data set.
        inside = [given / data_set.path, given / data_set.path.split("/")[-1]]
        several = len(data_set.files) > 1
        return [*inside, given] if several else inside if given.is_dir() else [given]
    folders = [folder for folder in (data_folder(), cache_folder()) if folder]
    return [folder / data_set.path for folder in folders]


def _member(location: Path, file: File) -> Path:
    return location / file.path.partition("/")[2] if location.is_dir() else location


def _three_ways(data_set: DataSet, given: Path | None) -> str:
    missing = f"{given} does not exist" if given else f"{data_set.name} is not here"
    third = (
        f"run `lookalike data get {data_set.name}`"
        if data_set.can_be_downloaded
        else f"fetch it from {data_set.home} ({data_set.form}) and run `lookalike data "
        f"get {data_set.name} --from FILE`"
    )
    return (
        f"{missing}. Three ways to get it: give the path of {data_set.path}; set "
        f"LOOKALIKE_DATA to the folder that holds {data_set.path}; or {third}."
    )
