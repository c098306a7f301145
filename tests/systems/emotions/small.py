"""Faces and other pieces of photographs, which come with scikit-image."""

import numpy as np
from PIL import Image
from skimage import data as photographs
from skimage.color import rgb2gray

from lookalike.core.items import png_of
from lookalike.datasets import Expressions

OPTIONS = {}
N_FIGURES = 4


def data():
    """Return 100 faces and 100 other pieces of photographs, 48 by 48."""
    pieces = (255 * photographs.lfw_subset()).astype(np.uint8)
    images = np.stack(
        [np.asarray(Image.fromarray(piece).resize((48, 48))) for piece in pieces]
    )
    labels = np.repeat([0, 1], 100)
    order = np.random.default_rng(0).permutation(200)
    x, y = images[order], labels[order]
    none = x[:0], y[:0]
    return Expressions(
        "pieces", "", ("face", "other"), x[:140], y[:140], *none, x[140:], y[140:]
    )


def inputs(made):
    """Return a few inputs as users send them: pieces, and a photograph."""
    photograph = (255 * rgb2gray(photographs.astronaut())).astype(np.uint8)
    return list(map(png_of, [*made.x_test[:40:10], photograph]))
