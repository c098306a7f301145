"""What the attributes system learns: classifiers of means of pixels."""

import numpy as np

from lookalike._typing import Array, Floats
from lookalike.learn import AttributeComposedClassifier, LogisticRegression

BLOCK = 4
"""Pixels each way that are averaged into one feature."""


def block_means(images: Array) -> Floats:
    """Means of blocks of 4 by 4 pixels, in [0, 1]; nothing is learned."""
    n, height, width = images.shape
    rows, columns = height // BLOCK, width // BLOCK
    whole = images[:, : rows * BLOCK, : columns * BLOCK] / 255.0
    blocks = whole.reshape(n, rows, BLOCK, columns, BLOCK)
    means: Floats = blocks.mean(axis=(2, 4)).reshape(n, -1)
    return means


def composed_classifier(labels: Array) -> AttributeComposedClassifier:
    """Return a classifier of each attribute, put together into the classes."""
    attributes = {label: label.split(", ") for label in np.unique(labels).tolist()}
    return AttributeComposedClassifier(flat_classifier(), attributes)


def flat_classifier() -> LogisticRegression:
    """Return a logistic regression that knows nothing of attributes.

    The penalty is light: chosen for both classifiers on training images.
    """
    return LogisticRegression(C=100.0, max_iter=200)
