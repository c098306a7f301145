"""Plots of results: confusion, losses, neighbours, images, maps, intervals.

Every function returns a ``matplotlib.figure.Figure`` outside of pyplot's global state:
show it in a notebook, save it by ``figure.savefig(path)``, or put it into a
:class:`lookalike.evaluate.report.Report`.

Nothing is encoded by colour alone: wrong answers have a cross and a broken frame,
curves differ in dashes, classes in markers. The colours are those of Petroff [1]_,
which colour-blind readers can distinguish.

References
----------
.. [1] Petroff (2021). "Accessible color sequences for data visualization".
   arXiv:2107.02270.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from lookalike._checks import check_whole
from lookalike._typing import Array, Floats
from lookalike.evaluate.calibration import Reliability
from lookalike.evaluate.drawing import (
    CORRECT,
    DASHES,
    GRID,
    INK,
    MARKERS,
    MUTED,
    PALETTE,
    WRONG,
    Grid,
    bare,
    captions_of,
    figure_of,
    images_of,
    label_axes,
    plain,
    rounded,
)
from lookalike.evaluate.interval import Estimate


def confusion(
    matrix: ArrayLike, labels: Sequence[object] | None = None, *, title: str = ""
) -> Figure:
    """Draw a confusion matrix, with the recall and precision of every class.

    Correct answers are shaded in blue by their share of the row, wrong ones in orange
    relative to the most frequent error. With one scale for both, errors beside a good
    diagonal would look white. Cells of 0 stay empty.

    Parameters
    ----------
    matrix : array-like of shape (n_classes, n_classes)
        True classes down, predicted classes across, as
        :func:`lookalike.evaluate.confusion_matrix` returns them. Recall and precision
        are written beside counts, not beside shares.
    labels : sequence of length n_classes, optional
        Names of the classes; by default their numbers.
    title : str, optional

    Examples
    --------
    >>> figure = confusion([[9, 1], [0, 10]], ["cat", "dog"])
    >>> sorted(text.get_text() for text in figure.axes[0].texts)
    ['0.90', '0.91', '1', '1.00', '1.00', '10', '9', 'precision', 'recall']
    """
    cells = _square(matrix)
    n = len(cells)
    names = [plain(label) for label in (range(n) if labels is None else labels)]
    _same_length("labels", names, n)
    side = min(0.44 * n + 1.2, 10.0)
    figure, axes = figure_of((side + 0.4, side), title)
    axes.imshow(_cell_colours(cells), interpolation="nearest")
    step = -(-n // 60)  # at most 60 names fit
    upright = max(map(len, names)) <= 3
    axes.set_xticks(
        range(0, n, step), names[::step], rotation=0 if upright else 45, ha="center"
    )
    axes.set_yticks(range(0, n, step), names[::step])
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.set_xlabel("predicted", color=MUTED)
    axes.set_ylabel("true", color=MUTED)
    axes.tick_params(length=0)
    if n <= 30:
        _numbers(axes, cells, 9 if n <= 12 else 7)
    return figure


def _numbers(axes: Axes, cells: Floats, size: int) -> None:
    counts = bool(np.all(cells == np.rint(cells)))
    for row, column in zip(*np.nonzero(cells), strict=True):
        value = cells[row, column]
        text = f"{value:,.0f}" if counts else f"{value:.2f}"
        axes.text(column, row, text, ha="center", va="center", size=size, color=INK)
    if counts:  # shares do not give the sizes of the classes
        _margins(axes, cells, size)


def _margins(axes: Axes, cells: Floats, size: int) -> None:
    """Write recall to the right of each row and precision below each column."""
    style: dict[str, Any] = {"textcoords": "offset points", "color": MUTED}
    style |= {"size": size, "va": "center"}
    rows, columns = axes.get_yaxis_transform(), axes.get_xaxis_transform()
    axes.annotate("recall", (1, 1), (8, 9), "axes fraction", **style)
    axes.annotate("precision", (0, 0), (-6, -10), "axes fraction", ha="right", **style)
    for i, correct in enumerate(np.diag(cells)):
        across, down = cells[i].sum(), cells[:, i].sum()
        if across:
            axes.annotate(f"{correct / across:.2f}", (1, i), (8, 0), rows, **style)
        if down:
            text = f"{correct / down:.2f}"
            axes.annotate(text, (i, 0), (0, -10), columns, ha="center", **style)


def _cell_colours(cells: Floats) -> Floats:
    """Return the colour of each cell, (n_classes, n_classes, 3) in [0, 1]."""
    share = cells / np.where(cells.sum(axis=1) == 0, 1, cells.sum(axis=1))[:, None]
    errors = np.where(np.eye(len(cells), dtype=bool), 0, cells)
    depth = 0.75 * np.sqrt(errors / max(errors.max(), 1e-300))
    np.fill_diagonal(depth, 0.75 * np.diag(share))
    colour = np.tile(to_rgb("#f08a4b"), (*cells.shape, 1))
    np.einsum("iij->ij", colour)[:] = to_rgb(CORRECT)
    return 1 - depth[:, :, None] * (1 - colour)


def loss_curve(
    curves: ArrayLike | Mapping[str, ArrayLike],
    *,
    title: str = "",
    ylabel: str = "loss",
) -> Figure:
    """Draw losses by epoch, from epoch 1; the legend gives the last values.

    Parameters
    ----------
    curves : array-like of shape (n_epochs,), or mapping from names to such
        One curve, or several by name, such as training and held-out loss.
    title, ylabel : str, optional

    Examples
    --------
    >>> figure = loss_curve({"training": [0.9, 0.3, 0.2], "held out": [0.9, 0.5]})
    >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    ['training, last 0.2', 'held out, last 0.5']
    """
    named = curves if isinstance(curves, Mapping) else {"": curves}
    if not named:
        raise ValueError("curves must hold at least one curve, got none.")
    figure, axes = figure_of((6.4, 3.4), title)
    for i, (name, values) in enumerate(named.items()):
        losses = _column(f"curve {name!r}" if name else "curves", values)
        axes.plot(
            np.arange(1, len(losses) + 1),
            losses,
            DASHES[i % len(DASHES)],
            color=(CORRECT, WRONG, *PALETTE[4:])[i % 8],
            linewidth=2,
            marker="o" if len(losses) <= 40 else None,
            markersize=4,
            label=plain(f"{name}, last {losses[-1]:.4g}".lstrip(", ")),
        )
    label_axes(axes, "epoch", ylabel)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    axes.grid(axis="y", color=GRID)
    axes.spines["left"].set_visible(False)
    axes.tick_params(length=0)
    axes.legend(frameon=False, labelcolor=INK, handlelength=2.6)
    return figure


def reliability_diagram(found: Reliability, *, title: str = "") -> Figure:
    """Draw the share of correct answers against the probability that was stated.

    Parameters
    ----------
    found : Reliability
        As :func:`lookalike.evaluate.reliability` returns it; the area of a dot is the
        number of answers of its bin.
    title : str, optional

    Examples
    --------
    >>> from lookalike.evaluate import reliability
    >>> figure = reliability_diagram(reliability([0.9, 0.9, 0.6], [1, 1, 0]))
    >>> [line.get_ydata().tolist() for line in figure.axes[0].lines]
    [[0, 1], [0.0, 1.0]]
    """
    figure, axes = figure_of((4.6, 4.2), title)
    axes.plot([0, 1], [0, 1], color=GRID, linewidth=2)
    area = 300 * found.counts / found.counts.max()
    axes.plot(found.confidence, found.accuracy, color=PALETTE[0])
    axes.scatter(found.confidence, found.accuracy, s=area + 8, color=PALETTE[0])
    label_axes(axes, "stated probability", "share of correct answers")
    axes.set_xlim(0, 1.02)
    axes.set_ylim(0, 1.02)
    return figure


def gallery(
    queries: ArrayLike,
    neighbours: ArrayLike,
    *,
    query_labels: ArrayLike | None = None,
    labels: ArrayLike | None = None,
    distances: ArrayLike | None = None,
    invert: bool = False,
    title: str = "",
) -> Figure:
    """Draw each query with its neighbours, nearest first.

    If both have labels, neighbours with another label than the query are marked by a
    cross and a broken frame.

    Parameters
    ----------
    queries : array-like of shape (n_queries, height, width) or (..., 3)
        Grey or RGB images, uint8 in [0, 255] or real in [0, 1].
    neighbours : array-like of shape (n_queries, k, height, width) or (..., 3)
        The neighbours of each query, nearest first.
    query_labels : array-like of shape (n_queries,), optional
        Text under each query.
    labels, distances : array-like of shape (n_queries, k), optional
        Text under each neighbour.
    invert : bool, default=False
        Draw light as dark, for ink that is stored as light on black.
    title : str, optional

    Examples
    --------
    >>> near = np.zeros((2, 3, 8, 8))
    >>> figure = gallery(
    ...     near[:, 0], near, query_labels=[4, 9], labels=[[4, 4, 9], [9, 9, 9]]
    ... )
    >>> [t.get_text() for t in figure.axes[0].texts if "\N{BALLOT X}" in t.get_text()]
    ["\N{BALLOT X} and a broken frame: not the query's label", '\N{BALLOT X} 9']
    """
    left = images_of("queries", queries, 1)
    answers = images_of("neighbours", neighbours, 2)
    n, k = answers.shape[:2]
    if len(left) != n:
        raise ValueError(
            f"neighbours must hold {len(left)} rows, one a query, got {n}."
        )
    own = captions_of("query_labels", query_labels, (n,))
    theirs = captions_of("labels", labels, (n, k))
    far = captions_of("distances", rounded(distances), (n, k))
    wrong = np.zeros((n, k), dtype=bool)
    if query_labels is not None and labels is not None:
        wrong = np.asarray(query_labels)[:, None] != np.asarray(labels)
    grid = Grid(
        *(left, k + 1.4, n, title),
        captions=any(given is not None for given in (query_labels, labels, distances)),
        header={0.5: "query", 1.9: "nearest"},
        wrong="not the query's label" if wrong.any() else "",
    )
    for row in range(n):
        grid.draw(left[row], 0, row, own[row], invert=invert)
        for j in range(k):
            text = f"{theirs[row, j]}   {far[row, j]}".strip()
            grid.draw(answers[row, j], j + 1.4, row, text, wrong[row, j], invert)
    return grid.figure


def strip(
    images: ArrayLike,
    captions: ArrayLike | None = None,
    *,
    wrong: ArrayLike | None = None,
    n_columns: int = 10,
    invert: bool = False,
    title: str = "",
) -> Figure:
    """Draw images in rows, with a caption under each.

    Parameters
    ----------
    images : array-like of shape (n_images, height, width) or (..., 3)
        Grey or RGB images, uint8 in [0, 255] or real in [0, 1].
    captions : array-like of shape (n_images,), optional
        Text under each image.
    wrong : array-like of bool of shape (n_images,), optional
        Images that are marked by a cross and a broken frame.
    n_columns : int, default=10
        Images in a row.
    invert : bool, default=False
        Draw light as dark, for ink that is stored as light on black.
    title : str, optional

    Examples
    --------
    >>> figure = strip(np.zeros((3, 8, 8)), ["4", "9", "4"], wrong=[False, True, False])
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['\N{BALLOT X} and a broken frame: wrong', '4', '\N{BALLOT X} 9', '4']
    """
    pictures = images_of("images", images, 1)
    n = len(pictures)
    texts = captions_of("captions", captions, (n,))
    marks = np.zeros(n, dtype=bool) if wrong is None else np.asarray(wrong)
    if marks.shape != (n,) or marks.dtype != bool:
        raise ValueError(f"wrong must hold {n} truth values, one an image.")
    check_whole("n_columns", n_columns)
    n_columns = min(n, int(n_columns))
    grid = Grid(
        *(pictures, n_columns, -(-n // n_columns), title),
        captions=captions is not None or bool(marks.any()),
        wrong="wrong" if marks.any() else "",
    )
    for i, picture in enumerate(pictures):
        row, column = divmod(i, n_columns)
        grid.draw(picture, column, row, texts[i], marks[i], invert)
    return grid.figure


def embedding_map(points: ArrayLike, labels: ArrayLike, *, title: str = "") -> Figure:
    """Draw points of two dimensions, with a colour and a marker for each class.

    The name of each class is written at the median of its points.

    Parameters
    ----------
    points : array-like of shape (n_samples, 2)
        Such as the first two components of a PCA.
    labels : array-like of shape (n_samples,)
        Class of each point, at most 100 classes.
    title : str, optional

    Examples
    --------
    >>> figure = embedding_map([[0, 0], [1, 0], [5, 5]], ["cat", "cat", "dog"])
    >>> [(t.get_text(), *t.get_position()) for t in figure.axes[0].texts]
    [('cat', 0.5, 0.0), ('dog', 5.0, 5.0)]
    """
    xy, classes = np.asarray(points, dtype=np.float64), np.atleast_1d(labels)
    if xy.ndim != 2 or xy.shape[1] != 2 or len(xy) == 0 or not np.isfinite(xy).all():
        raise ValueError(
            f"points must be finite, of shape (n_samples, 2), got shape {xy.shape}."
        )
    _same_length("labels", classes, len(xy))
    names, code = np.unique(classes, return_inverse=True)
    if len(names) > 100:
        raise ValueError(f"labels must hold at most 100 classes, got {len(names)}.")
    figure, axes = figure_of((6.8, 5.4), title)
    halo = [patheffects.withStroke(linewidth=3, foreground="white")]
    for i, name in enumerate(names):
        mine = xy[code == i]
        axes.scatter(
            mine[:, 0],
            mine[:, 1],
            s=float(np.clip(30_000 / len(xy), 5, 40)),
            color=PALETTE[i % 10],
            marker=MARKERS[(i + i // 10) % 10],
            alpha=0.65,
            linewidths=0,
            label=plain(name),
        )
        x, y = np.median(mine, axis=0)
        axes.text(
            float(x),
            float(y),
            plain(name),
            ha="center",
            va="center",
            size=13,
            weight="bold",
            color=INK,
            path_effects=halo,
        )
    bare(axes)
    axes.set_aspect("equal", adjustable="datalim")
    axes.legend(
        loc="center left",
        bbox_to_anchor=(1.0, 0.5),
        frameon=False,
        labelcolor=INK,
        ncols=-(-len(names) // 20),
        scatterpoints=1,
    )
    for handle in axes.get_legend().legend_handles:  # type: ignore[union-attr]
        handle.set(sizes=[40], alpha=1)  # type: ignore[union-attr]
    return figure


def estimates(
    named: Mapping[str, Estimate], *, title: str = "", xlabel: str = ""
) -> Figure:
    """Draw estimates below each other, each a dot with its interval.

    Parameters
    ----------
    named : mapping from names to Estimate
        The first is at the top.
    title, xlabel : str, optional

    Examples
    --------
    >>> pixels, learned = Estimate(0.9705, 0.967, 0.974), Estimate(0.98, 0.977, 0.983)
    >>> figure = estimates({"raw pixels": pixels, "learned map": learned})
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['0.9705', '0.9800']
    """
    if not named:
        raise ValueError("named must hold at least one estimate, got none.")
    figure, axes = figure_of((6.4, 0.9 + 0.38 * len(named)), title)
    for row, estimate in enumerate(named.values()):
        axes.plot(
            [estimate.low, estimate.high], [row, row], color=CORRECT, linewidth=2.5
        )
        axes.plot(estimate.value, row, "o", color=INK, markersize=6, zorder=3)
        axes.annotate(
            f"{estimate.value:.4f}",
            (1, row),
            xycoords=("axes fraction", "data"),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            color=INK,
            size=10,
        )
    axes.set_yticks(range(len(named)), [plain(name) for name in named])
    axes.set_ylim(len(named) - 0.5, -0.5)
    label_axes(axes, xlabel, "")
    axes.grid(axis="x", color=GRID)
    axes.spines["left"].set_visible(False)
    axes.tick_params(length=0)
    return figure


def learning_curve(
    shares: Sequence[float],
    curves: Mapping[str, Sequence[Estimate]],
    xlabel: str,
    ylabel: str,
) -> Figure:
    """Draw estimates with their intervals by the share of the training data.

    Parameters
    ----------
    shares : sequence of float of length n
        In (0, 1], drawn on a logarithmic axis.
    curves : mapping from names to sequences of n estimates
    xlabel, ylabel : str
    """
    figure, axes = figure_of((6.4, 3.4), "")
    for number, (name, estimates) in enumerate(curves.items()):
        values = np.array([each.value for each in estimates])
        below = values - [each.low for each in estimates]
        above = [each.high for each in estimates] - values
        axes.errorbar(
            # Shifted, so that no interval hides another.
            np.array(shares) * 1.03**number,
            values,
            yerr=np.maximum([below, above], 0),
            label=plain(name),
            color=PALETTE[number % len(PALETTE)],
            marker=MARKERS[number % len(MARKERS)],
            linestyle=DASHES[number % len(DASHES)],
            capsize=3,
        )
    axes.set_xscale("log")
    axes.set_xticks(shares, [f"{share:.0%}" for share in shares])
    axes.set_xticks([], minor=True)
    label_axes(axes, xlabel, ylabel)
    axes.grid(axis="y", color=GRID)
    axes.legend(frameon=False, labelcolor=INK, fontsize=8)
    return figure


def _square(matrix: ArrayLike) -> Floats:
    cells = np.asarray(matrix, dtype=np.float64)
    if cells.ndim != 2 or cells.shape[0] != cells.shape[1] or cells.size == 0:
        raise ValueError(
            f"matrix must be square and not empty, got shape {cells.shape}."
        )
    if not (np.isfinite(cells).all() and cells.min() >= 0):
        raise ValueError("matrix must hold finite numbers that are at least 0.")
    return cells


def _column(name: str, values: ArrayLike) -> Floats:
    column = np.asarray(values, dtype=np.float64)
    if column.ndim != 1 or column.size == 0 or not np.isfinite(column).all():
        raise ValueError(
            f"{name} must be 1-D, finite and not empty, got shape {column.shape}."
        )
    return column


def _same_length(name: str, values: Sequence[object] | Array, n: int) -> None:
    if len(values) != n:
        raise ValueError(f"{name} must hold {n} entries, got {len(values)}.")
