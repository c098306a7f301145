"""The report of the attributes system: recalls over draws, images, and the card."""

from typing import TYPE_CHECKING

import numpy as np

from lookalike.core.verbs import Measured
from lookalike.evaluate import plots
from lookalike.evaluate.report import Report

if TYPE_CHECKING:
    from lookalike.systems.attributes.system import Attributes


def attributes_report(system: "Attributes", measured: Measured) -> Report:
    """Return the page on what was measured over many draws."""
    report = Report(
        "Attributes: a combination that was seen once",
        lead=f"{measured.tested}; {system.rare} has {system.n_rare} training image "
        f"where the others have {system.n_common}.",
    )
    recalls = {
        name.removeprefix("recall_of_").replace("_", " "): value
        for name, value in measured.metrics.items()
        if name.startswith("recall")
    }
    report.section("How good it is").figure(
        plots.estimates(recalls, xlabel="recall, mean over draws"),
        alt="Recall of each combination, composed and flat, with intervals",
    )
    report.table(
        ["metric", "value"],
        [[name.replace("_", " "), value] for name, value in measured.metrics.items()],
        caption="With 95% bootstrap intervals over draws.",
    )
    for name, found in measured.comparisons.items():
        gain = found.difference
        report.text(
            f"Composed against {name}, draw by draw: {gain.value:+.4f} "
            f"[{gain.low:+.4f}, {gain.high:+.4f}], p = {found.p_value:.2g}."
        )
    report.section("What it learned from").figure(
        plots.strip(system.images_, system.labels_, invert=True),
        alt="The training images of the draw that is shipped",
    )
    images, truth = measured.details["images"], measured.details["truth"]
    some = np.concatenate(
        [np.flatnonzero(truth == label)[:5] for label in system.classes_]
    )
    answers = system.classify(images[some]).labels
    report.section("Test images").figure(
        plots.strip(images[some], answers, wrong=answers != truth[some], invert=True),
        alt="Test images with their answers",
    )
    report.section("The card, in nine steps")
    for step, paragraphs in system.card().steps.items():
        report.text(f"{step.upper()}\n\n" + "\n\n".join(paragraphs))
    return report
