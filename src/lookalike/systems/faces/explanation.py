"""The page that explains one answer of the faces system."""

from lookalike._typing import Array, Floats
from lookalike.evaluate import plots
from lookalike.evaluate.report import Report


def most_alike(query: Array, images: Array, people: Array, cosines: Floats) -> Report:
    """Return the page on one answer: the face, and the enrolled ones most like it.

    query : (height, width); images : (k, height, width); people, cosines : (k,), the
    most alike first
    """
    report = Report("Faces: why this answer", lead="The enrolled faces most like it.")
    return report.figure(
        plots.gallery(query[None], images[None], distances=1 - cosines[None]),
        alt="The face, and the enrolled faces most like it",
        caption=f"Who they are: {', '.join(people)}. Below each, one minus the cosine.",
    )
