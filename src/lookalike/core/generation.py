"""A saved system: one folder, complete or absent, that is data and never code.

A *generation* holds everything an answer depends on: arrays as ``.npy`` files that
can be memory-mapped, and ``system.json``, which says what they are and carries a
SHA-256 of every file and of itself. It is written beside its place, synced and then
renamed, so that a reader sees all of it or nothing. Nothing is pickled.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import lookalike
from lookalike._files import (
    Damaged,
    is_taken,
    read_arrays,
    read_document,
    write_folder,
)
from lookalike._typing import Array

__all__ = ["FORMAT", "Damaged", "Generation", "load", "save"]

FORMAT = 2
"""The form of the folder; a reader refuses a higher one by name."""


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
    if is_taken(folder):
        raise ValueError(f"{folder} exists already; a generation is never overwritten.")
    document = {
        "format": FORMAT,
        "name": name,
        "version": lookalike.__version__,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        **about,
    }
    return write_folder(folder, arrays, document, "system.json")


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
    about = read_document(folder, "system.json")
    if about["format"] != FORMAT:
        raise ValueError(
            f"{folder} was written in format {about['format']} by lookalike "
            f"{about.get('version')}; this is lookalike {lookalike.__version__}, which "
            f"reads format {FORMAT}."
        )
    if about.get("name") != name:
        raise ValueError(
            f"{folder} holds the system {about.get('name')!r}; expected {name!r}."
        )
    return Generation(folder, about, read_arrays(folder, about))
