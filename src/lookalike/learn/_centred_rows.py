"""Dense rows less their mean, a block in the cache at a time."""

from collections.abc import Iterator

import numpy as np
from scipy.linalg import get_blas_funcs
from sklearn.utils import gen_batches

from lookalike._typing import Array, Floats, Ints
from lookalike.kernels.centring import centre_columns
from lookalike.learn._linear import check_small_columns, varying_columns

BLOCK_BYTES = 1 << 21


class CentredRows:
    r"""A: the rows :math:`\sqrt{w_i}(x_i - \bar x)`, without the columns of zeros.

    A centred copy of X costs memory, and time to write and read it; here each pass over
    X centres a block in the cache and uses it there. Blocks are in double precision:
    sums of products in single precision lose the columns that spread least.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
    mean : ndarray of shape (n_features,) or None
        None where rows are not centred.
    root : ndarray of shape (n_samples,) or None
        Square roots of the weights.

    Attributes
    ----------
    columns : ndarray of int64
        The columns of X that A has: those that vary, and, where rows are not centred,
        those of one number that is not zero.
    """

    def __init__(self, X: Array, mean: Array | None, root: Array | None) -> None:
        columns = varying_columns(X)
        if mean is None:
            columns = np.union1d(columns, np.flatnonzero(X[0]))
            mean = np.zeros(X.shape[1])
        self._X, self._mean, self._root = X, mean, root
        self.dtype = np.dtype(np.float64)
        self.keep(columns)

    def keep(self, columns: Ints) -> None:
        """Drop the other columns of X."""
        self.columns = columns
        self.shape = len(self._X), len(columns)

    def blocks(self) -> Iterator[tuple[slice, Array]]:
        """Each block of rows; the next one overwrites its memory."""
        n, d = self.shape
        together = min(n, max(256, BLOCK_BYTES // (self.dtype.itemsize * max(d, 1))))
        memory = np.empty((together, d), self.dtype)
        for rows in gen_batches(n, together):
            block = memory[: rows.stop - rows.start]
            self._fill(rows, block)
            yield rows, block

    def _fill(self, rows: slice, out: Array) -> None:
        centre_columns(self._X[rows], self.columns, self._mean[self.columns], out)
        if self._root is not None:
            out *= self._root[rows, None]

    def whole(self) -> Array:
        """A itself."""
        A = np.empty(self.shape, self.dtype)
        self._fill(slice(0, len(A)), A)
        return A

    def products(self, B: Array) -> tuple[Array, Array]:
        """A'A and A'B, in one pass."""
        d = self.shape[1]
        (add_squares,) = get_blas_funcs(["syrk"], dtype=self.dtype)
        above = np.zeros((d, d), self.dtype, order="F")
        right = np.zeros((d, B.shape[1]), self.dtype)
        for rows, block in self.blocks():
            above = add_squares(1.0, block.T, beta=1.0, c=above, overwrite_c=True)
            right += block.T @ B[rows]
        check_small_columns(self._X, self.columns, above.diagonal())
        return above + np.triu(above, 1).T, right

    def slopes(self, V: Array, B: Array) -> Array:
        """A'(B - A V), in one pass; B may have fewer columns than V: zeros follow."""
        out = np.zeros_like(V)
        for rows, block in self.blocks():
            rest = -(block @ V)
            rest[:, : B.shape[1]] += B[rows]
            out += block.T @ rest
        return out

    def roundings(self, squares: Floats) -> Floats:
        """Norms of columns of the last places of X, given the squared norms of A's.

        A column, or a direction, that is not longer is nothing but rounding.
        """
        mass = len(self._X) if self._root is None else self._root @ self._root
        whole = squares + mass * self._mean[self.columns] ** 2
        return np.sqrt(whole) * float(np.finfo(self._X.dtype).eps)

    def spread(self, V: Array) -> Floats:
        """Norm of each column of A V."""
        squares = np.zeros(V.shape[1])
        for _, block in self.blocks():
            along = block @ V
            squares += np.einsum("ij,ij->j", along, along, dtype=np.float64)
        return np.sqrt(squares)
