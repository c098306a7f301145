"""A saved system: one folder, complete or absent, that is data and never code.

A *generation* holds everything an answer depends on: arrays as ``.npy`` files that
can be memory-mapped, and ``system.json``, which says what they are and carries a
SHA-256 of every file and of itself. It is written beside its place, synced and then
renamed, so that a reader sees all of it or nothing. Nothing is pickled.
"""

import hashlib
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

import lookalike
from lookalike._typing import Array

FORMAT = 1
"""The form of the folder; a reader refuses a higher one by name."""

UNFINISHED = ".unfinished-"
"""How the names of things begin that are being written."""
_A_DAY = 24 * 3600
_FILE = re.compile(r"\w[\w.]*\.npy")


class Damaged(ValueError):
    """A generation that is not, or no longer, what was written."""


@dataclass(frozen=True)
class Generation:
    """A generation that was read and found whole."""

    folder: Path
    about: dict[str, Any]
    """What ``system.json`` says: name, version, configuration, data, metrics, ..."""
    arrays: dict[str, Array]
    """Read-only, memory-mapped: several processes share the pages."""


def save(
    folder: str | os.PathLike[str],
    name: str,
    arrays: Mapping[str, Array],
    about: Mapping[str, Any],
) -> Path:
    """Write a generation, or nothing.

    Parameters
    ----------
    folder : path
        Where it is to be; nothing may be there yet. Missing parents are made.
    name : str
        The system's name.
    arrays : mapping of str to ndarray
        Each is written as ``<key>.npy``.
    about : mapping
        What else ``system.json`` says; anything that JSON can hold.

    Raises
    ------
    ValueError
        If the place is taken, or an array holds Python objects.
    """
    folder = Path(folder)
    if folder.exists() and not _is_empty(folder):
        raise ValueError(f"{folder} exists already; a generation is never overwritten.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    _sweep(folder.parent)
    scratch = folder.parent / f"{UNFINISHED}{secrets.token_hex(8)}"
    try:
        scratch.mkdir()
        files = {}
        for key, array in arrays.items():
            path = scratch / f"{key}.npy"
            _write_array(path, array)
            files[path.name] = _sha256(path)
        document = {
            "format": FORMAT,
            "name": name,
            "version": lookalike.__version__,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            **about,
            "files": files,
        }
        text = _canonical(document)
        write_bytes(scratch / "system.json", text)
        sync(scratch)
        scratch.rename(folder)
        sync(folder.parent)
    except BaseException:  # Ctrl-C too must not leave half a generation
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    return folder


def load(folder: str | os.PathLike[str], name: str) -> Generation:
    """Read a generation of the system ``name``, every file checked.

    Raises
    ------
    Damaged
        (A ValueError.) If a file is missing or is not what lookalike wrote.
    ValueError
        If the folder was written in another format or for another system.
    """
    folder = Path(folder)
    about = _read_about(folder)
    if about.get("name") != name:
        raise ValueError(
            f"{folder} holds the system {about.get('name')!r}; expected {name!r}."
        )
    arrays = {}
    for file, expected in about["files"].items():
        path = folder / file
        if not path.is_file() or _sha256(path) != expected:
            raise Damaged(
                f"{folder} is damaged: {file} is not the file that was written."
            )
        arrays[path.stem] = _map(path)
    return Generation(folder, about, arrays)


def _read_about(folder: Path) -> dict[str, Any]:
    path = folder / "system.json"
    if not path.is_file():
        raise Damaged(f"{folder} is no generation: there is no system.json in it.")
    written = path.read_bytes()
    try:
        about = json.loads(written)
    except (ValueError, RecursionError):  # no JSON, no UTF-8, or a trap
        raise Damaged(f"{folder} is damaged: system.json cannot be read.") from None
    if not isinstance(about, dict) or not about.keys() >= {"format", "checksum"}:
        raise Damaged(f"{folder} was not written by lookalike.")
    about.pop("checksum")
    if _canonical(about) != written:
        raise Damaged(f"{folder} is damaged: system.json is not what was written.")
    if about["format"] != FORMAT:
        raise ValueError(
            f"{folder} was written in format {about['format']} by lookalike "
            f"{about.get('version')}; this is lookalike {lookalike.__version__}, which "
            f"reads format {FORMAT}."
        )
    files = about.get("files")
    # A path in place of a file's name would lead out of the folder.
    if not isinstance(files, dict) or not all(map(_FILE.fullmatch, files)):
        raise Damaged(f"{folder} was not written by lookalike.")
    return about


def _canonical(document: Mapping[str, Any]) -> bytes:
    """Return the one form in which a document is written: any change of it shows."""
    body = json.dumps(document, indent=2, allow_nan=False)
    digest = hashlib.sha256(body.encode()).hexdigest()
    whole = {**document, "checksum": digest}
    return json.dumps(whole, indent=2, allow_nan=False).encode()


def _map(path: Path) -> Array:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError:
        # What cannot be mapped: no elements (read as it is), or objects (refused).
        array = np.load(path, allow_pickle=False)
    return np.asarray(array)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _write_array(path: Path, array: Array) -> None:
    with path.open("xb") as stream:
        np.save(stream, array, allow_pickle=False)
        stream.flush()
        os.fsync(stream.fileno())


def write_bytes(path: Path, data: bytes) -> None:
    """Write a new file and see it onto the disk."""
    with path.open("xb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def sync(folder: Path) -> None:
    """See the names in a folder onto the disk, where the platform can."""
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _sweep(folder: Path) -> None:
    """Remove what a process that was killed left behind, a day later."""
    for path in folder.glob(f"{UNFINISHED}*"):
        try:
            old = time.time() - path.stat().st_mtime > _A_DAY
        except FileNotFoundError:
            continue
        if old and path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif old:
            path.unlink(missing_ok=True)


def _is_empty(folder: Path) -> bool:
    return folder.is_dir() and not any(folder.iterdir())
