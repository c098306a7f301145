"""Sections of the digits report: pictures of answers, mistakes and the embedding."""

import numpy as np

from lookalike._typing import Array
from lookalike.core.evaluation import EvaluationResult
from lookalike.datasets import Images
from lookalike.evaluate import confusion_matrix, plots
from lookalike.evaluate.report import Report
from lookalike.learn import PCA
from lookalike.systems.digits.system import Digits


def add_sections(
    report: Report, system: Digits, data: Images, result: EvaluationResult
) -> None:
    """Add what is particular to digits."""
    images, details = data.x_test, result.details
    truth, predicted = details["truth"], details["predicted"]
    accuracies = {
        "learned embedding": result.metrics["accuracy"],
        "raw pixels": result.metrics["accuracy_of_raw_pixels"],
    }
    report.figure(
        plots.estimates(accuracies, xlabel="accuracy"),
        alt="Accuracy of the learned embedding and of raw pixels, with intervals",
    )
    report.section("Digits it had never seen")
    first = _spread(truth, 20)
    report.figure(
        plots.strip(
            images[first],
            predicted[first],
            wrong=predicted[first] != truth[first],
            invert=True,
        ),
        alt="Twenty test images with the digit that was recognised",
        caption="Under each image the answer.",
    )
    report.section("Look-alikes")
    queries = _spread(truth, 6)
    numbers = details["numbers"][queries][:, :8]
    found = [[system.items_.image(n) for n in row] for row in numbers.tolist()]
    report.figure(
        plots.gallery(
            images[queries],
            np.array(found),
            query_labels=truth[queries],
            labels=system.items_.labels(numbers),
            invert=True,
        ),
        alt="Six test images, each with the known images nearest to it",
    )
    _mistakes(report, images, truth, predicted)
    report.section("The embedding")
    if "loss_curve" in system.manifest_.facts:
        report.figure(
            plots.loss_curve(system.manifest_.facts["loss_curve"]),
            alt="The loss of each pass over the images while the embedding was learned",
            caption="The chance that an image picks a neighbour of another class.",
        )
    report.figure(
        plots.embedding_map(*_map(system)),
        alt="The known images as points in the plane, by digit",
        caption="The two directions along which the vectors vary most.",
    )


def _mistakes(report: Report, images: Array, truth: Array, predicted: Array) -> None:
    report.section("Where it goes wrong")
    labels = np.unique(np.concatenate([truth, predicted]))
    report.figure(
        plots.confusion(confusion_matrix(truth, predicted), labels.tolist()),
        alt="Confusion matrix: true digits down, answers across",
    )
    wrong = np.flatnonzero(predicted != truth)[:20]
    if len(wrong):
        pairs = zip(predicted[wrong], truth[wrong], strict=True)
        report.figure(
            plots.strip(images[wrong], [f"{a}, is {b}" for a, b in pairs], invert=True),
            alt="Test images that were given a wrong label",
            caption="The first that were taken for another digit.",
        )


def _spread(labels: Array, n: int) -> Array:
    """Rows that show all labels in turn, n of them."""
    order = np.argsort(labels, kind="stable")
    return order[np.linspace(0, len(order) - 1, min(n, len(order))).astype(int)]


def _map(system: Digits) -> tuple[Array, Array]:
    """At most 2,000 of the vectors, on their two leading directions."""
    vectors, labels = system.items_.base_vectors, system.items_.base_labels
    some = np.linspace(0, len(vectors) - 1, min(2000, len(vectors))).astype(int)
    return PCA(2).fit_transform(vectors[some].astype(np.float64)), labels[some]
