"""The report of the emotions system: numbers, reliability, mistakes, and the card."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from lookalike._typing import Array, Floats
from lookalike.core.verbs import Answer, Measured
from lookalike.evaluate import Reliability, confusion_matrix, plots, reliability
from lookalike.evaluate.drawing import GRID, INK, MUTED, PALETTE, bare, figure_of
from lookalike.evaluate.report import Report

if TYPE_CHECKING:
    from lookalike.systems.emotions.system import Emotions


def emotions_report(system: "Emotions", measured: Measured) -> Report:
    """Return the page on what a system answered to the test faces."""
    details = measured.details
    truth, predicted = details["truth"], details["predicted"]
    report = Report(
        "Emotions: what faces show",
        lead=f"{measured.tested} of {system.about_['data']['name']}, answered by "
        f"{system.model}.",
    )
    report.section("How good it is").table(
        ["metric", "value"],
        [[name.replace("_", " "), value] for name, value in measured.metrics.items()],
        caption="With 95% bootstrap intervals.",
    )
    for name, found in measured.comparisons.items():
        gain = found.difference
        report.text(
            f"Against {name}, face by face: {gain.value:+.4f} [{gain.low:+.4f}, "
            f"{gain.high:+.4f}], p = {found.p_value:.2g} ({found.test})."
        )
    report.figure(
        plots.confusion(
            confusion_matrix(truth, predicted, labels=range(len(system.classes_))),
            system.classes_.tolist(),
        ),
        alt="Confusion matrix: true emotions down, answers across",
    )
    report.section("Do probabilities come true").figure(
        reliability_picture(reliability(details["confidence"], truth == predicted)),
        alt="Share of right answers against the stated probability, with the diagonal",
        caption="On the diagonal what is stated comes true. The area of a dot is the "
        "number of answers.",
    )
    if "loss_curve" in system.about_["facts"]:
        report.figure(
            plots.loss_curve(system.about_["facts"]["loss_curve"]),
            alt="The loss of each pass over the training faces",
        )
    _mistakes(report, system, details["images"], truth, predicted)
    report.section("The card, in nine steps")
    for step, paragraphs in system.card().steps.items():
        report.text(f"{step.upper()}\n\n" + "\n\n".join(paragraphs))
    return report


def reliability_picture(found: Reliability) -> Figure:
    """Draw what came true against what was stated."""
    figure, axes = figure_of((4.6, 4.2), "")
    axes.plot([0, 1], [0, 1], color=GRID, linewidth=2)
    area = 300 * found.counts / found.counts.max()
    axes.plot(found.confidence, found.accuracy, color=PALETTE[0])
    axes.scatter(found.confidence, found.accuracy, s=area + 8, color=PALETTE[0])
    axes.set_xlabel("stated probability", color=MUTED)
    axes.set_ylabel("share of right answers", color=MUTED)
    axes.set_xlim(0, 1.02)
    axes.set_ylim(0, 1.02)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def one_face(face: Array, drop: Floats, answer: Answer) -> Report:
    """Return the page on one face: where covering it changes the answer."""
    report = Report(
        "Emotions: why this answer",
        lead=f"{answer['label']}, with probability {answer['probability']:.2f}.",
    )
    figure = Figure(figsize=(7.0, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.imshow(face, cmap="gray")
    right.imshow(face, cmap="gray")
    reach = (-0.5, face.shape[1] - 0.5, face.shape[0] - 0.5, -0.5)
    largest = max(float(np.abs(drop).max()), 1e-9)
    shown = right.imshow(
        drop,
        cmap="coolwarm",
        alpha=0.6,
        extent=reach,
        vmin=-largest,
        vmax=largest,
        interpolation="bilinear",
    )
    bar = figure.colorbar(shown, ax=right)
    bar.set_label("fall of the probability when covered", color=INK)
    for axes in (left, right):
        bare(axes)
    return report.figure(
        figure,
        alt="The face, and where covering it lowers or raises the probability",
        caption="Red: covering it lowers the probability, so it speaks for the answer.",
    )


def _mistakes(
    report: Report, system: "Emotions", images: Array, truth: Array, predicted: Array
) -> None:
    report.section("Where it goes wrong")
    n = len(system.classes_)
    matrix = confusion_matrix(truth, predicted, labels=range(n))
    np.fill_diagonal(matrix, 0)
    kinds = np.argsort(-matrix, axis=None)[:6]
    for true, given in zip(*np.unravel_index(kinds, matrix.shape), strict=True):
        rows = np.flatnonzero((truth == true) & (predicted == given))[:10]
        if len(rows):
            names = system.classes_[true], system.classes_[given]
            report.figure(
                plots.strip(images[rows]),
                alt=f"Faces labelled {names[0]} that were taken for {names[1]}",
                caption=f"Labelled {names[0]}, taken for {names[1]}: "
                f"{matrix[true, given]:,} of them.",
            )
