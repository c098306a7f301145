"""Sections of the attributes report: recalls over draws, and images with answers."""

import numpy as np

from lookalike.core.evaluation import EvaluationResult
from lookalike.core.report import metrics_of
from lookalike.datasets.strokes import Attributed
from lookalike.evaluate import plots
from lookalike.evaluate.report import Report
from lookalike.systems.attributes.system import Attributes


def add_sections(
    report: Report, system: Attributes, data: Attributed, result: EvaluationResult
) -> None:
    """Add what is particular to attributes."""
    recalls = metrics_of(result.metrics, "recall_of_")
    report.figure(
        plots.estimates(recalls, xlabel="recall, mean over draws"),
        alt="Recall of each combination, composed and flat, with intervals",
    )
    report.section("What it learned from").figure(
        plots.strip(system.images_, system.labels_, invert=True),
        alt="The training images of the draw that is shipped",
        caption=f"{system.rare_} has {system.n_rare} training image where the others "
        f"have {system.n_common}.",
    )
    images, truth = data.x_test, data.y_test
    some = np.concatenate(
        [np.flatnonzero(truth == label)[:5] for label in system.classes_]
    )
    answers = system.classify(images[some]).labels
    report.section("Test images").figure(
        plots.strip(images[some], answers, wrong=answers != truth[some], invert=True),
        alt="Test images with their answers",
    )
