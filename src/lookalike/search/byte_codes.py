"""Codes of rows: leading principal coordinates in a byte each.

How queries are encoded, one by one, is ``lookalike.kernels.byte_codes``.
"""

import numpy as np

from lookalike._parallel import blas_threads
from lookalike._typing import Array, Floats
from lookalike.kernels.byte_codes import LENGTH, MEAN, SCALE, TAIL
from lookalike.search.geometry import Geometry, geometry_of
from lookalike.search.index import ExactIndex
from lookalike.search.memory import aligned
from lookalike.search.rotation import CHUNK, centred_sample, principal_axes

LINE = 64  # axes whose products a kernel finds together


class ByteCodes:
    """Leading principal coordinates of lifted rows, one byte each.

    The axes are turned at random among themselves, so that all coordinates spread
    alike and one scale serves all.

    Parameters
    ----------
    exact : ExactIndex
    n_axes : int
        Coordinates of a code, if the rows have so many.

    Attributes
    ----------
    axes, centre, coded, steps, units : see ``kernels.inverted_file.InvertedFile``
    """

    def __init__(
        self, exact: ExactIndex, n_axes: int, rng: np.random.Generator
    ) -> None:
        X = exact.catalogue()
        geometry = geometry_of(exact.metric, X)
        assert geometry is not None
        self.geometry = geometry
        sample, self._mean = centred_sample(geometry, X)
        n_axes = min(n_axes, sample.shape[1])
        # Many small products gain little from threads, and lose much where there are
        # fewer cores than threads.
        with blas_threads(1, len(X)):
            axes = principal_axes(sample, n_axes) @ _turn(n_axes, rng)
        largest = float(np.quantile(np.abs(sample @ axes), 0.9999))
        self._scale = 127.0 / largest if largest > 0.0 else 1.0
        axes *= self._scale
        if exact.rows.itemsize == 1:  # then queries can be encoded by integers
            unit = _unit(axes)
            axes = np.rint(axes / unit) * unit
        self._long = axes
        self._finish(X.shape[1])

    def _finish(self, n_features: int) -> None:
        """Prepare the arrays that encode queries."""
        mean, squared = self._mean, self._scale**2
        n_axes = self._long.shape[1]
        n_lines = -(-(n_axes + TAIL) // LINE)
        axes = np.zeros((len(mean), LINE * n_lines))
        axes[:, :n_axes] = self._long
        centre = mean @ axes
        axes[:, MEAN] = squared * mean
        centre[SCALE], centre[LENGTH] = squared, squared * (mean @ mean)
        # The coordinate that inner products are lifted by is zero for queries.
        short = np.ascontiguousarray(axes[:n_features], np.float32)
        self._take(short, centre.astype(np.float32))

    @classmethod
    def of_parts(cls, geometry: Geometry, axes: Array, centre: Array) -> "ByteCodes":
        """Codes from the axes and centre of others; they encode queries only."""
        codes = cls.__new__(cls)
        codes.geometry = geometry
        codes._take(axes, centre)
        return codes

    def _take(self, axes: Array, centre: Array) -> None:
        self.axes, self.centre = axes, centre
        self.coded = np.where(axes.any(axis=0), 255, 0).astype(np.uint8)
        self.coded[-TAIL:] = 0
        self.steps, self.units = _in_steps(axes)

    def of(self, X: Array) -> tuple[Array, Array]:
        """Codes int8 (n, n_axes) of rows, and squared lengths int32 in their units."""
        codes = np.empty((len(X), self._long.shape[1]), np.int8)
        squares = np.empty(len(X), np.int32)
        for first in range(0, len(X), CHUNK):
            part = slice(first, first + CHUNK)
            centred = self.geometry.lift(X[part]) - self._mean
            codes[part] = np.clip(np.rint(centred @ self._long), -127, 127)
            # The part of a row outside its code counts as orthogonal to the query.
            full = np.einsum("ij,ij->i", centred, centred) * self._scale**2
            squares[part] = np.minimum(np.rint(full), 2.0**28)
        return codes, squares


def _turn(n: int, rng: np.random.Generator) -> Floats:
    """A random rotation of n coordinates."""
    turn: Floats = np.linalg.qr(rng.standard_normal((n, n)))[0]
    return turn


def _unit(axes: Array) -> float:
    """The step of the axes once their entries are rounded to a byte."""
    return float(np.abs(axes).max()) / 127.0 or 1.0


def _in_steps(axes: Array) -> tuple[Array, Array]:
    """The axes as integer multiples of units, and the units.

    Without multiples where an axis is none of its unit. The mean is rounded to one: it
    only measures how far a query is from it.
    """
    units = np.zeros(axes.shape[1])
    others = np.ones(len(units), bool)
    others[MEAN] = False
    units[MEAN] = _unit(axes[:, MEAN])
    units[others] = _unit(axes[:, others])
    steps = axes / units
    rounded = np.rint(steps)
    n_lines, n_quads = axes.shape[1] // LINE, -(-len(axes) // 4)
    if np.abs(steps - rounded)[:, others].max() > 1e-3:
        n_lines = n_quads = 0
    laid = aligned((n_lines, n_quads, LINE, 4), np.int8)
    if n_lines > 0:
        padded = np.zeros((4 * n_quads, axes.shape[1]))
        padded[: len(axes)] = rounded
        laid[:] = padded.reshape(n_quads, 4, n_lines, LINE).transpose(2, 0, 3, 1)
    return laid, units.astype(np.float32)
