"""Sections of the emotions report: confusion, reliability, mistakes."""

import numpy as np

from lookalike._typing import Array
from lookalike.core.evaluation import EvaluationResult
from lookalike.datasets import Expressions
from lookalike.evaluate import confusion_matrix, plots, reliability
from lookalike.evaluate.report import Report
from lookalike.systems.emotions.system import Emotions


def add_sections(
    report: Report, system: Emotions, data: Expressions, result: EvaluationResult
) -> None:
    """Add what is particular to emotions."""
    truth, predicted = result.details["truth"], result.details["predicted"]
    report.figure(
        plots.confusion(
            confusion_matrix(truth, predicted, labels=range(len(system.classes_))),
            system.classes_.tolist(),
        ),
        alt="Confusion matrix: true emotions down, answers across",
        caption=f"Faces of {data.name}, answered by the model {system.model}.",
    )
    report.section("Do probabilities come true").figure(
        plots.reliability_diagram(
            reliability(result.details["confidence"], truth == predicted)
        ),
        alt="Share of correct answers against the stated probability, with the "
        "diagonal",
        caption="On the diagonal what is stated comes true. The area of a dot is the "
        "number of answers.",
    )
    if "loss_curve" in system.manifest_.facts:
        report.figure(
            plots.loss_curve(system.manifest_.facts["loss_curve"]),
            alt="The loss of each pass over the training faces",
        )
    _mistakes(report, system, data.x_test, truth, predicted)


def _mistakes(
    report: Report, system: Emotions, images: Array, truth: Array, predicted: Array
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
