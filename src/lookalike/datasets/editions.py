"""Editions of data sets beside the catalogue's, converted from a publisher's own file.

Beside a converted file lies a small record, ``NAME.edition.json``: what it was made of,
what was found, and the checksum of its contents. A file is taken for its data set if
its contents have the catalogue's checksum or its record's.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from lookalike._files import write_whole

_FORMAT = 1


def record_of(path: Path) -> Path:
    """Return where the record of a file lies."""
    return path.with_name(f"{path.name}.edition.json")


def write_record(path: Path, sha256: str, source: str, found: Sequence[str]) -> None:
    """Write the record of a file with these contents."""
    about = {"format": _FORMAT, "sha256": sha256, "source": source}
    text = json.dumps({**about, "found": list(found)}, indent=2)
    write_whole(record_of(path), text.encode())


def recorded_checksum(path: Path) -> str | None:
    """Return the checksum that a file's record names, None where it has none."""
    try:
        about = json.loads(record_of(path).read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(about, dict) or about.get("format") != _FORMAT:
        return None
    found = about.get("sha256")
    return found if isinstance(found, str) else None
