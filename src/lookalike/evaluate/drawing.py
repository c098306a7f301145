"""Colours, styles of axes and grids of images that the plots share."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from lookalike._typing import Array, Floats

PALETTE = (
    *("#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6"),
    *("#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd"),
)
MARKERS = "os^DvPX*<>"
DASHES = ("-", "--", ":", "-.")
INK, MUTED, GRID = "#1f2933", "#5f6b76", "#dfe4e8"
CORRECT, WRONG = "#3f90da", "#c2410c"
CROSS = "\N{BALLOT X}"


class Grid:
    """A figure with a grid of images of one size.

    Images are one unit wide, and y points downwards.

    images : (n, height, width) or (n, height, width, 3), for the proportions
    columns, rows : size of the grid
    captions : whether there is room for a text under each image
    wrong : explanation of the marks of wrong answers, empty where there are none
    header : texts above the grid, by their x
    """

    def __init__(
        self,
        images: Floats,
        columns: float,
        rows: int,
        title: str,
        *,
        captions: bool,
        wrong: str,
        header: Mapping[float, str] | None = None,
    ) -> None:
        self.height: Any = images.shape[1] / images.shape[2]
        self.pitch: Any = self.height + (0.3 if captions else 0.06)
        top, bottom = (-0.3 if header else 0), rows * self.pitch + (0.3 if wrong else 0)
        self.limits = {"xlim": (0, columns), "ylim": (bottom, top)}
        inch = min(0.95, 11 / columns)
        size = columns * inch + 0.1, (bottom - top) * inch + (0.45 if title else 0.1)
        self.figure, self.axes = figure_of(size, title)
        bare(self.axes)
        for x, text in (header or {}).items():
            self._write(x, -0.06, text, MUTED, ha="center", va="bottom")
        if wrong:
            text = f"{CROSS} and a broken frame: {wrong}"
            self._write(0, bottom, text, WRONG, ha="left", va="bottom")

    def draw(
        self,
        image: Floats,
        x: float,
        row: int,
        caption: str,
        wrong: bool = False,
        invert: bool = False,
    ) -> None:
        """Draw one image with its caption, and mark it if it is wrong."""
        edge = 0.04
        left, right = x + edge, x + 1 - edge
        top, bottom = row * self.pitch + edge, row * self.pitch + self.height - edge
        self.axes.imshow(
            1 - image if invert else image,
            extent=(left, right, bottom, top),
            cmap="gray",
            vmin=0,
            vmax=1,
        )
        frame = Rectangle(
            (left, top),
            right - left,
            bottom - top,
            fill=False,
            edgecolor=WRONG if wrong else GRID,
            linewidth=2.2 if wrong else 0.8,
            linestyle=(0, (3, 1.5)) if wrong else "-",
            clip_on=False,
        )
        self.axes.add_patch(frame)
        text, colour = (f"{CROSS} {caption}", WRONG) if wrong else (caption, INK)
        if text:
            weight = "bold" if wrong else "normal"
            self._write(x + 0.5, bottom + edge, text, colour, weight=weight)
        self.axes.set(**self.limits)  # imshow changes them

    def _write(self, x: float, y: float, text: str, colour: str, **style: Any) -> None:
        default: dict[str, Any] = {"ha": "center", "va": "top", "size": 9}
        self.axes.text(x, y, text, color=colour, **(default | style))


def figure_of(size: tuple[float, float], title: str) -> tuple[Figure, Axes]:
    """Return a figure of this size in inches, with one axes in the common style."""
    figure = Figure(figsize=size, dpi=150, facecolor="white", layout="compressed")
    axes = figure.add_subplot(facecolor="white")
    axes.set_title(plain(title), loc="left", size=12, weight="bold", color=INK, pad=12)
    axes.tick_params(colors=INK, labelsize=9)
    for spine in axes.spines.values():
        spine.set_color(GRID)
    return figure, axes


def label_axes(axes: Axes, x: str, y: str) -> None:
    """Write what both axes show, and remove the frame's upper and right lines."""
    axes.set_xlabel(plain(x), color=MUTED)
    axes.set_ylabel(plain(y), color=MUTED)
    axes.spines[["top", "right"]].set_visible(False)


def bare(axes: Axes) -> None:
    """Remove ticks and frame."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)


def plain(text: object) -> str:
    """Return the text with dollar signs escaped, which would start a formula."""
    return str(text).replace("$", r"\$")


def images_of(name: str, images: ArrayLike, leading: int) -> Floats:
    """Return grey or RGB images as float64 in [0, 1], behind these leading axes.

    Raises
    ------
    ValueError
        If the array has another shape, or values outside the range of its type.
    """
    given = np.asarray(images)
    grey = given.ndim == leading + 2
    coloured = given.ndim == leading + 3 and given.shape[-1] == 3
    if not (grey or coloured) or given.size == 0:
        raise ValueError(
            f"{name} must hold grey or RGB images behind {leading} leading axes, got "
            f"shape {given.shape}."
        )
    if given.dtype == np.uint8:
        return given / 255
    pixels = given.astype(np.float64)
    if not np.all((pixels >= 0) & (pixels <= 1)):
        raise ValueError(f"{name} must be uint8 in [0, 255] or real in [0, 1].")
    return pixels


def captions_of(name: str, values: ArrayLike | None, shape: tuple[int, ...]) -> Array:
    """Return the text of each value, empty texts where there are no values."""
    if values is None:
        return np.full(shape, "")
    given = np.asarray(values)
    if given.shape != shape:
        raise ValueError(f"{name} must be of shape {shape}, got {given.shape}.")
    return np.array([plain(value) for value in given.ravel().tolist()]).reshape(shape)


def rounded(distances: ArrayLike | None) -> Array | None:
    """Return numbers as text with equally many decimals.

    The largest has three significant digits.
    """
    if distances is None:
        return None
    given = np.asarray(distances, dtype=np.float64)
    if not np.isfinite(given).all():
        raise ValueError("distances must be finite.")
    largest = np.abs(given).max(initial=1e-3)
    decimals = int(np.clip(2 - np.floor(np.log10(largest)), 0, 5))
    return np.vectorize(f"{{:.{decimals}f}}".format, otypes=[str])(given)
