"""Rows of bytes: exact and faster arithmetic for whole numbers from 0 to 255."""

import numpy as np

from lookalike._typing import Array, Ints
from lookalike.kernels import byte_products as kernels
from lookalike.kernels.byte_products import HAS_BYTE_PRODUCTS, LONGEST
from lookalike.kernels.simd import PANEL
from lookalike.search.memory import aligned

ROWS_TOGETHER = 2048  # of a scatter: a panel of them stays in the L1 cache


def as_bytes(X: Array, white: float = 255.0) -> Array | None:
    """X * 255 / white as uint8, if these are whole numbers from 0 to 255, else None.

    A number may miss the whole one by the rounding of a division. None, too, if rows do
    not lie one behind the other.
    """
    if not X.flags.c_contiguous:
        return None
    kind = X.dtype.type
    factor = kind(255 / white)
    tolerance = kind(0 if factor == 1 else 2 * np.finfo(kind).eps)
    out = np.empty(X.shape, np.uint8)
    return out if kernels.fill_bytes(X, factor, tolerance, out) else None


def class_sums(images: Array, labels: Ints, n_classes: int) -> Ints:
    """Sum of the rows of each class, int64 of shape (n_classes, n_features)."""
    sums = np.zeros((n_classes, images.shape[1]), np.int64)
    kernels.add_to_classes(images, labels, sums)
    return sums


def scatter_of_bytes(images: Array) -> Ints:
    """``images.T @ images``, exactly, int64 of shape (n_features, n_features)."""
    if not HAS_BYTE_PRODUCTS:
        return _scatter_in_floats(images)
    n, d = images.shape
    sums = np.zeros((d, d), np.int64)
    panels = _panels(d, ROWS_TOGETHER)
    for start in range(0, n, ROWS_TOGETHER):
        rows = images[start : start + ROWS_TOGETHER]
        if len(rows) < ROWS_TOGETHER:  # rows of zeros add nothing
            rows = np.vstack([rows, np.zeros((-len(rows) % 4, d), np.uint8)])
            panels = _panels(d, len(rows))
        kernels.pack_columns(rows, panels)
        kernels.add_scatter(panels, sums)
    above = np.triu(sums)
    return above + np.triu(sums, 1).T


def _scatter_in_floats(images: Array) -> Ints:
    r"""The same in single precision, which is exact for sums below 2**24.

    Bytes less 128 have products of at most 2**14, of which 1,024 may be added. With
    :math:`x = c + 128` and s the sum of c, :math:`\sum x x^\top = \sum c c^\top
    + 128 (s 1^\top + 1 s^\top) + 128^2 n`. Columns of zeros are left out.
    """
    shown: Array = np.any(images, axis=0)
    used = images[:, shown]
    n, d = used.shape
    sums, columns = np.zeros((d, d)), np.zeros(d)
    for start in range(0, n, 1024):
        centred = used[start : start + 1024].astype(np.float32)
        centred -= np.float32(128)
        sums += centred.T @ centred
        columns += centred.sum(axis=0)
    sums += 128 * (columns[:, None] + columns) + 128**2 * n
    whole = np.zeros((len(shown), len(shown)), np.int64)
    whole[np.ix_(shown, shown)] = sums
    return whole


class PackedImages:
    """Rows of bytes, ready to be compared with others."""

    def __init__(self, images: Array) -> None:
        self.panels = _panels(len(images), images.shape[1])
        kernels.pack_rows(images, self.panels)
        self.norms: Ints = np.empty(len(images), np.int32)
        kernels.squared_byte_norms(images, self.norms)

    def fill_distances(self, other: "PackedImages", factor: float, out: Array) -> None:
        """``out[i, j] = factor * squared distance`` of row i to the other's row j."""
        packed = self.panels, other.panels, self.norms, other.norms
        kernels.fill_distances(*packed, out.dtype.type(factor), out)


def _panels(n_columns: int, n_rows: int) -> Array:
    """Panels of zeros for columns of some rows."""
    return aligned((-(-n_columns // PANEL), -(-n_rows // 4), PANEL), np.uint32)


def fits(n_terms: int) -> bool:
    """Whether sums of so many products of two bytes fit in the processor's integers."""
    return n_terms <= LONGEST
