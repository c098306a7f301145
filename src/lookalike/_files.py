"""Folders that are complete or absent: arrays, a document, and a checksum of each.

Every array is a ``.npy`` file that can be memory-mapped; one JSON document says what
they are and carries a SHA-256 of every file and of itself. A folder is written beside
its place, synced and then renamed, so that a reader sees all of it or nothing. Nothing
is pickled.
"""

import hashlib
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lookalike._typing import Array

UNFINISHED = ".unfinished-"
"""How the names of things begin that are being written."""
_A_DAY = 24 * 3600
_FILE = re.compile(r"\w[\w.]*\.npy")


class Damaged(ValueError):
    """A folder that is not, or no longer, what was written."""


def write_folder(
    folder: Path, arrays: Mapping[str, Array], about: Mapping[str, Any], document: str
) -> Path:
    """Write arrays and a document to a new folder, or nothing.

    Parameters
    ----------
    folder : Path
        Nothing may be there yet; missing parents are made.
    arrays : mapping of str to ndarray
        Each is written as ``<key>.npy``.
    about : mapping
        What the document says, beside "files" and "checksum".
    document : str
        Name of the document's file.

    Raises
    ------
    ValueError
        If an array holds Python objects, or ``about`` what JSON cannot hold.
    """
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
        write_bytes(scratch / document, canonical({**about, "files": files}))
        sync(scratch)
        scratch.rename(folder)
        sync(folder.parent)
    except BaseException:  # Ctrl-C too must not leave half a folder
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    return folder


def read_document(folder: Path, document: str) -> dict[str, Any]:
    """What a folder's document says, found to be what was written.

    Raises
    ------
    Damaged
        If it is not.
    """
    path = folder / document
    if not path.is_file():
        raise Damaged(f"{folder} is no saved folder: there is no {document} in it.")
    written = path.read_bytes()
    try:
        about = json.loads(written)
    except (ValueError, RecursionError):  # no JSON, no UTF-8, or a trap
        raise Damaged(f"{folder} is damaged: {document} cannot be read.") from None
    if not isinstance(about, dict) or not about.keys() >= {"format", "checksum"}:
        raise Damaged(f"{folder} was not written by lookalike.")
    about.pop("checksum")
    if canonical(about) != written:
        raise Damaged(f"{folder} is damaged: {document} is not what was written.")
    return about


def read_arrays(folder: Path, about: Mapping[str, Any]) -> dict[str, Array]:
    """The arrays that a document names, memory-mapped, every file checked.

    Raises
    ------
    Damaged
        If a file is missing or is not what was written.
    """
    files = about.get("files")
    # A path in place of a file's name would lead out of the folder.
    if not isinstance(files, dict) or not all(map(_FILE.fullmatch, files)):
        raise Damaged(f"{folder} was not written by lookalike.")
    arrays = {}
    for file, expected in files.items():
        path = folder / file
        if not path.is_file() or _sha256(path) != expected:
            raise Damaged(
                f"{folder} is damaged: {file} is not the file that was written."
            )
        arrays[path.stem] = _map(path)
    return arrays


def is_taken(folder: Path) -> bool:
    """Whether there is something at a folder's place; an empty folder is nothing."""
    return folder.exists() and not (folder.is_dir() and not any(folder.iterdir()))


def canonical(document: Mapping[str, Any]) -> bytes:
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


def write_whole(path: Path, data: bytes) -> None:
    """Write a file beside its place, then rename it: a reader sees all of it or none.

    Missing parents are made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{UNFINISHED}{secrets.token_hex(8)}")
    try:
        write_bytes(aside, data)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


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
