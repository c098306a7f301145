"""The idx files in which MNIST and Fashion-MNIST are published.

An idx file is two zero bytes, a type byte (8 for unsigned bytes), the number of
dimensions, each dimension as a big-endian 32-bit integer, then the values.
"""

import gzip
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from lookalike._typing import Array

ARRAYS = ("x_train", "y_train", "x_test", "y_test")
"""Contents of the four published files, in the order of the catalogue."""


def read_idx(data: bytes) -> Array:
    """Return the array of unsigned bytes in the contents of an idx file.

    Examples
    --------
    >>> read_idx(bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 9, 8, 7, 6, 5, 4]))
    array([[9, 8, 7],
           [6, 5, 4]], dtype=uint8)
    """
    if data[:3] != b"\x00\x00\x08" or len(data) < 4 or len(data) < 4 + 4 * data[3]:
        raise ValueError("An idx file of unsigned bytes must begin with 0, 0, 8.")
    start = 4 + 4 * data[3]
    shape = struct.unpack(f">{data[3]}I", data[4:start])
    values = np.frombuffer(data, dtype=np.uint8, offset=start)
    if values.size != np.prod(shape, dtype=np.int64):
        raise ValueError(
            f"An idx file of shape {shape} must hold that many values, "
            f"got {values.size}."
        )
    return values.reshape(shape)


def join_idx(parts: list[Path], target: Path) -> None:
    """Write the four published ``.gz`` files of an image set as one ``.npz``.

    The arrays have the names :data:`ARRAYS`.
    """
    arrays: dict[str, Any] = {}
    for name, part in zip(ARRAYS, parts, strict=True):
        try:
            arrays[name] = read_idx(gzip.decompress(part.read_bytes()))
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise ValueError(f"{part.name} is damaged: {error}.") from error
    with target.open("wb") as stream:
        np.savez_compressed(stream, **arrays)
