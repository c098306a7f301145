"""Files of text that people bring, gzipped or not."""

import csv
import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO


@contextmanager
def opened(file: Path, what: str) -> Iterator[TextIO]:
    """Open a text in UTF-8; one that cannot be read inside is refused as no ``what``.

    Raises
    ------
    ValueError
        If it is no text, no whole gzip file, or no table to the reader of tables.
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
