"""The page that explains one answer of the digits system."""

from collections.abc import Sequence
from typing import Any

from lookalike._typing import Array
from lookalike.evaluate import plots
from lookalike.evaluate.report import Report


def look_alikes(
    query: Array, images: Array, labels: Sequence[Any], n_voting: int
) -> Report:
    """Return the page on one answer: the image, and the known ones most like it.

    query : (height, width); images : (k, height, width); labels : (k,), nearest first
    """
    report = Report("Digits: why this answer", lead="The known digits nearest to it.")
    return report.figure(
        plots.gallery(query[None], images[None], invert=True),
        alt="The image, and the known images nearest to it",
        caption=f"Labels, nearest first: {', '.join(map(str, labels))}"
        f". The first {n_voting} vote.",
    )
