"""The hashing trick: names to columns and signs, with nothing to learn or store."""

from collections.abc import Iterable

import numpy as np

from lookalike._texts import utf8
from lookalike._typing import Array, Ints
from lookalike.kernels.murmur import murmur_slices


def hash_names(names: Iterable[str | bytes], seed: int = 0) -> Array:
    """MurmurHash3 of each name (strings as ``utf8``), int32 (n_names,)."""
    encoded = [utf8(n) if isinstance(n, str) else n for n in names]
    stops = np.cumsum(np.fromiter(map(len, encoded), np.int64, len(encoded)))
    starts = np.concatenate([[0], stops[:-1]]) if encoded else stops
    data = np.frombuffer(b"".join(encoded), np.uint8).astype(np.int32)
    return murmur_slices(data, starts, stops, seed)


def columns_of(hashes: Array, n_columns: int) -> Ints:
    """Column of each hash, its absolute value modulo ``n_columns``."""
    return np.abs(hashes.astype(np.int64)) % n_columns


def signs_of(hashes: Array) -> Ints:
    """Sign of each hash, so that what collides cancels on average (1 or -1)."""
    return np.where(hashes >= 0, 1, -1)
