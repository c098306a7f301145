"""The report of the textures system: numbers, turned patches, and a coloured map."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from lookalike._typing import Array, Floats
from lookalike.core.verbs import Measured
from lookalike.datasets import Pictures
from lookalike.evaluate import confusion_matrix, plots
from lookalike.evaluate.drawing import DASHES, INK, MUTED, PALETTE, bare, figure_of
from lookalike.evaluate.report import Report

if TYPE_CHECKING:
    from lookalike.systems.textures.system import Textures


def textures_report(system: "Textures", data: Pictures, measured: Measured) -> Report:
    """Return the page on what a system answered to the right halves of ``data``."""
    details = measured.details
    report = Report(
        "Textures: recognised however they lie",
        lead=f"{measured.tested}, learned from upright ones alone.",
    )
    report.section("How good it is").table(
        ["metric", "value"],
        [[name.replace("_", " "), value] for name, value in measured.metrics.items()],
        caption="With 95% bootstrap intervals over patches.",
    )
    accuracies = {
        name.replace("_", " "): estimate
        for name, estimate in measured.metrics.items()
        if name == "accuracy" or name.startswith(("plain", "uniform", "riu2"))
    }
    report.figure(
        plots.estimates(accuracies, xlabel="accuracy over all turns"),
        alt="Accuracy of each description over all turns, with intervals",
        caption=" ".join(
            f"Against {name}: {c.difference.value:+.4f}, p = {c.p_value:.2g}."
            for name, c in measured.comparisons.items()
        ),
    )
    report.figure(
        _by_angle(details["by_angle"], details["plain_by_angle"]),
        alt="Accuracy against the angle by which the test patches are turned",
        caption="Plain patterns know only the directions that they were shown.",
    )
    report.section("In other light").table(
        ["change of the grey levels", "accuracy"],
        [[name, share] for name, share in details["grey"].items()],
        caption="Turned patches, their changed levels rounded to bytes again.",
    )
    report.section("A map").figure(
        texture_map(system, mosaic(data)),
        alt="A mosaic of the three textures, and the same coloured by what it is "
        "taken for",
        caption="Parts of the right halves, put together. Each place has the colour "
        "of the patch around it.",
    )
    _mistakes(report, system, measured)
    report.section("The card, in nine steps")
    for step, paragraphs in system.card().steps.items():
        report.text(f"{step.upper()}\n\n" + "\n\n".join(paragraphs))
    return report


def one_picture(system: "Textures", picture: Array) -> Report:
    """Return the page on one picture: its map."""
    report = Report("Textures: why this answer", lead="What each place looks like.")
    return report.figure(
        texture_map(system, picture),
        alt="The picture, and the same coloured by what it is taken for",
    )


def texture_map(system: "Textures", picture: Array, step: int = 8) -> Figure:
    """Draw a picture, and beside it the same coloured by its local texture."""
    shares = system.map(picture, step)
    best = shares.argmax(axis=2)
    figure = Figure(figsize=(9.0, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    half = system.side / 2
    rows, columns = best.shape
    reach = (0, columns * step, rows * step, 0)
    framed = picture[
        int(half) - step // 2 : int(half) - step // 2 + rows * step,
        int(half) - step // 2 : int(half) - step // 2 + columns * step,
    ]
    left.imshow(picture, cmap="gray")
    right.imshow(framed, cmap="gray", extent=reach)
    colours = np.array([_rgb(PALETTE[k % len(PALETTE)]) for k in range(len(shares.T))])
    right.imshow(colours[best], alpha=0.5, extent=reach)
    for axes in (left, right):
        bare(axes)
    handles = [
        Patch(color=PALETTE[k % len(PALETTE)], alpha=0.6, label=str(label))
        for k, label in enumerate(system.classes_)
    ]
    figure.legend(
        handles=handles, loc="outside lower center", ncols=len(handles), frameon=False
    )
    return figure


def mosaic(data: Pictures, side: int = 192) -> Array:
    """Squares of the right halves in a pattern, none of them learned from."""
    parts = [picture[:side, -side:] for picture in data.pictures[:3]]
    least = min(min(part.shape) for part in parts)
    parts = [part[:least, :least] for part in parts]
    order = [[0, 1 % len(parts)], [2 % len(parts), 0]]
    return np.block([[parts[k] for k in row] for row in order])


def _mistakes(report: Report, system: "Textures", measured: Measured) -> None:
    details = measured.details
    labels = system.classes_.tolist()
    report.section("Turned by 45 degrees").figure(
        plots.confusion(
            confusion_matrix(details["truth"], details["predicted"], labels=labels),
            labels,
        ),
        alt="Confusion matrix at 45 degrees: true textures down, answers across",
    )
    wrong = details["truth"] != details["predicted"]
    some = np.concatenate([np.flatnonzero(wrong)[:10], np.flatnonzero(~wrong)[::7]])
    report.figure(
        plots.strip(
            details["patches"][some], details["predicted"][some], wrong=wrong[some]
        ),
        alt="Test patches turned by 45 degrees, with their answers",
    )


def _by_angle(ours: Floats, plain: Floats) -> Figure:
    figure, axes = figure_of((6.4, 3.0), "")
    angles = np.arange(len(ours)) * 360 / len(ours)
    for k, (name, values) in enumerate({"shipped": ours, "plain LBP": plain}.items()):
        axes.plot(angles, values, DASHES[k], color=PALETTE[k], label=name, linewidth=2)
    axes.set_xlabel("degrees", color=MUTED)
    axes.set_ylabel("accuracy", color=MUTED)
    axes.set_xticks(range(0, 361, 45))
    axes.set_ylim(0, 1.03)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, labelcolor=INK)
    return figure


def _rgb(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5))
