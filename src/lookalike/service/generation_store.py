"""Where services of one database keep the files of generations: by digest, once each.

A folder that all of them mount, or a bucket by ``fsspec`` (the extra ``bucket``). What
lies there under a digest is complete or absent, and never changes.
"""

import os
import secrets
import shutil
from pathlib import Path
from typing import Any, Protocol

from lookalike._files import UNFINISHED, sync

_LAST = "system.json"
"""Written last to a bucket, which renames nothing: it names all other files."""


class GenerationStore(Protocol):
    """Keeps folders by the digest of their content."""

    def put(self, digest: str, folder: Path) -> None:
        """Keep the files of a folder, unless they are there."""

    def fetch(self, digest: str, target: Path) -> None:
        """Copy the files into a new folder; FileNotFoundError where there are none."""

    def remove(self, digest: str) -> None:
        """Let go of the files, if they are there."""


class FolderStore:
    """A folder that every service reaches.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     folder = Path(name)
    ...     (folder / "made").mkdir()
    ...     size = (folder / "made" / "system.json").write_text("{}")
    ...     store = FolderStore(folder / "store")
    ...     store.put("4be1", folder / "made")
    ...     store.fetch("4be1", folder / "copy")
    ...     (folder / "copy" / "system.json").read_text()
    '{}'
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "generations"

    def put(self, digest: str, folder: Path) -> None:
        """Keep the files of a folder, unless they are there."""
        target = self._folder / digest
        if target.exists():
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        aside = self._folder / f"{UNFINISHED}{secrets.token_hex(8)}"
        try:
            shutil.copytree(folder, aside, copy_function=_copy_synced)
            try:
                aside.rename(target)
            except OSError:
                if not target.exists():  # another service was faster
                    raise
            sync(self._folder)
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    def fetch(self, digest: str, target: Path) -> None:
        """Copy the files into a new folder; FileNotFoundError where there are none."""
        shutil.copytree(self._folder / digest, target)

    def remove(self, digest: str) -> None:
        """Let go of the files, if they are there."""
        aside = self._folder / f"{UNFINISHED}{secrets.token_hex(8)}"
        try:
            (self._folder / digest).rename(aside)
        except FileNotFoundError:
            return
        shutil.rmtree(aside, ignore_errors=True)


class BucketStore:
    """A bucket, or whatever ``fsspec`` reaches by an address such as s3://shop/store.

    Raises
    ------
    ImportError
        If fsspec, or what it needs for this kind of address, is not installed.
    """

    def __init__(self, address: str) -> None:
        try:
            from fsspec.core import url_to_fs
        except ModuleNotFoundError:
            raise ImportError(
                f"The store {address} needs fsspec: pip install 'lookalike[bucket]'"
            ) from None
        self._files: Any
        self._files, root = url_to_fs(address)
        self._root = f"{root.rstrip('/')}/generations"

    def put(self, digest: str, folder: Path) -> None:
        """Keep the files of a folder, unless they are there."""
        place = f"{self._root}/{digest}"
        if self._files.exists(f"{place}/{_LAST}"):
            return
        self._files.makedirs(place, exist_ok=True)
        for path in sorted(folder.iterdir(), key=lambda each: each.name == _LAST):
            self._files.put_file(str(path), f"{place}/{path.name}")

    def fetch(self, digest: str, target: Path) -> None:
        """Copy the files into a new folder; FileNotFoundError where there are none."""
        place = f"{self._root}/{digest}"
        if not self._files.exists(f"{place}/{_LAST}"):
            raise FileNotFoundError(f"{place} is not in the store.")
        target.mkdir(parents=True)
        for file in self._files.ls(place, detail=False):
            self._files.get_file(file, str(target / file.rsplit("/", 1)[-1]))

    def remove(self, digest: str) -> None:
        """Let go of the files, if they are there."""
        place = f"{self._root}/{digest}"
        if self._files.exists(f"{place}/{_LAST}"):
            self._files.rm_file(f"{place}/{_LAST}")  # first: absent from here on
        if self._files.exists(place):
            self._files.rm(place, recursive=True)


def store_at(address: str) -> GenerationStore:
    """Return the store at a folder, or at the address of a bucket."""
    if "://" in address and not address.startswith("file://"):
        return BucketStore(address)
    return FolderStore(Path(address.removeprefix("file://")).expanduser())


def _copy_synced(source: str, target: str) -> None:
    shutil.copyfile(source, target)
    with open(target, "rb") as stream:
        os.fsync(stream.fileno())
