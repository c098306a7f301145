"""The report of the faces system: the table, pairs, mistakes, and the card."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from lookalike._typing import Array, Floats, Ints
from lookalike.core.verbs import Measured
from lookalike.evaluate import plots
from lookalike.evaluate.drawing import DASHES, INK, MUTED, PALETTE, figure_of
from lookalike.evaluate.report import Report

if TYPE_CHECKING:
    from lookalike.systems.faces.system import Faces


def faces_report(system: "Faces", measured: Measured) -> Report:
    """Return the page on what a system answered about the test pictures."""
    report = Report(
        "Faces: recognised, verified, refused",
        lead=f"{measured.tested}; five pictures of each are enrolled.",
    )
    report.section("How good it is").table(
        ["metric", "value"],
        [[name.replace("_", " "), value] for name, value in measured.metrics.items()],
        caption="With 95% bootstrap intervals over people.",
    )
    accuracies = {
        name.removeprefix("accuracy_of_").replace("_", " "): value
        for name, value in measured.metrics.items()
        if name.startswith("accuracy")
    }
    report.figure(
        plots.estimates(accuracies, xlabel="accuracy, mean of ten splits"),
        alt="Accuracy of each method over ten splits, with intervals",
        caption=" ".join(
            f"Against {name}: {c.difference.value:+.4f}, p = {c.p_value:.2g}."
            for name, c in measured.comparisons.items()
        ),
    )
    details = measured.details
    report.section("One person or two").figure(
        error_curves(details["same"], details["different"], details["thresholds"]),
        alt="Shares of false accepts and false rejects against the threshold",
        caption="Pairs of people who took no part in learning. The bars mark the "
        "thresholds that were chosen on other people.",
    )
    _mistakes(report, system, details["images"], details["people"])
    report.section("The card, in nine steps")
    for step, paragraphs in system.card().steps.items():
        report.text(f"{step.upper()}\n\n" + "\n\n".join(paragraphs))
    return report


def error_curves(same: Floats, different: Floats, thresholds: list[float]) -> Figure:
    """Draw both shares of errors against the threshold."""
    figure, axes = figure_of((6.4, 3.4), "")
    levels = np.linspace(-0.5, 1, 301)
    curves = {
        "false accepts": [(different >= level).mean() for level in levels],
        "false rejects": [(same < level).mean() for level in levels],
    }
    for k, (name, values) in enumerate(curves.items()):
        axes.plot(levels, values, DASHES[k], color=PALETTE[k], label=name, linewidth=2)
    for threshold in thresholds:
        axes.axvline(threshold, color=MUTED, linewidth=0.8)
    axes.set_yscale("symlog", linthresh=1e-3)
    axes.set_ylim(0, 1.2)
    axes.set_xlabel("threshold of the cosine", color=MUTED)
    axes.set_ylabel("share of the pairs", color=MUTED)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, labelcolor=INK)
    return figure


def most_alike(system: "Faces", query: Array, rows: Ints, cosines: Floats) -> Report:
    """Return the page on one answer: the enrolled faces that are most alike."""
    report = Report("Faces: why this answer", lead="The enrolled faces most like it.")
    return report.figure(
        plots.gallery(
            query[None],
            system.images_[rows][None],
            distances=1 - cosines[rows][None],
        ),
        alt="The face, and the enrolled faces most like it",
        caption=f"Who they are: {', '.join(system.people_[rows])}. Below each, one "
        "minus the cosine.",
    )


def _mistakes(report: Report, system: "Faces", images: Array, people: Array) -> None:
    answers = system.classify(images)
    wrong = np.flatnonzero(answers.labels != people)
    unsure = np.flatnonzero((answers.labels == people) & ~answers.known)
    report.section("Where it goes wrong").text(
        f"Of {len(people)} test pictures of the split that is shipped {len(wrong)} are "
        f"taken for somebody else and {len(unsure)} for a stranger."
    )
    some = np.concatenate([wrong, unsure])[:20]
    if len(some):
        captions = [
            f"{a}, is {b}" if a != b else f"{b}, refused"
            for a, b in zip(answers.labels[some], people[some], strict=True)
        ]
        report.figure(
            plots.strip(images[some], captions),
            alt="Test pictures that were given a wrong name, or refused",
        )
