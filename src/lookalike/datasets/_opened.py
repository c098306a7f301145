"""Text files of users, gzipped or not, and the numbers in their cells."""

import csv
import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO


@contextmanager
def opened(file: Path, what: str) -> Iterator[TextIO]:
    """Open a text file in UTF-8, and turn errors of reading into a ``ValueError``.

    ``what`` names in the message what the file should be.

    Raises
    ------
    ValueError
        If the file is not UTF-8, not a complete gzip file, or not a CSV file.
    """
    begin = gzip.open if file.suffix == ".gz" else open
    try:
        with begin(file, "rt", encoding="utf-8-sig", newline="") as lines:
            yield lines
    except (
        *(UnicodeDecodeError, gzip.BadGzipFile, EOFError, zlib.error),
        csv.Error,
    ) as error:
        raise ValueError(f"{file} is no {what}: {error}.") from None


def number_of(cell: str | None) -> float:
    """Return a cell as a number, nan where it is none."""
    try:
        return float(cell or "nan")
    except ValueError:
        return float("nan")
