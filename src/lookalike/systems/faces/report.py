"""Sections of the faces report: methods, pairs against the threshold, mistakes."""

import numpy as np
from matplotlib.figure import Figure

from lookalike._typing import Array, Floats
from lookalike.core.evaluation import EvaluationResult
from lookalike.core.report import metrics_of
from lookalike.datasets import People
from lookalike.evaluate import plots
from lookalike.evaluate.drawing import (
    DASHES,
    INK,
    MUTED,
    PALETTE,
    figure_of,
    label_axes,
)
from lookalike.evaluate.report import Report
from lookalike.systems.faces.system import Faces


def add_sections(
    report: Report, system: Faces, data: People, result: EvaluationResult
) -> None:
    """Add what is particular to faces."""
    accuracies = {
        "accuracy": result.metrics["accuracy"],
        **metrics_of(result.metrics, "accuracy_of_"),
    }
    report.figure(
        plots.estimates(accuracies, xlabel="accuracy, mean of ten splits"),
        alt="Accuracy of each method over ten splits, with intervals",
    )
    details = result.details
    report.section("One person or two").figure(
        error_curves(details["same"], details["different"], details["thresholds"]),
        alt="Shares of false accepts and false rejects against the threshold",
        caption="Pairs of people who took no part in learning. The bars mark the "
        "thresholds that were chosen on other people.",
    )
    _mistakes(report, system, details["images"], details["people"])


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
    label_axes(axes, "threshold of the cosine", "share of the pairs")
    axes.legend(frameon=False, labelcolor=INK)
    return figure


def _mistakes(report: Report, system: Faces, images: Array, people: Array) -> None:
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
