"""Local binary patterns: texture as a histogram of brighter-than-centre patterns."""

from functools import lru_cache
from math import ceil
from numbers import Integral, Real
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from lookalike._checks import check_pair
from lookalike._parallel import run_slices
from lookalike._typing import Array, Floats, Ints
from lookalike.features._images import ImageDescriptor
from lookalike.kernels.lbp import cell_histograms, code_images, pattern_table

TYPES = [np.float64, np.float32, np.uint8]
METHODS = ("original", "circular", "ri", "uniform", "riu2")
# The original operator reads its square clockwise from the upper left corner, which
# gives the neighbours the weights [[1, 2, 4], [128, _, 8], [64, 32, 16]].
SQUARE = [(-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1)]


class LocalBinaryPattern(ImageDescriptor):
    r"""Describe an image by how its pixels compare with the pixels around them.

    Around each pixel :math:`g_c` stand P points :math:`g_p`, and

    .. math:: \mathrm{LBP}_{P,R} = \sum_{p=0}^{P-1} [g_p \geq g_c]\, 2^p.

    The description is the histogram of these codes, over the whole image or over each
    cell of a grid, one after the other.

    Parameters
    ----------
    P : int, default=8
        Number of points, 1 to 24 (1 to 16 for ``"circular"``, whose histogram has
        :math:`2^P` bins). The original operator has 8.
    R : float, default=1.0
        Radius of the circle in pixels, above 0. The original operator has 1.
    method : {"original", "circular", "ri", "uniform", "riu2"}, default="uniform"
        What a code becomes:

        - ``"original"``: the eight pixels of the 3 by 3 square, weighted
          [[1, 2, 4], [128, _, 8], [64, 32, 16]]; 256 bins.
        - ``"circular"``: the code of P points on a circle, point p at the angle
          :math:`2 \pi p / P` anticlockwise from the right, interpolated bilinearly.
        - ``"ri"``: the smallest code among the P rotations; 36 bins for P = 8.
        - ``"uniform"``: codes with at most two changes around the circle keep a bin
          each, all others share the last: :math:`P (P - 1) + 3` bins.
        - ``"riu2"``: uniform codes by their number of ones: P + 2 bins.
    grid : tuple of two int, default=(1, 1)
        Rows and columns of cells, each at least 1 and at most the image's pixels.
    normalize : bool, default=True
        Each cell's histogram sums to 1; else it holds counts.
    border : {"zero", "edge"}, default="zero"
        What stands outside the image: zero, or the nearest pixel.
    image_shape : tuple of two int or "line", default=None
        Height and width of the images in a flat ``X``; "line" takes each row as one
        line of pixels. None takes rows as squares, and needs a square number of them.
    n_jobs : int, default=None
        Threads over images: None is one, -1 is every processor.

    Attributes
    ----------
    image_shape_ : tuple of two int
        Height and width of the images.
    n_bins_ : int
        Bins of one cell's histogram.

    Notes
    -----
    Time O(n_images * height * width * P). Codes do not change when the grey levels are
    mapped by an increasing function if every point falls on a pixel (``"original"``, or
    P = 4 with a whole R); interpolated ones do not change under a positive factor and
    an offset.

    Positions are rounded to five decimals, as scikit-image does, and images of whole
    numbers up to 16 bits are then compared without any rounding. scikit-image's
    ``default``, ``ror``, ``nri_uniform`` and ``uniform`` are the methods ``circular``,
    ``ri``, ``uniform`` and ``riu2`` here, with the same codes, except where an
    interpolated point is exactly as bright as the centre: here its bit is set, there
    the sign of a rounding error decides.

    References
    ----------
    .. [1] Ojala, Pietikäinen and Harwood (1996). "A comparative study of texture
       measures with classification based on feature distributions". Pattern
       Recognition 29(1).   (the 3 by 3 operator)
    .. [2] Ojala, Pietikäinen and Mäenpää (2002). "Multiresolution gray-scale and
       rotation invariant texture classification with local binary patterns". IEEE
       TPAMI 24(7).   (equations 7 to 11)
    .. [3] Ahonen, Hadid and Pietikäinen (2006). "Face description with local binary
       patterns". IEEE TPAMI 28(12).   (grid of cells)

    Examples
    --------
    >>> import numpy as np
    >>> from lookalike.features import LocalBinaryPattern
    >>> image = np.array([[[6, 5, 2], [7, 6, 1], [9, 8, 7]]])
    >>> LocalBinaryPattern(method="original").fit(image).codes(image)[0, 1]
    array([ 48, 241, 227], dtype=int32)
    >>> lbp = LocalBinaryPattern(P=4, method="riu2", normalize=False)
    >>> lbp.fit_transform(image)
    array([[1., 5., 2., 1., 0., 0.]])
    """

    n_bins_: int

    def __init__(
        self,
        P: int = 8,
        R: float = 1.0,
        method: str = "uniform",
        *,
        grid: tuple[int, int] = (1, 1),
        normalize: bool = True,
        border: str = "zero",
        image_shape: tuple[int, int] | str | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.P = P
        self.R = R
        self.method = method
        self.grid = grid
        self.normalize = normalize
        self.border = border
        self.image_shape = image_shape
        self.n_jobs = n_jobs

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Store the shape of the images; nothing is learned from them.

        X : (n_images, height, width), or flat (n_images, height * width).
        """
        self._check_parameters()
        check_pair("grid", self.grid)
        self._fit_shape(X, TYPES)
        rows, columns = self.grid
        height, width = self.image_shape_
        if rows > height or columns > width:
            raise ValueError(
                f"grid must be at most the image's {height} by {width} pixels, "
                f"got {self.grid}."
            )
        self.n_bins_ = pattern_bins(self.method, self.P)[1]
        self._n_features_out = rows * columns * self.n_bins_
        return self

    def transform(self, X: ArrayLike) -> Array:
        """Histograms, shape (n_images, rows * columns * n_bins_), cell after cell."""
        images = self._images(X, TYPES)
        table, n_bins = pattern_bins(self.method, self.P)
        grid = tuple(self.grid)
        counts = np.empty((len(images), grid[0] * grid[1], n_bins), np.int32)
        points = self._neighbourhood()

        def work(start: int, stop: int) -> None:
            part = slice(start, stop)
            cell_histograms(images[part], *points, table, grid, counts[part])

        run_slices(work, len(images), self.n_jobs, grain=self._grain())
        histograms = counts.astype(np.promote_types(images.dtype, np.float32))
        if self.normalize:
            histograms /= histograms.sum(axis=2, keepdims=True)
        return histograms.reshape(len(images), -1)

    def codes(self, X: ArrayLike) -> Array:
        """Pattern of every pixel, int32 of shape (n_images, height, width).

        ``"original"`` and ``"circular"`` give the code, ``"ri"`` the smallest code
        among its rotations, ``"uniform"`` and ``"riu2"`` the bin.
        """
        images = self._images(X, TYPES)
        codes = np.empty(images.shape, np.int32)
        points = self._neighbourhood()

        def work(start: int, stop: int) -> None:
            code_images(images[start:stop], *points, codes[start:stop])

        run_slices(work, len(images), self.n_jobs, grain=self._grain())
        table, _ = pattern_bins(self.method, self.P)
        if self.method == "ri":  # bins are numbered by their smallest code
            smallest = np.unique(table, return_index=True)[1]
            return smallest.astype(np.int32)[table[codes]]
        return table[codes]

    def _neighbourhood(self) -> tuple[int, bool, Ints, Floats]:
        """Margin, border, and where the points lie, as the kernels take them."""
        square = self.method == "original"
        points = np.array(SQUARE) if square else circle(self.P, self.R)
        margin = ceil(np.abs(points).max())
        return margin, self.border == "edge", *bilinear(points)

    def _grain(self) -> int:
        return max(1, 2**14 // (self.image_shape_[0] * self.image_shape_[1]))

    def _check_parameters(self) -> None:
        if self.method not in METHODS:
            raise ValueError(f"method must be one of {METHODS}, got {self.method!r}.")
        most = 16 if self.method == "circular" else 24
        if not isinstance(self.P, Integral) or not 1 <= self.P <= most:
            raise ValueError(f"P must be an integer in [1, {most}], got {self.P!r}.")
        if not isinstance(self.R, Real) or not 0 < self.R < np.inf:
            raise ValueError(f"R must be a positive number, got {self.R!r}.")
        if self.method == "original" and (self.P, self.R) != (8, 1):
            raise ValueError(
                "The original operator has P=8 and R=1, got "
                f"P={self.P} and R={self.R}; circles are the other methods."
            )
        if self.border not in ("zero", "edge"):
            raise ValueError(f"border must be 'zero' or 'edge', got {self.border!r}.")


@lru_cache
def pattern_bins(method: str, P: int) -> tuple[Array, int]:
    """Bin of each of the 2**P codes, int32, and the number of bins."""
    return pattern_table(P, method in ("ri", "riu2"), method in ("uniform", "riu2"))


def circle(P: int, R: float) -> Floats:
    """Rows and columns of P points on a circle, (P, 2), to five decimals.

    The rounding puts points that belong on a pixel exactly there.
    """
    angle = 2 * np.pi * np.arange(P) / P
    return np.round(R * np.column_stack([-np.sin(angle), np.cos(angle)]), 5)


def bilinear(points: Array) -> tuple[Ints, Floats]:
    """Upper left pixel of each point's square, (P, 2), and four weights, (P, 4).

    The weights are in units of 1e-10: with points of five decimals they are whole
    numbers, and so are all sums over whole grey levels, which makes ties exact.
    """
    corner = np.floor(points).astype(np.int64)
    down, right = np.round((points - corner) * 1e5).T
    up, left = 1e5 - down, 1e5 - right
    return corner, np.column_stack([up * left, up * right, down * left, down * right])
