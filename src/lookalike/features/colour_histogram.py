"""Colour histograms: how much of each colour an image holds, region by region.

Colours are those of CIELAB, in which equal distances look about equally large.
"""

import numpy as np

from lookalike._typing import Array, Floats
from lookalike.kernels.colour_histogram import cell_colours, lab_of_roots

# sRGB's primaries in XYZ, each row divided by the white of D65 (IEC 61966-2-1).
_TO_XYZ = np.array(
    [
        [0.412453, 0.357580, 0.180423],
        [0.212671, 0.715160, 0.072169],
        [0.019334, 0.119193, 0.950227],
    ]
) / np.array([[0.95047], [1.0], [1.08883]])
_LEVELS = np.arange(256) / 255
_LINEAR = np.where(
    _LEVELS > 0.04045, ((_LEVELS + 0.055) / 1.055) ** 2.4, _LEVELS / 12.92
)
RANGES = ((0.0, 100.0), (-60.0, 60.0), (-60.0, 60.0))
"""Of L*, a* and b* in a histogram; colours beyond, which are rare, are in its ends."""


def lab_of(image: Array) -> Floats:
    """Map an image in sRGB, uint8 (height, width, 3), to CIELAB under D65.

    Returns float64 of the same shape: L* from 0 (black) to 100 (white), a* from green
    to red, b* from blue to yellow.

    References
    ----------
    .. [1] CIE (2004). "Colorimetry". CIE 15, section 8.2.1.

    Examples
    --------
    >>> import numpy as np
    >>> white, red = [255, 255, 255], [255, 0, 0]
    >>> lab_of(np.array([[white, red]], np.uint8)).round(1) + 0.0
    array([[[100. ,   0. ,   0. ],
            [ 53.2,  80.1,  67.2]]])
    """
    xyz = _LINEAR[image] @ _TO_XYZ.T
    found: Floats = np.empty_like(xyz)
    lab_of_roots(xyz, np.cbrt(xyz), found)
    return found


def colour_histogram(
    lab: Floats,
    bins: tuple[int, int, int] = (4, 6, 6),
    grid: tuple[int, int] = (1, 1),
) -> Floats:
    """Share of each colour in each cell of a grid over an image.

    A pixel counts in the eight bins around its colour, each by its nearness (trilinear
    interpolation), so that a slightly other light moves little from bin to bin.

    Parameters
    ----------
    lab : (height, width, 3)
        As ``lab_of`` returns it.
    bins : tuple of three int, default=(4, 6, 6)
        Of L*, a* and b*, over ``RANGES``.
    grid : tuple of two int, default=(1, 1)
        Rows and columns of cells, at most the image's pixels.

    Returns
    -------
    ndarray of shape (rows, columns, n_bins)
        Each cell sums to 1. Cost: O(height * width).

    References
    ----------
    .. [1] Swain and Ballard (1991). "Color indexing". International Journal of Computer
       Vision 7(1).

    Examples
    --------
    A white pixel beside a black one, in bins of lightness alone:

    >>> import numpy as np
    >>> image = np.array([[[255] * 3, [0] * 3]], np.uint8)
    >>> colour_histogram(lab_of(image), (2, 1, 1), grid=(1, 2)).round(2)
    array([[[0., 1.],
            [1., 0.]]])
    """
    rows, columns = grid
    counts = np.empty((rows * columns, bins[0] * bins[1] * bins[2]))
    pixels = np.ascontiguousarray(lab, np.float64)
    cell_colours(pixels, np.array(RANGES), np.array(bins, np.int64), grid, counts)
    found = counts.reshape(rows, columns, -1)
    return found / found.sum(axis=2, keepdims=True)
