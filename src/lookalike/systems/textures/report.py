"""Sections of the textures report: turned patches, other light, and a coloured map."""

import numpy as np
from matplotlib.figure import Figure

from lookalike._typing import Array, Floats
from lookalike.core.evaluation import EvaluationResult
from lookalike.datasets import Pictures
from lookalike.evaluate import confusion_matrix, plots
from lookalike.evaluate.drawing import DASHES, INK, PALETTE, figure_of, label_axes
from lookalike.evaluate.report import Report
from lookalike.systems.textures.explanation import texture_map
from lookalike.systems.textures.system import Textures


def add_sections(
    report: Report, system: Textures, data: Pictures, result: EvaluationResult
) -> None:
    """Add what is particular to textures."""
    details = result.details
    accuracies = {
        name.replace("_", " "): estimate
        for name, estimate in result.metrics.items()
        if name == "accuracy" or name.startswith(("plain", "uniform", "riu2"))
    }
    report.figure(
        plots.estimates(accuracies, xlabel="accuracy over all turns"),
        alt="Accuracy of each description over all turns, with intervals",
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
    picture, step = mosaic(data), 8
    textures = system.map(picture, step).argmax(axis=2)
    report.section("A map").figure(
        texture_map(picture, textures, system.side_, step, system.classes_.tolist()),
        alt="A mosaic of the three textures, and the same coloured by what it is "
        "taken for",
        caption="Parts of the right halves, put together. Each place has the colour "
        "of the patch around it.",
    )
    _mistakes(report, system, result)


def mosaic(data: Pictures, side: int = 192) -> Array:
    """Squares of what was held out, in a pattern: none of them was learned from."""
    tested = data.is_test or (True,) * len(data.pictures)
    held_out = {
        label: picture
        for label, picture, is_test in zip(
            data.labels, data.pictures, tested, strict=True
        )
        if is_test
    }
    parts = [picture[:side, -side:] for picture in list(held_out.values())[:3]]
    least = min(min(part.shape) for part in parts)
    parts = [part[:least, :least] for part in parts]
    order = [[0, 1 % len(parts)], [2 % len(parts), 0]]
    return np.block([[parts[k] for k in row] for row in order])


def _mistakes(report: Report, system: Textures, result: EvaluationResult) -> None:
    details = result.details
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
    label_axes(axes, "degrees", "accuracy")
    axes.set_xticks(range(0, 361, 45))
    axes.set_ylim(0, 1.03)
    axes.legend(frameon=False, labelcolor=INK)
    return figure
