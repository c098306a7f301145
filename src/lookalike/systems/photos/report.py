"""Sections of the photos report: confusion, reliability, mistakes."""

import numpy as np

from lookalike.core.evaluation import EvaluationResult
from lookalike.datasets import LabelledPictures
from lookalike.evaluate import confusion_matrix, plots, reliability
from lookalike.evaluate.report import Report
from lookalike.systems.photos.system import Photos

N_SHOWN = 20


def add_sections(
    report: Report, system: Photos, data: LabelledPictures, result: EvaluationResult
) -> None:
    """Add what is particular to photographs."""
    details, names = result.details, system.classes_.tolist()
    truth, predicted = details["truth"], details["predicted"]
    wrong, confidence = truth != predicted, details["confidence"]
    report.figure(
        plots.confusion(
            confusion_matrix(truth, predicted, labels=range(len(names))), names
        ),
        alt="Confusion matrix: true classes down, answers across",
        caption="The most likely class of each held-out photograph.",
    )
    report.section("Do probabilities come true").figure(
        plots.reliability_diagram(reliability(confidence, ~wrong)),
        alt="Share of right answers against the stated probability, with the diagonal",
        caption="On the diagonal what is stated comes true. The area of a dot is the "
        "number of answers.",
    )
    order = np.argsort(np.where(wrong, -confidence, 1 + confidence), kind="stable")
    some = order[:N_SHOWN]
    captions = [
        f"{names[predicted[row]]}, not {names[truth[row]]}"
        if wrong[row]
        else names[truth[row]]
        for row in some
    ]
    report.section("Mistakes, the surest first").figure(
        plots.strip(
            np.stack([details["images"][row] for row in some]),
            captions,
            wrong=wrong[some],
            n_columns=5,
        ),
        alt="Held-out photographs with their answers, wrong ones first",
        caption="After the mistakes come the right answers that were least sure.",
    )
