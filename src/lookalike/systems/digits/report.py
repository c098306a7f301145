"""The report of the digits system: one page with its numbers, pictures and card."""

from typing import TYPE_CHECKING

import numpy as np

from lookalike._typing import Array, Ints
from lookalike.evaluate import confusion_matrix, plots
from lookalike.evaluate.report import Report

if TYPE_CHECKING:
    from lookalike.systems.digits.system import Digits, Evaluation


def digits_report(system: "Digits", images: Array, found: "Evaluation") -> Report:
    """Return the page on what a system answered to these test images.

    Parameters
    ----------
    system : Digits
        The system that was evaluated.
    images : ndarray of uint8, shape (n_test, height, width)
        The test images.
    found : Evaluation
        What ``system.evaluate`` returned for them.
    """
    gain, p_value = found.comparison.difference, found.comparison.p_value
    report = Report(
        "Digits: recognised and searched",
        lead=f"{len(images):,} unseen handwritten digits, answered by their nearest "
        f"neighbours among {len(system.images_):,} known ones.",
    )
    report.section("How good it is").table(
        ["metric", "value"],
        [[name.replace("_", " "), value] for name, value in found.metrics.items()],
        caption="With 95% bootstrap intervals.",
    )
    accuracies = {
        "learned embedding": found.metrics["accuracy"],
        "raw pixels": found.metrics["accuracy_of_raw_pixels"],
    }
    report.figure(
        plots.estimates(accuracies, xlabel="accuracy"),
        alt="Accuracy of the learned embedding and of raw pixels, with intervals",
        caption=f"Paired, image by image: {gain.value:+.4f} [{gain.low:+.4f}, "
        f"{gain.high:+.4f}], p = {p_value:.2g} ({found.comparison.test}).",
    )
    report.section("Digits it had never seen")
    first = _spread(found.truth, 20)
    report.figure(
        plots.strip(
            images[first],
            found.predicted[first],
            wrong=found.predicted[first] != found.truth[first],
            invert=True,
        ),
        alt="Twenty test images with the digit that was recognised",
        caption="Under each image the answer.",
    )
    report.section("Look-alikes")
    queries = _spread(found.truth, 6)
    rows = found.rows[queries][:, :8]
    report.figure(
        plots.gallery(
            images[queries],
            system.images_[rows],
            query_labels=found.truth[queries],
            labels=system.labels_[rows],
            invert=True,
        ),
        alt="Six test images, each with the known images nearest to it",
    )
    _mistakes(report, images, found)
    report.section("The embedding")
    if "loss_curve" in system.about_["facts"]:
        report.figure(
            plots.loss_curve(system.about_["facts"]["loss_curve"]),
            alt="The loss of each pass over the images while the embedding was learned",
            caption="The chance that an image picks a neighbour of another class.",
        )
    report.figure(
        plots.embedding_map(*_map(system)),
        alt="The known images as points in the plane, by digit",
        caption="The two directions along which the vectors vary most.",
    )
    report.section("The card, in nine steps")
    for step, paragraphs in system.card().steps.items():
        report.text(f"{step.upper()}\n\n" + "\n\n".join(paragraphs))
    return report


def look_alikes(system: "Digits", query: Array, rows: Ints) -> Report:
    """Return the page on one answer: the image, and the known ones that look like it.

    query : (1, height, width); rows : (1, k), nearest first
    """
    report = Report("Digits: why this answer", lead="The known digits nearest to it.")
    return report.figure(
        plots.gallery(query, system.images_[rows], invert=True),
        alt="The image, and the known images nearest to it",
        caption=f"Labels, nearest first: {', '.join(map(str, system.labels_[rows[0]]))}"
        f". The first {system.n_neighbors} vote.",
    )


def _mistakes(report: Report, images: Array, found: "Evaluation") -> None:
    report.section("Where it goes wrong")
    labels = np.unique(np.concatenate([found.truth, found.predicted]))
    matrix = confusion_matrix(found.truth, found.predicted)
    report.figure(
        plots.confusion(matrix, labels.tolist()),
        alt="Confusion matrix: true digits down, answers across",
    )
    wrong = np.flatnonzero(found.predicted != found.truth)[:20]
    if len(wrong):
        given, true = found.predicted[wrong], found.truth[wrong]
        report.figure(
            plots.strip(
                images[wrong],
                [f"{a}, is {b}" for a, b in zip(given, true, strict=True)],
                invert=True,
            ),
            alt="Test images that were given a wrong label",
            caption="The first that were taken for another digit.",
        )


def _spread(labels: Array, n: int) -> Array:
    """Rows that show all labels in turn, n of them."""
    order = np.argsort(labels, kind="stable")
    return order[np.linspace(0, len(order) - 1, min(n, len(order))).astype(int)]


def _map(system: "Digits") -> tuple[Array, Array]:
    """At most 2,000 of the vectors, on their two leading directions."""
    some = np.linspace(0, len(system.vectors_) - 1, min(2000, len(system.vectors_)))
    vectors = system.vectors_[some.astype(int)].astype(np.float64)
    centred = vectors - vectors.mean(axis=0)
    leading = np.linalg.svd(centred, full_matrices=False)[2][:2]
    return centred @ leading.T, system.labels_[some.astype(int)]
