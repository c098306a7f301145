"""Histograms of oriented gradients: shape as the directions of edges, cell by cell."""

from functools import lru_cache
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from lookalike._checks import check_pair, check_whole
from lookalike._parallel import run_slices
from lookalike._typing import Array, Floats
from lookalike.features._images import ImageDescriptor
from lookalike.kernels.gradient_histogram import (
    cell_byte_gradients,
    cell_gradients,
    gradient_tables,
)

TYPES = [np.float64, np.uint8]
NORMS = ("L1", "L1-sqrt", "L2", "L2-Hys")
EPSILON = 1e-5


class GradientHistogram(ImageDescriptor):
    r"""Describe an image by the directions of its edges.

    With :math:`g_r, g_c` the differences of the pixels below and above, right and left,
    every pixel adds its :math:`\sqrt{g_r^2 + g_c^2}` to the bin of its direction
    :math:`\operatorname{atan2}(g_r, g_c) \bmod 180°` in its cell's histogram. Cells
    are grouped into overlapping blocks, and each block v is normalised:

    .. math:: v / \sqrt{\lVert v \rVert^2 + \epsilon^2}

    for ``"L2"``; ``"L2-Hys"`` then cuts it at 0.2 and normalises again.

    Parameters
    ----------
    orientations : int, default=9
        Bins of directions.
    pixels_per_cell : tuple of two int, default=(8, 8)
        Rows and columns of pixels; what is beyond the last whole cell is left out.
    cells_per_block : tuple of two int, default=(3, 3)
        Rows and columns of cells.
    block_norm : {"L1", "L1-sqrt", "L2", "L2-Hys"}, default="L2-Hys"
        How a block is normalised; ``"L1"`` divides by the sum, ``"L1-sqrt"`` then
        takes the square root.
    transform_sqrt : bool, default=False
        Take the square root of the grey levels first, which must not be negative.
    image_shape : tuple of two int or "line", default=None
        Height and width of the images in a flat ``X``; "line" takes each row as one
        line of pixels. None takes rows as squares, and needs a square number of them.
    n_jobs : int, default=None
        Threads over images: None is one, -1 is every processor.

    Attributes
    ----------
    image_shape_ : tuple of two int
        Height and width of the images.

    Notes
    -----
    The same numbers as ``skimage.feature.hog`` with the same parameters, for grey
    images. Time O(n_images * height * width). A positive factor on the grey levels
    hardly changes the description, an offset not at all.

    References
    ----------
    .. [1] Dalal and Triggs (2005). "Histograms of oriented gradients for human
       detection". CVPR.

    Examples
    --------
    A vertical edge has its gradient across, which is direction 0:

    >>> import numpy as np
    >>> from lookalike.features import GradientHistogram
    >>> image = np.zeros((1, 4, 4))
    >>> image[0, :, 2:] = 1
    >>> cells = dict(pixels_per_cell=(4, 4), cells_per_block=(1, 1))
    >>> found = GradientHistogram(2, **cells, block_norm="L1").fit_transform(image)
    >>> print(found.round(3))
    [[1. 0.]]
    """

    def __init__(
        self,
        orientations: int = 9,
        pixels_per_cell: tuple[int, int] = (8, 8),
        cells_per_block: tuple[int, int] = (3, 3),
        *,
        block_norm: str = "L2-Hys",
        transform_sqrt: bool = False,
        image_shape: tuple[int, int] | str | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.orientations = orientations
        self.pixels_per_cell = pixels_per_cell
        self.cells_per_block = cells_per_block
        self.block_norm = block_norm
        self.transform_sqrt = transform_sqrt
        self.image_shape = image_shape
        self.n_jobs = n_jobs

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Store the shape of the images; nothing is learned from them.

        X : (n_images, height, width), or flat (n_images, height * width).
        """
        self._check_parameters()
        self._fit_shape(X, TYPES)
        rows, columns = self._blocks()
        per_block = self.cells_per_block[0] * self.cells_per_block[1]
        if min(rows, columns) < 1:
            raise ValueError(
                f"Images of {self.image_shape_[0]} by {self.image_shape_[1]} pixels "
                "hold no whole block of "
                f"{self.cells_per_block} cells of {self.pixels_per_cell} pixels."
            )
        self._n_features_out = rows * columns * per_block * self.orientations
        return self

    def transform(self, X: ArrayLike) -> Array:
        """Blocks from left to right, then down; float64 (n_images, n_features_out)."""
        images = self._images(X, TYPES)
        if self.transform_sqrt:
            if images.min() < 0:
                raise ValueError("transform_sqrt takes no negative grey levels.")
            images = np.sqrt(images.astype(np.float64))
        out = np.empty((len(images), self._n_features_out))

        def work(start: int, stop: int) -> None:
            # In pieces also for one thread: the blocks of all images are large.
            for first in range(start, stop, grain):
                part = slice(first, min(stop, first + grain))
                out[part] = self._describe(images[part])

        grain = max(1, 2**18 // (self.image_shape_[0] * self.image_shape_[1]))
        run_slices(work, len(images), self.n_jobs, grain)
        return out

    def _describe(self, images: Array) -> Floats:
        height, width = self.image_shape_
        cell = (int(self.pixels_per_cell[0]), int(self.pixels_per_cell[1]))
        cells = np.empty(
            (len(images), height // cell[0], width // cell[1], self.orientations)
        )
        if images.dtype == np.uint8:
            tables = tables_of(int(self.orientations))
            cell_byte_gradients(images, cell, *tables, cells)
        else:
            cell_gradients(images, cell, int(self.orientations), cells)
        windows = np.lib.stride_tricks.sliding_window_view(
            cells, self.cells_per_block, axis=(1, 2)
        )
        blocks = windows.transpose(0, 1, 2, 4, 5, 3).reshape(*windows.shape[:3], -1)
        return self._normalised(blocks).reshape(len(images), -1)

    def _normalised(self, blocks: Floats) -> Floats:
        if self.block_norm.startswith("L1"):
            shares = blocks / (np.abs(blocks).sum(-1, keepdims=True) + EPSILON)
            return np.sqrt(shares) if self.block_norm == "L1-sqrt" else shares
        unit = _unit(blocks)
        return unit if self.block_norm == "L2" else _unit(np.minimum(unit, 0.2))

    def _blocks(self) -> tuple[int, int]:
        sizes = zip(
            self.image_shape_, self.pixels_per_cell, self.cells_per_block, strict=True
        )
        rows, columns = (n // cell - block + 1 for n, cell, block in sizes)
        return rows, columns

    def _check_parameters(self) -> None:
        check_whole("orientations", self.orientations)
        check_pair("pixels_per_cell", self.pixels_per_cell)
        check_pair("cells_per_block", self.cells_per_block)
        if self.block_norm not in NORMS:
            raise ValueError(
                f"block_norm must be one of {NORMS}, got {self.block_norm!r}."
            )


@lru_cache(maxsize=4)
def tables_of(n_orientations: int) -> tuple[Floats, Array]:
    """Return size and bin of every gradient of bytes, see ``gradient_tables``."""
    sizes, bins = np.empty((511, 511)), np.empty((511, 511), np.int16)
    gradient_tables(n_orientations, sizes, bins)
    return sizes, bins


def _unit(blocks: Floats) -> Floats:
    length = np.sqrt((blocks**2).sum(-1, keepdims=True) + EPSILON**2)
    scaled: Floats = blocks / length
    return scaled
