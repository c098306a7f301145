"""The page that explains the answer to one face."""

import numpy as np
from matplotlib.figure import Figure

from lookalike._typing import Array, Floats
from lookalike.evaluate.drawing import INK, bare
from lookalike.evaluate.report import Report


def page_of_face(face: Array, drop: Floats, label: str, probability: float) -> Report:
    """Return the page on one face: where covering it changes the answer.

    face : (height, width)
    drop : (n_rows, n_columns), the fall of the probability when a square is covered
    """
    report = Report(
        "Emotions: why this answer",
        lead=f"{label}, with probability {probability:.2f}.",
    )
    figure = Figure(figsize=(7.0, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.imshow(face, cmap="gray")
    right.imshow(face, cmap="gray")
    reach = (-0.5, face.shape[1] - 0.5, face.shape[0] - 0.5, -0.5)
    largest = max(float(np.abs(drop).max()), 1e-9)
    shown = right.imshow(
        drop,
        cmap="coolwarm",
        alpha=0.6,
        extent=reach,
        vmin=-largest,
        vmax=largest,
        interpolation="bilinear",
    )
    bar = figure.colorbar(shown, ax=right)
    bar.set_label("fall of the probability when covered", color=INK)
    for axes in (left, right):
        bare(axes)
    return report.figure(
        figure,
        alt="The face, and where covering it lowers or raises the probability",
        caption="Red: covering it lowers the probability, so it speaks for the answer.",
    )
