"""Kernel functions of the support vector machine, by blocks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.extmath import safe_sparse_dot

from lookalike._typing import Array, Floats
from lookalike.kernels.byte_products import HAS_BYTE_PRODUCTS
from lookalike.learn._bytes import PackedImages, as_bytes, fits
from lookalike.learn._linear import Matrix, squared_norms, varying_columns

TOGETHER = 2**22  # values of one product: large enough to be fast
CHUNK = 2**18  # values transformed after it, so that they stay in cache
NAMES = ("linear", "poly", "rbf", "sigmoid", "precomputed")


@dataclass(frozen=True)
class Kernel:
    r"""A kernel by its name and parameters, or a function of two blocks of rows.

    linear :math:`x'z`; poly :math:`(\gamma x'z + c_0)^d`; rbf :math:`e^{-\gamma \lVert
    x - z \rVert^2}`; sigmoid :math:`\tanh(\gamma x'z + c_0)`.
    """

    name: str | Callable[[Any, Any], Array]
    gamma: float
    coef0: float
    degree: float

    def __call__(self, A: Matrix, B: Matrix) -> Array:
        """Values of shape (n_a, n_b), in the precision of A."""
        if callable(self.name):
            return self._own(A, B)
        values = np.empty((A.shape[0], B.shape[0]), A.dtype)
        if self.name == "rbf" and not issparse(B):
            self._gaussian(A, B, values)
            return values
        norms = squared_norms(B).astype(A.dtype) if self.name == "rbf" else None
        for rows in _slices(values, CHUNK):
            self._fill(values[rows], A[rows], B, norms)
        return values

    def _gaussian(self, A: Array, B: Array, values: Array) -> None:
        """Fill values by one product, in which norms are two more features.

        Distances do not change, but rounding does: with the origin amid the rows of B,
        norms and products are as small as distances. Features that do not vary in B
        only count in the norms of A. Distances of 8-bit images are whole numbers.
        """
        if self._gaussian_of_images(A, B, values):
            return
        shift = B.mean(axis=0)
        vary = varying_columns(B)
        wide = np.ones((B.shape[0], len(vary) + 2), A.dtype)
        wide[:, :-2] = B[:, vary] - shift[vary]
        wide[:, -1] = -self.gamma * squared_norms(wide[:, :-2])
        for rows in _slices(values, TOGETHER):
            chunk = A[rows] - shift
            other = np.ones((len(chunk), wide.shape[1]), A.dtype)
            other[:, :-2] = 2 * self.gamma * chunk[:, vary]
            other[:, -2] = -self.gamma * squared_norms(chunk)
            product = np.matmul(other, wide.T, out=values[rows])
            for part in _slices(product, CHUNK):
                np.minimum(product[part], 0, out=product[part])
                np.exp(product[part], out=product[part])

    def _gaussian_of_images(self, A: Array, B: Array, values: Array) -> bool:
        """Fill values if A and B are images, of 0 to 255 or the same over 255."""
        if not HAS_BYTE_PRODUCTS or not fits(B.shape[1]):
            return False
        for white in (255.0, 1.0):
            others = as_bytes(B, white)
            if others is None:
                continue
            packed = PackedImages(others)
            factor = -self.gamma * (white / 255) ** 2
            for rows in _slices(values, TOGETHER):
                images = as_bytes(A[rows], white)
                if images is None:
                    return False
                PackedImages(images).fill_distances(packed, factor, values[rows])
                for part in _slices(values[rows], CHUNK):
                    np.exp(values[rows][part], out=values[rows][part])
            return True
        return False

    def _fill(self, out: Array, A: Matrix, B: Matrix, norms: Array | None) -> None:
        out[:] = safe_sparse_dot(A, B.T, dense_output=True)
        if self.name == "linear":
            return
        if norms is not None:
            out *= 2 * self.gamma
            out -= self.gamma * norms
            out -= self.gamma * squared_norms(A)[:, None].astype(out.dtype)
            np.minimum(out, 0, out=out)
            np.exp(out, out=out)
            return
        out *= self.gamma
        out += self.coef0
        if self.name == "sigmoid":
            np.tanh(out, out=out)
        else:
            _raise(out, self.degree)

    def _own(self, A: Matrix, B: Matrix) -> Array:
        assert callable(self.name)
        values = np.asarray(self.name(A, B))
        if values.shape != (A.shape[0], B.shape[0]):
            raise ValueError(
                f"kernel must give values of shape {(A.shape[0], B.shape[0])} for rows "
                f"of shapes {A.shape} and {B.shape}, got {values.shape}."
            )
        return values

    def diagonal(self, A: Matrix) -> Floats:
        """Value of each row with itself."""
        if self.name == "rbf":
            return np.ones(A.shape[0])
        if callable(self.name):
            each = [float(self._own(A[[i]], A[[i]])[0, 0]) for i in range(A.shape[0])]
            return np.array(each)
        values = squared_norms(A)[:, None]
        if self.name != "linear":
            values *= self.gamma
            values += self.coef0
            if self.name == "sigmoid":
                values = np.tanh(values)
            else:
                _raise(values, self.degree)
        return values[:, 0]


def _slices(values: Array, size: int) -> Iterator[slice]:
    """Slices of rows that hold about ``size`` values each."""
    step = max(16, size // max(1, values.shape[1]))
    return (slice(i, i + step) for i in range(0, len(values), step))


def _raise(values: Array, degree: float) -> None:
    """Raise values to a power in place."""
    if degree == int(degree) and 1 <= degree <= 16:
        base = values.copy()
        for _ in range(int(degree) - 1):
            values *= base
    else:
        np.power(values, degree, out=values)
