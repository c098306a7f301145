"""Which faces the model learns from, and which its probabilities are fitted on."""

import numpy as np

from lookalike._typing import Array
from lookalike.core.inputs import check_images, check_labels
from lookalike.datasets import Expressions

HELD_OUT = 0.1
"""Share of the training part that makes a validation part where there is none."""


def parts_of(
    data: Expressions, x: Array, y: Array, random_state: int
) -> tuple[Array, Array, Array, Array]:
    """Return images to learn from and their labels, images to hold out and theirs.

    x, y : the training part of ``data``, checked
    """
    if len(data.x_validation):
        held = check_images(data.x_validation, x.shape[1:])
        return x, y, held, check_labels(data.y_validation, len(held))
    rng = np.random.default_rng(random_state)
    held_out = np.zeros(len(y), dtype=bool)
    for label in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == label))
        held_out[rows[: max(1, round(HELD_OUT * len(rows)))]] = True
    return x[~held_out], y[~held_out], x[held_out], y[held_out]
