"""The map of a picture: each place coloured by the texture that it looks like."""

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from lookalike._typing import Array, Ints
from lookalike.evaluate.drawing import PALETTE, bare
from lookalike.evaluate.report import Report


def page_of_map(
    picture: Array, textures: Ints, side: int, step: int, labels: Sequence[str]
) -> Report:
    """Return the page on one picture; the parameters are those of ``texture_map``."""
    report = Report("Textures: why this answer", lead="What each place looks like.")
    return report.figure(
        texture_map(picture, textures, side, step, labels),
        alt="The picture, and the same coloured by what it is taken for",
    )


def texture_map(
    picture: Array, textures: Ints, side: int, step: int, labels: Sequence[str]
) -> Figure:
    """Draw a picture, and beside it the same coloured by its local texture.

    picture : (height, width)
    textures : (n_rows, n_columns), the number of the texture of the patch of ``side``
        pixels whose upper left pixel is (row * step, column * step)
    """
    figure = Figure(figsize=(9.0, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    half = side / 2
    rows, columns = textures.shape
    reach = (0, columns * step, rows * step, 0)
    framed = picture[
        int(half) - step // 2 : int(half) - step // 2 + rows * step,
        int(half) - step // 2 : int(half) - step // 2 + columns * step,
    ]
    left.imshow(picture, cmap="gray")
    right.imshow(framed, cmap="gray", extent=reach)
    palette = [PALETTE[k % len(PALETTE)] for k in range(len(labels))]
    colours = np.array([to_rgb(colour) for colour in palette])
    right.imshow(colours[textures], alpha=0.5, extent=reach)
    for axes in (left, right):
        bare(axes)
    handles = [
        Patch(color=colour, alpha=0.6, label=label)
        for colour, label in zip(palette, labels, strict=True)
    ]
    figure.legend(
        handles=handles, loc="outside lower center", ncols=len(handles), frameon=False
    )
    return figure
