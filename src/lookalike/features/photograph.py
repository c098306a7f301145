"""Photographs as vectors that need nothing learned: colour, texture, edges and layout.

Each *part* describes one side of a photograph by a vector of length one. The parts
stand side by side, each multiplied by the root of its weight, so that the dot product
of two photographs is a weighted mean of how alike their parts are:

    s(x, y) = sum of w_p <x_p, y_p> over the parts p,   sum of w_p = 1.

Histograms enter as square roots of shares, whose dot product is Bhattacharyya's
coefficient, and over regions as well as over the whole (a spatial pyramid).
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
from PIL import Image

from lookalike._parallel import run_slices
from lookalike._typing import Array, Floats, Ints
from lookalike.features.colour_histogram import colour_histogram, lab_of
from lookalike.features.gradient_histogram import GradientHistogram
from lookalike.features.local_binary_pattern import bilinear, circle, pattern_bins
from lookalike.features.preparation import Preparation
from lookalike.kernels.lbp import cell_histograms

CODE = 1
"""Raised with every change that makes other vectors of the same photograph."""
SIDE = 128
PREPARATION = Preparation(SIDE, SIDE, "RGB")
"""What every photograph is brought to first."""
WEIGHTS = {
    "colour": 0.03,
    "colour by regions": 0.03,
    "texture": 0.52,
    "texture by regions": 0.31,
    "edges by regions": 0.10,
    "layout": 0.01,
}
"""Share of each part in the similarity, as ``lookalike bench photographs`` finds it.

Histograms of texture are much alike in all photographs, so that their share is large.
"""
_SIZES = {
    "colour": 144,
    "colour by regions": 4 * 144,
    "texture": 4 * 59,
    "texture by regions": 4 * 4 * 59,
    "edges by regions": 16 * 9,
    "layout": 16 * 3,
}
N_DIMENSIONS = sum(_SIZES.values())
_GRAIN = 16  # photographs


def describe_photographs(images: Sequence[Array], n_jobs: int | None = None) -> Array:
    """Map photographs to vectors of length one; a larger dot product is more alike.

    Parameters
    ----------
    images : sequence of ndarray
        uint8 (height, width, 3) in sRGB or (height, width), of any sizes.
    n_jobs : int, default=None
        Threads over photographs: None is one, -1 is every processor.

    Returns
    -------
    ndarray of float32, shape (n_images, N_DIMENSIONS)
        A row is the same to the bit, alone or in a batch.

    Raises
    ------
    ValueError
        If one is no such image.

    Notes
    -----
    Colour is a histogram over CIELAB, of the whole and of four regions; texture are
    uniform local binary patterns at two radii and two sizes, of the whole and of four
    regions; edges are histograms of the directions of gradients in four by four cells;
    layout is the mean colour of these cells. Time O(pixels), some milliseconds each.

    References
    ----------
    .. [1] Lazebnik, Schmid and Ponce (2006). "Beyond bags of features: spatial pyramid
       matching for recognizing natural scene categories". CVPR.
    .. [2] Arandjelović and Zisserman (2012). "Three things everyone should know to
       improve object retrieval". CVPR.   (roots of histograms)

    Examples
    --------
    Stripes are more like shifted stripes of another size than like their own colours
    in a checkerboard:

    >>> import numpy as np
    >>> stripes = np.zeros((64, 64, 3), np.uint8)
    >>> stripes[:, ::2, 0] = 255
    >>> wider, board = stripes[:, :40], stripes.copy()
    >>> board[::2] = 255 - board[::2]
    >>> X = describe_photographs([stripes, wider, board])
    >>> bool(X[0] @ X[1] > X[0] @ X[2])
    True
    """
    found = np.empty((len(images), N_DIMENSIONS), np.float32)

    def work(start: int, stop: int) -> None:
        for first in range(start, stop, _GRAIN):
            part = slice(first, min(stop, first + _GRAIN))
            tiles = np.stack([PREPARATION.tile(image) for image in images[part]])
            found[part] = _joined(parts_of(tiles))

    run_slices(work, len(images), n_jobs, _GRAIN)
    return found


def parts_of(tiles: Array) -> dict[str, Floats]:
    """Describe prepared photographs part by part, each row of length one.

    tiles : uint8 (n, SIDE, SIDE, 3)

    Returns float64 (n, size of the part) by the names in ``WEIGHTS``. A part of which a
    photograph has nothing, such as the edges of a blank one, is zero.
    """
    grey = np.stack([np.asarray(Image.fromarray(t).convert("L")) for t in tiles])
    labs = [lab_of(tile) for tile in tiles]
    colour = np.stack([colour_histogram(lab, grid=(2, 2)) for lab in labs])
    texture = _texture(grey)
    cell = SIDE // 4
    means = [lab.reshape(4, cell, 4, cell, 3).mean(axis=(1, 3)) for lab in labs]
    layout = np.stack(means) - np.array([50.0, 0.0, 0.0])  # black and white are far
    # The cells are of one size: the mean of their histograms is that of the whole.
    return {
        "colour": _unit(np.sqrt(colour.mean(axis=(1, 2)))),
        "colour by regions": _unit(np.sqrt(colour)),
        "texture": _unit(np.sqrt(texture.mean(axis=2))),
        "texture by regions": _unit(np.sqrt(texture)),
        "edges by regions": _unit(_edges().transform(grey)),
        "layout": _unit(layout),
    }


@cache
def _edges() -> GradientHistogram:
    cell = SIDE // 4
    edges = GradientHistogram(
        pixels_per_cell=(cell, cell), cells_per_block=(1, 1), block_norm="L1-sqrt"
    )
    return edges.fit(np.zeros((1, SIDE, SIDE), np.uint8))


def _texture(grey: Array) -> Floats:
    """Histograms of local patterns, (n, radii and sizes, cells, bins).

    Those of ``LocalBinaryPattern(8, radius, grid=(2, 2), border="edge")``, without
    checking again what was checked: that takes as long as the histograms.
    """
    wide = grey.astype(np.uint16)
    wide = wide[:, ::2] + wide[:, 1::2]
    half = ((wide[:, :, ::2] + wide[:, :, 1::2]) // 4).astype(np.uint8)
    table, n_bins = pattern_bins("uniform", 8)
    found = np.empty((len(grey), 4, 4, n_bins))
    counts = np.empty((len(grey), 4, n_bins), np.int32)
    for size, pictures in enumerate((grey, half)):
        for radius in (1, 2):
            points = _points(radius)
            cell_histograms(pictures, radius, True, *points, table, (2, 2), counts)
            n_pixels = np.float32(pictures[0].size // 4)
            shares = counts.astype(np.float32) / n_pixels
            found[:, 2 * size + radius - 1] = shares
    return found


@cache
def _points(radius: int) -> tuple[Ints, Floats]:
    return bilinear(circle(8, float(radius)))


def _unit(rows: Floats) -> Floats:
    flat = rows.reshape(len(rows), -1)
    length = np.sqrt((flat**2).sum(axis=1, keepdims=True))
    scaled: Floats = flat / np.where(length > 0, length, 1.0)
    return scaled


def _joined(parts: dict[str, Floats]) -> Floats:
    """The parts side by side, by their weights, of length one."""
    weighted = [np.sqrt(WEIGHTS[name]) * part for name, part in parts.items()]
    return _unit(np.hstack(weighted))
